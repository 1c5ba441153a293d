package view

import (
	"github.com/gepa-go/gepa"
)

// A flight is a proposal under way: what tells which rollouts are its own.
// Number 0 is the validation of the base.
type flight struct {
	number   int
	parent   string          // hash of the parent; "" for a merge, whose parents are not run
	examples map[string]bool // hashes of the minibatch or screen, further ones included
	waiting  map[string]bool // of the minibatch: where the parent was not run yet
	children map[string]bool // hashes of the texts that are compared with the parent
	asked    int             // how many texts there will be
	answered int             // how many there are
	child    string          // hash of the texts past the gate
	usage    gepa.Usage      // of its rollouts
}

// wants reports whether a rollout is the flight's.
func (f *flight) wants(key gepa.RolloutKey, validation bool) bool {
	switch {
	case key.Candidate == f.child && validation:
		return true
	case key.Candidate == f.parent || f.children[key.Candidate]:
		return f.examples[key.Example]
	}
	return false
}

// plan takes off with a proposal.
func (f *Fold) plan(p gepa.ProposalPlanned) *flight {
	run := f.story.State.Run()
	fl := &flight{number: p.Proposal, examples: map[string]bool{}, waiting: map[string]bool{}, children: map[string]bool{}}
	refs := run.Feedback
	if p.Kind == gepa.ProposalMerge {
		refs = run.Validation
	} else {
		fl.parent = f.hashes[p.Parents[0]]
		fl.asked = max(run.Options.Children, 1)
	}
	for _, i := range p.Examples {
		fl.examples[refs[i].Hash] = true
		key := gepa.RolloutKey{Candidate: fl.parent, Example: refs[i].Hash}
		if _, done := f.where[key]; !done && fl.parent != "" {
			fl.waiting[refs[i].Hash] = true
		}
	}
	for _, i := range p.More {
		fl.examples[refs[i].Hash] = true
	}
	f.flights = append(f.flights, fl)
	return fl
}

// flightOf returns a flight by its number, nil if it is not under way.
func (f *Fold) flightOf(number int) *flight {
	for _, fl := range f.flights {
		if fl.number == number {
			return fl
		}
	}
	return nil
}

// land ends a flight and returns it.
func (f *Fold) land(number int) *flight {
	for i, fl := range f.flights {
		if fl.number == number {
			f.flights = append(f.flights[:i], f.flights[i+1:]...)
			return fl
		}
	}
	return nil
}

// sum returns a candidate's summed score on examples of the feedback set. It
// reports false if one of the rollouts is missing.
func (f *Fold) sum(candidate string, refs []gepa.ExampleRef, examples []int) (float64, bool) {
	total := 0.0
	for _, i := range examples {
		r, done := f.story.State.Rollout(gepa.RolloutKey{Candidate: candidate, Example: refs[i].Hash})
		if !done {
			return 0, false
		}
		total += r.Score
	}
	return total, true
}

// claim gives a flight the rollouts that nobody wanted when they came: those of
// a child that was not known yet.
func (f *Fold) claim(fl *flight) {
	if len(f.unclaimed) == 0 {
		return
	}
	for _, refs := range [][]gepa.ExampleRef{f.story.State.Run().Feedback, f.story.State.Run().Validation} {
		for _, ref := range refs {
			for hash := range fl.children {
				key := gepa.RolloutKey{Candidate: hash, Example: ref.Hash}
				if usage, there := f.unclaimed[key]; there && fl.examples[ref.Hash] {
					delete(f.unclaimed, key)
					fl.usage = fl.usage.Add(usage)
					f.proposals.rows[fl.number-1].Rollouts++
				}
			}
		}
	}
}
