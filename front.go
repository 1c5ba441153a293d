package gepa

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// front is the frontier by example, kept up to date as candidates come: adding
// one costs time in proportion to the examples, not to the pool.
type front struct {
	rows    [][]float64 // scores by candidate and example, NaN where not run
	means   []float64   // mean scores, over the examples that were run
	best    []float64   // by example; -Inf before anybody was run
	holders [][]int     // by example, ascending
	wins    []bitset    // by candidate: the examples it holds
	count   []int       // the sizes of wins
}

// add adds the next candidate's row, of scores and whatever else is compared,
// and its mean score. The front keeps the row.
func (f *front) add(row []float64, mean float64) {
	if f.rows == nil {
		f.best = make([]float64, len(row))
		for i := range f.best {
			f.best[i] = math.Inf(-1)
		}
		f.holders = make([][]int, len(row))
	}
	id := len(f.rows)
	if len(row) != len(f.best) {
		panic(fmt.Sprintf("gepa: candidate %d has %d scores, candidate 0 has %d", id, len(row), len(f.best)))
	}
	f.rows = append(f.rows, row)
	f.means = append(f.means, mean)
	f.wins = append(f.wins, newBitset(len(row)))
	f.count = append(f.count, 0)
	for i, score := range row {
		switch {
		case math.IsNaN(score) || score < f.best[i]-scoreTie:
			continue
		case score > f.best[i]:
			f.best[i] = score
			f.holders[i] = slices.DeleteFunc(f.holders[i], func(c int) bool {
				loses := f.rows[c][i] < score-scoreTie
				if loses {
					f.wins[c].clear(i)
					f.count[c]--
				}
				return loses
			})
		}
		f.holders[i] = append(f.holders[i], id)
		f.wins[id].set(i)
		f.count[id]++
	}
}

// parents is the part of a selection that a draw needs.
func (f *front) parents(rule Dominance) Selection {
	var s Selection
	if rule == DominanceCover {
		s.Survivors = f.coverSurvivors()
	} else {
		s.Survivors = f.subsetSurvivors()
	}
	for _, c := range s.Survivors {
		s.Wins = append(s.Wins, f.count[c])
	}
	return s
}

// selection prunes the dominated.
func (f *front) selection(rule Dominance) Selection {
	if len(f.rows) == 0 {
		return Selection{}
	}
	s := Selection{Best: slices.Clone(f.best), Holders: make([][]int, len(f.holders))}
	for i, hs := range f.holders {
		s.Holders[i] = slices.Clone(hs)
	}
	parents := f.parents(rule)
	s.Survivors, s.Wins = parents.Survivors, parents.Wins
	survives := make([]bool, len(f.rows))
	for _, c := range s.Survivors {
		survives[c] = true
	}
	s.Reduced = make([][]int, len(f.holders))
	for i, hs := range f.holders {
		for _, c := range hs {
			if survives[c] {
				s.Reduced[i] = append(s.Reduced[i], c)
			}
		}
	}
	return s
}

// subsetSurvivors drops the candidates whose wins lie strictly inside
// another's. Only a larger set can hold a smaller one, so each is compared with
// those larger than it, and most comparisons end at the first word.
func (f *front) subsetSurvivors() []int {
	order := f.holding()
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.count[b], f.count[a]) })
	var out []int
	for at, c := range order {
		dominated := false
		for _, larger := range order[:at] {
			if f.count[larger] == f.count[c] {
				break
			}
			if f.wins[larger].includes(f.wins[c]) {
				dominated = true
				break
			}
		}
		if !dominated {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// holding lists the candidates that hold an example, ascending.
func (f *front) holding() []int {
	var out []int
	for c, n := range f.count {
		if n > 0 {
			out = append(out, c)
		}
	}
	return out
}

// coverSurvivors tries the holders by ascending mean score, ties by first
// appearance, and drops one when every example it holds is also held by
// another that remains. A drop never makes an earlier, kept candidate
// redundant, so one pass gives what trying again from the start would.
func (f *front) coverSurvivors() []int {
	var order []int
	seen := make([]bool, len(f.rows))
	remaining := make([]int, len(f.holders)) // how many still hold each example
	for i, hs := range f.holders {
		remaining[i] = len(hs)
		for _, c := range hs {
			if !seen[c] {
				seen[c] = true
				order = append(order, c)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.means[a], f.means[b]) })
	var out []int
	for _, c := range order {
		if f.wins[c].any(func(i int) bool { return remaining[i] == 1 }) {
			out = append(out, c)
			continue
		}
		f.wins[c].any(func(i int) bool { remaining[i]--; return false })
	}
	slices.Sort(out)
	return out
}

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) set(i int)   { b[i/64] |= 1 << (i % 64) }
func (b bitset) clear(i int) { b[i/64] &^= 1 << (i % 64) }

// includes reports whether b has every member of small.
func (b bitset) includes(small bitset) bool {
	for i, w := range small {
		if w&^b[i] != 0 {
			return false
		}
	}
	return true
}

// any reports whether fn is true for a member; it calls fn in ascending order
// until it is.
func (b bitset) any(fn func(int) bool) bool {
	for at, w := range b {
		for ; w != 0; w &= w - 1 {
			if fn(at*64 + bits.TrailingZeros64(w)) {
				return true
			}
		}
	}
	return false
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

// meanRun returns the mean of the scores that are there, and 0 for none.
func meanRun(row []float64) float64 {
	var sum float64
	n := 0
	for _, v := range row {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
