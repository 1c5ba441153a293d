package config

import (
	"context"
	"fmt"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
)

// checkExamples refuses examples without an input that the program needs, or
// without a label that the metric needs: before anything is spent, and not in
// the middle of a run.
func (o Optimize) checkExamples(ctx context.Context, d gepa.Data) error {
	for _, set := range []struct {
		flag     string
		source   Source
		examples []gepa.Example
	}{{"train", o.Train, d.Feedback}, {"val", o.valSource(), d.Validation}, {"dev", o.Dev, d.Test}} {
		if err := o.checkSet(ctx, set.flag, set.source, set.examples); err != nil {
			return err
		}
	}
	return nil
}

// checkSet is [Optimize.checkExamples] for the examples of one flag.
func (o Optimize) checkSet(ctx context.Context, flag string, source Source, examples []gepa.Example) error {
	if o.System.Artefact != nil {
		return nil
	}
	check := o.labelCheck(ctx)
	for _, ex := range examples {
		err := check(ex)
		if err == nil && o.System.Program != nil {
			err = o.inputsOf(ex)
		}
		if err != nil {
			return usagef("--%s: %s: example %q %w", flag, source.name(), ex.ID, err)
		}
	}
	return nil
}

// inputsOf returns what a declared program lacks of an example.
func (o Optimize) inputsOf(ex gepa.Example) error {
	for _, name := range o.declaration().Needs() {
		if _, ok := ex.Inputs.Get(name); !ok {
			return fmt.Errorf("has no input %q, which the program needs; it has %s: name the inputs with data.inputs, as in %s=FIELD",
				name, listed(ex.Inputs.Names()), name)
		}
	}
	return nil
}

// labelCheck returns what looks for the labels that the metric needs.
func (o Optimize) labelCheck(ctx context.Context) func(gepa.Example) error {
	m, output := o.labelled()
	return func(ex gepa.Example) error {
		if name := o.Metric.Feedback; name != "" {
			if _, ok := ex.Labels.Get(name); !ok {
				return fmt.Errorf("has no label %q, which metric.feedback names; it has %s: name the labels with data.labels, as in %s=FIELD",
					name, listed(ex.Labels.Names()), name)
			}
		}
		if m == nil {
			return nil
		}
		// What is wrong with an output is scored; an error is about the labels.
		if _, err := m.Measure(ctx, metric.Input{Example: ex, Output: output}); err != nil {
			return fmt.Errorf("cannot be scored: %s; name the label with data.labels, as in answer=FIELD, or in the metric, as in exact(label=FIELD)", unprefixed(err))
		}
		return nil
	}
}

// labelled returns the metric whose labels can be looked for beforehand, and an
// output with every field that it may ask for; nil where there is none.
func (o Optimize) labelled() (metric.Metric, gepa.Fields) {
	output := gepa.Fields{}
	for _, name := range o.outputs() {
		output = output.Set(name, []byte(`""`))
	}
	switch m := o.Metric; {
	case m.Measures != "":
		specs, err := metric.ParseSpecs(m.Measures)
		if err != nil {
			return nil, nil // it was refused before
		}
		var known []metric.Spec
		for _, s := range specs {
			// Without the output's fields the label is known only where it is named.
			if len(output) > 0 || s.Label != "" {
				known = append(known, s)
			}
			if s.Output != "" {
				output = output.Set(s.Output, []byte(`""`))
			}
		}
		combined, err := metric.Named(known...)
		if err != nil {
			return nil, nil // none is known, or none has a weight
		}
		return combined, output
	case m.Builtin != "" || len(m.kinds()) == 0 && o.System.Builtin != "":
		return metric.HotpotQA(), gepa.NewFields("answer", "")
	}
	return nil, nil
}

// outputs returns the fields that the system's output has, as far as they are
// known.
func (o Optimize) outputs() []string {
	switch {
	case o.System.Builtin != "":
		return []string{"rationale", "candidate", "answer"}
	case o.System.Program != nil:
		return o.declaration().Gives()
	}
	return nil
}

// name is what a source is called in errors.
func (s Source) name() string {
	switch {
	case s.Path == "-":
		return "standard input"
	case len(s.More) > 0:
		return fmt.Sprintf("%s and %d more", s.Path, len(s.More))
	}
	return s.Path
}
