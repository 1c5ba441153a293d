package dataset_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

func labelled(n int, label func(i int) string) []gepa.Example {
	out := make([]gepa.Example, n)
	for i := range out {
		out[i] = gepa.Example{ID: fmt.Sprint("e", i), Inputs: gepa.NewFields("q", i), Labels: gepa.NewFields("label", label(i))}
	}
	return out
}

func tally(examples []gepa.Example) map[string]int {
	out := map[string]int{}
	for _, ex := range examples {
		out[ex.Labels.Text("label")]++
	}
	return out
}

func TestDivideStratified(t *testing.T) {
	examples := labelled(103, func(i int) string { return []string{"a", "b", "b", "b", "c"}[min(i%7, 4)] })
	all := tally(examples)
	sets, err := dataset.Divide(examples, dataset.Division{
		Parts:    []dataset.Part{{Name: "feedback"}, {Name: "validation", Size: dataset.Size{Share: 0.3}}, {Name: "test", Size: dataset.Size{Count: 20}}},
		Seed:     7,
		Stratify: "label",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sets) != 3 || len(sets[0].Examples) != 52 || len(sets[1].Examples) != 31 || len(sets[2].Examples) != 20 || sets[1].Name != "validation" {
		t.Fatalf("sizes %d, %d, %d", len(sets[0].Examples), len(sets[1].Examples), len(sets[2].Examples))
	}
	for _, set := range sets {
		for label, n := range tally(set.Examples) {
			fair := float64(all[label]*len(set.Examples)) / 103
			if d := float64(n) - fair; d < -1.5 || d > 1.5 {
				t.Errorf("%s has %d of label %s, fair would be %.1f", set.Name, n, label, fair)
			}
		}
	}
	again, err := dataset.Divide(examples, dataset.Division{Parts: []dataset.Part{{Name: "x", Size: dataset.Size{Count: 50}}}, Seed: 7, Stratify: "/label"})
	if err != nil || len(again[0].Examples) != 50 {
		t.Fatal(again, err)
	}
}

func TestDivideErrors(t *testing.T) {
	examples := labelled(10, func(int) string { return "x" })
	part := func(name string, s dataset.Size) dataset.Part { return dataset.Part{Name: name, Size: s} }
	for _, tt := range []struct {
		d    dataset.Division
		want string
	}{
		{dataset.Division{}, "no part"},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{}), part("b", dataset.Size{})}}, `"a" and "b" both take the rest`},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Count: 3}), part("a", dataset.Size{})}}, `two parts are called "a"`},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Count: 11})}}, "want 11 of 10 examples"},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Share: 0.7}), part("b", dataset.Size{Share: 0.7})}}, "want 14 of 10"},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Count: 10}), part("b", dataset.Size{})}}, `"b" would be empty`},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Share: 0.01})}}, `"a" would be empty`},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Share: 1.5})}}, "makes no sense"},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Count: 5})}, Stratify: "topic"}, `"topic" is missing (there are "label", "q")`},
		{dataset.Division{Parts: []dataset.Part{part("a", dataset.Size{Count: 5})}, Stratify: "/*"}, "needs a name"},
	} {
		if _, err := dataset.Divide(examples, tt.d); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %q", tt.d, err, tt.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]dataset.Size{"100": {Count: 100}, "20%": {Share: 0.2}, "0.2": {Share: 0.2}, " rest ": {}} {
		got, err := dataset.ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		var back dataset.Size
		if b, _ := got.MarshalText(); back.UnmarshalText(b) != nil || back != got {
			t.Errorf("%q comes back as %+v", b, back)
		}
	}
	for _, text := range []string{"", "0", "-1", "1.0", "100%", "x", "NaN", "0%"} {
		if s, err := dataset.ParseSize(text); err == nil {
			t.Errorf("%q is taken for %+v", text, s)
		}
	}
}

// Every example is in one part, sizes are as asked, and order and seed decide.
func TestDivideProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 60).Draw(t, "n")
		labels := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), n, n).Draw(t, "labels")
		examples := labelled(n, func(i int) string { return labels[i] })
		first := rapid.IntRange(1, n-2).Draw(t, "first")
		d := dataset.Division{
			Parts: []dataset.Part{{Name: "one", Size: dataset.Size{Count: first}}, {Name: "two"}},
			Seed:  rapid.Uint64().Draw(t, "seed"), Stratify: rapid.SampledFrom([]string{"", "label"}).Draw(t, "stratify"),
		}
		sets, err := dataset.Divide(examples, d)
		if err != nil {
			t.Fatal(err)
		}
		if len(sets[0].Examples) != first || len(sets[0].Examples)+len(sets[1].Examples) != n {
			t.Fatalf("sizes %d and %d", len(sets[0].Examples), len(sets[1].Examples))
		}
		if err := dataset.CheckDisjoint(sets...); err != nil {
			t.Fatal(err)
		}
		again, err := dataset.Divide(examples, d)
		if err != nil || again[0].Examples[0].ID != sets[0].Examples[0].ID {
			t.Fatal("not repeatable", err)
		}
	})
}
