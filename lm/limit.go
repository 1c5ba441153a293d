package lm

import (
	"container/list"
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// LimiterOptions say what a [Limiter] starts from and what it must not exceed.
type LimiterOptions struct {
	// Start is how many calls may be in flight at first. 0 means 8.
	Start int
	// Max is the most calls that may ever be in flight. 0 means 256.
	Max int
	// RequestsPerMinute and TokensPerMinute are the provider's limits, where
	// they are known. 0 means that there are none.
	RequestsPerMinute int
	TokensPerMinute   int
}

// A Limiter finds out how many calls a provider takes at once, and keeps a
// program's calls to that: one more for every round of calls that went well
// (one more in several rounds, below 32), a tenth less, and at least one, when
// the provider refuses one or is overloaded (additive increase, multiplicative
// decrease). Until the first refusal every call that
// goes well adds one, which doubles the limit each round.
//
// Calls are admitted in the order in which they came. There is one Limiter for
// each endpoint and key, shared by all models behind them. It is safe for
// concurrent use.
type Limiter struct {
	max      float64
	requests *rate.Limiter // nil if there is no such limit
	tokens   *tokenRate    // nil if there is no such limit

	mu        sync.Mutex
	limit     float64
	seeking   bool // nothing was refused yet
	flying    int
	epoch     int         // counts the decreases
	queue     list.List   // of *ticket
	notBefore time.Time   // the provider asked to wait until then
	wake      *time.Timer // pending while somebody has to wait until then
	stats     LimiterStats
}

// LimiterStats say what a limiter has seen and where it stands.
type LimiterStats struct {
	// Limit is how many calls may be in flight now.
	Limit int
	// InFlight and Waiting count calls.
	InFlight, Waiting int
	// Calls counts the calls let in, Refused those of them that the provider
	// refused or was too loaded for, and Decreases how often the limit fell.
	Calls, Refused, Decreases int64
}

// ticket is a call's place in the queue and then in flight.
type ticket struct {
	admitted chan struct{} // closed when the call is let in
	epoch    int           // at that time
}

// NewLimiter returns a limiter.
func NewLimiter(o LimiterOptions) *Limiter {
	if o.Max <= 0 {
		o.Max = 256
	}
	if o.Start <= 0 {
		o.Start = 8
	}
	l := &Limiter{max: float64(o.Max), limit: float64(min(o.Start, o.Max)), seeking: true}
	if o.RequestsPerMinute > 0 {
		// A burst of a second's worth: providers count over short windows.
		l.requests = rate.NewLimiter(perMinute(o.RequestsPerMinute), max(1, o.RequestsPerMinute/60))
	}
	if o.TokensPerMinute > 0 {
		l.tokens = newTokenRate(o.TokensPerMinute)
	}
	return l
}

func perMinute(n int) rate.Limit { return rate.Limit(float64(n) / 60) }

// Stats returns what the limiter has seen and where it stands.
func (l *Limiter) Stats() LimiterStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Limit, s.InFlight, s.Waiting = int(l.limit), l.flying, l.queue.Len()
	return s
}

// Limit returns a model whose calls pass through the limiter. It belongs
// inside [Retry], so that a call that waits to be tried again takes no place,
// and so that every refusal is seen.
//
// While the provider has asked for a pause (Retry-After), no call is let in.
func Limit(m Model, l *Limiter) Model { return &limited{wrapping: wrapping{m}, limiter: l} }

type limited struct {
	wrapping
	limiter *Limiter
}

func (m *limited) Complete(ctx context.Context, req Request) (Reply, error) {
	l := m.limiter
	came := time.Now()
	t, estimate, err := l.enter(ctx, req)
	if err != nil {
		return Reply{}, &Error{Kind: KindCancelled, Model: m.Name(), Err: err}
	}
	if notesTo(ctx) != nil {
		Tell(ctx, PartLimit, slog.Duration("waited", time.Since(came)), slog.Int("limit", l.Stats().Limit))
	}
	outcome := unclear
	var asked time.Duration
	defer func() { l.leave(t, outcome, asked) }() // also past a panic
	reply, err := m.model.Complete(ctx, req)
	usage := reply.Usage
	if err == nil {
		outcome = passed
	} else {
		e := AsError(err, m.Name())
		usage, asked = e.Usage, e.RetryAfter
		if e.Kind == KindRateLimited || (e.Kind == KindOverloaded && overloaded(e.Status)) {
			outcome = tooMany
		}
	}
	if l.tokens != nil {
		l.tokens.settle(estimate, usage)
	}
	return reply, err
}

// overloaded reports whether a status says that there is too much to do, and
// not that something is broken.
func overloaded(status int) bool { return status == 503 || status == 529 }

// outcome is what a call says about the limit.
type outcome int

const (
	unclear outcome = iota // nothing: it failed for another reason
	passed
	tooMany
)

// enter waits for the rates, then for a place.
func (l *Limiter) enter(ctx context.Context, req Request) (t *ticket, estimate int, err error) {
	if l.requests != nil {
		if err := wait(ctx, l.requests, 1); err != nil {
			return nil, 0, err
		}
	}
	if l.tokens != nil {
		if estimate, err = l.tokens.wait(ctx, req); err != nil {
			return nil, 0, err
		}
	}
	t = &ticket{admitted: make(chan struct{})}
	l.mu.Lock()
	place := l.queue.PushBack(t)
	l.admit()
	l.mu.Unlock()
	select {
	case <-t.admitted:
		return t, estimate, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-t.admitted: // meanwhile
		l.flying--
	default:
		l.queue.Remove(place)
	}
	l.admit()
	return nil, 0, ctx.Err()
}

// admit lets in whom the limit allows, in order.
func (l *Limiter) admit() {
	if l.queue.Len() == 0 {
		return
	}
	if pause := time.Until(l.notBefore); pause > 0 {
		if l.wake == nil {
			l.wake = time.AfterFunc(pause, func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.wake = nil
				l.admit()
			})
		}
		return
	}
	for l.queue.Len() > 0 && l.flying < int(l.limit) {
		first := l.queue.Front()
		t := first.Value.(*ticket) //nolint:forcetypeassert // nothing else is queued
		l.queue.Remove(first)
		l.flying++
		l.stats.Calls++
		t.epoch = l.epoch
		close(t.admitted)
	}
}

// decrease is the part of the limit that a refusal leaves.
const decrease = 0.9

// increase returns by how much the limit rises in a round, as many calls that
// pass as the limit is: by one, and by less where it is so small that trying
// one more every round would be refused too often.
func increase(limit float64) float64 { return min(max(limit/32, 0.2), 1) }

// leave takes a call out and learns from it.
func (l *Limiter) leave(t *ticket, o outcome, asked time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	inUse := l.flying >= int(l.limit) // only a limit that is used is tested
	l.flying--
	switch o {
	case passed:
		switch {
		case !inUse:
		case l.seeking:
			l.limit++
		default:
			l.limit += increase(l.limit) / l.limit
		}
		l.limit = min(l.limit, l.max)
	case tooMany:
		l.stats.Refused++
		if until := time.Now().Add(asked); asked > 0 && until.After(l.notBefore) {
			l.notBefore = until
		}
		// Calls that were let in before the last decrease say nothing about
		// the limit since.
		if t.epoch == l.epoch {
			l.epoch++
			l.stats.Decreases++
			l.seeking = false
			refused := min(l.limit, float64(l.flying+1))
			l.limit = max(1, min(refused*decrease, refused-1))
		}
	}
	l.admit()
}

// tokenRate keeps to a rate of tokens. Before a call it takes an estimate, and
// after it corrects what was wrong with that.
type tokenRate struct {
	rate  *rate.Limiter
	burst int

	mu     sync.Mutex
	credit int     // tokens taken and not consumed
	output float64 // the average of what was answered
}

func newTokenRate(tokensPerMinute int) *tokenRate {
	// A burst of a sixth of a minute lets single calls of that size through.
	burst := max(1, tokensPerMinute/6)
	return &tokenRate{rate: rate.NewLimiter(perMinute(tokensPerMinute), burst), burst: burst, output: 256}
}

// bytesPerToken is the usual length of a token in English text.
const bytesPerToken = 4

// wait waits for a call's tokens and returns how many that are thought to be.
func (r *tokenRate) wait(ctx context.Context, req Request) (estimate int, err error) {
	for _, m := range req.Messages {
		estimate += len(m.Content)/bytesPerToken + messageTokens/2
	}
	r.mu.Lock()
	output := int(r.output)
	if m := req.Params.MaxTokens; m > 0 {
		output = min(output, m)
	}
	estimate += output
	used := min(r.credit, estimate)
	r.credit -= used
	r.mu.Unlock()
	for need := estimate - used; need > 0; need -= r.burst {
		if err := wait(ctx, r.rate, min(need, r.burst)); err != nil {
			return 0, err
		}
	}
	return estimate, nil
}

// settle corrects the estimate by what a call reported.
func (r *tokenRate) settle(estimate int, u Usage) {
	if u.Unmeasured > 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if u.OutputTokens > 0 {
		r.output += (float64(u.OutputTokens) - r.output) / 16
	}
	missing := int(u.Tokens()) - estimate - r.credit
	if missing <= 0 {
		r.credit = -missing
		return
	}
	r.credit = 0
	for ; missing > 0; missing -= r.burst {
		r.rate.ReserveN(time.Now(), min(missing, r.burst)) // the next calls wait for it
	}
}

// wait waits for n of a rate. Unlike [rate.Limiter.WaitN] it does not give up
// early where the context's deadline comes before the turn: an error is always
// the context's.
func wait(ctx context.Context, l *rate.Limiter, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	reserved := l.ReserveN(time.Now(), n)
	delay := reserved.Delay()
	if delay == 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		reserved.Cancel()
		return ctx.Err()
	}
}
