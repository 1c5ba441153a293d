package lmtest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/lmtest"
)

// Google's library links OpenCensus, which starts a goroutine when the program
// does and never ends it.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// post sends a body and returns the status and what could be read of the
// response.
func post(t *testing.T, url, body string) (int, string, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

const question = `{"model":"m","messages":[{"role":"user","content":"q"}],"temperature":0.5}`

func TestServer(t *testing.T) {
	cost := 0.5
	model := lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		return lm.Reply{Text: "said", Finish: lm.FinishLength, Usage: lm.Usage{Unmeasured: 1}}, nil
	})
	tests := []struct {
		name    string
		respond lmtest.Responder
		path    string
		body    string
		status  int
		says    string
		broken  bool
	}{
		{"nothing told", nil, "/chat/completions", question, 200, `"content":""`, false},
		{"an empty script", lmtest.Script(), "/chat/completions", question, 200, `"finish_reason":"stop"`, false},
		{"everything", lmtest.Script(lmtest.Answer{Text: "t", Reasoning: "r", Finish: "length", InputTokens: 1, OutputTokens: 2, Cost: &cost}), "/chat/completions", question, 200,
			`"message":{"role":"assistant","content":"t","reasoning_content":"r"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.5}`, false},
		{"a status", lmtest.Script(lmtest.Answer{Status: 418, Text: "tea"}), "/chat/completions", question, 418, `{"error":{"message":"tea","type":"error","code":418}}`, false},
		{"a body", lmtest.Script(lmtest.Answer{Body: "<html>"}), "/chat/completions", question, 200, "<html>", false},
		{"cut", lmtest.Script(lmtest.Answer{Text: "t", Truncate: true}), "/chat/completions", question, 200, `{"id":`, true},
		{"a model", lmtest.FromModel(model), "/chat/completions", question, 200, `"content":"said"},"finish_reason":"length"}]}`, false},
		{"wrong path", nil, "/completions", question, 404, "not found", false},
		{"no JSON", nil, "/chat/completions", "hello", 400, "not JSON", false},
		{"wrong parameters", lmtest.FromModel(model), "/chat/completions", `{"model":"m","temperature":"hot"}`, 400, "temperature", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lmtest.NewServer(t, tt.respond)
			status, body, err := post(t, server.URL()+tt.path, tt.body)
			if status != tt.status || !strings.Contains(body, tt.says) || (err != nil) != tt.broken {
				t.Errorf("%d %s %v, want %d with %s", status, body, err, tt.status, tt.says)
			}
		})
	}
}

func TestServerRemembersAndCounts(t *testing.T) {
	fail := lmtest.Answer{Status: 500, Header: http.Header{"Retry-After": {"1"}}}
	server := lmtest.NewServer(t, lmtest.FailFirst(1, fail, lmtest.Script(lmtest.Answer{Text: "a"}, lmtest.Answer{Text: "b"})))
	for i, want := range []int{500, 200, 200} {
		if status, _, err := post(t, server.URL()+"/chat/completions", question); status != want || err != nil {
			t.Errorf("request %d: %d, %v; want %d", i, status, err, want)
		}
	}
	got := server.Requests()
	if len(got) != 3 || got[2].Number != 2 || got[2].Model != "m" || got[2].Messages[0].Content != "q" || string(got[2].Body) != question {
		t.Errorf("%+v", got)
	}
}

func TestHangingServerCloses(t *testing.T) {
	arrived := make(chan struct{})
	done := make(chan error, 1)
	t.Run("server", func(t *testing.T) {
		server := lmtest.NewServer(t, func(context.Context, lmtest.Request) lmtest.Answer {
			close(arrived)
			return lmtest.Answer{Hang: true}
		})
		go func() {
			_, _, err := post(t, server.URL()+"/chat/completions", question)
			done <- err
		}()
		<-arrived
	})
	if err := <-done; err == nil {
		t.Error("a hanging request got an answer")
	}
}
