package expression_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/metric/expression"
)

func input() metric.Input {
	return metric.Input{
		Example: gepa.Example{ID: "e1", Inputs: gepa.NewFields("question", "Who?"), Labels: gepa.NewFields("answer", []string{"Mila Vant", "Vant"}, "hint", "Look twice.")},
		Output:  gepa.NewFields("answer", "Mila", "confidence", 0.5),
		Trace:   []gepa.Step{{Component: "reason", Outputs: gepa.NewFields("rationale", "Because of Mila Vant.")}, {Component: "verify", Problem: "no field"}},
		Usage:   gepa.Usage{Calls: 3, OutputTokens: 120, Cost: gepa.Cost{Nanos: 2_000_000}},
		Elapsed: 2 * time.Second, Repeat: 1,
	}
}

func TestMeasure(t *testing.T) {
	for source, want := range map[string]metric.Result{
		`exact(output.answer, labels.answer)`:               {Score: 0, Feedback: gepa.Feedback{Text: "The score is 0."}},
		`output.answer in labels.answer`:                    {Score: 0, Feedback: gepa.Feedback{Text: "The score is 0."}},
		`any(trace, #.problem != "")`:                       {Score: 1, Feedback: gepa.Feedback{Text: "The score is 1."}},
		`usage.dollars * 100 + seconds + attempt + len(id)`: {Score: 5.2, Feedback: gepa.Feedback{Text: "The score is 5.2."}},
		`let s = f1(output.answer, labels.answer);
		 {score: s, feedback: s < 1 ? "Give the full name. " + labels.hint : "Right."}`: {
			Score: 2.0 / 3, Feedback: gepa.Feedback{Text: "Give the full name. Look twice."},
		},
		`{score: output.confidence, objectives: {tokens: usage.output_tokens, right: output.answer == "Mila"}, by_component: {reason: trace[0].outputs.rationale}}`: {
			Score: 0.5, Objectives: map[string]float64{"tokens": 120, "right": 1}, Feedback: gepa.Feedback{ByComponent: map[string]string{"reason": "Because of Mila Vant."}},
		},
		`len(normalize("The  Big, dog!")) == 7 and normalize(output.missing) == "" and inputs.question == "Who?"`: {Score: 1, Feedback: gepa.Feedback{Text: "The score is 1."}},
	} {
		m, err := expression.New(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := m.Measure(t.Context(), input())
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
		if diff := cmp.Diff(want, got, near); diff != "" {
			t.Errorf("%s (-want +got)\n%s", source, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		source  string
		compile bool
		column  int
		want    string
	}{
		{"answer == 1", true, 1, "there is no variable answer; there are inputs, labels, output"},
		{"score(", true, 6, "unexpected token EOF"},
		{"", true, 0, "is empty"},
		{"output.confidence > output.answer", false, 19, "invalid operation"},
		{"output.answer", false, 0, `gives "Mila" as the score, want a number`},
		{"output.missing", false, 0, "gives null as the score"},
		{"{feedback: \"x\"}", false, 0, "without a score"},
		{"{score: 1, words: 2}", false, 0, `a field "words": the fields are score, feedback`},
		{"{score: 1, objectives: 2}", false, 0, "gives 2 as objectives"},
		{"{score: 1, objectives: {x: \"y\"}}", false, 0, `gives "y" as the objective "x"`},
		{"{score: 1, by_component: []}", false, 0, "gives [] as by_component"},
		{"1 / 0", false, 0, "as the score"},
		{"exact(1)", false, 1, "exact wants an output and a gold answer, got 1 values"},
		{"normalize()", false, 1, "normalize wants one text"},
		{`count(1..2000, any(1..2000, # < 0))`, false, 21, "memory budget"},
	} {
		m, err := expression.New(tt.source)
		if (err != nil) != tt.compile {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		if err == nil {
			_, err = m.Measure(t.Context(), input())
			if !gepa.IsFatal(err) || !strings.Contains(err.Error(), `example "e1"`) {
				t.Errorf("%s: error %v", tt.source, err)
			}
		}
		e, ok := errors.AsType[*expression.Error](err)
		if !ok || tt.column != 0 && e.Column != tt.column || !strings.Contains(e.Error(), tt.want) {
			t.Errorf("%s: error %+v, want %q in column %d", tt.source, err, tt.want, tt.column)
		}
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m, err := expression.New(`count(1..5000, # > 0)`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Measure(ctx, input()); !errors.Is(err, context.Canceled) || gepa.IsFatal(err) {
		t.Errorf("error %v", err)
	}
}

func FuzzMetric(f *testing.F) {
	for _, s := range []string{
		`exact(output.answer, labels.answer)`, `{score: 1, feedback: labels.hint}`, `trace[0].outputs?.x ?? 0`, `f1(trace, usage)`, `output | keys() | len()`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		m, err := expression.New(source)
		if err != nil {
			return
		}
		r, err := m.Measure(t.Context(), input())
		if err == nil && (math.IsNaN(r.Score) || math.IsInf(r.Score, 0)) {
			t.Errorf("%q scores %v", source, r.Score)
		}
	})
}
