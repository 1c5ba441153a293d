package stats_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/stats"
)

// ones returns 0s and 1s that belong together: both right, only the base, only
// the other, neither.
func ones(p stats.Pairs) (base, other []float64) {
	for _, c := range []struct {
		n    int
		b, o float64
	}{{p.Both, 1, 1}, {p.BaseOnly, 1, 0}, {p.OtherOnly, 0, 1}, {p.Neither, 0, 0}} {
		for range c.n {
			base, other = append(base, c.b), append(other, c.o)
		}
	}
	return base, other
}

// The claim of the article that this project started from: 11 of 20 right
// before and 14 of 20 after. It does not say which, but no pairing that fits
// shows a difference.
func TestElevenOfTwentyIsNotShown(t *testing.T) {
	lowest := 1.0
	for both := 5; both <= 11; both++ {
		p := stats.Pairs{Both: both, BaseOnly: 11 - both, OtherOnly: 14 - both, Neither: both - 5}
		base, other := ones(p)
		c, err := stats.Compare(base, other, 1)
		if err != nil {
			t.Fatal(err)
		}
		if c.N != 20 || c.Base != 0.55 || c.Other != 0.7 || c.Method != stats.MethodBinary {
			t.Fatalf("%+v gives %+v", p, c)
		}
		if c.Verdict() != stats.NotShown || stats.Judge(c.Interval) != stats.NotShown {
			t.Errorf("%+v: %v with interval %v and p = %v", p, c.Verdict(), c.Interval, c.P)
		}
		lowest = min(lowest, c.P)
	}
	near(t, "the lowest p-value", lowest, 0.25, 1e-12)
}

func TestCompareEdges(t *testing.T) {
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		base, other []float64
		want        stats.Comparison
		verdict     stats.Verdict
	}{
		"nothing": {nil, nil, stats.Comparison{P: 1, Interval: stats.Interval{Low: -inf, High: inf}, Method: stats.MethodScores}, stats.NotShown},
		"one score": {[]float64{0.2}, []float64{0.7}, stats.Comparison{
			N: 1, Base: 0.2, Other: 0.7, Difference: 0.5, P: 1, Wins: 1,
			Interval: stats.Interval{Low: -inf, High: inf}, Method: stats.MethodScores,
		}, stats.NotShown},
		"no difference": {[]float64{0.5, 0.2, 0.1}, []float64{0.5, 0.2, 0.1}, stats.Comparison{
			N: 3, Base: 0.8 / 3, Other: 0.8 / 3, P: 1, Ties: 3, Method: stats.MethodScores,
		}, stats.NotShown},
		"few and all alike": { // an interval of one point must not decide alone
			[]float64{0, 0, 0}, []float64{0.5, 0.5, 0.5},
			stats.Comparison{N: 3, Other: 0.5, Difference: 0.5, P: 0.25, Wins: 3, Interval: stats.Interval{Low: 0.5, High: 0.5}, Method: stats.MethodScores},
			stats.NotShown,
		},
		"many and all alike": {
			make([]float64, 8), []float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5},
			stats.Comparison{N: 8, Other: 0.5, Difference: 0.5, P: 2.0 / 256, Wins: 8, Interval: stats.Interval{Low: 0.5, High: 0.5}, Method: stats.MethodScores},
			stats.Better,
		},
		"many and all worse": {
			[]float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, make([]float64, 8),
			stats.Comparison{N: 8, Base: 0.5, Difference: -0.5, P: 2.0 / 256, Losses: 8, Interval: stats.Interval{Low: -0.5, High: -0.5}, Method: stats.MethodScores},
			stats.Worse,
		},
	} {
		got, err := stats.Compare(c.base, c.other, 1)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got, cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-12 })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if v := got.Verdict(); v != c.verdict {
			t.Errorf("%s: verdict %v, want %v", name, v, c.verdict)
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	if _, err := stats.Compare([]float64{1}, []float64{1, 2}, 1); !errors.Is(err, stats.ErrUnpaired) {
		t.Errorf("lists of different lengths: %v", err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, lists := range [][2][]float64{{{0, bad}, {0, 1}}, {{0, 1}, {0, bad}}, {{0, bad}, {0, bad}}} {
			if _, err := stats.Compare(lists[0], lists[1], 1); err == nil {
				t.Errorf("%v was accepted", lists)
			}
		}
	}
}

func TestEmptyProportions(t *testing.T) {
	if iv := stats.Wilson(0, 0, 0.95); iv != (stats.Interval{Low: 0, High: 1}) {
		t.Errorf("proportion of nothing: %v", iv)
	}
	if iv := stats.Tango(stats.Pairs{}, 0.95); iv != (stats.Interval{Low: -1, High: 1}) {
		t.Errorf("difference of nothing: %v", iv)
	}
	for _, p := range []stats.Pairs{{Both: 20}, {Neither: 20}, {Both: 4, Neither: 16}} {
		iv := stats.Tango(p, 0.95)
		// z²/(n+z²), by the score test with no disagreement
		near(t, "upper end", iv.High, 3.841459/23.841459, 1e-6)
		near(t, "lower end", iv.Low, -iv.High, 1e-9)
		if stats.McNemar(p) != 1 {
			t.Errorf("%+v: p-value %v, want 1", p, stats.McNemar(p))
		}
	}
	for _, p := range []stats.Pairs{{OtherOnly: 20}, {BaseOnly: 1}} {
		if iv := stats.Tango(p, 0.95); !iv.Contains(p.Difference()) || iv.Low < -1 || iv.High > 1 {
			t.Errorf("%+v: interval %v", p, iv)
		}
	}
}

func TestPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"more successes than trials": func() { stats.Wilson(3, 2, 0.95) },
		"negative successes":         func() { stats.Wilson(-1, 2, 0.95) },
		"level 1":                    func() { stats.Tango(stats.Pairs{Both: 1}, 1) },
		"level NaN":                  func() { stats.BCa(nil, math.NaN(), 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// Nothing to estimate from gives 0, and a difference that disagreement cannot
// reach is still named.
func TestDetectableEdges(t *testing.T) {
	for _, got := range []float64{
		stats.Detectable(1, 0), stats.Detectable(1, 1), stats.Detectable(0, 10),
		stats.DetectableProportion(0.3, 1), stats.DetectableProportion(0, 10),
	} {
		if got != 0 {
			t.Errorf("got %v, want 0", got)
		}
	}
	if d := stats.DetectableProportion(0.05, 10); d <= 0.05 || d > 1 {
		t.Errorf("10 examples, 5%% disagreement: %v, want more than 0.05", d)
	}
}

func TestIntervalJSON(t *testing.T) {
	for _, iv := range []stats.Interval{{Low: -0.5, High: 0.25}, {Low: math.Inf(-1), High: math.Inf(1)}, {}, {Low: 1, High: math.Inf(1)}} {
		b, err := json.Marshal(iv)
		if err != nil {
			t.Fatal(err)
		}
		var back stats.Interval
		if err := json.Unmarshal(b, &back); err != nil || back != iv {
			t.Errorf("%v became %s became %v (%v)", iv, b, back, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"low":"x"}`), new(stats.Interval)); err == nil {
		t.Error("a text was accepted for an end")
	}
	b, err := json.Marshal([]stats.Verdict{stats.NotShown, stats.Better, stats.Worse})
	if want := `["not shown to be better","better","worse"]`; err != nil || string(b) != want {
		t.Errorf("verdicts are %s (%v), want %s", b, err, want)
	}
}

// What must hold for all data: order within pairs and the order of pairs do
// not matter beyond what the draws see, scale and shift carry over, exchanging
// the two systems mirrors everything, and the same seed gives the same result.
func TestCompareProperties(t *testing.T) {
	score := rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 0.5, 1}))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 20).Draw(t, "n")
		list := rapid.SliceOfN(score, n, n)
		base, other := list.Draw(t, "base"), list.Draw(t, "other")
		seed := rapid.Uint64().Draw(t, "seed")
		c, err := stats.Compare(base, other, seed)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := stats.Compare(base, other, seed)
		if c != again {
			t.Fatalf("two results from the same arguments:\n%+v\n%+v", c, again)
		}
		if c.Interval.Low > c.Interval.High || c.P <= 0 || c.P > 1 || c.Wins+c.Losses+c.Ties != n || c.Detectable < 0 {
			t.Fatalf("nonsense: %+v", c)
		}
		swapped, _ := stats.Compare(other, base, seed)
		width := c.Interval.High - c.Interval.Low
		if math.Abs(swapped.Difference+c.Difference) > 1e-12 || swapped.Wins != c.Losses ||
			math.Abs(swapped.P-c.P) > 0.01 || math.Abs(swapped.Interval.Low+c.Interval.High) > 0.1*width+1e-9 {
			t.Fatalf("not mirrored:\n%+v\n%+v", c, swapped)
		}
		doubled := make([]float64, n)
		for i := range doubled {
			doubled[i] = 4 * (other[i] - base[i])
		}
		scaled := stats.BCa(doubled, stats.Level, seed)
		if c.Method == stats.MethodScores &&
			(math.Abs(scaled.Low-4*c.Interval.Low) > 1e-9 || math.Abs(scaled.High-4*c.Interval.High) > 1e-9) {
			t.Fatalf("four times the differences: %v, not four times %v", scaled, c.Interval)
		}
	})
}

func TestSeedsDifferALittle(t *testing.T) {
	a, b := stats.BCa(darwin, 0.95, 1), stats.BCa(darwin, 0.95, 2)
	if a == b {
		t.Error("two seeds gave the same interval: is the seed used?")
	}
	near(t, "lower end", a.Low, b.Low, 1.5)
	near(t, "upper end", a.High, b.High, 1.5)
}

func BenchmarkCompare(b *testing.B) {
	const n = 200
	base, other := make([]float64, n), make([]float64, n)
	for i := range base {
		base[i], other[i] = float64(i*7919%101)/101, float64(i*104729%103)/103
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := stats.Compare(base, other, 1); err != nil {
			b.Fatal(err)
		}
	}
	if per := b.Elapsed() / time.Duration(b.N); per > 50*time.Millisecond {
		b.Logf("%v for %d pairs; 50ms is the limit", per, n)
	}
}
