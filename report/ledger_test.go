package report_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// payingSystem is lengthSystem with traces, a metric that asks a model, and
// failures of the world.
type payingSystem struct {
	lengthSystem
	fail   func(job gepa.Job) bool
	failed *sync.Map // by key
}

func paid(calls, tokens int64) gepa.Usage {
	return gepa.Usage{Calls: calls, InputTokens: tokens, OutputTokens: 1, Cost: gepa.Cost{Nanos: 3 * tokens}}
}

func (s payingSystem) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	if _, again := s.failed.LoadOrStore(job.Key(), true); s.fail(job) && !again {
		return gepa.Rollout{}, gepa.WithUsage(errors.New("no line"), paid(2, 7))
	}
	r, err := s.lengthSystem.Run(ctx, job)
	for i, name := range []string{"reason", "verify"} {
		r.Trace = append(r.Trace, gepa.Step{Component: name, Exchanges: []gepa.Exchange{{Usage: paid(1, int64(10*(i+1)))}, {Usage: gepa.Usage{Cached: 1}}}})
	}
	r.Usage = paid(1, 10).Add(paid(1, 20)).Add(gepa.Usage{Cached: 2})
	if job.Example.ID == "va" {
		r.Usage = r.Usage.Add(paid(1, 5)) // the metric's
	}
	return r, err
}

// payingProposer asks a judge and a reflection model, and fails once.
type payingProposer struct {
	proposer
	failAt int
	failed *atomic.Bool
}

func (p payingProposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	for role, tokens := range map[string]int64{gepa.RoleJudge: 50, gepa.RoleReflection: 500} {
		_, err := req.Memo.Do(ctx, gepa.CallKey{Role: role, Component: req.Components[0]}, func(context.Context) (gepa.Call, error) {
			return gepa.Call{Exchange: gepa.Exchange{Usage: paid(1, tokens)}}, nil
		})
		if err != nil {
			return gepa.Reflection{}, err
		}
	}
	if req.Proposal == p.failAt && p.failed.CompareAndSwap(false, true) {
		return gepa.Reflection{}, gepa.WithUsage(errors.New("no line"), paid(1, 3))
	}
	return p.proposer.Propose(ctx, req)
}

// spend runs a search, in a bubble where the engine's pauses between attempts
// take no time, and returns its journal and what the engine says it cost.
func spend(t *testing.T, o gepa.Options, texts []string, failAt int, fail func(gepa.Job) bool) (journal gepa.Journal, spent gepa.Spend) {
	t.Helper()
	journal = gepa.NewMemoryJournal()
	synctest.Test(t, func(t *testing.T) {
		o.Journal, o.Budget, o.Minibatch, o.Concurrency = journal, gepa.Budget{Proposals: len(texts)}, 2, 1
		o.Proposer = payingProposer{proposer(texts), failAt, new(atomic.Bool)}
		r, err := gepa.Optimize(t.Context(), payingSystem{fail: fail, failed: new(sync.Map)}, input().Data, o)
		if err != nil {
			t.Fatal(err)
		}
		spent = r.Spend
	})
	return journal, spent
}

var judged = report.Models{Task: report.Model{Name: "t"}, Reflection: report.Model{Name: "r"}, Judge: report.Model{Name: "j"}}

func ledger(t *testing.T, j gepa.Journal, m report.Models) report.Account {
	t.Helper()
	a, err := report.Ledger(j.Records(t.Context()), m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLedger(t *testing.T) {
	journal, want := spend(t, gepa.Options{}, []string{"1:bad", "2:good", "3:", "4:good again"}, 2, func(j gepa.Job) bool { return j.Example.ID == "vb" || j.Example.ID == "ta" })
	a := ledger(t, journal, judged)
	if diff := cmp.Diff(report.UsageOf(want.Total(), false), a.Total); diff != "" {
		t.Errorf("the total is not the run's (-run +ledger):\n%s", diff)
	}
	for name, part := range map[string]struct {
		want gepa.Usage
		of   func(report.Charge) bool
	}{
		"judge":      {want.Judge, func(c report.Charge) bool { return c.Role == report.RoleJudge }},
		"reflection": {want.Reflection, func(c report.Charge) bool { return c.Role == report.RoleReflection }},
		"failed":     {want.Failed, func(c report.Charge) bool { return c.Failed }},
		"search": {want.Task, func(c report.Charge) bool {
			return c.Role == report.RoleTask && !c.Failed && c.Purpose != report.PurposeTest
		}},
		"test": {want.Test, func(c report.Charge) bool { return !c.Failed && c.Purpose == report.PurposeTest }},
		// The failed attempt of the second proposal, whichever was asked.
		"proposer":     {paid(1, 3), func(c report.Charge) bool { return c.Role == report.RoleProposer && c.Failed && c.Candidate == 1 }},
		"the metric's": {paid(1, 5), func(c report.Charge) bool { return c.Component == "" && c.Candidate == 1 && !c.Failed }},
		// Two rejected proposals asked both models once.
		"rejected": {paid(1, 50).Add(paid(1, 50)).Add(paid(1, 500)).Add(paid(1, 500)), func(c report.Charge) bool {
			return c.Purpose == report.PurposeRejected && c.Role != report.RoleTask
		}},
		"unknown": {gepa.Usage{}, func(c report.Charge) bool { return c.Purpose == report.PurposeUnknown }},
	} {
		if diff := cmp.Diff(report.UsageOf(part.want, false), a.Sum(part.of)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var b strings.Builder
	if err := a.Text(&b, report.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "ledger.txt", b.String())
	if noJudge := ledger(t, journal, report.Models{Reflection: report.Model{Name: "r"}}); slices.ContainsFunc(noJudge.Entries, func(e report.Entry) bool { return e.Role == report.RoleProposer }) {
		t.Error("without a judge a proposal's failed attempt is the reflection model's")
	}
}

// Whatever happens in a run and in whichever order its results were written,
// the account adds up to what the engine says, and is the same.
func TestLedgerAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { addsUp(t, rt) })
}

func addsUp(t *testing.T, rt *rapid.T) {
	texts := rapid.SliceOfN(rapid.SampledFrom([]string{":bad", ":", ":good", ":better text", ":good"}), 1, 6).Draw(rt, "texts")
	failing := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"fa", "fb", "va", "vb", "ta", "tb"}), 0, 6, rapid.ID).Draw(rt, "failing")
	options := gepa.Options{
		Children: rapid.IntRange(0, 2).Draw(rt, "children"), InFlight: rapid.IntRange(0, 3).Draw(rt, "in flight"),
		Acceptance: rapid.SampledFrom([]gepa.Acceptance{"", gepa.AcceptEqual, gepa.AcceptPaired}).Draw(rt, "acceptance"),
		Staged:     gepa.Staged{First: rapid.SampledFrom([]int{0, 2}).Draw(rt, "staged")},
	}
	journal, want := spend(t, options, texts, rapid.IntRange(0, 6).Draw(rt, "proposal that fails"), func(j gepa.Job) bool { return slices.Contains(failing, j.Example.ID) })
	a := ledger(t, journal, judged)
	if diff := cmp.Diff(report.UsageOf(want.Total(), false), a.Total); diff != "" {
		rt.Fatalf("the total is not the run's (-run +ledger):\n%s", diff)
	}
	if unknown := a.Sum(func(c report.Charge) bool { return c.Purpose == report.PurposeUnknown }); unknown != report.UsageOf(gepa.Usage{}, false) {
		rt.Fatalf("nobody knows what this was for: %+v", unknown)
	}
	var opening, results, decisions []gepa.Record
	for r, err := range journal.Records(t.Context()) {
		if err != nil {
			rt.Fatal(err)
		}
		switch {
		case r.Kind == gepa.KindRun:
			opening = append(opening, r)
		case slices.Contains([]string{gepa.KindRollout, gepa.KindFailure, gepa.KindSession}, r.Kind):
			results = append(results, r)
		default:
			decisions = append(decisions, r)
		}
	}
	results = rapid.Permutation(results).Draw(rt, "order")
	again, err := report.Ledger(all(slices.Concat(opening, results, decisions)), judged)
	if err != nil {
		rt.Fatal(err)
	}
	if diff := cmp.Diff(a, again); diff != "" {
		rt.Fatalf("the order of results changes the account:\n%s", diff)
	}
}

func all(records []gepa.Record) iter.Seq2[gepa.Record, error] {
	return func(yield func(gepa.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A trace that tells of more than the rollout used is not believed, and what
// is of no known candidate or proposal is shown as such.
func TestLedgerDoubts(t *testing.T) {
	record := func(e gepa.Event) gepa.Record {
		r, err := gepa.NewRecord(e, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run := record(gepa.RunStarted{Format: runFormat(t), Components: lengthSystem{}.Components()})
	wrong := gepa.Rollout{Usage: paid(1, 10), Trace: []gepa.Step{{Component: "reason", Exchanges: []gepa.Exchange{{Usage: paid(2, 10)}}}}}
	a, err := report.Ledger(all([]gepa.Record{
		run,
		record(gepa.RolloutDone{Job: gepa.RolloutKey{Candidate: "c", Example: "e"}, Rollout: wrong}),
		record(gepa.AttemptFailed{Of: "something", Number: 1, Usage: paid(1, 1)}),
		record(gepa.AttemptFailed{Of: "{", Number: 2, Usage: paid(1, 1)}),
	}), judged)
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Entry{
		{Charge: report.Charge{Role: report.RoleTask, Candidate: -1, Purpose: report.PurposeUnknown}, Usage: report.UsageOf(paid(1, 10), false)},
		{Charge: report.Charge{Role: report.RoleProposer, Candidate: -1, Purpose: report.PurposeUnknown, Failed: true}, Usage: report.UsageOf(paid(1, 1).Add(paid(1, 1)), false)},
	}
	if diff := cmp.Diff(want, a.Entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	lost := errors.New("lost")
	if _, err := report.Ledger(func(yield func(gepa.Record, error) bool) { yield(gepa.Record{}, lost) }, judged); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
	for _, bad := range []gepa.Record{{Kind: "?"}, record(gepa.TestOpened{})} {
		if _, err := report.Ledger(all([]gepa.Record{bad}), judged); err == nil {
			t.Errorf("%q was taken", bad.Kind)
		}
	}
}

// runFormat returns the format of this version's journals.
func runFormat(t *testing.T) int {
	journal, _ := spend(t, gepa.Options{}, []string{":"}, 0, func(gepa.Job) bool { return false })
	for r, err := range journal.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := gepa.DecodeRecord(r); err == nil {
			if run, ok := e.(gepa.RunStarted); ok {
				return run.Format
			}
		}
	}
	t.Fatal(fmt.Errorf("no opening"))
	return 0
}
