package gepa

import (
	"context"
	"time"
)

// A Result is what a run found.
type Result struct {
	// Best is the candidate with the highest mean validation score; the seed
	// where nothing better was found, and nil where the seed's validation did
	// not end.
	Best *Member
	// Pool holds every validated candidate, by id; the seed is first.
	Pool []Member
	// Frontier lists the ids of the candidates on the frontier, ascending.
	Frontier []int
	// History holds every proposal, in order.
	History []Proposal
	// Rollouts is the number of rollouts that counted towards the budget.
	Rollouts int
	// Spend is what the run consumed, all sessions together.
	Spend Spend
	// Stop says why the search ended.
	Stop Stopped
	// Test is the measurement on the sealed test set; nil if there is no test
	// set, the search did not come to its end, or a spending cap ([ErrBudget])
	// ended the reading.
	Test *Test
	// Elapsed is the wall-clock time of this session.
	Elapsed time.Duration
}

// A Test is the seed and the winner measured on the sealed test set. The
// slices follow the order of [Data.Test].
type Test struct {
	Seed, Best []Rollout
	// Readings is how often the set was opened in the run's life. More than
	// once makes its figures worth less.
	Readings int
}

// result folds the state into a Result; err is what ended the run, if
// anything did.
func (e *engine) result(ctx context.Context, err error) *Result {
	s := e.state
	r := &Result{
		Pool:     s.pool,
		Frontier: s.Frontier(),
		History:  s.proposals,
		Rollouts: s.searchRollouts,
		Spend:    s.spend,
		Elapsed:  time.Since(e.started),
	}
	if best, ok := s.Best(); ok {
		r.Best = &best
	}
	switch {
	case s.stop != nil:
		r.Stop = *s.stop
	case err != nil && ctx.Err() != nil:
		r.Stop = Stopped{Reason: StopInterrupted, Detail: "interrupted"}
	case err != nil:
		r.Stop = Stopped{Reason: StopFailed, Detail: err.Error()}
	}
	if err == nil && r.Best != nil && len(e.data.Test) > 0 {
		seed, readSeed := e.testRollouts(s.pool[0])
		best, readBest := e.testRollouts(*r.Best)
		if readSeed && readBest {
			r.Test = &Test{Seed: seed, Best: best, Readings: s.TestReadings()}
		}
	}
	return r
}

// testRollouts returns a member's rollouts on the test set, and whether that
// was read to its end.
func (e *engine) testRollouts(m Member) (out []Rollout, complete bool) {
	out = make([]Rollout, len(e.data.Test))
	complete = true
	for i, ref := range e.state.run.Test {
		var done bool
		out[i], done = e.state.Rollout(RolloutKey{Candidate: m.hash, Example: ref.Hash})
		complete = complete && done
	}
	return out, complete
}
