package forecast

import (
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/report"
)

// An Input is what [New] forecasts from.
type Input struct {
	// Program is what the system is called.
	Program string
	// Models are those of the run; a price that is not there is not known.
	Models report.Models
	// Options are the run's, complete but for what brings it about. Start, if
	// set, is the candidate that it starts from.
	Options gepa.Options
	// Components are the system's.
	Components []gepa.Component
	// Feedback, Validation and Test identify the examples of the sets, by
	// their hashes.
	Feedback, Validation, Test []string
	// Caps are those of the run.
	Caps lm.Caps
	// Trial is what was measured.
	Trial Trial
	// Draws is the number of simulated runs. Defaults to 300, and to fewer
	// where runs are long.
	Draws int
}

// A Trial is what was measured before a run.
type Trial struct {
	// Rollouts are in an order that does not depend on timing.
	Rollouts []Rollout
	// Proposals are what the trial's proposals did, in order.
	Proposals []Proposal
	// Spent is what the trial itself consumed, Elapsed how long it took.
	Spent   gepa.Usage
	Elapsed time.Duration
	// Ended says why the trial ended before it was complete; "" if it was.
	Ended string
}

// A Rollout is one that the trial made.
type Rollout struct {
	// Texts are the candidate's, Example the example's hash.
	Texts   gepa.Candidate
	Example string
	Repeat  int
	// Rollout is what came of it. Its Usage is what the calls consume where
	// no cache answers, and Elapsed the time that they take then.
	Rollout gepa.Rollout
	Elapsed time.Duration
}

// A Proposal is one that the trial made.
type Proposal struct {
	// Parent are the texts that were reflected on, Examples the minibatch, by
	// hash.
	Parent   gepa.Candidate
	Examples []string
	// Components were to be rewritten. Texts are the new ones; empty where
	// the reply was refused.
	Components []string
	Texts      map[string]string
	// Judge and Reflection are what the calls consume where no cache answers,
	// failed attempts included.
	Judge, Reflection gepa.Usage
	// Elapsed is how long the proposer took.
	Elapsed time.Duration
}

// start returns the candidate that a run starts from.
func (in Input) start() gepa.Candidate {
	if in.Options.Start != nil {
		return in.Options.Start
	}
	return gepa.Seed(in.Components)
}
