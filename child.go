package gepa

import (
	"fmt"
	"slices"
)

// child returns the k-th child of a proposal whose reflection is done, or why
// there is none. It looks only at what the proposal may know of: its own
// reflections, and the candidates that were there when it was planned.
func (s *State) child(p *Proposal, k int) (c Candidate, why string) {
	parent := s.pool[p.Parents[0]].Texts
	r := p.children[k]
	if r.Refused != "" {
		return nil, r.Refused
	}
	texts := map[string]string{}
	for _, name := range p.Components {
		if text, ok := r.Texts[name]; ok && text != parent[name] {
			texts[name] = text
		}
	}
	if len(texts) == 0 {
		return nil, "the reflection left the texts as they were"
	}
	c = parent.With(texts)
	if id, known := s.members[c.Hash()]; known && s.pool[id].Proposal <= p.After {
		return nil, fmt.Sprintf("the child is the same as candidate %d", id)
	}
	return c, ""
}

// wanted lists the rollouts that a committed proposal made use of. It follows
// from decisions and reflections alone, so that a proposal is charged for the
// same rollouts whoever ran them first.
func (s *State) wanted(p *Proposal, e ProposalCommitted) []RolloutKey {
	var keys []RolloutKey
	want := func(candidate string, refs []ExampleRef, at []int) {
		for _, i := range at {
			keys = append(keys, RolloutKey{Candidate: candidate, Example: refs[i].Hash})
		}
	}
	if p.Kind == ProposalMerge {
		want(s.childOfGate(p).Hash(), s.run.Validation, p.Examples)
	} else {
		parent := s.pool[p.Parents[0]].hash
		want(parent, s.run.Feedback, p.Examples)
		want(parent, s.run.Feedback, p.More[:p.Gate.More])
		for _, k := range sortedChildren(p) {
			if c, why := s.child(p, k); why == "" {
				want(c.Hash(), s.run.Feedback, p.Examples)
			}
		}
		if len(p.children) == 0 && len(p.Gate.Texts) > 0 { // a journal of format 1
			want(s.childOfGate(p).Hash(), s.run.Feedback, p.Examples)
		}
		if p.Gate.More > 0 {
			want(s.childOfGate(p).Hash(), s.run.Feedback, p.More[:p.Gate.More])
		}
	}
	if p.Gate.Passed {
		validated := e.Validated
		if validated == 0 && e.Accepted {
			validated = len(s.order)
		}
		want(s.childOfGate(p).Hash(), s.run.Validation, s.order[:validated])
	}
	return keys
}

func sortedChildren(p *Proposal) []int {
	var out []int
	for k := range p.children {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
