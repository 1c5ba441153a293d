package openai_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testKey has no form that a pattern could know.
const testKey = "zebra-77-crossing-42"

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// client returns a client of the server under a provider's name.
func client(t *testing.T, server *lmtest.Server, model string) *openai.Client {
	t.Helper()
	c, err := openai.New(openai.Config{
		Model: model, BaseURL: server.URL(), KeyVar: "TEST_KEY", MaxReplyBytes: 1 << 16,
		Getenv: environment(map[string]string{"TEST_KEY": testKey}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func ask(content string) lm.Request {
	return lm.Request{Messages: []lm.Message{{Role: "user", Content: content}}}
}

func TestWire(t *testing.T) {
	zero, warm, topP, seed := 0.0, 0.7, 0.95, int64(7)
	messages := []lm.Message{{Role: "system", Content: "be <brief> & kind"}, {Role: "user", Content: ""}}
	const wireMessages = `"messages":[{"role":"system","content":"be <brief> & kind"},{"role":"user","content":""}]`
	tests := []struct {
		name, model string
		req         lm.Request
		want        string
	}{
		{"temperature 0 is sent", "openai/gpt-4.1-mini", lm.Request{Messages: messages, Params: lm.Params{Temperature: &zero}},
			`{"model":"gpt-4.1-mini",` + wireMessages + `,"stream":false,"temperature":0}`},
		{"nothing is sent that was not asked for", "groq/llama", lm.Request{Messages: messages, Repeat: 3},
			`{"model":"llama",` + wireMessages + `,"stream":false}`},
		{"all parameters", "openai-compatible/my/model", lm.Request{Messages: messages, JSON: true, Params: lm.Params{
			Temperature: &warm, TopP: &topP, MaxTokens: 99, Stop: []string{"END"}, Seed: &seed, ReasoningEffort: "low"}},
			`{"model":"my/model",` + wireMessages + `,"max_tokens":99,"stream":false,"stop":["END"],"response_format":{"type":"json_object"},"seed":7,"reasoning_effort":"low","temperature":0.7,"top_p":0.95}`},
		{"openrouter reports costs when asked", "openrouter/google/gemini-2.5-flash-lite", lm.Request{Messages: messages},
			`{"model":"google/gemini-2.5-flash-lite",` + wireMessages + `,"stream":false,"usage":{"include":true}}`},
		{"openai's reasoning models", "openai/o3-mini", lm.Request{Messages: messages, Params: lm.Params{MaxTokens: 50, Temperature: &warm}},
			`{"model":"o3-mini",` + wireMessages + `,"max_completion_tokens":50,"stream":false,"temperature":0.7}`},
		{"gpt-5", "openai/gpt-5-mini", lm.Request{Messages: messages, Params: lm.Params{MaxTokens: 50}},
			`{"model":"gpt-5-mini",` + wireMessages + `,"max_completion_tokens":50,"stream":false}`},
		{"gpt-4o", "openai/gpt-4o", lm.Request{Messages: messages, Params: lm.Params{MaxTokens: 50}},
			`{"model":"gpt-4o",` + wireMessages + `,"max_tokens":50,"stream":false}`},
		{"a reasoning model elsewhere", "openrouter/openai/o3", lm.Request{Messages: messages, Params: lm.Params{MaxTokens: 50}},
			`{"model":"openai/o3",` + wireMessages + `,"max_tokens":50,"stream":false,"usage":{"include":true}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, nil)
			c := client(t, server, tt.model)
			if _, err := c.Complete(t.Context(), tt.req); err != nil {
				t.Fatal(err)
			}
			got := server.Requests()[0]
			if diff := cmp.Diff(tt.want, string(got.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if got.Header.Get("Authorization") != "Bearer "+testKey || got.Path != "/v1/chat/completions" {
				t.Errorf("sent to %s with %q", got.Path, got.Header.Get("Authorization"))
			}
			if c.Name() != tt.model {
				t.Errorf("Name() = %q", c.Name())
			}
		})
	}
}

func TestReply(t *testing.T) {
	cost := 0.000123
	known := lm.Usage{Calls: 1, InputTokens: 5, OutputTokens: 7, Cost: gepa.Cost{Nanos: 123_000}}
	unknown := lm.Usage{Calls: 1, Unmeasured: 1, Cost: gepa.Cost{Unknown: 1}}
	body := func(choice string) lmtest.Answer {
		return lmtest.Answer{Body: `{"model":"m","created":1.5,"choices":[` + choice + `]}`}
	}
	tests := []struct {
		name, model string
		answer      lmtest.Answer
		want        lm.Reply
	}{
		{"plain, with the provider's cost", "openrouter/m", lmtest.Answer{Text: "hi", Reasoning: "hm", InputTokens: 5, OutputTokens: 7, Cost: &cost},
			lm.Reply{Text: "hi", Reasoning: "hm", Finish: lm.FinishStop, Usage: known, Model: "m"}},
		{"no cost reported", "openai/m", lmtest.Answer{Text: "hi", InputTokens: 5, OutputTokens: 7},
			lm.Reply{Text: "hi", Finish: lm.FinishStop, Usage: lm.Usage{Calls: 1, InputTokens: 5, OutputTokens: 7, Cost: gepa.Cost{Unknown: 1}}, Model: "m"}},
		{"no usage reported", "openai/m", lmtest.Answer{Text: "hi", NoUsage: true}, lm.Reply{Text: "hi", Finish: lm.FinishStop, Usage: unknown, Model: "m"}},
		{"local calls cost nothing", "ollama/m", lmtest.Answer{Text: "hi", InputTokens: 5}, lm.Reply{Text: "hi", Finish: lm.FinishStop, Usage: lm.Usage{Calls: 1, InputTokens: 5}, Model: "m"}},
		{"local without usage", "vllm/m", lmtest.Answer{Text: "hi", NoUsage: true}, lm.Reply{Text: "hi", Finish: lm.FinishStop, Usage: lm.Usage{Calls: 1, Unmeasured: 1}, Model: "m"}},
		{"cut off", "openai/m", lmtest.Answer{Text: "h", Finish: "length", NoUsage: true}, lm.Reply{Text: "h", Finish: lm.FinishLength, Usage: unknown, Model: "m"}},
		{"filtered", "openai/m", lmtest.Answer{Finish: "content_filter", NoUsage: true}, lm.Reply{Finish: lm.FinishFiltered, Usage: unknown, Model: "m"}},
		{"tool call, null content", "openai/m", body(`{"message":{"content":null,"tool_calls":[{}]},"finish_reason":"tool_calls"}`),
			lm.Reply{Finish: lm.FinishTools, Usage: unknown, Model: "m"}},
		{"a list of parts", "mistral/m", body(`{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"a"},{"type":"text","text":"b"}]}}`),
			lm.Reply{Text: "ab", Reasoning: "hm", Finish: lm.FinishStop, Usage: unknown, Model: "m"}},
		{"reasoning as OpenRouter names it", "openrouter/m", body(`{"message":{"content":"a","reasoning":"hm"},"finish_reason":"eos"}`),
			lm.Reply{Text: "a", Reasoning: "hm", Finish: lm.FinishStop, Usage: unknown, Model: "m"}},
		{"refusal", "openai/m", body(`{"message":{"content":null,"refusal":"I cannot"},"finish_reason":"stop"}`),
			lm.Reply{Text: "I cannot", Finish: lm.FinishFiltered, Usage: unknown, Model: "m"}},
		{"filtered by an error", "openai/m", lmtest.Answer{Status: 400, Body: `{"error":{"message":"no","code":"content_filter"}}`},
			lm.Reply{Finish: lm.FinishFiltered, Usage: lm.Usage{Calls: 1}, Model: "m"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := client(t, lmtest.NewServer(t, lmtest.Script(tt.answer)), tt.model).Complete(t.Context(), ask("q"))
			if err != nil {
				t.Fatal(err)
			}
			if got.Latency <= 0 {
				t.Error("no latency")
			}
			got.Latency = 0
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	charged := lm.Usage{Calls: 1, Unmeasured: 1, Cost: gepa.Cost{Unknown: 1}}
	free := lm.Usage{Calls: 1}
	header := func(kv ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(kv); i += 2 {
			h.Set(kv[i], kv[i+1])
		}
		return h
	}
	tests := []struct {
		name   string
		answer lmtest.Answer
		kind   lm.Kind
		status int
		after  time.Duration
		usage  lm.Usage
		says   string
	}{
		{"wrong key, echoed", lmtest.Answer{Status: 401, Text: "Incorrect API key provided: " + testKey + " or Bearer " + testKey}, lm.KindAuth, 401, 0, free, "Incorrect API key provided: [redacted]"},
		{"forbidden", lmtest.Answer{Status: 403, Text: "no"}, lm.KindAuth, 403, 0, free, "check the key in"},
		{"no credit", lmtest.Answer{Status: 402, Text: "top up"}, lm.KindQuota, 402, 0, free, "top up"},
		{"no quota", lmtest.Answer{Status: 429, Body: `{"error":{"message":"exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`}, lm.KindQuota, 429, 0, free, "current quota"},
		{"unknown model", lmtest.Answer{Status: 404, Text: "The model `m` does not exist"}, lm.KindNotFound, 404, 0, free, "check the model's name"},
		{"bad parameter", lmtest.Answer{Status: 400, Text: "Unsupported value: temperature"}, lm.KindBadRequest, 400, 0, free, "Unsupported value: temperature"},
		{"too long", lmtest.Answer{Status: 400, Body: `{"error":{"message":"too big","code":"context_length_exceeded"}}`}, lm.KindTooLong, 400, 0, free, "too big"},
		{"rate limited", lmtest.Answer{Status: 429, Text: "slow", Header: header("Retry-After", "7")}, lm.KindRateLimited, 429, 7 * time.Second, free, "slow"},
		{"tokens a minute", lmtest.Answer{Status: 429, Text: "too many tokens", Header: header("Retry-After", "7", "Retry-After-Ms", "1500")}, lm.KindRateLimited, 429, 1500 * time.Millisecond, free, "tokens"},
		{"server error", lmtest.Answer{Status: 500, Text: "oops"}, lm.KindOverloaded, 500, 0, free, "oops"},
		{"overloaded, as a page", lmtest.Answer{Status: 503, Body: "<html>busy</html>"}, lm.KindOverloaded, 503, 0, free, "busy"},
		{"request timeout", lmtest.Answer{Status: 408, Text: "t"}, lm.KindTimeout, 408, 0, free, "t"},
		{"redirect", lmtest.Answer{Status: 308, Header: header("Location", "https://else.test/v1?key=abcdef")}, lm.KindNotFound, 308, 0, free, "redirected to https://else.test/v1?key=[redacted]"},
		{"error inside a success", lmtest.Answer{Body: `{"error":{"message":"upstream","code":429}}`}, lm.KindRateLimited, 429, 0, free, "upstream"},
		{"error inside a choice", lmtest.Answer{Body: `{"choices":[{"error":{"message":"died","code":502},"finish_reason":"error","message":{"content":"ha"}}]}`}, lm.KindOverloaded, 502, 0, free, "died"},
		{"error as text", lmtest.Answer{Status: 404, Body: `{"error":"model not found, try pulling it first"}`}, lm.KindNotFound, 404, 0, free, "try pulling"},
		{"error with a detail", lmtest.Answer{Status: 422, Body: `{"detail":[{"msg":"field required"}]}`}, lm.KindBadRequest, 422, 0, free, "field required"},
		{"error in a list", lmtest.Answer{Status: 400, Body: `[{"error":{"message":"listed","code":400}}]`}, lm.KindBadRequest, 400, 0, free, "listed"},
		{"error with the words of a third party", lmtest.Answer{Status: 400, Body: `{"error":{"message":"Provider returned error","metadata":{"raw":"bad thing"}}}`}, lm.KindBadRequest, 400, 0, free, "bad thing"},
		{"long words are cut", lmtest.Answer{Status: 400, Text: strings.Repeat("é", 2000)}, lm.KindBadRequest, 400, 0, free, "é…"},
		{"web page", lmtest.Answer{Body: "<!doctype html><html>", Header: header("Content-Type", "text/html; charset=utf-8")}, lm.KindNotFound, 200, 0, free, "should look like http://localhost:8000/v1"},
		{"web page for 404", lmtest.Answer{Status: 404, Body: "<html>", Header: header("Content-Type", "text/html")}, lm.KindNotFound, 404, 0, free, "should look like http://localhost:8000/v1"},
		{"not JSON", lmtest.Answer{Body: "hello"}, lm.KindMalformed, 200, 0, charged, "not JSON, or cut off: hello"},
		{"no choices", lmtest.Answer{Body: `{"choices":[],"usage":{"prompt_tokens":3,"cost":0.5}}`}, lm.KindMalformed, 200, 0, lm.Usage{Calls: 1, InputTokens: 3, Cost: gepa.Cost{Nanos: 5e8}}, "no choices"},
		{"no message", lmtest.Answer{Body: `{"choices":[{}]}`}, lm.KindMalformed, 200, 0, charged, "no message"},
		{"odd content", lmtest.Answer{Body: `{"choices":[{"message":{"content":7}}]}`}, lm.KindMalformed, 200, 0, charged, "content"},
		{"broken off", lmtest.Answer{Text: strings.Repeat("long ", 100), Truncate: true}, lm.KindConnection, 200, 0, charged, "broke"},
		{"huge", lmtest.Answer{Text: strings.Repeat("x", 1<<17)}, lm.KindMalformed, 200, 0, charged, "larger than 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, lmtest.Script(tt.answer))
			_, err := client(t, server, "openai/m").Complete(t.Context(), ask("q"))
			e, ok := errors.AsType[*lm.Error](err)
			if !ok {
				t.Fatalf("got %v, want an *lm.Error", err)
			}
			if e.Kind != tt.kind || e.Status != tt.status || e.RetryAfter != tt.after || e.Model != "openai/m" {
				t.Errorf("got %q, status %d, after %s, model %q: %v", e.Kind, e.Status, e.RetryAfter, e.Model, err)
			}
			if diff := cmp.Diff(tt.usage, e.Usage); diff != "" {
				t.Errorf("usage (-want +got):\n%s", diff)
			}
			text := fmt.Sprintf("%v %+v %#v", err, err, *e)
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error does not say %q: %v", tt.says, err)
			}
			if strings.Contains(text, testKey) {
				t.Errorf("the key is in the error: %s", text)
			}
			if len(err.Error()) > 900 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
			if n := len(server.Requests()); n != 1 {
				t.Errorf("%d requests, want one: retries are not this package's business", n)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	server := lmtest.NewServer(t, nil)
	c, err := openai.New(openai.Config{Model: "ollama/m", BaseURL: "http://127.0.0.1:1/v1", Getenv: environment(nil)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Complete(t.Context(), ask("q"))
	e := lm.AsError(err, "")
	if e.Kind != lm.KindConnection || e.Usage.Calls != 0 || !strings.Contains(err.Error(), "is the server running") {
		t.Errorf("got %v with usage %+v", err, e.Usage)
	}
	if _, err := client(t, server, "openai/m").Complete(t.Context(), lm.Request{}); lm.AsError(err, "").Kind != lm.KindBadRequest {
		t.Errorf("a request without messages: %v", err)
	}
}

func TestCancelReturnsAtOnce(t *testing.T) {
	arrived := make(chan struct{}, 1)
	server := lmtest.NewServer(t, func(context.Context, lmtest.Request) lmtest.Answer {
		arrived <- struct{}{}
		return lmtest.Answer{Hang: true}
	})
	c := client(t, server, "openai/m")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := c.Complete(ctx, ask("q"))
	e := lm.AsError(err, "")
	if !errors.Is(err, context.Canceled) || e.Kind != lm.KindCancelled || e.Usage.Unmeasured != 1 {
		t.Errorf("got %v with usage %+v", err, e.Usage)
	}
	limited := lm.Timeout(c, 20*time.Millisecond)
	if _, err := limited.Complete(t.Context(), ask("q")); lm.AsError(err, "").Kind != lm.KindTimeout {
		t.Errorf("got %v, want a timeout", err)
	}
	impatient, err := openai.New(openai.Config{
		Model: "vllm/m", BaseURL: server.URL(), Getenv: environment(nil), HTTPClient: &http.Client{Timeout: 20 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = impatient.Close() })
	<-arrived
	_, err = impatient.Complete(t.Context(), ask("q"))
	if lm.AsError(err, "").Kind != lm.KindTimeout || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a timeout that is not the context's", err)
	}
}

func TestRetriesThroughTheWire(t *testing.T) {
	fail := lmtest.Answer{Status: 429, Text: "slow", Header: http.Header{"Retry-After-Ms": {"2"}}}
	server := lmtest.NewServer(t, lmtest.FailFirst(3, fail, lmtest.Script(lmtest.Answer{Text: "ok", InputTokens: 1})))
	model := lm.Retry(client(t, server, "openai/m"), lm.RetryOptions{})
	reply, err := model.Complete(t.Context(), ask("q"))
	if err != nil || reply.Text != "ok" || reply.Usage.Calls != 4 || len(server.Requests()) != 4 {
		t.Errorf("%q, %v, %d calls, %d requests", reply.Text, err, reply.Usage.Calls, len(server.Requests()))
	}
}

func TestServerFromModel(t *testing.T) {
	boom := lm.Func(func(_ context.Context, r lm.Request) (lm.Reply, error) {
		if r.Messages[0].Content == "boom" {
			return lm.Reply{}, errors.New("went wrong")
		}
		return lm.Reply{Text: fmt.Sprint(r.Messages[0].Content, *r.Params.Temperature, r.JSON), Finish: lm.FinishFiltered, Usage: lm.Usage{InputTokens: 3}}, nil
	})
	c := client(t, lmtest.NewServer(t, lmtest.FromModel(boom)), "openai/m")
	req, cold := ask("x"), 0.0
	req.Params.Temperature, req.JSON = &cold, true
	reply, err := c.Complete(t.Context(), req)
	if err != nil || reply.Text != "x0 true" || reply.Finish != lm.FinishFiltered || reply.Usage.InputTokens != 3 {
		t.Errorf("%+v, %v", reply, err)
	}
	if _, err := c.Complete(t.Context(), ask("boom")); err == nil || !strings.Contains(err.Error(), "went wrong") {
		t.Errorf("got %v", err)
	}
}

func TestNew(t *testing.T) {
	tests := []struct {
		name   string
		config openai.Config
		env    map[string]string
		base   string // expected, for success
		says   string // expected, for failure
	}{
		{"openai", openai.Config{Model: "openai/gpt-4o"}, map[string]string{"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1", ""},
		{"openai elsewhere", openai.Config{Model: "openai/gpt-4o"}, map[string]string{"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1/"}, "http://h/v1", ""},
		{"openrouter by the seed's variable", openai.Config{Model: "openrouter/a/b"}, map[string]string{"OPEN_ROUTER_KEY": "k"}, "https://openrouter.ai/api/v1", ""},
		{"ollama without a key", openai.Config{Model: "ollama_chat/a"}, nil, "http://localhost:11434/v1", ""},
		{"ollama as LiteLLM has it", openai.Config{Model: "ollama/a"}, map[string]string{"OLLAMA_API_BASE": "http://box:11434/"}, "http://box:11434/v1", ""},
		{"ollama under a path", openai.Config{Model: "ollama/a", BaseURL: "http://box/ollama/v1"}, nil, "http://box/ollama/v1", ""},
		{"the whole endpoint pasted", openai.Config{Model: "openai-compatible/a", BaseURL: "https://h/x/v1/chat/completions"}, nil, "https://h/x/v1", ""},
		{"no key", openai.Config{Model: "openai/gpt-4o"}, nil, "", "set the environment variable OPENAI_API_KEY"},
		{"no key, two names", openai.Config{Model: "openrouter/a/b"}, map[string]string{"OPENROUTER_API_KEY": " "}, "", "OPENROUTER_API_KEY=…  (OPEN_ROUTER_KEY works, too)"},
		{"named variable not set", openai.Config{Model: "ollama/a", KeyVar: "MINE"}, nil, "", "MINE"},
		{"broken key", openai.Config{Model: "openai/a"}, map[string]string{"OPENAI_API_KEY": testKey + "\n" + testKey}, "", "copy it again"},
		{"no provider", openai.Config{Model: "gpt-4o"}, nil, "", "want provider/model"},
		{"no model", openai.Config{Model: "openai/"}, nil, "", "want provider/model"},
		{"unknown provider", openai.Config{Model: "opnai/a"}, nil, "", `unknown provider "opnai"; known are azure, cerebras, deepseek`},
		{"no base URL", openai.Config{Model: "openai-compatible/a"}, nil, "", "no base URL"},
		{"base URL without scheme", openai.Config{Model: "ollama/a", BaseURL: "localhost:11434"}, nil, "", "http://"},
		{"base URL with a password", openai.Config{Model: "ollama/a", BaseURL: "http://u:" + testKey + "@h/v1"}, nil, "", "keys belong in the environment"},
		{"base URL unreadable", openai.Config{Model: "ollama/a", BaseURL: "http://h:" + testKey + "/v1"}, nil, "", "not a URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Getenv = environment(tt.env)
			c, err := openai.New(tt.config)
			if tt.says == "" {
				if err != nil || c.BaseURL() != tt.base {
					t.Fatalf("%v, want base URL %q", err, tt.base)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), testKey) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
			if strings.Contains(tt.says, "environment variable") && !gepa.IsFatal(err) {
				t.Error("a missing key is not fatal")
			}
		})
	}
}

func TestProvidersAreComplete(t *testing.T) {
	for _, p := range openai.Providers() {
		if len(p.KeyVars) == 0 || (p.BaseURL == "") != (p.Name == "openai-compatible" || p.Name == "azure") {
			t.Errorf("%+v", p)
		}
		if found, ok := openai.FindProvider(p.Name); !ok || found.BaseURL != p.BaseURL {
			t.Errorf("%s is not found", p.Name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(200, `{"choices":[{"message":{"content":"a"}}]}`)
	f.Add(500, `[{"error":{"code":"x"}}]`)
	f.Add(200, `{"error":{"code":429},"usage":{"prompt_tokens":1e300,"cost":-1}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 200 + abs(status)%400
		c, err := openai.New(openai.Config{Model: "openai/m", BaseURL: "http://h/v1", Getenv: func(string) string { return testKey }, HTTPClient: &http.Client{Transport: canned{status, body}}})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := c.Complete(t.Context(), ask("q"))
		if err == nil {
			if u := reply.Usage; u.Calls != 1 || u.InputTokens < 0 || u.OutputTokens < 0 || u.Cost.Nanos < 0 || reply.Finish == "" {
				t.Errorf("%+v", reply)
			}
			return
		}
		e := lm.AsError(err, "")
		if e.Kind == lm.KindOther || e.Kind == "" || e.Usage.Calls != 1 || strings.Contains(err.Error(), testKey) {
			t.Errorf("%#v", e)
		}
	})
}

// canned answers every request with the same response.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := &http.Response{StatusCode: c.status, Header: http.Header{}, Body: http.NoBody, Request: req}
	rec.Body = readCloser{strings.NewReader(c.body)}
	return rec, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func abs(n int) int { return int(uint(n) >> 1) }
