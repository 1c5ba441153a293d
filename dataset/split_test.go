package dataset_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		if diff := cmp.Diff(examples, all); diff != "" {
			t.Fatalf("lost or doubled: %s", diff)
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

func TestCheckDisjoint(t *testing.T) {
	renamed := numbered(3, 1)
	renamed[0].ID = "other"
	changed := numbered(50, 1)
	changed[0].ID = "2"
	tests := []struct {
		name string
		sets []dataset.Set
		want *dataset.OverlapError
		text string
	}{
		{"none", nil, nil, ""},
		{"disjoint", []dataset.Set{{"a", numbered(0, 5)}, {"b", numbered(5, 5)}, {"c", nil}}, nil, ""},
		{"within a set", []dataset.Set{{"a", append(numbered(0, 5), numbered(0, 5)...)}}, nil, ""},
		{
			"the same", []dataset.Set{{"train", numbered(0, 5)}, {"dev", numbered(0, 5)}},
			&dataset.OverlapError{First: "train", Second: "dev", FirstID: "0", SecondID: "0", SameID: true, SameContent: true, Count: 5},
			`train and dev overlap: example "0" of dev has the same id and content as example "0" of train, and so with 4 examples more: `,
		},
		{
			"by content", []dataset.Set{{"a", numbered(0, 5)}, {"b", renamed}},
			&dataset.OverlapError{First: "a", Second: "b", FirstID: "3", SecondID: "other", SameContent: true, Count: 1},
			`example "other" of b has the same content as example "3" of a: `,
		},
		{
			"by id", []dataset.Set{{"a", numbered(0, 5)}, {"b", changed}},
			&dataset.OverlapError{First: "a", Second: "b", FirstID: "2", SecondID: "2", SameID: true, Count: 1},
			`example "2" of b has the same id as example "2" of a: `,
		},
		{
			"later sets", []dataset.Set{{"a", numbered(0, 3)}, {"b", numbered(3, 3)}, {"c", numbered(5, 3)}, {"d", numbered(0, 1)}},
			&dataset.OverlapError{First: "b", Second: "c", FirstID: "5", SecondID: "5", SameID: true, SameContent: true, Count: 2},
			`and so with 1 example more: `,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := dataset.CheckDisjoint(tt.sets...)
			if tt.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var got *dataset.OverlapError
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("text %q lacks %q", err, tt.text)
			}
		})
	}
}

func TestCheckDisjointProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, from, m := rapid.IntRange(1, 20).Draw(t, "n"), rapid.IntRange(0, 25).Draw(t, "from"), rapid.IntRange(1, 20).Draw(t, "m")
		err := dataset.CheckDisjoint(dataset.Set{Name: "a", Examples: numbered(0, n)}, dataset.Set{Name: "b", Examples: numbered(from, m)})
		want := max(0, min(n, from+m)-from)
		var got *dataset.OverlapError
		if errors.As(err, &got) != (want > 0) || want > 0 && got.Count != want {
			t.Fatalf("%d shared, got %v", want, err)
		}
	})
}
