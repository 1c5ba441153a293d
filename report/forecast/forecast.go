package forecast

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// Format is the version of a Forecast's JSON form (docs/formats/cli-json.md).
const Format = 1

// Level is the share of simulated runs that a [Range] holds.
const Level = 0.9

// A Range is what a figure will probably be: the 5 %, 50 % and 95 % quantiles of
// simulated runs.
type Range struct {
	Low      float64 `json:"low"`
	Expected float64 `json:"expected"`
	High     float64 `json:"high"`
}

// Contains reports whether x lies in the range, ends included.
func (r Range) Contains(x float64) bool { return r.Low <= x && x <= r.High }

// A Forecast is what a run will probably use, and what to know before it.
type Forecast struct {
	Format int `json:"format"`
	// Simulated says that a simulated model plays a role.
	Simulated   bool          `json:"simulated"`
	Program     string        `json:"program"`
	Models      report.Models `json:"models"`
	Seed        uint64        `json:"seed"`
	Data        report.Sizes  `json:"data"`
	Minibatch   int           `json:"minibatch"`
	Concurrency int           `json:"concurrency"`
	Budget      gepa.Budget   `json:"budget"`
	// Trial is what was measured, and Seen what it showed of the seed.
	Trial Measured `json:"trial"`
	Seen  Seen     `json:"seen"`
	// Runs is the number of simulated runs, Level the share that ranges hold.
	Runs  int     `json:"runs"`
	Level float64 `json:"level"`
	// Proposals are those that the budget pays for, Accepted those of them
	// whose child joins the pool. Rollouts are the search's, TestRollouts
	// those on the sealed test set. Seconds are wall-clock time.
	Proposals     Range `json:"proposals"`
	Accepted      Range `json:"accepted"`
	Rollouts      Range `json:"rollouts"`
	Reflections   Range `json:"reflections"`
	TestRollouts  Range `json:"test_rollouts"`
	SearchSeconds Range `json:"search_seconds"`
	TestSeconds   Range `json:"test_seconds"`
	// Roles are task, judge, reflection, test and total, in that order; a
	// role that is not played is left out. Total is all of them together.
	Roles []Role `json:"roles"`
	// Stops say how the simulated runs ended, the most frequent first.
	Stops []StopShare `json:"stops"`
	// Findings are warnings, then advice.
	Findings []Finding `json:"findings"`
	// Refused says why the run should not be made; "" if nothing speaks
	// against it.
	Refused string `json:"refused"`
}

// A Role is what the calls of one role will consume.
type Role struct {
	Role   string `json:"role"`
	Calls  Range  `json:"calls"`
	Input  Range  `json:"input_tokens"`
	Output Range  `json:"output_tokens"`
	Tokens Range  `json:"tokens"`
	// Nanos is the known part of the cost in billionths of a dollar, and
	// Unpriced the number of calls that it lacks.
	Nanos    Range `json:"cost_nano_usd"`
	Unpriced Range `json:"unpriced_calls"`
	// Cost is the cost in words: "$0.12 ($0.10 to $0.15)", "unknown",
	// "$0 (simulated)".
	Cost string `json:"cost"`
}

// Measured is what a trial was.
type Measured struct {
	// Examples is the number of examples that the seed ran on, Repeats how
	// many rollouts repeated one, Others the rollouts of new texts.
	Examples  int `json:"examples"`
	Repeats   int `json:"repeats"`
	Others    int `json:"other_rollouts"`
	Proposals int `json:"proposals"`
	// Reflections is the number of proposals with a text, and Improved of
	// those whose text did better on its minibatch.
	Reflections int `json:"reflections"`
	Improved    int `json:"improved"`
	// Spent is what the trial itself consumed; Ended says why it ended early.
	Spent   report.Usage `json:"spent"`
	Seconds float64      `json:"seconds"`
	Ended   string       `json:"ended"`
}

// A StopShare is how many simulated runs ended for a reason.
type StopShare struct {
	Reason gepa.StopReason `json:"reason"`
	Share  float64         `json:"share"`
}

// ErrNothing says that a trial measured nothing that could be forecast from.
var ErrNothing = errors.New("the trial measured no rollout of the seed: there is nothing to forecast from")

// Runs of how many rollouts together are simulated at most, unless that would
// be too few runs.
const (
	defaultDraws = 300
	leastDraws   = 60
	mostRollouts = 150_000
)

// New forecasts a run. It is deterministic, but for the times that were
// measured. The error is [ErrNothing], or that of options that no run can have.
func New(in Input) (Forecast, error) {
	m := measure(in)
	if len(m.seed) == 0 {
		return Forecast{}, ErrNothing
	}
	op, err := newOpening(m)
	if err != nil {
		return Forecast{}, fmt.Errorf("forecast: %w", err)
	}
	outcomes, err := m.simulated(op)
	if err != nil {
		return Forecast{}, fmt.Errorf("forecast: %w", err)
	}
	f := m.summed(op, outcomes)
	f.Seen = m.see()
	f.Findings = m.findings(&f)
	return f, nil
}

// simulated makes the runs.
func (m *measures) simulated(op *opening) ([]outcome, error) {
	draws := m.in.Draws
	var out []outcome
	used := 0.0
	for i := 0; ; i++ {
		switch {
		case draws > 0 && i >= draws, i >= defaultDraws, draws == 0 && i >= leastDraws && used > mostRollouts:
			return out, nil
		}
		o, err := simulate(newWorld(m, uint64(i)), op)
		if err != nil {
			return nil, err
		}
		used += o.rollouts
		out = append(out, o)
	}
}

// rangeOf returns the range of a figure of the outcomes.
func rangeOf(outcomes []outcome, figure func(outcome) float64) Range {
	values := make([]float64, len(outcomes))
	for i, o := range outcomes {
		values[i] = figure(o)
	}
	slices.Sort(values)
	return Range{quantile(values, (1-Level)/2), quantile(values, 0.5), quantile(values, (1+Level)/2)}
}

// summed returns what the outcomes amount to.
func (m *measures) summed(op *opening, outcomes []outcome) Forecast {
	in := m.in
	of := func(figure func(outcome) float64) Range { return rangeOf(outcomes, figure) }
	f := Forecast{
		Format: Format, Program: in.Program, Models: in.Models, Seed: in.Options.Seed,
		Simulated: in.Models.Task.Simulated || in.Models.Reflection.Simulated || in.Models.Judge.Simulated,
		Data:      report.Sizes{Feedback: len(in.Feedback), Validation: len(in.Validation), Test: len(in.Test)},
		Minibatch: min(op.event.Options.Minibatch, len(in.Feedback)), Concurrency: op.slots, Budget: in.Options.Budget,
		Trial: m.trial(), Runs: len(outcomes), Level: Level,
		Proposals:     of(func(o outcome) float64 { return o.proposals }),
		Accepted:      of(func(o outcome) float64 { return o.accepted }),
		Rollouts:      of(func(o outcome) float64 { return o.rollouts }),
		Reflections:   of(func(o outcome) float64 { return o.reflections }),
		TestRollouts:  of(func(o outcome) float64 { return o.tested }),
		SearchSeconds: of(func(o outcome) float64 { return o.search.Seconds() }),
		TestSeconds:   of(func(o outcome) float64 { return o.reading.Seconds() }),
	}
	for _, r := range []struct {
		name  string
		model report.Model
		of    func(outcome) consumption
	}{
		{"task", in.Models.Task, func(o outcome) consumption { return o.task }},
		{"judge", in.Models.Judge, func(o outcome) consumption { return o.judge }},
		{"reflection", in.Models.Reflection, func(o outcome) consumption { return o.reflection }},
		{"test", in.Models.Task, func(o outcome) consumption { return o.test }},
		{"total", report.Model{Simulated: allSimulated(in.Models)}, func(o outcome) consumption {
			sum := o.task
			for _, part := range []consumption{o.judge, o.reflection, o.test} {
				sum.add(part)
			}
			return sum
		}},
	} {
		role := Role{
			Role:     r.name,
			Calls:    of(func(o outcome) float64 { return r.of(o).calls }),
			Input:    of(func(o outcome) float64 { return r.of(o).input }),
			Output:   of(func(o outcome) float64 { return r.of(o).output }),
			Tokens:   of(func(o outcome) float64 { return r.of(o).input + r.of(o).output }),
			Nanos:    of(func(o outcome) float64 { return r.of(o).nanos }),
			Unpriced: of(func(o outcome) float64 { return r.of(o).unknown }),
		}
		if role.Calls.High == 0 && r.name != "total" {
			continue
		}
		role.Cost = role.cost(r.model.Simulated)
		f.Roles = append(f.Roles, role)
	}
	f.Stops = stopsOf(outcomes)
	return f
}

func allSimulated(m report.Models) bool {
	return (m.Task.Simulated || m.Task.Name == "") && m.Reflection.Simulated && (m.Judge.Simulated || m.Judge.Name == "")
}

// cost says what a role costs.
func (r Role) cost(simulated bool) string {
	amount := func(nanos float64) string { return gepa.Cost{Nanos: int64(nanos)}.String() }
	text := fmt.Sprintf("%s (%s to %s)", amount(r.Nanos.Expected), amount(r.Nanos.Low), amount(r.Nanos.High))
	switch {
	case simulated:
		return "$0 (simulated)"
	case r.Unpriced.High > 0 && r.Nanos.High == 0:
		return "unknown"
	case r.Unpriced.High > 0:
		return text + ", without calls of unknown price"
	case r.Calls.High == 0:
		return "none told of"
	case r.Nanos.High == 0:
		return "$0"
	}
	return text
}

func stopsOf(outcomes []outcome) []StopShare {
	var out []StopShare
	for _, o := range outcomes {
		i := slices.IndexFunc(out, func(s StopShare) bool { return s.Reason == o.stop })
		if i < 0 {
			i = len(out)
			out = append(out, StopShare{Reason: o.stop})
		}
		out[i].Share += 1 / float64(len(outcomes))
	}
	slices.SortStableFunc(out, func(a, b StopShare) int {
		switch {
		case a.Share > b.Share:
			return -1
		case a.Share < b.Share:
			return 1
		}
		return 0
	})
	return out
}

// trial says what the trial was.
func (m *measures) trial() Measured {
	t := m.in.Trial
	out := Measured{
		Examples: len(m.seed), Repeats: m.repeats, Others: len(t.Rollouts) - len(m.seed) - m.repeats,
		Proposals: len(t.Proposals), Reflections: len(t.Proposals) - m.refused,
		Spent: report.UsageOf(t.Spent, allSimulated(m.in.Models)), Seconds: t.Elapsed.Seconds(), Ended: t.Ended,
	}
	for _, e := range m.edits {
		if e[0] > e[2] {
			out.Improved++
		}
	}
	return out
}
