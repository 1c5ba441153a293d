package lmtest

import (
	"context"
	"net/http"
	"time"

	"github.com/gepa-go/gepa/lm"
)

// An Answer is what the server does about a request, whichever dialect it came
// in. The zero value is a completion with an empty text.
type Answer struct {
	// Text is the completion's text, and Reasoning the model's thinking.
	Text, Reasoning string
	// Finish is the finish_reason in OpenAI's words; "stop", "length",
	// "content_filter" and "tool_calls" are translated, others sent as they
	// are. "" means "stop".
	Finish string
	// Tool, if not "", makes the completion a call of that tool, with Text as
	// its arguments. Where a request forces a tool, that is called anyway.
	Tool string
	// InputTokens and OutputTokens are reported as usage; CacheReadTokens and
	// CacheWriteTokens are parts of the first, ReasoningTokens of the second.
	// NoUsage leaves the report out.
	InputTokens, OutputTokens                          int
	CacheReadTokens, CacheWriteTokens, ReasoningTokens int
	NoUsage                                            bool
	// Cost, in dollars, is reported within usage as OpenRouter does; other
	// dialects have no place for it.
	Cost *float64

	// Status, if not 0, is sent in place of 200, with an error as the dialect
	// writes it whose message is Text.
	Status int
	// Header is added to the response.
	Header http.Header
	// Body, if not "", is sent in place of the JSON made from the fields above.
	Body string
	// EchoKey adds the key that came with the request to Text.
	EchoKey bool
	// NoChoices leaves out all choices (candidates, content).
	NoChoices bool
	// Shuffle sends the fields of every JSON object in the opposite order.
	Shuffle bool
	// HalfJSON sends half of the body as if it were all.
	HalfJSON bool
	// Pad adds so many bytes of white space to the body.
	Pad int

	// Hang never answers: it waits until the client or the server goes away.
	Hang bool
	// Reset breaks the connection before anything was sent.
	Reset bool
	// Truncate sends half of the body and breaks the connection.
	Truncate bool
	// Trickle waits so long after each byte of the body.
	Trickle time.Duration
}

// A Responder decides about each request; ctx ends when the client goes away.
// It is called concurrently.
type Responder func(ctx context.Context, r Request) Answer

// Script answers the n-th request with the n-th answer, and all after the last
// with the last.
func Script(answers ...Answer) Responder {
	return func(_ context.Context, r Request) Answer {
		if len(answers) == 0 {
			return Answer{}
		}
		return answers[min(r.Number, len(answers)-1)]
	}
}

// FailFirst answers the first n requests with fail and the others by then.
func FailFirst(n int, fail Answer, then Responder) Responder {
	return func(ctx context.Context, r Request) Answer {
		if r.Number < n {
			return fail
		}
		return then(ctx, r)
	}
}

// FromModel answers with what a model says, so that, for instance, the
// simulated model can be reached over HTTP. An error becomes a status 500.
func FromModel(m lm.Model) Responder {
	return func(ctx context.Context, r Request) Answer {
		req := lm.Request{Messages: r.Messages, Params: r.Params, JSON: r.JSON}
		if r.Schema != nil {
			req.Schema = &lm.Schema{Name: r.Tool, JSON: r.Schema}
		}
		reply, err := m.Complete(ctx, req)
		if err != nil {
			return Answer{Status: http.StatusInternalServerError, Text: err.Error()}
		}
		finish := map[lm.Finish]string{lm.FinishFiltered: "content_filter", lm.FinishTools: "tool_calls"}[reply.Finish]
		if finish == "" {
			finish = string(reply.Finish)
		}
		return Answer{
			Text: reply.Text, Reasoning: reply.Reasoning, Finish: finish,
			InputTokens: int(reply.Usage.InputTokens), OutputTokens: int(reply.Usage.OutputTokens),
			CacheReadTokens: int(reply.Usage.CacheReadTokens), CacheWriteTokens: int(reply.Usage.CacheWriteTokens),
			ReasoningTokens: int(reply.Usage.ReasoningTokens), NoUsage: reply.Usage.Unmeasured > 0,
		}
	}
}
