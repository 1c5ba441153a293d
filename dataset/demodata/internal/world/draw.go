package world

import "hash/fnv"

// A draw is a small deterministic stream of choices (SplitMix64). Every
// purpose has its own stream, named by a string, so that a change in one part
// of the world leaves the draws of the others alone; and the arithmetic is our
// own, so that the data never depend on the standard library's choice of
// algorithm.
type draw struct{ state uint64 }

// newDraw returns the stream for one purpose in the world of a split.
func newDraw(split, purpose string) *draw {
	h := fnv.New64a()
	// Writing to a hash never fails.
	_, _ = h.Write([]byte(split + "\x00" + purpose))
	return &draw{state: h.Sum64()}
}

func (d *draw) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// intn returns a number in [0, n).
func (d *draw) intn(n int) int { return int(d.next() % uint64(n)) }

// between returns a number in [lo, hi].
func (d *draw) between(lo, hi int) int { return lo + d.intn(hi-lo+1) }

// chance is true in the given number of cases out of a hundred.
func (d *draw) chance(percent int) bool { return d.intn(100) < percent }

// pick returns one of the choices.
func pick[T any](d *draw, choices []T) T { return choices[d.intn(len(choices))] }

// shuffle puts a slice into a random order.
func shuffle[T any](d *draw, s []T) {
	for i := len(s) - 1; i > 0; i-- {
		j := d.intn(i + 1)
		s[i], s[j] = s[j], s[i]
	}
}
