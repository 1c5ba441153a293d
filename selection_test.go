package gepa_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func TestSelectByExample(t *testing.T) {
	tests := []struct {
		name      string
		scores    [][]float64
		rule      gepa.Dominance
		survivors []int
		wins      []int
	}{
		{"one candidate", [][]float64{{0, 1}}, gepa.DominanceSubset, []int{0}, []int{2}},
		{"strict subset goes", [][]float64{{1, 0, 0}, {1, 1, 0}}, gepa.DominanceSubset, []int{1}, []int{3}},
		{"equal sets stay, both", [][]float64{{1, 1, 0}, {1, 1, 0}}, gepa.DominanceSubset, []int{0, 1}, []int{3, 3}},
		{"equal sets, cover keeps one", [][]float64{{1, 1, 0}, {1, 1, 0}}, gepa.DominanceCover, []int{1}, []int{3}},
		{"specialists stay", [][]float64{{1, 0}, {0, 1}}, gepa.DominanceSubset, []int{0, 1}, []int{1, 1}},
		{
			"covered by two together: only the cover rule drops it",
			[][]float64{{1, 1, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 1}},
			gepa.DominanceCover, []int{1, 2}, []int{2, 2},
		},
		{
			"covered by two together: the subset rule keeps it",
			[][]float64{{1, 1, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 1}},
			gepa.DominanceSubset, []int{0, 1, 2}, []int{2, 2, 2},
		},
		{"nobody wins below zero either", [][]float64{{-2, -1}, {-1, -2}}, gepa.DominanceSubset, []int{0, 1}, []int{1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := gepa.SelectByExample(tt.scores, tt.rule)
			if diff := cmp.Diff(tt.survivors, s.Survivors); diff != "" {
				t.Errorf("survivors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.wins, s.Wins); diff != "" {
				t.Errorf("wins (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSelectionKeepsEveryWin: whatever is pruned, every example's best score
// is still held by a survivor, and nobody is drawn who is none.
func TestSelectionKeepsEveryWin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "examples")
		row := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0.25, 0.5, 1}), n, n)
		scores := rapid.SliceOfN(row, 1, 10).Draw(t, "scores")
		rule := rapid.SampledFrom([]gepa.Dominance{gepa.DominanceSubset, gepa.DominanceCover}).Draw(t, "rule")
		s := gepa.SelectByExample(scores, rule)
		for i, holders := range s.Reduced {
			if len(holders) == 0 {
				t.Fatalf("nobody is left who holds example %d", i)
			}
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			if id := s.Draw(r); !slices.Contains(s.Survivors, id) {
				t.Fatalf("drew %d, which is no survivor of %v", id, s.Survivors)
			}
		}
	})
}

func TestDrawFollowsWins(t *testing.T) {
	s := gepa.SelectByExample([][]float64{{1, 1, 1, 0}, {0, 0, 0, 1}}, gepa.DominanceSubset)
	r := rand.New(rand.NewPCG(3, 4))
	counts := map[int]int{}
	const draws = 4000
	for range draws {
		counts[s.Draw(r)]++
	}
	if share := float64(counts[0]) / draws; share < 0.72 || share > 0.78 {
		t.Errorf("the holder of three examples in four was drawn in %.3f of the cases, want about 0.75", share)
	}
}

// TestParetoFrontOfQualityAndCost is the table of the blog post that this
// project started from: quality up, cost down.
func TestParetoFrontOfQualityAndCost(t *testing.T) {
	objectives := []gepa.Objective{
		{Name: "quality", Max: 100},
		{Name: "cost", Direction: gepa.Minimize, Max: 10},
	}
	points := [][]float64{{70, 1}, {80, 2}, {90, 5}, {85, 5}, {60, 4}} // A … E
	if diff := cmp.Diff([]int{0, 1, 2}, gepa.ParetoFront(points, objectives)); diff != "" {
		t.Errorf("want A, B and C (-want +got):\n%s", diff)
	}
}

func TestWeightedScore(t *testing.T) {
	objectives := []gepa.Objective{
		{Name: "quality", Max: 100, Weight: 3},
		{Name: "cost", Direction: gepa.Minimize, Max: 10, Weight: 1},
		{Name: "latency", Direction: gepa.Minimize, Max: 10},
	}
	got := gepa.WeightedScore(objectives, map[string]float64{"quality": 50, "cost": 2, "latency": 9})
	if want := (3*0.5 + 1*0.8) / 4; got != want {
		t.Errorf("weighted score %v, want %v", got, want)
	}
	if got := gepa.WeightedScore(nil, nil); got != 0 {
		t.Errorf("weighted score of nothing is %v, want 0", got)
	}
}
