// Package lmtest helps to test what talks to language models: an HTTP server
// that speaks the OpenAI dialect, answers what a test tells it to, fails in
// the ways that providers do, and remembers what it was sent.
package lmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A Request is what the server was sent.
type Request struct {
	// Number counts the server's requests from 0.
	Number int
	// Method, Path and Header are those of the HTTP request.
	Method, Path string
	Header       http.Header
	// Body is exactly what was sent.
	Body []byte
	// Model and Messages are read from Body.
	Model    string
	Messages []gepa.Message
}

// An Answer is what the server does about a request. The zero value is a
// completion with an empty text.
type Answer struct {
	// Text is the completion's text, and Reasoning its reasoning_content.
	Text, Reasoning string
	// Finish is the finish_reason; "" means "stop".
	Finish string
	// InputTokens and OutputTokens are reported as usage; NoUsage leaves the
	// report out.
	InputTokens, OutputTokens int
	NoUsage                   bool
	// Cost, in dollars, is reported within usage as OpenRouter does.
	Cost *float64

	// Status, if not 0, is sent in place of 200, with an error as OpenAI
	// writes it whose message is Text.
	Status int
	// Header is added to the response.
	Header http.Header
	// Body, if not "", is sent in place of the JSON made from the fields above.
	Body string
	// Hang never answers: it waits until the client or the server goes away.
	Hang bool
	// Truncate sends half of the body and breaks the connection.
	Truncate bool
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
		var params struct {
			lm.Params
			ResponseFormat struct {
				Type string `json:"type"`
			} `json:"response_format"`
		}
		if err := json.Unmarshal(r.Body, &params); err != nil {
			return Answer{Status: http.StatusBadRequest, Text: err.Error()}
		}
		reply, err := m.Complete(ctx, lm.Request{
			Messages: r.Messages, Params: params.Params, JSON: params.ResponseFormat.Type == "json_object",
		})
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
			NoUsage: reply.Usage.Unmeasured > 0,
		}
	}
}

// A Server speaks the OpenAI dialect on a local port. It is safe for
// concurrent use.
type Server struct {
	http    *httptest.Server
	respond Responder
	closing chan struct{}

	mu       sync.Mutex
	requests []Request
}

// NewServer starts a server that is closed when the test ends. A nil respond
// answers every request with an empty completion.
func NewServer(tb testing.TB, respond Responder) *Server {
	tb.Helper()
	if respond == nil {
		respond = Script()
	}
	s := &Server{respond: respond, closing: make(chan struct{})}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	tb.Cleanup(func() {
		close(s.closing)
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// URL is the base URL for clients; it ends in /v1.
func (s *Server) URL() string { return s.http.URL + "/v1" }

// Requests returns what the server was sent so far, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	if !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		http.NotFound(w, r)
		return
	}
	req := Request{Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone(), Body: body}
	var read struct {
		Model    string         `json:"model"`
		Messages []gepa.Message `json:"messages"`
	}
	if err := json.Unmarshal(body, &read); err != nil {
		send(w, Answer{Status: http.StatusBadRequest, Text: "the body is not JSON: " + err.Error()}, req)
		return
	}
	req.Model, req.Messages = read.Model, read.Messages
	s.mu.Lock()
	req.Number = len(s.requests)
	s.requests = append(s.requests, req)
	s.mu.Unlock()

	answer := s.respond(r.Context(), req)
	if answer.Hang {
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
		return
	}
	send(w, answer, req)
}

func send(w http.ResponseWriter, a Answer, req Request) {
	w.Header().Set("Content-Type", "application/json")
	maps.Copy(w.Header(), a.Header)
	body := a.Body
	switch {
	case body != "":
	case a.Status != 0:
		body = encode(gepa.NewFields("error", gepa.NewFields("message", a.Text, "type", "error", "code", a.Status)))
	default:
		body = completion(a, req)
	}
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	if !a.Truncate {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that went away is no failure
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body[:len(body)/2])
	_ = http.NewResponseController(w).Flush() // what cannot be flushed is cut off, too
	panic(http.ErrAbortHandler)
}

func completion(a Answer, req Request) string {
	finish := a.Finish
	if finish == "" {
		finish = "stop"
	}
	message := gepa.NewFields("role", "assistant", "content", a.Text)
	if a.Reasoning != "" {
		message = append(message, gepa.NewFields("reasoning_content", a.Reasoning)...)
	}
	out := gepa.NewFields(
		"id", fmt.Sprintf("chatcmpl-%d", req.Number),
		"object", "chat.completion",
		"created", 0,
		"model", req.Model,
		"choices", []gepa.Fields{gepa.NewFields("index", 0, "message", message, "finish_reason", finish)},
	)
	if !a.NoUsage {
		usage := gepa.NewFields(
			"prompt_tokens", a.InputTokens, "completion_tokens", a.OutputTokens,
			"total_tokens", a.InputTokens+a.OutputTokens)
		if a.Cost != nil {
			usage = append(usage, gepa.NewFields("cost", *a.Cost)...)
		}
		out = append(out, gepa.NewFields("usage", usage)...)
	}
	return encode(out)
}

func encode(f gepa.Fields) string {
	b, err := f.MarshalJSON()
	if err != nil {
		panic("lmtest: encode: " + err.Error()) // built from literals above
	}
	return string(b)
}
