package dataset_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/dataset/demodata"
)

func item(id, question string, label any) gepa.Example {
	return gepa.Example{ID: id, Inputs: gepa.NewFields("question", question), Labels: gepa.NewFields("label", label)}
}

func TestCheckPairs(t *testing.T) {
	const long = "The bridge at Teln was built by Mila Vant in the year 1901 and carries the road from Kesh to the coast"
	sets := []dataset.Set{
		{Name: "train", Examples: []gepa.Example{
			item("a", "What is it?", "x"), item("b", long, "x"), item("c", "Something else altogether, at some length.", "y"),
			item("d", "What is it?", "z"),
		}},
		{Name: "dev", Examples: []gepa.Example{
			item("e", "What is it?", "x"), item("f", strings.ToUpper(long)+"!", "x"), item("g", strings.Replace(long, "1901", "1902", 1), "y"),
			item("a", "Quite another question.", "x"), item("h", "Something altogether different, at some length.", "y"),
		}},
	}
	r, err := dataset.Check(sets, dataset.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	place := func(set, id string) dataset.Place { return dataset.Place{Set: set, ID: id} }
	want := []dataset.Pair{
		{Kind: dataset.PairConflict, First: place("train", "a"), Second: place("train", "d"), Similarity: 1},
		{Kind: dataset.PairContent, First: place("train", "a"), Second: place("dev", "e"), Similarity: 1},
		{Kind: dataset.PairNear, First: place("train", "b"), Second: place("dev", "f"), Similarity: 1},
		{Kind: dataset.PairNear, First: place("train", "b"), Second: place("dev", "g"), Similarity: 0.9},
		{Kind: dataset.PairID, First: place("train", "a"), Second: place("dev", "a")},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 0.02 })
	if diff := cmp.Diff(want, r.Pairs, near); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r.Refused() != 2 || r.Count(dataset.PairNear, true) != 2 {
		t.Errorf("%d refused", r.Refused())
	}
	text := r.String()
	for _, want := range []string{
		"1 example repeats an earlier one (of another set; a run refuses such data):\n  dev \"e\" is like train \"a\"\n",
		"1 example repeats the inputs of an earlier one and has other labels, so that one of the two is wrong (within its set):\n",
		"2 examples repeat an earlier one nearly (of another set):\n", "(100 % alike)", "(90 % alike)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// Questions about one paragraph are no duplicates, nor are short questions
// that differ in a word.
func TestCheckNoPairs(t *testing.T) {
	var examples []gepa.Example
	context := strings.Repeat("A long paragraph that several questions are about. ", 20)
	for i, q := range []string{"Is 3 prime?", "Is 5 prime?", "Who wrote the long paragraph about several questions?", "How many questions is the paragraph about, all in all?"} {
		examples = append(examples, gepa.Example{ID: fmt.Sprint(i), Inputs: gepa.NewFields("question", q, "context", []string{context})})
	}
	r, err := dataset.Check([]dataset.Set{{Name: "x", Examples: examples}}, dataset.CheckOptions{})
	if err != nil || len(r.Pairs) != 0 || !strings.Contains(r.String(), "No example repeats") {
		t.Errorf("%+v, %v", r.Pairs, err)
	}
	r, err = dataset.Check([]dataset.Set{{Name: "x", Examples: examples}}, dataset.CheckOptions{Fields: []string{"context"}})
	if err != nil || len(r.Pairs) != 3 {
		t.Errorf("by context alone: %+v, %v", r.Pairs, err)
	}
}

func TestCheckSet(t *testing.T) {
	var examples []gepa.Example
	for i := range 30 {
		label := any("yes")
		switch {
		case i < 3:
			label = "no"
		case i == 29:
			label = " "
		}
		examples = append(examples, item(fmt.Sprint("e", i), fmt.Sprintf("A question that is number %d of all.", i), label))
	}
	examples[5].Inputs = gepa.NewFields("question", strings.Repeat("very long ", 50), "extra", 1)
	r, err := dataset.Check([]dataset.Set{{Name: "train", Examples: examples}}, dataset.CheckOptions{Minibatch: 2, SolveRate: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	s := r.Sets[0]
	if s.Unlabelled != 1 || len(s.Fields) != 3 || s.Fields[1].Missing != 29 || s.Fields[2].Empty != 1 {
		t.Errorf("%+v", s)
	}
	if diff := cmp.Diff([]dataset.Outlier{{ID: "e5", Length: 500}}, s.Fields[0].Length.Outliers); diff != "" {
		t.Error(diff)
	}
	none := func(k int) float64 { return float64((30-k)*(29-k)) / (30 * 29) }
	want := []dataset.Value{
		{Value: "yes", Count: 26, Share: 26.0 / 30, Chance: 1 - none(26)},
		{Value: "no", Count: 3, Share: 0.1, Chance: 1 - none(3)},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
	if diff := cmp.Diff(want, s.Fields[2].Values, near); diff != "" {
		t.Error(diff)
	}
	// Both values: one of each, in either order.
	if every := *s.Fields[2].EveryValue; math.Abs(every-2*26*3/(30.0*29)) > 1e-12 {
		t.Errorf("every value: %v", every)
	}
	if diff := cmp.Diff([]dataset.FailureChance{{SolveRate: 0.9, Chance: 1 - none(3)}}, s.Failures, near); diff != "" {
		t.Error(diff)
	}
	const text = `train: 30 examples
  input "question": string; 35 to 500 characters, half of them up to 36; 30 values
    odd lengths: 500 in "e5"
  input "extra": 1 number, MISSING in 29; 1 to 1 characters, half of them up to 1; 1 value
  label "label": 29 string, EMPTY in 1; 2 to 3 characters, half of them up to 3; 2 values
    values: "yes" 87 %, "no" 10 %
  1 example has no label that says something: only a metric that needs none can score them
  what a minibatch of 2 sees:
    label "no" with a chance of 19 %, all of its 2 values with one of 18 %
    a failure with a chance of 19 % where 90 % are solved

No example repeats another one, nor nearly.
`
	if diff := cmp.Diff(text, r.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCheckErrors(t *testing.T) {
	sets := []dataset.Set{{Name: "x", Examples: []gepa.Example{item("a", "q", "l")}}}
	for _, opts := range []dataset.CheckOptions{{Similarity: 2}, {Minibatch: -1}, {SolveRate: math.NaN()}, {Fields: []string{"label"}}} {
		if _, err := dataset.Check(sets, opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
	if _, err := dataset.Check(nil, dataset.CheckOptions{}); err == nil {
		t.Error("no set is accepted")
	}
}

// The embedded data set is clean.
func TestCheckDemo(t *testing.T) {
	var sets []dataset.Set
	for name, data := range map[string][]byte{"train": demodata.Train()} {
		examples, err := dataset.ReadHotpotQA(strings.NewReader(string(data)), name)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, dataset.Set{Name: name, Examples: examples})
	}
	r, err := dataset.Check(sets, dataset.CheckOptions{Minibatch: 7})
	if err != nil || len(r.Pairs) != 0 {
		t.Errorf("%v\n%s", err, r)
	}
}

// BenchmarkCheck is about 100,000 examples of some 500 characters, every
// hundredth of them nearly a copy.
func BenchmarkCheck(b *testing.B) {
	examples := make([]gepa.Example, 100_000)
	words := func(seed, n int) string {
		var s strings.Builder
		x := uint64(seed)*2654435761 + 1
		for range n {
			x = x*6364136223846793005 + 1442695040888963407
			fmt.Fprintf(&s, "w%d ", x>>33%5000)
		}
		return s.String()
	}
	for i := range examples {
		text := words(i, 90)
		if i%100 == 99 {
			text = strings.Replace(words(i-7, 90), " ", " more ", 1)
		}
		examples[i] = item(fmt.Sprint(i), text, i%4)
	}
	b.ResetTimer()
	for b.Loop() {
		r, err := dataset.Check([]dataset.Set{{Name: "x", Examples: examples}}, dataset.CheckOptions{})
		if err != nil || r.Count(dataset.PairNear, false) < 990 {
			b.Fatalf("%d near pairs, %v", r.Count(dataset.PairNear, false), err)
		}
	}
}
