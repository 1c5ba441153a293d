package dataset

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// A SetReport is about one set.
type SetReport struct {
	Name     string `json:"name"`
	Examples int    `json:"examples"`
	// Fields are the inputs and then the labels, in the order in which they
	// first occur.
	Fields []FieldReport `json:"fields"`
	// Unlabelled is the number of examples without any label that says
	// something.
	Unlabelled int `json:"unlabelled"`
	// Failures are the chances that a minibatch holds an example that the
	// program does not solve: at CheckOptions.SolveRate if it is given, else at
	// a few rates.
	Failures []FailureChance `json:"failures"`
}

// A FieldReport is about one field of a set's examples.
type FieldReport struct {
	Name  string `json:"name"`
	Label bool   `json:"label"`
	// Missing counts the examples without the field, Empty those in which it
	// is null, an empty list or object, or a text without a visible character.
	Missing int `json:"missing"`
	Empty   int `json:"empty"`
	// Types counts the other examples by the type of the value: string,
	// number, boolean, array, object.
	Types map[string]int `json:"types"`
	// Length is about the values that are not empty, in characters, as text.
	Length Length `json:"length"`
	// Distinct is the number of different values.
	Distinct int `json:"distinct"`
	// Values are the values of a label that has at most 20, the most frequent
	// first; nil for any other field.
	Values []Value `json:"values,omitempty"`
	// EveryValue is the chance that a minibatch holds each of Values at least
	// once; nil where that is not computed, for more than 12 values.
	EveryValue *float64 `json:"every_value,omitempty"`
}

// A Length describes lengths in characters.
type Length struct {
	Min    int `json:"min"`
	Median int `json:"median"`
	Max    int `json:"max"`
	// Outliers are the ids of examples that are much longer or shorter than
	// the others: by more than three times the distance of the quartiles, on a
	// logarithmic scale. Sets of fewer than 20 values have none.
	Outliers []Outlier `json:"outliers"`
}

// An Outlier is an example with an odd length.
type Outlier struct {
	ID     string `json:"id"`
	Length int    `json:"length"`
}

// A Value is one value of a label.
type Value struct {
	// Value is the text, or the JSON of what is no text.
	Value string `json:"value"`
	// Count is the number of examples that have it, Share their share.
	Count int     `json:"count"`
	Share float64 `json:"share"`
	// Chance is the chance that a minibatch holds it at least once.
	Chance float64 `json:"chance"`
}

// A FailureChance is what a minibatch sees of a program's failures.
type FailureChance struct {
	// SolveRate is the share of examples that the program solves.
	SolveRate float64 `json:"solve_rate"`
	// Chance is the chance that a minibatch holds one that it does not.
	Chance float64 `json:"chance"`
}

const (
	mostValues = 20 // values of a label that are counted one by one
	mostSubset = 12 // values for which inclusion and exclusion is worth it
)

// checkSet looks at one set.
func checkSet(s Set, opts CheckOptions) SetReport {
	r := SetReport{Name: s.Name, Examples: len(s.Examples)}
	n := len(s.Examples)
	for _, label := range []bool{false, true} {
		for _, name := range fieldNames(s.Examples, label) {
			r.Fields = append(r.Fields, checkField(s.Examples, name, label, opts.Minibatch))
		}
	}
	for _, ex := range s.Examples {
		if !slices.ContainsFunc(ex.Labels, func(f gepa.Field) bool { return !isEmpty(f.Value) }) {
			r.Unlabelled++
		}
	}
	rates := []float64{0.5, 0.8, 0.9, 0.95, 0.99}
	if opts.SolveRate > 0 {
		rates = []float64{opts.SolveRate}
	}
	for _, rate := range rates {
		failing := n - int(math.Round(rate*float64(n)))
		r.Failures = append(r.Failures, FailureChance{rate, 1 - chanceOfNone(n, failing, opts.Minibatch)})
	}
	return r
}

// fieldNames returns the names of all inputs or labels.
func fieldNames(examples []gepa.Example, label bool) []string {
	var names []string
	seen := map[string]bool{}
	for _, ex := range examples {
		fields := ex.Inputs
		if label {
			fields = ex.Labels
		}
		for _, f := range fields {
			if !seen[f.Name] {
				seen[f.Name] = true
				names = append(names, f.Name)
			}
		}
	}
	return names
}

func checkField(examples []gepa.Example, name string, label bool, minibatch int) FieldReport {
	r := FieldReport{Name: name, Label: label, Types: map[string]int{}}
	counts := map[string]int{}
	var lengths []Outlier
	for _, ex := range examples {
		fields := ex.Inputs
		if label {
			fields = ex.Labels
		}
		raw, ok := fields.Get(name)
		switch {
		case !ok:
			r.Missing++
			continue
		case isEmpty(raw):
			r.Empty++
			continue
		}
		r.Types[typeOf(raw)]++
		value := fields.Text(name)
		counts[value]++
		lengths = append(lengths, Outlier{ex.ID, utf8.RuneCountInString(value)})
	}
	r.Distinct = len(counts)
	r.Length = describe(lengths)
	// As many values as examples, or nearly, are no classes.
	if label && len(counts) <= mostValues && len(counts) > 0 && 2*len(counts) <= len(lengths) {
		r.Values, r.EveryValue = valuesOf(counts, len(examples), minibatch)
	}
	return r
}

// valuesOf describes the distribution of a label over n examples.
func valuesOf(counts map[string]int, n, minibatch int) ([]Value, *float64) {
	var values []Value
	for value, k := range counts {
		values = append(values, Value{value, k, float64(k) / float64(n), 1 - chanceOfNone(n, k, minibatch)})
	}
	slices.SortFunc(values, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	if len(values) > mostSubset {
		return values, nil
	}
	// Inclusion and exclusion over the sets of values that are not seen.
	every := 0.0
	for subset := range 1 << len(values) {
		unseen, sign := 0, 1.0
		for i, v := range values {
			if subset>>i&1 == 1 {
				unseen += v.Count
				sign = -sign
			}
		}
		every += sign * chanceOfNone(n, unseen, minibatch)
	}
	every = min(max(every, 0), 1)
	return values, &every
}

// chanceOfNone is the chance that a minibatch, drawn from n examples without
// repetition, holds none of k of them (hypergeometric).
func chanceOfNone(n, k, minibatch int) float64 {
	chance := 1.0
	for i := range min(minibatch, n) {
		chance *= max(0, float64(n-k-i)) / float64(n-i)
	}
	return chance
}

// describe sorts lengths and finds those that are odd.
func describe(lengths []Outlier) Length {
	l := Length{Outliers: []Outlier{}}
	if len(lengths) == 0 {
		return l
	}
	slices.SortStableFunc(lengths, func(a, b Outlier) int { return cmp.Compare(a.Length, b.Length) })
	at := func(share float64) int { return lengths[int(share*float64(len(lengths)-1)+0.5)].Length }
	l.Min, l.Median, l.Max = lengths[0].Length, at(0.5), lengths[len(lengths)-1].Length
	if len(lengths) < 20 {
		return l
	}
	log := func(n int) float64 { return math.Log(float64(n) + 1) }
	q1, q3 := log(at(0.25)), log(at(0.75))
	reach := 3 * max(q3-q1, 0.1)
	for _, o := range slices.Backward(lengths) {
		if x := log(o.Length); x > q3+reach || x < q1-reach {
			l.Outliers = append(l.Outliers, o)
		}
	}
	return l
}

// isEmpty reports whether a value says nothing.
func isEmpty(raw json.RawMessage) bool {
	switch string(raw) {
	case "null", "[]", "{}", `""`:
		return true
	}
	return len(raw) > 0 && raw[0] == '"' && onlySpace(raw)
}

func onlySpace(raw json.RawMessage) bool {
	for _, r := range plainText(raw) {
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\u00a0' && r != '\u200b' {
			return false
		}
	}
	return true
}

// typeOf names a value's type as JSON schema does.
func typeOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	default:
		return "number"
	}
}
