package gepa_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

// dyingJournal refuses everything after a number of appends, as a killed
// process would.
type dyingJournal struct {
	gepa.Journal
	left atomic.Int64
	lost atomic.Int64 // rollouts and calls that it refused
}

var errKilled = errors.New("killed")

func (j *dyingJournal) Append(ctx context.Context, records ...gepa.Record) error {
	if j.left.Add(-1) < 0 {
		for _, r := range records {
			if r.Kind == gepa.KindRollout || r.Kind == gepa.KindCall {
				j.lost.Add(1)
			}
		}
		return errKilled
	}
	return j.Journal.Append(ctx, records...)
}

// TestResume kills runs at random appends, again and again, resumes them, and
// wants the run that was never killed, with no rollout and no call made twice
// beyond those whose result was not journaled.
func TestResume(t *testing.T) {
	t.Parallel()
	opts := gepa.Options{Seed: 5, Minibatch: 4, Budget: gepa.Budget{Proposals: 10}}
	whole := gepa.NewMemoryJournal()
	sys, proposer := newLandscape(), &wordProposer{}
	o := opts
	o.Journal, o.Proposer = whole, proposer
	optimize(t, sys, o)
	rollouts, calls := sys.runs.Load(), proposer.calls.Load()

	rapid.Check(t, func(r *rapid.T) {
		j := gepa.NewMemoryJournal()
		sys, proposer := newLandscape(), &wordProposer{}
		lost := int64(0)
		o := opts
		o.Proposer = proposer
		o.Concurrency = rapid.SampledFrom([]int{1, 4, 16}).Draw(r, "concurrency")
		for {
			dying := &dyingJournal{Journal: j}
			dying.left.Store(rapid.Int64Range(2, 150).Draw(r, "appends"))
			o.Journal = dying
			_, err := gepa.Optimize(t.Context(), sys, someData(), o)
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) {
				r.Fatal(err)
			}
			lost += dying.lost.Load()
		}
		assertEqualRuns(t, whole, j)
		if extra := sys.runs.Load() + proposer.calls.Load() - rollouts - calls; extra > lost {
			r.Fatalf("%d rollouts and calls were made twice, only %d results were lost", extra, lost)
		}
	})
}

func TestResumeOfAFinishedRunDoesNothing(t *testing.T) {
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{Journal: j, Budget: gepa.Budget{Proposals: 6}}
	first := optimize(t, newLandscape(), opts)
	sys := newLandscape()
	again := optimize(t, sys, opts)
	if n := sys.runs.Load(); n != 0 {
		t.Errorf("the finished run ran %d rollouts again", n)
	}
	if diff := cmp.Diff(first.Best.Texts, again.Best.Texts); diff != "" {
		t.Errorf("another winner (-first +again):\n%s", diff)
	}
	if again.Test == nil || again.Test.Readings != 1 {
		t.Errorf("test %+v, want the one reading", again.Test)
	}
}

func TestResumeWithALargerBudgetGoesOn(t *testing.T) {
	j := gepa.NewMemoryJournal()
	optimize(t, newLandscape(), gepa.Options{Seed: 2, Journal: j, Budget: gepa.Budget{Proposals: 4}})
	sys := newLandscape()
	res := optimize(t, sys, gepa.Options{Seed: 2, Journal: j, Budget: gepa.Budget{Proposals: 30}})
	if len(res.History) != 30 {
		t.Errorf("%d proposals, want 30", len(res.History))
	}
	if res.Test.Readings != 2 {
		t.Errorf("%d readings of the test set, want 2: it was read after each search", res.Test.Readings)
	}
	straight := optimize(t, newLandscape(), gepa.Options{Seed: 2, Budget: gepa.Budget{Proposals: 30}})
	if diff := cmp.Diff(straight.Best.Texts, res.Best.Texts); diff != "" {
		t.Errorf("the continued run found another winner (-straight +continued):\n%s", diff)
	}
}

func TestResumeRefusesAnotherRun(t *testing.T) {
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{Journal: j, Budget: gepa.Budget{Proposals: 2}}
	optimize(t, newLandscape(), opts)
	changed := newLandscape()
	changed.seeds = []gepa.Component{{Name: "a", Text: "start"}, {Name: "b", Text: "another"}}
	fewer := someData()
	fewer.Validation = fewer.Validation[1:]
	tests := []struct {
		name string
		sys  gepa.System
		data gepa.Data
		seed uint64
		want string
	}{
		{"another seed", newLandscape(), someData(), 9, "option seed was 0 and is now 9"},
		{"another text", changed, someData(), 0, `component "b" starts from another text`},
		{"other data", newLandscape(), fewer, 0, "the validation set: 15 examples then, 14 now"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := opts
			o.Proposer, o.Seed = &wordProposer{}, tt.seed
			res, err := gepa.Optimize(t.Context(), tt.sys, tt.data, o)
			var resume *gepa.ResumeError
			if res != nil || !errors.As(err, &resume) || !errors.Is(err, gepa.ErrInvalid) {
				t.Fatalf("got %v, %v; want a ResumeError", res, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestInterruptKeepsTheBest(t *testing.T) {
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{Seed: 1, Minibatch: 5, Journal: j, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 20}}
	ctx, cancel := context.WithCancel(t.Context())
	opts.Observers = []gepa.Observer{{Event: func(e gepa.Event) {
		if plan, ok := e.(gepa.ProposalPlanned); ok && plan.Proposal == 9 {
			cancel()
		}
	}}}
	res, err := gepa.Optimize(ctx, newLandscape(), someData(), opts)
	if !errors.Is(err, context.Canceled) || res == nil || res.Best == nil || res.Stop.Reason != gepa.StopInterrupted {
		t.Fatalf("got %+v, %v; want the best so far and the interrupt", res, err)
	}
	opts.Observers = nil
	if _, err := gepa.Optimize(t.Context(), newLandscape(), someData(), opts); err != nil {
		t.Fatal(err)
	}
	whole := gepa.NewMemoryJournal()
	opts.Journal = whole
	optimize(t, newLandscape(), opts)
	assertEqualRuns(t, whole, j)
}

// TestJournalGrowsInProportion: what a proposal adds to the journal does not
// grow with those before it.
func TestJournalGrowsInProportion(t *testing.T) {
	j := gepa.NewMemoryJournal()
	const proposals = 200
	_, err := gepa.Optimize(t.Context(), drift{}, gepa.Data{Feedback: needs("f", 10), Validation: needs("v", 10)}, gepa.Options{
		Seed: 1, PerfectScore: 1e9, Proposer: driftProposer{}, Journal: j, Budget: gepa.Budget{Proposals: proposals},
	})
	if err != nil {
		t.Fatal(err)
	}
	var decisions, results [4]int // bytes, by quarter of the proposals
	quarter := 0
	for _, rec := range recordsOf(t, j) {
		if rec.Kind == gepa.KindPlan {
			e, err := gepa.DecodeRecord(rec)
			if err != nil {
				t.Fatal(err)
			}
			quarter = (e.(gepa.ProposalPlanned).Proposal - 1) / (proposals / 4)
		}
		if rec.Key == "" && rec.Kind != gepa.KindRun {
			decisions[quarter] += len(rec.Data)
		} else {
			results[quarter] += len(rec.Data)
		}
	}
	if 2*decisions[3] > 3*decisions[0] || results[3] > 2*results[0] {
		t.Errorf("bytes of decisions and results by quarter: %v, %v", decisions, results)
	}
}
