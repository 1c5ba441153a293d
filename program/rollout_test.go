package program_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/rollout/rollouttest"
)

// A program keeps the promises of every system.
func TestSystemConforms(t *testing.T) {
	model := lm.Func(func(ctx context.Context, req lm.Request) (lm.Reply, error) {
		asked := req.Messages[len(req.Messages)-1].Content
		text := "[[ ## answer ## ]]\nfine\n\n[[ ## completed ## ]]"
		switch {
		case strings.Contains(asked, "mumble"):
			text = "I would rather not say."
		case strings.Contains(asked, "down"):
			return lm.Reply{}, errors.New("the model is down")
		case strings.Contains(asked, "slow"):
			<-ctx.Done()
			return lm.Reply{}, context.Cause(ctx)
		}
		return lm.Reply{Text: text, Usage: gepa.Usage{Calls: 1}}, nil
	})
	p := program.Single(program.NewPredict(program.MustSignature("question -> answer", "Answer.")))
	one := metric.Func(func(_ context.Context, in metric.Input) (metric.Result, error) {
		return metric.Result{Score: metric.F1(in.Output.Text("answer"), "fine"), Feedback: gepa.Feedback{Text: "fine"}}, nil
	})
	ask := func(q string) gepa.Example { return gepa.Example{ID: q, Inputs: gepa.NewFields("question", q)} }
	rollouttest.Exercise(t, rollouttest.Subject{
		System:   program.NewSystem(p, model, one, program.SystemOptions{}),
		Examples: []gepa.Example{ask("one"), ask("two")},
		Failing:  new(ask("mumble")), Broken: new(ask("down")), Slow: new(ask("slow")),
	})
}
