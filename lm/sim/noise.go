package sim

import (
	"encoding/binary"
	"hash/fnv"
	"strings"
)

// A Dice gives the chance outcomes of one call. A draw is a function of the
// model's seed, the request's repeat number, the shape of the material and the
// purpose, so equal requests get equal replies and no draw depends on how many
// were made before it.
//
// The shape counts words; it never looks at them. Examples that differ in
// their names alone therefore meet the same luck.
type Dice struct {
	seed   uint64
	repeat int
	shape  uint64
}

// Draw returns a number in [0, 1) that belongs to the purpose.
func (d Dice) Draw(purpose string) float64 {
	h := fnv.New64a()
	var b [24]byte
	binary.LittleEndian.PutUint64(b[0:], d.seed)
	binary.LittleEndian.PutUint64(b[8:], uint64(d.repeat))
	binary.LittleEndian.PutUint64(b[16:], d.shape)
	h.Write(b[:])
	h.Write([]byte(purpose))
	return float64(mix(h.Sum64())>>11) / (1 << 53)
}

// Pick returns an index below n that belongs to the purpose; n must be
// positive.
func (d Dice) Pick(purpose string, n int) int { return min(int(d.Draw(purpose)*float64(n)), n-1) }

// mix is the finaliser of splitmix64: FNV alone leaves the high bits of short
// inputs too regular.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// shapeOf hashes how many words each line of the texts has.
func shapeOf(texts ...string) uint64 {
	h := fnv.New64a()
	var b [8]byte
	for _, text := range texts {
		for line := range strings.Lines(text) {
			binary.LittleEndian.PutUint64(b[:], uint64(len(strings.Fields(line))))
			h.Write(b[:])
		}
		h.Write([]byte{0xff})
	}
	return h.Sum64()
}

// contentOf hashes texts as they are, for the roles whose replies may depend
// on wording (the judge and the reflector).
func contentOf(texts ...string) uint64 {
	h := fnv.New64a()
	for _, text := range texts {
		h.Write([]byte(text))
		h.Write([]byte{0})
	}
	return h.Sum64()
}
