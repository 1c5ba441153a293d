package gepa

import (
	"fmt"
	"slices"
)

// mergePlan returns the plan of a merge, if one is due: after a reflection was
// accepted, while merges are left, and where two candidates on the frontier
// can be crossed into a new one.
func mergePlan(s *State) (ProposalPlanned, bool) {
	o := s.run.Options
	if s.merges >= o.MaxMerges || !s.mergeDue {
		return ProposalPlanned{}, false
	}
	number := len(s.proposals) + 1
	if len(s.run.Components) == 1 {
		return modelMergePlan(s, number)
	}
	c, ok := findCross(s, number)
	if !ok {
		return ProposalPlanned{}, false
	}
	screen := mergeScreen(o.Seed, number, s.pool[c.a].Scores, s.pool[c.b].Scores, o.MergeScreen)
	var changed []string
	for _, comp := range s.run.Components {
		if c.texts[comp.Name] != s.pool[c.a].Texts[comp.Name] {
			changed = append(changed, comp.Name)
		}
	}
	return ProposalPlanned{
		Proposal:   number,
		Kind:       ProposalMerge,
		Parents:    []int{c.a, c.b},
		Ancestor:   c.ancestor,
		Components: changed,
		Examples:   screen,
		After:      s.done,
		Reserved:   s.mergeBase(len(screen)),
	}, true
}

// modelMergePlan returns the plan of a merge by model, for systems of one
// component, whose texts cannot be crossed: two candidates on the frontier that
// both changed the text of a common ancestor. The better one is the parent that
// the child must beat on a minibatch.
func modelMergePlan(s *State, number int) (ProposalPlanned, bool) {
	o := s.run.Options
	name := s.run.Components[0].Name
	if !o.MergeByModel || s.traced && !s.seen[name] {
		return ProposalPlanned{}, false
	}
	var found *cross
	s.eachPair(number, func(a, b int, shared []int) bool {
		if s.merged[pairKey(a, b)] || s.pool[a].Texts[name] == s.pool[b].Texts[name] {
			return false
		}
		for _, id := range shared {
			if text := s.pool[id].Texts[name]; text != s.pool[a].Texts[name] && text != s.pool[b].Texts[name] {
				found = &cross{a: a, b: b, ancestor: id}
				return true
			}
		}
		return false
	})
	if found == nil {
		return ProposalPlanned{}, false
	}
	if s.pool[found.b].Mean > s.pool[found.a].Mean {
		found.a, found.b = found.b, found.a
	}
	plan := ProposalPlanned{
		Proposal:   number,
		Kind:       ProposalMergeByModel,
		Parents:    []int{found.a, found.b},
		Ancestor:   found.ancestor,
		Components: []string{name},
		Examples:   s.batch(found.a),
		After:      s.done,
		Reserved:   costOf(o, len(s.run.Feedback), len(s.run.Validation)).base(),
	}
	plan.More = s.furtherExamples(plan)
	return plan, true
}

// pairKey names a pair of candidates whose merge was tried.
func pairKey(a, b int) string { return fmt.Sprintf("%d+%d", min(a, b), max(a, b)) }

// A cross is two candidates, their common ancestor and the child they make.
type cross struct {
	a, b, ancestor int
	texts          Candidate
}

// maxCrosses bounds how many pairs a search for a cross looks at.
const maxCrosses = 500

// findCross looks for two candidates whose child is new: in no pool and tried
// by no earlier merge.
func findCross(s *State, proposal int) (cross, bool) {
	var found *cross
	s.eachPair(proposal, func(a, b int, shared []int) bool {
		for _, id := range shared {
			texts := crossover(s.pool[id], s.pool[a], s.pool[b])
			hash := texts.Hash()
			if _, member := s.members[hash]; !member && !s.merged[hash] {
				found = &cross{a: a, b: b, ancestor: id, texts: texts}
				return true
			}
		}
		return false
	})
	if found == nil {
		return cross{}, false
	}
	return *found, true
}

// eachPair calls fn, until it returns true, for pairs of fully validated
// candidates on the frontier of which neither descends from the other, in drawn
// order, with their common ancestors that are no better than either.
func (s *State) eachPair(proposal int, fn func(a, b int, shared []int) bool) {
	front := slices.DeleteFunc(slices.Clone(s.Frontier()), func(id int) bool { return !s.pool[id].Full })
	r := draw(s.run.Options.Seed, "merge", proposal)
	r.Shuffle(len(front), func(i, j int) { front[i], front[j] = front[j], front[i] })
	lines := make(map[int][]int, len(front))
	for _, id := range front {
		lines[id] = ancestors(s.pool, id)
	}
	looked := 0
	for i, x := range front {
		for _, y := range front[i+1:] {
			if looked++; looked > maxCrosses {
				return
			}
			a, b := min(x, y), max(x, y)
			if slices.Contains(lines[b], a) {
				continue // one is the other's ancestor: nothing to bring together
			}
			var shared []int
			for _, id := range lines[a] {
				if s.pool[id].Full && slices.Contains(lines[b], id) && s.pool[id].Mean <= min(s.pool[a].Mean, s.pool[b].Mean)+scoreTie {
					shared = append(shared, id)
				}
			}
			r.Shuffle(len(shared), func(i, j int) { shared[i], shared[j] = shared[j], shared[i] })
			if fn(a, b, shared) {
				return
			}
		}
	}
}

// ancestors returns the ids of all that a candidate descends from, ascending.
func ancestors(pool []Member, id int) []int {
	var out []int
	todo := slices.Clone(pool[id].Parents)
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		if !slices.Contains(out, next) {
			out = append(out, next)
			todo = append(todo, pool[next].Parents...)
		}
	}
	slices.Sort(out)
	return out
}

// crossover takes each component from the side that changed it since the
// ancestor; where both did, from the better side, the first of equals.
func crossover(ancestor, a, b Member) Candidate {
	better := a
	if b.Mean > a.Mean {
		better = b
	}
	texts := make(Candidate, len(a.Texts))
	for name, old := range ancestor.Texts {
		x, y := a.Texts[name], b.Texts[name]
		switch {
		case x == old:
			texts[name] = y
		case y == old:
			texts[name] = x
		default:
			texts[name] = better.Texts[name]
		}
	}
	return texts
}

// mergeScreen draws validation examples for a quick look at a merged child: as
// nearly as possible a third each of those that the first parent wins, that
// the second wins, and that neither does.
func mergeScreen(seed uint64, proposal int, a, b []float64, size int) []int {
	size = min(size, len(a))
	r := draw(seed, "screen", proposal)
	var strata [3][]int
	for _, i := range r.Perm(len(a)) {
		switch {
		case a[i] > b[i]+scoreTie:
			strata[0] = append(strata[0], i)
		case b[i] > a[i]+scoreTie:
			strata[1] = append(strata[1], i)
		default:
			strata[2] = append(strata[2], i)
		}
	}
	var out []int
	for k := 0; len(out) < size; k = (k + 1) % len(strata) {
		if len(strata[k]) > 0 {
			out = append(out, strata[k][0])
			strata[k] = strata[k][1:]
		}
	}
	slices.Sort(out)
	return out
}
