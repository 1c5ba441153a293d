package gepa

import "fmt"

// A budget of rollouts is never exceeded, and what it allows never depends on
// how fast the work is. Three rules see to both:
//
//  1. A proposal is planned if its base (everything but the later stages of
//     its validation) fits beside the bases of those in flight, with the later
//     stages of a few of them kept free ([kept]).
//  2. A later stage is granted at once if it fits whatever the others do: every
//     older proposal at its most, as many younger ones as there can be at
//     their bases.
//  3. Otherwise it waits until its proposal is the oldest, and is granted if it
//     fits beside the bases of the younger ones that are in flight then. If it
//     does not, the candidate stays partly validated.
//
// What rule 2 grants rule 3 would grant, too: older proposals are charged for
// no more than their most, and there are no more younger ones than can be. So
// the answer follows from commits alone. And the highest proposal that was
// granted anything had counted all others at what they can have, so that no two
// grants can exceed the budget together.

// kept returns how many validations in full a plan keeps free, for one of so
// many proposals in flight.
func kept(inFlight, most int) int { return min(inFlight+1, (most+3)/4) }

// mergeBase returns the base of a merge: its screen and the first stage of its
// validation, which may have examples in common.
func (s *State) mergeBase(screen int) int {
	n := len(s.run.Validation)
	return min(screen+s.run.Options.Staged.next(0, n), n)
}

// mostOf returns the most rollouts that a planned proposal can use.
func (s *State) mostOf(p ProposalPlanned) int {
	n := len(s.run.Validation)
	if p.Kind == ProposalMerge {
		return n
	}
	return p.Reserved + n - s.run.Options.Staged.next(0, n)
}

// affords reports whether a budget of rollouts pays for the next proposal.
func (s *State) affords(rollouts int, next ProposalPlanned) bool {
	rest := s.mostOf(next) - next.Reserved
	return s.charged+s.reserved+next.Reserved+kept(s.InFlight(), s.run.Options.InFlight)*rest <= rollouts
}

// granted is the answer to a proposal that asks for a later stage.
type granted int

const (
	grantWait granted = iota
	grantYes
	grantNo
)

// grant answers a proposal whose validation is to go on to so many examples.
func (s *Search) grant(w *work, p *Proposal, to int) granted {
	limit := s.budget.Rollouts
	if limit <= 0 {
		return grantYes
	}
	st := s.state
	own := min(p.Reserved+to-st.run.Options.Staged.next(0, len(st.order)), st.mostOf(p.ProposalPlanned))
	if w != s.open[0] {
		need := st.charged + own
		for n := st.done; n < p.Proposal-1; n++ {
			need += st.mostOf(st.proposals[n].ProposalPlanned)
		}
		// A merge's base can be the larger, where minibatches are small.
		younger := max(costOf(st.run.Options, len(st.run.Feedback), len(st.run.Validation)).base(), st.mergeBase(st.run.Options.MergeScreen))
		if need += younger * (max(st.run.Options.InFlight, 1) - 1); need <= limit {
			return grantYes
		}
		return grantWait
	}
	need := st.charged + own
	for _, younger := range st.proposals[p.Proposal:] {
		need += younger.Reserved
	}
	if need <= limit {
		return grantYes
	}
	w.gaveUp = fmt.Sprintf("the budget does not reach for the rest of its validation, after %d of %d examples", w.validated, len(st.order))
	return grantNo
}
