package gepa

import "context"

// A StepHook watches the component calls of rollouts, for instance to trace
// them. It is told that a component is about to be called, and by the function
// that it returns that the call is over, with the error it ended with. The call
// is made in the context that it returns, which is ctx or one made from it. It
// must be safe for concurrent use.
type StepHook func(ctx context.Context, component string) (context.Context, func(error))

type stepHookKey struct{}

// WithStepHook returns a context in which the component calls that
// [BeginStep] announces are told to the hook, in place of any other.
func WithStepHook(ctx context.Context, hook StepHook) context.Context {
	return context.WithValue(ctx, stepHookKey{}, hook)
}

// BeginStep announces that a rollout calls a component, and returns the context
// to call it in and a function for the end of the call. Package program does
// this around every call of a predictor; a [System] of one's own should do the
// same, so that its components are in the traces of a run.
func BeginStep(ctx context.Context, component string) (context.Context, func(error)) {
	if hook, ok := ctx.Value(stepHookKey{}).(StepHook); ok {
		return hook(ctx, component)
	}
	return ctx, func(error) {}
}
