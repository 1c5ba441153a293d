package lm

import (
	"context"
	"log/slog"
)

// A Note is what one part of the chain did for one call: the cache answered,
// the limiter let it wait, an attempt failed. Notes are for traces and logs.
// They are no part of a reply, and so of no journal, since they tell of times
// and chances in which equal runs differ.
type Note struct {
	// Part is the part of the chain: one of the Part constants.
	Part string
	// Attrs say what it did. They hold no prompts, replies or keys.
	Attrs []slog.Attr
}

// The parts of the chain that leave notes, and the attributes of these.
const (
	// PartRecord: a cassette kept the call ("recorded") or answered it
	// ("replayed"), as the attribute result says.
	PartRecord = "record"
	// PartForms: the model is known to refuse the form that was asked for.
	PartForms = "forms"
	// PartCache: result is "hit", "shared" (an equal call was under way) or
	// "miss", kept whether the reply of a miss is an answer worth keeping.
	PartCache = "cache"
	// PartRetry: attempt failed by error (a [Kind]) with status, and is tried
	// again after wait.
	PartRetry = "retry"
	// PartBudget: what was reserved and what was settled, in billionths of a
	// dollar and in tokens, and how long the call waited for others to settle.
	PartBudget = "budget"
	// PartLimit: how long the call waited for its place, and how many calls
	// the limit then allowed.
	PartLimit = "limit"
	// PartTimeout: the attempt was ended after the limit.
	PartTimeout = "timeout"
	// PartPrice: whose figure the cost is: by is "provider", "table" or "nobody".
	PartPrice = "price"
	// PartAdapt: the provider refused a parameter, which is left out from now
	// on.
	PartAdapt = "adapt"
)

type notesKey struct{}

// WithNotes returns a context in which the calls' notes are told to a function,
// with the context of the place where they were made; those told before are
// told after it. It must be safe for concurrent use and quick.
func WithNotes(ctx context.Context, to func(context.Context, Note)) context.Context {
	before := notesTo(ctx)
	if before == nil {
		return context.WithValue(ctx, notesKey{}, to)
	}
	return context.WithValue(ctx, notesKey{}, func(at context.Context, n Note) {
		to(at, n)
		before(at, n)
	})
}

func notesTo(ctx context.Context) func(context.Context, Note) {
	to, _ := ctx.Value(notesKey{}).(func(context.Context, Note))
	return to
}

// Tell leaves a note, if somebody wants it. Middleware of one's own may.
func Tell(ctx context.Context, part string, attrs ...slog.Attr) {
	if to := notesTo(ctx); to != nil {
		to(ctx, Note{part, attrs})
	}
}
