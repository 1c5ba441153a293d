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
	// for reasons of the world, before the run ends with the error. Models
	// that come from package lm do their own retrying below this. Defaults
	// to 3.
	Attempts int `json:"-"`
	// Observer, if not nil, is told of every event once it is journaled, in
	// order, by one goroutine at a time. It must not block for long; a panic
	// in it is logged, and it is not called again.
	Observer func(Event) `json:"-"`
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
	// run together. Work in flight at its end is abandoned.
	Time time.Duration `json:"time,omitempty"`
	// TargetScore stops the search when a candidate's mean validation score
	// reaches it.
	TargetScore float64 `json:"target_score,omitempty"`
	// NoImprovement stops the search after so many proposals in a row
	// without a better best candidate.
	NoImprovement int `json:"no_improvement,omitempty"`
}

// withDefaults returns the options with every zero field resolved.
func (o Options) withDefaults(sys System) Options {
	setDefault(&o.Minibatch, 3)
	setDefault(&o.Dominance, DominanceSubset)
	setDefault(&o.Frontier, FrontierByExample)
	setDefault(&o.Components, ComponentRoundRobin)
	setDefault(&o.MaxMerges, 5)
	setDefault(&o.MergeScreen, 5)
	setDefault(&o.PerfectScore, 1)
	setDefault(&o.Concurrency, 8)
	setDefault(&o.Attempts, 3)
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
	switch o.Frontier {
	case "", FrontierByExample:
	case FrontierByObjective:
		if len(o.Objectives) == 0 {
			bad("Frontier is %q, but no Objectives are declared", o.Frontier)
		}
	default:
		bad("Frontier is %q, want %q or %q", o.Frontier, FrontierByExample, FrontierByObjective)
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
	if err := o.Budget.validate(); err != nil {
		bad("Budget: %w", err)
	}
	return errors.Join(errs...)
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
