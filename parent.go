package gepa

import "math/rand/v2"

// ParentRule says which candidate a proposal starts from.
type ParentRule string

// The rules for parents.
const (
	// ParentPareto draws from the frontier. It is the paper's rule, and the
	// default.
	ParentPareto ParentRule = "pareto"
	// ParentBest takes the best candidate.
	ParentBest ParentRule = "best"
	// ParentEpsilonGreedy takes the best candidate but, with the chance
	// [Options.Epsilon], any.
	ParentEpsilonGreedy ParentRule = "epsilon_greedy"
	// ParentTopK draws from the [Options.TopK] best.
	ParentTopK ParentRule = "top_k"
)

// Dominance says when a candidate on the frontier by example is dominated and
// therefore no parent.
type Dominance string

// The dominance rules.
const (
	// DominanceSubset drops a candidate whose set of won examples lies
	// strictly inside another candidate's. It is the paper's rule, and the
	// default.
	DominanceSubset Dominance = "subset"
	// DominanceCover drops a candidate whose every won example is also held by
	// a candidate that remains. Candidates are tried by ascending mean score,
	// ties by first appearance, and again from the start after each drop, as
	// in gepa's Python implementation.
	DominanceCover Dominance = "cover"
)

// A Selection is the frontier by example: who may become a parent, and how
// likely. Candidates are named by their index into the scores it was made of.
type Selection struct {
	// Best holds the best score of each example.
	Best []float64
	// Holders lists, for each example, the candidates that hold its best
	// score, ascending.
	Holders [][]int
	// Survivors lists the holders that no other dominates, ascending.
	Survivors []int
	// Reduced is Holders with the dominated candidates left out.
	Reduced [][]int
	// Wins counts, for each survivor (same index as Survivors), the examples
	// that it still holds. A parent is drawn in proportion to it.
	Wins []int
}

// scoreTie is how far two scores may be apart and still count as equal.
const scoreTie = 1e-9

// SelectByExample makes the frontier by example. The scores are indexed by
// candidate and then by example; NaN stands for an example that a candidate was
// not run on. It panics if they do not form a rectangle.
func SelectByExample(scores [][]float64, rule Dominance) Selection {
	var f front
	for _, row := range scores {
		f.add(row, meanRun(row))
	}
	return f.selection(rule)
}

// Draw picks a survivor with a chance proportional to its wins. It panics on
// an empty selection.
func (s Selection) Draw(r *rand.Rand) int {
	total := 0
	for _, w := range s.Wins {
		total += w
	}
	if total == 0 {
		return s.Survivors[r.IntN(len(s.Survivors))]
	}
	at := r.IntN(total)
	for i, w := range s.Wins {
		if at -= w; at < 0 {
			return s.Survivors[i]
		}
	}
	panic("gepa: draw past the last survivor")
}
