package report

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

// run returns n examples of which the first so many score 1, the others 0.
func run(n, right int) []ScoredExample {
	var out []ScoredExample
	for i := range n {
		score := 0.0
		if i < right {
			score = 1
		}
		out = append(out, ScoredExample{fmt.Sprintf("ex-%02d", i), fmt.Sprint("hash", i), gepa.Rollout{Score: score}})
	}
	return out
}

func TestCheckStatus(t *testing.T) {
	t.Parallel()
	usage := gepa.Usage{Calls: 60, Cost: gepa.Cost{Nanos: 60e6}} // 0.001 $ an example
	times := []time.Duration{time.Second, 2 * time.Second}
	for _, c := range []struct {
		name        string
		before, now int
		allowed     Allowed
		want        CheckStatus
		says        string
	}{
		{"the same", 40, 40, Allowed{Margin: 0.1}, CheckPassed, "of every example is the baseline's"},
		{"better", 20, 40, Allowed{Margin: 0.05}, CheckPassed, "better than the baseline's"},
		{"worse", 40, 20, Allowed{Margin: 0.05}, CheckRegression, "Regression"},
		{"worse within the margin", 40, 33, Allowed{Margin: 0.3}, CheckPassed, "at most 30.0 points worse"},
		{"a little worse", 40, 38, Allowed{Margin: 0.05}, CheckUndecided, "80 % power only from"},
		{"the same, no margin", 40, 40, Allowed{}, CheckPassed, "n 60"},
		{"cheap and fast", 40, 40, Allowed{Margin: 0.1, CostNanos: 1e6, Latency: 2 * time.Second}, CheckPassed, ""},
		{"dear", 40, 40, Allowed{Margin: 0.1, CostNanos: 999_999}, CheckLimit, ""},
		{"slow", 40, 40, Allowed{Margin: 0.1, Latency: 1999 * time.Millisecond}, CheckLimit, ""},
		{"as dear as before", 40, 40, Allowed{CostIncrease: new(0.0)}, CheckPassed, ""},
		{"a quarter dearer", 40, 40, Allowed{CostIncrease: new(0.24)}, CheckLimit, ""},
		{"a quarter dearer, and that is let pass", 40, 40, Allowed{CostIncrease: new(0.25)}, CheckPassed, ""},
		{"half as slow again", 40, 40, Allowed{LatencyIncrease: new(0.49)}, CheckLimit, ""},
		{"half as slow again, and that is let pass", 40, 40, Allowed{LatencyIncrease: new(0.5)}, CheckPassed, ""},
		{"worse and slow", 40, 20, Allowed{Latency: time.Second}, CheckRegression, ""},
	} {
		b := NewBaseline(Measured{Name: "old", Model: "m"}, Rollouts{
			Examples: run(60, c.before), Times: slices.Repeat([]time.Duration{time.Second}, 60),
			Usage: gepa.Usage{Calls: 60, Cost: gepa.Cost{Nanos: baselineNanos(c.allowed)}},
		})
		got, err := NewCheck(b, Measured{Name: "new", Model: "m"}, "data", Rollouts{Examples: run(60, c.now), Made: 60, Times: times, Usage: usage}, c.allowed)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != c.want || !strings.Contains(got.Conclusion, c.says) {
			t.Errorf("%s: %s: %s, want %s and %q", c.name, got.Status, got.Conclusion, c.want, c.says)
		}
		var out bytes.Buffer
		if err := got.JUnit(&out); err != nil {
			t.Fatal(err)
		}
		var suite junitSuite
		if err := xml.Unmarshal(out.Bytes(), &suite); err != nil {
			t.Fatal(err)
		}
		failed := c.want == CheckRegression || c.want == CheckLimit
		if (suite.Failures > 0) != failed || (suite.Skipped > 0) != (c.want == CheckUndecided) || suite.Tests != len(suite.Cases) {
			t.Errorf("%s: JUnit has %d failures and %d skipped\n%s", c.name, suite.Failures, suite.Skipped, out.String())
		}
	}
}

// baselineNanos is what a baseline cost: as much as now, and less where the limit
// is on more than no increase.
func baselineNanos(a Allowed) int64 {
	if a.CostIncrease != nil && *a.CostIncrease > 0 {
		return 48e6
	}
	return 60e6
}

// What a baseline does not know it does not hold.
func TestBaselineHoldsCostAndLatency(t *testing.T) {
	t.Parallel()
	times := []time.Duration{time.Second, 3 * time.Second}
	priced := gepa.Usage{Calls: 4, Cost: gepa.Cost{Nanos: 2e6}}
	for name, c := range map[string]struct {
		system        Measured
		times         []time.Duration
		usage         gepa.Usage
		cost, latency bool
	}{
		"all":                {Measured{}, times, priced, true, true},
		"no calls":           {Measured{}, times, gepa.Usage{}, false, true},
		"one from the cache": {Measured{}, times[:1], gepa.Usage{Calls: 2, Cached: 2, Cost: priced.Cost}, false, false},
		"no price":           {Measured{}, times, gepa.Usage{Calls: 4, Cost: gepa.Cost{Unknown: 4}}, false, true},
		"simulated":          {Measured{Simulated: true}, times, priced, false, false},
	} {
		b := NewBaseline(c.system, Rollouts{Examples: run(2, 1), Times: c.times, Usage: c.usage})
		if (b.Cost != nil) != c.cost || (b.Latency != nil) != c.latency {
			t.Errorf("%s: cost %v, latency %v", name, b.Cost, b.Latency)
		}
		if c.cost && (b.Cost.Nanos != 1e6 || b.Latency.MeanMS != 2000) {
			t.Errorf("%s: cost %v, latency %v", name, b.Cost, b.Latency)
		}
	}
}

func TestCheckGolden(t *testing.T) {
	t.Parallel()
	now := run(30, 12)
	now[0].Score = 0
	b := NewBaseline(Measured{Name: "old.json", Model: "openai/small"}, Rollouts{
		Examples: run(30, 24), Times: slices.Repeat([]time.Duration{time.Second}, 30), Usage: gepa.Usage{Calls: 30, Cost: gepa.Cost{Nanos: 30e6}},
	})
	c, err := NewCheck(b, Measured{Name: "new.json", Model: "sim", Simulated: true}, "dev|1.jsonl", Rollouts{
		Examples: now, Made: 30, Times: []time.Duration{1500 * time.Millisecond}, Usage: gepa.Usage{Calls: 30},
	}, Allowed{Margin: 0.05, CostNanos: 1e6, Latency: time.Second, CostIncrease: new(0.1), LatencyIncrease: new(0.2)})
	if err != nil {
		t.Fatal(err)
	}
	var text, markdown, junit bytes.Buffer
	for _, err := range []error{c.Text(&text, TextOptions{}), c.Markdown(&markdown), c.JUnit(&junit)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, got := range map[string]string{"check.txt": text.String(), "check.md": markdown.String(), "check.xml": junit.String()} {
		path := filepath.Join("testdata", name)
		if flag.Lookup("update").Value.String() == "true" { // of the external tests
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestBaselineComesBack(t *testing.T) {
	t.Parallel()
	b := NewBaseline(Measured{Name: "x", Candidate: -1, Texts: gepa.Candidate{"a": "b <c>"}}, Rollouts{Examples: run(3, 1)})
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseBaseline(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, again); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"{": "no baseline", "{}": "no baseline", `{"gepa_baseline": 99}`: "update gepa", `{"gepa_baseline": 1}`: "holds no examples",
	} {
		if _, err := ParseBaseline([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseBaseline(f *testing.F) {
	f.Add([]byte(`{"gepa_baseline":1,"examples":[{"id":"a","score":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBaseline(data)
		if err != nil {
			return
		}
		if _, err := b.Encode(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	examples := run(10, 7)
	examples[9].Problem = "the reply\nhas no field answer"
	examples[8].Output = gepa.NewFields("reasoning", "r", "answer", "wrong")
	examples[8].Feedback.Text = "the gold answer is right"
	e, err := Evaluate(Measured{Name: "p.json", Candidate: -1, Model: "m"}, "d.jsonl", Rollouts{
		Examples: examples, Made: 4, Times: []time.Duration{3, 1, 2, 4}, Usage: gepa.Usage{Calls: 4, Cost: gepa.Cost{Nanos: 1e7}}, Sealed: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if e.Measures[0].Mean != 0.7 || e.Measures[0].Method != "Wilson score interval" || e.Journaled != 6 {
		t.Errorf("%+v", e)
	}
	if e.Examples[0].ID != "ex-07" || e.Examples[9].Score != 1 {
		t.Errorf("not the worst first: %+v", e.Examples)
	}
	var out bytes.Buffer
	if err := e.Text(&out, TextOptions{Width: 70}, 3); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"score  70.0 %  39.7 % to 89.2 %  10", "failed: the reply has no field answer", `"wrong"; the gold answer is right`,
		"… and 7 more", "6 rollouts taken from the run; 4 rollouts made now: 4 calls, $0.0100.", "This read the sealed test set.",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if l := latency([]time.Duration{3 * time.Millisecond, 1 * time.Millisecond, 5 * time.Millisecond}); l.MeanMS != 3 || l.P95MS != 5 {
		t.Errorf("%+v", l)
	}
	if empty := meanOf("x", nil); empty.N != 0 || empty.Mean != 0 {
		t.Errorf("%+v", empty)
	}
}
