package gepa

import (
	stdcmp "cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// selectNaively follows the definitions word by word.
func selectNaively(scores [][]float64, rule Dominance) (holders [][]int, survivors []int) {
	n := len(scores[0])
	holders = make([][]int, n)
	wins := make([]map[int]bool, len(scores))
	for c := range wins {
		wins[c] = map[int]bool{}
	}
	for i := range n {
		best := math.Inf(-1)
		for _, row := range scores {
			if !math.IsNaN(row[i]) {
				best = max(best, row[i])
			}
		}
		for c, row := range scores {
			if row[i] >= best-scoreTie {
				holders[i] = append(holders[i], c)
				wins[c][i] = true
			}
		}
	}
	inside := func(a, b int) bool { // a's wins strictly inside b's
		for i := range wins[a] {
			if !wins[b][i] {
				return false
			}
		}
		return len(wins[b]) > len(wins[a])
	}
	alive := map[int]bool{}
	var order []int
	for _, hs := range holders {
		for _, c := range hs {
			if !alive[c] {
				alive[c] = true
				order = append(order, c)
			}
		}
	}
	if rule == DominanceCover {
		slices.SortStableFunc(order, func(a, b int) int { return stdcmp.Compare(meanRun(scores[a]), meanRun(scores[b])) })
		for again := true; again; {
			again = false
			for _, c := range order {
				covered := alive[c]
				for i := range wins[c] {
					covered = covered && slices.ContainsFunc(holders[i], func(o int) bool { return o != c && alive[o] })
				}
				if covered {
					alive[c], again = false, true
					break
				}
			}
		}
	}
	for c := range scores {
		dominated := rule != DominanceCover && slices.ContainsFunc(order, func(o int) bool { return inside(c, o) })
		if slices.Contains(order, c) && !dominated && (rule != DominanceCover || alive[c]) {
			survivors = append(survivors, c)
		}
	}
	return holders, survivors
}

// TestFrontAsItGrows: after every candidate the front is what the definitions
// say of all candidates so far, partly validated ones among them.
func TestFrontAsItGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "examples")
		value := rapid.SampledFrom([]float64{0, 0.25, 0.25 + scoreTie/2, 1, math.NaN()})
		rows := rapid.SliceOfN(rapid.SliceOfN(value, n, n), 1, 9).Draw(t, "scores")
		rule := rapid.SampledFrom([]Dominance{DominanceSubset, DominanceCover}).Draw(t, "rule")
		var f front
		for k, row := range rows {
			if k == 0 {
				for i := range row {
					row[i] = max(0, row[i]) // the seed is validated in full
					if math.IsNaN(row[i]) {
						row[i] = 0
					}
				}
			}
			f.add(row, meanRun(row))
			s := f.selection(rule)
			holders, survivors := selectNaively(rows[:k+1], rule)
			if diff := cmp.Diff(holders, s.Holders); diff != "" {
				t.Fatalf("holders after %d candidates (-want +got):\n%s", k+1, diff)
			}
			if diff := cmp.Diff(survivors, s.Survivors); diff != "" {
				t.Fatalf("survivors after %d candidates (-want +got):\n%s", k+1, diff)
			}
		}
	})
}

// BenchmarkParent selects a parent from a pool of 1,000 candidates on 1,000
// examples after one of them has joined: the frontier is kept up to date.
func BenchmarkParent(b *testing.B) {
	const size = 1000
	r := rand.New(rand.NewPCG(1, 1))
	row := func() []float64 {
		out := make([]float64, size)
		for i := range out {
			out[i] = float64(r.IntN(5)) / 4
		}
		return out
	}
	for _, rule := range []Dominance{DominanceSubset, DominanceCover} {
		b.Run(fmt.Sprintf("%s/%dx%d", rule, size, size), func(b *testing.B) {
			var f front
			for range size - 1 {
				f.add(row(), 0)
			}
			last := row()
			b.ReportAllocs()
			for b.Loop() {
				g := f
				g.rows, g.means, g.wins, g.count = f.rows[:size-1], f.means[:size-1], f.wins[:size-1], f.count[:size-1]
				g.holders = slices.Clone(f.holders)
				g.add(last, meanRun(last))
				g.parents(rule).Draw(r)
			}
		})
	}
}
