package lm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
)

// Kind says what went wrong with a call, in terms of what can be done about it.
type Kind string

// The kinds of failure.
const (
	// KindAuth: the key is missing, wrong or not allowed to use the model. Fatal.
	KindAuth Kind = "authentication failed"
	// KindQuota: the account has no credit or quota left. Fatal.
	KindQuota Kind = "out of credit or quota"
	// KindBadRequest: the provider does not accept the request as it is. Fatal.
	KindBadRequest Kind = "request refused"
	// KindNotFound: there is no such model, or no such endpoint. Fatal.
	KindNotFound Kind = "model or endpoint not found"
	// KindTooLong: the messages do not fit the model's context window. Trying
	// again does not help, but another request may well pass.
	KindTooLong Kind = "messages too long for the model"
	// KindRateLimited: too many requests or tokens for now. Temporary.
	KindRateLimited Kind = "rate limited"
	// KindOverloaded: the provider failed or has no capacity. Temporary.
	KindOverloaded Kind = "provider failed or overloaded"
	// KindTimeout: no complete reply within the time for one attempt. Temporary.
	KindTimeout Kind = "timed out"
	// KindConnection: the provider was not reached or the connection broke.
	// Temporary.
	KindConnection Kind = "connection failed"
	// KindMalformed: what came back was not a reply: cut off, not JSON, no
	// choices. Temporary.
	KindMalformed Kind = "malformed response"
	// KindCancelled: the caller's context ended.
	KindCancelled Kind = "cancelled"
	// KindBudget: a [Purse] does not allow the call, which was not made. Fatal.
	KindBudget Kind = "budget used up"
	// KindOther: anything else.
	KindOther Kind = "failed"
)

// Temporary reports whether trying the same request again may help.
func (k Kind) Temporary() bool {
	switch k {
	case KindRateLimited, KindOverloaded, KindTimeout, KindConnection, KindMalformed:
		return true
	}
	return false
}

// Fatal reports whether every further request would fail in the same way.
func (k Kind) Fatal() bool {
	switch k {
	case KindAuth, KindQuota, KindBadRequest, KindNotFound, KindBudget:
		return true
	}
	return false
}

// An Error is a call that gave no reply. An Error of a fatal [Kind] counts as
// marked by [gepa.Fatal]; one of KindCancelled matches the context's error.
// No Error holds a key.
type Error struct {
	// Kind says what went wrong.
	Kind Kind
	// Model is the model's name as users write it.
	Model string
	// Status is the HTTP status; 0 if there was no response.
	Status int
	// RetryAfter is how long the provider asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// ShouldRetry is what the provider said about trying again, in its header
	// x-should-retry; nil if it said nothing.
	ShouldRetry *bool
	// Words are the provider's own, redacted and cut to a readable length.
	Words string
	// Hint says what to do about it, where that is known.
	Hint string
	// Attempts counts the attempts that were made, this one included; 0 and 1
	// both mean that there was one.
	Attempts int
	// Usage is what all attempts consumed together.
	Usage Usage
	// Err is the cause, if there is one.
	Err error
}

// Consumed returns Usage, so that [gepa.UsageOf] finds what the failed call
// consumed.
func (e *Error) Consumed() Usage { return e.Usage }

// Error returns one line with all that is known: model, kind, status,
// attempts, the provider's words and the hint.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Model != "" {
		b.WriteString(e.Model + ": ")
	}
	b.WriteString(string(e.Kind))
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " after %d attempts", e.Attempts)
	}
	switch {
	case e.Words != "":
		b.WriteString(": " + e.Words)
	case e.Err != nil:
		b.WriteString(": " + e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Temporary reports whether trying the same request again may help: as the
// provider said, or else by the kind. Nobody's word makes a wrong key, an empty
// account or a cancelled call worth another attempt.
func (e *Error) Temporary() bool {
	switch {
	case e.ShouldRetry == nil, e.Kind == KindAuth, e.Kind == KindQuota, e.Kind == KindCancelled:
		return e.Kind.Temporary()
	}
	return *e.ShouldRetry
}

// Unwrap returns the cause, marked by [gepa.Fatal] if the kind is fatal.
func (e *Error) Unwrap() error {
	if !e.Kind.Fatal() {
		return e.Err
	}
	if e.Err == nil {
		return gepa.Fatal(errors.New(string(e.Kind)))
	}
	return gepa.Fatal(e.Err)
}

// A BaseURLError says that a provider's base URL cannot be used, before
// anything was sent.
type BaseURLError struct {
	// Model is the model's name as users write it.
	Model string
	// From is the environment variable that holds the URL; "" if it was given
	// in the configuration, or nowhere.
	From string
	// Missing says that there is none.
	Missing bool
	// Err says what is wrong with it. It does not repeat what may be a secret.
	Err error
}

func (e *BaseURLError) Error() string { return fmt.Sprintf("model %q: %v", e.Model, e.Err) }

// Unwrap returns Err.
func (e *BaseURLError) Unwrap() error { return e.Err }

// AsError returns the [*Error] in err's chain, or a new one about the named
// model: of KindCancelled for a context's error, of KindOther for any other.
// It returns nil for nil.
func AsError(err error, model string) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	kind := KindOther
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		kind = KindCancelled
	}
	return &Error{Kind: kind, Model: model, Err: err}
}
