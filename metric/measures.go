package metric

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gepa-go/gepa"
)

// A target is what a measure looks at.
type target struct {
	field   string // of the output
	present bool
	raw     json.RawMessage
	text    string
	label   string // "" if the measure needs none
}

// A measure returns a value in its own unit and what there is to say about it.
type measure func(in Input, t target) (value float64, words string, err error)

// A kind is a measure that can be named.
type kind struct {
	name, doc string
	options   []string // of Spec, beside name, weight, output and label
	// label reports whether a label is compared with.
	label func(Spec) bool
	// withoutOutput: it does not look at the output.
	withoutOutput bool
	// scaled: its range is the user's to say.
	scaled bool
	make   func(Spec) (measure, gepa.Objective, error)
}

func always(Spec) bool { return true }
func never(Spec) bool  { return false }

// A MeasureInfo is about one measure, for help and editors.
type MeasureInfo struct {
	// Name is what Spec.Measure says.
	Name string `json:"name"`
	// Doc says what it measures, in a sentence.
	Doc string `json:"doc"`
	// Options are the fields of [Spec] that mean something to it, by their JSON
	// names, beside measure, name, weight and output.
	Options []string `json:"options"`
}

// Measures returns the named measures in the order in which they are best
// shown.
func Measures() []MeasureInfo {
	var out []MeasureInfo
	for _, k := range kinds() {
		out = append(out, MeasureInfo{k.name, k.doc, k.options})
	}
	return out
}

// kinds returns all measures that can be named.
func kinds() []kind {
	return []kind{
		{name: "exact", doc: "1 if the output equals the label but for case, punctuation, articles and space (EM).", options: []string{"label"}, label: always, make: simple(measureExact)},
		{name: "equal", doc: "1 if the output equals the label but for space at the ends.", options: []string{"label"}, label: always, make: simple(measureEqual)},
		{name: "f1", doc: "F1 over the words that output and label share.", options: []string{"label"}, label: always, make: simple(measureF1)},
		{name: "contains", doc: "1 if the output holds the label's text, word for word but for case, punctuation and articles.", options: []string{"label"}, label: always, make: simple(measureContains)},
		{name: "regex", doc: "1 if the regular expression (RE2) matches the output.", options: []string{"pattern", "label"}, label: func(s Spec) bool { return s.Pattern == "" }, make: makeRegex},
		{name: "rouge_l", doc: "ROUGE-L: F1 by the longest common subsequence of words.", options: []string{"label"}, label: always, make: simple(measureRougeL)},
		{name: "number", doc: "1 if the last number in the output is the label's, within a tolerance.", options: []string{"label", "tolerance", "relative"}, label: always, make: makeNumber},
		{name: "choice", doc: "1 if the output chooses the label's letter, however it puts it.", options: []string{"label", "choices"}, label: always, make: makeChoice},
		{name: "json_equal", doc: "1 if the output is JSON that equals the label's.", options: []string{"label"}, label: always, make: simple(measureJSONEqual)},
		{name: "json_fields", doc: "F1 over the values that the output's JSON and the label's have at the same place.", options: []string{"label"}, label: always, make: simple(measureJSONFields)},
		{name: "json_schema", doc: "1 if the output is JSON that a JSON schema allows.", options: []string{"schema", "schema_file", "label"}, label: func(s Spec) bool { return s.Schema == nil && s.SchemaFile == "" }, make: makeSchema},
		{name: "length", doc: "The length of the output in words or characters; shorter is better.", options: []string{"unit", "min", "max"}, label: never, scaled: true, make: makeLength},
		{name: "latency", doc: "How long the program ran, in seconds; shorter is better. A reply from the cache takes no time.", options: []string{"min", "max"}, label: never, withoutOutput: true, scaled: true, make: makeLatency},
		{name: "cost", doc: "What the program's calls cost, in dollars; less is better. A reply from the cache costs nothing.", options: []string{"min", "max"}, label: never, withoutOutput: true, scaled: true, make: makeCost},
	}
}

// findKind returns the measure of a name.
func findKind(name string) (kind, error) {
	var names []string
	for _, k := range kinds() {
		if k.name == name || k.name == "exact" && name == "em" {
			return k, nil
		}
		names = append(names, k.name)
	}
	return kind{}, fmt.Errorf("metric: there is no measure %q: choose one of %s", name, strings.Join(names, ", "))
}

// simple is a measure without options whose values are 0..1, more being
// better.
func simple(m measure) func(Spec) (measure, gepa.Objective, error) {
	return func(Spec) (measure, gepa.Objective, error) { return m, gepa.Objective{}, nil }
}

// golds returns the gold answers of the target's label.
func (t target) golds(in Input) ([]string, error) { return goldAnswers(in.Example, t.label) }
