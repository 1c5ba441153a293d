package gepa

import "math"

// Staged configures staged validation: a new candidate is scored on growing
// parts of the validation set, and no further once it can hardly be the best
// any more. The zero value validates every candidate in full, as the paper
// does.
//
// After each stage but the last, the candidate's scores are compared with
// those of the best candidate known when its proposal was planned, example by
// example. With d the mean difference and e its standard error (with the
// correction for a finite population, since the question is about this
// validation set), the candidate is given up where d + Z·e < 0. It keeps the
// places on the frontier that it has won; it can be a parent and never the
// result. What this saves, and how often it gives up a better candidate, is
// measured in docs/search.md.
type Staged struct {
	// First is the number of examples of the first stage; 0 switches staged
	// validation off.
	First int `json:"first,omitempty"`
	// Growth is by how much each stage's part is larger than the one before.
	// Defaults to 2.
	Growth float64 `json:"growth,omitempty"`
	// Z is how many standard errors below the best a candidate must be to be
	// given up. Defaults to 1.
	Z float64 `json:"z,omitempty"`
}

func (v Staged) withDefaults() Staged {
	if v.First > 0 {
		setDefault(&v.Growth, 2)
		setDefault(&v.Z, 1)
	}
	return v
}

// validate reports what is wrong.
func (v Staged) validate(bad func(format string, args ...any)) {
	if v.First < 0 {
		bad("Staged.First is %d, want 0 (off) or the examples of the first stage", v.First)
	}
	if v.Growth != 0 && v.Growth <= 1 || math.IsNaN(v.Growth) {
		bad("Staged.Growth is %v, want more than 1", v.Growth)
	}
	if v.Z < 0 || math.IsNaN(v.Z) {
		bad("Staged.Z is %v, want 0 or more standard errors", v.Z)
	}
}

// next returns the part of n examples that follows a part of done examples.
func (v Staged) next(done, n int) int {
	switch {
	case v.First <= 0:
		return n
	case done == 0:
		return min(v.First, n)
	default:
		return min(max(done+1, int(math.Ceil(float64(done)*v.Growth))), n)
	}
}

// givesUp reports whether a candidate with these differences to the best, on
// some of n examples, can hardly be better on all of them.
func (v Staged) givesUp(diffs []float64, n int) bool {
	k := len(diffs)
	if k < 2 || k >= n {
		return false
	}
	d := mean(diffs)
	var squares float64
	for _, x := range diffs {
		squares += (x - d) * (x - d)
	}
	variance := squares / float64(k-1)
	e := math.Sqrt(variance / float64(k) * (1 - float64(k)/float64(n)))
	return d+v.Z*e < -scoreTie
}

// validationOrder returns the order in which a candidate meets the validation
// examples: the same for every candidate, so that all differences are paired.
func validationOrder(o Options, n int) []int {
	if o.Staged.First > 0 {
		return draw(o.Seed, "validation", 0).Perm(n)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}
