package gepa

import (
	"cmp"
	"fmt"
	"slices"
)

// nextPlan returns the plan of the next proposal. It is a pure function of the
// state, so that a resumed run, a report and a controller outside come to the
// same plan.
func nextPlan(s *State) (ProposalPlanned, error) {
	if plan, ok := mergePlan(s); ok {
		return plan, nil
	}
	o := s.run.Options
	number := len(s.proposals) + 1
	parent := selectParent(s, number)
	components, err := chooseComponents(s, parent)
	if err != nil {
		return ProposalPlanned{}, err
	}
	plan := ProposalPlanned{
		Proposal:   number,
		Kind:       ProposalReflect,
		Parents:    []int{parent},
		Components: components,
		Examples:   s.batch(parent),
		After:      s.done,
		Reserved:   costOf(o, len(s.run.Feedback), len(s.run.Validation)).base(),
	}
	plan.More = s.furtherExamples(plan)
	return plan, nil
}

// selectParent draws the candidate that a proposal starts from.
func selectParent(s *State, proposal int) int {
	o := s.run.Options
	r := draw(o.Seed, "parent", proposal)
	switch o.Parent {
	case ParentBest:
		return s.best
	case ParentEpsilonGreedy:
		if r.Float64() < o.Epsilon {
			return r.IntN(len(s.pool))
		}
		return s.best
	case ParentTopK:
		top := s.top(o.TopK)
		return top[r.IntN(len(top))]
	}
	if o.Frontier == FrontierByObjective {
		front := s.objectiveFront
		return front[r.IntN(len(front))]
	}
	return s.selection().Draw(r)
}

// top returns the k fully validated candidates with the highest means, the
// earliest of equals.
func (s *State) top(k int) []int {
	var ids []int
	for i := range s.pool {
		if s.pool[i].Full {
			ids = append(ids, i)
		}
	}
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(s.pool[b].Mean, s.pool[a].Mean) })
	return ids[:min(k, len(ids))]
}

// UntracedError says that a system traces its rollouts, but that no trace names
// any of its components: texts would be rewritten that nothing reads.
type UntracedError struct {
	// Components are the system's.
	Components []string
}

// Unwrap makes the error match [ErrInvalid].
func (e *UntracedError) Unwrap() error { return ErrInvalid }

func (e *UntracedError) Error() string {
	return fmt.Sprintf("no trace names any of the components %q: optimizing their texts would change nothing; "+
		"check that the program calls the predictors it lists, and that a system of your own names its components in its traces", e.Components)
}

// chooseComponents picks the components that a proposal rewrites. A component
// that traces have not shown yet waits until they do, since its text might be
// one that nothing reads; a system without traces is exempt.
func chooseComponents(s *State, parent int) ([]string, error) {
	all := s.run.Components
	readable := func(c Component) bool { return !s.traced || s.seen[c.Name] }
	if !slices.ContainsFunc(all, readable) {
		e := &UntracedError{}
		for _, c := range all {
			e.Components = append(e.Components, c.Name)
		}
		return nil, e
	}
	var chosen []string
	for i := range all {
		c := all[(s.pool[parent].next+i)%len(all)]
		if s.run.Options.Components == ComponentAll {
			c = all[i]
		}
		if !readable(c) {
			continue
		}
		chosen = append(chosen, c.Name)
		if s.run.Options.Components == ComponentRoundRobin {
			break
		}
	}
	return chosen, nil
}
