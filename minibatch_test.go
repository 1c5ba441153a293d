package gepa

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMinibatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "examples")
		size := rapid.IntRange(1, 50).Draw(t, "size")
		seed := rapid.Uint64().Draw(t, "seed")
		perEpoch := max(n/min(size, n), 1)
		var before []int
		for epoch := range 3 {
			seen := map[int]bool{}
			for within := range perEpoch {
				number := epoch*perEpoch + within
				batch := minibatch(seed, n, size, number)
				if len(batch) != min(size, n) {
					t.Fatalf("minibatch %d has %d examples", number, len(batch))
				}
				for _, i := range batch {
					if i < 0 || i >= n || seen[i] {
						t.Fatalf("example %d is out of range or came twice in epoch %d", i, epoch)
					}
					seen[i] = true
				}
				if !slices.Equal(batch, minibatch(seed, n, size, number)) {
					t.Fatal("the same minibatch drawn twice differs")
				}
				if perEpoch > 2 && sameSet(batch, before) {
					t.Fatalf("minibatch %d is the same as the one before", number)
				}
				before = batch
			}
		}
	})
}

// TestMinibatchesReachEveryExample: with enough epochs even the examples that
// an epoch leaves over are used.
func TestMinibatchesReachEveryExample(t *testing.T) {
	seen := map[int]bool{}
	for number := range 60 {
		for _, i := range minibatch(7, 10, 3, number) {
			seen[i] = true
		}
	}
	if len(seen) != 10 {
		t.Errorf("60 minibatches of 3 reached %d of 10 examples", len(seen))
	}
}

func TestDrawIsByName(t *testing.T) {
	first := draw(1, "parent", 17).Uint64()
	if again := draw(1, "parent", 17).Uint64(); again != first {
		t.Error("the same draw made twice differs")
	}
	for _, other := range []uint64{draw(2, "parent", 17).Uint64(), draw(1, "merge", 17).Uint64(), draw(1, "parent", 18).Uint64()} {
		if other == first {
			t.Error("another seed, purpose or number made the same draw")
		}
	}
	// The value is fixed for ever: journals of earlier versions must resume.
	if want := uint64(0x5b8c8113dbe476a5); first != want {
		t.Errorf("draw(1, \"parent\", 17) is %#x, want %#x", first, want)
	}
}
