package config

import (
	"context"
	"errors"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/report"
)

// DefaultMetricExamples is on how many examples a metric is checked where no
// number is given.
const DefaultMetricExamples = 20

// A MetricCheck runs a subject several times on each of some examples, and says
// what its metric can tell.
type MetricCheck struct {
	Subject
	// On says on which examples. Its Limit defaults to DefaultMetricExamples.
	On
	// Repeats is how often each example is run. Defaults to 3.
	Repeats int
}

// MetricChecked is what a [MetricCheck] found: the object that "gepa metric
// check --json" prints for a system.
type MetricChecked struct {
	Format int             `json:"format"`
	System report.Measured `json:"system"`
	Data   string          `json:"data"`
	// Metric is what scores, in words.
	Metric string `json:"metric"`
	metric.CheckReport
	Notes []string `json:"notes"`
}

// Do runs the subject and checks its metric. Its errors match ErrUsage where the
// user can mend them.
func (c MetricCheck) Do(ctx context.Context) (_ MetricChecked, err error) {
	c.Limit = orDefault(c.Limit, DefaultMetricExamples)
	s, on, err := c.Subject.open(ctx, c.On)
	if err != nil {
		return MetricChecked{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	all, err := on.load()
	if err != nil {
		return MetricChecked{}, err
	}
	examples, err := on.choose(all, on.refs)
	if err != nil {
		return MetricChecked{}, err
	}
	r, err := s.run(ctx)
	if err != nil {
		return MetricChecked{}, err
	}
	r.calls.began = true
	checked, err := metric.Check(ctx, examples, metric.Runs(r.system, s.texts), metric.CheckOptions{
		Repeats: c.Repeats, Concurrency: orDefault(s.setup.Concurrency, defaultConcurrency), Best: s.setup.PerfectScore, Seed: s.setup.Seed,
	})
	if err != nil {
		return MetricChecked{}, err
	}
	out := MetricChecked{Format: 1, System: s.measured(), Data: on.name, Metric: s.setup.metricWords(), CheckReport: checked, Notes: []string{}}
	out.Notes = append(out.Notes, report.NotesOn(report.Rollouts{Sealed: on.own == SplitTest, Made: checked.Examples}, out.System.Simulated)...)
	return out, nil
}

// choose returns some examples of the set, in the order of refs.
func (on set) choose(all []gepa.Example, refs []gepa.ExampleRef) ([]gepa.Example, error) {
	byHash := map[string]gepa.Example{}
	for _, ex := range all {
		byHash[ex.Hash()] = ex
	}
	out := make([]gepa.Example, len(refs))
	for i, ref := range refs {
		ex, found := byHash[ref.Hash]
		if !found {
			return nil, usagef("example %s of %s is not in the run's files any more: they were changed", ref.ID, on.name)
		}
		out[i] = ex
	}
	return out, nil
}

// metricWords says what scores.
func (o Optimize) metricWords() string {
	m := o.Metric
	switch {
	case m.Measures != "":
		return m.Measures
	case m.Expression != "":
		return "the expression " + m.Expression
	case m.Judge != nil:
		return "the judge " + orDefault(o.judge(), "model")
	case m.Command != nil:
		return "the command " + m.Command.Command[0]
	case m.Builtin != "" || o.System.Builtin != "":
		return orDefault(m.Builtin, o.System.Builtin)
	}
	return "the " + o.System.name() + "'s own score"
}
