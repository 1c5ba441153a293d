package config

import "github.com/gepa-go/gepa"

// Search says how a run searches. What is not set is the preset's.
type Search struct {
	// Preset is "paper" or "recommended"; see [gepa.Preset]. Defaults to
	// DefaultPreset.
	Preset string
	// The rest are options of [gepa.Options] of the same names. A nil number
	// is not set; zero switches the option off.
	Minibatch  int
	InFlight   int
	PerMember  *int
	Parent     string
	Epsilon    float64
	TopK       int
	Frontier   string
	Dominance  string
	Components string
	Sampling   string
	Acceptance string
	More       int
	Children   int
	Memory     *int
	Merges     *int
	// MergeByModel lets the reflection model merge candidates of programs of
	// one component.
	MergeByModel bool
	// Staged is the number of examples of the first stage of validation,
	// StagedGrowth by how much each stage is larger than the one before, and
	// StagedZ how many standard errors below the best a candidate is given up.
	Staged                *int
	StagedGrowth, StagedZ float64
	// PerfectScore is the best score that a rollout can have. Defaults to 1.
	PerfectScore float64
}

// DefaultPreset is used where none is named.
const DefaultPreset = gepa.PresetPaper

// choices lists the options that take one of several words, by flag.
func (s Search) choices() []choice {
	return []choice{
		{"search", s.Preset, words(gepa.PresetPaper, gepa.PresetRecommended)},
		{"parent", s.Parent, words(gepa.ParentPareto, gepa.ParentBest, gepa.ParentEpsilonGreedy, gepa.ParentTopK)},
		{"frontier", s.Frontier, words(gepa.FrontierByExample, gepa.FrontierByObjective, gepa.FrontierByBoth)},
		{"dominance", s.Dominance, words(gepa.DominanceSubset, gepa.DominanceCover)},
		{"components", s.Components, words(gepa.ComponentRoundRobin, gepa.ComponentAll)},
		{"sampling", s.Sampling, words(gepa.SampleEpoch, gepa.SampleFailures)},
		{"acceptance", s.Acceptance, words(gepa.AcceptStrict, gepa.AcceptEqual, gepa.AcceptPaired)},
	}
}

// choice is a flag that takes one of several words.
type choice struct {
	flag, value string
	choices     []string
}

func words[S ~string](values ...S) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// check refuses what is out of range or has no meaning together.
func (s Search) check() error {
	for _, r := range []struct {
		flag   string
		value  float64
		lo, hi float64
	}{
		{"epsilon", s.Epsilon, 0, 1},
		{"staged-z", s.StagedZ, 0, 100},
	} {
		if !(r.value >= r.lo && r.value <= r.hi) {
			return usagef("--%s %g: want a number from %g to %g", r.flag, r.value, r.lo, r.hi)
		}
	}
	if s.StagedGrowth != 0 && !(s.StagedGrowth > 1 && s.StagedGrowth <= 1000) {
		return usagef("--staged-growth %g: want a factor above 1", s.StagedGrowth)
	}
	for _, needs := range []struct {
		flag  string
		set   bool
		other string
		holds bool
	}{
		{"epsilon", s.Epsilon != 0, "--parent epsilon_greedy", s.Parent == string(gepa.ParentEpsilonGreedy)},
		{"top-k", s.TopK != 0, "--parent top_k", s.Parent == string(gepa.ParentTopK)},
		{"more", s.More != 0, "--acceptance paired", s.Acceptance == string(gepa.AcceptPaired)},
	} {
		if needs.set && !needs.holds {
			return usagef("--%s means nothing without %s", needs.flag, needs.other)
		}
	}
	return nil
}

// options fills in the search options of a run.
func (s Search) options(o *gepa.Options) {
	o.Minibatch = s.Minibatch
	o.InFlight = s.InFlight
	o.Parent = gepa.ParentRule(s.Parent)
	o.Epsilon, o.TopK = s.Epsilon, s.TopK
	o.Frontier = gepa.FrontierKind(s.Frontier)
	o.Dominance = gepa.Dominance(s.Dominance)
	o.Components = gepa.ComponentChoice(s.Components)
	o.Sampling = gepa.Sampling(s.Sampling)
	o.Acceptance = gepa.Acceptance(s.Acceptance)
	o.More, o.Children = s.More, s.Children
	o.MergeByModel = s.MergeByModel
	*o = o.WithPreset(gepa.Preset(orDefault(s.Preset, string(DefaultPreset))))
	if s.PerMember != nil {
		o.PerMember = *s.PerMember
	}
	if s.Memory != nil {
		o.Memory = *s.Memory
	}
	if s.Merges != nil {
		if o.MaxMerges = *s.Merges; o.MaxMerges == 0 {
			o.MaxMerges = -1
		}
	}
	if s.Staged != nil {
		o.Staged.First = *s.Staged
	}
	if s.StagedGrowth != 0 {
		o.Staged.Growth = s.StagedGrowth
	}
	if s.StagedZ != 0 {
		o.Staged.Z = s.StagedZ
	}
	if s.PerfectScore != 0 {
		o.PerfectScore = s.PerfectScore
	}
	if o.Staged.First == 0 {
		o.Staged = gepa.Staged{}
	}
	o.Minibatch = orDefault(o.Minibatch, DefaultMinibatch)
}

// searchIdentity lists the search options that give a run its meaning, by flag.
func searchIdentity(o gepa.Options) []any {
	f := []any{
		"minibatch", o.Minibatch,
		"dominance", o.Dominance,
		"components", o.Components,
		"merges", max(o.MaxMerges, 0),
		"in-flight", o.InFlight,
		"parent", o.Parent,
		"sampling", o.Sampling,
		"acceptance", o.Acceptance,
		"children", o.Children,
	}
	for _, given := range []struct {
		name  string
		value any
		set   bool
	}{
		{"frontier", o.Frontier, o.Frontier != gepa.FrontierByExample},
		{"per-member", o.PerMember, o.PerMember > 0},
		{"epsilon", o.Epsilon, o.Epsilon > 0},
		{"top-k", o.TopK, o.TopK > 0},
		{"more", o.More, o.More > 0},
		{"memory", o.Memory, o.Memory > 0},
		{"merge-by-model", o.MergeByModel, o.MergeByModel},
		{"staged", o.Staged.First, o.Staged.First > 0},
		{"staged-growth", o.Staged.Growth, o.Staged.First > 0},
		{"staged-z", o.Staged.Z, o.Staged.First > 0},
		{"perfect-score", o.PerfectScore, o.PerfectScore != 1},
	} {
		if given.set {
			f = append(f, given.name, given.value)
		}
	}
	return f
}
