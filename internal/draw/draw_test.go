package draw_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/internal/draw"
)

// A draw is a function of its name: these values must never change, or every
// simulation that was reported would.
func TestDrawsStay(t *testing.T) {
	k := draw.Named(1, 2, 3, 4)
	if got, want := uint64(k), uint64(0x38a1ba3dd4677ca0); got != want {
		t.Errorf("key %#x, want %#x", got, want)
	}
	again := draw.Named(1, 2, 3, 4)
	if k != again || k.Rand().Uint64() != again.Rand().Uint64() || k.Next() != again.Next() {
		t.Error("equal names gave different draws")
	}
	for _, other := range []draw.Key{draw.Named(2, 2, 3, 4), draw.Named(1, 3, 3, 4), draw.Named(1, 2, 4, 3), draw.Named(1, 2, 3), k.Next()} {
		if other == k {
			t.Error("different names gave the same draw")
		}
	}
}

func TestUniform(t *testing.T) {
	var sum, squares float64
	const n = 100_000
	for i := range uint64(n) {
		u := draw.Named(7, 1, i).Uniform()
		sum += u
		squares += u * u
	}
	if mean, variance := sum/n, squares/n-sum*sum/n/n; math.Abs(mean-0.5) > 0.005 || math.Abs(variance-1.0/12) > 0.002 {
		t.Errorf("mean %.4f and variance %.4f, want those of a uniform number", mean, variance)
	}
	rapid.Check(t, func(r *rapid.T) {
		k, n := draw.Key(rapid.Uint64().Draw(r, "key")), rapid.IntRange(1, 1000).Draw(r, "n")
		if i := k.Of(n); i < 0 || i >= n {
			r.Fatalf("%d is not below %d", i, n)
		}
	})
}
