package dataset_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

// numbered returns n examples with ids from..from+n-1.
func numbered(from, n int) []gepa.Example {
	out := make([]gepa.Example, n)
	for i := range out {
		out[i] = gepa.Example{ID: fmt.Sprint(from + i), Inputs: gepa.NewFields("n", from+i)}
	}
	return out
}

func ids(examples []gepa.Example) string {
	var out []string
	for _, ex := range examples {
		out = append(out, ex.ID)
	}
	return strings.Join(out, " ")
}

// The draws of released versions must never change: runs are repeated by seed.
func TestSplitGolden(t *testing.T) {
	for _, tt := range []struct {
		seed    uint64
		n, draw int
		want    string
	}{
		{0, 10, 3, "5 6 9"},
		{1, 10, 3, "1 5 6"},
		{7, 30, 10, "0 7 10 13 15 16 17 22 23 26"},
	} {
		_, drawn, err := dataset.Split(numbered(0, tt.n), tt.draw, tt.seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(drawn); got != tt.want {
			t.Errorf("seed %d: drew %d of %d: %s, want %s", tt.seed, tt.draw, tt.n, got, tt.want)
		}
	}
}

func TestSplitProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		examples := numbered(0, rapid.IntRange(2, 60).Draw(t, "examples"))
		n := rapid.IntRange(1, len(examples)-1).Draw(t, "n")
		before := ids(examples)
		rest, drawn, err := dataset.Split(examples, n, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		byNumber := func(a, b gepa.Example) int {
			var x, y int
			_ = a.Inputs.Decode("n", &x)
			_ = b.Inputs.Decode("n", &y)
			return x - y
		}
		if len(drawn) != n || !slices.IsSortedFunc(drawn, byNumber) || !slices.IsSortedFunc(rest, byNumber) || ids(examples) != before {
			t.Fatalf("rest %s, drawn %s", ids(rest), ids(drawn))
		}
		all := slices.SortedFunc(slices.Values(slices.Concat(rest, drawn)), byNumber)
		if ids(all) != before {
			t.Fatalf("lost or doubled: rest %s, drawn %s", ids(rest), ids(drawn))
		}
	})
}

// Over many seeds each example is drawn about equally often.
func TestSplitIsFair(t *testing.T) {
	const seeds, n, draw = 2000, 12, 4
	times := map[string]int{}
	for seed := range uint64(seeds) {
		_, drawn, err := dataset.Split(numbered(0, n), draw, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, ex := range drawn {
			times[ex.ID]++
		}
	}
	const want = seeds * draw / n // 667, standard deviation 21
	for _, ex := range numbered(0, n) {
		if got := times[ex.ID]; got < want-100 || got > want+100 {
			t.Errorf("example %s drawn %d times, want about %d", ex.ID, got, want)
		}
	}
}

func TestSplitRefusesEmptySides(t *testing.T) {
	for _, tt := range []struct{ examples, n int }{{10, 0}, {10, -1}, {10, 10}, {10, 11}, {1, 1}, {0, 1}} {
		if _, _, err := dataset.Split(numbered(0, tt.examples), tt.n, 1); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("%d of %d: error %v", tt.n, tt.examples, err)
		}
	}
}

func TestValidationSize(t *testing.T) {
	for n, want := range map[int]int{2: 1, 3: 1, 6: 2, 100: 33, 299: 99, 300: 100, 598: 100, 90000: 100} {
		if got := dataset.ValidationSize(n); got != want {
			t.Errorf("%d examples: %d, want %d", n, got, want)
		}
	}
}

func TestLimit(t *testing.T) {
	examples := numbered(0, 5)
	for n, want := range map[int]int{-1: 5, 0: 5, 1: 1, 4: 4, 5: 5, 9: 5} {
		got := dataset.Limit(examples, n)
		if len(got) != want || got[0].ID != "0" {
			t.Errorf("limit %d: %s", n, ids(got))
		}
	}
	_ = append(dataset.Limit(examples, 2), gepa.Example{ID: "new"})
	if examples[2].ID != "2" {
		t.Error("appending to a limited list wrote into the whole one")
	}
}
