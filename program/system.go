package program

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/metric"
)

// SystemOptions are the choices in [NewSystem]. The zero value is useful.
type SystemOptions struct {
	// Params are the generation parameters of the task model.
	Params lm.Params
	// Format is the wire format; nil means [ChatFormat].
	Format Format
	// FailureScore is the score of a rollout in which the program failed.
	FailureScore float64
	// FailureObjectives are the objectives of such a rollout. A run that
	// declares objectives needs a value for each of them here, usually the
	// worst.
	FailureObjectives map[string]float64
}

// NewSystem makes a system of a program, the model that runs it and the metric
// that measures it. The program sees an example's inputs, never its labels.
//
// A program that fails is a rollout with FailureScore, a Problem, and feedback
// for the component that failed: the problem, the reply (cut if long) and the
// structure that was expected. Errors of the model and the metric, and an
// ended context, are errors of Run.
func NewSystem(p *Program, model lm.Model, m metric.Metric, opts SystemOptions) gepa.System {
	return &system{p, model, m, opts}
}

type system struct {
	program *Program
	model   lm.Model
	metric  metric.Metric
	opts    SystemOptions
}

func (s *system) Components() []gepa.Component { return s.program.Components() }

func (s *system) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	rt := Runtime{Model: s.model, Params: s.opts.Params, Format: s.opts.Format, Repeat: job.Repeat}
	began := time.Now()
	out, err := s.program.Run(ctx, rt, job.Candidate, job.Example.Inputs)
	if err != nil {
		// The calls before the one that failed were paid for, too.
		spent := out.Usage.Add(gepa.UsageOf(err))
		return gepa.Rollout{}, gepa.WithUsage(fmt.Errorf("run the program: %w", err), spent)
	}
	elapsed := time.Since(began)
	rollout := gepa.Rollout{Output: out.Output, Trace: out.Trace, Usage: out.Usage}
	if out.Failure != nil {
		rollout.Score = s.opts.FailureScore
		rollout.Objectives = maps.Clone(s.opts.FailureObjectives)
		rollout.Problem = out.Failure.Error()
		rollout.Feedback = failureFeedback(out.Failure)
		return rollout, nil //nolint:nilerr // err is nil here: the failure is in the outcome
	}
	result, err := s.metric.Measure(ctx, metric.Input{
		Example: job.Example, Output: out.Output, Trace: out.Trace,
		Usage: out.Usage, Elapsed: elapsed, Repeat: job.Repeat,
	})
	if err != nil {
		spent := out.Usage.Add(gepa.UsageOf(err))
		return gepa.Rollout{}, gepa.WithUsage(fmt.Errorf("measure the output: %w", err), spent)
	}
	rollout.Score, rollout.Objectives, rollout.Feedback = result.Score, result.Objectives, result.Feedback
	rollout.Usage = rollout.Usage.Add(result.Usage)
	return rollout, nil
}

// failureFeedback is addressed to the component that failed, where it is
// known.
func failureFeedback(f *Failure) gepa.Feedback {
	text := f.Feedback
	if text == "" {
		text = f.Problem
	}
	var p *PanicError
	if errors.As(f, &p) || f.Component == "" {
		return gepa.Feedback{Text: text}
	}
	return gepa.Feedback{
		Text:        "The program gave no answer: " + f.Error(),
		ByComponent: map[string]string{f.Component: text},
	}
}
