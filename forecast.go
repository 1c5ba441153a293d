package gepa

import "math"

// Range is a figure that is not known yet: what it is likely to be at least,
// what it is expected to be, and what it is likely to be at most. As a
// forecast's it is meant to hold in nine runs of ten.
type Range struct {
	Low, Expected, High int
}

// A Forecast says what a run will use, before anything is spent. It is computed
// from the options and the sizes of the data alone: where a trial of the system
// tells more, for instance how often a child passes its gate, its own figures
// are better.
type Forecast struct {
	// Seed is the number of rollouts that validate the seed.
	Seed int
	// Most is the most rollouts that one proposal can use.
	Most int
	// Sure is the number of proposals that the budget pays for even if each
	// uses the most; -1 where neither proposals nor rollouts are bounded.
	Sure int
	// Proposals is how many the budget will pay for, Rollouts how many
	// rollouts the search will use, the seed's validation included. Both are
	// zero where the budget bounds neither.
	Proposals, Rollouts Range
	// Reflections is how many times the proposer will be asked for a text.
	Reflections Range
	// Test is the most rollouts that reading the sealed test set takes.
	Test int
}

// How large a share of proposals is validated, and how large a share of the
// validation set such a child is run on where validation is staged: the
// measured ranges of docs/search.md.
const (
	acceptLow, acceptExpected, acceptHigh = 0.05, 0.35, 0.7
	stagedShare                           = 0.6
	idleShare                             = 0.1 // of the proposals have nothing to reflect on
)

// NewForecast returns the forecast for options and data sizes. The options'
// defaults are filled in.
func NewForecast(o Options, feedback, validation, test int) Forecast {
	o = o.WithDefaults()
	cost := costOf(o, feedback, validation)
	f := Forecast{Seed: validation, Most: cost.most(), Test: 2 * test}
	staged := 1.0
	if o.Staged.First > 0 {
		staged = stagedShare
	}
	per := func(accepted, idle float64) float64 {
		compared := float64(cost.minibatch) * (1 + (1-idle)*float64(cost.children))
		return compared + accepted*staged*float64(validation)
	}
	low, expected, high := per(acceptLow, 0.5), per(acceptExpected, idleShare), per(acceptHigh, 0)
	high = math.Min(high+float64(2*cost.more), float64(f.Most))
	b := o.Budget
	f.Sure = -1
	if b.Rollouts > 0 {
		// The last proposal starts only if the most that it can use is left.
		left := float64(b.Rollouts - validation)
		f.Sure = int(left) / f.Most
		made := func(each float64) int { return max(f.Sure, 1+int((left-float64(f.Most))/each)) }
		f.Proposals = Range{Low: made(high), Expected: made(expected), High: made(low)}
		f.Rollouts = Range{Low: b.Rollouts - f.Most, Expected: b.Rollouts - f.Most/2, High: b.Rollouts}
	}
	if n := b.Proposals; n > 0 && (b.Rollouts == 0 || n < f.Proposals.High) {
		if b.Rollouts == 0 {
			f.Sure = n
			f.Proposals = Range{n, n, n}
		} else {
			f.Sure = min(f.Sure, n)
			f.Proposals = Range{min(f.Proposals.Low, n), min(f.Proposals.Expected, n), n}
		}
		used := func(proposals int, each float64) int { return validation + int(math.Round(float64(proposals)*each)) }
		rollouts := Range{used(f.Proposals.Low, low), used(f.Proposals.Expected, expected), used(f.Proposals.High, high)}
		if b.Rollouts > 0 {
			rollouts.Expected, rollouts.High = min(rollouts.Expected, b.Rollouts), min(rollouts.High, b.Rollouts)
		}
		f.Rollouts = rollouts
	}
	asked := func(proposals int, idle float64) int {
		return int(math.Round(float64(proposals) * (1 - idle) * float64(cost.children)))
	}
	f.Reflections = Range{asked(f.Proposals.Low, 0.5), asked(f.Proposals.Expected, idleShare), asked(f.Proposals.High, 0)}
	return f
}
