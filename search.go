package gepa

import (
	"errors"
	"fmt"
	"slices"
)

// A Search is the logic of a run without its execution: it says what to do
// next, given everything that was done. [Optimize] drives one with goroutines
// and a journal; a simulation can drive one in virtual time, a service with a
// queue.
//
// Whoever drives it asks, journals the decisions, has the tasks done, journals
// their results and tells them, in any order, and asks again. Equal options,
// data and results make equal decisions in an equal order, however the results
// were ordered and however often the search was begun again from its journal.
//
// A Search is not safe for concurrent use.
type Search struct {
	state  *State
	data   Data
	budget Budget

	open  []*work                // the seed's validation, or the proposals in flight by number
	waits map[RolloutKey][]*work // who waits for a rollout that is being done
	tasks []Task                 // to be handed out
	made  *madeTexts

	finishing bool
}

// Asked is what a [Search] wants done.
type Asked struct {
	// Decisions were made and are part of the search's state. They are to be
	// journaled, in order, before any of the tasks is begun.
	Decisions []Event
	// Tasks can begin now. Each is handed out once. Older proposals come
	// first, and should be preferred where not all can run at once.
	Tasks []Task
	// Done says that the search has stopped. If there are no tasks and it has
	// not, it waits for those handed out before.
	Done bool
}

// Purpose says what a task is for.
type Purpose string

// The purposes of a task.
const (
	PurposeSeed       Purpose = "seed"       // the seed's validation
	PurposeParent     Purpose = "parent"     // the parent on the minibatch
	PurposeReflection Purpose = "reflection" // new texts
	PurposeChild      Purpose = "child"      // the child on the minibatch
	PurposeScreen     Purpose = "screen"     // a merged child's quick look
	PurposeValidation Purpose = "validation" // the child's validation
	PurposeTest       Purpose = "test"       // the sealed test set; after the search
)

// A Task is one piece of work: a rollout or, if Reflect is not nil, a
// reflection. A rollout's result is a [RolloutDone], a reflection's a
// [ReflectionDone].
type Task struct {
	// Proposal is the number of the proposal that first asked for it; 0 is
	// the seed's validation.
	Proposal int
	Purpose  Purpose
	// Job and Key are the rollout.
	Job Job
	Key RolloutKey
	// Reflect asks for new texts; its Memo is nil.
	Reflect *ReflectRequest

	trimmed []RolloutKey // rollouts of Reflect whose traces are in the journal only
}

// Name names the task in errors and journals.
func (t Task) Name() string {
	if t.Reflect != nil {
		return fmt.Sprintf("proposal %d", t.Proposal)
	}
	return t.Key.String()
}

// NewSearch returns the search of a run whose opening, and perhaps more, has
// been applied to the state. The data must be the run's. The state belongs to
// the search from then on.
func NewSearch(state *State, data Data, budget Budget) (*Search, error) {
	if state.run == nil {
		return nil, errors.New("the run is not opened")
	}
	for _, set := range []struct {
		name     string
		refs     []ExampleRef
		examples []Example
	}{{"feedback", state.run.Feedback, data.Feedback}, {"validation", state.run.Validation, data.Validation}} {
		if len(set.refs) != len(set.examples) {
			return nil, fmt.Errorf("the run's %s set has %d examples, the data's %d", set.name, len(set.refs), len(set.examples))
		}
	}
	s := &Search{state: state, data: data, budget: budget, waits: map[RolloutKey][]*work{}, made: newMadeTexts(state)}
	if len(state.pool) == 0 {
		s.open = append(s.open, &work{})
	}
	for n := state.done; n < len(state.proposals); n++ {
		s.open = append(s.open, &work{number: n + 1})
	}
	return s, nil
}

// State returns what the run amounts to. It is to be read only.
func (s *Search) State() *State { return s.state }

// Ask returns what to do next. An error ends the search: the system or the
// journal is not as it must be.
func (s *Search) Ask() (Asked, error) {
	var a Asked
	for {
		// Everything that a commit allows is planned before the next commit:
		// the order of decisions must not tell how fast the work was.
		for planned := true; planned; {
			var err error
			if planned, err = s.plan(&a); err != nil {
				return a, err
			}
		}
		if s.state.stop != nil {
			break
		}
		for _, w := range s.open {
			if err := s.advance(w, &a); err != nil {
				return a, err
			}
		}
		committed, err := s.commit(&a)
		if err != nil {
			return a, err
		}
		if !committed {
			break
		}
	}
	a.Tasks, s.tasks = s.tasks, nil
	slices.SortStableFunc(a.Tasks, func(x, y Task) int { return x.Proposal - y.Proposal })
	a.Done = s.state.stop != nil
	return a, nil
}

// decide applies a decision and notes it for the journal.
func (s *Search) decide(a *Asked, e Event) error {
	if err := s.state.Apply(e); err != nil {
		return err
	}
	a.Decisions = append(a.Decisions, e)
	return nil
}

// Tell applies events that were journaled: results of tasks and model calls,
// failures, and what ends or reopens the search from outside. The events of
// [Asked.Decisions] are not to be told.
func (s *Search) Tell(events ...Event) error {
	for _, e := range events {
		if err := s.state.Apply(e); err != nil {
			return err
		}
		switch e := e.(type) {
		case RolloutDone:
			for _, w := range s.waits[e.Job] {
				w.missing--
			}
			delete(s.waits, e.Job)
		case ReflectionDone:
			for _, w := range s.open {
				if w.number == e.Proposal && w.reflecting[e.Child] {
					delete(w.reflecting, e.Child)
					w.missing--
					s.reflected(w, e.Child)
				}
			}
		}
	}
	return nil
}

// Finish has the search stop with [StopRequested] once the proposals in flight
// are committed, and plan no further one.
func (s *Search) Finish() { s.finishing = true }

// Return gives tasks back that were handed out and not done. They are handed
// out again.
func (s *Search) Return(tasks ...Task) { s.tasks = append(s.tasks, tasks...) }

// commit ends the oldest open proposal if it is done.
func (s *Search) commit(a *Asked) (bool, error) {
	if len(s.open) == 0 || s.open[0].stage != stageDone || s.state.stop != nil {
		return false, nil
	}
	w := s.open[0]
	c := s.committed(w)
	if err := s.decide(a, c); err != nil {
		return false, err
	}
	s.made.add(s.state, c)
	s.open = s.open[1:]
	return true, nil
}

// committed returns the decision that ends a proposal, noting the components
// that its rollouts were the first to show.
func (s *Search) committed(w *work) ProposalCommitted {
	c := ProposalCommitted{Proposal: w.number}
	var keys []RolloutKey
	if w.number == 0 {
		c.Accepted = true
		hash := s.state.seed().Hash()
		for _, ref := range s.state.run.Validation {
			keys = append(keys, RolloutKey{Candidate: hash, Example: ref.Hash})
		}
	} else {
		p := &s.state.proposals[w.number-1]
		c.Accepted, c.Reason = p.Gate.Passed, w.gaveUp
		if c.Accepted && w.validated < len(s.state.order) {
			c.Validated = w.validated
		}
		if c.Accepted {
			if id, known := s.state.members[s.state.childOfGate(p).Hash()]; known {
				c.Accepted, c.Validated = false, w.validated
				c.Reason = fmt.Sprintf("the child is the same as candidate %d, which was accepted meanwhile", id)
			}
		}
		keys = s.state.wanted(p, c)
	}
	for _, key := range keys {
		o, ok := s.state.rollouts[key]
		if !ok {
			continue
		}
		c.Traced = c.Traced || o.traced
		for _, name := range o.components {
			if s.state.component(name) >= 0 && !s.state.seen[name] && !slices.Contains(c.Seen, name) {
				c.Seen = append(c.Seen, name)
			}
		}
	}
	slices.Sort(c.Seen)
	return c
}

// plan plans the next proposal if there is room for one, or stops the search.
func (s *Search) plan(a *Asked) (bool, error) {
	st := s.state
	if st.stop != nil || len(st.pool) == 0 {
		return false, nil
	}
	if !st.covers(s.budget) {
		return false, s.decide(a, Stopped{StopRollouts, fmt.Sprintf(
			"%d of %d rollouts are left, and the proposals under way, planned under a larger budget, can use %d",
			max(s.budget.Rollouts-st.charged, 0), s.budget.Rollouts, st.reserved)})
	}
	if s.finishing && st.InFlight() == 0 {
		return false, s.decide(a, Stopped{StopRequested, "it was asked to stop after " + proposalWords(st.done)})
	}
	if s.finishing || st.InFlight() >= st.depth() {
		return false, nil
	}
	plan, err := nextPlan(st)
	if err != nil {
		if st.InFlight() > 0 {
			return false, nil // what is under way may change that
		}
		return false, err
	}
	if stop, stops := stopReason(st, s.budget, plan); stops {
		if st.InFlight() > 0 {
			return false, nil
		}
		return false, s.decide(a, stop)
	}
	if err := s.decide(a, plan); err != nil {
		return false, err
	}
	s.open = append(s.open, &work{number: plan.Proposal})
	return true, nil
}

// depth returns how many proposals may be in flight.
func (s *State) depth() int {
	o := s.run.Options
	depth := max(o.InFlight, 1)
	if o.PerMember > 0 {
		depth = min(depth, o.PerMember*len(s.pool))
	}
	return depth
}
