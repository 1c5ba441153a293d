package serve_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/serve"
	"github.com/gepa-go/gepa/report/view"
)

// nasty is text that is more than text to somebody: to a browser, a terminal,
// an event stream, a JSON reader.
const nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\n\nevent: reset\ndata: {}\nid: 9\r\r\x1b[2J\x1b]0;title\a" +
	"\u202e\u2066\u200f\u2028\u2029\u0000\ufeff\\\"'`${}"

// hostileRun is a run in which every text is nasty, and numbers overflow.
func hostileRun(t *testing.T, long string) []gepa.Record {
	t.Helper()
	ref := func(set string, n int) []gepa.ExampleRef {
		out := make([]gepa.ExampleRef, n)
		for i := range out {
			out[i] = gepa.ExampleRef{ID: fmt.Sprint(set, i, nasty), Hash: fmt.Sprint(set, i)}
		}
		return out
	}
	run := gepa.RunStarted{
		Format: 2, Components: []gepa.Component{{Name: nasty, Text: nasty + long}}, Options: gepa.Options{}.WithDefaults(),
		Feedback: ref("f", 3), Validation: ref("v", 3),
	}
	base := gepa.Seed(run.Components)
	texts := map[string]string{nasty: long + nasty}
	rollout := func(texts gepa.Candidate, ref gepa.ExampleRef, score float64) gepa.Event {
		return gepa.RolloutDone{Job: gepa.RolloutKey{Candidate: texts.Hash(), Example: ref.Hash}, Rollout: gepa.Rollout{
			Score: score, Problem: nasty, Feedback: gepa.Feedback{Text: nasty, ByComponent: map[string]string{nasty: nasty}},
			Objectives: map[string]float64{nasty: score}, Output: gepa.NewFields("answer", nasty), Trace: []gepa.Step{{
				Component: nasty, Inputs: gepa.NewFields("q", nasty), Problem: nasty,
				Exchanges: []gepa.Exchange{{Messages: []gepa.Message{{Role: nasty, Content: nasty + long}}, Reply: nasty, Problem: nasty}},
			}},
		}}
	}
	events := []gepa.Event{run, gepa.SessionStarted{Number: 1, Budget: gepa.Budget{Proposals: 1}}}
	for _, r := range run.Validation {
		events = append(events, rollout(base, r, 1e308))
	}
	events = append(events, gepa.ProposalCommitted{Accepted: true},
		gepa.ProposalPlanned{Proposal: 1, Kind: gepa.ProposalReflect, Parents: []int{0}, Components: []string{nasty}, Examples: []int{0, 1, 2}})
	for _, r := range run.Feedback {
		events = append(events, rollout(base, r, -1e308), rollout(base.With(texts), r, 1e308))
	}
	events = append(events,
		gepa.AttemptFailed{Of: nasty, Number: 1, Error: nasty + long},
		gepa.CallDone{Proposal: 1, Call: gepa.CallKey{Role: gepa.RoleReflection, Component: nasty}, Result: gepa.Call{Exchange: gepa.Exchange{
			Messages: []gepa.Message{{Role: "user", Content: nasty}}, Reply: nasty,
		}}},
		gepa.ReflectionDone{Proposal: 1, Texts: texts}, gepa.GateDecided{Proposal: 1, Texts: texts, Parent: -1e308, Child: 1e308, Passed: true})
	for _, r := range run.Validation {
		events = append(events, rollout(base.With(texts), r, -1e308))
	}
	events = append(events, gepa.ProposalCommitted{Proposal: 1, Accepted: true}, gepa.Stopped{Reason: gepa.StopProposals, Detail: nasty})
	var out []gepa.Record
	for _, e := range events {
		rec, err := gepa.NewRecord(e, time.Unix(1e9, 0))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rec)
	}
	return out
}

// TestHostileJournal: whatever a journal holds comes out as JSON, in which text
// is text.
func TestHostileJournal(t *testing.T) {
	const fieldSize = 5 << 20
	long := strings.Repeat("long ", fieldSize/5)
	w := &world{records: hostileRun(t, long), status: report.StatusFinished}
	base := start(t, serve.Config{Library: w})
	for _, path := range []string{
		"/api/runs", "/api/runs/x", "/api/runs/x/candidates/0", "/api/runs/x/candidates/1", "/api/runs/x/proposals/1",
		"/api/runs/x/rollouts?candidate=0&example=0", "/api/runs/x/rollouts?candidate=1&example=1&set=feedback", "/api/runs/x/review",
		"/api/compare?a=x:0&b=x:1",
	} {
		code, h, body := ask(t, http.MethodGet, base+path, "", nil)
		if code != http.StatusOK || !json.Valid([]byte(body)) || !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d, %s, %.200s", path, code, h.Get("Content-Type"), body)
		}
	}
	run := get[view.Run](t, base+"/api/runs/x")
	if run.Head.Components[0].Text != nasty+long || run.Scores.Examples[1].ID != "v1"+nasty || run.Candidates[0].Validation.Known() {
		t.Errorf("the run is not what the journal holds: %.500s, %v", run.Head.Components[0].Name, run.Candidates[0].Validation)
	}
	rollout := get[view.RolloutDetail](t, base+"/api/runs/x/rollouts?candidate=1&example=0")
	if rollout.Problem != nasty || rollout.Steps[0].Exchanges[0].Messages[0].Content != nasty+long {
		t.Error("the rollout is not what the journal holds")
	}
	// In the stream, no text ends an event or begins one.
	var p page
	p.until(t, listen(t, base+"/api/runs/x/events", ""), len(w.records))
	if p.run.Head.Components[0].Text != nasty+long || p.run.Head.Stop.Detail != nasty {
		t.Error("the stream is not what the journal holds")
	}
	for _, note := range p.run.Head.Notes {
		if len(note.Text) > 8<<10 {
			t.Errorf("a note of %d bytes", len(note.Text))
		}
	}
	// Words are compared only as far as that is quick.
	began := time.Now()
	get[view.CandidateDetail](t, base+"/api/runs/x/candidates/1")
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("comparing long texts took %v", took)
	}
}
