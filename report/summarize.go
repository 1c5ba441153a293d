package report

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	udiff "github.com/aymanbagabas/go-udiff"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// Input is what a [Summary] is made from.
type Input struct {
	// Result is the run's, as [gepa.Optimize] returned it, and Err the error
	// that came with it.
	Result *gepa.Result
	Err    error
	// Interrupted says that Err is the end of the context.
	Interrupted bool
	// Components are the system's, Data the run's, Options those the run was
	// given.
	Components []gepa.Component
	Data       gepa.Data
	Options    gepa.Options
	// Program and Models name what ran.
	Program string
	Models  Models
	// Ledger is the run's account, of [Ledger]; the zero value leaves the
	// details out.
	Ledger Account
	// Output says where the run is kept; nil if it is not.
	Output *Output
}

// Summarize makes the summary of a run. It fails only for a result that is not
// of the given data.
func Summarize(in Input) (Summary, error) {
	r := in.Result
	s := Summary{
		Format:    Format,
		Status:    StatusFinished,
		Simulated: in.Models.Task.Simulated || in.Models.Reflection.Simulated || in.Models.Judge.Simulated,
		Program:   in.Program,
		Models:    in.Models,
		Seed:      in.Options.Seed,
		Data:      Sizes{Feedback: len(in.Data.Feedback), Validation: len(in.Data.Validation), Test: len(in.Data.Test)},
		Stop:      Stop{Reason: r.Stop.Reason, Detail: r.Stop.Detail},
		Rollouts:  r.Rollouts,
		Spend:     spend(r, in),
		Output:    in.Output,
	}
	switch {
	case in.Err != nil && in.Interrupted:
		s.Status = StatusInterrupted
	case in.Err != nil:
		s.Status = StatusFailed
	}
	s.Winner = winner(r)
	s.Components = components(in.Components, r)
	s.Candidates = candidates(r, in.Options)
	s.Proposals = proposals(r, in.Options)
	if r.Test != nil {
		t, err := test(in)
		if err != nil {
			return Summary{}, fmt.Errorf("summarize the test set: %w", err)
		}
		s.Test = t
	}
	return s, nil
}

func winner(r *gepa.Result) *Winner {
	if r.Best == nil {
		return nil
	}
	return &Winner{
		Candidate:      r.Best.ID,
		Validation:     r.Best.Mean,
		BaseValidation: r.Pool[0].Mean,
		Lineage:        lineage(r.Pool, r.Best.ID),
	}
}

// lineage returns a candidate and all its ancestors, ascending.
func lineage(pool []gepa.Member, id int) []int {
	seen := map[int]bool{}
	queue := []int{id}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if !seen[at] {
			seen[at] = true
			queue = append(queue, pool[at].Parents...)
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func components(comps []gepa.Component, r *gepa.Result) []Component {
	out := make([]Component, len(comps))
	for i, c := range comps {
		out[i] = Component{Name: c.Name, Before: c.Text, After: c.Text}
		if len(r.Pool) > 0 {
			out[i].Before = r.Pool[0].Texts[c.Name]
			out[i].After = r.Best.Texts[c.Name]
		}
		if out[i].Changed = out[i].Before != out[i].After; out[i].Changed {
			out[i].Diff = udiff.Unified("base", "optimized", endLine(out[i].Before), endLine(out[i].After))
		}
	}
	return out
}

// endLine ends a text with a line break, where it has none.
func endLine(s string) string {
	if s == "" || s[len(s)-1] == '\n' {
		return s
	}
	return s + "\n"
}

// objectiveMeans returns a candidate's means of the objectives, by name.
func objectiveMeans(m gepa.Member, declared []gepa.Objective) map[string]float64 {
	if len(declared) == 0 || len(m.Objectives) != len(declared) {
		return nil
	}
	out := map[string]float64{}
	for i, o := range declared {
		out[o.Name] = m.Objectives[i]
	}
	return out
}

func candidates(r *gepa.Result, o gepa.Options) []Candidate {
	out := make([]Candidate, len(r.Pool))
	for i, m := range r.Pool {
		out[i] = Candidate{
			ID:         m.ID,
			Parents:    append([]int{}, m.Parents...),
			Proposal:   m.Proposal,
			Changed:    append([]string{}, m.Changed...),
			Validation: m.Mean,
			Validated:  m.Validated,
			Frontier:   slices.Contains(r.Frontier, m.ID),
			Objectives: objectiveMeans(m, o.Objectives),
			Texts:      m.Texts,
		}
	}
	return out
}

func proposals(r *gepa.Result, o gepa.Options) Proposals {
	out := Proposals{Made: len(r.History), ByFate: []FateCount{}, History: make([]Proposal, len(r.History))}
	counts := map[Fate]int{}
	for i, p := range r.History {
		fate := FateOf(p, r.Pool, perfectScore(o))
		counts[fate]++
		out.History[i] = Proposal{
			Number: p.Proposal, Kind: p.Kind, Parents: p.Parents, Components: p.Components,
			Examples: len(p.Examples), Fate: fate, Candidate: p.Candidate, Reason: fate.Reason(p),
		}
		if p.Gate != nil {
			out.History[i].Before, out.History[i].After = p.Gate.Parent, p.Gate.Child
		}
	}
	for _, f := range Fates() {
		if counts[f] > 0 {
			out.ByFate = append(out.ByFate, FateCount{Fate: f, Count: counts[f]})
		}
	}
	out.Accepted = counts[FateAccepted]
	out.Rejected = out.Made - out.Accepted - counts[FatePartial] - counts[FateUnfinished]
	return out
}

// perfectScore returns the best score of a rollout, which [gepa.Optimize]
// takes to be 1 where the options do not say.
func perfectScore(o gepa.Options) float64 {
	if o.PerfectScore == 0 {
		return 1
	}
	return o.PerfectScore
}

func spend(r *gepa.Result, in Input) Spend {
	m, s := in.Models, r.Spend
	// Failed attempts are not told apart by role.
	all := m.Task.Simulated && m.Reflection.Simulated && (m.Judge.Name == "" || m.Judge.Simulated)
	proposer := m.Reflection.Simulated && (m.Judge.Name == "" || m.Judge.Simulated)
	var accepted, rejected, unfinished gepa.Usage
	for _, p := range r.History {
		switch FateOf(p, r.Pool, perfectScore(in.Options)) {
		case FateAccepted, FatePartial:
			accepted = accepted.Add(p.Spend)
		case FateUnfinished:
			unfinished = unfinished.Add(p.Spend)
		default:
			rejected = rejected.Add(p.Spend)
		}
	}
	return Spend{
		Task:       UsageOf(s.Task, m.Task.Simulated),
		Test:       UsageOf(s.Test, m.Task.Simulated),
		Judge:      UsageOf(s.Judge, m.Judge.Simulated),
		Reflection: UsageOf(s.Reflection, m.Reflection.Simulated),
		Failed:     UsageOf(s.Failed, all),
		Total:      UsageOf(s.Total(), all),
		Accepted:   UsageOf(accepted, proposer),
		Rejected:   UsageOf(rejected, proposer),
		Unfinished: UsageOf(unfinished, proposer),
		Ledger:     append([]Entry{}, in.Ledger.Entries...),
	}
}

// simulatedCost is the cost of simulated calls in words.
const simulatedCost = "$0 (simulated)"

// UsageOf returns a usage as reports show it.
func UsageOf(u gepa.Usage, simulated bool) Usage {
	cost := u.Cost.String()
	if simulated {
		cost = simulatedCost
	}
	return Usage{
		Calls: u.Calls, Cached: u.Cached, InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, Unmeasured: u.Unmeasured,
		CostNanos: u.Cost.Nanos, Unpriced: u.Cost.Unknown, Cost: cost,
	}
}

func test(in Input) (*Test, error) {
	r := in.Result.Test
	n := len(in.Data.Test)
	if len(r.Seed) != n || len(r.Best) != n {
		return nil, fmt.Errorf("%d and %d rollouts for %d examples", len(r.Seed), len(r.Best), n)
	}
	t := &Test{N: n, Readings: r.Readings, Examples: make([]TestExample, n)}
	for i, ex := range in.Data.Test {
		t.Examples[i] = TestExample{ID: ex.ID, Base: outcome(r.Seed[i]), Optimized: outcome(r.Best[i])}
	}
	var err error
	if t.Measures, err = measures(r.Seed, r.Best, in.Options.Objectives); err != nil {
		return nil, err
	}
	t.Conclusion = conclusion(t, in.Result.Best.ID == 0)
	return t, nil
}

func outcome(r gepa.Rollout) Outcome {
	return Outcome{Score: r.Score, Objectives: r.Objectives, Output: r.Output, Problem: r.Problem}
}

// measures compares two systems on the same examples: by every objective that
// a rollout has, in the order of their names, then by the score.
func measures(base, other []gepa.Rollout, declared []gepa.Objective) ([]Measure, error) {
	names := map[string]bool{}
	for _, r := range slices.Concat(base, other) {
		for name := range r.Objectives {
			names[name] = true
		}
	}
	sides := &gepa.Test{Seed: base, Best: other}
	var out []Measure
	for _, name := range slices.Sorted(maps.Keys(names)) {
		m, err := measure(sides, name, objective(declared, name), func(r gepa.Rollout) float64 { return r.Objectives[name] })
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	score, err := measure(sides, scoreName, gepa.Objective{Name: scoreName}, func(r gepa.Rollout) float64 { return r.Score })
	return append(out, score), err
}

// scoreName is the name of the measure that is the score.
const scoreName = "score"

func objective(declared []gepa.Objective, name string) gepa.Objective {
	for _, obj := range declared {
		if obj.Name == name {
			return obj
		}
	}
	return gepa.Objective{Name: name}
}

// measure compares the two sides of a test by one number of each rollout. The
// resampling behind it has a seed of its own, so that two reports on the same
// figures agree whatever the run's seed was.
func measure(t *gepa.Test, name string, o gepa.Objective, value func(gepa.Rollout) float64) (Measure, error) {
	const resamplingSeed = 0
	base, best := make([]float64, len(t.Seed)), make([]float64, len(t.Best))
	unit := UnitShare
	for i := range t.Seed {
		base[i], best[i] = value(t.Seed[i]), value(t.Best[i])
		if min(base[i], best[i]) < 0 || max(base[i], best[i]) > 1 {
			unit = UnitNumber
		}
	}
	m := Measure{Name: name, Direction: gepa.Maximize, Unit: unit}
	if o.Min != 0 || (o.Max != 0 && o.Max != 1) {
		m.Unit = UnitNumber
	}
	if o.Direction == gepa.Minimize {
		// stats takes more for better: compare the other way round.
		m.Direction = gepa.Minimize
		base, best = best, base
	}
	c, err := stats.Compare(base, best, resamplingSeed)
	if err != nil {
		return Measure{}, errors.Join(fmt.Errorf("measure %q", name), err)
	}
	m.Verdict = c.Verdict()
	if o.Direction == gepa.Minimize {
		c = turned(c)
	}
	m.Comparison = c
	return m, nil
}

// turned returns a comparison of swapped sides in the order of the sides.
// Swapping them already turned the signs of the differences to "more is
// better": they are turned back.
func turned(c stats.Comparison) stats.Comparison {
	c.Base, c.Other = c.Other, c.Base
	c.Difference = -c.Difference
	c.Interval.Low, c.Interval.High = -c.Interval.High, -c.Interval.Low
	return c
}
