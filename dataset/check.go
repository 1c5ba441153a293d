package dataset

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
)

// CheckOptions say what [Check] looks for. The zero value is useful.
type CheckOptions struct {
	// Fields are the inputs by which near duplicates are found. Defaults to
	// all.
	Fields []string
	// Similarity is how alike two texts are, at the least, that are called near
	// duplicates: the share of their runs of five characters, without case,
	// punctuation and repetitions, that both have (Jaccard). Defaults to 0.8.
	Similarity float64
	// Minibatch is the size of a minibatch. Defaults to 3, the paper's.
	Minibatch int
	// SolveRate is the share of examples that the program solves before it is
	// optimized; 0 if it is not known.
	SolveRate float64
}

// Report is what [Check] found. It is printed by String, and as JSON
// (docs/formats/cli-json.md).
type Report struct {
	// Minibatch is the size that chances are of.
	Minibatch int `json:"minibatch"`
	// Sets are about each set by itself, in the order given.
	Sets []SetReport `json:"sets"`
	// Pairs are the examples that repeat an earlier one, in the order of the
	// later: one for each later example, of the worst kind there is.
	Pairs []Pair `json:"pairs"`
}

// PairKind says in what two examples are alike.
type PairKind string

// The kinds of pairs, the worst first.
const (
	// PairContent: equal inputs and labels.
	PairContent PairKind = "content"
	// PairConflict: equal inputs, and different labels, one of which is wrong.
	PairConflict PairKind = "conflict"
	// PairID: the same id, and different inputs.
	PairID PairKind = "id"
	// PairNear: every input is nearly equal.
	PairNear PairKind = "near"
)

// A Place names an example.
type Place struct {
	Set string `json:"set"`
	ID  string `json:"id"`
}

// A Pair is two examples that are alike.
type Pair struct {
	Kind   PairKind `json:"kind"`
	First  Place    `json:"first"`
	Second Place    `json:"second"`
	// Similarity is that of the least alike inputs, 0..1; see
	// CheckOptions.Similarity.
	Similarity float64 `json:"similarity"`
}

// Across reports whether the examples are in different sets.
func (p Pair) Across() bool { return p.First.Set != p.Second.Set }

// Count returns the number of pairs of a kind within sets or across them.
func (r Report) Count(kind PairKind, across bool) int {
	n := 0
	for _, p := range r.Pairs {
		if p.Kind == kind && p.Across() == across {
			n++
		}
	}
	return n
}

// Refused returns the number of pairs for which a run would refuse the data:
// examples of different sets that are equal, or have the same id.
func (r Report) Refused() int {
	return r.Count(PairContent, true) + r.Count(PairID, true)
}

// Check looks at examples as a careful person would before spending money on
// them: repetitions within and across sets, labels that contradict each other
// or are empty, fields that are missing, odd lengths, how the labels are
// distributed, and what a minibatch will see of that. It reports; what is
// wrong is for the caller to say. The error is about opts.
//
// Near duplicates are found by sketches: of pairs just above the similarity a
// few are missed, and in crowds of texts from one template most.
func Check(sets []Set, opts CheckOptions) (Report, error) {
	opts.Similarity = cmp.Or(opts.Similarity, 0.8)
	opts.Minibatch = cmp.Or(opts.Minibatch, 3)
	switch {
	case !(opts.Similarity > 0 && opts.Similarity <= 1):
		return Report{}, fmt.Errorf("dataset: similarity %v: give a number above 0 and at most 1", opts.Similarity)
	case opts.Minibatch < 1:
		return Report{}, fmt.Errorf("dataset: a minibatch of %d: give 1 or more", opts.Minibatch)
	case !(opts.SolveRate >= 0 && opts.SolveRate <= 1):
		return Report{}, fmt.Errorf("dataset: solve rate %v: give a share between 0 and 1", opts.SolveRate)
	case len(sets) == 0:
		return Report{}, fmt.Errorf("dataset: there is no set to check: give at least one")
	}
	inputs := map[string]bool{}
	for _, s := range sets {
		for _, ex := range s.Examples {
			for _, f := range ex.Inputs {
				inputs[f.Name] = true
			}
		}
	}
	if opts.Fields == nil {
		opts.Fields = slices.Sorted(maps.Keys(inputs))
	}
	for _, name := range opts.Fields {
		if !inputs[name] {
			return Report{}, fmt.Errorf("dataset: field %q is to be compared, and no example has it among its inputs%s", name, nearName(name, slices.Sorted(maps.Keys(inputs))))
		}
	}
	r := Report{Minibatch: opts.Minibatch, Pairs: findPairs(sets, opts)}
	for _, s := range sets {
		r.Sets = append(r.Sets, checkSet(s, opts))
	}
	return r, nil
}

// findPairs finds the examples that repeat an earlier one.
func findPairs(sets []Set, opts CheckOptions) []Pair {
	var all []gepa.Example
	var places []Place
	for _, s := range sets {
		for _, ex := range s.Examples {
			all = append(all, ex)
			places = append(places, Place{s.Name, ex.ID})
		}
	}
	type sum = [sha256.Size]byte
	inputs, contents := make([]sum, len(all)), make([]sum, len(all))
	inParallel(len(all), func(i int) {
		inputs[i], contents[i] = fingerprint(all[i].Inputs), fingerprint(append(slices.Clip(all[i].Inputs), all[i].Labels...))
	})
	firstInput, firstID := map[sum]int{}, map[string]int{}
	found := map[int]Pair{}
	for i := range all {
		pair := Pair{Second: places[i], Similarity: 1}
		if j, ok := firstInput[inputs[i]]; ok {
			pair.Kind, pair.First = PairContent, places[j]
			if contents[i] != contents[j] {
				pair.Kind = PairConflict
			}
			found[i] = pair
		} else if j, ok := firstID[all[i].ID]; ok {
			pair.Kind, pair.First, pair.Similarity = PairID, places[j], 0
			found[i] = pair
		}
		if _, ok := firstInput[inputs[i]]; !ok {
			firstInput[inputs[i]] = i
		}
		if _, ok := firstID[all[i].ID]; !ok {
			firstID[all[i].ID] = i
		}
	}
	for _, near := range nearPairs(all, opts.Fields, opts.Similarity, func(i, j int) bool { return inputs[i] == inputs[j] }) {
		if _, ok := found[near.second]; !ok {
			found[near.second] = Pair{PairNear, places[near.first], places[near.second], near.similarity}
		}
	}
	out := make([]Pair, 0, len(found))
	for _, i := range sortedKeys(found) {
		out = append(out, found[i])
	}
	return out
}

// fingerprint identifies fields whatever their order.
func fingerprint(fields gepa.Fields) [sha256.Size]byte {
	sorted := slices.Clone(fields)
	slices.SortStableFunc(sorted, func(a, b gepa.Field) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	for _, f := range sorted {
		fmt.Fprintf(h, "%d:%s%d:", len(f.Name), f.Name, len(f.Value))
		_, _ = h.Write(f.Value)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
