package gepa_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func TestBudgets(t *testing.T) {
	t.Parallel()
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
	t.Run("nothing left to try", func(t *testing.T) {
		var calls atomic.Int64
		res := optimize(t, newLandscape(), gepa.Options{
			InFlight: 4, Budget: gepa.Budget{Rollouts: 100_000},
			Proposer: proposerFunc(func(context.Context, gepa.ReflectRequest) (gepa.Reflection, error) {
				calls.Add(1)
				return gepa.Reflection{Refused: "nothing usable"}, nil
			}),
		})
		if res.Stop.Reason != gepa.StopExhausted || calls.Load() > 150 {
			t.Errorf("stopped for %q after %d reflections, want it exhausted", res.Stop.Reason, calls.Load())
		}
		if res.Rollouts != 15+20 {
			t.Errorf("%d rollouts, want the seed on all validation and feedback examples", res.Rollouts)
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

// TestNoCapIsExceeded: whatever the options and the latencies, killed or not,
// and again when the run goes on with more: no cap is exceeded by one unit.
func TestNoCapIsExceeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		opts, single := anyOptions(r), rapid.Bool().Draw(r, "single")
		budget := anyBudget(r)
		if budget.Rollouts > 0 && rapid.Bool().Draw(r, "and_proposals") {
			budget.Proposals = rapid.IntRange(1, 30).Draw(r, "proposals too")
		}
		kills := rapid.SliceOfN(rapid.Int64Range(1, 40), 0, 3).Draw(r, "kills")
		timed := len(kills) == 0 && rapid.Bool().Draw(r, "timed") // what a killed session worked after its last record is lost
		if timed {
			budget.Time = time.Duration(rapid.IntRange(1, 400).Draw(r, "time")) * time.Second
		}
		var mu sync.Mutex
		begun := map[gepa.RolloutKey]bool{}
		w := world{
			workers: rapid.SampledFrom([]int{1, 3, 32}).Draw(r, "workers"),
			slow:    latency{median: time.Second, sigma: rapid.SampledFrom([]float64{0.2, 2}).Draw(r, "sigma")},
			kills:   kills, journal: gepa.NewMemoryJournal(), untold: true,
			watch: func(job gepa.Job) {
				mu.Lock()
				defer mu.Unlock()
				begun[job.Key()] = true
			},
		}
		var err error
		synctest.Test(t, func(t *testing.T) { err = threeSessions(t.Context(), opts, single, budget, w, begun) })
		if err != nil {
			r.Fatal(err)
		}
	})
}

// threeSessions carries a run out, begins it again under the same budget and
// once more under a larger one. It returns how a cap was exceeded.
func threeSessions(ctx context.Context, opts gepa.Options, single bool, budget gepa.Budget, w world, begun map[gepa.RolloutKey]bool) error {
	var worked time.Duration
	session := func(b gepa.Budget) (*gepa.Result, error) {
		opts.Budget = b
		start := time.Now()
		res, err := carryOut(ctx, opts, single, w)
		worked += time.Since(start)
		w.kills = nil
		if err != nil && (b.Time == 0 || res == nil || res.Best != nil) {
			return nil, err // but for a time that was over before the seed was validated
		}
		switch {
		case b.Rollouts > 0 && len(begun) > b.Rollouts:
			return nil, fmt.Errorf("%d rollouts were begun, the budget was %d", len(begun), b.Rollouts)
		case b.Rollouts > 0 && res.Rollouts > b.Rollouts:
			return nil, fmt.Errorf("%d rollouts were counted, the budget was %d", res.Rollouts, b.Rollouts)
		case b.Proposals > 0 && len(res.History) > b.Proposals:
			return nil, fmt.Errorf("%d proposals were made, the budget was %d", len(res.History), b.Proposals)
		case b.NoImprovement > 0 && res.Best != nil && len(res.History)-res.Best.Proposal > b.NoImprovement:
			return nil, fmt.Errorf("%d proposals were made, the best in proposal %d: more than %d without improvement",
				len(res.History), res.Best.Proposal, b.NoImprovement)
		case b.Time > 0 && worked > b.Time:
			return nil, fmt.Errorf("the sessions took %v, the budget was %v", worked, b.Time)
		}
		return res, nil
	}
	first, err := session(budget)
	if err != nil || first.Best == nil {
		return err
	}
	before := worked
	again, err := session(budget)
	if err != nil {
		return err
	}
	if len(again.History) != len(first.History) || again.Rollouts != first.Rollouts || worked != before {
		return fmt.Errorf("begun again under the same budget, it went on: %d proposals, then %d; %d rollouts, then %d; %v longer",
			len(first.History), len(again.History), first.Rollouts, again.Rollouts, worked-before)
	}
	budget.Rollouts += budget.Rollouts / 2
	budget.Proposals += budget.Proposals / 2
	budget.Time *= 2
	budget.NoImprovement *= 2
	_, err = session(budget)
	return err
}

// TestSmallerBudgetOnResume: proposals under way, planned under a larger
// budget, are not carried on with when they could exceed a smaller one, and are
// when there is enough again.
func TestSmallerBudgetOnResume(t *testing.T) {
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{Seed: 3, InFlight: 6, Minibatch: 4, Proposer: &wordProposer{}}
	data := someData()
	data.Test = nil
	sys := newLandscape()
	session := func(journal gepa.Journal, rollouts int) (*gepa.Result, error) {
		o := opts
		o.Journal, o.Budget = journal, gepa.Budget{Rollouts: rollouts}
		return gepa.Optimize(t.Context(), sys, data, o)
	}
	// How much one append holds depends on the machine: a little later each
	// time, until a kill finds proposals under way.
	for appends := int64(2); stateOf(t, j).InFlight() == 0; appends++ {
		j = gepa.NewMemoryJournal()
		dying := &dyingJournal{Journal: j}
		dying.left.Store(appends)
		if _, err := session(dying, 200); !errors.Is(err, errKilled) {
			t.Fatalf("%v: no kill found a proposal under way", err)
		}
	}
	before := sys.runs.Load()
	res, err := session(j, 50)
	if err != nil || res.Stop.Reason != gepa.StopRollouts || sys.runs.Load() != before {
		t.Fatalf("%v; stopped for %q (%s) after %d more rollouts; want none under a budget that is too small",
			err, res.Stop.Reason, res.Stop.Detail, sys.runs.Load()-before)
	}
	res, err = session(j, 200)
	if err != nil || res.Stop.Reason != gepa.StopRollouts || res.Rollouts <= 100 || res.Rollouts > 200 {
		t.Fatalf("%v; stopped for %q after %d rollouts; want nearly 200", err, res.Stop.Reason, res.Rollouts)
	}
	for _, p := range res.History {
		if !p.Committed {
			t.Errorf("proposal %d was never ended", p.Proposal)
		}
	}
}

type refuser struct{}

func (refuser) Propose(context.Context, gepa.ReflectRequest) (gepa.Reflection, error) {
	return gepa.Reflection{Refused: "nothing usable"}, nil
}
