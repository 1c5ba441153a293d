package gepa_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

// TestForecastHolds: what a search uses is inside what was forecast for it,
// nearly always, and what is promised for sure is always kept.
func TestForecastHolds(t *testing.T) {
	inside, runs := 0, 0
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
		within := func(n int, x gepa.Range) bool { return n >= x.Low && n <= x.High }
		runs++
		if within(len(res.History), f.Proposals) && within(res.Rollouts, f.Rollouts) {
			inside++
		}
	})
	if share := float64(inside) / float64(runs); share < 0.7 {
		t.Errorf("%d of %d runs were inside their forecast, want most", inside, runs)
	} else {
		t.Logf("%d of %d runs were inside their forecast", inside, runs)
	}
}
