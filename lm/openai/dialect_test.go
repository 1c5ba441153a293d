package openai_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/openai"
)

func TestUsageDetails(t *testing.T) {
	const choice = `"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]`
	unknown := gepa.Cost{Unknown: 1}
	tests := []struct {
		name, model, usage string
		want               lm.Usage
	}{
		{"cached and reasoning", "openai/m", `{"prompt_tokens":100,"completion_tokens":40,"total_tokens":140,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":30}}`,
			lm.Usage{InputTokens: 100, OutputTokens: 40, CacheReadTokens: 64, ReasoningTokens: 30, Cost: unknown}},
		{"details that are null", "openai/m", `{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":null}`,
			lm.Usage{InputTokens: 1, OutputTokens: 2, Cost: unknown}},
		{"DeepSeek's cache", "deepseek/m", `{"prompt_tokens":100,"completion_tokens":2,"prompt_cache_hit_tokens":80,"prompt_cache_miss_tokens":20}`,
			lm.Usage{InputTokens: 100, OutputTokens: 2, CacheReadTokens: 80, Cost: unknown}},
		{"xAI counts reasoning apart", "xai/m", `{"prompt_tokens":10,"completion_tokens":5,"total_tokens":35,"completion_tokens_details":{"reasoning_tokens":20}}`,
			lm.Usage{InputTokens: 10, OutputTokens: 25, ReasoningTokens: 20, Cost: unknown}},
		{"OpenRouter's cost and cache", "openrouter/m", `{"prompt_tokens":10,"completion_tokens":5,"cost":0.25,"prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":4}}`,
			lm.Usage{InputTokens: 10, OutputTokens: 5, CacheReadTokens: 3, CacheWriteTokens: 4, Cost: gepa.Cost{Nanos: 25e7}}},
		{"OpenRouter with the user's own key", "openrouter/m", `{"prompt_tokens":10,"completion_tokens":5,"cost":0.25,"is_byok":true,"cost_details":{"upstream_inference_cost":0.5}}`,
			lm.Usage{InputTokens: 10, OutputTokens: 5, Cost: gepa.Cost{Nanos: 75e7}}},
		{"a free model", "openrouter/m", `{"prompt_tokens":10,"completion_tokens":5,"cost":0}`,
			lm.Usage{InputTokens: 10, OutputTokens: 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, lmtest.Script(lmtest.Answer{Body: `{` + choice + `,"usage":` + tt.usage + `}`}))
			reply, err := client(t, server, tt.model).Complete(t.Context(), ask("q"))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Calls = 1
			if diff := cmp.Diff(tt.want, reply.Usage); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A parameter that the model refuses is left out from then on, and that is
// said; any other refusal stays one.
func TestParametersThatAModelDoesNotTake(t *testing.T) {
	refuse := func(param, words string) lmtest.Answer {
		return lmtest.Answer{Status: 400, Body: `{"error":{"message":"` + words + `","type":"invalid_request_error","param":"` + param + `","code":"unsupported_value"}}`}
	}
	ok := lmtest.Answer{Text: "ok"}
	warm, topP, seed := 0.7, 0.5, int64(3)
	all := lm.Params{Temperature: &warm, TopP: &topP, Seed: &seed, MaxTokens: 9}
	tests := []struct {
		name    string
		answers []lmtest.Answer
		ignored []string
		sent    []string // in the last request
		unsent  []string
		calls   int64
		says    string
	}{
		{"temperature", []lmtest.Answer{refuse("temperature", "Unsupported value: 'temperature' does not support 0.7 with this model."), ok},
			[]string{"temperature"}, []string{`"top_p":0.5`, `"max_tokens":9`}, []string{`"temperature"`}, 2, ""},
		{"named in the text only", []lmtest.Answer{{Status: 422, Body: `{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}]}`}, ok},
			[]string{"seed"}, []string{`"temperature":0.7`}, []string{`"seed"`}, 2, ""},
		{"one after the other", []lmtest.Answer{refuse("temperature", "not supported"), refuse("top_p", "not supported"), ok},
			[]string{"temperature", "top_p"}, []string{`"seed":3`}, []string{`"temperature"`, `"top_p"`}, 3, ""},
		{"max_tokens has a new name", []lmtest.Answer{refuse("max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."), ok},
			nil, []string{`"max_completion_tokens":9`}, []string{`"max_tokens"`}, 2, ""},
		{"neither name", []lmtest.Answer{refuse("max_tokens", "not supported")}, nil, nil, nil, 2, "not supported"},
		{"out of range", []lmtest.Answer{refuse("temperature", "temperature must be at most 2")}, nil, nil, nil, 1, "at most 2"},
		{"a parameter that was not sent", []lmtest.Answer{refuse("stream", "not supported")}, nil, nil, nil, 1, "not supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, lmtest.Script(tt.answers...))
			c := client(t, server, "azure/deployment")
			req := ask("q")
			req.Params = all
			reply, err := c.Complete(t.Context(), req)
			usage := reply.Usage
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) || !gepa.IsFatal(err) {
					t.Fatalf("got %v, want %q", err, tt.says)
				}
				usage = gepa.UsageOf(err)
			} else if err != nil {
				t.Fatal(err)
			}
			if usage.Calls != tt.calls || server.Tally().Requests != tt.calls {
				t.Errorf("%d calls, the server counted %d, want %d", usage.Calls, server.Tally().Requests, tt.calls)
			}
			if diff := cmp.Diff(tt.ignored, reply.Ignored); diff != "" {
				t.Errorf("ignored (-want +got):\n%s", diff)
			}
			if tt.says != "" {
				return
			}
			// It is remembered: the next call is right at once.
			if _, err := c.Complete(t.Context(), req); err != nil || server.Tally().Requests != tt.calls+1 {
				t.Errorf("%v after %d requests", err, server.Tally().Requests)
			}
			requests := server.Requests()
			body := string(requests[len(requests)-1].Body)
			for _, s := range tt.sent {
				if !strings.Contains(body, s) {
					t.Errorf("%s was not sent: %s", s, body)
				}
			}
			for _, s := range tt.unsent {
				if strings.Contains(body, s+":") {
					t.Errorf("%s was sent: %s", s, body)
				}
			}
		})
	}
}

func TestSchemaOnTheWire(t *testing.T) {
	req := ask("q")
	req.JSON = true // the schema says more
	req.Schema = &lm.Schema{JSON: []byte(`{"type":"object","properties":{"b":{},"a":{}}}`), Strict: true}
	tests := []struct {
		model  string
		native bool
		want   string
	}{
		{"openai/gpt-4.1", true, `"response_format":{"type":"json_schema","json_schema":{"name":"reply","strict":true,"schema":{"type":"object","properties":{"b":{},"a":{}}}}}`},
		{"openai/gpt-4-turbo", false, `"tools":[{"type":"function","function":{"name":"reply","description":"Give the reply in this form.","parameters":{"type":"object","properties":{"b":{},"a":{}}}}}],"tool_choice":{"type":"function","function":{"name":"reply"}}`},
		{"deepseek/deepseek-chat", false, `"tool_choice":{"type":"function","function":{"name":"reply"}}`},
	}
	for _, tt := range tests {
		server := lmtest.NewServer(t, lmtest.Script(lmtest.Answer{Text: `{"b":1}`}))
		c := client(t, server, tt.model)
		reply, err := c.Complete(t.Context(), req)
		if err != nil || reply.Text != `{"b":1}` || reply.Finish != lm.FinishStop {
			t.Errorf("%s: %+v, %v", tt.model, reply, err)
		}
		if body := string(server.Requests()[0].Body); !strings.Contains(body, tt.want) || strings.Contains(body, "json_object") {
			t.Errorf("%s: sent %s\nwant %s", tt.model, body, tt.want)
		}
		if got := c.Supports(lm.FeatureSchema); got != tt.native || !c.Supports(lm.FeatureTool) || !c.Supports(lm.FeatureJSON) {
			t.Errorf("%s: Supports(schema) = %v", tt.model, got)
		}
	}
}

func TestAzure(t *testing.T) {
	tests := []struct {
		name, base, version string
		env                 map[string]string
		path, query         string
	}{
		{"the resource's URL", "", "", nil, "/openai/deployments/my-model/chat/completions", "api-version=2024-10-21"},
		{"a version", "/", "2025-01-01-preview", nil, "/openai/deployments/my-model/chat/completions", "api-version=2025-01-01-preview"},
		{"a version from the environment", "", "", map[string]string{"AZURE_API_VERSION": "2024-06-01"}, "/openai/deployments/my-model/chat/completions", "api-version=2024-06-01"},
		{"the deployment's URL pasted", "/openai/deployments/other/chat/completions", "", nil, "/openai/deployments/other/chat/completions", "api-version=2024-10-21"},
		{"Azure's v1", "/openai/v1/", "", nil, "/openai/v1/chat/completions", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, nil)
			env := map[string]string{"AZURE_API_KEY": testKey, "AZURE_API_BASE": server.BaseURL(lmtest.Anthropic) + tt.base}
			maps.Copy(env, tt.env)
			c, err := openai.New(openai.Config{Model: "azure/my-model", APIVersion: tt.version, Getenv: environment(env)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if _, err := c.Complete(t.Context(), ask("q")); err != nil {
				t.Fatal(err)
			}
			got := server.Requests()[0]
			if got.Path != tt.path || got.Query != tt.query {
				t.Errorf("sent to %s?%s, want %s?%s", got.Path, got.Query, tt.path, tt.query)
			}
			if got.Header.Get("Api-Key") != testKey || got.Header.Get("Authorization") != "" {
				t.Errorf("header %v", got.Header)
			}
		})
	}
	_, err := openai.New(openai.Config{Model: "azure/m", Getenv: environment(map[string]string{"AZURE_API_KEY": testKey})})
	if err == nil || !strings.Contains(err.Error(), "https://RESOURCE.openai.azure.com") {
		t.Errorf("without a base URL: %v", err)
	}
}
