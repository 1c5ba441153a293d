package gepa

import "fmt"

// maxIdle is how many proposals in a row may use nothing of a budget of
// rollouts before the search stops: without a bound on proposals it would go on
// for ever, and pay for reflections.
const maxIdle = 100

// stopReason returns why the search must end before the given plan, if it
// must. It looks at nothing but the state, so that it holds for a resumed run
// at the same place. The time is watched elsewhere.
func stopReason(s *State, b Budget, next ProposalPlanned) (Stopped, bool) {
	best, _ := s.Best()
	switch {
	case b.TargetScore > 0 && best.Mean >= b.TargetScore-scoreTie:
		return Stopped{StopTarget, fmt.Sprintf("candidate %d reached the target score: %.4f ≥ %.4f", best.ID, best.Mean, b.TargetScore)}, true
	case b.Proposals > 0 && len(s.proposals) >= b.Proposals:
		return Stopped{StopProposals, allMade(b.Proposals)}, true
	case b.NoImprovement > 0 && len(s.proposals)-s.bestSince >= b.NoImprovement:
		return Stopped{StopNoImprovement, fmt.Sprintf("%d proposals in a row found no better candidate", len(s.proposals)-s.bestSince)}, true
	case b.Proposals == 0 && s.idle >= maxIdle:
		return Stopped{StopExhausted, fmt.Sprintf("%d proposals in a row ran nothing that was not run before: the search has nothing left to try", s.idle)}, true
	case b.Rollouts > 0 && !s.affords(b.Rollouts, next):
		return Stopped{StopRollouts, fmt.Sprintf("%d of %d rollouts are left, and the next proposal can use %d", max(b.Rollouts-s.charged, 0), b.Rollouts, s.mostOf(next))}, true
	}
	return Stopped{}, false
}

// covers reports whether a budget pays for the proposals under way, as that
// which they were planned under did.
func (s *State) covers(b Budget) bool {
	return b.Rollouts == 0 || s.InFlight() == 0 || s.charged+s.reserved <= b.Rollouts
}

func proposalWords(n int) string {
	if n == 1 {
		return "1 proposal"
	}
	return fmt.Sprintf("%d proposals", n)
}

func allMade(proposals int) string {
	if proposals == 1 {
		return "the one proposal is made"
	}
	return fmt.Sprintf("all %d proposals are made", proposals)
}
