package gepa_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

// TestForecastHolds: what a forecast calls sure is always kept, and what it
// calls the most is never exceeded.
func TestForecastHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		opts := anyOptions(r)
		opts.Parent, opts.Components = gepa.ParentPareto, gepa.ComponentRoundRobin
		opts.Acceptance, opts.MaxMerges = gepa.AcceptStrict, -1
		opts.Budget = gepa.Budget{Rollouts: rapid.IntRange(90, 400).Draw(r, "rollouts")}
		if rapid.Bool().Draw(r, "by_proposals") {
			opts.Budget = gepa.Budget{Proposals: rapid.IntRange(1, 20).Draw(r, "proposals")}
		}
		data := someData()
		f := gepa.NewForecast(opts, len(data.Feedback), len(data.Validation), len(data.Test))
		opts.Proposer = &wordProposer{}
		res, err := gepa.Optimize(t.Context(), newLandscape(), data, opts)
		if err != nil {
			r.Fatal(err)
		}
		if len(res.History) < f.Sure && res.Stop.Reason != gepa.StopExhausted {
			r.Fatalf("%d proposals were made, %d were sure", len(res.History), f.Sure)
		}
		if most := f.Seed + len(res.History)*f.Most; res.Rollouts > most {
			r.Fatalf("%d proposals used %d rollouts, at most %d were forecast", len(res.History), res.Rollouts, most)
		}
	})
}
