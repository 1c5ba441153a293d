// Package metric measures what a program answered: a score and words that say
// what was right and wrong, so that reflection has something to learn from.
package metric

import (
	"context"
	"time"

	"github.com/gepa-go/gepa"
)

// A Metric measures one rollout's output against its example.
//
// Measure must be safe for concurrent use and must not change its input. It
// returns an error only when it could not measure (a judge model that cannot
// be reached, an example without the label it needs); the error stops the
// rollout, it is never turned into a score.
type Metric interface {
	Measure(ctx context.Context, in Input) (Result, error)
}

// Input is what a [Metric] looks at.
type Input struct {
	// Example is the item, labels included.
	Example gepa.Example
	// Output is what the program returned.
	Output gepa.Fields
	// Trace lists the program's component calls.
	Trace []gepa.Step
	// Usage is what the program's model calls consumed.
	Usage gepa.Usage
	// Elapsed is how long the program ran; 0 if that is not known.
	Elapsed time.Duration
	// Repeat tells apart several rollouts on the same example; it counts from
	// 0. A metric that asks a model has to ask anew for each.
	Repeat int
}

// Result is what a [Metric] found.
type Result struct {
	// Score is the measure to improve; higher is better, 1 is usually best.
	Score float64
	// Objectives are the named measures behind the score, if any.
	Objectives map[string]float64
	// Feedback says in words what was right and wrong.
	Feedback gepa.Feedback
	// Usage is what measuring consumed, if the metric asks a model. It is not
	// part of Input.Usage. A metric that fails says so by [gepa.WithUsage].
	Usage gepa.Usage
}

// Func makes a [Metric] of a function.
type Func func(ctx context.Context, in Input) (Result, error)

// Measure calls f.
func (f Func) Measure(ctx context.Context, in Input) (Result, error) { return f(ctx, in) }
