//go:build !race

// The race detector makes these runs ten times slower and finds in them nothing
// that it does not find in the scripts.

package main

import (
	"os"
	"testing"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/internal/shared"
	"github.com/gepa-go/gepa/report"
)

// seeds returns the seeds that the bars are held for: all ten with GEPA_BARS
// set (make bars), the first few without.
func seeds(few int) []uint64 {
	all := []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	if os.Getenv("GEPA_BARS") == "" {
		return all[:few]
	}
	return all
}

// measured returns a measure of a run's test by name.
func measured(t *testing.T, s *report.Summary, name string) report.Measure {
	t.Helper()
	for _, m := range s.Test.Measures {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("there is no measure %q", name)
	return report.Measure{}
}

func runSeed(t *testing.T, o config.Optimize) *report.Summary {
	t.Helper()
	run, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	}()
	s, err := run.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"em", "f1"} {
		m := measured(t, s, name)
		t.Logf("seed %d: %s %.1f → %.1f: %+.1f [%+.1f, %+.1f]", o.Seed, m.Label(),
			100*m.Base, 100*m.Other, 100*m.Difference, 100*m.Interval.Low, 100*m.Interval.High)
	}
	return s
}

// The demo improves EM and F1 by ten points, the interval above zero, for nine
// seeds of ten.
func TestBarDemoImproves(t *testing.T) {
	t.Parallel()
	good, all := 0, seeds(2)
	for _, seed := range all {
		s := runSeed(t, config.Optimize{
			Program: "hotpotqa", Model: config.SimModel, Seed: seed,
			Train:      config.Source{Path: "demo train", Data: demodata.Train()},
			Dev:        config.Source{Path: "demo dev", Data: demodata.Dev()},
			Iterations: config.DefaultIterations, Search: config.Search{Minibatch: config.DefaultMinibatch},
		})
		em, f1 := measured(t, s, "em"), measured(t, s, "f1")
		if min(em.Difference, f1.Difference) >= 0.10 && min(em.Interval.Low, f1.Interval.Low) > 0 {
			good++
		}
	}
	if 10*good < 9*len(all) {
		t.Errorf("the bar holds for %d of %d seeds", good, len(all))
	}
}

// On HotpotQA's own examples the simulated run is better than the base for
// seven seeds of ten.
func TestBarRealFilesImprove(t *testing.T) {
	t.Parallel()
	train, dev := shared.File(t, "data/hotpotqa_train.jsonl"), shared.File(t, "data/hotpotqa_dev.jsonl")
	good, all := 0, seeds(1)
	for _, seed := range all {
		s := runSeed(t, config.Optimize{
			Program: "hotpotqa", Model: config.SimModel, Seed: seed,
			Train: config.Source{Path: train}, Dev: config.Source{Path: dev},
			Iterations: 15, Search: config.Search{Minibatch: 7},
		})
		if measured(t, s, "em").Difference > 0 && measured(t, s, "f1").Difference > 0 {
			good++
		}
	}
	if 10*good < 7*len(all) {
		t.Errorf("the bar holds for %d of %d seeds", good, len(all))
	}
}
