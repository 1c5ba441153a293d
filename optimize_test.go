package gepa_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func optimize(t *testing.T, sys gepa.System, opts gepa.Options) *gepa.Result {
	t.Helper()
	if opts.Proposer == nil {
		opts.Proposer = &wordProposer{}
	}
	res, err := gepa.Optimize(t.Context(), sys, someData(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestOptimizeImproves(t *testing.T) {
	sys := newLandscape()
	res := optimize(t, sys, gepa.Options{Seed: 3, Minibatch: 5, Budget: gepa.Budget{Proposals: 40}})
	if res.Best.Mean < res.Pool[0].Mean+0.4 {
		t.Errorf("best mean %.3f, seed %.3f: want an improvement of 0.4", res.Best.Mean, res.Pool[0].Mean)
	}
	if res.Stop.Reason != gepa.StopProposals || len(res.History) != 40 {
		t.Errorf("stopped for %q after %d proposals, want 40 proposals", res.Stop.Reason, len(res.History))
	}
	if res.Test == nil || res.Test.Readings != 1 || len(res.Test.Seed) != 10 || len(res.Test.Best) != 10 {
		t.Errorf("test readings %+v, want one of 10 examples each", res.Test)
	}
	merged := slices.ContainsFunc(res.Pool, func(m gepa.Member) bool { return len(m.Parents) == 2 })
	if !merged {
		t.Error("no merge was accepted on a landscape of two components that are learnt in turn")
	}
	if got, want := int64(res.Rollouts+20), sys.runs.Load(); got != want {
		t.Errorf("%d rollouts counted (20 of them on the test set), the system ran %d", got, want)
	}
	for _, m := range res.Pool {
		if len(m.Scores) != 15 {
			t.Errorf("candidate %d has %d validation scores, want 15", m.ID, len(m.Scores))
		}
	}
}

// transcript lists a journal's decisions in order and its results as a set.
func transcript(t *testing.T, j gepa.Journal) (decisions, results []string) {
	t.Helper()
	for rec, err := range j.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case rec.Kind == gepa.KindSession || rec.Kind == gepa.KindFailure:
		case rec.Key == "":
			decisions = append(decisions, rec.Kind+string(rec.Data))
		default:
			results = append(results, rec.Kind+rec.Key+string(rec.Data))
		}
	}
	slices.Sort(results)
	return decisions, results
}

// eventsOf yields a journal's events.
func eventsOf(t testing.TB, j gepa.Journal) iter.Seq[gepa.Event] {
	t.Helper()
	return func(yield func(gepa.Event) bool) {
		for rec, err := range j.Records(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			e, err := gepa.DecodeRecord(rec)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(e) {
				return
			}
		}
	}
}

// stateOf folds a journal.
func stateOf(t testing.TB, j gepa.Journal) *gepa.State {
	t.Helper()
	s := gepa.NewState()
	for e := range eventsOf(t, j) {
		if err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func assertEqualRuns(t *testing.T, want, got gepa.Journal) {
	t.Helper()
	wantDecisions, wantResults := transcript(t, want)
	gotDecisions, gotResults := transcript(t, got)
	if diff := cmp.Diff(wantDecisions, gotDecisions); diff != "" {
		t.Fatalf("decisions differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantResults, gotResults); diff != "" {
		t.Fatalf("results differ (-want +got):\n%s", diff)
	}
}

func TestRunsAreEqualAtAnyConcurrency(t *testing.T) {
	var first gepa.Journal
	for _, workers := range []int{1, 3, 64} {
		j := gepa.NewMemoryJournal()
		optimize(t, newLandscape(), gepa.Options{Seed: 3, Journal: j, Concurrency: workers, Budget: gepa.Budget{Proposals: 12}})
		if first == nil {
			first = j
			continue
		}
		assertEqualRuns(t, first, j)
	}
}

func TestObjectives(t *testing.T) {
	opts := gepa.Options{
		Seed: 1, Minibatch: 5, Frontier: gepa.FrontierByObjective, Budget: gepa.Budget{Proposals: 15},
		Objectives: []gepa.Objective{{Name: "met", Weight: 0.9}, {Name: "length", Direction: gepa.Minimize, Max: 200, Weight: 0.1}},
	}
	res := optimize(t, newLandscape(), opts)
	if !slices.Contains(res.Frontier, 0) {
		t.Errorf("frontier %v lacks the seed, whose texts are the shortest", res.Frontier)
	}
	for _, m := range res.Pool {
		want := 0.9*m.Objectives[0] + 0.1*(1-m.Objectives[1]/200)
		if diff := m.Mean - want; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("candidate %d: mean %v, want the weighted objectives' %v", m.ID, m.Mean, want)
		}
	}
	opts.Objectives = append(opts.Objectives, gepa.Objective{Name: "unmeasured"})
	opts.Proposer = &wordProposer{}
	if _, err := gepa.Optimize(t.Context(), newLandscape(), someData(), opts); err == nil || !strings.Contains(err.Error(), `"unmeasured"`) {
		t.Errorf("got %v, want an error that names the missing objective", err)
	}
}
