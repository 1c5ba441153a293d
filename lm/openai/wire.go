package openai

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

// wire is the HTTP client of one call. It completes the request that go-openai
// wrote, and keeps the whole response for [Client.decode].
type wire struct {
	client *Client
	patch  gepa.Fields

	sent   atomic.Bool // the provider may have seen the request
	status int
	header http.Header
	body   []byte
	err    error
}

// errTooLarge says that a response is larger than Config.MaxReplyBytes.
var errTooLarge = errors.New("the response is too large")

// patch is the part of the request that go-openai leaves out or would refuse.
func (c *Client) patch(req lm.Request) gepa.Fields {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	messages := make([]message, len(req.Messages))
	for i, m := range req.Messages {
		messages[i] = message(m)
	}
	fields := gepa.NewFields("model", c.model, "messages", messages)
	if t := req.Params.Temperature; t != nil {
		fields = append(fields, gepa.NewFields("temperature", *t)...)
	}
	if p := req.Params.TopP; p != nil {
		fields = append(fields, gepa.NewFields("top_p", *p)...)
	}
	if c.provider.Name == "openrouter" {
		fields = append(fields, gepa.Field{Name: "usage", Value: json.RawMessage(`{"include":true}`)})
	}
	return fields
}

// Do sends the completed request. It gives go-openai an empty success, since
// the response is decoded elsewhere.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	if err := w.complete(req); err != nil {
		w.err = err
		return nil, err
	}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() { w.sent.Store(true) },
	}))
	resp, err := w.client.http.Do(req)
	if err != nil {
		w.err = err
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	w.status, w.header = resp.StatusCode, resp.Header
	w.body, err = io.ReadAll(io.LimitReader(resp.Body, w.client.maxReply+1))
	if err == nil && int64(len(w.body)) > w.client.maxReply {
		err = errTooLarge
	}
	if err != nil {
		w.err = err
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

func (w *wire) complete(req *http.Request) error {
	original, err := io.ReadAll(req.Body)
	if err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	var fields gepa.Fields
	if err := json.Unmarshal(original, &fields); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	for _, f := range w.patch {
		fields = fields.Set(f.Name, f.Value)
	}
	body, err := fields.MarshalJSON()
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return nil
}

// unsent returns the error of a call that got no complete response.
func (c *Client) unsent(ctx context.Context, w *wire, err error) *lm.Error {
	e := c.failure(lm.KindConnection, "")
	if w.sent.Load() {
		e.Usage = c.unmeasured()
	}
	e.Status = w.status
	switch cause := ctx.Err(); {
	case cause != nil:
		e.Kind, e.Status, e.Err = lm.KindCancelled, 0, cause
	case errors.Is(w.err, errTooLarge):
		e.Kind = lm.KindMalformed
		e.Words = fmt.Sprintf("the response is larger than %d bytes", c.maxReply)
	case w.status != 0:
		e.Words = "the connection broke before the response was complete"
		e.Err = w.err
	case w.err == nil:
		// go-openai refused by itself, before anything was sent.
		e.Kind, e.Words = lm.KindBadRequest, lm.Redact(err.Error(), c.key)
	default:
		e.Err = w.err
		cause := w.err
		if u, ok := errors.AsType[*url.Error](w.err); ok {
			cause = u.Err
			if u.Timeout() {
				// Of the HTTP client, not of ctx; it must not look like ctx's.
				e.Kind, e.Err = lm.KindTimeout, nil
			}
		}
		e.Words = fmt.Sprintf("%s: %s", c.baseURL, lm.Redact(cause.Error(), c.key))
		if c.provider.Local {
			e.Hint = "is the server running, and is this its address?"
		}
	}
	return e
}

// unmeasured is the usage of one call whose consumption was not reported.
func (c *Client) unmeasured() lm.Usage {
	u := lm.Usage{Calls: 1, Unmeasured: 1}
	if !c.provider.Local {
		u.Cost.Unknown = 1
	}
	return u
}
