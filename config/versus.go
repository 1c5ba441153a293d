package config

import (
	"context"
	"errors"
	"slices"

	"github.com/gepa-go/gepa/report"
)

// A Compare pairs two subjects on the same examples.
type Compare struct {
	// A is the base, B what is compared with it.
	A, B Subject
	On
	// Fresh runs every example, also those that the runs have measured.
	Fresh bool
}

// Do compares them. Where both are candidates of runs that measured some of
// the same examples, those are used and no call is made. Its errors match
// ErrUsage where the user can mend them.
func (c Compare) Do(ctx context.Context) (_ report.Versus, err error) {
	var sides []report.Side
	var data string
	sides, data, err = c.measure(ctx, []Subject{c.A, c.B}, c.Fresh)
	if err != nil {
		return report.Versus{}, err
	}
	return report.Oppose(sides[0].System, sides[1].System, data, sides[0].Rollouts, sides[1].Rollouts)
}

// A Contest compares several subjects with one base on the same examples.
type Contest struct {
	Base   Subject
	Others []Subject
	On
	// Fresh is as in [Compare].
	Fresh bool
}

// Do compares them, as [Compare.Do] does. With several comparisons one of them
// easily looks good by chance: the p-values are corrected for that (Holm).
func (c Contest) Do(ctx context.Context) (report.Contest, error) {
	sides, data, err := c.measure(ctx, append([]Subject{c.Base}, c.Others...), c.Fresh)
	if err != nil {
		return report.Contest{}, err
	}
	return report.NewContest(sides[0], sides[1:], data)
}

// measure measures several subjects on the same examples, and names those.
func (on On) measure(ctx context.Context, subjects []Subject, fresh bool) (_ []report.Side, data string, err error) {
	if err := on.check(); err != nil {
		return nil, "", err
	}
	var targets []*target
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.close())
		}
	}()
	for _, s := range subjects {
		if s.Setup.Record != "" {
			return nil, "", usagef("--record keeps the calls of one program: record gepa eval of each")
		}
		t, err := s.find(ctx)
		if err != nil {
			return nil, "", err
		}
		targets = append(targets, t)
	}
	owner := lend(targets)
	for _, t := range targets {
		if err := t.ready(ctx); err != nil {
			return nil, "", err
		}
	}
	if on.Split == "" && !on.file() && owner.kept != nil {
		on.Split = SplitValidation
		test := owner.kept.Story.State.Run().Test
		without := func(t *target) bool { return len(t.journaled(test)) < len(test) }
		if len(test) > 0 && !slices.ContainsFunc(targets, without) {
			on.Split = SplitTest
		}
	}
	examples, err := on.of(ctx, owner)
	if err != nil {
		return nil, "", err
	}
	outcomes, ok := inCommon(targets, examples)
	if fresh || !ok {
		if outcomes, err = measureEach(ctx, targets, examples, fresh); err != nil {
			return nil, "", err
		}
	}
	var sides []report.Side
	for i, t := range targets {
		sides = append(sides, report.Side{System: t.measured(), Rollouts: outcomes[i].report(examples)})
	}
	return sides, examples.name, nil
}

// lend lets those that have texts only run as one that has a system does, and
// returns that: the first run or, if there is none, the first that a gepa.yaml
// describes.
func lend(targets []*target) (owner *target) {
	owner = targets[0]
	for _, has := range []func(*target) bool{
		func(t *target) bool { return t.kept != nil },
		func(t *target) bool { return t.loaded != nil },
	} {
		if i := slices.IndexFunc(targets, has); i >= 0 {
			owner = targets[i]
			break
		}
	}
	for _, t := range targets {
		if t.borrows && (owner.kept != nil || t.loaded == nil && owner.loaded != nil) {
			t.setup, t.loaded = givenOver(t.setup, owner.setup), owner.loaded
		}
	}
	return owner
}

// measureEach measures one after the other, all under the same caps.
func measureEach(ctx context.Context, targets []*target, on set, fresh bool) ([]outcome, error) {
	var out []outcome
	for i, t := range targets {
		if i > 0 {
			t.spent = targets[i-1].spent
		}
		m, err := t.measure(ctx, on, fresh)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// inCommon returns what journals hold of each, and reports whether each shares
// an example with the first.
func inCommon(targets []*target, on set) (out []outcome, ok bool) {
	base := map[string]bool{}
	for i, t := range targets {
		have := t.journaled(on.refs)
		for _, e := range have {
			if i == 0 {
				base[e.Hash] = true
			}
		}
		if !slices.ContainsFunc(have, func(e report.ScoredExample) bool { return base[e.Hash] }) {
			return nil, false
		}
		out = append(out, outcome{examples: have})
	}
	return out, true
}
