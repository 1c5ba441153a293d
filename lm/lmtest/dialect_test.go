package lmtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/anthropic"
	"github.com/gepa-go/gepa/lm/gemini"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/openai"
)

func key(string) string { return "zebra-77-crossing-42" }

// behind returns a model behind a server, by the dialect it speaks.
func behind(t *testing.T, server *lmtest.Server, d lmtest.Dialect) lm.Model {
	t.Helper()
	var (
		m interface {
			lm.Model
			Close() error
		}
		err error
	)
	switch d {
	case lmtest.OpenAI:
		m, err = openai.New(openai.Config{Model: "openai/m", BaseURL: server.BaseURL(d), Getenv: key})
	case lmtest.Anthropic:
		m, err = anthropic.New(anthropic.Config{Model: "anthropic/claude-3-haiku", BaseURL: server.BaseURL(d), Getenv: key})
	case lmtest.Gemini:
		m, err = gemini.New(gemini.Config{Model: "gemini/m", BaseURL: server.BaseURL(d), Getenv: key})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func dialects() []lmtest.Dialect {
	return []lmtest.Dialect{lmtest.OpenAI, lmtest.Anthropic, lmtest.Gemini}
}

// A model behind a server says what it says without one, in every dialect.
func TestFromModelThroughTheWire(t *testing.T) {
	schema := &lm.Schema{Name: "form", JSON: []byte(`{"type":"object"}`)}
	replies := []lm.Reply{
		{Text: "a", Reasoning: "hm", Finish: lm.FinishStop, Usage: lm.Usage{InputTokens: 9, OutputTokens: 5, CacheReadTokens: 4, ReasoningTokens: 2}},
		{Text: "cut", Finish: lm.FinishLength, Usage: lm.Usage{InputTokens: 9}},
		{Text: "fil", Finish: lm.FinishFiltered, Usage: lm.Usage{Unmeasured: 1}},
		{Text: `{"x":1}`, Finish: lm.FinishStop, Usage: lm.Usage{InputTokens: 9}},
	}
	for _, d := range dialects() {
		t.Run(string(d), func(t *testing.T) {
			var got lm.Request
			next := 0
			model := lm.Func(func(_ context.Context, r lm.Request) (lm.Reply, error) {
				got = r
				if next == len(replies) {
					return lm.Reply{}, errors.New("no more")
				}
				next++
				return replies[next-1], nil
			})
			m := behind(t, lmtest.NewServer(t, lmtest.FromModel(model)), d)
			for i, want := range replies {
				req := lm.Request{Messages: []lm.Message{{Role: "system", Content: "s"}, {Role: "user", Content: "q"}}}
				if i == 3 {
					req.Schema = schema
				}
				reply, err := m.Complete(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				want.Model, want.Latency, want.Usage.Calls, want.Usage.Cost = reply.Model, reply.Latency, 1, reply.Usage.Cost
				if diff := cmp.Diff(want, reply); diff != "" {
					t.Errorf("reply %d (-want +got):\n%s", i, diff)
				}
				if !cmp.Equal(got.Messages, req.Messages) || (got.Schema == nil) != (req.Schema == nil) {
					t.Errorf("request %d arrived as %+v", i, got)
				}
			}
			if _, err := m.Complete(t.Context(), lm.Request{Messages: []lm.Message{{Role: "user", Content: "q"}}}); lm.AsError(err, "").Kind != lm.KindOverloaded {
				t.Errorf("a failing model: %v", err)
			}
		})
	}
}

func TestTally(t *testing.T) {
	spent := lmtest.Answer{Text: "some text", InputTokens: 10, OutputTokens: 3}
	lost, refused, silent, choiceless := spent, spent, spent, spent
	lost.HalfJSON, refused.Status, silent.NoUsage, choiceless.NoChoices = true, 503, true, true
	server := lmtest.NewServer(t, lmtest.Script(spent, lost, refused, silent, choiceless, spent))
	m := behind(t, server, lmtest.OpenAI)
	var usage lm.Usage
	for range 6 {
		reply, err := m.Complete(t.Context(), lm.Request{Messages: []lm.Message{{Role: "user", Content: "q"}}})
		if err != nil {
			usage = usage.Add(lm.AsError(err, "").Usage)
		}
		usage = usage.Add(reply.Usage)
	}
	want := lmtest.Tally{Requests: 6, Replies: 3, InputTokens: 30, OutputTokens: 9, LostInputTokens: 10, LostOutputTokens: 3}
	if got := server.Tally(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if usage.Calls != want.Requests || usage.InputTokens != want.InputTokens || usage.Unmeasured != 2 {
		t.Errorf("the client counts %+v", usage)
	}
}

func TestExercise(t *testing.T) {
	lmtest.Exercise(t, func(baseURL string) lm.Model {
		m, err := openai.New(openai.Config{Model: "openai/m", BaseURL: baseURL, Getenv: key})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}, lmtest.OpenAI)
}

func TestBodiesThatAreNone(t *testing.T) {
	for d, path := range map[lmtest.Dialect]string{
		lmtest.OpenAI: "/chat/completions", lmtest.Anthropic: "/v1/messages", lmtest.Gemini: "/v1beta/models/m:generateContent",
	} {
		server := lmtest.NewServer(t, nil)
		if status, body, err := post(t, server.BaseURL(d)+path, "hello"); status != 400 || err != nil {
			t.Errorf("%s: %d, %s, %v", d, status, body, err)
		}
		if n := server.Tally().Requests; n != 0 {
			t.Errorf("%s: %d requests were counted", d, n)
		}
	}
}
