package gepa

import "slices"

// FrontierKind says what the frontier is made of.
type FrontierKind string

// The kinds of frontier.
const (
	// FrontierByExample keeps, for every validation example, the candidates
	// that hold its best score. It is the paper's frontier, and the default.
	FrontierByExample FrontierKind = "example"
	// FrontierByObjective keeps the candidates whose vectors of mean
	// objectives are not dominated. It needs [Options.Objectives]. Every
	// candidate on it is equally likely to become a parent.
	FrontierByObjective FrontierKind = "objective"
	// FrontierByBoth adds to the frontier by example one column for each
	// objective, held by the candidates with its best mean.
	FrontierByBoth FrontierKind = "both"
)

// ParetoFront returns the indices, ascending, of the points that no other
// point dominates. A point dominates another if it is at least as good in
// every objective and better in one. Each point has one value for each
// objective, as measured; only the objectives' directions matter.
func ParetoFront(points [][]float64, objectives []Objective) []int {
	var front []int
	for i, p := range points {
		dominated := slices.ContainsFunc(points, func(q []float64) bool { return dominates(q, p, objectives) })
		if !dominated {
			front = append(front, i)
		}
	}
	return front
}

func dominates(a, b []float64, objectives []Objective) bool {
	better := false
	for k, o := range objectives {
		x, y := a[k], b[k]
		if o.Direction == Minimize {
			x, y = y, x
		}
		if x < y {
			return false
		}
		better = better || x > y
	}
	return better
}
