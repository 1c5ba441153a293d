//go:build !race

// The race detector makes these runs ten times slower and finds in them nothing
// that it does not find in TestTrial.

package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/forecast"
)

// planned returns the forecast of a run.
func planned(t *testing.T, o config.Optimize) forecast.Forecast {
	t.Helper()
	f, _, err := config.Trial{
		Optimize: o, Examples: config.DefaultTrialExamples,
		Reflections: config.DefaultTrialReflections, Repeats: config.DefaultTrialRepeats,
	}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A planCase is a system that plans are compared with runs of.
type planCase struct {
	name     string
	optimize func(t *testing.T) config.Optimize
	rollouts int
}

func planCases(t *testing.T) []planCase {
	t.Helper()
	cases := []planCase{{"demo", func(*testing.T) config.Optimize {
		return config.Optimize{
			Program: "hotpotqa", Model: config.SimModel, Train: config.DemoTrain(), Dev: config.DemoDev(),
			Iterations: config.DefaultIterations, Search: config.Search{Minibatch: config.DefaultMinibatch},
		}
	}, 600}}
	names := []struct {
		name     string
		rollouts int
	}{{"classify", 300}, {"extract-json", 70}}
	for _, n := range names {
		cases = append(cases, planCase{n.name, func(t *testing.T) config.Optimize {
			t.Helper()
			dir := t.TempDir()
			if _, err := config.Init(n.name, dir); err != nil {
				t.Fatal(err)
			}
			l, err := config.Load(filepath.Join(dir, "gepa.yaml"), nil)
			if err != nil {
				t.Fatal(err)
			}
			o := l.Optimize()
			o.Out = ""
			return o
		}, n.rollouts})
	}
	return cases
}

// planSeeds returns the seeds that the bar is held for: all ten with GEPA_BARS
// set (make bars), one without. The forecast was made looking at seeds 0 to 9.
func planSeeds() []uint64 {
	all := []uint64{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}
	if os.Getenv("GEPA_BARS") == "" {
		return all[:1]
	}
	return all
}

// compared is a figure of a forecast beside what a run used.
type compared struct {
	name   string
	shown  forecast.Range
	actual float64
}

func compare(f forecast.Forecast, s *report.Summary) []compared {
	out := []compared{
		{"rollouts", f.Rollouts, float64(s.Rollouts)},
	}
	for _, r := range f.Roles {
		u := map[string]report.Usage{
			"task": s.Spend.Task, "judge": s.Spend.Judge, "reflection": s.Spend.Reflection, "test": s.Spend.Test, "total": s.Spend.Total,
		}[r.Role]
		out = append(out,
			compared{r.Role + " calls", r.Calls, float64(u.Calls)},
			compared{r.Role + " tokens", r.Tokens, float64(u.InputTokens + u.OutputTokens)})
	}
	return out
}

// held are the figures that the bar is about.
func held(name string) bool {
	return slices.Contains([]string{"rollouts", "total calls", "total tokens"}, name)
}

// With a budget of proposals a run's figures are inside the forecast's ranges
// for at least eight seeds of ten.
func TestBarPlanProposals(t *testing.T) {
	t.Parallel()
	for _, c := range planCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inside, all := map[string]int{}, planSeeds()
			wide := map[string]float64{}
			for _, seed := range all {
				o := c.optimize(t)
				o.Seed = seed
				f := planned(t, o)
				s, err := try(t, o)
				if err != nil {
					t.Fatal(err)
				}
				var line strings.Builder
				for _, x := range compare(f, s) {
					if x.shown.Contains(x.actual) {
						inside[x.name]++
					}
					wide[x.name] += x.shown.High / max(x.shown.Low, 1) / float64(len(all))
					if held(x.name) {
						fmt.Fprintf(&line, "; %s %.0f in %.0f [%.0f, %.0f]", x.name, x.actual, x.shown.Expected, x.shown.Low, x.shown.High)
					}
				}
				t.Logf("seed %d: accepted %d in %.0f [%.0f, %.0f]%s (%s)", seed, s.Proposals.Accepted, f.Accepted.Expected, f.Accepted.Low, f.Accepted.High, &line, s.Stop.Reason)
			}
			for _, name := range []string{"rollouts", "task calls", "task tokens", "judge calls", "judge tokens", "reflection calls", "reflection tokens", "test calls", "test tokens", "total calls", "total tokens"} {
				if wide[name] == 0 {
					continue
				}
				t.Logf("%s: %d of %d inside, high/low %.2f", name, inside[name], len(all), wide[name])
				if held(name) && 10*inside[name] < 8*len(all)-5 {
					t.Errorf("%s: inside the range for %d seeds of %d", name, inside[name], len(all))
				}
			}
		})
	}
}

// With a budget of rollouts a run's calls and tokens are within a quarter of
// what was forecast.
func TestBarPlanRollouts(t *testing.T) {
	t.Parallel()
	for _, c := range planCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, seed := range planSeeds() {
				o := c.optimize(t)
				o.Seed, o.Iterations, o.Rollouts, o.Target = seed, 0, c.rollouts, 0
				f := planned(t, o)
				s, err := try(t, o)
				if err != nil {
					t.Fatal(err)
				}
				var line strings.Builder
				for _, x := range compare(f, s) {
					off := x.shown.Expected/max(x.actual, 1) - 1
					if held(x.name) {
						fmt.Fprintf(&line, "; %s %.0f for %.0f (%+.0f %%)", x.name, x.shown.Expected, x.actual, 100*off)
						if x.name != "rollouts" && max(off, -off) > 0.25 { // rollouts are what was given
							t.Errorf("seed %d: %s: %.0f forecast and %.0f used", seed, x.name, x.shown.Expected, x.actual)
						}
					}
				}
				t.Logf("seed %d: proposals %d in %.0f [%.0f, %.0f]%s (%s)", seed, s.Proposals.Made, f.Proposals.Expected, f.Proposals.Low, f.Proposals.High, &line, s.Stop.Reason)
			}
		})
	}
}
