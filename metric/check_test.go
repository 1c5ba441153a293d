package metric_test

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
)

func numbered(n int) []gepa.Example {
	out := make([]gepa.Example, n)
	for i := range out {
		out[i] = gepa.Example{ID: strconv.Itoa(i), Inputs: gepa.NewFields("i", i)}
	}
	return out
}

// scores is a trial whose scores are listed by example and repeat.
func scores(all [][]float64) metric.Trial {
	return func(_ context.Context, ex gepa.Example, repeat int) (gepa.Rollout, error) {
		i, err := strconv.Atoi(ex.ID)
		if err != nil {
			return gepa.Rollout{}, err
		}
		r := gepa.Rollout{Score: all[i][repeat], Usage: gepa.Usage{Calls: 1}}
		if r.Score != 0.5 {
			r.Feedback.Text = "words"
		}
		if i == 3 {
			r.Problem = "it failed"
		}
		return r, nil
	}
}

func TestCheck(t *testing.T) {
	all := [][]float64{{1, 1}, {0, 0}, {0.5, 1}, {0, 0}, {0.25, 0.5}}
	r, err := metric.Check(t.Context(), numbered(5), scores(all), metric.CheckOptions{Repeats: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	counts := []int{r.Ceiling.Count, r.Floor.Count, r.Changed.Count, r.WithoutFeedback.Count, r.Silent.Count, r.Silent.N, r.Failed.Count, int(r.Usage.Calls)}
	if diff := cmp.Diff([]int{1, 2, 2, 2, 2, 7, 2, 10}, counts); diff != "" {
		t.Error(diff)
	}
	// By hand: the means are 1, 0, 0.75, 0, 0.375; within, the squares sum to
	// 0.125 + 0.03125.
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	between := (0.575*0.575 + 2*0.425*0.425 + 0.325*0.325 + 0.05*0.05) / 4
	within := 0.15625 / 5
	near("mean", r.Mean, 0.425)
	near("between", r.Between, math.Sqrt(between))
	near("within", r.Within, math.Sqrt(within))
	near("repeatability", r.Repeatability, (2*between-within)/(2*between+within))
	near("noise", r.Noise, 1.959964*math.Sqrt(within/5))
	if !r.Interval.Contains(r.Mean) {
		t.Errorf("interval %+v", r.Interval)
	}
	text := r.String()
	for _, want := range []string{
		"5 examples, each measured 2 times\n", "always the best    20 %   [4, 62]  1 of 5 examples", "no feedback        29 %",
		"failed             20 %", "not repeatable     40 %", "Furthest apart:\n  2: 0.5 1\n  4: 0.25 0.5\n", "differ by less than 0.219 may be equal",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestCheckOnceAndExact(t *testing.T) {
	r, err := metric.Check(t.Context(), numbered(2), scores([][]float64{{1}, {0}}), metric.CheckOptions{Repeats: 1})
	if err != nil || r.Repeatability != 1 || r.Noise != 0 || !strings.Contains(r.String(), "not known: measure each example more than once") {
		t.Errorf("%v\n%s", err, r)
	}
	if r.Interval.Low < 0.05 || r.Interval.High > 0.95 {
		t.Errorf("the interval of 1 of 2 is %+v", r.Interval)
	}
}

func TestRecorded(t *testing.T) {
	examples := []gepa.Example{
		{ID: "a", Labels: gepa.NewFields("answer", "x")}, {ID: "b", Labels: gepa.NewFields("answer", "y")},
	}
	m := named(t, "exact")
	outputs := map[string]gepa.Fields{"a": gepa.NewFields("answer", "x"), "b": gepa.NewFields("answer", "z")}
	r, err := metric.Check(t.Context(), examples, metric.Recorded(m, outputs), metric.CheckOptions{})
	if err != nil || r.Mean != 0.5 || r.Repeats != 3 || r.Changed.Count != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	delete(outputs, "b")
	if _, err := metric.Check(t.Context(), examples, metric.Recorded(m, outputs), metric.CheckOptions{}); err == nil || !strings.Contains(err.Error(), `"b" has no recorded output`) {
		t.Errorf("error %v", err)
	}
}

type runner struct{}

func (runner) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	return gepa.Rollout{Score: float64(job.Repeat) / 2, Feedback: gepa.Feedback{Text: job.Candidate["a"]}}, nil
}

func TestRunsAndErrors(t *testing.T) {
	r, err := metric.Check(t.Context(), numbered(1), metric.Runs(runner{}, gepa.Candidate{"a": "text"}), metric.CheckOptions{})
	if err != nil || r.Mean != 0.5 || r.WithoutFeedback.Count != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	down := errors.New("no connection")
	fails := func(context.Context, gepa.Example, int) (gepa.Rollout, error) {
		return gepa.Rollout{}, gepa.WithUsage(down, gepa.Usage{Calls: 1})
	}
	if _, err := metric.Check(t.Context(), numbered(3), fails, metric.CheckOptions{Concurrency: 1}); !errors.Is(err, down) || gepa.UsageOf(err).Calls != 1 {
		t.Errorf("error %v", err)
	}
	if _, err := metric.Check(t.Context(), numbered(1), scores([][]float64{{math.NaN()}}), metric.CheckOptions{Repeats: 1}); err == nil {
		t.Error("NaN is accepted")
	}
	for _, opts := range []metric.CheckOptions{{Repeats: -1}, {Concurrency: -1}, {Worst: 2, Best: 1}} {
		if _, err := metric.Check(t.Context(), numbered(1), fails, opts); err == nil || errors.Is(err, down) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	if _, err := metric.Check(t.Context(), nil, fails, metric.CheckOptions{}); err == nil {
		t.Error("no example is accepted")
	}
}
