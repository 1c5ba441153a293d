package gepa

import (
	"fmt"
	"math"
)

// proposalCost is what a reflective proposal runs.
type proposalCost struct {
	minibatch  int // examples on which parent and children are compared
	children   int
	more       int // further examples of an undecided gate
	validation int
	first      int // the first stage of validation; all of it where that is not staged
}

func costOf(o Options, feedback, validation int) proposalCost {
	c := proposalCost{minibatch: min(o.Minibatch, feedback), children: max(o.Children, 1), validation: validation}
	c.first = o.Staged.next(0, validation)
	if o.Acceptance == AcceptPaired {
		c.more = min(o.More, feedback-c.minibatch)
	}
	return c
}

// base is what the proposal can use before it is granted more: all but the
// later stages of its validation.
func (c proposalCost) base() int {
	return c.minibatch*(1+c.children) + 2*c.more + c.first
}

// rest is the later stages of its validation.
func (c proposalCost) rest() int { return c.validation - c.first }

// most is the most rollouts that the proposal can use.
func (c proposalCost) most() int { return c.base() + c.rest() }

// A BudgetError says that a budget cannot pay for one proposal.
type BudgetError struct {
	// Rollouts is the budget.
	Rollouts int
	// Validation is the size of the validation set, Minibatch that of a
	// minibatch.
	Validation, Minibatch int
	// Children is the number of children a proposal makes, More the number of
	// further examples that its gate may draw on; see [Options].
	Children, More int
}

// Need returns the smallest budget that pays for one proposal.
func (e *BudgetError) Need() int {
	c := proposalCost{minibatch: e.Minibatch, children: e.Children, more: e.More, validation: e.Validation, first: e.Validation}
	return e.Validation + c.most()
}

func (e *BudgetError) Error() string {
	compared := fmt.Sprintf("2 × %d for parent and child on a minibatch", e.Minibatch)
	if e.Children > 1 {
		compared = fmt.Sprintf("%d × %d for a parent and %d children on a minibatch", 1+e.Children, e.Minibatch, e.Children)
	}
	if e.More > 0 {
		compared += fmt.Sprintf(" + 2 × %d where the gate is undecided", e.More)
	}
	return fmt.Sprintf("a budget of %d rollouts cannot pay for one proposal: "+
		"%d to validate the seed + %s + %d to validate the child = %d; "+
		"raise the budget, or make the validation set or the minibatch smaller",
		e.Rollouts, e.Validation, compared, e.Validation, e.Need())
}

// check refuses a budget of rollouts that cannot pay for one proposal.
func (b Budget) check(c proposalCost) error {
	e := &BudgetError{Rollouts: b.Rollouts, Validation: c.validation, Minibatch: c.minibatch, Children: c.children, More: c.more}
	if b.Rollouts > 0 && b.Rollouts < e.Need() {
		return e
	}
	return nil
}

// Auto is one of DSPy's budget levels.
type Auto string

// DSPy's budget levels.
const (
	AutoLight  Auto = "light"
	AutoMedium Auto = "medium"
	AutoHeavy  Auto = "heavy"
)

// candidates returns how many candidates the level is meant to try.
func (a Auto) candidates() (int, error) {
	switch a {
	case AutoLight:
		return 6, nil
	case AutoMedium:
		return 12, nil
	case AutoHeavy:
		return 18, nil
	default:
		return 0, fmt.Errorf("budget level %q is none of %q, %q and %q", a, AutoLight, AutoMedium, AutoHeavy)
	}
}

// AutoRollouts returns the number of rollouts that DSPy's GEPA allots at a
// budget level to a program with so many components and a validation set of
// so many examples (its max_metric_calls).
func AutoRollouts(level Auto, components, validation int) (int, error) {
	candidates, err := level.candidates()
	if err != nil {
		return 0, err
	}
	return autoRollouts(candidates, components, validation), nil
}

// autoRollouts is DSPy's rule: bootstrapping of 5 rollouts a candidate, a
// number of trials that grows with the components and the logarithm of the
// candidates, each on a minibatch of 35, and a full validation every 5 trials,
// at the start and at the end.
func autoRollouts(candidates, components, validation int) int {
	const (
		bootstrap = 5
		minibatch = 35
		fullEvery = 5
	)
	trials := int(max(4*float64(components)*math.Log2(float64(candidates)), 1.5*float64(candidates)))
	if trials == 0 {
		return validation + bootstrap*candidates
	}
	full := (trials+1)/fullEvery + 1
	if trials < fullEvery {
		full++
	}
	return validation + bootstrap*candidates + trials*minibatch + full*validation
}
