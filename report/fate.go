package report

import (
	"fmt"

	"github.com/gepa-go/gepa"
)

// Fate says what became of a proposal.
type Fate string

// The fates, in the order in which they are counted.
const (
	// FateAccepted: the child passed the gate and joined the pool.
	FateAccepted Fate = "accepted"
	// FatePartial: the child passed the gate and joined the pool, but its
	// validation was given up on the way: it can be a parent and not the best.
	FatePartial Fate = "accepted_in_part"
	// FateNoGain: the child was not better than its parent on the minibatch
	// or, for a merge, worse than the better parent on the screen.
	FateNoGain Fate = "no_gain"
	// FateUnusable: the reflection gave no usable new text.
	FateUnusable Fate = "unusable_text"
	// FateDuplicate: the child was the same as a candidate of the pool.
	FateDuplicate Fate = "duplicate"
	// FatePerfect: the parent had the best possible score on the whole
	// minibatch, so there was nothing to learn.
	FatePerfect Fate = "nothing_to_learn"
	// FateUnfinished: the run ended before the proposal did.
	FateUnfinished Fate = "unfinished"
)

// Fates returns all there are, in order.
func Fates() []Fate {
	return []Fate{FateAccepted, FatePartial, FateNoGain, FateUnusable, FateDuplicate, FatePerfect, FateUnfinished}
}

// words says a fate to people, after a number.
func (f Fate) words() string {
	switch f {
	case FateAccepted:
		return "accepted"
	case FatePartial:
		return "accepted, validated in part"
	case FateNoGain:
		return "no better on the minibatch"
	case FateUnusable:
		return "without a usable new text"
	case FateDuplicate:
		return "same as an earlier candidate"
	case FatePerfect:
		return "nothing to learn from the minibatch"
	default:
		return "unfinished"
	}
}

// scoreTie is the difference below which two sums of scores are equal, as the
// gate sees it.
const scoreTie = 1e-9

// FateOf returns what became of a proposal. The pool is that of the same run,
// and perfect the best score that a rollout can have.
func FateOf(p gepa.Proposal, pool []gepa.Member, perfect float64) Fate {
	switch {
	case !p.Committed || p.Gate == nil:
		return FateUnfinished
	case p.Gate.Passed && p.Candidate < 0:
		return FateDuplicate // of one that was accepted while it was in flight
	case p.Gate.Passed && !pool[p.Candidate].Full:
		return FatePartial
	case p.Gate.Passed:
		return FateAccepted
	case len(p.Gate.Texts) == 0 && p.Gate.Parent >= float64(len(p.Examples))*perfect-scoreTie:
		return FatePerfect
	case len(p.Gate.Texts) == 0:
		return FateUnusable
	}
	child := pool[p.Parents[0]].Texts.With(p.Gate.Texts)
	for _, m := range pool {
		if m.Proposal < p.Proposal && m.Texts.Equal(child) {
			return FateDuplicate
		}
	}
	return FateNoGain
}

// Reason says briefly why a proposal has its fate; "" if it was accepted.
func (f Fate) Reason(p gepa.Proposal) string {
	switch f {
	case FateAccepted:
		return ""
	case FatePartial:
		return p.Joined.Reason
	case FateNoGain:
		if p.Kind == gepa.ProposalMerge {
			return "worse than the better parent"
		}
		return "no better on the minibatch"
	case FatePerfect:
		return "nothing to learn: the parent is perfect on the minibatch"
	case FateUnfinished:
		return "unfinished"
	default:
		return p.Gate.Reason
	}
}

// origin says what a proposal starts from: "0", or "2 × 4" for a merge.
func origin(parents []int) string {
	if len(parents) == 2 {
		return fmt.Sprintf("%d × %d", parents[0], parents[1])
	}
	if len(parents) == 0 {
		return ""
	}
	return fmt.Sprint(parents[0])
}
