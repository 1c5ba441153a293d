package gepa_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func TestBudgets(t *testing.T) {
	t.Run("rollouts are never exceeded", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			budget := rapid.IntRange(40, 300).Draw(r, "rollouts")
			sys := newLandscape()
			data := someData()
			data.Test = nil
			res, err := gepa.Optimize(t.Context(), sys, data, gepa.Options{
				Seed: rapid.Uint64().Draw(r, "seed"), Minibatch: 5, Proposer: &wordProposer{},
				Budget: gepa.Budget{Rollouts: budget},
			})
			if err != nil {
				r.Fatal(err)
			}
			if n := int(sys.runs.Load()); n > budget || n != res.Rollouts {
				r.Fatalf("%d rollouts ran and %d were counted, the budget was %d", n, res.Rollouts, budget)
			}
			if res.Stop.Reason != gepa.StopRollouts {
				r.Fatalf("stopped for %q, want the rollouts", res.Stop.Reason)
			}
		})
	})
	t.Run("one too small is refused with the arithmetic", func(t *testing.T) {
		sys := newLandscape()
		res, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{
			Minibatch: 5, Proposer: &wordProposer{}, Budget: gepa.Budget{Rollouts: 39},
		})
		var b *gepa.BudgetError
		if res != nil || !errors.As(err, &b) || b.Need() != 40 || sys.runs.Load() != 0 {
			t.Fatalf("got %v, %v after %d rollouts; want a BudgetError that needs 40", res, err, sys.runs.Load())
		}
		if want := "15 to validate the seed + 2 × 5"; !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not show %q", err, want)
		}
	})
	t.Run("target score", func(t *testing.T) {
		res := optimize(t, newLandscape(), gepa.Options{Seed: 1, Minibatch: 5, Budget: gepa.Budget{TargetScore: 0.5, Proposals: 100}})
		if res.Stop.Reason != gepa.StopTarget || res.Best.Mean < 0.5 {
			t.Errorf("stopped for %q at %.3f, want the target of 0.5", res.Stop.Reason, res.Best.Mean)
		}
	})
	t.Run("no improvement", func(t *testing.T) {
		sys := newLandscape()
		hopeless := gepa.Seed([]gepa.Component{{Name: "a", Text: "x"}, {Name: "b", Text: "y"}})
		res := optimize(t, sys, gepa.Options{Start: hopeless, Proposer: refuser{}, Budget: gepa.Budget{NoImprovement: 7}})
		if res.Stop.Reason != gepa.StopNoImprovement || len(res.History) != 7 {
			t.Errorf("stopped for %q after %d proposals, want 7 without improvement", res.Stop.Reason, len(res.History))
		}
		if !res.Best.Texts.Equal(hopeless) {
			t.Errorf("best is %v, want the start", res.Best.Texts)
		}
	})
	t.Run("time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sys := newLandscape()
			sys.before = func(ctx context.Context, _ gepa.Job) error {
				select {
				case <-time.After(time.Second):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			start := time.Now()
			data := someData()
			data.Test = nil
			res, err := gepa.Optimize(t.Context(), sys, data, gepa.Options{
				Concurrency: 4, Proposer: &wordProposer{}, Budget: gepa.Budget{Time: 30 * time.Second},
			})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 30*time.Second || res.Stop.Reason != gepa.StopTime {
				t.Errorf("stopped for %q after %v, want the time of 30s", res.Stop.Reason, took)
			}
		})
	})
}

// TestTimeOfAllSessions: a resumed run has the time that its earlier sessions
// left, and the time between them does not count.
func TestTimeOfAllSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := gepa.NewMemoryJournal()
		sys := newLandscape()
		sys.before = func(ctx context.Context, _ gepa.Job) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		data := someData()
		data.Test = nil
		session := func(limit time.Duration, interrupt time.Duration) (*gepa.Result, time.Duration) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			defer time.AfterFunc(interrupt, cancel).Stop()
			start := time.Now()
			res, err := gepa.Optimize(ctx, sys, data, gepa.Options{
				Journal: j, Concurrency: 4, Proposer: &wordProposer{}, Budget: gepa.Budget{Time: limit},
			})
			if err != nil && ctx.Err() == nil {
				t.Fatal(err)
			}
			return res, time.Since(start)
		}
		if _, took := session(30*time.Second, 10*time.Second); took > 11*time.Second {
			t.Errorf("the first session took %v, it was interrupted after 10s", took)
		}
		<-time.After(time.Hour) // of the bubble's time: nobody waits
		res, took := session(30*time.Second, time.Hour)
		if res.Stop.Reason != gepa.StopTime || took < 19*time.Second || took > 21*time.Second {
			t.Errorf("the second session stopped for %q after %v, want the 20s that were left", res.Stop.Reason, took)
		}
		if res, took = session(10*time.Second, time.Hour); took > time.Second {
			t.Errorf("a third session with less time than was used went on for %v, to %q", took, res.Stop.Reason)
		}
	})
}

type refuser struct{}

func (refuser) Propose(context.Context, gepa.ReflectRequest) (gepa.Reflection, error) {
	return gepa.Reflection{Refused: "nothing usable"}, nil
}
