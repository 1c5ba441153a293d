package view_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

func TestDetailsAreReadFromTheJournal(t *testing.T) {
	recs := runOf(t, modes["staged"], &landscape{})
	f := view.NewFold(view.About{})
	apply(t, f, recs...)
	run, err := f.Run()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range run.Proposals {
		checkProposal(t, f, recs, p)
	}
	for _, c := range run.Candidates {
		d, err := f.Candidate(c.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(t.Context(), source(recs))
		if err != nil {
			t.Fatal(err)
		}
		if got.Validation != nil && len(got.Won)+len(got.Lost) > got.Validation.N {
			t.Errorf("candidate %d: %+v", c.ID, got.Validation)
		}
	}
	d, err := f.Rollout(0, view.SetTest, 2)
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Read(t.Context(), source(recs))
	if err != nil || r.Set != view.SetTest || r.Example.ID != "t2" || r.Steps[0].Exchanges[0].Messages[0].Content != "exact message for a" {
		t.Errorf("%+v, %v", r, err)
	}
	var missing *view.NotFoundError
	if _, err := f.Rollout(0, "sealed", 0); !errors.As(err, &missing) {
		t.Errorf("a set that is none: %v", err)
	}
	if _, err := f.Candidate(99, nil); !errors.As(err, &missing) {
		t.Errorf("a candidate that is none: %v", err)
	}
	other := 99
	if _, err := f.Candidate(0, &other); !errors.As(err, &missing) {
		t.Errorf("against a candidate that is none: %v", err)
	}
}

func checkProposal(t *testing.T, f *view.Fold, recs []gepa.Record, p view.Proposal) {
	t.Helper()
	d, err := f.Proposal(p.Number)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Read(t.Context(), source(recs))
	if err != nil {
		t.Fatal(err)
	}
	if p.Kind != gepa.ProposalReflect {
		return
	}
	if p.Number%5 != 0 && p.Fate != report.FatePerfect {
		if len(got.Judge) == 0 || got.Judge[0].Text != "add words" || len(got.Reflection) == 0 || got.Reflection[0].Messages[0].Content != "improve" {
			t.Errorf("proposal %d: %+v, %+v", p.Number, got.Judge, got.Reflection)
		}
	}
	sum := 0.0
	for _, m := range got.Minibatch {
		sum += float64(m.Before)
		if m.Before < 1 && !strings.Contains(m.Feedback, "words") {
			t.Errorf("proposal %d: example %s has feedback %q", p.Number, m.Example, m.Feedback)
		}
	}
	if diff := sum - float64(p.Before); len(got.Minibatch) != p.N || diff > 1e-9 || diff < -1e-9 {
		t.Errorf("proposal %d: the minibatch sums to %v on %d, and before is %v on %d", p.Number, sum, len(got.Minibatch), p.Before, p.N)
	}
}
