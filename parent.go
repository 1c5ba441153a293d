package gepa

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
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
// candidate and then by example, and every candidate has a score for every
// example. It panics if they do not form a rectangle.
func SelectByExample(scores [][]float64, rule Dominance) Selection {
	if len(scores) == 0 {
		return Selection{}
	}
	n := len(scores[0])
	s := Selection{Best: make([]float64, n), Holders: make([][]int, n)}
	for c, row := range scores {
		if len(row) != n {
			panic(fmt.Sprintf("gepa: candidate %d has %d scores, candidate 0 has %d", c, len(row), n))
		}
	}
	for i := range n {
		best := scores[0][i]
		for _, row := range scores[1:] {
			best = max(best, row[i])
		}
		s.Best[i] = best
		for c, row := range scores {
			if row[i] >= best-scoreTie {
				s.Holders[i] = append(s.Holders[i], c)
			}
		}
	}
	wins := winSets(s.Holders, len(scores))
	if rule == DominanceCover {
		s.Survivors = coverSurvivors(s.Holders, wins, scores)
	} else {
		s.Survivors = subsetSurvivors(wins)
	}
	s.Reduced = make([][]int, n)
	s.Wins = make([]int, len(s.Survivors))
	for i, holders := range s.Holders {
		for _, c := range holders {
			if at, ok := slices.BinarySearch(s.Survivors, c); ok {
				s.Reduced[i] = append(s.Reduced[i], c)
				s.Wins[at]++
			}
		}
	}
	return s
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

// winSets lists for each candidate the examples it holds, ascending.
func winSets(holders [][]int, candidates int) [][]int {
	wins := make([][]int, candidates)
	for i, hs := range holders {
		for _, c := range hs {
			wins[c] = append(wins[c], i)
		}
	}
	return wins
}

func subsetSurvivors(wins [][]int) []int {
	var out []int
	for c, own := range wins {
		if len(own) == 0 {
			continue
		}
		dominated := slices.ContainsFunc(wins, func(other []int) bool {
			return len(other) > len(own) && includes(other, own)
		})
		if !dominated {
			out = append(out, c)
		}
	}
	return out
}

// includes reports whether the ascending set big has every member of small.
func includes(big, small []int) bool {
	i := 0
	for _, x := range small {
		for i < len(big) && big[i] < x {
			i++
		}
		if i == len(big) || big[i] != x {
			return false
		}
	}
	return true
}

// coverSurvivors tries the holders by ascending mean score and drops one when
// every example it holds is also held by another that remains. A drop never
// makes an earlier, kept candidate redundant, so one pass gives what trying
// again from the start would.
func coverSurvivors(holders, wins [][]int, scores [][]float64) []int {
	var order []int // holders by first appearance
	seen := make([]bool, len(scores))
	remaining := make([]int, len(holders)) // how many still hold each example
	for i, hs := range holders {
		remaining[i] = len(hs)
		for _, c := range hs {
			if !seen[c] {
				seen[c] = true
				order = append(order, c)
			}
		}
	}
	means := make([]float64, len(scores))
	for c, row := range scores {
		means[c] = mean(row)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(means[a], means[b]) })
	var out []int
	for _, c := range order {
		if slices.ContainsFunc(wins[c], func(i int) bool { return remaining[i] == 1 }) {
			out = append(out, c)
			continue
		}
		for _, i := range wins[c] {
			remaining[i]--
		}
	}
	slices.Sort(out)
	return out
}

// mean returns the arithmetic mean, and 0 for no values.
func mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
