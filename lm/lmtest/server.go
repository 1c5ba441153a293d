// Package lmtest helps to test what talks to language models: an HTTP server
// that speaks the dialects of OpenAI, Anthropic and Gemini, answers what a test
// tells it to, fails in the ways that providers do, remembers what it was sent
// and counts what it served; and a suite, [Exercise], that any [lm.Model] behind
// such a server can be put through.
package lmtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Tally is what a server counted.
type Tally struct {
	// Requests arrived; Replies of them got a complete completion.
	Requests, Replies int64
	// InputTokens and OutputTokens are those that the client was told of.
	InputTokens, OutputTokens int64
	// LostInputTokens and LostOutputTokens are those of completions that were
	// spoiled or broken off on their way: spent, but nobody was told.
	LostInputTokens, LostOutputTokens int64
}

// A Server speaks all dialects on a local port. It is safe for concurrent use.
type Server struct {
	http    *httptest.Server
	respond Responder
	closing chan struct{}

	mu       sync.Mutex
	requests []Request
	tally    Tally
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

// URL is the base URL for clients of OpenAI's dialect; it ends in /v1.
func (s *Server) URL() string { return s.BaseURL(OpenAI) }

// BaseURL is the base URL for clients of a dialect.
func (s *Server) BaseURL(d Dialect) string {
	if d == OpenAI {
		return s.http.URL + "/v1"
	}
	return s.http.URL
}

// Requests returns what the server was sent so far, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Tally returns what the server counted so far.
func (s *Server) Tally() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tally
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	dialect, ok := dialectOf(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	req := Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Header: r.Header.Clone(), Body: body, Dialect: dialect,
	}
	if err := req.read(); err != nil {
		send(r.Context(), w, Answer{Status: http.StatusBadRequest, Text: err.Error()}, req)
		return
	}
	s.mu.Lock()
	req.Number = len(s.requests)
	s.requests = append(s.requests, req)
	s.tally.Requests++
	s.mu.Unlock()

	answer := s.respond(r.Context(), req)
	if answer.Hang {
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
		panic(http.ErrAbortHandler) // returning would answer
	}
	// Counted before it is sent: whoever got the reply finds it counted.
	s.count(answer)
	send(r.Context(), w, answer, req)
}

func (s *Server) count(a Answer) {
	if a.Status != 0 || a.Reset || a.Body != "" {
		return
	}
	input, output := int64(a.InputTokens), int64(a.OutputTokens)
	if a.NoUsage {
		input, output = 0, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Truncate || a.HalfJSON || a.Pad > 0 || a.Trickle > 0 {
		s.tally.LostInputTokens += input
		s.tally.LostOutputTokens += output
		return
	}
	if !a.NoChoices {
		s.tally.Replies++
	}
	s.tally.InputTokens += input
	s.tally.OutputTokens += output
}

// send answers a request. A client that went away is no failure.
func send(ctx context.Context, w http.ResponseWriter, a Answer, req Request) {
	if a.Reset {
		reset(w)
	}
	w.Header().Set("Content-Type", "application/json")
	maps.Copy(w.Header(), a.Header)
	body := a.body(req)
	if a.HalfJSON {
		body = body[:len(body)/2]
	}
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	if a.Truncate {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body[:len(body)/2])
		_ = http.NewResponseController(w).Flush() // what cannot be flushed is cut off, too
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	if a.Trickle > 0 {
		trickle(ctx, w, body, a.Trickle)
		return
	}
	const block = 1 << 16
	space := bytes.Repeat([]byte{' '}, min(a.Pad, block))
	for left := a.Pad; left > 0; left -= block {
		if _, err := w.Write(space[:min(left, block)]); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, body)
}

// reset breaks the connection at once, so that the client sees a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection ends quietly, which is as bad
	}
	_ = conn.Close()
	panic(http.ErrAbortHandler)
}

func trickle(ctx context.Context, w http.ResponseWriter, body string, pause time.Duration) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for b := range strings.SplitSeq(body, "") {
		_, _ = io.WriteString(w, b)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
