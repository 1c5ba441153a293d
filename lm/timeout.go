package lm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gepa-go/gepa"
)

// Timeout returns a model that gives each of m's calls at most d, and answers
// one that takes longer with an [*Error] of KindTimeout. Inside a [Retry] it
// bounds one attempt; around one, all of them. A d of zero or less sets no
// limit.
func Timeout(m Model, d time.Duration) Model {
	if d <= 0 {
		return m
	}
	return &timeout{wrapping: wrapping{m}, limit: d}
}

type timeout struct {
	wrapping
	limit time.Duration
}

func (t *timeout) Complete(ctx context.Context, req Request) (Reply, error) {
	limited, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	reply, err := t.model.Complete(limited, req)
	if err == nil || ctx.Err() != nil || limited.Err() == nil {
		return reply, err
	}
	e := AsError(err, t.Name())
	if e.Kind != KindCancelled {
		return reply, err
	}
	usage := e.Usage
	if _, said := errors.AsType[*Error](err); !said {
		usage = Usage{Calls: 1, Unmeasured: 1, Cost: gepa.Cost{Unknown: 1}} // it may have reached a provider
	}
	Tell(ctx, PartTimeout, slog.Duration("limit", t.limit))
	// The cause is left out on purpose: whoever asks whether the run's own
	// deadline passed must not find this one.
	return Reply{}, &Error{
		Kind: KindTimeout, Model: t.Name(), Attempts: e.Attempts, Usage: usage,
		Words: fmt.Sprintf("no complete reply within %s", t.limit),
	}
}
