package gepa

import (
	"errors"
	"fmt"
	"maps"
	"math"
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
	case ReflectionDone:
		return s.applyReflection(e)
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
		s.failures = max(s.failures+1, e.Number) // some before it may not have been written
		s.spend.Failed = s.spend.Failed.Add(e.Usage)
	case SessionStarted:
		s.sessions++
	case ReviewDone: // people's, and no part of the search
	default:
		return fmt.Errorf("journal: unknown event %T", e)
	}
	return nil
}

func (s *State) applyRun(e RunStarted) error {
	switch {
	case s.run != nil:
		return errors.New("journal: the run is opened twice")
	case e.Format != eventFormat && e.Format != oldEventFormat:
		return fmt.Errorf("journal: it is of format %d, and this version of gepa reads formats %d and %d", e.Format, oldEventFormat, eventFormat)
	case len(e.Components) == 0:
		return errors.New("journal: the run has no components")
	}
	s.run = &e
	s.validationAt = refSet(e.Validation)
	s.testAt = refSet(e.Test)
	s.order = validationOrder(e.Options, len(e.Validation))
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
	if e.Kind != ProposalMerge {
		s.minibatches++
	}
	switch e.Kind {
	case ProposalReflect:
		s.pool[e.Parents[0]].next = s.after(e.Components)
	case ProposalMerge:
		s.merges++
		s.merged[crossover(s.pool[e.Ancestor], s.pool[e.Parents[0]], s.pool[e.Parents[1]]).Hash()] = true
	case ProposalMergeByModel:
		s.merges++
		s.merged[pairKey(e.Parents[0], e.Parents[1])] = true
	}
	s.mergeDue = false
	s.reserved += e.Reserved
	s.proposals = append(s.proposals, Proposal{ProposalPlanned: e, Candidate: -1, children: map[int]ReflectionDone{}})
	return nil
}

// checkPlan reports why a plan cannot be the next one.
func (s *State) checkPlan(e ProposalPlanned) error {
	parents, examples := 1, len(s.run.Feedback)
	if e.Kind != ProposalReflect {
		parents = 2
	}
	if e.Kind == ProposalMerge {
		examples = len(s.run.Validation)
	}
	switch {
	case e.Proposal != len(s.proposals)+1:
		return fmt.Errorf("it is planned after proposal %d", len(s.proposals))
	case e.Kind != ProposalReflect && e.Kind != ProposalMerge && e.Kind != ProposalMergeByModel:
		return fmt.Errorf("its kind %q is unknown", e.Kind)
	case len(e.Parents) != parents:
		return fmt.Errorf("it has %d parents, want %d", len(e.Parents), parents)
	case e.Kind != ProposalMerge && len(e.Components) == 0:
		return errors.New("it names no component")
	case s.run.Format != oldEventFormat && e.After != s.done:
		return fmt.Errorf("it follows %d commits, and there were %d", e.After, s.done)
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
	for _, i := range slices.Concat(e.Examples, e.More) {
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

func (s *State) applyReflection(e ReflectionDone) error {
	p, err := s.open(e.Proposal)
	if err != nil {
		return err
	}
	for name := range e.Texts {
		if s.component(name) < 0 {
			return fmt.Errorf("journal: the reflection of proposal %d has a text for %q, which is no component", e.Proposal, name)
		}
	}
	if _, known := p.children[e.Child]; !known {
		p.children[e.Child] = e
	}
	return nil
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
	if e.More < 0 || e.More > len(p.More) {
		return fmt.Errorf("journal: the gate of proposal %d drew on %d further examples of %d", e.Proposal, e.More, len(p.More))
	}
	p.Gate = &e
	return nil
}

// childOfGate returns the candidate that a proposal's gate was about.
func (s *State) childOfGate(p *Proposal) Candidate {
	return s.pool[p.Parents[0]].Texts.With(p.Gate.Texts)
}

func (s *State) applyCommit(e ProposalCommitted) error {
	if e.Proposal == 0 {
		return s.commitSeed(e)
	}
	p, err := s.open(e.Proposal)
	switch {
	case err != nil:
		return err
	case e.Proposal != s.done+1:
		return fmt.Errorf("journal: proposal %d is committed before proposal %d", e.Proposal, s.done+1)
	case p.Gate == nil || e.Accepted && !p.Gate.Passed || p.Gate.Passed && !e.Accepted && e.Reason == "":
		return fmt.Errorf("journal: proposal %d is committed against its gate", e.Proposal)
	case e.Validated < 0 || e.Validated > len(s.order):
		return fmt.Errorf("journal: proposal %d ran on %d of %d validation examples", e.Proposal, e.Validated, len(s.order))
	}
	if e.Accepted {
		m := Member{ID: len(s.pool), Proposal: e.Proposal}
		s.inherit(&m, p)
		if err := s.score(&m, e.Validated); err != nil {
			return err
		}
		s.join(m)
		p.Candidate = m.ID
		s.mergeDue = p.Kind == ProposalReflect && m.Full
	}
	s.see(e)
	before := s.charged
	s.charge(s.wanted(p, e))
	if s.idle++; s.charged > before {
		s.idle = 0
	}
	s.trim(p)
	p.Committed, p.Joined = true, &e
	p.children = nil
	delete(s.calls, e.Proposal)
	s.reserved -= p.Reserved
	s.done++
	return nil
}

func (s *State) commitSeed(e ProposalCommitted) error {
	if len(s.pool) > 0 || !e.Accepted {
		return errors.New("journal: the seed is committed once, and accepted")
	}
	m := Member{Texts: s.seed()}
	if err := s.score(&m, 0); err != nil {
		return err
	}
	s.join(m)
	s.see(e)
	keys := make([]RolloutKey, len(s.run.Validation))
	for i, ref := range s.run.Validation {
		keys[i] = RolloutKey{Candidate: m.hash, Example: ref.Hash}
	}
	s.charge(keys)
	return nil
}

// see notes the components that traces showed.
func (s *State) see(e ProposalCommitted) {
	for _, name := range e.Seen {
		s.seen[name] = true
	}
	s.traced = s.traced || e.Traced
}

// charge counts the rollouts that nobody was charged for yet.
func (s *State) charge(keys []RolloutKey) {
	for _, key := range keys {
		if o, ok := s.rollouts[key]; ok && !o.charged {
			o.charged = true
			s.charged++
		}
	}
}

// trim drops the traces of a rejected child's rollouts: it is no parent.
func (s *State) trim(p *Proposal) {
	if p.Kind == ProposalMerge {
		return
	}
	for k := range p.children {
		child, why := s.child(p, k)
		if why != "" {
			continue
		}
		hash := child.Hash()
		if _, joined := s.members[hash]; joined {
			continue
		}
		for _, i := range slices.Concat(p.Examples, p.More) {
			if o, ok := s.rollouts[RolloutKey{Candidate: hash, Example: s.run.Feedback[i].Hash}]; ok && o.rollout.Trace != nil {
				o.rollout.Trace, o.trimmed = nil, true
			}
		}
	}
}

// join adds a member to the pool.
func (s *State) join(m Member) {
	s.pool = append(s.pool, m)
	if _, known := s.members[m.hash]; !known {
		s.members[m.hash] = m.ID
	}
	s.front.add(s.columns(&m), m.Mean)
	s.extendObjectiveFront(&m)
	s.selected = nil
	if m.Full && m.Mean > s.pool[s.best].Mean {
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
	if p.Kind != ProposalReflect {
		m.next = max(parent.next, s.pool[p.Parents[1]].next)
	} else {
		m.next = s.after(p.Components)
	}
}

// score fills in a member's validation scores from the rollouts. Of a partly
// validated member, the first examples of the validation order are there; 0
// means all.
func (s *State) score(m *Member, validated int) error {
	m.hash = m.Texts.Hash()
	refs := s.run.Validation
	objectives := s.run.Options.Objectives
	if validated < 0 || validated > len(refs) {
		return fmt.Errorf("journal: candidate %d is validated on %d of %d examples", m.ID, validated, len(refs))
	}
	m.Full = validated == 0 || validated == len(refs)
	m.Validated = validated
	order := s.order[:validated]
	m.Scores = make([]float64, len(refs))
	if m.Full {
		m.Validated = len(refs)
		order = s.order
	} else {
		for i := range m.Scores {
			m.Scores[i] = math.NaN()
		}
	}
	m.Objectives = make([]float64, len(objectives))
	for _, i := range order {
		o, ok := s.rollouts[RolloutKey{Candidate: m.hash, Example: refs[i].Hash}]
		if !ok {
			return fmt.Errorf("journal: candidate %d joins the pool without a rollout on validation example %q", m.ID, refs[i].ID)
		}
		m.Scores[i] = o.rollout.Score
	}
	for _, i := range slices.Sorted(slices.Values(order)) {
		o := s.rollouts[RolloutKey{Candidate: m.hash, Example: refs[i].Hash}]
		for k, obj := range objectives {
			m.Objectives[k] += o.rollout.Objectives[obj.Name] / float64(len(order))
		}
	}
	m.Mean = meanRun(m.Scores)
	return nil
}

func (s *State) applyRollout(e RolloutDone) {
	if _, known := s.rollouts[e.Job]; known {
		return
	}
	o := &outcome{rollout: e.Rollout, traced: len(e.Rollout.Trace) > 0}
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
		o.rollout.Trace = withoutExchanges(o.rollout.Trace)
	}
	s.rollouts[e.Job] = o
	if s.testAt[e.Job.Example] {
		s.spend.Test = s.spend.Test.Add(e.Rollout.Usage)
		return
	}
	s.searchRollouts++
	s.spend.Task = s.spend.Task.Add(e.Rollout.Usage)
}

// withoutExchanges returns a trace without the exact messages. Of a step that
// failed the last reply stays: what could not be read is worth reflecting on.
func withoutExchanges(trace []Step) []Step {
	out := slices.Clone(trace)
	for i, step := range out {
		out[i].Exchanges = nil
		if n := len(step.Exchanges); n > 0 && step.Problem != "" {
			last := step.Exchanges[n-1]
			last.Messages = nil
			out[i].Exchanges = []Exchange{last}
		}
	}
	return out
}

func (s *State) applyCall(e CallDone) {
	usage := e.Result.Exchange.Usage
	if n := e.Proposal; n >= 1 && n <= len(s.proposals) {
		p := &s.proposals[n-1]
		if _, known := s.calls[n][e.Call]; known || p.Committed {
			return
		}
		p.Spend = p.Spend.Add(usage)
	}
	if s.calls[e.Proposal] == nil {
		s.calls[e.Proposal] = map[CallKey]Call{}
	}
	s.calls[e.Proposal][e.Call] = e.Result
	if e.Call.Role == RoleJudge {
		s.spend.Judge = s.spend.Judge.Add(usage)
	} else {
		s.spend.Reflection = s.spend.Reflection.Add(usage)
	}
}
