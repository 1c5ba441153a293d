package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strconv"

	"github.com/gepa-go/gepa"
)

// Split draws n of the examples by seed. It returns those that stay and those
// drawn, both in the order of examples, which it leaves unchanged: for
// instance a feedback and a validation set. An empty side is an error.
//
// Which positions are drawn is a function of len(examples), n and seed alone,
// the same on every platform and in every version: the first n of a
// Fisher-Yates shuffle of the positions by a PCG-DXSM generator whose state is
// the first 16 bytes, big endian, of SHA-256 of the seed in decimal, a zero
// byte, and "dataset split". A draw below k takes the high 64 bits of the
// product of k and the next output, and rejects outputs that would favour some
// results (Lemire, ACM TOMACS 2019).
func Split(examples []gepa.Example, n int, seed uint64) (rest, drawn []gepa.Example, err error) {
	switch {
	case n < 1:
		return nil, nil, fmt.Errorf("dataset: a split of %d examples would be empty: draw at least 1", n)
	case n >= len(examples):
		return nil, nil, fmt.Errorf("dataset: cannot split %d off %s, the rest would be empty: draw fewer or give more examples",
			n, count(len(examples), "example"))
	}
	isDrawn := make([]bool, len(examples))
	for _, i := range shuffled(len(examples), seed, "dataset split")[:n] {
		isDrawn[i] = true
	}
	for i, ex := range examples {
		if isDrawn[i] {
			drawn = append(drawn, ex)
		} else {
			rest = append(rest, ex)
		}
	}
	return rest, drawn, nil
}

// ValidationSize returns how many of n examples to set aside for validation
// where the user does not say: a third, at least 1, at most 100.
func ValidationSize(n int) int { return min(max(n/3, 1), 100) }

// Limit returns the first n examples, all of them if n is 0 or less. The
// result shares its elements with examples.
func Limit(examples []gepa.Example, n int) []gepa.Example {
	if n <= 0 || n >= len(examples) {
		return examples
	}
	return examples[:n:n]
}

// shuffled returns the numbers below n in an order drawn by seed and purpose;
// see [Split] for the method, which must never change.
func shuffled(n int, seed uint64, purpose string) []int {
	sum := sha256.Sum256([]byte(strconv.FormatUint(seed, 10) + "\x00" + purpose))
	pcg := rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16]))
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := below(pcg, uint64(i)+1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// below draws a number below k without bias. [rand.Rand] has its like, but
// does not promise to keep its method.
func below(pcg *rand.PCG, k uint64) int {
	threshold := -k % k
	for {
		hi, lo := bits.Mul64(pcg.Uint64(), k)
		if lo >= threshold {
			return int(hi)
		}
	}
}

// count returns a number with its noun, in the plural where it needs one.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
