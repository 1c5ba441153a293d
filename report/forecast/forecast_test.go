package forecast_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/forecast"
)

// scenario makes inputs: a system of one component, whose seed solves a share
// of the examples, and a trial of it.
type scenario struct {
	solves, graded, noise      float64
	feedback, validation, test int
	trial, proposals           int
	gains                      bool // the trial's texts help
	silent                     bool
	options                    gepa.Options
	models                     report.Models
	caps                       lm.Caps
}

func plain() scenario {
	return scenario{
		solves: 0.4, feedback: 60, validation: 30, test: 40, trial: 16, proposals: 2, gains: true,
		options: gepa.Options{Minibatch: 5, Budget: gepa.Budget{Proposals: 10}},
		models:  report.Models{Task: report.Model{Name: "a/task"}, Reflection: report.Model{Name: "a/thinker"}},
	}
}

func names(set string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%d", set, i)
	}
	return out
}

const perCall = 100 // input tokens; a tenth of it out

func (s scenario) input() forecast.Input {
	r := rand.New(rand.NewPCG(1, 2))
	in := forecast.Input{
		Program: "p", Models: s.models, Options: s.options, Components: []gepa.Component{{Name: "c", Text: "Answer."}},
		Feedback: names("f", s.feedback), Validation: names("v", s.validation), Test: names("t", s.test), Caps: s.caps, Draws: 80,
	}
	usage := gepa.Usage{Calls: 1, InputTokens: perCall, OutputTokens: perCall / 10, Cost: gepa.Cost{Nanos: 1000}}
	if s.silent {
		usage = gepa.Usage{}
	}
	if s.models.Task.Price == nil && !s.silent {
		usage.Cost = gepa.Cost{Unknown: 1}
	}
	scores := map[string]float64{}
	run := func(c gepa.Candidate, example string, repeat int, score float64) {
		in.Trial.Rollouts = append(in.Trial.Rollouts, forecast.Rollout{
			Texts: c, Example: example, Repeat: repeat, Rollout: gepa.Rollout{Score: score, Usage: usage}, Elapsed: 100 * time.Millisecond,
		})
	}
	seed := gepa.Seed(in.Components)
	score := func(solved bool) float64 {
		if solved {
			return 1
		}
		return s.graded
	}
	solved := 0.0
	try := func(example string) {
		if _, done := scores[example]; done {
			return
		}
		solved += s.solves
		scores[example] = score(solved >= 1)
		if solved >= 1 {
			solved--
		}
		run(seed, example, 0, scores[example])
	}
	for i := range min(s.trial, s.validation) {
		try(in.Validation[i])
		if i < 6 && s.noise >= 0 {
			run(seed, in.Validation[i], 1, score(r.Float64() < s.noise != (scores[in.Validation[i]] == 1)))
		}
	}
	for n := range s.proposals {
		p := forecast.Proposal{
			Parent: seed, Components: []string{"c"}, Texts: map[string]string{"c": fmt.Sprintf("Answer in one word, please, try %d.", n)},
			Reflection: gepa.Usage{Calls: 1, InputTokens: 900, OutputTokens: 50, Cost: usage.Cost}, Elapsed: time.Second,
		}
		for i := range min(s.options.WithDefaults().Minibatch, s.feedback) {
			ex := in.Feedback[(n*7+i)%s.feedback]
			try(ex)
			p.Examples = append(p.Examples, ex)
			after := scores[ex]
			if s.gains && i < 2 {
				after = 1
			}
			run(seed.With(p.Texts), ex, 0, after)
		}
		in.Trial.Proposals = append(in.Trial.Proposals, p)
	}
	return in
}

func mustNew(t *testing.T, in forecast.Input) forecast.Forecast {
	t.Helper()
	f, err := forecast.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func taskOf(t *testing.T, f forecast.Forecast) forecast.Role {
	t.Helper()
	for _, r := range f.Roles {
		if r.Role == "task" {
			return r
		}
	}
	t.Fatalf("there is no task role in %+v", f.Roles)
	return forecast.Role{}
}

func TestEqualInputsEqualForecasts(t *testing.T) {
	t.Parallel()
	one, two := mustNew(t, plain().input()), mustNew(t, plain().input())
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("two forecasts of the same differ:\n%s", diff)
	}
}

// With proposals as the only bound and nothing ever accepted, everything but
// the reflections can be computed by hand.
func TestKnownWorld(t *testing.T) {
	t.Parallel()
	s := plain()
	s.solves, s.gains, s.noise, s.proposals, s.test = 1, false, -1, 0, 10
	f := mustNew(t, s.input())
	// The seed solves all: 30 to validate it, and at most 5 for each of ten
	// proposals, none of which has anything to learn from.
	if f.Rollouts.Low < 40 || f.Rollouts.Expected > 100 || f.Accepted.Expected > 1 {
		t.Errorf("rollouts %+v, accepted %+v", f.Rollouts, f.Accepted)
	}
	task := taskOf(t, f)
	if task.Calls != f.Rollouts {
		t.Errorf("%+v calls of one a rollout, for %+v rollouts", task.Calls, f.Rollouts)
	}
	if got, want := task.Tokens.Expected/task.Calls.Expected, 1.1*perCall; math.Abs(got-want) > 0.05*want {
		t.Errorf("%.1f tokens a call, want %.1f", got, want)
	}
	if f.TestRollouts.Low < 10 || f.TestRollouts.High > 20 {
		t.Errorf("%+v rollouts on a test set of 10", f.TestRollouts)
	}
	if f.Proposals != (forecast.Range{Low: 10, Expected: 10, High: 10}) {
		t.Errorf("proposals %+v, want 10", f.Proposals)
	}
}

// A longer prompt costs more: what the trial's texts add is in the tokens.
func TestGrowthCounts(t *testing.T) {
	t.Parallel()
	short := mustNew(t, plain().input())
	in := plain().input()
	for i := range in.Trial.Proposals {
		p := &in.Trial.Proposals[i]
		old := p.Parent.With(p.Texts).Hash()
		p.Texts["c"] += strings.Repeat(" more", 200)
		for k := range in.Trial.Rollouts {
			if r := &in.Trial.Rollouts[k]; r.Texts.Hash() == old {
				r.Texts = p.Parent.With(p.Texts)
			}
		}
	}
	long := mustNew(t, in)
	perRollout := func(f forecast.Forecast) float64 { return taskOf(t, f).Input.Expected / f.Rollouts.Expected }
	if perRollout(long) < perRollout(short)+50 {
		t.Errorf("%.0f input tokens a rollout with texts of a thousand characters more, %.0f without", perRollout(long), perRollout(short))
	}
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*scenario)
		stop   gepa.StopReason
		holds  func(forecast.Forecast) bool
	}{
		{"rollouts", func(s *scenario) { s.options.Budget = gepa.Budget{Rollouts: 200} }, gepa.StopRollouts, func(f forecast.Forecast) bool {
			return f.Rollouts.High <= 200 && f.Rollouts.Low >= 100 && f.Proposals.Expected >= 3
		}},
		{"time", func(s *scenario) { s.options.Budget = gepa.Budget{Time: 5 * time.Second} }, gepa.StopTime, func(f forecast.Forecast) bool {
			return f.SearchSeconds.High <= 5
		}},
		{"calls", func(s *scenario) { s.caps.Calls = 150 }, gepa.StopCost, func(f forecast.Forecast) bool {
			return taskOf(t, f).Calls.High <= 160 && taskOf(t, f).Calls.Low >= 60
		}},
		{"in flight", func(s *scenario) { s.options.InFlight, s.options.Staged.First = 4, 10 }, gepa.StopProposals, func(f forecast.Forecast) bool {
			return f.Proposals.High == 10
		}},
		{"children", func(s *scenario) { s.options.Children, s.options.Acceptance = 3, gepa.AcceptPaired }, gepa.StopProposals, func(f forecast.Forecast) bool {
			return f.Reflections.High > 10
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := plain()
			c.change(&s)
			f := mustNew(t, s.input())
			if f.Stops[0].Reason != c.stop || !c.holds(f) {
				t.Errorf("stops %+v, proposals %+v, rollouts %+v, reflections %+v, seconds %+v, roles %+v", f.Stops, f.Proposals, f.Rollouts, f.Reflections, f.SearchSeconds, f.Roles)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	price := &lm.Price{Input: 1_000_000, Output: 4_000_000}
	for _, c := range []struct {
		name   string
		change func(*scenario)
		want   string // "" for none
	}{
		{"nothing to say", func(s *scenario) { s.validation, s.test, s.options.Budget.Proposals = 100, 400, 10; s.noise = -1 }, ""},
		{"all solved", func(s *scenario) { s.solves = 1 }, "saturated"},
		{"most solved", func(s *scenario) { s.solves = 0.9 }, "saturated"},
		{"a larger minibatch", func(s *scenario) { s.solves = 0.75; s.options.Minibatch = 3 }, "minibatch"},
		{"a smaller minibatch", func(s *scenario) { s.solves = 0.1; s.options.Minibatch = 12; s.noise = -1 }, "minibatch_smaller"},
		{"nothing solved", func(s *scenario) { s.solves = 0 }, "floor"},
		{"partly solved", func(s *scenario) { s.solves, s.graded = 0, 0.5; s.validation, s.test = 100, 400 }, ""},
		{"few proposals", func(s *scenario) { s.options.Budget = gepa.Budget{Rollouts: 90} }, "few_proposals"},
		{"a larger budget", func(s *scenario) { s.options.Budget = gepa.Budget{Rollouts: 90} }, "budget"},
		{"noise", func(s *scenario) { s.noise = 0.5 }, "noise"},
		{"a small test set", func(s *scenario) { s.test = 10 }, "test_small"},
		{"silent", func(s *scenario) { s.silent = true }, "no_usage"},
		{"no reflection", func(s *scenario) { s.proposals = 0; s.models.Reflection.Price = price }, "no_reflection"},
		{"no budget", func(s *scenario) { s.options.Budget = gepa.Budget{TargetScore: 1} }, "unbounded"},
		{"little validation", func(s *scenario) { s.validation = 12 }, "validation_small"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := plain()
			c.change(&s)
			f := mustNew(t, s.input())
			var codes []string
			found := false
			for _, x := range f.Findings {
				codes = append(codes, x.Code)
				found = found || x.Code == c.want
				if x.Text == "" || x.Kind != forecast.Warning && x.Kind != forecast.Advice {
					t.Errorf("finding %+v", x)
				}
			}
			if found != (c.want != "") || c.want == "" && len(codes) > 0 {
				t.Errorf("found %v, want %q; seen %+v", codes, c.want, f.Seen)
			}
		})
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	price := &lm.Price{Input: 1_000_000, Output: 4_000_000}
	for _, c := range []struct {
		name   string
		change func(*scenario)
		want   string
	}{
		{"unknown", func(*scenario) {}, "unknown"},
		{"simulated", func(s *scenario) { s.models.Task.Simulated = true }, "$0 (simulated)"},
		{"known", func(s *scenario) { s.models.Task.Price = price }, " to $"},
	} {
		s := plain()
		c.change(&s)
		if got := taskOf(t, mustNew(t, s.input())).Cost; !strings.Contains(got, c.want) {
			t.Errorf("%s: cost %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNothingMeasured(t *testing.T) {
	t.Parallel()
	s := plain()
	s.trial, s.proposals = 0, 0
	if _, err := forecast.New(s.input()); !errors.Is(err, forecast.ErrNothing) {
		t.Errorf("error %v", err)
	}
	s = plain()
	s.options.Budget = gepa.Budget{Rollouts: 20}
	var small *gepa.BudgetError
	if _, err := forecast.New(s.input()); !errors.As(err, &small) {
		t.Errorf("error %v, want a budget too small", err)
	}
}

// Whatever the options, ranges are in order and budgets are kept.
func TestRangesProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := plain()
		s.solves = rapid.Float64Range(0, 1).Draw(t, "solves")
		s.graded = rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "graded")
		s.noise = rapid.SampledFrom([]float64{-1, 0, 0.3}).Draw(t, "noise")
		s.feedback, s.validation, s.test = rapid.IntRange(1, 40).Draw(t, "feedback"), rapid.IntRange(1, 20).Draw(t, "validation"), rapid.IntRange(0, 20).Draw(t, "test")
		s.trial, s.proposals, s.gains = rapid.IntRange(1, 20).Draw(t, "trial"), rapid.IntRange(0, 3).Draw(t, "proposals"), rapid.Bool().Draw(t, "gains")
		s.options = gepa.Options{
			Seed: rapid.Uint64().Draw(t, "seed"), Minibatch: rapid.IntRange(1, 8).Draw(t, "b"), InFlight: rapid.IntRange(1, 4).Draw(t, "k"),
			Children: rapid.IntRange(1, 2).Draw(t, "children"), Acceptance: rapid.SampledFrom([]gepa.Acceptance{gepa.AcceptStrict, gepa.AcceptEqual, gepa.AcceptPaired}).Draw(t, "gate"),
			Sampling: rapid.SampledFrom([]gepa.Sampling{gepa.SampleEpoch, gepa.SampleFailures}).Draw(t, "sampling"),
			Budget:   gepa.Budget{Proposals: rapid.IntRange(1, 8).Draw(t, "proposals bound")},
		}
		if rapid.Bool().Draw(t, "bounded") {
			s.options.Budget.Rollouts = rapid.IntRange(100, 200).Draw(t, "rollouts bound")
		}
		in := s.input()
		in.Draws = 12
		f, err := forecast.New(in)
		if err != nil {
			t.Fatal(err)
		}
		ranges := []forecast.Range{f.Proposals, f.Accepted, f.Rollouts, f.Reflections, f.TestRollouts, f.SearchSeconds, f.TestSeconds}
		for _, r := range f.Roles {
			ranges = append(ranges, r.Calls, r.Input, r.Output, r.Tokens, r.Nanos, r.Unpriced)
		}
		for _, r := range ranges {
			if !(0 <= r.Low && r.Low <= r.Expected && r.Expected <= r.High) || math.IsInf(r.High, 0) {
				t.Fatalf("range %+v of %+v", r, f)
			}
		}
		if limit := s.options.Budget.Rollouts; limit > 0 && f.Rollouts.High > float64(limit) || f.Proposals.High > float64(s.options.Budget.Proposals) ||
			f.TestRollouts.High > float64(2*s.test) || f.Rollouts.Low < float64(s.validation) || f.Accepted.High > f.Proposals.High {
			t.Fatalf("a budget is not kept: %+v", f)
		}
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	s := plain()
	s.models.Task.Price = &lm.Price{Input: 1_000_000, Output: 4_000_000}
	s.noise = 0.5
	in := s.input()
	in.Trial.Ended = "its cap is reached"
	f := mustNew(t, in)
	var out strings.Builder
	if err := f.Text(&out, report.TextOptions{Width: 90}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The seed ran on", "6 times more", "solves", "noise is about", "proposals  ", "rollouts, search", "rollouts, test set", "task, test set",
		"$0.0", "warning: the trial ended early (its cap is reached)", "It ends when the proposals are made",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &out)
		}
	}
	for line := range strings.Lines(out.String()) {
		if utf8.RuneCountInString(line) > 140 || strings.HasSuffix(line, " \n") {
			t.Errorf("line %q", line)
		}
	}
	data, err := f.Encode()
	if err != nil || !strings.Contains(string(data), `"format": 1`) {
		t.Errorf("JSON %s, %v", data, err)
	}
}
