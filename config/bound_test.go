//go:build !race

// The race detector makes the simulated model behind the server ten times
// slower, and finds nothing here.

package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/lmtest"
)

// prices are of the models m and n, in a file.
func prices(t *testing.T, in, out int64) string {
	t.Helper()
	return write(t, "prices.json", fmt.Sprintf(`{"date": "2026-01-01", "models": {"openai/m": {"input": %d, "output": %d}}}`, in, out))
}

// Where prices and the longest replies are known, so is what a run can cost,
// and it does not cost more.
func TestBound(t *testing.T) {
	t.Parallel()
	s := lmtest.NewServer(t, answers())
	priced := func(text string) string { return write(t, "prices.json", text) }
	const in, out = 200_000, 800_000
	run, err := remote(t, s, func(o *config.Optimize) {
		o.Prices, o.NoCache, o.Cache = prices(t, in, out), true, ""
		o.Params.MaxTokens, o.ReflectionParams.MaxTokens, o.JudgeParams.MaxTokens = 300, 600, 300
	}).Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	tally := s.Tally()
	cost := lm.Price{Input: in, Output: out}.Cost(gepa.Usage{InputTokens: tally.InputTokens, OutputTokens: tally.OutputTokens})
	if b := run.Bound; b.Unknown != "" || b.Nanos < cost || b.Nanos > 30*cost || len(b.Loose) > 0 {
		t.Errorf("bound %+v, %s; the run cost %s", b, b, gepa.Cost{Nanos: cost})
	}
	for want, change := range map[string]func(*config.Optimize){
		"the price of openai/m is not known": func(*config.Optimize) {},
		"no bound is known: replies have no longest length; --max-tokens N --judge-max-tokens N would": func(o *config.Optimize) {
			o.Prices, o.ReflectionParams.MaxTokens = prices(t, in, out), 5
		},
		"as often as it likes; --iterations N": func(o *config.Optimize) {
			o.Prices, o.Iterations, o.Rollouts = priced(`{"date": "2026-01-01", "models": {"openai/m": {"input": 1, "output": 2, "max_output": 100}}}`), 0, 50
		},
		"with replies as long as the models can write; --max-tokens --reflection-max-tokens lower that": func(o *config.Optimize) {
			o.Prices = priced(`{"date": "2026-01-01", "models": {"openai/m": {"input": 1, "output": 2, "max_output": 100}}}`)
			o.JudgeParams.MaxTokens = 7
		},
	} {
		run, err := remote(t, s, change).Build(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Bound.String(); !strings.Contains(got, want) {
			t.Errorf("%q, want %q in it", got, want)
		}
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	}
}
