package terminal

import (
	"fmt"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// A scene makes up the journal of a run, one event after the other, and folds
// it.
type scene struct {
	t    testing.TB
	fold *view.Fold
	at   time.Time
}

// The texts of the made-up run's base.
const (
	reason = "Read the context, name the bridge fact and propose an answer."
	verify = "Verify or correct the candidate. Output ONLY the final short answer span."
)

const examples = 12 // of each set

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{t: t, at: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)}
	s.fold = view.NewFold(view.About{
		ID: "run", Program: "hotpotqa", Models: report.Models{Task: report.Model{Name: "gpt-4.1-mini"}, Reflection: report.Model{Name: "gpt-4.1"}},
	})
	run := gepa.RunStarted{
		Format:     2,
		Components: []gepa.Component{{Name: "reason.predict", Text: reason}, {Name: "verify", Text: verify}},
		Feedback:   refs("feedback"), Validation: refs("validation"), Test: refs("test"),
	}
	s.tell(run)
	s.tell(gepa.SessionStarted{Number: 1, Budget: gepa.Budget{Proposals: 15}, Concurrency: 8})
	return s
}

func refs(set string) []gepa.ExampleRef {
	var out []gepa.ExampleRef
	for i := range examples {
		name := fmt.Sprintf("%s-%d", set, i)
		out = append(out, gepa.ExampleRef{ID: name, Hash: name})
	}
	return out
}

// tell adds an event a fifth of a second after the last.
func (s *scene) tell(e gepa.Event) {
	s.t.Helper()
	s.at = s.at.Add(200 * time.Millisecond)
	if err := s.fold.Apply(gepa.Record{At: s.at}, e); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) state() *gepa.State { return s.fold.Story().State }

// candidate returns the texts of a member of the pool, with one of them
// changed.
func (s *scene) child(parent int, component, text string) gepa.Candidate {
	return s.state().Pool()[parent].Texts.With(map[string]string{component: text})
}

// rollouts runs a candidate on the first of a set's examples; the scores are
// repeated as often as it takes.
func (s *scene) rollouts(c gepa.Candidate, set string, n int, scores ...float64) {
	s.t.Helper()
	for i := range n {
		cost := int64(150_000)
		s.tell(gepa.RolloutDone{
			Job:     gepa.RolloutKey{Candidate: c.Hash(), Example: fmt.Sprintf("%s-%d", set, i)},
			Rollout: gepa.Rollout{Score: scores[i%len(scores)], Usage: gepa.Usage{Calls: 2, InputTokens: 1800, OutputTokens: 120, Cost: gepa.Cost{Nanos: cost}}},
		})
	}
}

// base validates the base.
func (s *scene) base() {
	s.t.Helper()
	s.rollouts(gepa.Seed(s.state().Run().Components), "validation", examples, 0, 0.5, 1, 0)
	s.tell(gepa.ProposalCommitted{Accepted: true, Traced: true})
}

// plan plans the next proposal.
func (s *scene) plan(parent int, component string) int {
	s.t.Helper()
	n := len(s.state().Proposals()) + 1
	s.tell(gepa.ProposalPlanned{
		Proposal: n, Kind: gepa.ProposalReflect, Parents: []int{parent}, Components: []string{component},
		Examples: []int{0, 1, 2}, After: s.state().Committed(),
	})
	return n
}

// reflect takes a proposal to its gate.
func (s *scene) reflect(n int, text string, before ...float64) gepa.Candidate {
	s.t.Helper()
	p := s.state().Proposals()[n-1]
	s.rollouts(s.state().Pool()[p.Parents[0]].Texts, "feedback", 3, before...)
	s.tell(gepa.CallDone{Proposal: n, Call: gepa.CallKey{Role: gepa.RoleReflection, Component: p.Components[0]},
		Result: gepa.Call{Exchange: gepa.Exchange{Usage: gepa.Usage{Calls: 1, InputTokens: 5200, OutputTokens: 300, Cost: gepa.Cost{Nanos: 12_800_000}}}}})
	s.tell(gepa.ReflectionDone{Proposal: n, Texts: map[string]string{p.Components[0]: text}})
	return s.child(p.Parents[0], p.Components[0], text)
}

// gate decides a proposal.
func (s *scene) gate(n int, text string, before, after float64) {
	s.t.Helper()
	p := s.state().Proposals()[n-1]
	why := ""
	if after <= before {
		why = "no better on the minibatch"
	}
	s.tell(gepa.GateDecided{Proposal: n, Texts: map[string]string{p.Components[0]: text}, Parent: before, Child: after, Passed: after > before, Reason: why})
}

// accept makes, validates and accepts a proposal.
func (s *scene) accept(parent int, component, text string, before, after float64, scores ...float64) {
	s.t.Helper()
	n := s.plan(parent, component)
	child := s.reflect(n, text, before/3)
	s.rollouts(child, "feedback", 3, after/3)
	s.gate(n, text, before, after)
	s.rollouts(child, "validation", examples, scores...)
	s.tell(gepa.ProposalCommitted{Proposal: n, Accepted: true})
}

// reject makes a proposal that is no better.
func (s *scene) reject(parent int, component, text string, before, after float64) {
	s.t.Helper()
	n := s.plan(parent, component)
	child := s.reflect(n, text, before/3)
	s.rollouts(child, "feedback", 3, after/3)
	s.gate(n, text, before, after)
	s.tell(gepa.ProposalCommitted{Proposal: n})
}

// searched is a run that has found something.
func (s *scene) searched() {
	s.t.Helper()
	s.base()
	s.accept(0, "reason.predict", "Read the context, name the bridge fact and the paragraph it is in, and propose a short answer.", 1, 2, 0.5, 0.5, 1, 0)
	s.reject(1, "verify", "Verify the candidate.", 2, 1.5)
	s.accept(1, "verify", "Verify or correct the candidate. Names are given in full, first name included. Output ONLY the final short answer span.", 1.5, 2.25, 0.5, 1, 1, 0)
	s.reject(2, "reason.predict", "Answer.", 2, 2)
	s.accept(0, "verify", "Verify or correct the candidate. Output yes or no where the question can be answered so.", 1, 2, 0, 0.5, 1, 1)
}

// busy is a run with proposals in every stage.
func (s *scene) busy() {
	s.t.Helper()
	s.searched()
	a := s.plan(2, "reason.predict")
	b := s.plan(3, "reason.predict")
	c := s.plan(1, "verify")
	d := s.plan(2, "verify")
	child := s.reflect(a, "Read the context twice.", 0.5)
	s.rollouts(child, "feedback", 3, 0.75)
	s.gate(a, "Read the context twice.", 1.5, 2.25)
	s.rollouts(child, "validation", 5, 1)
	s.reflect(b, "Answer as the question wants it.", 0.5)
	_ = c
	s.rollouts(s.state().Pool()[2].Texts, "feedback", 3, 0.5)
	_ = d
}

// run returns the run as it stands.
func (s *scene) run() *view.Run {
	s.t.Helper()
	r, err := s.fold.Run()
	if err != nil {
		s.t.Fatal(err)
	}
	return &r
}

func (s *scene) texts(candidate int) map[string]string { return s.state().Pool()[candidate].Texts }

// controls remember what they were told.
type controls struct {
	paused  bool
	stopped int
}

func (c *controls) Pause()       { c.paused = true }
func (c *controls) Resume()      { c.paused = false }
func (c *controls) Paused() bool { return c.paused }
func (c *controls) Stop()        { c.stopped++ }

// model returns the model of a scene in a window.
func (s *scene) model(columns, rows int, color bool, change func(*Options)) *model {
	s.t.Helper()
	o := Options{
		Color: color, Run: s.run, Texts: s.texts, Controls: &controls{}, Interrupt: func() {},
		Dashboard: func() (string, error) { return "http://127.0.0.1:8080/", nil },
		Now:       func() time.Time { return s.at.Add(3 * time.Second) },
	}
	if change != nil {
		change(&o)
	}
	m := newModel(o, &outbox{})
	m.columns, m.rows = columns, rows
	m.look()
	return m
}
