package view

import (
	"maps"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// Rollout returns all there is to see of a candidate's rollout on an example
// of one of the run's sets.
func (f *Fold) Rollout(candidate int, set Set, index int) (Detail[RolloutDetail], error) {
	if _, err := f.member(candidate); err != nil {
		return Detail[RolloutDetail]{}, err
	}
	refs := f.refs(set)
	if index < 0 || index >= len(refs) {
		return Detail[RolloutDetail]{}, notFound("example %d of the %s set", index, set)
	}
	return f.RolloutOf(gepa.RolloutKey{Candidate: f.hashes[candidate], Example: refs[index].Hash})
}

func (f *Fold) refs(set Set) []gepa.ExampleRef {
	run := f.story.State.Run()
	switch {
	case run == nil:
		return nil
	case set == SetFeedback:
		return run.Feedback
	case set == SetValidation:
		return run.Validation
	case set == SetTest:
		return run.Test
	}
	return nil
}

// RolloutOf returns all there is to see of a rollout, by its key.
func (f *Fold) RolloutOf(key gepa.RolloutKey) (Detail[RolloutDetail], error) {
	at, there := f.where[key]
	if !there {
		return Detail[RolloutDetail]{}, notFound("rollout of this candidate on this example")
	}
	d := RolloutDetail{Candidate: -1, Example: Example{Index: -1, Hash: key.Example}, Others: []OtherScore{}}
	if id, known := f.ids[key.Candidate]; known {
		d.Candidate = id
	}
	if place, known := f.places[key.Example]; known {
		d.Set, d.Example.Index = place.set, place.indices[0]
		d.Example.ID = f.refs(place.set)[place.indices[0]].ID
	}
	for id, hash := range f.hashes {
		if id == d.Candidate {
			continue
		}
		other := OtherScore{Candidate: id, Score: Unknown()}
		if r, done := f.story.State.Rollout(gepa.RolloutKey{Candidate: hash, Example: key.Example}); done {
			other.Score = Number(r.Score)
		}
		d.Others = append(d.Others, other)
	}
	simulated := f.about.Models.Task.Simulated
	return Detail[RolloutDetail]{want: []Position{at}, build: func(events []gepa.Event) (RolloutDetail, error) {
		done, ok := events[0].(gepa.RolloutDone)
		if !ok || done.Job != key {
			return d, notFound("rollout of this candidate on this example")
		}
		d.fill(done.Rollout, simulated)
		return d, nil
	}}, nil
}

// fill takes over what a rollout holds.
func (d *RolloutDetail) fill(r gepa.Rollout, simulated bool) {
	d.Score, d.Problem, d.Output = Number(r.Score), r.Problem, r.Output
	d.Usage = report.UsageOf(r.Usage, simulated)
	d.Feedback = Feedback{Text: r.Feedback.Text, ByComponent: map[string]string{}}
	maps.Copy(d.Feedback.ByComponent, r.Feedback.ByComponent)
	d.Objectives = map[string]Number{}
	for name, v := range r.Objectives {
		d.Objectives[name] = Number(v)
	}
	d.Steps = []Step{}
	for _, s := range r.Trace {
		step := Step{Component: s.Component, Inputs: s.Inputs, Outputs: s.Outputs, Problem: s.Problem, Exchanges: []Exchange{}}
		for _, x := range s.Exchanges {
			step.Exchanges = append(step.Exchanges, Exchange{
				Format: x.Format, Messages: append([]gepa.Message{}, x.Messages...), Reply: x.Reply, Problem: x.Problem, Usage: report.UsageOf(x.Usage, simulated),
			})
		}
		d.Steps = append(d.Steps, step)
	}
}
