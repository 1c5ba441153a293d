package gepa

import (
	"context"
	"errors"
)

// A Runner turns jobs into rollouts, one at a time; whoever calls it decides
// how many run at once.
//
// Run must be safe for concurrent use and must return soon after ctx ends. It
// returns an error only for a failure of the world (see [Rollout]); the engine
// then tries again, and stops the run with that error when it keeps happening.
// An error wrapped by [Fatal] stops the run at once. Run owns neither the
// job's candidate nor its example and must not change them; the rollout it
// returns belongs to the caller.
type Runner interface {
	Run(ctx context.Context, job Job) (Rollout, error)
}

// A System is the thing being optimized: several texts that work together.
type System interface {
	Runner
	// Components lists the texts that can be optimized, in the order in which
	// the round robin takes them, each with its starting text. It returns the
	// same list on every call.
	Components() []Component
}

// Fatal marks an error as one that trying again cannot cure, such as a refused
// key. It returns nil for nil.
func Fatal(err error) error {
	if err == nil {
		return nil
	}
	return &fatalError{err}
}

// IsFatal reports whether err, or an error it wraps, was marked by [Fatal].
func IsFatal(err error) bool {
	var f *fatalError
	return errors.As(err, &f)
}

type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }
func (e *fatalError) Unwrap() error { return e.err }
