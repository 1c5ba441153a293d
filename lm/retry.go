package lm

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// RetryOptions say how [Retry] tries again.
type RetryOptions struct {
	// Attempts is the largest number of attempts, the first one included.
	// 0 means 6; 1 means that nothing is tried again.
	Attempts int
	// MaxElapsed bounds the time from the first attempt: no attempt starts
	// after it. 0 means 5 minutes. A provider that asks for a longer wait than
	// is left ends the retries at once.
	MaxElapsed time.Duration
	// Initial is the first wait, before jitter; each further one is twice as
	// long. 0 means 1 second.
	Initial time.Duration
	// MaxDelay bounds a wait that the provider did not ask for. 0 means 30
	// seconds.
	MaxDelay time.Duration
	// Jitter returns numbers in [0, 1) that spread the waits, so that calls
	// refused together do not come back together. It must be safe for
	// concurrent use. Nil means a random one; no result depends on it.
	Jitter func() float64
	// OnRetry, if not nil, is told of every failed attempt that is followed by
	// another, and of the wait before it. It must be safe for concurrent use.
	OnRetry func(err *Error, wait time.Duration)
}

func (o RetryOptions) withDefaults() RetryOptions {
	if o.Attempts <= 0 {
		o.Attempts = 6
	}
	if o.MaxElapsed <= 0 {
		o.MaxElapsed = 5 * time.Minute
	}
	if o.Initial <= 0 {
		o.Initial = time.Second
	}
	if o.MaxDelay <= 0 {
		o.MaxDelay = 30 * time.Second
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

// Retry returns a model that repeats m's temporary failures (see
// [Error.Temporary]) with exponentially growing, jittered waits: each is
// between half of the current interval and all of it, or, where the provider
// said how long to wait, up to a tenth above that.
//
// The usage of a reply includes the failed attempts before it; an error
// carries the usage of all attempts and their number.
func Retry(m Model, o RetryOptions) Model {
	return &retry{wrapping: wrapping{m}, options: o.withDefaults()}
}

type retry struct {
	wrapping
	options RetryOptions
}

func (r *retry) Complete(ctx context.Context, req Request) (Reply, error) {
	start := time.Now()
	var (
		spent    Usage
		attempts int
		last     *Error
	)
	o := r.options
	waits := &pace{options: o, exponential: &backoff.ExponentialBackOff{
		InitialInterval: o.Initial, Multiplier: 2, MaxInterval: o.MaxDelay,
	}}
	reply, err := backoff.Retry(ctx, func() (Reply, error) {
		attempts++
		reply, err := r.model.Complete(ctx, req)
		if err == nil {
			return reply, nil
		}
		last = AsError(err, r.model.Name())
		spent = spent.Add(last.Usage)
		waits.asked = last.RetryAfter
		if !last.Temporary() {
			return Reply{}, backoff.Permanent(err)
		}
		return Reply{}, err
	},
		backoff.WithBackOff(waits),
		backoff.WithMaxTries(uint(o.Attempts)),
		backoff.WithMaxElapsedTime(o.MaxElapsed),
		backoff.WithNotify(func(_ error, wait time.Duration) {
			Tell(ctx, PartRetry, slog.Int("attempt", attempts), slog.String("error", string(last.Kind)),
				slog.Int("status", last.Status), slog.Duration("wait", wait))
			if o.OnRetry != nil {
				o.OnRetry(last, wait)
			}
		}),
	)
	if err == nil {
		reply.Usage = spent.Add(reply.Usage)
		reply.Latency = time.Since(start)
		return reply, nil
	}
	failure := *last
	if cause := ctx.Err(); cause != nil && !last.Kind.Fatal() {
		failure = Error{Kind: KindCancelled, Model: r.model.Name(), Err: cause}
	}
	failure.Usage, failure.Attempts = spent, attempts
	return Reply{}, &failure
}

// pace is a [backoff.BackOff] whose randomness can be set and that heeds what
// the provider asked for.
type pace struct {
	options     RetryOptions
	exponential *backoff.ExponentialBackOff
	asked       time.Duration
}

func (p *pace) Reset() { p.exponential.Reset() }

func (p *pace) NextBackOff() time.Duration {
	interval := p.exponential.NextBackOff()
	jitter := p.options.Jitter()
	if p.asked > 0 {
		return p.asked + time.Duration(jitter*float64(p.asked)/10)
	}
	return interval/2 + time.Duration(jitter*float64(interval)/2)
}
