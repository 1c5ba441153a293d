package gepa

import (
	"errors"
	"fmt"
	"strings"
)

// ErrBudget is wrapped by the error of a call that was not made because a cap
// on money, tokens or calls does not allow it. It ends a search as a budget of
// rollouts does; see [StopCost].
var ErrBudget = errors.New("a spending cap is reached")

// Cost is an amount of money that may be known only in part. The zero value is
// a known cost of nothing.
type Cost struct {
	// Nanos is the known part, in billionths of a US dollar.
	Nanos int64 `json:"nanos"`
	// Unknown counts the calls whose price is not known; they are not in Nanos.
	Unknown int64 `json:"unknown,omitempty"`
}

// Known reports whether every call's price is known.
func (c Cost) Known() bool { return c.Unknown == 0 }

// Add returns the sum of two costs.
func (c Cost) Add(o Cost) Cost {
	return Cost{Nanos: c.Nanos + o.Nanos, Unknown: c.Unknown + o.Unknown}
}

// String formats the cost in dollars: "$0.0123", "unknown", or
// "$0.0123 + 4 calls of unknown price".
func (c Cost) String() string {
	if !c.Known() && c.Nanos == 0 {
		return "unknown"
	}
	s := fmt.Sprintf("$%.4f", float64(c.Nanos)/1e9)
	if c.Nanos == 0 {
		s = "$0"
	} else if strings.Trim(s, "$0.") == "" {
		s = "<$0.0001"
	}
	if c.Known() {
		return s
	}
	return fmt.Sprintf("%s + %d calls of unknown price", s, c.Unknown)
}

// Usage is what model calls consumed. The zero value is nothing.
type Usage struct {
	// Calls counts the calls that reached a model, failed ones included.
	Calls int64 `json:"calls"`
	// Cached counts the calls that a cache or a journal answered; they are
	// not in Calls and cost nothing.
	Cached int64 `json:"cached,omitempty"`
	// InputTokens and OutputTokens are as reported by the provider. They
	// include the tokens below, which are parts of them that are priced apart.
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
	// CacheReadTokens and CacheWriteTokens are the input tokens that the
	// provider took from its prompt cache, and put into it.
	CacheReadTokens  int64 `json:"cache_read_tokens,omitempty"`
	CacheWriteTokens int64 `json:"cache_write_tokens,omitempty"`
	// ReasoningTokens are the output tokens that the model spent on thinking.
	ReasoningTokens int64 `json:"reasoning_tokens,omitempty"`
	// Unmeasured counts the calls for which no token counts were reported;
	// the token counts above lack them.
	Unmeasured int64 `json:"unmeasured,omitempty"`
	// Cost is what the calls cost.
	Cost Cost `json:"cost"`
}

// Add returns the sum of two usages.
func (u Usage) Add(o Usage) Usage {
	return Usage{
		Calls:            u.Calls + o.Calls,
		Cached:           u.Cached + o.Cached,
		InputTokens:      u.InputTokens + o.InputTokens,
		OutputTokens:     u.OutputTokens + o.OutputTokens,
		CacheReadTokens:  u.CacheReadTokens + o.CacheReadTokens,
		CacheWriteTokens: u.CacheWriteTokens + o.CacheWriteTokens,
		ReasoningTokens:  u.ReasoningTokens + o.ReasoningTokens,
		Unmeasured:       u.Unmeasured + o.Unmeasured,
		Cost:             u.Cost.Add(o.Cost),
	}
}

// Tokens returns input and output tokens together.
func (u Usage) Tokens() int64 { return u.InputTokens + u.OutputTokens }

// WithUsage attaches to an error what was consumed before it happened, so that
// failed calls are accounted for. It returns nil for nil.
func WithUsage(err error, u Usage) error {
	if err == nil || u == (Usage{}) {
		return err
	}
	return &usageError{err, u}
}

// UsageOf returns what was consumed before err happened: what the outermost
// error says that has a method Consumed() Usage, as those of [WithUsage] do;
// nothing if none has.
func UsageOf(err error) Usage {
	var a *accountedError
	var u interface{ Consumed() Usage }
	switch {
	case errors.As(err, &a):
		return Usage{}
	case errors.As(err, &u):
		return u.Consumed()
	}
	return Usage{}
}

type usageError struct {
	err   error
	usage Usage
}

func (e *usageError) Error() string   { return e.err.Error() }
func (e *usageError) Unwrap() error   { return e.err }
func (e *usageError) Consumed() Usage { return e.usage }

// accountedError hides the usage of an error that was accounted for.
type accountedError struct{ err error }

func (e *accountedError) Error() string { return e.err.Error() }
func (e *accountedError) Unwrap() error { return e.err }
