package lm

import "time"

// ChainOptions say what [Chain] puts around a model. What is nil is left out.
type ChainOptions struct {
	// Record wraps everything, for instance in a cassette that records what
	// is asked and answered.
	Record func(Model) Model
	// Cache answers what was asked before; see [Cached].
	Cache *Cache
	// Attempt wraps what is retried, for instance in a span for each attempt.
	Attempt func(Model) Model
	// Retry says how temporary failures are tried again; see [Retry].
	Retry RetryOptions
	// Purse holds what may be spent; see [Budgeted].
	Purse *Purse
	// Limiter bounds how many calls are in flight; see [Limit]. Models behind
	// the same endpoint and key share one.
	Limiter *Limiter
	// Timeout bounds each attempt. 0 means 2 minutes; a negative one sets no
	// limit.
	Timeout time.Duration
	// Spending is the model's price, nil if unknown, and the maximum of output
	// tokens. The price also gives calls their cost; see [Priced].
	Spending Spending
}

const defaultTimeout = 2 * time.Minute

// Chain returns the model with all that lies between a program and a provider:
//
//	record → forms → cache → retry → budget → limit → timeout → price → m
//
// Retrying is outside the budget and the limit because every attempt costs and
// takes a place, and one that waits for its next attempt takes none. Recording
// is outermost so that a replay answers as the run was answered, by whatever
// means. The time limit is of an attempt's own time with the provider. See
// docs/adr/0007-middleware-order.md. What each part did for a call is told to
// whom [WithNotes] names.
//
// The error is that of [Budgeted].
func Chain(m Model, o ChainOptions) (Model, error) {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	m = Timeout(Priced(m, o.Spending.Price), o.Timeout)
	if o.Limiter != nil {
		m = Limit(m, o.Limiter)
	}
	if o.Purse != nil {
		var err error
		if m, err = Budgeted(m, o.Purse, o.Spending); err != nil {
			return nil, err
		}
	}
	if o.Attempt != nil {
		m = o.Attempt(m)
	}
	m = Retry(m, o.Retry)
	if o.Cache != nil {
		m = Cached(m, o.Cache)
	}
	m = RememberForms(m)
	if o.Record != nil {
		m = o.Record(m)
	}
	return m, nil
}
