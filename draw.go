package gepa

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
)

// draw returns the generator for one random decision: a function of the run's
// seed, the decision's purpose and its number, and of nothing else. No
// decision therefore depends on timing, on concurrency, or on whether the run
// was interrupted. The generators are PCG streams, whose output the Go
// compatibility promise fixes.
func draw(seed uint64, purpose string, number int) *rand.Rand {
	sum := sha256.Sum256([]byte(strconv.FormatUint(seed, 10) + "\x00" + purpose + "\x00" + strconv.Itoa(number)))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[0:8]), binary.BigEndian.Uint64(sum[8:16])))
}
