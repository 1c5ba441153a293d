// Package metric measures what a program answered: a score and words that say
// what was right and wrong, so that reflection has something to learn from.
package metric

import (
	"context"

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
}

// Result is what a [Metric] found.
type Result struct {
	// Score is the measure to improve; higher is better, 1 is usually best.
	Score float64
	// Objectives are the named measures behind the score, if any.
	Objectives map[string]float64
	// Feedback says in words what was right and wrong.
	Feedback gepa.Feedback
}

// Func makes a [Metric] of a function.
type Func func(ctx context.Context, in Input) (Result, error)

// Measure calls f.
func (f Func) Measure(ctx context.Context, in Input) (Result, error) { return f(ctx, in) }
