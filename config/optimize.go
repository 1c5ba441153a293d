package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/otel"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/propose"
	"github.com/gepa-go/gepa/report/view"
)

// The names of the files in a run's folder.
const (
	JournalFile = "journal.db"
	ProgramFile = "program.json"
	ResultFile  = "result.json"
	PricesFile  = "prices.json"
)

// DefaultIterations is the budget of proposals where none is given: the blog
// post's.
const DefaultIterations = 15

// DefaultMinibatch is the size of a minibatch where none is given: the blog
// post's.
const DefaultMinibatch = 7

// Optimize says what to optimize, on what, with which models and how long.
// The zero value of every field that is not required means its default. The
// flags of "gepa optimize" have the fields' names.
type Optimize struct {
	// Program names a program that this package knows: "hotpotqa". It takes
	// the place of System.
	Program string
	// System is what is optimized, where that is not Program.
	System System
	// Places say where the texts of System stand, for "gepa apply". Defaults to
	// none.
	Places []Place
	// Metric scores outputs. Defaults to the built-in program's own; systems
	// other than programs may score themselves.
	Metric Metric
	// Train is split into feedback and validation; Dev is the sealed test
	// set, read for base and winner only. Both are required, but for an
	// artefact, which has its own.
	Train, Dev Source
	// Reading says how the files are read. Its Form defaults to "hotpotqa" for
	// the built-in program.
	Reading Reading
	// Val is the number of examples of Train that become the validation set,
	// or the file of a validation set. Defaults to a third of Train, at most
	// 100. ValFiles are the files of a validation set, in its place.
	Val      string
	ValFiles Source
	// Stratify is a label or an input, or a path into one, whose values
	// feedback and validation set get in proportion. Defaults to none.
	Stratify string
	// Limit takes only the first so many examples of Train and of Dev;
	// LimitTrain and LimitDev take its place for one of them. 0 means all.
	Limit, LimitTrain, LimitDev int

	// Model runs the program, ReflectionModel writes new instructions and
	// JudgeModel gives feedback: "sim", or provider/model such as
	// "openai/gpt-4.1-mini". Model is required; the others default to it.
	Model, ReflectionModel, JudgeModel string
	// BaseURL is the endpoint of Model, and of the others where they have
	// the same provider and none of their own. Defaults to the provider's.
	BaseURL, ReflectionBaseURL, JudgeBaseURL string
	// Params, ReflectionParams and JudgeParams are sent with every request of
	// the role. What is not set is left to the provider.
	Params, ReflectionParams, JudgeParams lm.Params
	// Attempts is how often a call is tried that fails for a reason that may
	// pass. Defaults to 6. CallTimeout bounds one attempt; defaults to 3
	// minutes.
	Attempts    int
	CallTimeout time.Duration

	// Cache is the file in which replies are kept, so that no equal call is
	// paid twice; it is shared by runs and processes. Defaults to what
	// [DefaultCache] returns; NoCache means none. The simulated model is not
	// cached.
	Cache   string
	NoCache bool
	// Caps are hard. One in dollars needs the price of every model, from
	// Prices or the embedded table, and one in dollars or tokens the longest
	// reply of every role, in its parameters.
	Caps Caps
	// Prices is a file with prices of the user's own; see
	// docs/formats/prices.md. Defaults to those that the run in Out was begun
	// with, or else none.
	Prices string
	// RPM and TPM are the requests and tokens a minute that an endpoint takes;
	// 0 means that it has no such limit. MaxConcurrentCalls bounds the calls
	// in flight to an endpoint; how many it really takes at once is found out.
	// Defaults to 256.
	RPM, TPM, MaxConcurrentCalls int
	// Record is a file to which all calls are written when the run is closed;
	// Replay is one from which they are answered, without network or key.
	Record, Replay string

	// Feedback is "metric", "judge" or "both". Defaults to "both" for the
	// built-in program, and to "metric" for any other system.
	Feedback string
	// Template is "instruction" or "gepa". Defaults to "instruction".
	Template string
	// Fence says where text from data and models is fenced in prompts: "auto",
	// "always" or "never". Lint says what becomes of a proposed text with a
	// finding of the linter: "refuse", "warn" or "off". They default to
	// "auto" and "refuse"; see docs/proposer.md.
	Fence, Lint string

	// Prompt is a reflection prompt in the place of Template, with <curr_param>
	// and <side_info> in it. Defaults to none.
	Prompt string
	// Proposing bounds the prompts, and has the linter's further settings.
	Proposing Proposing

	// Iterations, Rollouts and Time bound the search; Auto is a bound on
	// rollouts by one of DSPy's levels, "light", "medium" or "heavy". Without
	// any of them Iterations is DefaultIterations.
	Iterations, Rollouts int
	Time                 time.Duration
	Auto                 string
	// Target stops at a mean validation score, Patience after so many
	// proposals without a better candidate. 0 means neither.
	Target   float64
	Patience int

	// Search says how it searches. Its Minibatch defaults to the preset's or,
	// where that has none, to DefaultMinibatch.
	Search
	// Concurrency is the number of rollouts at a time. Defaults to 8.
	Concurrency int
	// Start is a saved program, or the folder of an earlier run, to start
	// from. Defaults to the program's own instructions.
	Start string
	// Seed is the seed of all random decisions.
	Seed uint64

	// Out is the folder that keeps the run. Defaults to none: nothing is
	// written.
	Out string
	// Command is the command line, kept with the run for people.
	Command string

	// Logger gets warnings and, at the debug level, every model call with what
	// each part of the chain did for it (see [lm.Logged]); keys are taken out.
	// Control pauses the run or ends its search early; see [gepa.Options].
	Control *gepa.Control
	// Observer gets the run's events; see [gepa.Options].
	Logger   *slog.Logger
	Observer func(gepa.Event)
	// Stdin is what the path "-" of a file of examples reads. Defaults to
	// [os.Stdin].
	Stdin io.Reader
	// Getenv reads an environment variable. Defaults to [os.Getenv].
	Getenv func(string) string
	// Tracer makes OpenTelemetry spans of the run, its proposals, rollouts,
	// modules, calls and attempts; see package lm/otel. Defaults to none.
	Tracer trace.Tracer

	// Set by [Stored]: the run is there and these are its own settings; it
	// started from this file; the files of its artefact, by absolute path, what
	// its worker said it consists of, and its objectives.
	resumed            bool
	startedFrom        string
	files              map[string]string
	components         []gepa.Component
	declaredObjectives []gepa.Objective
	spans              *otel.Spans // made of it; nil for none
	measuring          bool        // no text is proposed: see [target.run]
}

// A Source is a file of examples, or its content.
type Source struct {
	// Path is the file's, and its name in errors.
	Path string
	// Data, if not nil, is the content, and no file is read.
	Data []byte
	// More are further files, whose examples follow.
	More []string
	// Reading says how they are read where that differs from the other sets.
	Reading Reading
}

func (s Source) given() bool { return s.Path != "" || s.Data != nil }

// ErrUsage is what an error of this package matches that is the user's to
// mend.
var ErrUsage = gepa.ErrInvalid

// usage marks an error as the user's.
type usage struct{ error }

func (e usage) Unwrap() []error { return []error{e.error, ErrUsage} }

func usagef(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// Programs returns the names of the programs there are.
func Programs() []string { return []string{"hotpotqa"} }

// Build checks everything that can be checked without writing or calling a
// model, and returns the run. Its errors match ErrUsage. Close the run.
func (o Optimize) Build(ctx context.Context) (_ *Run, err error) {
	o = o.withDefaults()
	if err := o.checkChoices(); err != nil {
		return nil, err
	}
	calls, err := o.newCalls()
	if err != nil {
		return nil, err
	}
	r := &Run{ProgramName: o.System.name(), Caps: o.Caps, calls: calls, out: o.Out, command: o.Command}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	roles, err := o.models(calls)
	if err != nil {
		return nil, err
	}
	r.Models = roles.names
	measured, err := o.measured(roles.judge)
	if err != nil {
		return nil, err
	}
	sub, err := o.subject(ctx, roles.task, measured)
	r.stop = sub.close
	if err != nil {
		return nil, err
	}
	r.System = sub.system
	start, err := o.startFrom(&sub)
	if err != nil {
		return nil, err
	}
	r.Program = sub.program
	if sub.program != nil && start != nil {
		r.System = program.NewSystem(sub.program, roles.task, measured.metric, o.systemOptions(measured))
	}
	sets, err := o.data(sub.data)
	if err != nil {
		return nil, err
	}
	r.Data = sets.data
	if err := o.checkExamples(ctx, r.Data); err != nil {
		return nil, err
	}
	objectives, err := o.objectives(measured, sub.system)
	if err != nil {
		return nil, err
	}
	proposer, err := o.proposer(roles, sub.program)
	if err != nil {
		return nil, usage{err}
	}
	r.spans = o.spans
	var proposing gepa.Proposer = proposer
	if r.spans != nil {
		r.System, proposing = r.spans.System(r.System), r.spans.Proposer(proposer)
	}
	if err := r.plan(o, proposing, objectives); err != nil {
		return nil, err
	}
	if start != nil && sub.program == nil {
		r.Options.Start = start.candidate
	}
	r.watch(o.Observer)
	if err := gepa.Check(r.System, r.Data, r.Options); err != nil {
		return nil, err
	}
	if err := r.describe(o, sets, start); err != nil {
		return nil, err
	}
	r.Bound = o.bound(r)
	return r, ctx.Err()
}

// plan fills in the engine's options.
func (r *Run) plan(o Optimize, proposer gepa.Proposer, objectives []gepa.Objective) error {
	budget, note, err := o.budget(len(r.System.Components()), len(r.Data.Validation))
	if err != nil {
		return err
	}
	r.BudgetNote = note
	r.Options = gepa.Options{
		Seed:        o.Seed,
		Objectives:  objectives,
		Proposer:    proposer,
		Budget:      budget,
		Concurrency: o.Concurrency,
		// The models try again themselves.
		Attempts: 1,
		Control:  o.Control,
		Logger:   o.Logger,
	}
	o.options(&r.Options)
	return nil
}

// watch lets all see the run's events who want to: the user, who may not, and
// the reserve.
func (r *Run) watch(observer func(gepa.Event)) {
	r.fold = view.NewFold(view.About{
		ID: r.out, Folder: r.out, Program: r.ProgramName, Command: r.command, Models: r.Models, CostCap: r.Caps.Nanos,
	})
	if observer != nil {
		r.Options.Observers = append(r.Options.Observers, gepa.Observer{Event: observer})
	}
	if r.calls.purse != nil {
		r.reserve = newReserve(r.calls.purse, len(r.Data.Test))
		r.Options.Observers = append(r.Options.Observers, gepa.Observer{Event: r.reserve.observe})
	}
}

// describe fills in what the run's folder keeps of how it is configured.
func (r *Run) describe(o Optimize, s sets, from *start) error {
	r.identity = o.identity(r, s, from)
	r.resumed, r.start, r.secrets = o.resumed, from, Secrets(o.Getenv)
	kept, err := o.settings(r)
	if err != nil {
		return err
	}
	r.settings, err = kept.encode(r.secrets)
	return err
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// withDefaults fills in what must not be nil.
func (o Optimize) withDefaults() Optimize {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Program != "" {
		o.System, o.Places = System{Builtin: o.Program}, nil
	}
	if o.Tracer != nil {
		o.spans = otel.New(o.Tracer)
	}
	o.Logger = slog.New(redacting{o.Logger.Handler(), Secrets(o.Getenv)})
	return o
}

// generation yields the parameters of the roles, each with the prefix of its
// flags.
func (o Optimize) generation() iter.Seq2[string, lm.Params] {
	return func(yield func(string, lm.Params) bool) {
		_ = yield("", o.Params) && yield("reflection-", o.ReflectionParams) && yield("judge-", o.JudgeParams)
	}
}

func (o Optimize) feedback() string {
	if o.System.Builtin == "" {
		return orDefault(o.Feedback, string(propose.FeedbackMetric))
	}
	return orDefault(o.Feedback, string(propose.FeedbackBoth))
}

// judged reports whether a judge gives feedback.
func (o Optimize) judged() bool { return o.feedback() != string(propose.FeedbackMetric) }

// feedbackJudge returns the judge that gives feedback; nil for none.
func (o Optimize) feedbackJudge(r roles) lm.Model {
	if !o.judged() {
		return nil
	}
	return r.judge
}

func (o Optimize) template() string {
	return orDefault(o.Prompt, orDefault(o.Template, propose.TemplateInstruction))
}

func (o Optimize) fence() string { return orDefault(o.Fence, string(propose.FenceAuto)) }
func (o Optimize) lint() string  { return orDefault(o.Lint, string(propose.LevelRefuse)) }

// checkChoices refuses what is missing, none of its choices, or out of range.
func (o Optimize) checkChoices() error {
	if len(o.System.kinds()) == 0 {
		return usagef("--program is missing: choose one of %s, or describe a system of your own in %s", strings.Join(Programs(), ", "), FileName)
	}
	model := o.Model
	if !o.System.isProgram() {
		model = orDefault(o.ReflectionModel, o.Model)
	}
	artefact := o.System.Artefact != nil
	for _, f := range []struct{ flag, value, what string }{
		{"train", o.Train.Path, "give a file of examples; a part of it becomes the validation set"},
		{"dev", o.Dev.Path, "give a file of examples that the search must not see; base and winner are measured on it"},
		{"model", model, "give provider/model, for instance openai/gpt-4.1-mini or openrouter/google/gemini-2.5-flash-lite, or sim, the offline stand-in"},
	} {
		switch {
		case f.value == "" && (f.flag == "model" || !artefact):
			return usagef("--%s is missing: %s", f.flag, f.what)
		case f.value != "" && f.flag != "model" && artefact:
			return usagef("--%s: an artefact has no examples but its cases: take it out", f.flag)
		}
	}
	for _, f := range append(o.choices(), []choice{
		{"program", o.System.Builtin, Programs()},
		{"feedback", o.Feedback, []string{string(propose.FeedbackMetric), string(propose.FeedbackJudge), string(propose.FeedbackBoth)}},
		{"fence", o.Fence, words(propose.FenceAuto, propose.FenceAlways, propose.FenceNever)},
		{"lint", o.Lint, words(propose.LevelRefuse, propose.LevelWarn, propose.LevelOff)},
		{"template", o.Template, []string{propose.TemplateInstruction, propose.TemplateGEPA}},
		{"auto", o.Auto, []string{string(gepa.AutoLight), string(gepa.AutoMedium), string(gepa.AutoHeavy)}},
	}...) {
		if f.value != "" && !slices.Contains(f.choices, f.value) {
			return usagef("--%s %s: want %s%s", f.flag, f.value, orWords(f.choices), DidYouMean(f.value, f.choices))
		}
	}
	if err := o.checkParams(); err != nil {
		return err
	}
	for _, check := range []func() error{o.Search.check, o.System.check, func() error { return o.Metric.check(o.System) }, o.checkReflection, o.checkStdin} {
		if err := check(); err != nil {
			return err
		}
	}
	if o.Target < 0 || o.Target > 1 {
		return usagef("--target %g: want a mean score between 0 and 1", o.Target)
	}
	if o.Auto != "" && o.Rollouts > 0 {
		return usagef("--auto and --rollouts both bound the rollouts: give one of them")
	}
	return nil
}

// checkParams refuses parameters of the models that are out of range.
func (o Optimize) checkParams() error {
	for prefix, params := range o.generation() {
		if t := params.Temperature; t != nil && *t < 0 {
			return usagef("--%stemperature %g: want 0 or more", prefix, *t)
		}
		if p := params.TopP; p != nil && (*p <= 0 || *p > 1) {
			return usagef("--%stop-p %g: want more than 0 and at most 1", prefix, *p)
		}
		if slices.Contains(params.Stop, "") {
			return usagef("--%sstop: want a text at which a reply ends, got an empty one", prefix)
		}
	}
	return nil
}
