// Package expression measures rollouts by an expression that the user writes
// in the language of expr-lang.org. It is a package of its own so that only
// programs that import it link the language.
package expression

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/expression"
	"github.com/gepa-go/gepa/metric"
)

// A Metric measures by an expression. Make one with [New]. It is safe for
// concurrent use.
type Metric struct {
	program *expression.Program
}

var _ metric.Metric = (*Metric)(nil)

// An Error says what is wrong with an expression, or with what it found in a
// rollout.
type Error struct {
	// Example is the id of the example; "" where the expression cannot be
	// compiled.
	Example string
	// Line and Column are the place in the expression, from 1; 0 if it is not
	// known.
	Line, Column int
	// Problem says what is wrong, and Text is all there is to say, with the
	// line and a caret.
	Problem, Text string
	// Err is that of the context, if it ended.
	Err error
}

// Error returns Text, with the example.
func (e *Error) Error() string {
	if e.Example == "" {
		return "metric: " + e.Text
	}
	return fmt.Sprintf("metric: example %q: %s", e.Example, e.Text)
}

// Unwrap returns the context's error.
func (e *Error) Unwrap() error { return e.Err }

// New compiles an expression. It may use these variables:
//
//	inputs, labels, output   the fields of the example and of the program's output, by name
//	id                       the example's id
//	trace                    the program's calls: component, inputs, outputs and problem of each
//	usage                    calls, input_tokens, output_tokens, and dollars (nil if not known)
//	seconds                  how long the program ran
//	attempt                  the number of the rollout on this example, from 0
//
// and besides the language's own functions these, of an output and a gold
// answer, which may be a list of which any will do:
//
//	exact(output, gold)      1 if they are equal but for case, punctuation, articles and space, else 0
//	f1(output, gold)         F1 over their words
//	normalize(text)          the text as exact compares it
//
// A field that is not there is nil: x ?? "" gives it a value, and x?.y asks no
// further. The result is the score, a number or a condition (true is 1), or an
// object with it:
//
//	{score: …, feedback: "…", objectives: {name: …}, by_component: {name: "…"}}
//
// Without feedback, the metric says no more than the score. What the
// expression may use of time and memory is bounded. The error is an [*Error].
func New(source string) (*Metric, error) {
	p, err := expression.CompileWith(source, functions(), variables()...)
	if err != nil {
		return nil, wrap("", err)
	}
	return &Metric{p}, nil
}

func variables() []string {
	return []string{"inputs", "labels", "output", "id", "trace", "usage", "seconds", "attempt"}
}

// functions are those of package metric that are worth calling.
func functions() expression.Functions {
	return expression.Functions{
		"exact": func(params ...any) (any, error) {
			text, golds, err := compared("exact", params)
			if err != nil || !metric.ExactMatch(text, golds...) {
				return 0, err
			}
			return 1, nil
		},
		"f1": func(params ...any) (any, error) {
			text, golds, err := compared("f1", params)
			if err != nil {
				return nil, err
			}
			return metric.F1(text, golds...), nil
		},
		"normalize": func(params ...any) (any, error) {
			if len(params) != 1 {
				return nil, fmt.Errorf("normalize wants one text, got %d values", len(params))
			}
			return metric.NormalizeText(asText(params[0])), nil
		},
	}
}

// compared returns the output and the gold answers that a function was given.
func compared(function string, params []any) (string, []string, error) {
	if len(params) != 2 {
		return "", nil, fmt.Errorf("%s wants an output and a gold answer, got %d values", function, len(params))
	}
	list, ok := params[1].([]any)
	if !ok {
		list = params[1:]
	}
	golds := make([]string, len(list))
	for i, gold := range list {
		golds[i] = asText(gold)
	}
	return asText(params[0]), golds, nil
}

// asText is a text itself, nothing for nil, and JSON for anything else.
func asText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	raw, err := gepa.EncodeValue(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(raw)
}

// Measure implements [metric.Metric]. An expression that fails on an output is
// an error, for the metric would else be wrong without anybody noticing.
func (m *Metric) Measure(ctx context.Context, in metric.Input) (metric.Result, error) {
	value, err := m.program.Run(ctx, m.environment(in))
	if err != nil {
		if ended := ctx.Err(); ended != nil {
			return metric.Result{}, ended
		}
		return metric.Result{}, gepa.Fatal(wrap(in.Example.ID, err))
	}
	r, problem := result(value)
	if problem != "" {
		return metric.Result{}, gepa.Fatal(&Error{Example: in.Example.ID, Problem: problem, Text: "the expression " + problem})
	}
	if r.Feedback.Text == "" && r.Feedback.ByComponent == nil {
		r.Feedback.Text = fmt.Sprintf("The score is %.4g.", r.Score)
	}
	return r, nil
}

func wrap(example string, err error) error {
	e := &Error{Example: example, Problem: err.Error(), Text: err.Error()}
	if at, ok := err.(*expression.Error); ok { //nolint:errorlint // it is that type itself
		e.Line, e.Column, e.Problem, e.Err = at.Line, at.Column, at.Problem, at.Err
	}
	return e
}

// environment decodes the variables that the expression uses.
func (m *Metric) environment(in metric.Input) map[string]any {
	env := map[string]any{}
	for _, name := range m.program.Names() {
		switch name {
		case "inputs":
			env[name] = object(in.Example.Inputs)
		case "labels":
			env[name] = object(in.Example.Labels)
		case "output":
			env[name] = object(in.Output)
		case "id":
			env[name] = in.Example.ID
		case "trace":
			env[name] = trace(in.Trace)
		case "usage":
			env[name] = usage(in.Usage)
		case "seconds":
			env[name] = in.Elapsed.Seconds()
		case "attempt":
			env[name] = in.Repeat
		}
	}
	return env
}

func object(fields gepa.Fields) map[string]any {
	out := make(map[string]any, len(fields))
	for _, f := range fields {
		out[f.Name] = expression.Decode(f.Value)
	}
	return out
}

func trace(steps []gepa.Step) []any {
	out := make([]any, len(steps))
	for i, s := range steps {
		out[i] = map[string]any{"component": s.Component, "inputs": object(s.Inputs), "outputs": object(s.Outputs), "problem": s.Problem}
	}
	return out
}

func usage(u gepa.Usage) map[string]any {
	out := map[string]any{
		"calls": int(u.Calls), "input_tokens": int(u.InputTokens), "output_tokens": int(u.OutputTokens), "dollars": nil,
	}
	if u.Cost.Known() {
		out["dollars"] = float64(u.Cost.Nanos) / 1e9
	}
	return out
}

// result reads what an expression gave; the problem is the rest of a sentence
// that begins with "the expression".
func result(value any) (r metric.Result, problem string) {
	fields, ok := value.(map[string]any)
	if !ok {
		fields = map[string]any{"score": value}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case "score":
			r.Score, ok = number(fields[name])
			if !ok {
				return r, fmt.Sprintf("gives %s as the score, want a number or a condition", short(fields[name]))
			}
		case "feedback":
			r.Feedback.Text = asText(fields[name])
		case "objectives":
			objectives, ok := fields[name].(map[string]any)
			if !ok {
				return r, fmt.Sprintf("gives %s as objectives, want an object of numbers", short(fields[name]))
			}
			r.Objectives = map[string]float64{}
			for _, objective := range slices.Sorted(maps.Keys(objectives)) {
				if r.Objectives[objective], ok = number(objectives[objective]); !ok {
					return r, fmt.Sprintf("gives %s as the objective %q, want a number", short(objectives[objective]), objective)
				}
			}
		case "by_component":
			words, ok := fields[name].(map[string]any)
			if !ok {
				return r, fmt.Sprintf("gives %s as by_component, want an object of texts", short(fields[name]))
			}
			r.Feedback.ByComponent = map[string]string{}
			for component, text := range words {
				r.Feedback.ByComponent[component] = asText(text)
			}
		default:
			return r, fmt.Sprintf("gives an object with a field %q: the fields are score, feedback, objectives and by_component", name)
		}
	}
	if _, ok := fields["score"]; !ok {
		return r, "gives an object without a score"
	}
	return r, ""
}

// number returns a finite number, or 0 and 1 of a condition.
func number(value any) (float64, bool) {
	switch v := value.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return 0, false
}

func short(value any) string {
	const most = 100
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%.*v", most, value)
	}
	if r := []rune(string(raw)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(raw)
}
