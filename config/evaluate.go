package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/propose"
	"github.com/gepa-go/gepa/report"
)

// The sets of a run on which a candidate can be measured.
const (
	SplitFeedback   = "feedback"
	SplitValidation = "val"
	SplitTest       = "test"
)

// Splits lists them.
func Splits() []string { return []string{SplitTest, SplitValidation, SplitFeedback} }

// On says on which examples something is measured: those of a file, or a set
// of the subject's run.
type On struct {
	// Data is a file of examples; the zero value is none. Limit takes only the
	// first so many of them; 0 means all.
	Data  Source
	Limit int
	// Split is one of [Splits]: a set of the run's own, without Data.
	Split string
}

func (on On) file() bool { return on.Data.Path != "" || on.Data.Data != nil }

// check refuses what means nothing.
func (on On) check() error {
	if on.Split == "" {
		return nil
	}
	for _, known := range Splits() {
		if on.Split == known {
			if on.file() {
				return usagef("--split %s is a set of a run, and --data %s a set of its own: give one of them", on.Split, on.Data.Path)
			}
			return nil
		}
	}
	return usagef("--split %s: want %s%s", on.Split, orWords(Splits()), DidYouMean(on.Split, Splits()))
}

// set is the examples that something is measured on. Examples are loaded when
// they have to be run.
type set struct {
	name string
	refs []gepa.ExampleRef
	load func() ([]gepa.Example, error)
	// own is the run's set, "" for a file.
	own string
}

// of returns the set for a subject.
func (on On) of(s *target) (set, error) {
	if on.file() {
		examples, err := s.setup.load("data", on.Data, on.Limit)
		if err != nil {
			return set{}, err
		}
		return set{name: on.Data.Path, refs: refsOf(examples), load: func() ([]gepa.Example, error) { return examples, nil }}, nil
	}
	if s.kept == nil {
		return set{}, usagef("say on what %s is measured: --data FILE", s.name)
	}
	run := s.kept.Story.State.Run()
	split := orDefault(on.Split, SplitValidation)
	out := set{name: split + " of " + s.kept.Folder, own: split}
	switch split {
	case SplitTest:
		out.refs = run.Test
	case SplitFeedback:
		out.refs = run.Feedback
	default:
		out.refs = run.Validation
	}
	if on.Limit > 0 {
		out.refs = out.refs[:min(on.Limit, len(out.refs))]
	}
	out.load = func() ([]gepa.Example, error) {
		sets, err := s.setup.data(nil)
		if err != nil {
			return nil, err
		}
		return append(append(append([]gepa.Example{}, sets.data.Feedback...), sets.data.Validation...), sets.data.Test...), nil
	}
	if len(out.refs) == 0 {
		return out, usagef("the run in %s has no examples in its set %s", s.kept.Folder, split)
	}
	return out, nil
}

func refsOf(examples []gepa.Example) []gepa.ExampleRef {
	refs := make([]gepa.ExampleRef, len(examples))
	for i, ex := range examples {
		refs[i] = gepa.ExampleRef{ID: ex.ID, Hash: ex.Hash()}
	}
	return refs
}

// journaled returns what the subject's run measured already.
func (s *target) journaled(refs []gepa.ExampleRef) []report.ScoredExample {
	if s.kept == nil || !s.same {
		return nil
	}
	return report.Scored(s.kept.Story.State, refs, s.texts)
}

// outcome is what a subject did on a set.
type outcome struct {
	examples []report.ScoredExample
	// times are how long the rollouts took that were made now and that no
	// cache answered; made counts all that were made now.
	times []time.Duration
	made  int
	usage gepa.Usage
}

// measure runs a subject on a set. Fresh says that nothing is taken from its
// run's journal.
func (s *target) measure(ctx context.Context, on set, fresh bool) (m outcome, err error) {
	have := map[string]report.ScoredExample{}
	if !fresh {
		for _, e := range s.journaled(on.refs) {
			have[e.Hash] = e
		}
	}
	m.examples = make([]report.ScoredExample, len(on.refs))
	var missing []int
	for i, ref := range on.refs {
		if e, ok := have[ref.Hash]; ok {
			m.examples[i] = e
		} else {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return m, nil
	}
	err = s.runOn(ctx, on, missing, &m)
	return m, err
}

func (s *target) runOn(ctx context.Context, on set, missing []int, m *outcome) (err error) {
	examples, err := on.load()
	if err != nil {
		return err
	}
	byHash := map[string]gepa.Example{}
	for _, ex := range examples {
		byHash[ex.Hash()] = ex
	}
	system, calls, err := s.system()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, calls.close()) }()
	if err := calls.open(ctx); err != nil {
		return err
	}
	if calls.purse != nil {
		calls.purse.Spend(gepa.Usage{Calls: s.spent.Calls, InputTokens: s.spent.Tokens, Cost: gepa.Cost{Nanos: s.spent.Nanos}})
		defer func() { s.spent = calls.purse.Spent() }()
	}
	calls.began = true
	rollouts, times := make([]gepa.Rollout, len(missing)), make([]time.Duration, len(missing))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(orDefault(s.setup.Concurrency, 8))
	for n, at := range missing {
		ex, found := byHash[on.refs[at].Hash]
		if !found {
			return usagef("example %s of %s is not in the run's files any more: they were changed", on.refs[at].ID, on.name)
		}
		group.Go(func() error {
			began := time.Now()
			r, err := system.Run(ctx, gepa.Job{Candidate: s.texts, Example: ex})
			if err != nil {
				return fmt.Errorf("example %s: %w", ex.ID, err)
			}
			rollouts[n], times[n] = r, time.Since(began)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for n, at := range missing {
		ref := on.refs[at]
		m.examples[at] = report.ScoredExample{ID: ref.ID, Hash: ref.Hash, Rollout: rollouts[n]}
		m.usage = m.usage.Add(rollouts[n].Usage)
		if rollouts[n].Usage.Cached == 0 {
			m.times = append(m.times, times[n])
		}
	}
	m.made = len(missing)
	return nil
}

// system wires the subject's program to its model.
func (s *target) system() (gepa.System, *calls, error) {
	if s.prog == nil {
		return nil, nil, usagef("%s is of a run that keeps no settings: only what its journal holds can be used", s.name)
	}
	o := s.setup
	if o.System.Builtin == "" {
		return nil, nil, usagef("%s is of a system of your own: only what its journal holds can be used", s.name)
	}
	if o.Model == "" {
		return nil, nil, usagef("say which model runs %s: --model PROVIDER/MODEL, or --model sim for a try without one", s.name)
	}
	// No text is proposed: the other roles are the model's, and are not asked.
	o.Feedback, o.JudgeModel, o.ReflectionModel, o.ReflectionParams = string(propose.FeedbackMetric), "", "", o.Params
	if err := o.checkParams(); err != nil {
		return nil, nil, err
	}
	c, err := o.newCalls()
	if err != nil {
		return nil, nil, err
	}
	roles, err := o.models(c)
	if err != nil {
		return nil, nil, errors.Join(err, c.close())
	}
	return program.NewSystem(s.prog, roles.task, metric.HotpotQA(), program.SystemOptions{
		Params:            o.Params,
		FailureObjectives: map[string]float64{metric.ObjectiveEM: 0, metric.ObjectiveF1: 0},
	}), c, nil
}

// described is how reports speak of the subject.
func (s *target) described() report.Measured {
	model := s.setup.Model
	if s.kept != nil && model == "" {
		_, names := s.kept.names()
		model = names.Task.Name
	}
	return report.Measured{Name: s.name, Candidate: s.candidate, Model: model, Simulated: model == SimModel, Texts: s.texts}
}

// An Eval measures one subject.
type Eval struct {
	Subject
	On
	// Fresh runs every example, also those that the run has measured.
	Fresh bool
}

// Do measures it. Its errors match ErrUsage where the user can mend them.
func (e Eval) Do(ctx context.Context) (report.Evaluation, error) {
	if err := e.On.check(); err != nil {
		return report.Evaluation{}, err
	}
	s, err := e.Subject.find(ctx)
	if err != nil {
		return report.Evaluation{}, err
	}
	on, err := e.On.of(s)
	if err != nil {
		return report.Evaluation{}, err
	}
	m, err := s.measure(ctx, on, e.Fresh)
	if err != nil {
		return report.Evaluation{}, err
	}
	return report.Evaluate(s.described(), on.name, m.report(on))
}

// report returns what was measured as reports take it.
func (m outcome) report(on set) report.Rollouts {
	return report.Rollouts{Examples: m.examples, Made: m.made, Times: m.times, Usage: m.usage, Chosen: on.own == SplitValidation, Sealed: on.own == SplitTest}
}

// A Compare pairs two subjects on the same examples.
type Compare struct {
	// A is the base, B what is compared with it.
	A, B Subject
	On
	// Fresh runs every example, also those that the runs have measured.
	Fresh bool
}

// Do compares them. Where both are candidates of runs that measured some of
// the same examples, those are used and no call is made.
func (c Compare) Do(ctx context.Context) (report.Versus, error) {
	if err := c.On.check(); err != nil {
		return report.Versus{}, err
	}
	if c.A.Setup.Record != "" || c.B.Setup.Record != "" {
		return report.Versus{}, usagef("--record keeps the calls of one program: record gepa eval of each")
	}
	a, err := c.A.find(ctx)
	if err != nil {
		return report.Versus{}, err
	}
	b, err := c.B.find(ctx)
	if err != nil {
		return report.Versus{}, err
	}
	owner := a
	if a.kept == nil {
		owner = b
	}
	for _, other := range []*target{a, b} {
		if other.kept == nil && owner.kept != nil { // it runs as the run did
			other.setup = onRun(other.setup, owner.setup)
		}
	}
	if c.Split == "" && !c.file() && owner.kept != nil {
		c.Split = SplitValidation
		if test := owner.kept.Story.State.Run().Test; len(test) > 0 && len(a.journaled(test)) == len(test) && len(b.journaled(test)) == len(test) {
			c.Split = SplitTest
		}
	}
	on, err := c.On.of(owner)
	if err != nil {
		return report.Versus{}, err
	}
	if !c.Fresh {
		one, two := a.journaled(on.refs), b.journaled(on.refs)
		if inCommon(one, two) {
			return report.Oppose(a.described(), b.described(), on.name,
				outcome{examples: one}.report(on), outcome{examples: two}.report(on))
		}
	}
	one, err := a.measure(ctx, on, c.Fresh)
	if err != nil {
		return report.Versus{}, err
	}
	b.spent = a.spent // caps are for both together
	two, err := b.measure(ctx, on, c.Fresh)
	if err != nil {
		return report.Versus{}, err
	}
	return report.Oppose(a.described(), b.described(), on.name, one.report(on), two.report(on))
}

// inCommon reports whether two lists share an example.
func inCommon(one, two []report.ScoredExample) bool {
	seen := map[string]bool{}
	for _, e := range one {
		seen[e.Hash] = true
	}
	return slices.ContainsFunc(two, func(e report.ScoredExample) bool { return seen[e.Hash] })
}
