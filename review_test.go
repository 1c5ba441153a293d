package gepa_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

// What people did about a run is no part of it: the run goes on as if it were
// not there, and its time is not the run's.
func TestReviewIsNoPartOfTheRun(t *testing.T) {
	opts := gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 4, Time: time.Hour}, Journal: gepa.NewMemoryJournal()}
	if _, err := gepa.Optimize(t.Context(), newLandscape(), someData(), opts); err != nil {
		t.Fatal(err)
	}
	done := gepa.ReviewDone{Number: 1, By: "Ada", Action: gepa.ReviewEdit, Candidate: 0, Texts: map[string]string{"a": "by hand"}}
	rec, err := gepa.NewRecord(done, time.Now().Add(5*time.Hour)) // more than the budget
	if err != nil {
		t.Fatal(err)
	}
	back, err := gepa.DecodeRecord(rec)
	if diff := cmp.Diff(gepa.Event(done), back); err != nil || diff != "" {
		t.Errorf("there and back: %v\n%s", err, diff)
	}
	if err := opts.Journal.Append(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	opts.Budget.Proposals = 8
	resumed, err := gepa.Optimize(t.Context(), newLandscape(), someData(), opts)
	if err != nil {
		t.Fatal(err)
	}
	opts.Journal = gepa.NewMemoryJournal()
	whole, err := gepa.Optimize(t.Context(), newLandscape(), someData(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if resumed.Stop.Reason != gepa.StopProposals || len(resumed.History) != 8 || resumed.Best.Mean != whole.Best.Mean {
		t.Errorf("stopped for %s after %d proposals, best %v, want %v", resumed.Stop.Reason, len(resumed.History), resumed.Best.Mean, whole.Best.Mean)
	}
}
