package report

import (
	"time"

	"github.com/gepa-go/gepa"
)

// A Pace estimates when a run will end, from the speed of its present session.
// The zero value is that of a run that has not begun.
type Pace struct {
	// TestDone of TestTotal rollouts on the test set are done; the total is 0
	// until the set is opened.
	TestDone, TestTotal int

	test map[string]bool // the test set, by hash
	// Where this session began.
	rollouts, tests int
}

// Note takes note of an event that was applied to the state.
func (p *Pace) Note(s *gepa.State, e gepa.Event) {
	switch e := e.(type) {
	case gepa.RunStarted:
		p.test = map[string]bool{}
		for _, ref := range e.Test {
			p.test[ref.Hash] = true
		}
	case gepa.SessionStarted:
		p.rollouts, p.tests = s.Rollouts(), p.TestDone
	case gepa.TestOpened:
		p.TestTotal = len(e.Candidates) * len(p.test)
	case gepa.RolloutDone:
		if p.test[e.Job.Example] {
			p.TestDone++
		}
	}
}

// Left estimates the time to the run's end: what is left of the budget at the
// proposals' usual number of rollouts, and the test set. Elapsed is the time
// since the session began. It reports false while there is nothing to go by.
func (p *Pace) Left(s *gepa.State, budget gepa.Budget, elapsed time.Duration) (time.Duration, bool) {
	done := s.Rollouts() - p.rollouts + p.TestDone - p.tests
	if done < 3 || elapsed <= 0 || len(s.Pool()) == 0 {
		return 0, false
	}
	each := elapsed / time.Duration(done)
	test := time.Duration(max(2*len(p.test)-p.TestDone, 0)) * each
	if s.Stop() != nil {
		return time.Duration(max(p.TestTotal-p.TestDone, 0)) * each, true
	}
	search, known := time.Duration(0), false
	atMost := func(d time.Duration) {
		if !known || d < search {
			search, known = max(d, 0), true
		}
	}
	if committed := s.Committed(); budget.Proposals > 0 && committed > 0 {
		base := len(s.Run().Validation)
		perProposal := float64(s.Rollouts()-base) / float64(committed)
		atMost(time.Duration(float64(budget.Proposals-committed) * perProposal * float64(each)))
	}
	if budget.Rollouts > 0 {
		atMost(time.Duration(budget.Rollouts-s.Rollouts()) * each)
	}
	if budget.Time > 0 {
		atMost(budget.Time - elapsed)
	}
	return search + test, known
}
