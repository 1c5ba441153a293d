//go:build !race

// The race detector makes the simulated model behind the server ten times
// slower, and this test wants many calls; lm's own tests run under it.

package config_test

import (
	"context"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/lm/lmtest"
)

// faults say how a provider fails.
type faults struct {
	refuse, hang, crowd bool
}

// server answers but for its faults: 8 % of calls with status 503, more than
// 16 at a time with 429, and 2 % not at all.
func (f faults) server(t *testing.T) *lmtest.Server {
	soon := http.Header{"Retry-After-Ms": {"5"}}
	answer := answers()
	var flying atomic.Int64
	return lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		defer flying.Add(-1)
		at := (r.Number*7919 + 13) % 100
		switch {
		case flying.Add(1) > 16 && f.crowd:
			return lmtest.Answer{Status: 429, Text: "too many calls at once", Header: soon}
		case at < 8 && f.refuse:
			return lmtest.Answer{Status: 503, Text: "overloaded", Header: soon}
		case at >= 98 && f.hang:
			return lmtest.Answer{Hang: true}
		}
		select { // so that calls meet
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
		return answer(ctx, r)
	})
}

// A provider that fails, refuses and hangs changes nothing but the time that
// the run takes: not the winner, not a score, and not one call goes uncounted.
func TestBarFaultyProvider(t *testing.T) {
	t.Parallel()
	size := func(o *config.Optimize) {
		o.Train.Data, o.Dev.Data = demodata.Train(), demodata.Dev()
		o.LimitTrain, o.Val, o.LimitDev, o.Iterations, o.Concurrency = 60, "40", 12, 1, 64
		o.Attempts = 12
		if long() {
			o.LimitTrain, o.Val, o.LimitDev, o.Iterations = 200, "", 200, 15
		}
	}
	want, err := try(t, remote(t, lmtest.NewServer(t, answers()), size))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]faults{
		"refuses": {refuse: true}, "hangs": {hang: true}, "takes 16": {crowd: true}, "all of it": {true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := f.server(t)
			o := remote(t, s, size)
			if f.hang {
				o.CallTimeout = 2 * time.Second
			}
			got, err := try(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(found(want), found(got)); diff != "" {
				t.Errorf("faults changed the result (-without +with):\n%s", diff)
			}
			for _, ex := range got.Test.Examples {
				if ex.Base.Problem != "" || ex.Optimized.Problem != "" {
					t.Errorf("a fault was scored: %+v", ex)
				}
			}
			tally, total := s.Tally(), got.Spend.Total
			if total.Calls != tally.Requests || total.InputTokens != tally.InputTokens || total.OutputTokens != tally.OutputTokens {
				t.Errorf("ledger: %d calls, %d + %d tokens; the server counted %+v", total.Calls, total.InputTokens, total.OutputTokens, tally)
			}
			if (f.refuse || f.hang) && tally.Requests == tally.Replies {
				t.Error("no call failed: the test tests nothing")
			}
			t.Logf("%d rollouts, %d calls, %d replies", got.Rollouts+2*got.Data.Test, tally.Requests, tally.Replies)
		})
	}
}

// long reports whether bars are held in full (make bars) or in short.
func long() bool { return os.Getenv("GEPA_BARS") != "" }
