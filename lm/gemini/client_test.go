package gemini_test

import (
	"log" //nolint:depguard // Google's library writes to it
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/gemini"
	"github.com/gepa-go/gepa/lm/lmtest"
)

func ask() lm.Request {
	return lm.Request{Messages: []lm.Message{{Role: "user", Content: "q"}}}
}

func TestWire(t *testing.T) {
	warm, topP, seed := 0.7, 0.9, int64(1)
	form := []byte(`{"type":"object","properties":{"b":{},"a":{}}}`)
	const user = `"contents":[{"parts":[{"text":"q"}],"role":"user"}]`
	effort := func(words string) lm.Request {
		r := ask()
		r.Params.ReasoningEffort = words
		return r
	}
	tests := []struct {
		name, model string
		req         lm.Request
		want        string
	}{
		{"nothing but what is needed", "gemini/gemini-2.5-flash", ask(), `{` + user + `,"generationConfig":{}}`},
		{"everything", "gemini/gemini-3-pro", lm.Request{
			Messages: []lm.Message{{Role: "system", Content: "s"}, {Role: "user", Content: "q"}},
			Params:   lm.Params{Temperature: &warm, TopP: &topP, MaxTokens: 99, Stop: []string{"END"}, Seed: &seed, ReasoningEffort: "low"},
			Schema:   &lm.Schema{JSON: form}},
			`{` + user + `,"generationConfig":{"stopSequences":["END"],"thinkingConfig":{"thinkingLevel":"LOW"},"temperature":0.7,"topP":0.9,"seed":1,"maxOutputTokens":99,` +
				`"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"b":{},"a":{}}}},"systemInstruction":{"parts":[{"text":"s"}],"role":"user"}}`},
		{"JSON", "gemini/gemini-2.5-flash", lm.Request{Messages: ask().Messages, JSON: true}, `{` + user + `,"generationConfig":{"responseMimeType":"application/json"}}`},
		{"JSON of a model that has no such mode", "gemini/gemma-3-27b-it", lm.Request{Messages: ask().Messages, JSON: true}, `{` + user + `,"generationConfig":{}}`},
		{"effort as a number", "gemini/gemini-2.5-pro", effort("medium"), `{` + user + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":8192}}}`},
		{"no thinking", "gemini/gemini-2.5-flash", effort("none"), `{` + user + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, nil)
			if _, err := open(t, tt.model, server.BaseURL(lmtest.Gemini)).Complete(t.Context(), tt.req); err != nil {
				t.Fatal(err)
			}
			got := server.Requests()[0]
			if diff := cmp.Diff(tt.want, string(got.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			_, model := lm.ParseName(tt.model)
			if got.Path != "/v1beta/models/"+model+":generateContent" || got.Query != "" || got.Key != testKey {
				t.Errorf("sent to %s?%s with %v", got.Path, got.Query, got.Header)
			}
		})
	}
}

func TestReply(t *testing.T) {
	body := func(rest string) lmtest.Answer {
		return lmtest.Answer{Body: `{"modelVersion":"m","usageMetadata":{"promptTokenCount":20,"cachedContentTokenCount":8,"candidatesTokenCount":5,"thoughtsTokenCount":30.0,"totalTokenCount":55},` + rest + `}`}
	}
	usage := lm.Usage{Calls: 1, InputTokens: 20, OutputTokens: 35, CacheReadTokens: 8, ReasoningTokens: 30, Cost: gepa.Cost{Unknown: 1}}
	candidate := func(parts, reason string) lmtest.Answer {
		return body(`"candidates":[{"content":{"parts":` + parts + `},"finishReason":"` + reason + `"}]`)
	}
	tests := []struct {
		name   string
		answer lmtest.Answer
		want   lm.Reply
	}{
		{"thoughts and two texts", candidate(`[{"text":"hm","thought":true},{"text":"a"},{"text":"b","thoughtSignature":"x"}]`, "STOP"), lm.Reply{Text: "ab", Reasoning: "hm", Finish: lm.FinishStop}},
		{"all tokens spent on thinking", body(`"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}]`), lm.Reply{Finish: lm.FinishLength}},
		{"recitation", candidate(`[{"text":"a"}]`, "RECITATION"), lm.Reply{Text: "a", Finish: lm.FinishFiltered}},
		{"prohibited", body(`"candidates":[{"finishReason":"PROHIBITED_CONTENT"}]`), lm.Reply{Finish: lm.FinishFiltered}},
		{"the prompt was blocked", body(`"promptFeedback":{"blockReason":"SAFETY"}`), lm.Reply{Finish: lm.FinishFiltered}},
		{"a broken tool call", candidate(`[]`, "MALFORMED_FUNCTION_CALL"), lm.Reply{Finish: lm.FinishTools}},
		{"no reason given", body(`"candidates":[{"content":{"parts":[{"text":"a"}]}}]`), lm.Reply{Text: "a", Finish: lm.FinishStop}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, lmtest.Script(tt.answer))
			got, err := open(t, "gemini/m", server.BaseURL(lmtest.Gemini)).Complete(t.Context(), ask())
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
	refusal := func(status int, words, details string) lmtest.Answer {
		return lmtest.Answer{Status: status, Body: `{"error":{"code":` + "0" + `,"message":"` + words + `","status":"X","details":[` + details + `]}}`}
	}
	tests := []struct {
		name   string
		answer lmtest.Answer
		kind   lm.Kind
		after  time.Duration
		says   string
	}{
		{"a wrong key has status 400", refusal(400, "API key not valid.", `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}`), lm.KindAuth, 0, "check the key in TEST_KEY"},
		{"a minute's quota", refusal(429, "quota", `{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}`), lm.KindRateLimited, 34500 * time.Millisecond, "quota"},
		{"a day's quota", refusal(429, "quota", `{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"3s"}`), lm.KindQuota, 3 * time.Second, "quota"},
		{"too long", refusal(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", ""), lm.KindTooLong, 0, "1200000"},
		{"an odd delay", refusal(429, "slow", `{"retryDelay":"soon"}`), lm.KindRateLimited, 0, "slow"},
		{"an error in a success", lmtest.Answer{Body: `{"error":{"code":503,"message":"upstream"}}`}, lm.KindOverloaded, 0, "upstream"},
		{"another thing", lmtest.Answer{Body: `[1]`}, lm.KindMalformed, 0, "not the JSON of generated content"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, lmtest.Script(tt.answer))
			_, err := open(t, "gemini/m", server.BaseURL(lmtest.Gemini)).Complete(t.Context(), ask())
			e := lm.AsError(err, "")
			if e == nil || e.Kind != tt.kind || e.RetryAfter != tt.after || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v (wait %s), want %s that says %q", err, e.RetryAfter, tt.kind, tt.says)
			}
		})
	}
}

func TestNew(t *testing.T) {
	tests := []struct {
		name   string
		config gemini.Config
		env    map[string]string
		base   string // expected, for success
		says   string // expected, for failure
	}{
		{"plain", gemini.Config{Model: "gemini/m"}, map[string]string{"GEMINI_API_KEY": testKey}, "https://generativelanguage.googleapis.com", ""},
		{"the other variable", gemini.Config{Model: "gemini/m"}, map[string]string{"GOOGLE_API_KEY": testKey}, "https://generativelanguage.googleapis.com", ""},
		{"a pasted version", gemini.Config{Model: "gemini/m", BaseURL: "https://h/v1beta/models/"}, map[string]string{"GEMINI_API_KEY": testKey}, "https://h", ""},
		{"no key", gemini.Config{Model: "gemini/m"}, nil, "", "GEMINI_API_KEY=…  (GOOGLE_API_KEY works, too)"},
		{"a key in the URL", gemini.Config{Model: "gemini/m", BaseURL: "https://h/?key=" + testKey}, nil, "", "keys belong in the environment"},
		{"another provider's", gemini.Config{Model: "google/m"}, nil, "", "want gemini/MODEL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Getenv = environment(tt.env)
			c, err := gemini.New(tt.config)
			if tt.says == "" {
				if err != nil || c.BaseURL() != tt.base || c.Name() != tt.config.Model {
					t.Fatalf("%v, want base URL %q", err, tt.base)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), testKey) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
		})
	}
}

// The first of the two variables counts, whatever the library thinks.
func TestEnvironmentIsOnlyOurs(t *testing.T) {
	t.Setenv("GOOGLE_API_KEY", "another-key-entirely")
	t.Setenv("GEMINI_API_KEY", testKey)
	t.Setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
	var logged strings.Builder
	before := log.Writer()
	log.SetOutput(&logged)
	t.Cleanup(func() { log.SetOutput(before) })
	server := lmtest.NewServer(t, nil)
	c, err := gemini.New(gemini.Config{Model: "gemini/m", BaseURL: server.BaseURL(lmtest.Gemini)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Complete(t.Context(), ask()); err != nil {
		t.Fatal(err)
	}
	if got := server.Requests()[0]; got.Key != testKey {
		t.Errorf("sent the key %q", got.Key)
	}
	log.Print("this is seen")
	if got := logged.String(); strings.Contains(got, "Warning") || !strings.Contains(got, "this is seen") {
		t.Errorf("logged %q", got)
	}
}
