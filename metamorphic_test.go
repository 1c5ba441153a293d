package gepa_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
)

// latency is how long a piece of work takes, by its name: the longer ones of a
// log-normal distribution are many times the median.
type latency struct {
	median time.Duration
	sigma  float64
}

func (l latency) of(name string) time.Duration {
	if l.median == 0 {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprint(h, name)
	u1 := float64(h.Sum64()>>11+1) / (1 << 53)
	fmt.Fprint(h, "again")
	u2 := float64(h.Sum64()>>11) / (1 << 53)
	normal := math.Sqrt(-2*math.Log(u1)) * math.Cos(2*math.Pi*u2)
	return time.Duration(float64(l.median) * math.Exp(l.sigma*normal))
}

func (l latency) wait(ctx context.Context, name string) error {
	d := l.of(name)
	if d == 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// anyOptions draws search options of every kind.
func anyOptions(r *rapid.T) gepa.Options {
	o := gepa.Options{
		Seed:       rapid.Uint64Max(50).Draw(r, "seed"),
		Minibatch:  rapid.IntRange(1, 6).Draw(r, "minibatch"),
		InFlight:   rapid.SampledFrom([]int{0, 1, 2, 4, 8}).Draw(r, "in_flight"),
		PerMember:  rapid.IntRange(0, 2).Draw(r, "per_member"),
		Dominance:  rapid.SampledFrom([]gepa.Dominance{gepa.DominanceSubset, gepa.DominanceCover}).Draw(r, "dominance"),
		Frontier:   rapid.SampledFrom([]gepa.FrontierKind{gepa.FrontierByExample, gepa.FrontierByObjective, gepa.FrontierByBoth}).Draw(r, "frontier"),
		Components: rapid.SampledFrom([]gepa.ComponentChoice{gepa.ComponentRoundRobin, gepa.ComponentAll}).Draw(r, "components"),
		Parent:     rapid.SampledFrom([]gepa.ParentRule{gepa.ParentPareto, gepa.ParentPareto, gepa.ParentBest, gepa.ParentEpsilonGreedy, gepa.ParentTopK}).Draw(r, "parent"),
		Sampling:   rapid.SampledFrom([]gepa.Sampling{gepa.SampleEpoch, gepa.SampleFailures}).Draw(r, "sampling"),
		Acceptance: rapid.SampledFrom([]gepa.Acceptance{gepa.AcceptStrict, gepa.AcceptEqual, gepa.AcceptPaired}).Draw(r, "acceptance"),
		Children:   rapid.IntRange(0, 3).Draw(r, "children"),
		Memory:     rapid.SampledFrom([]int{0, 3}).Draw(r, "memory"),
		Objectives: []gepa.Objective{{Name: "met", Weight: 1}, {Name: "length", Direction: gepa.Minimize, Max: 200}},
	}
	o.PerfectScore = rapid.SampledFrom([]float64{0, 0, 0.3}).Draw(r, "perfect")
	o.MaxMerges = rapid.SampledFrom([]int{0, 0, -1, 1}).Draw(r, "merges")
	o.MergeByModel = rapid.Bool().Draw(r, "merge_by_model")
	if rapid.Bool().Draw(r, "staged") {
		o.Staged = gepa.Staged{First: rapid.IntRange(2, 8).Draw(r, "first"), Z: rapid.SampledFrom([]float64{0, 0.5, 2}).Draw(r, "z")}
	}
	return o
}

// anyBudget draws a budget that pays for a few proposals under the options.
func anyBudget(r *rapid.T) gepa.Budget {
	if rapid.Bool().Draw(r, "by_rollouts") {
		return gepa.Budget{Rollouts: rapid.IntRange(80, 260).Draw(r, "rollouts")}
	}
	b := gepa.Budget{Proposals: rapid.IntRange(1, 16).Draw(r, "proposals")}
	if rapid.Bool().Draw(r, "patience") {
		b.NoImprovement = rapid.IntRange(2, 6).Draw(r, "no_improvement")
	}
	if rapid.Bool().Draw(r, "target") {
		b.TargetScore = 0.6
	}
	return b
}

// world is one way to carry out a run: it must not show in the run.
type world struct {
	workers int
	slow    latency
	kills   []int64 // appends that each session survives
	journal gepa.Journal
	watch   func(gepa.Job) // sees every rollout begin
	untold  bool           // there is no test set
}

// carryOut runs a search in a world, session after session, to its end.
func carryOut(ctx context.Context, opts gepa.Options, single bool, w world) (*gepa.Result, error) {
	sys := newLandscape()
	if single {
		sys.seeds = sys.seeds[:1]
	}
	sys.before = func(ctx context.Context, job gepa.Job) error {
		if w.watch != nil {
			w.watch(job)
		}
		return w.slow.wait(ctx, job.Key().String())
	}
	data := someData()
	if w.untold {
		data.Test = nil
	}
	opts.Proposer = slowProposer{&wordProposer{}, w.slow}
	opts.Concurrency = w.workers
	for session := 0; ; session++ {
		opts.Journal = w.journal
		if session < len(w.kills) {
			dying := &dyingJournal{Journal: w.journal}
			dying.left.Store(w.kills[session])
			opts.Journal = dying
		}
		res, err := gepa.Optimize(ctx, sys, data, opts)
		if !errors.Is(err, errKilled) {
			return res, err
		}
	}
}

type slowProposer struct {
	inner *wordProposer
	slow  latency
}

func (p slowProposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	if err := p.slow.wait(ctx, fmt.Sprint("reflect", req.Proposal, req.Child)); err != nil {
		return gepa.Reflection{}, err
	}
	return p.inner.Propose(ctx, req)
}

// TestEqualRuns: whatever the options, a run is the same with one worker or
// many, fast or slow, killed or not, in memory or on disk.
func TestEqualRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		opts, single := anyOptions(r), rapid.Bool().Draw(r, "single")
		opts.Budget = anyBudget(r)
		calm := world{workers: 1, journal: gepa.NewMemoryJournal()}
		want, err := carryOut(t.Context(), opts, single, calm)
		if err != nil {
			r.Fatal(err)
		}
		w := world{
			workers: rapid.SampledFrom([]int{1, 3, 32, 256}).Draw(r, "workers"),
			slow: latency{
				median: rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second}).Draw(r, "median"),
				sigma:  rapid.SampledFrom([]float64{0.2, 0.8, 2}).Draw(r, "sigma"),
			},
			kills:   rapid.SliceOfN(rapid.Int64Range(1, 60), 0, 5).Draw(r, "kills"),
			journal: gepa.NewMemoryJournal(),
		}
		var got *gepa.Result
		if rapid.IntRange(0, 9).Draw(r, "disk") == 0 {
			disk, derr := store.Create(t.Context(), filepath.Join(t.TempDir(), "run.db"))
			if derr != nil {
				r.Fatal(derr)
			}
			defer func() { _ = disk.Close() }()
			w.journal, w.slow = disk, latency{}
			got, err = carryOut(t.Context(), opts, single, w)
		} else {
			synctest.Test(t, func(t *testing.T) { got, err = carryOut(t.Context(), opts, single, w) })
		}
		if err != nil {
			r.Fatal(err)
		}
		wantDecisions, wantResults := transcript(t, calm.journal)
		gotDecisions, gotResults := transcript(t, w.journal)
		if diff := cmp.Diff(wantDecisions, gotDecisions); diff != "" {
			r.Fatalf("decisions differ (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantResults, gotResults); diff != "" {
			r.Fatalf("results differ (-want +got):\n%s", diff)
		}
		if want.Best.ID != got.Best.ID || want.Stop != got.Stop {
			r.Fatalf("best %d, stopped for %v; want %d, %v", got.Best.ID, got.Stop, want.Best.ID, want.Stop)
		}
	})
}
