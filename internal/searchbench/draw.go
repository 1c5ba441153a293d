package searchbench

import "math/rand/v2"

// key is the name of a draw: what it is for and which one it is, mixed into 64
// bits. Everything random in this package is a function of such a name, so
// that nothing depends on the order in which a simulated run asks.
type key uint64

// purpose keeps draws of different kinds apart.
type purpose uint64

const (
	drawLandscape purpose = iota + 1
	drawExample
	drawNoise
	drawStable
	drawFeedback
	drawReflection
	drawBlind
	drawTaskTime
	drawReflectionTime
)

// name returns the key of a draw.
func name(seed uint64, p purpose, parts ...uint64) key {
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

// text returns a number for a string (FNV-1a), to be a part of a name.
func text(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// uniform returns a number in [0, 1).
func (k key) uniform() float64 { return float64(uint64(k)>>11) / (1 << 53) }

// rand returns a generator for a draw that needs several numbers.
func (k key) rand() *rand.Rand { return rand.New(rand.NewPCG(uint64(k), mix(uint64(k)))) }
