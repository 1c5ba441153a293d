package stats

import (
	"cmp"
	"slices"
)

// Holm returns p-values that are corrected for there being several of them, by
// Holm's step-down method (Scand. J. Statist. 6, 1979, 65–70): whoever calls
// those below α significant is wrong about any of them with a probability of at
// most α, however the tests depend on each other. The order is that of the
// arguments. Corrected values are never below their own and at most 1.
func Holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	out := make([]float64, len(ps))
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, float64(len(ps)-rank)*ps[i]))
		out[i] = highest
	}
	return out
}
