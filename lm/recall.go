package lm

import "context"

type recallKey struct{}

// WithRecall returns a context in which told hears of every reply that a cache
// gives, as it was when it was paid for: its usage and its latency are not
// those of a cached call. So what a call would consume is known without making
// it. It must be safe for concurrent use.
//
// Of equal requests at the same time, the first is told alone.
func WithRecall(ctx context.Context, told func(Reply)) context.Context {
	return context.WithValue(ctx, recallKey{}, told)
}

// recall tells of a reply from a cache.
func recall(ctx context.Context, r Reply) {
	if told, ok := ctx.Value(recallKey{}).(func(Reply)); ok {
		told(r)
	}
}
