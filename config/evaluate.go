package config

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gepa-go/gepa"
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
// of the subject's run or gepa.yaml.
type On struct {
	// Data is a file of examples; the zero value is none. Limit takes only the
	// first so many of them; 0 means all.
	Data  Source
	Limit int
	// Reading says how Data is read; what is not set is as the subject's
	// gepa.yaml, or its run, has it.
	Reading Reading
	// Split is one of [Splits]: a set of the run's or the gepa.yaml's own,
	// without Data. Defaults to SplitValidation.
	Split string
}

func (on On) file() bool { return on.Data.Path != "" || on.Data.Data != nil }

// check refuses what means nothing.
func (on On) check() error {
	if !on.file() && !reflect.DeepEqual(on.Reading, Reading{}) {
		return usagef("flags that say how a file is read mean nothing without --data FILE")
	}
	if on.Split == "" {
		return nil
	}
	for _, known := range Splits() {
		if on.Split == known {
			if on.file() {
				return usagef("--split %s is a set of the run or of the %s, and --data %s a set of its own: give one of them", on.Split, FileName, on.Data.Path)
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
	// own is the run's or the gepa.yaml's set, "" for a file.
	own string
}

// of returns the set for a subject.
func (on On) of(ctx context.Context, s *target) (set, error) {
	if on.file() {
		return on.ofFile(ctx, s)
	}
	split := orDefault(on.Split, SplitValidation)
	out := set{own: split}
	switch {
	case s.kept != nil:
		run := s.kept.Story.State.Run()
		out.name = split + " of " + s.kept.Folder
		out.refs = on.first(map[string][]gepa.ExampleRef{SplitTest: run.Test, SplitFeedback: run.Feedback, SplitValidation: run.Validation}[split])
		out.load = func() ([]gepa.Example, error) {
			sets, err := s.sets(ctx, "")
			return append(append(append([]gepa.Example{}, sets[SplitFeedback]...), sets[SplitValidation]...), sets[SplitTest]...), err
		}
		if len(out.refs) == 0 {
			return out, usagef("the run in %s has no examples in its set %s", s.kept.Folder, split)
		}
		return out, nil
	case s.loaded == nil:
		return set{}, usagef("say on what %s is measured: --data FILE, or --config FILE for the data of a %s", s.name, FileName)
	}
	sets, err := s.sets(ctx, split)
	if err != nil {
		return set{}, s.located(err)
	}
	examples := sets[split]
	if len(examples) == 0 {
		return out, usagef("%s has no examples for --split %s", s.loaded.Path, split)
	}
	if on.Limit > 0 {
		examples = examples[:min(on.Limit, len(examples))]
	}
	out.name, out.refs = split+" of "+s.loaded.Path, refsOf(examples)
	out.load = func() ([]gepa.Example, error) { return examples, nil }
	return out, nil
}

func (on On) ofFile(ctx context.Context, s *target) (set, error) {
	if s.setup.System.Artefact != nil {
		return set{}, usagef("--data %s: %s is measured on its cases, and takes no examples: take --data out", on.Data.Path, s.name)
	}
	o := s.setup
	o.Reading = on.Reading.over(o.Reading)
	examples, err := o.load("data", on.Data, on.Limit)
	if err != nil {
		return set{}, err
	}
	if err := o.checkSet(ctx, "data", on.Data, examples); err != nil {
		return set{}, err
	}
	return set{name: on.Data.Path, refs: refsOf(examples), load: func() ([]gepa.Example, error) { return examples, nil }}, nil
}

func (on On) first(refs []gepa.ExampleRef) []gepa.ExampleRef {
	if on.Limit > 0 {
		return refs[:min(on.Limit, len(refs))]
	}
	return refs
}

// sets returns the examples of the subject's own, by [Splits]: of all sets, or
// where one will do of that.
func (s *target) sets(ctx context.Context, only string) (map[string][]gepa.Example, error) {
	o := s.setup
	if o.System.Artefact != nil {
		r, err := s.run(ctx)
		if err != nil {
			return nil, err
		}
		return map[string][]gepa.Example{SplitFeedback: r.data.Feedback, SplitValidation: r.data.Validation, SplitTest: r.data.Test}, nil
	}
	if only == SplitTest && o.Dev.given() {
		test, err := o.load("dev", o.Dev, orDefault(o.LimitDev, o.Limit))
		if err == nil {
			err = o.checkSet(ctx, "dev", o.Dev, test)
		}
		return map[string][]gepa.Example{SplitTest: test}, err
	}
	if !o.Train.given() {
		return nil, usagef("--train is missing: give a file of examples, or measure on one with --data FILE")
	}
	sets, err := o.data(nil)
	if err != nil {
		return nil, err
	}
	d := sets.data
	return map[string][]gepa.Example{SplitFeedback: d.Feedback, SplitValidation: d.Validation, SplitTest: d.Test}, o.checkExamples(ctx, d)
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
	var refs []gepa.ExampleRef
	for _, at := range missing {
		refs = append(refs, on.refs[at])
	}
	if examples, err = on.choose(examples, refs); err != nil {
		return err
	}
	r, err := s.run(ctx)
	if err != nil {
		return err
	}
	if purse := r.calls.purse; purse != nil {
		purse.Spend(gepa.Usage{Calls: s.spent.Calls, InputTokens: s.spent.Tokens, Cost: gepa.Cost{Nanos: s.spent.Nanos}})
		defer func() { s.spent = purse.Spent() }()
	}
	r.calls.began = true
	rollouts, times := make([]gepa.Rollout, len(missing)), make([]time.Duration, len(missing))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(orDefault(s.setup.Concurrency, defaultConcurrency))
	for n := range missing {
		ex := examples[n]
		group.Go(func() error {
			began := time.Now()
			done, err := r.system.Run(ctx, gepa.Job{Candidate: s.texts, Example: ex})
			if err != nil {
				return fmt.Errorf("example %s: %w", ex.ID, err)
			}
			rollouts[n], times[n] = done, time.Since(began)
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

// defaultConcurrency is how many rollouts run at a time.
const defaultConcurrency = 8

// measured is how reports speak of the subject.
func (s *target) measured() report.Measured {
	model := ""
	switch {
	case s.setup.System.isProgram():
		model = s.setup.Model
	case s.kept != nil && len(s.setup.System.kinds()) == 0: // its settings are not known
		_, names := s.kept.names()
		model = names.Task.Name
	}
	judge := s.setup.Metric.Judge != nil && s.setup.judge() == SimModel
	return report.Measured{Name: s.name, Candidate: s.candidate, Model: model, Simulated: model == SimModel || judge, Texts: s.texts}
}

// An Eval measures one subject.
type Eval struct {
	Subject
	On
	// Fresh runs every example, also those that the run has measured.
	Fresh bool
}

// Do measures it. Its errors match ErrUsage where the user can mend them.
func (e Eval) Do(ctx context.Context) (_ report.Evaluation, err error) {
	s, on, err := e.Subject.open(ctx, e.On)
	if err != nil {
		return report.Evaluation{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	m, err := s.measure(ctx, on, e.Fresh)
	if err != nil {
		return report.Evaluation{}, err
	}
	return report.Evaluate(s.measured(), on.name, m.report(on))
}

// open finds a subject and what it is measured on. Close the target.
func (s Subject) open(ctx context.Context, on On) (_ *target, _ set, err error) {
	if err := on.check(); err != nil {
		return nil, set{}, err
	}
	t, err := s.find(ctx)
	if err != nil {
		return nil, set{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	examples, err := on.of(ctx, t)
	if err != nil {
		return nil, set{}, err
	}
	return t, examples, t.ready(ctx)
}

// report returns what was measured as reports take it.
func (m outcome) report(on set) report.Rollouts {
	return report.Rollouts{Examples: m.examples, Made: m.made, Times: m.times, Usage: m.usage, Chosen: on.own == SplitValidation, Sealed: on.own == SplitTest}
}
