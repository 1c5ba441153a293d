package stats_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/stats"
)

// Worked examples; the values are those of R's p.adjust(p, "holm").
func TestHolm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ps, want []float64 }{
		"none":           {nil, []float64{}},
		"one":            {[]float64{0.03}, []float64{0.03}},
		"four":           {[]float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}},
		"at most 1":      {[]float64{0.6, 0.7}, []float64{1, 1}},
		"equal ones":     {[]float64{0.02, 0.02, 0.02}, []float64{0.06, 0.06, 0.06}},
		"never lower":    {[]float64{0.01, 0.012, 0.9}, []float64{0.03, 0.03, 0.9}},
		"nothing at all": {[]float64{0, 1}, []float64{0, 1}},
	} {
		got := stats.Holm(c.ps)
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Of k true null hypotheses, whatever their p-values have in common, a smallest
// corrected one below α is a smallest plain one below α/k; order is kept.
func TestHolmProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ps := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 12).Draw(t, "ps")
		got := stats.Holm(ps)
		if want := min(1, float64(len(ps))*slices.Min(ps)); math.Abs(slices.Min(got)-want) > 1e-12 {
			t.Fatalf("the smallest is %v, want %v", slices.Min(got), want)
		}
		for i, p := range got {
			if p < ps[i] || p > 1 {
				t.Fatalf("%v became %v", ps[i], p)
			}
			for j := range ps {
				if ps[i] < ps[j] && got[i] > got[j] {
					t.Fatalf("%v and %v changed places", ps[i], ps[j])
				}
			}
		}
	})
}
