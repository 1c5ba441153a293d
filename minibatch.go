package gepa

import "slices"

// Sampling says how minibatches are drawn from the feedback set.
type Sampling string

// The kinds of sampling.
const (
	// SampleEpoch walks through the feedback set in epochs. It is the paper's
	// way, and the default.
	SampleEpoch Sampling = "epoch"
	// SampleFailures leaves examples out that the parent is known to solve,
	// as long as there are others: it learns nothing from them. What a child
	// breaks on them shows in its validation.
	SampleFailures Sampling = "failures"
)

// minibatch returns the number-th minibatch (from 0) as indices into a
// feedback set of n examples. Minibatches walk through the set in epochs: each
// epoch is shuffled anew, and within an epoch no example comes twice. Where
// size does not divide n, the few examples left over at the end of an epoch
// wait for a later one. Where there is a choice, an epoch does not begin with
// the minibatch that the one before ended with. A size of n or more is the
// whole set.
func minibatch(seed uint64, n, size, number int) []int {
	size = min(size, n)
	perEpoch := n / size
	epoch, within := number/perEpoch, number%perEpoch
	order := draw(seed, "minibatch", epoch).Perm(n)
	if epoch > 0 && perEpoch > 2 && within < 2 {
		before := draw(seed, "minibatch", epoch-1).Perm(n)
		if sameSet(order[:size], before[(perEpoch-1)*size:perEpoch*size]) {
			order[size-1], order[size] = order[size], order[size-1]
		}
	}
	return order[within*size : (within+1)*size]
}

// sameSet reports whether two lists without repetition have the same members.
func sameSet(a, b []int) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x int) bool { return !slices.Contains(b, x) })
}

// batch draws the next minibatch for a parent.
func (s *State) batch(parent int) []int {
	o, n := s.run.Options, len(s.run.Feedback)
	if o.Sampling != SampleFailures {
		return minibatch(o.Seed, n, o.Minibatch, s.minibatches)
	}
	var open, solved []int
	for _, i := range draw(o.Seed, "failures", s.minibatches).Perm(n) {
		// Only what committed proposals ran is known: what others have run so
		// far depends on how fast they are.
		done, ok := s.rollouts[RolloutKey{Candidate: s.pool[parent].hash, Example: s.run.Feedback[i].Hash}]
		if ok && done.charged && done.rollout.Score >= o.PerfectScore-scoreTie {
			solved = append(solved, i)
		} else {
			open = append(open, i)
		}
	}
	return slices.Concat(open, solved)[:min(o.Minibatch, n)]
}

// furtherExamples draws the examples that an undecided gate may add to a
// proposal's minibatch.
func (s *State) furtherExamples(plan ProposalPlanned) []int {
	o := s.run.Options
	if o.Acceptance != AcceptPaired {
		return nil
	}
	var out []int
	for _, i := range draw(o.Seed, "more", plan.Proposal).Perm(len(s.run.Feedback)) {
		if len(out) < o.More && !slices.Contains(plan.Examples, i) {
			out = append(out, i)
		}
	}
	return out
}
