package lm

import "context"

// Func makes a [Model] of a function, for tests and small adapters. Its name
// is "func"; [Named] gives it another.
type Func func(ctx context.Context, req Request) (Reply, error)

// Name returns "func".
func (f Func) Name() string { return "func" }

// Complete calls f.
func (f Func) Complete(ctx context.Context, req Request) (Reply, error) { return f(ctx, req) }

// Named returns m under another name.
func Named(name string, m Model) Model { return named{Model: m, name: name} }

type named struct {
	Model
	name string
}

func (n named) Name() string { return n.name }

// Unwrap returns the model under its old name.
func (n named) Unwrap() Model { return n.Model }
