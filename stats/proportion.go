package stats

import (
	"fmt"
	"math"
)

// Wilson returns the score interval for a proportion: of n trials, so many
// were successes (Wilson 1927). With n = 0 it is [0, 1]. It panics if
// successes is not between 0 and n or level not between 0 and 1.
func Wilson(successes, n int, level float64) Interval {
	checkLevel(level)
	if successes < 0 || successes > n {
		panic(fmt.Sprintf("stats: %d successes of %d", successes, n))
	}
	if n == 0 {
		return Interval{0, 1}
	}
	z, m, p := twoSided(level), float64(n), float64(successes)/float64(n)
	center := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	iv := Interval{center - half, center + half}
	// At the ends the formula gives 0 and 1 but for rounding.
	if successes == 0 {
		iv.Low = 0
	}
	if successes == n {
		iv.High = 1
	}
	return iv
}

// Pairs counts examples by who got them right. The zero value is no examples.
type Pairs struct {
	// Both got it right, or Neither.
	Both, Neither int
	// BaseOnly: right with the base and wrong with the other.
	BaseOnly int
	// OtherOnly: wrong with the base and right with the other.
	OtherOnly int
}

// N returns the number of examples.
func (p Pairs) N() int { return p.Both + p.Neither + p.BaseOnly + p.OtherOnly }

// Difference returns the other's proportion right minus the base's; 0 without
// examples.
func (p Pairs) Difference() float64 {
	if p.N() == 0 {
		return 0
	}
	return float64(p.OtherOnly-p.BaseOnly) / float64(p.N())
}

// McNemar returns the two-sided p-value of the exact test that both are right
// equally often (McNemar 1947): twice the smaller binomial tail over the
// examples on which they disagree, at most 1. It is 1 where they never do.
func McNemar(p Pairs) float64 {
	n, k := p.BaseOnly+p.OtherOnly, min(p.BaseOnly, p.OtherOnly)
	tail := 0.0
	for i := 0; i <= k; i++ {
		tail += math.Exp(logChoose(n, i) - float64(n)*math.Ln2)
	}
	return min(1, 2*tail)
}

func logChoose(n, k int) float64 {
	g := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return g(n) - g(k) - g(n-k)
}

// Tango returns the score interval for [Pairs.Difference] (Tango 1998): the
// differences that the score test for paired proportions does not refuse.
// Without examples it is [-1, 1]. It panics if level is not between 0 and 1.
func Tango(p Pairs, level float64) Interval {
	checkLevel(level)
	if p.N() == 0 {
		return Interval{-1, 1}
	}
	z, d := twoSided(level), p.Difference()
	// The statistic falls as the difference grows and is 0 at the estimate.
	return Interval{
		Low:  bisect(-1, d, func(x float64) bool { return tangoScore(p, x) > z }),
		High: bisect(d, 1, func(x float64) bool { return tangoScore(p, x) > -z }),
	}
}

// tangoScore is the standardised distance between what was seen and a supposed
// difference, with the nuisance parameter at its likeliest under it.
func tangoScore(p Pairs, supposed float64) float64 {
	n, b, c := float64(p.N()), float64(p.OtherOnly), float64(p.BaseOnly)
	qa := 2 * n
	qb := -b - c + (2*n-b+c)*supposed
	qc := -c * supposed * (1 - supposed)
	q := (math.Sqrt(max(0, qb*qb-4*qa*qc)) - qb) / (2 * qa)
	variance := n * (2*q + supposed*(1-supposed))
	distance := b - c - n*supposed
	if variance <= 0 {
		// Only a supposed difference of -1, 0 or 1 leaves no variance.
		switch {
		case distance > 0:
			return math.Inf(1)
		case distance < 0:
			return math.Inf(-1)
		default:
			return 0
		}
	}
	return distance / math.Sqrt(variance)
}

// bisect returns where above turns from true to false between low and high.
func bisect(low, high float64, above func(float64) bool) float64 {
	if !above(low) {
		return low
	}
	if above(high) {
		return high
	}
	for range 60 { // to the last bit of a number around 1
		if mid := (low + high) / 2; above(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

func checkLevel(level float64) {
	if !(level > 0 && level < 1) {
		panic(fmt.Sprintf("stats: confidence level %v is not between 0 and 1", level))
	}
}
