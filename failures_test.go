package gepa_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gepa-go/gepa"
)

func TestWorldFailures(t *testing.T) {
	t.Run("a passing fault changes nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			opts := gepa.Options{Seed: 4, Concurrency: 4, Budget: gepa.Budget{Proposals: 8}}
			calm := gepa.NewMemoryJournal()
			opts.Journal = calm
			optimize(t, newLandscape(), opts)
			stormy := gepa.NewMemoryJournal()
			sys := newLandscape()
			var n atomic.Int64
			sys.before = func(context.Context, gepa.Job) error {
				if n.Add(1)%7 == 0 {
					return gepa.WithUsage(errDown, gepa.Usage{Calls: 1, InputTokens: 10})
				}
				return nil
			}
			opts.Journal, opts.Attempts = stormy, 5
			res := optimize(t, sys, opts)
			assertEqualRuns(t, calm, stormy)
			if got, want := res.Spend.Failed.Calls, n.Load()/7; got != want {
				t.Errorf("%d failed calls accounted for, want %d", got, want)
			}
		})
	})
	t.Run("a dead model ends the run with its cause", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sys := newLandscape()
			proposer := &wordProposer{fail: func(req gepa.ReflectRequest) error {
				if req.Proposal >= 3 {
					return errDown
				}
				return nil
			}}
			res, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{Seed: 1, Proposer: proposer, Budget: gepa.Budget{Proposals: 100}})
			if !errors.Is(err, errDown) || res == nil || res.Best == nil {
				t.Fatalf("got %v, %v; want the best so far and the cause", res, err)
			}
			if res.Stop.Reason != gepa.StopFailed || res.Test != nil {
				t.Errorf("stop %+v, test %v; want a failure and an unread test set", res.Stop, res.Test)
			}
		})
	})
	t.Run("a fatal error is not tried again", func(t *testing.T) {
		sys := newLandscape()
		sys.before = func(context.Context, gepa.Job) error { return gepa.Fatal(errDown) }
		_, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{Concurrency: 1, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}})
		if !errors.Is(err, errDown) || sys.runs.Load() != 1 {
			t.Errorf("got %v after %d rollouts, want one", err, sys.runs.Load())
		}
	})
}

func TestProgramFailuresAreScores(t *testing.T) {
	sys := newLandscape()
	sys.before = func(_ context.Context, job gepa.Job) error {
		if strings.HasSuffix(job.Example.ID, "3") {
			panic("index out of range")
		}
		return nil
	}
	res := optimize(t, sys, gepa.Options{
		Budget:     gepa.Budget{Proposals: 3},
		Objectives: []gepa.Objective{{Name: "met", Weight: 1}, {Name: "length", Direction: gepa.Minimize, Max: 100}},
	})
	r := res.Test.Seed[3]
	if r.Score != 0 || r.Problem == "" || r.Objectives["length"] != 100 || !strings.Contains(r.Feedback.Text, "index out of range") {
		t.Errorf("rollout %+v, want the worst score and feedback that tells of the panic", r)
	}
	if got := res.Pool[0].Scores[3]; got != 0 {
		t.Errorf("validation example 3 scored %v, want 0 and a part in the mean", got)
	}
}

func TestStopsThoughTheSystemIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		sys := newLandscape()
		ctx, cancel := context.WithCancel(t.Context())
		sys.before = func(context.Context, gepa.Job) error {
			cancel()
			<-release
			return nil
		}
		start := time.Now()
		_, err := gepa.Optimize(ctx, sys, someData(), gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}})
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 3*time.Second {
			t.Errorf("got %v after %v, want the interrupt within 3 s", err, took)
		}
	})
}
