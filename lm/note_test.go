package lm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// chained returns a whole chain around a model that answers in turn with
// replies and errors.
func chained(t *testing.T, answers ...any) lm.Model {
	t.Helper()
	var mu sync.Mutex
	m := lm.Named("x/m", lm.Func(func(ctx context.Context, _ lm.Request) (lm.Reply, error) {
		mu.Lock()
		next := answers[0]
		answers = answers[1:]
		mu.Unlock()
		switch a := next.(type) {
		case lm.Reply:
			return a, nil
		case error:
			return lm.Reply{}, a
		default: // hang
			<-ctx.Done()
			return lm.Reply{}, ctx.Err()
		}
	}))
	chain, err := lm.Chain(m, lm.ChainOptions{
		Cache:    lm.NewCache(&memory{}, nil),
		Purse:    lm.NewPurse(lm.Caps{Nanos: 1e12}),
		Limiter:  lm.NewLimiter(lm.LimiterOptions{Start: 1}),
		Timeout:  time.Minute,
		Spending: lm.Spending{Price: &lm.Price{Input: 1_000_000, Output: 1_000_000}, MaxTokens: 100},
	})
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

// tape is a recorder of notes.
type tape struct {
	mu    sync.Mutex
	lines []string
}

func (n *tape) note(_ context.Context, note lm.Note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	parts := []string{note.Part}
	for _, a := range note.Attrs {
		parts = append(parts, a.String())
	}
	n.lines = append(n.lines, strings.Join(parts, " "))
}

// Every part of the chain tells what it did for a call.
func TestNotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := lm.Reply{Text: "x", Finish: lm.FinishStop, Usage: lm.Usage{Calls: 1, InputTokens: 10, OutputTokens: 5, Cost: gepa.Cost{Unknown: 1}}}
		m := chained(t, &lm.Error{Kind: lm.KindRateLimited, Status: 429, RetryAfter: time.Second, Usage: lm.Usage{Calls: 1}}, "hang", good)
		var first, outer, second tape
		ctx := lm.WithNotes(lm.WithNotes(t.Context(), outer.note), first.note)
		if _, err := m.Complete(ctx, ask("q")); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(first.lines, "\n")
		at := 0
		for _, want := range []string{
			"limit waited=0s limit=1",
			"budget reserved_nano_usd=", // the refused attempt
			"retry attempt=1 error=rate limited status=429 wait=1",
			"limit waited=",
			"timeout limit=1m0s",
			"budget reserved_nano_usd=",
			"retry attempt=2 error=timed out status=0 wait=",
			"price by=table cost_nano_usd=15000",
			"settled_nano_usd=15000 settled_tokens=15",
			"cache result=miss kept=true",
		} {
			found := strings.Index(got[at:], want)
			if found < 0 {
				t.Fatalf("no %q (in that order) in\n%s", want, got)
			}
			at += found
		}
		if diff := cmp.Diff(first.lines, outer.lines); diff != "" {
			t.Errorf("who listened before hears less: %s", diff)
		}
		if _, err := m.Complete(lm.WithNotes(t.Context(), second.note), ask("q")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"cache result=hit kept=true"}, second.lines); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRememberForms(t *testing.T) {
	var sent int
	refusal := &lm.Error{Kind: lm.KindBadRequest, Words: "no", Usage: lm.Usage{Calls: 1}}
	m := lm.RememberForms(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		sent++
		return lm.Reply{}, refusal
	}))
	one := lm.Request{Messages: ask("q").Messages, Schema: &lm.Schema{JSON: json.RawMessage(`{"a":1}`)}}
	other := lm.Request{Messages: ask("q").Messages, Schema: &lm.Schema{JSON: json.RawMessage(`{"b":1}`)}}
	plainJSON := lm.Request{Messages: ask("q").Messages, JSON: true}
	wrapped := lm.Timeout(m, time.Hour)
	lm.RefuseForm(wrapped, one, refusal)
	lm.RefuseForm(wrapped, ask("q"), refusal) // asks for no form: nothing to remember
	lm.RefuseForm(lm.Func(nil), one, refusal) // has no memory
	var notes tape
	for _, tt := range []struct {
		req  lm.Request
		sent bool
	}{{one, false}, {other, true}, {plainJSON, true}, {ask("q"), true}} {
		before := sent
		_, err := m.Complete(lm.WithNotes(t.Context(), notes.note), tt.req)
		e := lm.AsError(err, "")
		if (sent > before) != tt.sent || e.Words != "no" || (e.Usage.Calls == 1) != tt.sent {
			t.Errorf("%+v: sent %d, error %+v", tt.req, sent-before, e)
		}
	}
	if diff := cmp.Diff([]string{"forms refused=schema"}, notes.lines); diff != "" {
		t.Error(diff)
	}
	lm.RefuseForm(m, plainJSON, refusal)
	if _, err := m.Complete(lm.WithNotes(t.Context(), notes.note), plainJSON); gepa.UsageOf(err) != (lm.Usage{}) || notes.lines[len(notes.lines)-1] != "forms refused=json" {
		t.Errorf("%v, notes %q", err, notes.lines)
	}
	if refusal.Usage.Calls != 1 {
		t.Error("the caller's error was changed")
	}
}

func TestLogged(t *testing.T) {
	var out bytes.Buffer
	at := slog.LevelDebug
	logger := func() *slog.Logger {
		return slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: at}))
	}
	bad := &lm.Error{Kind: lm.KindAuth, Model: "x/m", Words: "who are you", Usage: lm.Usage{Calls: 1}}
	again := &lm.Error{Kind: lm.KindOverloaded, Status: 503, RetryAfter: time.Microsecond}
	good := lm.Reply{Text: "secret words", Finish: lm.FinishStop, Ignored: []string{"seed"}, Usage: lm.Usage{Calls: 1, InputTokens: 3}}
	m := lm.Logged(chained(t, again, again, good, bad), logger())
	if _, err := m.Complete(t.Context(), ask("my question")); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Complete(t.Context(), ask("other")); !errors.Is(err, bad) && lm.AsError(err, "").Kind != lm.KindAuth {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), &out)
	}
	var entry struct {
		Msg, Model, Finish string
		Calls              int
		Input              int `json:"input_tokens"`
		Ignored            []string
		Retry              struct{ Attempt int }
		Second             struct{ Attempt int } `json:"retry_2"`
		Cache              struct{ Result string }
	}
	if err := json.Unmarshal([]byte(lines[0]), &entry); err != nil {
		t.Fatal(err)
	}
	if entry.Msg != "model call" || entry.Model != "x/m" || entry.Finish != "stop" || entry.Calls != 1 || entry.Input != 3 ||
		len(entry.Ignored) != 1 || entry.Retry.Attempt != 1 || entry.Second.Attempt != 2 || entry.Cache.Result != "miss" {
		t.Errorf("logged %+v from %s", entry, lines[0])
	}
	if !strings.Contains(lines[1], "who are you") || strings.Contains(out.String(), "my question") || strings.Contains(out.String(), "secret words") {
		t.Errorf("logged:\n%s", &out)
	}
	at = slog.LevelInfo
	quiet := lm.Logged(chained(t, good), logger())
	out.Reset()
	if _, err := quiet.Complete(t.Context(), ask("q")); err != nil || out.Len() > 0 {
		t.Errorf("%v, logged %s", err, &out)
	}
}
