package config

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/metric/command"
	"github.com/gepa-go/gepa/metric/expression"
	"github.com/gepa-go/gepa/program/judge"
)

// A Metric says how an output is scored; docs/metrics.md. Exactly one field
// but Feedback is set, or none where the system scores itself.
type Metric struct {
	Measures   string          `json:"measures,omitempty" jsonschema:"measures with weights, for instance: 0.7*f1 + 0.3*exact"`
	Builtin    string          `json:"builtin,omitempty" enum:"hotpotqa" jsonschema:"a metric that is built in"`
	Expression string          `json:"expression,omitempty" jsonschema:"an expression over inputs, labels, output and trace"`
	Judge      *JudgeSpec      `json:"judge,omitempty" jsonschema:"a model that judges"`
	Command    *MetricCommand  `json:"command,omitempty" jsonschema:"a command that scores"`
	Objectives []ObjectiveSpec `json:"objectives,omitempty" default:"those that measures and judge have, and that the worker says" jsonschema:"what an expression, a command or the system measures beside the score"`
	Feedback   string          `json:"feedback,omitempty" default:"none" jsonschema:"a label whose text is added to the feedback where the score is below 1"`
}

// Shorthand says that measures may be given alone.
func (Metric) Shorthand() string { return "measures" }

// JudgeSpec is [judge.Options].
type JudgeSpec struct {
	Rubric     Text   `json:"rubric" jsonschema:"what a good output is, and what each score stands for"`
	Min        int    `json:"min,omitempty" default:"1" jsonschema:"the lowest score"`
	Max        int    `json:"max,omitempty" default:"5" jsonschema:"the highest score"`
	Votes      int    `json:"votes,omitempty" min:"1" default:"1" jsonschema:"how often the model is asked"`
	HideLabels bool   `json:"hide_labels,omitempty" default:"false" jsonschema:"keep the labels from the judge"`
	Trace      bool   `json:"trace,omitempty" default:"false" jsonschema:"show it the program's calls, too"`
	Name       string `json:"name,omitempty" default:"judge" jsonschema:"the objective's name"`
}

// MetricCommand is [command.Options].
type MetricCommand struct {
	Command  Argv     `json:"command" jsonschema:"the program and its arguments"`
	Dir      string   `json:"dir,omitempty" default:"this file's folder" jsonschema:"the folder to run it in"`
	ExitCode bool     `json:"exit_code,omitempty" default:"false" jsonschema:"the exit code is the verdict"`
	Timeout  Duration `json:"timeout,omitempty" default:"1m" jsonschema:"time for one measurement"`
}

// metricKinds are the keys of a metric.
//
//nolint:gochecknoglobals // never changes
var metricKinds = []string{"measures", "builtin", "expression", "judge", "command"}

func (m Metric) kinds() []string {
	var out []string
	for i, set := range []bool{m.Measures != "", m.Builtin != "", m.Expression != "", m.Judge != nil, m.Command != nil} {
		if set {
			out = append(out, metricKinds[i])
		}
	}
	return out
}

// measured is a metric that is ready to measure.
type measured struct {
	metric     metric.Metric      // nil if the system scores itself
	worst      map[string]float64 // the objectives of a failed rollout
	objectives []gepa.Objective   // as the metric declares them
	builtin    bool               // it is the built-in program's
}

// check refuses several metrics, and none where one is needed.
func (m Metric) check(s System) error {
	switch kinds := m.kinds(); {
	case len(kinds) > 1:
		return atf("metric", "%s are given: keep one of them", strings.Join(kinds, " and "))
	case len(kinds) == 0 && m.Feedback != "":
		return atf("metric.feedback", "there is no metric that it could be added to: give one of %s", orWords(metricKinds))
	case len(kinds) == 0 && s.Program != nil:
		return atf("metric", "it is missing: give measures such as exact (gepa metric list has all), or one of %s", orWords(metricKinds[1:]))
	case len(kinds) == 1 && s.Artefact != nil:
		return atf("metric", "an artefact is scored by its command: take the metric out")
	case len(kinds) == 1 && s.Command != nil && s.Command.Score != "":
		return atf("metric", "system.command.score says where the score is: keep one of them")
	}
	if m.Judge != nil && m.Judge.Rubric.Text == "" {
		return atf("metric.judge.rubric", "it is missing: say what a good output is, and what each score stands for")
	}
	if err := m.checkOutputs(s); err != nil {
		return err
	}
	return m.checkObjectives()
}

// checkOutputs refuses measures of a field that a declared program does not
// give.
func (m Metric) checkOutputs(s System) error {
	specs, err := metric.ParseSpecs(m.Measures)
	if m.Measures == "" || err != nil || s.Program == nil {
		return nil //nolint:nilerr // what cannot be read is refused where it is made
	}
	gives := Optimize{System: s}.outputs()
	for _, spec := range specs {
		field := orDefault(spec.Output, "answer")
		if spec.Output == "" && len(gives) == 1 {
			field = gives[0]
		}
		if len(gives) == 0 || slices.Contains(gives, field) || slices.Contains([]string{"latency", "cost"}, spec.Measure) {
			continue
		}
		return atf("metric.measures", "%s measures the output %q, which the program does not give; it gives %s: name one, as in %s(output=%s)",
			spec.Measure, field, listed(gives), spec.Measure, gives[len(gives)-1])
	}
	return nil
}

// measured makes the metric. model is the judge's; nil if none judges.
func (o Optimize) measured(model lm.Model) (measured, error) {
	m := o.Metric
	var out measured
	var err error
	switch {
	case m.Measures != "":
		specs, perr := metric.ParseSpecs(m.Measures)
		if perr != nil {
			return out, atf("metric.measures", "%s", unprefixed(perr))
		}
		combined, perr := metric.Named(specs...)
		if perr != nil {
			return out, atf("metric.measures", "%s; gepa metric list has all", unprefixed(perr))
		}
		out.metric, out.worst, out.objectives = combined, combined.Worst(), combined.Objectives()
	case m.Expression != "":
		if out.metric, err = expression.New(m.Expression); err != nil {
			return out, atf("metric.expression", "%s", unprefixed(err))
		}
	case m.Judge != nil:
		j := m.Judge
		judged, jerr := judge.New(judge.Options{
			Model: model, Params: o.JudgeParams, Rubric: j.Rubric.Text, Min: j.Min, Max: j.Max, Votes: j.Votes,
			HideLabels: j.HideLabels, Trace: j.Trace, Name: j.Name,
		})
		if jerr != nil {
			return out, atf("metric.judge", "%s", strings.TrimPrefix(jerr.Error(), "judge: "))
		}
		out.metric, out.objectives = judged, judged.Objectives()
	case m.Command != nil:
		if len(m.Command.Command) == 0 {
			return out, atf("metric.command.command", "it is missing: give the program to run and its arguments")
		}
		out.metric, err = command.New(command.Options{
			Args: m.Command.Command, Dir: m.Command.Dir, ExitCode: m.Command.ExitCode, Timeout: time.Duration(m.Command.Timeout),
		})
		if err != nil {
			return out, atf("metric.command.command", "%w", err)
		}
	case m.Builtin != "" || o.System.Builtin != "":
		out.metric, out.builtin = metric.HotpotQA(), true
		out.worst = map[string]float64{metric.ObjectiveEM: 0, metric.ObjectiveF1: 0}
	}
	if out.metric != nil && m.Feedback != "" {
		out.metric = metric.WithFeedback(out.metric, m.Feedback)
	}
	return out, nil
}

// identity returns what gives the metric its meaning; "" for none of its own.
func (m Metric) identity() string {
	if len(m.kinds()) == 0 {
		return ""
	}
	if m.Command != nil {
		c := *m.Command
		c.Dir, c.Timeout = "", 0
		m.Command = &c
	}
	raw, err := json.Marshal(m)
	return string(raw) + errorText(err)
}

// unprefixed returns what an error says without the name of its package.
func unprefixed(err error) string { return strings.TrimPrefix(err.Error(), "metric: ") }

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
