package gepa_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gepa-go/gepa"
)

// BenchmarkSelectByExample makes the frontier of a large pool.
func BenchmarkSelectByExample(b *testing.B) {
	for _, size := range []int{100, 1000} {
		r := rand.New(rand.NewPCG(1, 1))
		scores := make([][]float64, size)
		for c := range scores {
			scores[c] = make([]float64, size)
			for i := range scores[c] {
				scores[c][i] = float64(r.IntN(5)) / 4
			}
		}
		for _, rule := range []gepa.Dominance{gepa.DominanceSubset, gepa.DominanceCover} {
			b.Run(fmt.Sprintf("%s/%dx%d", rule, size, size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					gepa.SelectByExample(scores, rule)
				}
			})
		}
	}
}

// BenchmarkOptimize runs the engine over a system that costs nothing: what is
// left is the engine's own cost.
func BenchmarkOptimize(b *testing.B) {
	data := gepa.Data{Feedback: needs("f", 100), Validation: needs("v", 100)}
	b.ReportAllocs()
	var rollouts int
	for b.Loop() {
		res, err := gepa.Optimize(b.Context(), newLandscape(), data, gepa.Options{
			Seed: 1, Minibatch: 7, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 100},
		})
		if err != nil {
			b.Fatal(err)
		}
		rollouts += res.Rollouts
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(rollouts), "µs/rollout")
}
