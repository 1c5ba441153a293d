package gepa

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ComponentChoice says which of a candidate's components a proposal rewrites.
type ComponentChoice string

// The component choices.
const (
	// ComponentRoundRobin takes one component a proposal, in turn along a
	// candidate's lineage. It is the paper's choice, and the default.
	ComponentRoundRobin ComponentChoice = "round_robin"
	// ComponentAll rewrites all components in every proposal.
	ComponentAll ComponentChoice = "all"
)

// Options configures [Optimize]. The zero value of every field but Proposer
// means its default.
//
// The fields with JSON names shape the search: they are stored in the journal,
// and a run is resumed only under equal ones. The others may differ from one
// session of a run to the next.
type Options struct {
	// Seed feeds every random decision. Runs with equal seeds, options, data
	// and model replies are equal. Defaults to 0, which is as good as any.
	Seed uint64 `json:"seed"`
	// Start is the candidate to start from, for instance the winner of an
	// earlier run. It must have exactly the system's components. Defaults to
	// the components' own texts.
	Start Candidate `json:"start,omitempty"`
	// Minibatch is the number of feedback examples on which a parent and its
	// child are compared. Defaults to 3, the paper's number; a number larger
	// than the feedback set means the whole set.
	Minibatch int `json:"minibatch"`
	// Dominance says which candidates on the frontier by example are
	// dominated. Defaults to DominanceSubset.
	Dominance Dominance `json:"dominance"`
	// Frontier says what the frontier is made of. Defaults to
	// FrontierByExample.
	Frontier FrontierKind `json:"frontier"`
	// Components says which components a proposal rewrites. Defaults to
	// ComponentRoundRobin.
	Components ComponentChoice `json:"components"`
	// InFlight is the most proposals that are in flight at once, K. Proposal n
	// is planned from the state after proposal n−K was committed, so that K
	// changes the result and how many workers there are does not. Defaults
	// to 1.
	InFlight int `json:"in_flight"`
	// PerMember lets the number of proposals in flight grow with the pool: at
	// most so many for each candidate in it. A pool of one gains little from
	// eight copies of it. Defaults to 0: no such limit.
	PerMember int `json:"per_member,omitempty"`
	// Parent says which candidate a proposal starts from. Defaults to
	// ParentPareto.
	Parent ParentRule `json:"parent"`
	// Epsilon is the chance of a uniform draw under ParentEpsilonGreedy.
	// Defaults to 0.1.
	Epsilon float64 `json:"epsilon,omitempty"`
	// TopK is the number of candidates that ParentTopK draws from. Defaults
	// to 5.
	TopK int `json:"top_k,omitempty"`
	// Sampling says how minibatches are drawn. Defaults to SampleEpoch.
	Sampling Sampling `json:"sampling"`
	// Acceptance says when a child is good enough for validation. Defaults to
	// AcceptStrict.
	Acceptance Acceptance `json:"acceptance"`
	// More is the most further examples that an undecided gate may draw on
	// under AcceptPaired. Defaults to twice the minibatch.
	More int `json:"more,omitempty"`
	// Children is how many texts a proposal asks for from the same evidence;
	// the best on the minibatch goes on. Defaults to 1.
	Children int `json:"children"`
	// Memory is how many edits that the gate turned down are shown to the
	// proposer. Defaults to none.
	Memory int `json:"memory,omitempty"`
	// MergeByModel lets the proposer merge two candidates of a system of one
	// component, which cannot be crossed. MaxMerges bounds it, too.
	MergeByModel bool `json:"merge_by_model,omitempty"`
	// Staged validates candidates on growing parts of the validation set.
	// Defaults to full validation.
	Staged Staged `json:"staged,omitzero"`
	// MaxMerges is how many merges may be tried, accepted or not. Defaults to
	// 5; a negative number switches merging off. Systems of one component
	// have nothing to merge.
	MaxMerges int `json:"max_merges"`
	// MergeScreen is the number of validation examples on which a merged
	// child is compared with its parents before full validation. Defaults
	// to 5.
	MergeScreen int `json:"merge_screen"`
	// PerfectScore is the best score a rollout can have. A minibatch on which
	// the parent scores it everywhere teaches nothing and is not reflected
	// on. Defaults to 1.
	PerfectScore float64 `json:"perfect_score"`
	// Objectives declares the measures of a rollout. Where one has a positive
	// weight, a rollout's score is their [WeightedScore], whatever score the
	// system returned. Every rollout that did not fail must measure each of
	// them. Defaults to none.
	Objectives []Objective `json:"objectives,omitempty"`

	// Proposer writes new texts. It is required.
	Proposer Proposer `json:"-"`
	// Runner runs the rollouts. Defaults to the system itself.
	Runner Runner `json:"-"`
	// Journal records the run; a run whose journal is not empty is resumed.
	// Defaults to a journal in memory, which ends with the process.
	Journal Journal `json:"-"`
	// Budget bounds the search; at least one of its bounds must be set.
	Budget Budget `json:"-"`
	// Concurrency is how many rollouts may run at once. It changes how long
	// the run takes, never its result. Defaults to 8.
	Concurrency int `json:"-"`
	// Attempts is how often a rollout or a reflection is tried when it fails
	// for reasons of the world, before it is parked: its proposal waits, and
	// holds those after it back from being committed, while their work goes
	// on. Models that come from package lm do their own retrying below this.
	// Defaults to 3.
	Attempts int `json:"-"`
	// Failures is how many rollouts in a row, or reflections in a row, may
	// fail in all their attempts before the run ends with the last error;
	// those that ran side by side with one that failed count with it. Where
	// none of the kind has succeeded in this session yet, the first such
	// failure ends it. Defaults to 3.
	Failures int `json:"-"`
	// Control lets somebody pause the run, or end its search early. Defaults to
	// none.
	Control *Control `json:"-"`
	// Observers are told what happens; see [Observer].
	Observers []Observer `json:"-"`
	// Logger gets warnings. Defaults to none.
	Logger *slog.Logger `json:"-"`
}

// Budget bounds a search. A zero bound is no bound. The search stops at the
// first bound that is reached; none is ever exceeded. The sealed test set is
// read after the search and is not part of it: it takes at most two rollouts
// an example.
type Budget struct {
	// Proposals is the number of proposals, merges included. It is what the
	// blog post and many papers call iterations.
	Proposals int `json:"proposals,omitempty"`
	// Rollouts is the number of rollouts, the validation of the seed
	// included. A rollout is counted once for each candidate, example and
	// repeat, however often it was attempted and whether a cache answered. A
	// proposal starts only if the most that it can use is left.
	Rollouts int `json:"rollouts,omitempty"`
	// Time is the wall-clock time of the search, all sessions of a resumed
	// run together. Work in flight at its end is abandoned. Of a session that
	// was killed or interrupted, what came after its last record does not count.
	Time time.Duration `json:"time,omitempty"`
	// TargetScore stops the search when a candidate's mean validation score
	// reaches it.
	TargetScore float64 `json:"target_score,omitempty"`
	// NoImprovement stops the search after so many proposals in a row
	// without a better best candidate. Those in flight count, too, so that
	// fewer are when it is nearly reached.
	NoImprovement int `json:"no_improvement,omitempty"`
}

// Preset names a set of search options.
type Preset string

// The presets.
const (
	// PresetPaper is what the zero values of [Options] mean.
	PresetPaper Preset = "paper"
	// PresetRecommended is what docs/search.md found best: it needs a fraction
	// of the paper's wall-clock time for the same number of rollouts.
	PresetRecommended Preset = "recommended"
)

// WithPreset returns the options with those that are not set taken from a
// preset. An unknown one is PresetPaper.
func (o Options) WithPreset(p Preset) Options {
	if p != PresetRecommended {
		return o
	}
	setDefault(&o.Minibatch, 12)
	setDefault(&o.InFlight, 16)
	setDefault(&o.PerMember, 4)
	setDefault(&o.Components, ComponentAll)
	if o.Staged == (Staged{}) {
		o.Staged = Staged{First: 25, Growth: 4, Z: 0.5}
	}
	return o
}

// withDefaults returns the options with every zero field resolved.
func (o Options) withDefaults(sys System) Options {
	o = o.WithDefaults()
	setDefault(&o.Concurrency, 8)
	setDefault(&o.Attempts, 3)
	setDefault(&o.Failures, 3)
	if o.Runner == nil {
		o.Runner = sys
	}
	if o.Journal == nil {
		o.Journal = NewMemoryJournal()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// WithDefaults returns the options with the defaults of those that shape the
// search filled in, as a run's journal has them.
func (o Options) WithDefaults() Options {
	setDefault(&o.Minibatch, 3)
	setDefault(&o.Dominance, DominanceSubset)
	setDefault(&o.Frontier, FrontierByExample)
	setDefault(&o.Components, ComponentRoundRobin)
	setDefault(&o.InFlight, 1)
	setDefault(&o.Parent, ParentPareto)
	if o.Parent == ParentEpsilonGreedy {
		setDefault(&o.Epsilon, 0.1)
	}
	if o.Parent == ParentTopK {
		setDefault(&o.TopK, 5)
	}
	setDefault(&o.Sampling, SampleEpoch)
	setDefault(&o.Acceptance, AcceptStrict)
	if o.Acceptance == AcceptPaired {
		setDefault(&o.More, 2*o.Minibatch)
	}
	setDefault(&o.Children, 1)
	o.Staged = o.Staged.withDefaults()
	setDefault(&o.MaxMerges, 5)
	setDefault(&o.MergeScreen, 5)
	setDefault(&o.PerfectScore, 1)
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate reports everything that is wrong with the options, each problem
// with the field's name, joined into one error.
func (o Options) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("options: "+format, args...)) }
	if o.Proposer == nil {
		bad("Proposer is missing: nothing could write new texts (package propose has one)")
	}
	if o.Minibatch < 0 {
		bad("Minibatch is %d, want a positive number", o.Minibatch)
	}
	if o.Dominance != "" && o.Dominance != DominanceSubset && o.Dominance != DominanceCover {
		bad("Dominance is %q, want %q or %q", o.Dominance, DominanceSubset, DominanceCover)
	}
	if o.Components != "" && o.Components != ComponentRoundRobin && o.Components != ComponentAll {
		bad("Components is %q, want %q or %q", o.Components, ComponentRoundRobin, ComponentAll)
	}
	o.validateSearch(bad)
	switch o.Frontier {
	case "", FrontierByExample:
	case FrontierByObjective, FrontierByBoth:
		if len(o.Objectives) == 0 {
			bad("Frontier is %q, but no Objectives are declared", o.Frontier)
		}
	default:
		bad("Frontier is %q, want %q, %q or %q", o.Frontier, FrontierByExample, FrontierByObjective, FrontierByBoth)
	}
	if o.MergeScreen < 0 {
		bad("MergeScreen is %d, want a positive number", o.MergeScreen)
	}
	names := map[string]bool{}
	for _, obj := range o.Objectives {
		if err := obj.validate(); err != nil {
			bad("Objectives: %w", err)
		}
		if names[obj.Name] {
			bad("Objectives: %q is declared twice", obj.Name)
		}
		names[obj.Name] = true
	}
	if o.Concurrency < 0 {
		bad("Concurrency is %d, want a positive number", o.Concurrency)
	}
	if o.Attempts < 0 {
		bad("Attempts is %d, want a positive number", o.Attempts)
	}
	if o.Failures < 0 {
		bad("Failures is %d, want a positive number", o.Failures)
	}
	if err := o.Budget.validate(); err != nil {
		bad("Budget: %w", err)
	}
	return errors.Join(errs...)
}

// validateSearch reports what is wrong with the options that go beyond the
// paper.
func (o Options) validateSearch(bad func(format string, args ...any)) {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"InFlight", o.InFlight}, {"PerMember", o.PerMember}, {"TopK", o.TopK},
		{"More", o.More}, {"Children", o.Children}, {"Memory", o.Memory},
	} {
		if n.value < 0 {
			bad("%s is %d, want a positive number", n.name, n.value)
		}
	}
	if o.Epsilon < 0 || o.Epsilon > 1 || o.Epsilon != o.Epsilon {
		bad("Epsilon is %v, want a chance between 0 and 1", o.Epsilon)
	}
	switch o.Parent {
	case "", ParentPareto, ParentBest, ParentEpsilonGreedy, ParentTopK:
	default:
		bad("Parent is %q, want %q, %q, %q or %q", o.Parent, ParentPareto, ParentBest, ParentEpsilonGreedy, ParentTopK)
	}
	switch o.Sampling {
	case "", SampleEpoch, SampleFailures:
	default:
		bad("Sampling is %q, want %q or %q", o.Sampling, SampleEpoch, SampleFailures)
	}
	switch o.Acceptance {
	case "", AcceptStrict, AcceptEqual, AcceptPaired:
	default:
		bad("Acceptance is %q, want %q, %q or %q", o.Acceptance, AcceptStrict, AcceptEqual, AcceptPaired)
	}
	o.Staged.validate(bad)
}

func (b Budget) validate() error {
	switch {
	case b.Proposals < 0 || b.Rollouts < 0 || b.Time < 0 || b.NoImprovement < 0:
		return errors.New("a bound is negative")
	case b == Budget{}:
		return errors.New("no bound is set: the search would never end; set Proposals, Rollouts, Time, TargetScore or NoImprovement")
	}
	return nil
}
