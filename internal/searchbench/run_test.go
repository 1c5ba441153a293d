package searchbench

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

// A run in virtual time is the run that the engine makes of the same task.
func TestSimulationEqualsTheEngine(t *testing.T) {
	for _, s := range []Setting{Paper(), Fast(), Frugal()} {
		t.Run(s.Name, func(t *testing.T) {
			l := NewLandscape(Families()[0], 7)
			o := s.Options
			o.Seed = 7
			got, err := l.Simulate(o, 700, BarClock())
			if err != nil {
				t.Fatal(err)
			}
			o.Proposer, o.Budget, o.Concurrency = l.Proposer(), gepa.Budget{Rollouts: 700}, 5
			want, err := gepa.Optimize(t.Context(), l, l.Data(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got.Validation != want.Best.Mean || got.Proposals != len(want.History) || got.Final != l.True(want.Best.Texts) {
				t.Errorf("simulated: validation %.4f, true %.4f, %d proposals; the engine: %.4f, %.4f, %d",
					got.Validation, got.Final, got.Proposals, want.Best.Mean, l.True(want.Best.Texts), len(want.History))
			}
		})
	}
}

// How fast things are changes when results come, never what they are.
func TestClockDoesNotChangeTheResult(t *testing.T) {
	l := NewLandscape(Families()[2], 4)
	o := Fast().Options
	var outcomes []Outcome
	for _, c := range []Clock{BarClock(), {Slots: 1, Task: time.Second, Reflection: time.Millisecond}, {Slots: 1000, Task: time.Millisecond, Reflection: time.Minute, Sigma: 2}} {
		out, err := l.Simulate(o, 1000, c)
		if err != nil {
			t.Fatal(err)
		}
		if out.InUse <= 0 || out.InUse > 1+1e-9 {
			t.Errorf("%.3f of the slot time is in use", out.InUse)
		}
		if out.Rollouts > 1000 {
			t.Errorf("%d rollouts exceed the budget", out.Rollouts)
		}
		// When a candidate became the best, counted in rollouts, is a matter of time.
		out.Wall, out.InUse = 0, 0
		for i := range out.Curve {
			out.Curve[i].Rollouts = 0
		}
		outcomes = append(outcomes, out)
	}
	for _, out := range outcomes[1:] {
		if diff := cmp.Diff(outcomes[0], out); diff != "" {
			t.Errorf("another clock gives another run:\n%s", diff)
		}
	}
}

func TestOneSlotIsAlwaysInUseByFastReflections(t *testing.T) {
	l := NewLandscape(Families()[0], 1)
	out, err := l.Simulate(Paper().Options, 400, Clock{Slots: 1, Task: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if out.InUse < 0.9999 {
		t.Errorf("one slot is in use %.4f of the time, with nothing else to wait for", out.InUse)
	}
	if want := time.Duration(out.Rollouts) * time.Second; out.Wall != want {
		t.Errorf("the wall-clock is %v, want %v: a second a rollout", out.Wall, want)
	}
}

func TestOutcomeAt(t *testing.T) {
	o := Outcome{Seed: 0.3, Curve: []Point{{100, 0.3}, {250, 0.5}, {900, 0.4}}}
	for rollouts, want := range map[int]float64{0: 0.3, 100: 0.3, 249: 0.3, 250: 0.5, 899: 0.5, 900: 0.4, 5000: 0.4} {
		if got := o.At(rollouts); got != want {
			t.Errorf("after %d rollouts: %v, want %v", rollouts, got, want)
		}
	}
}

func TestImpossibleRunsAreRefused(t *testing.T) {
	l := NewLandscape(Families()[0], 1)
	if _, err := l.Simulate(gepa.Options{}, 50, BarClock()); err == nil {
		t.Error("a budget below one validation is taken")
	}
	b := &Bench{Seeds: 1, Clock: BarClock()}
	if _, err := b.Compare(Families()[:1], Paper(), Fast(), 50); err == nil {
		t.Error("a comparison that cannot be made is taken")
	}
}

// What staged validation spares is counted from what it ran.
func TestSparedRolloutsAreCounted(t *testing.T) {
	l := NewLandscape(Families()[0], 2)
	full, err := l.Simulate(Paper().Options, 1500, BarClock())
	if err != nil {
		t.Fatal(err)
	}
	if full.Partial != 0 || full.Saved != 0 || full.Missed != 0 {
		t.Errorf("full validation spares something: %+v", full)
	}
	staged, err := l.Simulate(Frugal().Options, 1500, BarClock())
	if err != nil {
		t.Fatal(err)
	}
	most := staged.Partial * (validationSize - 10)
	if staged.Partial == 0 || staged.Saved == 0 || staged.Saved > most || staged.Missed > staged.Partial {
		t.Errorf("%d candidates given up spare %d rollouts (at most %d), %d of them wrongly", staged.Partial, staged.Saved, most, staged.Missed)
	}
}
