//go:build !race

// The race detector makes the simulated model behind the server ten times
// slower, and this test wants many calls; lm's own tests run under it.

package config_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/report"
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
			if sum := (report.Account{Entries: got.Spend.Ledger}).Sum(nil); sum != total || len(got.Spend.Ledger) < 6 {
				t.Errorf("the ledger's %d entries add up to %+v, want %+v", len(got.Spend.Ledger), sum, total)
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

// With 64 calls in flight, a cap of five cents is not exceeded by the server's
// own count, and ends the run cleanly.
func TestBarCap(t *testing.T) {
	t.Parallel()
	const in, out, limit = 200_000, 800_000, 50_000_000
	s := lmtest.NewServer(t, answers())
	o := remote(t, s, func(o *config.Optimize) {
		o.Train.Data, o.Dev.Data = demodata.Train(), demodata.Dev()
		o.LimitTrain, o.Val, o.LimitDev, o.Iterations, o.Concurrency = 80, "64", 5, 50, 64
		o.Prices, o.Caps.Nanos = prices(t, in, out), limit
		o.Params.MaxTokens, o.ReflectionParams.MaxTokens, o.JudgeParams.MaxTokens = 300, 600, 300
		o.Out = t.TempDir()
	})
	summary, err := try(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Status != report.StatusFinished || summary.Stop.Reason != gepa.StopCost || summary.Winner == nil {
		t.Errorf("status %s, stopped for %s, winner %v", summary.Status, summary.Stop.Reason, summary.Winner)
	}
	if summary.Test == nil {
		t.Error("nothing was kept back for the test set")
	}
	tally := s.Tally()
	cost := lm.Price{Input: in, Output: out}.Cost(gepa.Usage{InputTokens: tally.InputTokens, OutputTokens: tally.OutputTokens})
	if cost > limit || cost < limit/3 {
		t.Errorf("the server counts %s, want at most %s, and most of it", gepa.Cost{Nanos: cost}, gepa.Cost{Nanos: limit})
	}
	if got := summary.Spend.Total.CostNanos; got < cost || got > limit {
		t.Errorf("the ledger says %d, the server %d, the cap is %d", got, cost, limit)
	}
	// The same command again: the cap counts what the first session spent.
	before := len(s.Requests())
	if _, err := try(t, o); err != nil {
		t.Fatal(err)
	}
	tally = s.Tally()
	if cost := (lm.Price{Input: in, Output: out}).Cost(gepa.Usage{InputTokens: tally.InputTokens, OutputTokens: tally.OutputTokens}); cost > limit {
		t.Errorf("two sessions cost %d, over the cap", cost)
	}
	t.Logf("%s of %s; %d calls, then %d", gepa.Cost{Nanos: cost}, gepa.Cost{Nanos: limit}, before, len(s.Requests())-before)
}

// An ended context is obeyed within two seconds, whatever is in flight.
func TestBarInterruptReturns(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	var once sync.Once
	var flying atomic.Int64
	answer := answers()
	s := lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		defer flying.Add(-1)
		if flying.Add(1) >= 64 {
			once.Do(func() { close(reached) })
		}
		select { // so that calls meet, until the limiter lets 64 in
		case <-time.After(150 * time.Millisecond):
			return answer(ctx, r)
		case <-reached:
			return lmtest.Answer{Hang: true}
		}
	})
	o := remote(t, s, func(o *config.Optimize) {
		o.Train.Data, o.LimitTrain, o.Val = demodata.Train(), 200, "190"
		o.Dev.Data = demodata.Dev()
		o.Concurrency, o.Iterations = 64, 3
	})
	run, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var ended time.Time
	go func() {
		<-reached
		ended = time.Now()
		cancel()
	}()
	_, err = run.Do(ctx)
	took := time.Since(ended)
	if cerr := run.Close(); cerr != nil {
		t.Error(cerr)
	}
	if !errors.Is(err, context.Canceled) || took > 2*time.Second {
		t.Errorf("returned %v after %v", err, took)
	}
	t.Logf("returned %v after the end of its context, with 64 calls in flight", took.Round(time.Millisecond))
}
