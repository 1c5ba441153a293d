package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A Call is one HTTP exchange: what it needs, and what came of it.
type Call struct {
	// Status, Header and Body are the response's, once [Endpoint.Send] has
	// returned without an error.
	Status int
	Header http.Header
	Body   []byte

	complete Completion
	sent     atomic.Bool // the provider may have seen the request
	err      error
}

// A Completion finishes a request that a library wrote: it returns the body to
// send in place of the given one, and may change the request's URL and header.
type Completion func(req *http.Request, body gepa.Fields) gepa.Fields

type callKey struct{}

// errTooLarge says that a response is larger than Config.MaxReplyBytes.
var errTooLarge = errors.New("the response is too large")

// Send makes one exchange: send calls the provider's library, whose HTTP client
// is the endpoint, with the context it is given. The error is an [*lm.Error] and
// means that there is no complete response.
func (e *Endpoint) Send(ctx context.Context, complete Completion, send func(context.Context) error) (*Call, error) {
	call := &Call{complete: complete}
	err := send(context.WithValue(ctx, callKey{}, call))
	if call.err != nil || call.Status == 0 {
		return nil, e.unsent(ctx, call, err)
	}
	return call, nil
}

// Do sends a request of a library within [Endpoint.Send], and gives it an empty
// success.
func (e *Endpoint) Do(req *http.Request) (*http.Response, error) {
	call, ok := req.Context().Value(callKey{}).(*Call)
	if !ok {
		return nil, errors.New("a request outside a call")
	}
	if call.err = e.exchange(req, call); call.err != nil {
		return nil, call.err
	}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader("{}")),
	}, nil
}

// RoundTrip is Do, for libraries that want an [http.RoundTripper].
func (e *Endpoint) RoundTrip(req *http.Request) (*http.Response, error) { return e.Do(req) }

func (e *Endpoint) exchange(original *http.Request, call *Call) error {
	ctx := httptrace.WithClientTrace(original.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() { call.sent.Store(true) },
	})
	req := original.Clone(ctx)
	if err := call.finish(req); err != nil {
		return err
	}
	resp, err := e.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	call.Status, call.Header = resp.StatusCode, resp.Header
	call.Body, err = io.ReadAll(io.LimitReader(resp.Body, e.maxReply+1))
	if err == nil && int64(len(call.Body)) > e.maxReply {
		return errTooLarge
	}
	return err
}

// finish completes the request that the library wrote.
func (call *Call) finish(req *http.Request) error {
	original, err := io.ReadAll(req.Body)
	if err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	_ = req.Body.Close() // it was in memory
	var fields gepa.Fields
	if err := json.Unmarshal(original, &fields); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	body, err := call.complete(req, fields).MarshalJSON()
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, err = req.GetBody()
	return err
}

// unsent returns the error of a call that got no complete response.
func (e *Endpoint) unsent(ctx context.Context, call *Call, err error) *lm.Error {
	out := e.Failure(lm.KindConnection, "")
	if call.sent.Load() {
		out.Usage = e.Unmeasured()
	}
	out.Status = call.Status
	switch cause := ctx.Err(); {
	case cause != nil:
		out.Kind, out.Status, out.Err = lm.KindCancelled, 0, cause
	case errors.Is(call.err, errTooLarge):
		out.Kind = lm.KindMalformed
		out.Words = fmt.Sprintf("the response is larger than %d bytes", e.maxReply)
	case call.Status != 0:
		out.Words = "the connection broke before the response was complete"
		out.Err = call.err
	case call.err == nil:
		// The library refused by itself, before anything was sent.
		words := "the library sent nothing"
		if err != nil {
			words = err.Error()
		}
		out.Kind, out.Words = lm.KindBadRequest, e.Redact(words)
	default:
		out.Err = call.err
		cause := call.err
		if u, ok := errors.AsType[*url.Error](call.err); ok {
			cause = u.Err
			if u.Timeout() {
				// Of the HTTP client, not of ctx; it must not look like ctx's.
				out.Kind, out.Err = lm.KindTimeout, nil
			}
		}
		out.Words = fmt.Sprintf("%s: %s", e.BaseURL, e.Redact(cause.Error()))
		if e.Preset.Local {
			out.Hint = "is the server running, and is this its address?"
		}
	}
	return out
}

// Failure returns an error of one attempt.
func (e *Endpoint) Failure(kind lm.Kind, words string) *lm.Error {
	return &lm.Error{Kind: kind, Model: e.Name, Words: words, Attempts: 1}
}

// Redact takes the endpoint's key, and whatever looks like one, out of a text.
func (e *Endpoint) Redact(text string) string { return lm.Redact(text, e.key) }

// Unmeasured is the usage of one call whose consumption was not reported.
func (e *Endpoint) Unmeasured() lm.Usage {
	u := lm.Usage{Calls: 1, Unmeasured: 1}
	if !e.Preset.Local {
		u.Cost.Unknown = 1
	}
	return u
}
