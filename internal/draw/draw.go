// Package draw makes random numbers by name: each is a function of a seed, of
// what it is for and of which one it is, so that nothing depends on the order
// in which a simulation asks.
package draw

import "math/rand/v2"

// A Key is the name of a draw, mixed into 64 bits.
type Key uint64

// Named returns the key of a draw. The purpose keeps draws of different kinds
// apart.
func Named(seed, purpose uint64, parts ...uint64) Key {
	h := mix(seed ^ mix(purpose))
	for _, x := range parts {
		h = mix(h ^ x*0x9e3779b97f4a7c15)
	}
	return Key(h)
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Uniform returns a number in [0, 1).
func (k Key) Uniform() float64 { return float64(uint64(k)>>11) / (1 << 53) }

// Of returns a number in 0 … n−1.
func (k Key) Of(n int) int { return int(k.Uniform() * float64(n)) }

// Rand returns a generator for a draw that needs several numbers.
func (k Key) Rand() *rand.Rand { return rand.New(rand.NewPCG(uint64(k), mix(uint64(k)))) }

// Next returns the key of another draw, for one that needs a second number.
func (k Key) Next() Key { return Key(mix(uint64(k))) }
