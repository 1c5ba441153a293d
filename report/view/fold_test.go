package view_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

var modes = map[string]gepa.Options{
	"paper":       {Budget: gepa.Budget{Proposals: 14}},
	"recommended": gepa.Options{Budget: gepa.Budget{Proposals: 14}, MaxMerges: 3}.WithPreset(gepa.PresetRecommended),
	"staged": {Budget: gepa.Budget{Proposals: 20}, InFlight: 4, Staged: gepa.Staged{First: 3, Growth: 2, Z: 0.3}, Children: 2, Memory: 2,
		Acceptance: gepa.AcceptPaired},
	"objectives": {Budget: gepa.Budget{Rollouts: 150}, Frontier: gepa.FrontierByObjective, Objectives: []gepa.Objective{
		{Name: "met", Weight: 1}, {Name: "length", Direction: gepa.Minimize, Max: 100},
	}},
	"both": {Budget: gepa.Budget{Proposals: 9}, Frontier: gepa.FrontierByBoth, InFlight: 3, Components: gepa.ComponentAll, Objectives: []gepa.Objective{
		{Name: "met", Weight: 1}, {Name: "length", Direction: gepa.Minimize, Max: 100},
	}},
}

// sameNumbers takes two unknown numbers for equal.
var sameNumbers = cmp.Comparer(func(a, b view.Number) bool { return a == b || !a.Known() && !b.Known() })

// runOf makes a run and returns its journal.
func runOf(tb testing.TB, opts gepa.Options, sys *landscape) []gepa.Record {
	tb.Helper()
	opts.Proposer = wordProposer{}
	opts.Journal = gepa.NewMemoryJournal()
	if _, err := gepa.Optimize(tb.Context(), sys, someData(), opts); err != nil && sys.fail == nil {
		tb.Fatal(err)
	}
	return records(tb, opts.Journal)
}

// kept is a run that was kept in a file.
func kept(tb testing.TB, path string) []gepa.Record {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []gepa.Record
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r gepa.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func apply(tb testing.TB, f *view.Fold, recs ...gepa.Record) {
	tb.Helper()
	for _, r := range recs {
		e, err := gepa.DecodeRecord(r)
		if err == nil {
			err = f.Apply(r, e)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// agrees compares a run as the fold shows it with its summary.
func agrees(tb testing.TB, f *view.Fold, models report.Models) {
	tb.Helper()
	got, err := f.Run()
	if err != nil {
		tb.Fatal(err)
	}
	story := f.Story()
	run := story.State.Run()
	if run == nil {
		return
	}
	in := report.Input{Result: story.Result(), Components: run.Components, Options: run.Options, Models: models, Ledger: story.Account(models)}
	for _, set := range []struct {
		refs []gepa.ExampleRef
		into *[]gepa.Example
	}{{run.Feedback, &in.Data.Feedback}, {run.Validation, &in.Data.Validation}, {run.Test, &in.Data.Test}} {
		for _, ref := range set.refs {
			*set.into = append(*set.into, gepa.Example{ID: ref.ID})
		}
	}
	want, err := report.Summarize(in)
	if err != nil {
		tb.Fatal(err)
	}
	check := func(what string, want, got any) {
		tb.Helper()
		if diff := cmp.Diff(want, got, sameNumbers, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			tb.Errorf("at %d: %s (-summary +fold):\n%s", f.Position(), what, diff)
		}
	}
	check("data", want.Data, got.Head.Data)
	check("by fate", want.Proposals.ByFate, got.Head.ByFate)
	check("ledger", want.Spend.Ledger, got.Head.Ledger)
	check("rollouts", want.Rollouts, got.Head.Counts.Rollouts)
	check("spend", map[string]report.Usage{
		"task": want.Spend.Task, "test": want.Spend.Test, "judge": want.Spend.Judge, "reflection": want.Spend.Reflection, "failed": want.Spend.Failed,
	}, got.Head.Spend.ByRole)
	check("total", want.Spend.Total, got.Head.Spend.Total)
	if want.Winner != nil {
		check("winner", want.Winner.Candidate, *got.Head.Best)
	}
	if (want.Test == nil) != (got.Head.Test == nil) {
		tb.Fatalf("at %d: test is %v and %v", got.Position, want.Test, got.Head.Test)
	}
	if want.Test != nil {
		check("conclusion", want.Test.Conclusion, got.Head.Conclusion)
		score := got.Head.Test.Score()
		last := want.Test.Measures[len(want.Test.Measures)-1]
		check("test", []float64{last.Base, last.Other, last.Difference, last.P}, []float64{float64(score.Base), float64(score.Other), float64(score.Difference), float64(score.P)})
		check("test of the base", view.Number(last.Base), got.Candidates[0].Test)
	}
	check("number of candidates", len(want.Candidates), len(got.Candidates))
	for i, c := range want.Candidates {
		g := got.Candidates[i]
		check("candidate", []any{c.ID, c.Parents, c.Proposal, c.Changed, c.Validation, c.Validated, c.Frontier},
			[]any{g.ID, g.Parents, g.Proposal, g.Changed, float64(g.Validation), g.Validated, g.Frontier})
		check("row of scores", story.State.Pool()[i].Scores, floats(got.Scores.Rows[i].Scores))
	}
	for i, p := range want.Proposals.History {
		g := got.Proposals[i]
		after := float64(g.After)
		if !g.After.Known() {
			after = 0
		}
		check("proposal", []any{p.Number, p.Kind, p.Parents, p.Components, p.Examples, p.Fate, after, p.Candidate},
			[]any{g.Number, g.Kind, g.Parents, g.Components, len(g.Examples), g.Fate, after, g.Candidate})
		if g.Passed != nil {
			check("before", p.Before, float64(g.Before))
		}
		if g.Stage == view.StageCommitted {
			check("reason", p.Reason, g.Reason)
		}
	}
}

func floats(ns view.Numbers) []float64 {
	out := make([]float64, len(ns))
	for i, n := range ns {
		out[i] = float64(n)
	}
	return out
}

func TestFoldAgreesWithSummaryAllTheWay(t *testing.T) {
	runs := map[string][]gepa.Record{
		"journal of format 1": kept(t, "../../testdata/journal-v1.jsonl"),
		"journal of format 2": kept(t, "../../testdata/journal-v2.jsonl"),
	}
	for name, opts := range modes {
		runs[name] = runOf(t, opts, &landscape{})
	}
	for name, recs := range runs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var models report.Models
			if name == "paper" || name == "staged" {
				models = report.Models{Task: report.Model{Name: "sim", Simulated: true}, Reflection: report.Model{Name: "sim", Simulated: name == "paper"}}
			}
			f := view.NewFold(view.About{Models: models})
			agrees(t, f, models)
			for _, r := range recs {
				apply(t, f, r)
				if r.Kind != gepa.KindRollout || f.Position()%31 == 0 {
					agrees(t, f, models)
				}
				if t.Failed() {
					return
				}
			}
			end, err := f.Run()
			if err != nil {
				t.Fatal(err)
			}
			if end.Head.Phase != view.PhaseOver || end.Head.Status != report.StatusFinished {
				t.Errorf("phase %s, status %s", end.Head.Phase, end.Head.Status)
			}
		})
	}
}

// client keeps a run as a page does: a snapshot and the changes since.
type client struct {
	view.Run
	at view.Position
}

func (c *client) take(ch view.Changes) {
	c.at = ch.Position
	c.Position = ch.Position
	if ch.Setting != nil {
		c.Head.Setting = *ch.Setting
	}
	if ch.Standing != nil {
		c.Head.Standing = *ch.Standing
	}
	c.Candidates = upsert(c.Candidates, ch.Candidates, func(r view.Candidate) int { return r.ID })
	c.Proposals = upsert(c.Proposals, ch.Proposals, func(r view.Proposal) int { return r.Number - 1 })
	c.Scores.Rows = upsert(c.Scores.Rows, ch.Scores, func(r view.ScoreRow) int { return r.Candidate })
	c.Points = upsert(c.Points, ch.Points, func(r view.Point) int { return r.Candidate })
}

func upsert[R any](rows, changed []R, key func(R) int) []R {
	for _, r := range changed {
		for len(rows) <= key(r) {
			rows = append(rows, r)
		}
		rows[key(r)] = r
	}
	return rows
}

// TestChangesMakeTheRun: whoever applies what changed, at whatever moments, has
// what a snapshot shows.
func TestChangesMakeTheRun(t *testing.T) {
	for name, opts := range modes {
		recs := runOf(t, opts, &landscape{})
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				draw := rand.New(rand.NewPCG(seed, 1))
				f := view.NewFold(view.About{ID: "x"})
				clients := make([]client, 3)
				for at, r := range recs {
					e, err := gepa.DecodeRecord(r)
					if err != nil {
						t.Fatal(err)
					}
					if err := f.Apply(r, e); err != nil {
						t.Fatal(err)
					}
					for i := range clients {
						if draw.IntN(1+20*i*i) > 0 && at < len(recs)-1 {
							continue
						}
						ch, err := f.Changes(clients[i].at)
						if err != nil {
							t.Fatal(err)
						}
						clients[i].take(ch)
						if draw.IntN(10) == 0 || at == len(recs)-1 {
							whole, err := f.Run()
							if err != nil {
								t.Fatal(err)
							}
							whole.Head.Ledger, whole.Format, whole.Scores.Examples = nil, 0, nil
							if diff := cmp.Diff(whole, clients[i].Run, sameNumbers, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
								t.Fatalf("client %d at %d (-snapshot +changes):\n%s", i, at+1, diff)
							}
						}
					}
				}
			}
		})
	}
}

func TestInterruptedAndFailed(t *testing.T) {
	n := 0
	sys := &landscape{fail: func() error {
		if n++; n > 60 {
			return errors.New("the model cannot be reached")
		}
		return nil
	}}
	opts := gepa.Options{Budget: gepa.Budget{Proposals: 10}, Concurrency: 1, Attempts: 2}
	opts.Proposer, opts.Journal = wordProposer{}, gepa.NewMemoryJournal()
	if _, err := gepa.Optimize(t.Context(), sys, someData(), opts); err == nil {
		t.Fatal("the run went on without a model")
	}
	f := view.NewFold(view.About{Status: report.StatusCrashed, Detail: "killed"})
	recs := records(t, opts.Journal)
	apply(t, f, recs...)
	agrees(t, f, report.Models{})
	crashed, err := f.Run()
	if err != nil {
		t.Fatal(err)
	}
	h := crashed.Head
	if h.Status != report.StatusCrashed || !h.Resumable || h.Phase == view.PhaseOver || h.Counts.Failures == 0 || h.LeftMillis != nil {
		t.Errorf("after the failure: %+v", h.Standing)
	}
	if last := h.Notes[len(h.Notes)-1]; last.Level != view.LevelWarn {
		t.Errorf("last note: %+v", last)
	}
	sys.fail = nil
	opts.Budget.Proposals = 16
	if _, err := gepa.Optimize(t.Context(), sys, someData(), opts); err != nil {
		t.Fatal(err)
	}
	for _, r := range records(t, opts.Journal)[len(recs):] {
		apply(t, f, r)
		agrees(t, f, report.Models{})
	}
	f.SetAbout(view.About{Status: report.StatusFinished})
	resumed, err := f.Run()
	if err != nil {
		t.Fatal(err)
	}
	if h := resumed.Head; h.Sessions != 2 || h.Resumable || h.Phase != view.PhaseOver || h.Budget.Proposals != 16 || h.Test == nil {
		t.Errorf("after the resumption: %+v", h.Standing)
	}
	line, err := f.Line()
	if err != nil {
		t.Fatal(err)
	}
	if line.Best != view.Number(f.Story().Result().Best.Mean) || line.Test == nil || line.Sessions != 2 {
		t.Errorf("%+v", line)
	}
}

func TestJSONHasNoNaN(t *testing.T) {
	recs := runOf(t, modes["staged"], &landscape{})
	f := view.NewFold(view.About{Created: time.Unix(1, 0)})
	apply(t, f, recs[:len(recs)/2]...)
	run, err := f.Run()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := gepa.EncodeValue(run)
	if err != nil {
		t.Fatal(err)
	}
	var back view.Run
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, back, sameNumbers, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
}
