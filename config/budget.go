package config

import (
	"fmt"

	"github.com/gepa-go/gepa"
)

// budget returns the search's bounds, and a note where the user named none.
func (o Optimize) budget(components, validation int) (gepa.Budget, string, error) {
	b := gepa.Budget{
		Proposals:     o.Iterations,
		Rollouts:      o.Rollouts,
		Time:          o.Time,
		TargetScore:   o.Target,
		NoImprovement: o.Patience,
	}
	if o.Auto != "" {
		n, err := gepa.AutoRollouts(gepa.Auto(o.Auto), components, validation)
		if err != nil {
			return b, "", usagef("--auto: %w", err)
		}
		b.Rollouts = n
		return b, fmt.Sprintf("%s as DSPy has it", o.Auto), nil
	}
	if o.Iterations == 0 && o.Rollouts == 0 && o.Time == 0 {
		b.Proposals = DefaultIterations
		return b, "the default: no budget is given", nil
	}
	return b, "", nil
}

// A Plan says what a run can use at most.
type Plan struct {
	// Feedback, Validation and Test are numbers of examples; Minibatch is
	// the size of one.
	Feedback, Validation, Test, Minibatch int
	Budget                                gepa.Budget
	// Search is the most rollouts that the search can use; 0 if only the time
	// bounds it.
	Search int
	// Reading is the most rollouts that reading the test set takes.
	Reading int
	// Forecast says what the search will probably use.
	Forecast gepa.Forecast
}

// Plan returns what the run can use at most.
func (r *Run) Plan() Plan {
	p := Plan{
		Forecast:   gepa.NewForecast(r.Options, len(r.Data.Feedback), len(r.Data.Validation), len(r.Data.Test)),
		Feedback:   len(r.Data.Feedback),
		Validation: len(r.Data.Validation),
		Test:       len(r.Data.Test),
		Minibatch:  min(r.Options.Minibatch, len(r.Data.Feedback)),
		Budget:     r.Options.Budget,
		Reading:    2 * len(r.Data.Test),
	}
	if n := p.Budget.Proposals; n > 0 {
		p.Search = p.Validation + n*p.Forecast.Most
	}
	if n := p.Budget.Rollouts; n > 0 && (p.Search == 0 || n < p.Search) {
		p.Search = n
	}
	return p
}
