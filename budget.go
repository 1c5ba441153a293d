package gepa

import (
	"fmt"
	"math"
)

// proposalRollouts is the most rollouts a reflective proposal can use: parent
// and child on the minibatch, and the child's validation.
func proposalRollouts(minibatch, validation int) int { return 2*minibatch + validation }

// A BudgetError says that a budget cannot pay for one proposal.
type BudgetError struct {
	// Rollouts is the budget.
	Rollouts int
	// Validation is the size of the validation set, Minibatch that of a
	// minibatch.
	Validation, Minibatch int
}

// Need returns the smallest budget that pays for one proposal.
func (e *BudgetError) Need() int {
	return e.Validation + proposalRollouts(e.Minibatch, e.Validation)
}

func (e *BudgetError) Error() string {
	return fmt.Sprintf("a budget of %d rollouts cannot pay for one proposal: "+
		"%d to validate the seed + 2 × %d for parent and child on a minibatch + %d to validate the child = %d; "+
		"raise the budget, or make the validation set or the minibatch smaller",
		e.Rollouts, e.Validation, e.Minibatch, e.Validation, e.Need())
}

// check refuses a budget of rollouts that cannot pay for one proposal.
func (b Budget) check(minibatch, validation int) error {
	e := &BudgetError{Rollouts: b.Rollouts, Validation: validation, Minibatch: minibatch}
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
