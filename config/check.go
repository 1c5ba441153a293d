package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gepa-go/gepa/internal/atomicfile"
	"github.com/gepa-go/gepa/report"
)

// DefaultBaseline is the file of a baseline where none is named.
const DefaultBaseline = "gepa-baseline.json"

// DefaultMargin is by how much a mean score may be worse than the baseline's.
const DefaultMargin = 0.05

// A BaselineCheck compares a subject with a baseline that is kept in a file. Every
// example is run: what a run's journal or the baseline holds is not taken for
// what the model does today. What is not set is the baseline's: the subject's
// name, the model and the data.
type BaselineCheck struct {
	Subject
	On
	// Baseline is the file. Defaults to DefaultBaseline.
	Baseline string
	// Allowed is what is let pass. Margin 0 is no margin at all. With a limit
	// on cost or latency no cache is used.
	Allowed report.Allowed
}

// BaselineFile returns the file of the baseline.
func (c BaselineCheck) BaselineFile() string { return orDefault(c.Baseline, DefaultBaseline) }

// Write measures the subject and writes the baseline.
func (c BaselineCheck) Write(ctx context.Context) (report.Evaluation, error) {
	s, on, m, err := c.measure(ctx)
	if err != nil {
		return report.Evaluation{}, err
	}
	b := report.NewBaseline(s.described(), m.examples)
	b.System.Name = c.Name
	b.Data, b.Split, b.Limit = c.Data.Path, c.Split, c.Limit
	data, err := b.Encode()
	if err != nil {
		return report.Evaluation{}, err
	}
	if err := atomicfile.Write(c.BaselineFile(), data); err != nil {
		return report.Evaluation{}, fmt.Errorf("write the baseline: %w", err)
	}
	return report.Evaluate(s.described(), on.name, m.report(on))
}

// Do measures the subject and compares it with the baseline. Its errors match
// ErrUsage where the user can mend them; a regression is no error.
func (c BaselineCheck) Do(ctx context.Context) (report.Check, error) {
	raw, err := os.ReadFile(c.BaselineFile())
	if errors.Is(err, fs.ErrNotExist) {
		return report.Check{}, usagef("there is no baseline in %s: write it with --write-baseline, and keep it in the repository", c.BaselineFile())
	}
	if err != nil {
		return report.Check{}, usagef("--baseline %s: %w", c.BaselineFile(), plain(err))
	}
	b, err := report.ParseBaseline(raw)
	if err != nil {
		return report.Check{}, usagef("%s: %w", c.BaselineFile(), err)
	}
	c.Name = orDefault(c.Name, b.System.Name)
	if !c.On.file() && c.Split == "" {
		c.Data.Path, c.Split = b.Data, b.Split
	}
	c.Limit = orDefault(c.Limit, b.Limit)
	c.Setup.Model = orDefault(c.Setup.Model, b.System.Model)
	if c.Allowed.CostNanos > 0 || c.Allowed.Latency > 0 {
		c.Setup.Cache, c.Setup.NoCache = "", true // a kept reply costs nothing and takes no time
	}
	s, on, m, err := c.measure(ctx)
	if err != nil {
		return report.Check{}, err
	}
	if c.Allowed.CostNanos > 0 && !m.usage.Cost.Known() {
		return report.Check{}, usagef("--max-cost-per-example needs the price of %s, which is not known: give one with --prices FILE", s.setup.Model)
	}
	result, err := report.NewCheck(b, s.described(), on.name, m.report(on), c.Allowed)
	if err == nil && result.Unpaired > 0 {
		return report.Check{}, usagef("%s is not the data of the baseline in %s: they have %d examples in common, and %d are in one only; write the baseline again with --write-baseline",
			on.name, c.BaselineFile(), result.N, result.Unpaired)
	}
	return result, err
}

func (c BaselineCheck) measure(ctx context.Context) (s *target, on set, m outcome, err error) {
	if err := c.On.check(); err != nil {
		return nil, on, m, err
	}
	if s, err = c.Subject.find(ctx); err != nil {
		return nil, on, m, err
	}
	if on, err = c.On.of(s); err != nil {
		return nil, on, m, err
	}
	m, err = s.measure(ctx, on, true)
	return s, on, m, err
}
