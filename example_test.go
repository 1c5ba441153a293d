package gepa_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/propose"
)

type Question struct {
	Question string   `json:"question"`
	Context  []string `json:"context"`
}

type Draft struct {
	Candidate string `json:"candidate" desc:"short answer span"`
}

type Proposed struct {
	Question
	Draft
}

type Answer struct {
	Answer string `json:"answer"`
}

// A program of one's own: two predictors, and ordinary Go code between them.
func Example() {
	draft := program.ChainOfThoughtOf[Question, Draft]("Propose a short answer to the question.")
	check := program.PredictOf[Proposed, Answer]("Verify the candidate. Output only the answer.")
	qa := program.Of(func(ctx context.Context, q Question) (Answer, error) {
		d, err := draft.Call(ctx, q)
		if err != nil {
			return Answer{}, err
		}
		return check.Call(ctx, Proposed{q, d})
	}, program.Module("draft", draft), program.Module("check", check))

	train, err := dataset.ReadHotpotQA(bytes.NewReader(demodata.Train()), "train.jsonl")
	if err != nil {
		log.Fatal(err)
	}
	feedback, validation, err := dataset.Split(train[:80], 30, 1)
	if err != nil {
		log.Fatal(err)
	}
	model := sim.New(sim.Options{Seed: 1}) // or openai.New(openai.Config{Model: "openrouter/…"})
	proposer, err := propose.New(propose.Options{Model: model, Feedback: propose.FeedbackBoth})
	if err != nil {
		log.Fatal(err)
	}
	result, err := gepa.Optimize(context.Background(),
		program.NewSystem(qa, model, metric.HotpotQA(), program.SystemOptions{}),
		gepa.Data{Feedback: feedback, Validation: validation},
		gepa.Options{Seed: 1, Minibatch: 7, Proposer: proposer, Budget: gepa.Budget{Proposals: 10}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("better than the seed:", result.Best.Mean > result.Pool[0].Mean)
	fmt.Println("stopped:", result.Stop.Detail)
	// qa.State(result.Best.Texts).Save("qa.json") writes a program that DSPy loads.

	// Output:
	// better than the seed: true
	// stopped: all 10 proposals are made
}
