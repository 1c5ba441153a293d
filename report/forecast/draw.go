package forecast

import (
	"math"
	"math/rand/v2"

	"github.com/gepa-go/gepa/internal/draw"
)

// purpose keeps draws of different kinds apart.
type purpose uint64

const (
	drawWorld purpose = iota + 1
	drawScore
	drawRollout
	drawLift
	drawBreak
	drawNoise
	drawEdit
	drawHopeless
	drawLuck
)

func named(seed uint64, p purpose, parts ...uint64) draw.Key {
	return draw.Named(seed, uint64(p), parts...)
}

// beta draws from the beta distribution.
func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	if x+y == 0 {
		return a / (a + b)
	}
	return x / (x + y)
}

// gamma draws from the gamma distribution of scale 1 (Marsaglia and Tsang
// 2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if u := 1 - r.Float64(); math.Log(u) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// quantile returns the p-quantile of sorted values, between the two nearest.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := p * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

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
