package gepa

import (
	"fmt"
	"slices"
	"sync"
)

// stage is how far a proposal has come.
type stage int

const (
	stageNew      stage = iota
	stageParent         // the parent runs on the minibatch
	stageChildren       // reflections are made and their children run
	stageMore           // an undecided gate waits for further examples
	stageScreen         // a merged child runs on its screen
	stageGated
	stageValidate // the child runs on a part of the validation set
	stageDone
)

// work is the progress of one open proposal, or of the seed's validation
// (number 0). It is computed from the state and never stored.
type work struct {
	number     int
	stage      stage
	missing    int // rollouts and reflections that this stage waits for
	reflecting map[int]bool
	more       int // further examples that the gate has asked for
	validated  int // validation examples that the current part ends with
	cleared    int // validation examples after which it was not given up
	gaveUp     string
	waits      bool // for a grant
}

// advance takes a proposal as far as its results allow.
func (s *Search) advance(w *work, a *Asked) error {
	if w.number == 0 {
		s.advanceSeed(w)
		return nil
	}
	for w.waits = false; w.missing == 0 && w.stage != stageDone && !w.waits; {
		if err := s.step(w, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *Search) advanceSeed(w *work) {
	if w.stage == stageNew {
		w.stage = stageValidate
		s.request(w, PurposeSeed, s.state.seed(), s.data.Validation, s.state.run.Validation, s.state.order)
	}
	if w.missing == 0 {
		w.stage = stageDone
	}
}

// step begins a proposal's next stage, all of whose results are there.
func (s *Search) step(w *work, a *Asked) error {
	p := &s.state.proposals[w.number-1]
	switch w.stage {
	case stageNew:
		s.begin(w, p)
	case stageParent:
		if s.perfect(p) {
			return s.gate(w, a, GateDecided{Reason: "the parent already has the best possible score on the whole minibatch"})
		}
		w.stage = stageChildren
		s.reflect(w, p)
	case stageChildren, stageMore:
		g, undecided := s.reflectGate(w, p)
		if undecided {
			w.stage = stageMore
			s.drawMore(w, p, g)
			return nil
		}
		return s.gate(w, a, g)
	case stageScreen:
		return s.gate(w, a, s.mergeGate(p))
	case stageGated:
		if !p.Gate.Passed {
			w.stage = stageDone
			return nil
		}
		w.stage = stageValidate
		s.validate(w, p)
	case stageValidate:
		n := len(s.state.order)
		if w.validated >= n || w.cleared < w.validated && s.givesUp(w, p) {
			w.stage = stageDone
			return nil
		}
		w.cleared = w.validated
		switch s.grant(w, p, s.state.run.Options.Staged.next(w.validated, n)) {
		case grantYes:
			s.validate(w, p)
		case grantNo:
			w.stage = stageDone
		case grantWait:
			w.waits = true
		}
	case stageDone:
	}
	return nil
}

// begin asks for the first rollouts of a proposal.
func (s *Search) begin(w *work, p *Proposal) {
	if p.Kind == ProposalMerge {
		w.stage = stageScreen
		s.request(w, PurposeScreen, s.state.mergeChild(p), s.data.Validation, s.state.run.Validation, p.Examples)
		return
	}
	w.stage = stageParent
	s.request(w, PurposeParent, s.state.pool[p.Parents[0]].Texts, s.data.Feedback, s.state.run.Feedback, p.Examples)
}

// request asks for a candidate's rollouts on some examples. What is done
// already is not asked for again.
func (s *Search) request(w *work, purpose Purpose, c Candidate, examples []Example, refs []ExampleRef, at []int) {
	hash := c.Hash()
	for _, i := range at {
		key := RolloutKey{Candidate: hash, Example: refs[i].Hash}
		if _, done := s.state.rollouts[key]; done {
			continue
		}
		w.missing++
		waiting, asked := s.waits[key]
		s.waits[key] = append(waiting, w)
		if !asked {
			s.tasks = append(s.tasks, Task{Proposal: w.number, Purpose: purpose, Key: key, Job: Job{Candidate: c, Example: examples[i]}})
		}
	}
}

// reflect asks for a proposal's new texts, as many as it makes children.
func (s *Search) reflect(w *work, p *Proposal) {
	children := 1
	if p.Kind == ProposalReflect {
		children = max(s.state.run.Options.Children, 1)
	}
	w.reflecting = map[int]bool{}
	for k := range children {
		if _, done := p.children[k]; done {
			s.reflected(w, k)
			continue
		}
		w.missing++
		w.reflecting[k] = true
		s.tasks = append(s.tasks, s.reflectTask(p, k))
	}
}

// reflected asks for the rollouts of a child whose texts are there.
func (s *Search) reflected(w *work, k int) {
	p := &s.state.proposals[w.number-1]
	if c, why := s.state.child(p, k); why == "" {
		s.request(w, PurposeChild, c, s.data.Feedback, s.state.run.Feedback, p.Examples)
	}
}

func (s *Search) reflectTask(p *Proposal, k int) Task {
	t := Task{Proposal: p.Proposal, Purpose: PurposeReflection}
	parent := s.state.pool[p.Parents[0]]
	req := &ReflectRequest{
		Proposal:   p.Proposal,
		Candidate:  parent.Texts,
		Components: p.Components,
		Examples:   make([]Reflected, len(p.Examples)),
		Child:      k,
		Rejected:   s.state.rejected(p),
		Known:      s.made.before(p.After, parent.Texts),
	}
	for i, at := range p.Examples {
		key := RolloutKey{Candidate: parent.hash, Example: s.state.run.Feedback[at].Hash}
		o := s.state.rollouts[key]
		if o.trimmed {
			t.trimmed = append(t.trimmed, key)
		}
		req.Examples[i] = Reflected{Example: s.data.Feedback[at], Rollout: o.rollout}
	}
	if p.Kind == ProposalMergeByModel {
		req.Merge = &MergeSources{
			Ancestor: s.state.pool[p.Ancestor].Texts, A: parent.Texts, B: s.state.pool[p.Parents[1]].Texts,
		}
	}
	t.Reflect = req
	return t
}

// rejected lists what the gate turned down of the components that a proposal
// rewrites, from its parent and those it descends from, newest first.
func (s *State) rejected(p *Proposal) []RejectedEdit {
	most := s.run.Options.Memory
	if most <= 0 {
		return nil
	}
	line := append(ancestors(s.pool, p.Parents[0]), p.Parents[0])
	var out []RejectedEdit
	for n := p.After - 1; n >= 0 && len(out) < most; n-- {
		q := &s.proposals[n]
		if q.Kind != ProposalReflect || q.Gate == nil || q.Gate.Passed || !slices.Contains(line, q.Parents[0]) {
			continue
		}
		for _, name := range p.Components {
			if text, tried := q.Gate.Texts[name]; tried && len(out) < most {
				out = append(out, RejectedEdit{
					Proposal: q.Proposal, Component: name, Text: text, Reason: q.Gate.Reason,
					Parent: q.Gate.Parent, Child: q.Gate.Child,
				})
			}
		}
	}
	return out
}

// drawMore asks for the next further examples of an undecided gate, for the
// parent and the child that was kept.
func (s *Search) drawMore(w *work, p *Proposal, g GateDecided) {
	to := min(w.more+len(p.Examples), len(p.More))
	parent := s.state.pool[p.Parents[0]].Texts
	for _, c := range []Candidate{parent, parent.With(g.Texts)} {
		s.request(w, PurposeChild, c, s.data.Feedback, s.state.run.Feedback, p.More[w.more:to])
	}
	w.more = to
}

// gate journals a gate's decision, unless an earlier session did.
func (s *Search) gate(w *work, a *Asked, g GateDecided) error {
	w.stage = stageGated
	p := &s.state.proposals[w.number-1]
	if p.Gate != nil {
		return nil
	}
	g.Proposal = w.number
	return s.decide(a, g)
}

// validate asks for the next part of a child's validation.
func (s *Search) validate(w *work, p *Proposal) {
	from, n := w.validated, len(s.state.order)
	w.validated = s.state.run.Options.Staged.next(from, n)
	s.request(w, PurposeValidation, s.state.childOfGate(p), s.data.Validation, s.state.run.Validation, s.state.order[from:w.validated])
}

// givesUp reports whether a partly validated child can hardly be the best.
func (s *Search) givesUp(w *work, p *Proposal) bool {
	best := s.state.bestBefore(p.After)
	hash := s.state.childOfGate(p).Hash()
	diffs := make([]float64, w.validated)
	for k, i := range s.state.order[:w.validated] {
		o := s.state.rollouts[RolloutKey{Candidate: hash, Example: s.state.run.Validation[i].Hash}]
		diffs[k] = o.rollout.Score - best.Scores[i]
	}
	if !s.state.run.Options.Staged.givesUp(diffs, len(s.state.order)) {
		return false
	}
	w.gaveUp = fmt.Sprintf("given up after %d of %d validation examples: %.3f below candidate %d on them", w.validated, len(s.state.order), -mean(diffs), best.ID)
	return true
}

// bestBefore returns the best candidate that was there when so many proposals
// were committed.
func (s *State) bestBefore(after int) Member {
	best := 0
	for i := range s.pool {
		if s.pool[i].Proposal > after {
			break
		}
		if s.pool[i].Full && s.pool[i].Mean > s.pool[best].Mean {
			best = i
		}
	}
	return s.pool[best]
}

// madeTexts knows which candidates were made by which proposal. It is safe for
// concurrent use: proposers ask it while the search goes on.
type madeTexts struct {
	mu sync.RWMutex
	by map[string][]madeBy // the first that made it and, if that is another, the one that was accepted
}

type madeBy struct {
	proposal int
	what     string
}

func newMadeTexts(s *State) *madeTexts {
	m := &madeTexts{by: map[string][]madeBy{}}
	if len(s.pool) > 0 {
		m.add(s, ProposalCommitted{Accepted: true})
	}
	for _, p := range s.proposals[:s.done] {
		m.add(s, *p.Joined)
	}
	return m
}

// add notes the child of a proposal that was committed.
func (m *madeTexts) add(s *State, c ProposalCommitted) {
	hash, what := s.seed().Hash(), "candidate 0, the seed"
	if c.Proposal > 0 {
		p := &s.proposals[c.Proposal-1]
		if len(p.Gate.Texts) == 0 {
			return
		}
		hash = s.childOfGate(p).Hash()
		what = fmt.Sprintf("the child of proposal %d, which was turned down", c.Proposal)
		if c.Accepted {
			what = fmt.Sprintf("candidate %d", p.Candidate)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.by[hash]) == 0 || c.Accepted {
		m.by[hash] = append(m.by[hash], madeBy{c.Proposal, what})
	}
}

// before returns the question whether a parent with new texts was made by one
// of the first so many proposals.
func (m *madeTexts) before(after int, parent Candidate) func(map[string]string) (string, bool) {
	return func(texts map[string]string) (string, bool) {
		hash := parent.With(texts).Hash()
		m.mu.RLock()
		defer m.mu.RUnlock()
		for _, by := range slices.Backward(m.by[hash]) {
			if by.proposal <= after {
				return by.what, true
			}
		}
		return "", false
	}
}
