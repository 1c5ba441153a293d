package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
// name, the data and, where no gepa.yaml has one, the model.
type BaselineCheck struct {
	Subject
	On
	// Baseline is the file. Defaults to DefaultBaseline, beside the gepa.yaml
	// where one was named.
	Baseline string
	// Allowed is what is let pass. Margin 0 is no margin at all. With a limit
	// on cost or latency no cache is used.
	Allowed report.Allowed
}

// BaselineFile returns the file of the baseline.
func (c BaselineCheck) BaselineFile() string {
	if c.Baseline == "" && c.Forced && c.Config != nil {
		return filepath.Join(filepath.Dir(c.Config.Path), DefaultBaseline)
	}
	return orDefault(c.Baseline, DefaultBaseline)
}

// Write measures the subject and writes the baseline. What calls cost and how
// long they took is left out where a cache answered some of them.
func (c BaselineCheck) Write(ctx context.Context) (_ report.Evaluation, err error) {
	s, on, err := c.Subject.open(ctx, c.On)
	if err != nil {
		return report.Evaluation{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	m, err := s.measure(ctx, on, true)
	if err != nil {
		return report.Evaluation{}, err
	}
	b := report.NewBaseline(s.measured(), m.report(on))
	b.System.Name = orDefault(c.Name, s.describedBy())
	b.Data, b.Split, b.Limit = c.Data.Path, c.Split, c.Limit
	data, err := b.Encode()
	if err != nil {
		return report.Evaluation{}, err
	}
	if err := atomicfile.Write(c.BaselineFile(), data); err != nil {
		return report.Evaluation{}, fmt.Errorf("write the baseline: %w", err)
	}
	return report.Evaluate(s.measured(), on.name, m.report(on))
}

// Do measures the subject and compares it with the baseline. Its errors match
// ErrUsage where the user can mend them; a regression is no error.
func (c BaselineCheck) Do(ctx context.Context) (_ report.Check, err error) {
	b, err := c.read()
	if err != nil {
		return report.Check{}, err
	}
	if c.Name == "" && !c.Forced {
		c.Name = b.System.Name
	}
	if !c.On.file() && c.Split == "" {
		c.Data.Path, c.Split = b.Data, b.Split
	}
	c.Limit = orDefault(c.Limit, b.Limit)
	if c.Allowed.MeasuresCalls() {
		c.Setup.Cache, c.Setup.NoCache = "", true // a kept reply costs nothing and takes no time
	}
	if c.Setup.Model == "" && c.Config == nil && !describes(c.Name) {
		c.Setup.Model = b.System.Model
	}
	s, on, err := c.Subject.open(ctx, c.On)
	if err != nil {
		return report.Check{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := c.checkAllowed(b); err != nil {
		return report.Check{}, err
	}
	m, err := s.measure(ctx, on, true)
	if err != nil {
		return report.Check{}, err
	}
	if flag := c.costFlag(); flag != "" && !m.usage.Cost.Known() {
		return report.Check{}, usagef("%s needs the price of %s, which is not known: give one with --prices FILE", flag, orDefault(s.measured().Model, "what the system calls"))
	}
	if c.Allowed.Latency > 0 || c.Allowed.LatencyIncrease != nil {
		if len(m.times) == 0 {
			return report.Check{}, usagef("a limit on latency needs calls that take time: these were answered from a recording")
		}
	}
	result, err := report.NewCheck(b, s.measured(), on.name, m.report(on), c.Allowed)
	if err == nil && result.Unpaired > 0 {
		return report.Check{}, usagef("%s is not the data of the baseline in %s: they have %d examples in common, and %d are in one only; write the baseline again with --write-baseline",
			on.name, c.BaselineFile(), result.N, result.Unpaired)
	}
	return result, err
}

// describes reports whether a name is that of a gepa.yaml, which has a model.
func describes(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml" || existing(filepath.Join(name, FileName)) != ""
}

func (c BaselineCheck) read() (report.Baseline, error) {
	raw, err := os.ReadFile(c.BaselineFile())
	if errors.Is(err, fs.ErrNotExist) {
		return report.Baseline{}, usagef("there is no baseline in %s: write it with --write-baseline, and keep it in the repository", c.BaselineFile())
	}
	if err != nil {
		return report.Baseline{}, usagef("--baseline %s: %w", c.BaselineFile(), plain(err))
	}
	b, err := report.ParseBaseline(raw)
	if err != nil {
		return b, usagef("%s: %w", c.BaselineFile(), err)
	}
	return b, nil
}

// costFlag returns the flag of a limit on cost; "" for none.
func (c BaselineCheck) costFlag() string {
	switch {
	case c.Allowed.CostNanos > 0:
		return "--max-cost-per-example"
	case c.Allowed.CostIncrease != nil:
		return "--max-cost-increase"
	}
	return ""
}

// checkAllowed refuses a limit that is relative to what the baseline does not
// hold.
func (c BaselineCheck) checkAllowed(b report.Baseline) error {
	again := "write it again with --write-baseline --no-cache"
	switch {
	case c.Allowed.CostIncrease != nil && b.Cost == nil:
		return usagef("--max-cost-increase: the baseline in %s does not hold what an example cost, because none was reported or a cache answered: %s, or use --max-cost-per-example", c.BaselineFile(), again)
	case c.Allowed.CostIncrease != nil && b.Cost.Nanos == 0:
		return usagef("--max-cost-increase: by the baseline in %s an example cost nothing, of which nothing can be a share: use --max-cost-per-example", c.BaselineFile())
	case c.Allowed.LatencyIncrease != nil && b.Latency == nil:
		return usagef("--max-latency-increase: the baseline in %s does not hold how long an example took: %s where the check runs, or use --max-latency", c.BaselineFile(), again)
	}
	return nil
}
