package metric

import (
	"context"
	"fmt"
)

// A TextMatch is a [Metric] that compares one text of the output with one
// label, a string or a list of strings of which any will do. Its feedback says
// in words what matches and what does not. Make one with [ExactMatchOn] or
// [F1On].
//
// An output without the field, or with an empty one, scores 0; an output value
// that is no string is compared as JSON text. A label that is absent or of
// another type is an error.
type TextMatch struct {
	// Output is the name of the output field.
	Output string
	// Label is the name of the label; "" means that of Output.
	Label string

	exact bool
}

// ExactMatchOn returns the metric that scores 1 where the field equals the
// label of the same name by [ExactMatch], and 0 elsewhere. Set Label on the
// result to compare with another label.
func ExactMatchOn(field string) TextMatch { return TextMatch{Output: field, exact: true} }

// F1On returns the metric that scores the field by [F1] against the label of
// the same name. Set Label on the result to compare with another label.
func F1On(field string) TextMatch { return TextMatch{Output: field} }

// Measure implements [Metric].
func (m TextMatch) Measure(_ context.Context, in Input) (Result, error) {
	label := m.Label
	if label == "" {
		label = m.Output
	}
	golds, err := goldAnswers(in.Example, label)
	if err != nil {
		return Result{}, err
	}
	c := compare(in.Output.Text(m.Output), golds, f1)
	var r Result
	r.Feedback.Text = c.String()
	switch {
	case !hasField(in, m.Output):
		r.Feedback.Text = noField(in, m.Output)
	case !m.exact:
		r.Score = c.f1
	case c.em:
		r.Score = 1
	}
	return r, nil
}

// hasField reports whether the output has a field of that name.
func hasField(in Input, name string) bool {
	_, ok := in.Output.Get(name)
	return ok
}

// noField is the feedback on an output that lacks the field to be measured.
func noField(in Input, name string) string {
	return fmt.Sprintf("The program returned no field %q; the fields it returned: %s.", name, quoteNames(in.Output.Names()))
}
