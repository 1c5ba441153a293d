package stats_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gepa-go/gepa/stats"
)

var long = flag.Bool("long", false, "simulate coverage with many more samples")

// logMultinomial is the log of the number of ways to get the counts.
func logMultinomial(counts ...int) float64 {
	total, sum := 0, 0.0
	for _, c := range counts {
		g, _ := math.Lgamma(float64(c) + 1)
		total, sum = total+c, sum-g
	}
	g, _ := math.Lgamma(float64(total) + 1)
	return sum + g
}

// logPower is k·log(p), and 0 for 0·log(0).
func logPower(k int, p float64) float64 {
	if k == 0 {
		return 0
	}
	return float64(k) * math.Log(max(p, 0))
}

// Wilson's coverage, exactly: all outcomes, each with its probability.
func TestWilsonCoverage(t *testing.T) {
	for _, n := range []int{30, 100, 300} {
		intervals := make([]stats.Interval, n+1)
		for k := range intervals {
			intervals[k] = stats.Wilson(k, n, 0.95)
		}
		sum, lowest, points := 0.0, 1.0, 0
		for p := 0.05; p <= 0.95; p += 0.001 {
			coverage := 0.0
			for k, iv := range intervals {
				if iv.Contains(p) {
					coverage += math.Exp(logMultinomial(k, n-k) + logPower(k, p) + logPower(n-k, 1-p))
				}
			}
			sum, lowest, points = sum+coverage, min(lowest, coverage), points+1
		}
		mean := sum / float64(points)
		t.Logf("n=%d: mean coverage %.4f, lowest %.4f", n, mean, lowest)
		if mean < 0.94 || mean > 0.96 || lowest < 0.92 {
			t.Errorf("n=%d: mean coverage %.4f, lowest %.4f; want 0.94 to 0.96 and at least 0.92", n, mean, lowest)
		}
	}
}

// Tango's coverage, exactly, over how often each system alone is right. The
// worst case is one system that never loses; there, at n=30, it is 0.9298.
func TestTangoCoverage(t *testing.T) {
	for _, n := range []int{30, 100, 300} {
		type outcome struct {
			wins, losses int
			iv           stats.Interval
			ways         float64
		}
		var outcomes []outcome
		for w := 0; w <= n; w++ {
			for l := 0; w+l <= n; l++ {
				p := stats.Pairs{OtherOnly: w, BaseOnly: l, Neither: n - w - l}
				outcomes = append(outcomes, outcome{w, l, stats.Tango(p, 0.95), logMultinomial(w, l, n-w-l)})
			}
		}
		sum, lowest, points := 0.0, 1.0, 0
		step := map[int]float64{30: 0.02, 100: 0.05, 300: 0.1}[n]
		for w := step; w <= 0.601; w += step {
			for l := 0.0; l <= w+1e-9 && w+l < 0.999; l += step {
				coverage := 0.0
				for _, o := range outcomes {
					if o.iv.Contains(w - l) {
						coverage += math.Exp(o.ways + logPower(o.wins, w) + logPower(o.losses, l) + logPower(n-o.wins-o.losses, 1-w-l))
					}
				}
				sum, lowest, points = sum+coverage, min(lowest, coverage), points+1
			}
		}
		mean := sum / float64(points)
		t.Logf("n=%d: mean coverage %.4f, lowest %.4f", n, mean, lowest)
		if mean < 0.945 || lowest < 0.9295 {
			t.Errorf("n=%d: mean coverage %.4f, lowest %.4f", n, mean, lowest)
		}
	}
}

// The bootstrap's coverage, by simulation: differences as F1 scores give them,
// mostly ties with some large changes, and the skewed exponential.
func TestBCaCoverage(t *testing.T) {
	trials, sizes := 60, []int{100}
	if *long {
		trials, sizes = 4000, []int{100, 300}
	}
	for name, d := range map[string]struct {
		draw func(r *rand.Rand) float64
		mean float64
	}{
		"differences of F1": {func(r *rand.Rand) float64 {
			switch u := r.Float64(); {
			case u < 0.6:
				return 0
			case u < 0.8:
				return r.Float64()
			case u < 0.9:
				return -r.Float64()
			default:
				return 1
			}
		}, 0.15},
		"exponential": {func(r *rand.Rand) float64 { return r.ExpFloat64() }, 1},
	} {
		for _, n := range sizes {
			r := rand.New(rand.NewPCG(uint64(n), 17))
			hits := 0
			values := make([]float64, n)
			for trial := range trials {
				for i := range values {
					values[i] = d.draw(r)
				}
				if stats.BCa(values, 0.95, uint64(trial)).Contains(d.mean) {
					hits++
				}
			}
			coverage := float64(hits) / float64(trials)
			t.Logf("%s, n=%d: coverage %.4f over %d samples", name, n, coverage, trials)
			if slack := 3 * math.Sqrt(0.94*0.06/float64(trials)); coverage < 0.94-slack {
				t.Errorf("%s, n=%d: coverage %.4f", name, n, coverage)
			}
		}
	}
}
