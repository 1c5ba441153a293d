package metric

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
)

// A Combined is a metric made of named measures; make one with [Named]. Each
// measure is an objective of its own, and the score is their weighted mean
// ([gepa.WeightedScore]). Its feedback holds the words of the measures that
// were not at their best, or where all were, those of the first.
type Combined struct {
	measures   []combinedMeasure
	objectives []gepa.Objective
}

type combinedMeasure struct {
	spec      Spec
	objective gepa.Objective
	measure   measure
	kind      kind
}

// Named makes a metric of measures. The error names the measure and says what
// to choose instead.
func Named(specs ...Spec) (*Combined, error) {
	c := &Combined{}
	weights := 0.0
	for _, s := range specs {
		k, err := findKind(s.Measure)
		if err != nil {
			return nil, err
		}
		m, objective, err := k.make(s)
		if err != nil {
			return nil, fmt.Errorf("metric: measure %q: %w", s.Measure, err)
		}
		objective.Name, objective.Weight = s.name(), s.weight()
		switch w := s.weight(); {
		case w < 0 || math.IsNaN(w) || math.IsInf(w, 0):
			return nil, fmt.Errorf("metric: measure %q: the weight %v is no number of 0 or more", s.Measure, w)
		case slices.ContainsFunc(c.objectives, func(o gepa.Objective) bool { return o.Name == objective.Name }):
			return nil, fmt.Errorf("metric: two objectives are called %q: give one of them another name", objective.Name)
		case k.scaled && w > 0 && s.Max <= s.Min:
			return nil, fmt.Errorf("metric: measure %q: the range %g to %g is empty: give a max above min, at which it is worth nothing, or the weight 0", s.Measure, s.Min, s.Max)
		}
		weights += objective.Weight
		c.measures = append(c.measures, combinedMeasure{s, objective, m, k})
		c.objectives = append(c.objectives, objective)
	}
	switch {
	case len(specs) == 0:
		return nil, errors.New("metric: no measure is named: name at least one")
	case weights == 0:
		return nil, errors.New("metric: every weight is 0, so that there is no score: give one measure a weight")
	}
	return c, nil
}

// Objectives returns the objectives that the metric measures, with direction,
// range and weight, in the order of the specs.
func (c *Combined) Objectives() []gepa.Objective { return slices.Clone(c.objectives) }

// Worst returns the worst value of every objective, for rollouts in which the
// program failed.
func (c *Combined) Worst() map[string]float64 {
	out := map[string]float64{}
	for _, o := range c.objectives {
		out[o.Name] = o.Min
		if o.Direction == gepa.Minimize {
			out[o.Name] = o.Max
		}
	}
	return out
}

// Measure implements [Metric]. A label that is absent or of the wrong type is
// an error; an output that is, is scored.
func (c *Combined) Measure(_ context.Context, in Input) (Result, error) {
	r := Result{Objectives: make(map[string]float64, len(c.measures))}
	var words []string
	for _, m := range c.measures {
		t, err := m.target(in)
		if err != nil {
			return Result{}, err
		}
		var value float64
		var said string
		if t.present || m.kind.withoutOutput {
			value, said, err = m.measure(in, t)
		} else {
			value, said = c.Worst()[m.objective.Name], noField(in, t.field)
		}
		if err != nil {
			return Result{}, err
		}
		r.Objectives[m.objective.Name] = value
		if m.objective.Normalise(value) < 1 && !slices.Contains(words, said) {
			words = append(words, said)
		}
		if r.Feedback.Text == "" {
			r.Feedback.Text = said
		}
	}
	if words != nil {
		r.Feedback.Text = strings.Join(words, "\n")
	}
	r.Score = gepa.WeightedScore(c.objectives, r.Objectives)
	return r, nil
}

// target finds what is measured, and what it is compared with.
func (m combinedMeasure) target(in Input) (target, error) {
	t := target{field: m.spec.Output}
	if t.field == "" {
		t.field = "answer"
		if len(in.Output) == 1 {
			t.field = in.Output[0].Name
		}
	}
	t.raw, t.present = in.Output.Get(t.field)
	t.text = in.Output.Text(t.field)
	if !m.kind.label(m.spec) {
		return t, nil
	}
	label := m.spec.Label
	if label == "" {
		label = defaultLabel(in.Example, t.field)
	}
	t.label = label
	if gold, ok := in.Example.Labels.Get(label); !ok || string(gold) == "null" {
		_, err := goldAnswers(in.Example, label)
		return t, err
	}
	return t, nil
}

// defaultLabel is the label named as the output field, or else "answer", or
// else the only one.
func defaultLabel(ex gepa.Example, field string) string {
	if _, ok := ex.Labels.Get(field); ok {
		return field
	}
	if _, ok := ex.Labels.Get("answer"); !ok && len(ex.Labels) == 1 {
		return ex.Labels[0].Name
	}
	return "answer"
}

// WithFeedback adds the text of a label to what a metric says: advice written
// by people, for instance, or why the gold answer is right. It is added where
// the score is below 1, after the metric's own words, and where a rollout's
// example does not have the label, or has it empty, nothing is.
func WithFeedback(m Metric, label string) Metric {
	return Func(func(ctx context.Context, in Input) (Result, error) {
		r, err := m.Measure(ctx, in)
		if err != nil || r.Score >= 1 {
			return r, err
		}
		if words := strings.TrimSpace(in.Example.Labels.Text(label)); words != "" {
			r.Feedback.Text = strings.TrimPrefix(r.Feedback.Text+"\n"+words, "\n")
		}
		return r, nil
	})
}
