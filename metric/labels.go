package metric

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gepa-go/gepa"
)

// goldAnswers returns the gold answers that a label holds, at least one: a
// string, or a list of strings of which any will do. The error names example
// and field and is fatal, for trying again cannot cure it.
func goldAnswers(ex gepa.Example, label string) ([]string, error) {
	raw, ok := ex.Labels.Get(label)
	if !ok || string(raw) == "null" {
		return nil, gepa.Fatal(fmt.Errorf("metric: example %q has no label %q (it has %s): "+
			"add the label to the data or compare with another one", ex.ID, label, quoteNames(ex.Labels.Names())))
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []*string
	if err := json.Unmarshal(raw, &many); err != nil || len(many) == 0 {
		return nil, wrongLabel(ex, label, "a string or a list of strings")
	}
	golds := make([]string, len(many))
	for i, s := range many {
		if s == nil {
			return nil, wrongLabel(ex, label, "a string or a list of strings")
		}
		golds[i] = *s
	}
	return golds, nil
}

// supportingTitles returns the titles of the paragraphs that the label
// "supporting_facts" points to, each once, in order; none if there is no such
// label.
func supportingTitles(ex gepa.Example) ([]string, error) {
	const label = "supporting_facts"
	raw, ok := ex.Labels.Get(label)
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	const want = "a list of [title, sentence index] pairs"
	var facts [][]json.RawMessage
	if json.Unmarshal(raw, &facts) != nil {
		return nil, wrongLabel(ex, label, want)
	}
	var titles []string
	seen := map[string]bool{}
	for _, fact := range facts {
		var title string
		if len(fact) != 2 || json.Unmarshal(fact[0], &title) != nil {
			return nil, wrongLabel(ex, label, want)
		}
		if !seen[title] {
			seen[title] = true
			titles = append(titles, title)
		}
	}
	return titles, nil
}

// wrongLabel is the error for a label of the wrong type.
func wrongLabel(ex gepa.Example, label, want string) error {
	raw, _ := ex.Labels.Get(label)
	return gepa.Fatal(fmt.Errorf("metric: example %q: label %q is %.*s, want %s: correct the data",
		ex.ID, label, mostRunes, raw, want))
}

// A paragraph is a piece of the context a program saw.
type paragraph struct {
	title string
	text  string // normalised, with a space at either end
}

// paragraphs returns the context that the program saw: the field "context" of
// the trace's steps, or where none has it, of the example. Each paragraph
// comes once; what precedes " | " in it is its title. A context that is a
// single text is one paragraph.
func paragraphs(in Input) []paragraph {
	const field = "context"
	sources := make([]gepa.Fields, 0, len(in.Trace)+1)
	for _, step := range in.Trace {
		if _, ok := step.Inputs.Get(field); ok {
			sources = append(sources, step.Inputs)
		}
	}
	if len(sources) == 0 {
		sources = append(sources, in.Example.Inputs)
	}
	var out []paragraph
	seen := map[string]bool{}
	for _, fields := range sources {
		var texts []string
		if fields.Decode(field, &texts) != nil {
			texts = []string{fields.Text(field)}
		}
		for _, text := range texts {
			if text == "" || seen[text] {
				continue
			}
			seen[text] = true
			title, _, found := strings.Cut(text, " | ")
			if !found {
				title = ""
			}
			out = append(out, paragraph{title: title, text: " " + NormalizeText(text) + " "})
		}
	}
	return out
}

// holds reports whether the paragraph has the answer in it, word for word
// after normalisation.
func (p paragraph) holds(answer string) bool {
	n := NormalizeText(answer)
	return n != "" && strings.Contains(p.text, " "+n+" ")
}
