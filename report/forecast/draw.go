package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
)

// key is the name of a draw: everything random here is a function of one, so
// that it does not depend on the order in which a simulated run asks.
type key uint64

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

func named(seed uint64, p purpose, parts ...uint64) key {
	h := mix(seed ^ mix(uint64(p)))
	for _, x := range parts {
		h = mix(h ^ x*0x9e3779b97f4a7c15)
	}
	return key(h)
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform returns a number in [0, 1).
func (k key) uniform() float64 { return float64(uint64(k)>>11) / (1 << 53) }

// of returns a number in 0 … n−1.
func (k key) of(n int) int { return int(k.uniform() * float64(n)) }

func (k key) rand() *rand.Rand { return rand.New(rand.NewPCG(uint64(k), mix(uint64(k)))) }

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

func ascending(values []float64) []float64 {
	out := slices.Clone(values)
	slices.Sort(out)
	return out
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
