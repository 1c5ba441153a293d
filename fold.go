package gepa

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Apply applies one event. It returns an error, and leaves the state as it
// was, if the event cannot follow those applied before: the journal is not
// that of one run.
func (s *State) Apply(e Event) error {
	if _, opens := e.(RunStarted); s.run == nil && !opens {
		kind, _ := e.record()
		return fmt.Errorf("journal: a %q record comes before the run is opened", kind)
	}
	switch e := e.(type) {
	case RunStarted:
		return s.applyRun(e)
	case ProposalPlanned:
		return s.applyPlan(e)
	case GateDecided:
		return s.applyGate(e)
	case ProposalCommitted:
		return s.applyCommit(e)
	case Stopped:
		s.stop = &e
	case Continued:
		s.stop = nil
	case TestOpened:
		s.tests = append(s.tests, e)
	case RolloutDone:
		s.applyRollout(e)
	case CallDone:
		s.applyCall(e)
	case AttemptFailed:
		s.failures++
		s.spend.Failed = s.spend.Failed.Add(e.Usage)
	case SessionStarted:
		s.sessions++
	default:
		return fmt.Errorf("journal: unknown event %T", e)
	}
	return nil
}

func (s *State) applyRun(e RunStarted) error {
	switch {
	case s.run != nil:
		return errors.New("journal: the run is opened twice")
	case e.Format != eventFormat:
		return fmt.Errorf("journal: it is of format %d, and this version of gepa reads format %d", e.Format, eventFormat)
	case len(e.Components) == 0:
		return errors.New("journal: the run has no components")
	}
	s.run = &e
	s.validationAt = refSet(e.Validation)
	s.testAt = refSet(e.Test)
	return nil
}

func refSet(refs []ExampleRef) map[string]bool {
	set := make(map[string]bool, len(refs))
	for _, r := range refs {
		set[r.Hash] = true
	}
	return set
}

func (s *State) applyPlan(e ProposalPlanned) error {
	if err := s.checkPlan(e); err != nil {
		return fmt.Errorf("journal: proposal %d: %w", e.Proposal, err)
	}
	switch e.Kind {
	case ProposalReflect:
		s.minibatches++
		s.pool[e.Parents[0]].next = s.after(e.Components)
	case ProposalMerge:
		s.merges++
	}
	s.proposals = append(s.proposals, Proposal{ProposalPlanned: e, Candidate: -1})
	return nil
}

// checkPlan reports why a plan cannot be the next one.
func (s *State) checkPlan(e ProposalPlanned) error {
	parents, examples := 1, len(s.run.Feedback)
	if e.Kind == ProposalMerge {
		parents, examples = 2, len(s.run.Validation)
	}
	switch {
	case e.Proposal != len(s.proposals)+1:
		return fmt.Errorf("it is planned after proposal %d", len(s.proposals))
	case e.Kind != ProposalReflect && e.Kind != ProposalMerge:
		return fmt.Errorf("its kind %q is unknown", e.Kind)
	case len(e.Parents) != parents:
		return fmt.Errorf("it has %d parents, want %d", len(e.Parents), parents)
	case e.Kind == ProposalReflect && len(e.Components) == 0:
		return errors.New("it names no component")
	}
	for _, id := range append(e.Parents[:parents:parents], e.Ancestor) {
		if id < 0 || id >= len(s.pool) {
			return fmt.Errorf("it descends from candidate %d, and the pool has %d", id, len(s.pool))
		}
	}
	for _, name := range e.Components {
		if s.component(name) < 0 {
			return fmt.Errorf("%q is no component of the run", name)
		}
	}
	for _, i := range e.Examples {
		if i < 0 || i >= examples {
			return fmt.Errorf("example %d is out of range", i)
		}
	}
	return nil
}

// component returns a component's index, -1 if there is none of the name.
func (s *State) component(name string) int {
	return slices.IndexFunc(s.run.Components, func(c Component) bool { return c.Name == name })
}

// after returns the index of the component that follows the last of those
// named.
func (s *State) after(components []string) int {
	return (s.component(components[len(components)-1]) + 1) % len(s.run.Components)
}

// open returns a proposal that is planned and not committed.
func (s *State) open(number int) (*Proposal, error) {
	if number < 1 || number > len(s.proposals) || s.proposals[number-1].Committed {
		return nil, fmt.Errorf("journal: proposal %d is not under way", number)
	}
	return &s.proposals[number-1], nil
}

func (s *State) applyGate(e GateDecided) error {
	p, err := s.open(e.Proposal)
	if err != nil {
		return err
	}
	if p.Gate != nil {
		return fmt.Errorf("journal: the gate of proposal %d decides twice", e.Proposal)
	}
	for name := range e.Texts {
		if s.component(name) < 0 {
			return fmt.Errorf("journal: the gate of proposal %d has a text for %q, which is no component", e.Proposal, name)
		}
	}
	p.Gate = &e
	return nil
}

func (s *State) applyCommit(e ProposalCommitted) error {
	m := Member{ID: len(s.pool), Proposal: e.Proposal}
	var p *Proposal
	if e.Proposal == 0 {
		if len(s.pool) > 0 || !e.Accepted {
			return errors.New("journal: the seed is committed once, and accepted")
		}
		m.Texts = s.seed()
	} else {
		var err error
		if p, err = s.open(e.Proposal); err != nil {
			return err
		}
		if p.Gate == nil || p.Gate.Passed != e.Accepted {
			return fmt.Errorf("journal: proposal %d is committed against its gate", e.Proposal)
		}
		s.inherit(&m, p)
	}
	if e.Accepted {
		if err := s.score(&m); err != nil {
			return err
		}
		s.join(m)
	}
	for _, name := range e.Seen {
		s.seen[name] = true
	}
	s.traced = s.traced || e.Traced
	if p != nil {
		p.Committed = true
		if e.Accepted {
			p.Candidate = m.ID
		}
	}
	return nil
}

// join adds a member to the pool.
func (s *State) join(m Member) {
	s.pool = append(s.pool, m)
	if m.Mean > s.pool[s.best].Mean {
		s.best, s.bestSince = m.ID, m.Proposal
	}
}

// seed returns the candidate that the run started from.
func (s *State) seed() Candidate {
	if s.run.Options.Start != nil {
		return s.run.Options.Start
	}
	return Seed(s.run.Components)
}

// inherit fills in what a proposal's child has from its parents and its gate.
func (s *State) inherit(m *Member, p *Proposal) {
	parent := s.pool[p.Parents[0]]
	m.Parents = p.Parents
	m.Texts = parent.Texts.With(p.Gate.Texts)
	for _, c := range s.run.Components {
		if m.Texts[c.Name] != parent.Texts[c.Name] {
			m.Changed = append(m.Changed, c.Name)
		}
	}
	if p.Kind == ProposalMerge {
		m.next = max(parent.next, s.pool[p.Parents[1]].next)
	} else {
		m.next = s.after(p.Components)
	}
}

// score fills in a member's validation scores from the rollouts.
func (s *State) score(m *Member) error {
	m.hash = m.Texts.Hash()
	refs := s.run.Validation
	objectives := s.run.Options.Objectives
	m.Scores = make([]float64, len(refs))
	m.Objectives = make([]float64, len(objectives))
	for i, ref := range refs {
		o, ok := s.rollouts[RolloutKey{Candidate: m.hash, Example: ref.Hash}]
		if !ok {
			return fmt.Errorf("journal: candidate %d joins the pool without a rollout on validation example %q", m.ID, ref.ID)
		}
		m.Scores[i] = o.rollout.Score
		for k, obj := range objectives {
			m.Objectives[k] += o.rollout.Objectives[obj.Name] / float64(len(refs))
		}
	}
	m.Mean = mean(m.Scores)
	return nil
}

func (s *State) applyRollout(e RolloutDone) {
	if _, known := s.rollouts[e.Job]; known {
		return
	}
	o := &outcome{rollout: e.Rollout}
	if len(s.seen) < len(s.run.Components) {
		named := map[string]bool{}
		for _, step := range e.Rollout.Trace {
			named[step.Component] = true
		}
		o.components = slices.Sorted(maps.Keys(named))
	}
	if s.validationAt[e.Job.Example] || s.testAt[e.Job.Example] {
		o.rollout.Trace = nil
	} else {
		o.rollout.Trace = slices.Clone(o.rollout.Trace)
		for i := range o.rollout.Trace {
			o.rollout.Trace[i].Exchanges = nil
		}
	}
	s.rollouts[e.Job] = o
	if s.testAt[e.Job.Example] {
		s.spend.Test = s.spend.Test.Add(e.Rollout.Usage)
		return
	}
	s.searchRollouts++
	s.spend.Task = s.spend.Task.Add(e.Rollout.Usage)
}

func (s *State) applyCall(e CallDone) {
	key := callKey(e.Proposal, e.Call)
	if _, known := s.calls[key]; known {
		return
	}
	s.calls[key] = e.Result
	usage := e.Result.Exchange.Usage
	if n := e.Proposal; n >= 1 && n <= len(s.proposals) {
		s.proposals[n-1].Spend = s.proposals[n-1].Spend.Add(usage)
	}
	if e.Call.Role == RoleJudge {
		s.spend.Judge = s.spend.Judge.Add(usage)
	} else {
		s.spend.Reflection = s.spend.Reflection.Add(usage)
	}
}
