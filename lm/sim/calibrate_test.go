package sim_test

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/internal/shared"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
	"github.com/gepa-go/gepa/propose"
)

// runs is how many seeds a calibration runs; one is enough to see that the
// loop works, ten say how often it does.
func runs() uint64 {
	n, err := strconv.Atoi(os.Getenv("SIM_RUNS"))
	if err != nil {
		return 1
	}
	return uint64(n)
}

type outcome struct {
	f1, em, bestF1, bestEM float64
	accepted, proposals    int
}

// optimize runs the whole loop on one model.
func optimize(t *testing.T, seed uint64, train, test []gepa.Example, source propose.FeedbackSource) outcome {
	t.Helper()
	model := sim.New(sim.Options{Seed: seed})
	if sim.RaceEnabled {
		train, test = train[:40], test[:20]
	}
	proposer, err := propose.New(propose.Options{Model: model, Feedback: source})
	if err != nil {
		t.Fatal(err)
	}
	rest, val, err := dataset.Split(train, dataset.ValidationSize(len(train)), seed)
	if err != nil {
		t.Fatal(err)
	}
	system := program.NewSystem(hotpotqa.New(), model, metric.HotpotQA(), program.SystemOptions{})
	result, err := gepa.Optimize(context.Background(), system, gepa.Data{Feedback: rest, Validation: val, Test: test}, gepa.Options{
		Seed: seed, Minibatch: 7, Proposer: proposer, Budget: gepa.Budget{Proposals: 15},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := outcome{proposals: len(result.History)}
	for i := range result.Test.Seed {
		o.f1 += result.Test.Seed[i].Objectives[metric.ObjectiveF1]
		o.em += result.Test.Seed[i].Objectives[metric.ObjectiveEM]
		o.bestF1 += result.Test.Best[i].Objectives[metric.ObjectiveF1]
		o.bestEM += result.Test.Best[i].Objectives[metric.ObjectiveEM]
	}
	n := float64(len(test))
	o.f1, o.em, o.bestF1, o.bestEM = o.f1/n, o.em/n, o.bestF1/n, o.bestEM/n
	for _, p := range result.History {
		if p.Candidate >= 0 {
			o.accepted++
		}
	}
	if os.Getenv("SIM_SHOW") != "" {
		for _, p := range result.History {
			t.Logf("%+v gate %+v cand %d", p.Components, p.Gate, p.Candidate)
		}
		for name, text := range result.Best.Texts {
			t.Logf("%s:\n%s", name, text)
		}
	}
	return o
}

func report(t *testing.T, seed uint64, o outcome) {
	t.Logf("seed %d: F1 %.3f -> %.3f (%+.3f), EM %.3f -> %.3f (%+.3f), %d of %d accepted", seed,
		o.f1, o.bestF1, o.bestF1-o.f1, o.em, o.bestEM, o.bestEM-o.em, o.accepted, o.proposals)
}

func embedded(t *testing.T, name string) []gepa.Example {
	t.Helper()
	data := demodata.Train()
	if name == "dev" {
		data = demodata.Dev()
	}
	xs, err := dataset.ReadHotpotQA(bytes.NewReader(data), name)
	if err != nil {
		t.Fatal(err)
	}
	return xs
}

// TestTheLoopImprovesTheDemonstration runs the search on the embedded data.
func TestTheLoopImprovesTheDemonstration(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	train, dev := embedded(t, "train"), embedded(t, "dev")
	source := propose.FeedbackSource(os.Getenv("SIM_FEEDBACK"))
	if source == "" {
		source = propose.FeedbackJudge
	}
	for seed := range runs() {
		o := optimize(t, seed, train, dev, source)
		report(t, seed, o)
		if !sim.RaceEnabled && (o.bestF1 < o.f1+0.1 || o.bestEM < o.em+0.1) {
			t.Errorf("seed %d: less than ten points gained", seed)
		}
	}
}

// TestTheLoopImprovesHotpotQA runs the search on the real data, by hand.
func TestTheLoopImprovesHotpotQA(t *testing.T) {
	if os.Getenv("SIM_RUNS") == "" {
		t.Skip("set SIM_RUNS to the number of seeds to calibrate on HotpotQA")
	}
	train, err := dataset.HotpotQA(shared.File(t, "data/hotpotqa_train.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	dev, err := dataset.HotpotQA(shared.File(t, "data/hotpotqa_dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	source := propose.FeedbackSource(os.Getenv("SIM_FEEDBACK"))
	if source == "" {
		source = propose.FeedbackJudge
	}
	for seed := range runs() {
		report(t, seed, optimize(t, seed, train, dev, source))
	}
}
