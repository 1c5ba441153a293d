package anthropic_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/anthropic"
	"github.com/gepa-go/gepa/lm/lmtest"
)

func ask() lm.Request {
	return lm.Request{Messages: []lm.Message{{Role: "user", Content: "q"}}}
}

func TestWire(t *testing.T) {
	cold, topP, seed := 0.0, 0.9, int64(1)
	form := []byte(`{"type":"object","properties":{"b":{},"a":{}}}`)
	const user = `"messages":[{"content":[{"text":"q","type":"text"}],"role":"user"}]`
	tests := []struct {
		name, model string
		req         lm.Request
		want        string
		ignored     []string
	}{
		{"nothing but what is needed", "anthropic/claude-sonnet-4-5", ask(),
			`{"max_tokens":8192,` + user + `,"model":"claude-sonnet-4-5"}`, nil},
		{"everything", "anthropic/claude-opus-4-5", lm.Request{
			Messages: []lm.Message{{Role: "system", Content: "s"}, {Role: "user", Content: "q"}, {Role: "system", Content: "t"}},
			Params:   lm.Params{Temperature: &cold, TopP: &topP, MaxTokens: 64000, Stop: []string{"END"}, Seed: &seed, ReasoningEffort: "low"},
			Schema:   &lm.Schema{Name: "form", JSON: form}, JSON: true},
			`{"max_tokens":64000,` + user + `,"model":"claude-opus-4-5","temperature":0,"top_p":0.9,"stop_sequences":["END"],"system":[{"text":"s\n\nt","type":"text"}],` +
				`"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object","properties":{"b":{},"a":{}}}}}}`, []string{"seed"}},
		{"a schema as a tool", "anthropic/claude-3-5-haiku-latest", lm.Request{Messages: ask().Messages, Schema: &lm.Schema{JSON: form}},
			`{"max_tokens":8192,` + user + `,"model":"claude-3-5-haiku-latest","tools":[{"name":"reply","description":"Give the reply in this form.","input_schema":{"type":"object","properties":{"b":{},"a":{}}}}],"tool_choice":{"type":"tool","name":"reply"}}`, nil},
		{"nothing but a system message", "anthropic/claude-haiku-4-5", lm.Request{Messages: []lm.Message{{Role: "system", Content: "q"}}},
			`{"max_tokens":8192,` + user + `,"model":"claude-haiku-4-5"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, nil)
			reply, err := open(t, tt.model, server.BaseURL(lmtest.Anthropic)).Complete(t.Context(), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			got := server.Requests()[0]
			if diff := cmp.Diff(tt.want, string(got.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if got.Path != "/v1/messages" || got.Query != "" || got.Header.Get("Anthropic-Version") == "" || got.Header.Get("Authorization") != "" {
				t.Errorf("sent to %s?%s with %v", got.Path, got.Query, got.Header)
			}
			if diff := cmp.Diff(tt.ignored, reply.Ignored); diff != "" {
				t.Errorf("ignored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReply(t *testing.T) {
	body := func(content, stop string) lmtest.Answer {
		return lmtest.Answer{Body: `{"type":"message","model":"m","content":` + content + `,"stop_reason":"` + stop + `","usage":{"input_tokens":5,"cache_read_input_tokens":20,"cache_creation_input_tokens":3,"output_tokens":7,"output_tokens_details":{"thinking_tokens":4}}}`}
	}
	usage := lm.Usage{Calls: 1, InputTokens: 28, OutputTokens: 7, CacheReadTokens: 20, CacheWriteTokens: 3, ReasoningTokens: 4, Cost: gepa.Cost{Unknown: 1}}
	tests := []struct {
		name   string
		answer lmtest.Answer
		want   lm.Reply
	}{
		{"thinking and two texts", body(`[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"redacted_thinking","data":"zz"},{"type":"text","text":"a"},{"type":"text","text":"b"}]`, "end_turn"),
			lm.Reply{Text: "ab", Reasoning: "hm", Finish: lm.FinishStop}},
		{"a stop sequence", body(`[{"type":"text","text":"a"}]`, "stop_sequence"), lm.Reply{Text: "a", Finish: lm.FinishStop}},
		{"the context is full", body(`[{"type":"text","text":"a"}]`, "model_context_window_exceeded"), lm.Reply{Text: "a", Finish: lm.FinishLength}},
		{"refused half-way", body(`[{"type":"text","text":"a"}]`, "refusal"), lm.Reply{Text: "a", Finish: lm.FinishFiltered}},
		{"paused", body(`[]`, "pause_turn"), lm.Reply{Finish: lm.FinishTools}},
		{"a block of the future", body(`[{"type":"hologram","x":1},{"type":"text","text":"a"}]`, "bliss"), lm.Reply{Text: "a", Finish: lm.FinishStop}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, lmtest.Script(tt.answer))
			got, err := open(t, "anthropic/m", server.BaseURL(lmtest.Anthropic)).Complete(t.Context(), ask())
			if err != nil {
				t.Fatal(err)
			}
			got.Latency, tt.want.Usage, tt.want.Model = 0, usage, "m"
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	refusal := func(status int, kind, words string) lmtest.Answer {
		return lmtest.Answer{Status: status, Body: `{"type":"error","error":{"type":"` + kind + `","message":"` + words + `"}}`}
	}
	wait := refusal(529, "overloaded_error", "Overloaded")
	wait.Header = http.Header{"Retry-After": {"3"}}
	tests := []struct {
		name   string
		answer lmtest.Answer
		kind   lm.Kind
		after  time.Duration
		says   string
	}{
		{"overloaded", wait, lm.KindOverloaded, 3 * time.Second, "HTTP 529): Overloaded"},
		{"no credit", refusal(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."), lm.KindQuota, 0, "credit balance"},
		{"billing", refusal(402, "billing_error", "pay"), lm.KindQuota, 0, "pay"},
		{"too large", refusal(413, "request_too_large", "Request exceeds the maximum size"), lm.KindTooLong, 0, "maximum size"},
		{"wrong key", refusal(401, "authentication_error", "invalid x-api-key"), lm.KindAuth, 0, "check the key in TEST_KEY"},
		{"unknown model", refusal(404, "not_found_error", "model: claude-9"), lm.KindNotFound, 0, "check the model's name"},
		{"an error in a success", lmtest.Answer{Body: `{"type":"error","error":{"type":"api_error","message":"upstream"}}`}, lm.KindOverloaded, 0, "upstream"},
		{"another thing", lmtest.Answer{Body: `[1]`}, lm.KindMalformed, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, lmtest.Script(tt.answer))
			_, err := open(t, "anthropic/m", server.BaseURL(lmtest.Anthropic)).Complete(t.Context(), ask())
			e := lm.AsError(err, "")
			if e == nil || e.Kind != tt.kind || e.RetryAfter != tt.after || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s that says %q", err, tt.kind, tt.says)
			}
		})
	}
}

// Newer models take one of temperature and top_p, or neither.
func TestParametersThatAModelDoesNotTake(t *testing.T) {
	warm, mass := 0.5, 0.9
	for words, ignored := range map[string][]string{
		"`temperature` is deprecated for this model.":                                        {"temperature"},
		"`temperature` and `top_p` cannot both be specified for this model. Please use one.": {"top_p"},
	} {
		refusal := lmtest.Answer{Status: 400, Text: words}
		server := lmtest.NewServer(t, lmtest.FailFirst(1, refusal, lmtest.Script(lmtest.Answer{Text: "ok"})))
		req := ask()
		req.Params = lm.Params{Temperature: &warm, TopP: &mass}
		reply, err := open(t, "anthropic/m", server.BaseURL(lmtest.Anthropic)).Complete(t.Context(), req)
		if err != nil || reply.Usage.Calls != 2 || !cmp.Equal(reply.Ignored, ignored) {
			t.Errorf("%s: ignored %v after %d calls, %v", words, reply.Ignored, reply.Usage.Calls, err)
		}
	}
}

func TestNew(t *testing.T) {
	key := map[string]string{"ANTHROPIC_API_KEY": testKey}
	tests := []struct {
		name   string
		config anthropic.Config
		env    map[string]string
		base   string // expected, for success
		says   string // expected, for failure
	}{
		{"plain", anthropic.Config{Model: "anthropic/m"}, key, "https://api.anthropic.com", ""},
		{"a pasted endpoint", anthropic.Config{Model: "anthropic/m", BaseURL: "https://h/x/v1/messages"}, key, "https://h/x", ""},
		{"a pasted version", anthropic.Config{Model: "anthropic/m", BaseURL: "https://h/v1/"}, key, "https://h", ""},
		{"from the environment", anthropic.Config{Model: "anthropic/m"}, map[string]string{"ANTHROPIC_API_KEY": testKey, "ANTHROPIC_BASE_URL": "http://h"}, "http://h", ""},
		{"no key", anthropic.Config{Model: "anthropic/m"}, nil, "", "set the environment variable ANTHROPIC_API_KEY"},
		{"another provider's", anthropic.Config{Model: "openai/m"}, key, "", `want anthropic/MODEL, for instance "anthropic/claude-sonnet-4-5"`},
		{"no model", anthropic.Config{Model: "anthropic/"}, key, "", "want anthropic/MODEL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Getenv = environment(tt.env)
			c, err := anthropic.New(tt.config)
			if tt.says == "" {
				if err != nil || c.BaseURL() != tt.base || c.Name() != tt.config.Model {
					t.Fatalf("%v, want base URL %q", err, tt.base)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
		})
	}
}

// The library reads nothing of the environment behind our back.
func TestEnvironmentIsOnlyOurs(t *testing.T) {
	t.Setenv("ANTHROPIC_API_KEY", "another-key-entirely")
	t.Setenv("ANTHROPIC_AUTH_TOKEN", "a-token")
	t.Setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Odd: 1")
	server := lmtest.NewServer(t, nil)
	if _, err := open(t, "anthropic/m", server.BaseURL(lmtest.Anthropic)).Complete(t.Context(), ask()); err != nil {
		t.Fatal(err)
	}
	if h := server.Requests()[0].Header; h.Get("X-Api-Key") != testKey || h.Get("Authorization") != "" || h.Get("X-Odd") != "" {
		t.Errorf("sent %v", h)
	}
}

func TestSupports(t *testing.T) {
	for model, native := range map[string]bool{
		"claude-3-5-sonnet-20241022": false, "claude-3-opus-latest": false, "claude-2.1": false, "claude-instant-1.2": false,
		"claude-sonnet-4-20250514": false, "claude-opus-4-0": false, "claude-sonnet-4": false,
		"claude-opus-4-1": true, "claude-sonnet-4-5": true, "claude-haiku-4-5-20251001": true, "claude-opus-5": true,
	} {
		c := open(t, "anthropic/"+model, "http://h")
		if got := c.Supports(lm.FeatureSchema); got != native {
			t.Errorf("%s: Supports(schema) = %v", model, got)
		}
		if !c.Supports(lm.FeatureTool) || c.Supports(lm.FeatureSeed) || c.Supports(lm.FeatureJSON) {
			t.Errorf("%s: tool %v, seed %v", model, c.Supports(lm.FeatureTool), c.Supports(lm.FeatureSeed))
		}
	}
}
