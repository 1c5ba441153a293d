package wire_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/internal/wire"
)

func preset() wire.Preset {
	return wire.Preset{Name: "p", Example: "m", BaseURL: "http://h/v1", KeyVars: []string{"K"}, Endings: []string{"/chat"}, Found: "/chat", Like: "http://h"}
}

func open(t *testing.T) *wire.Endpoint {
	t.Helper()
	e, err := wire.Open(wire.Config{Model: "p/m", Getenv: func(string) string { return "zebra-77-crossing-42" }}, preset())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// Whatever a server sends as an error, it becomes a typed error of bounded
// length without the key.
func FuzzRefused(f *testing.F) {
	f.Add(400, `{"error":{"message":"no zebra-77-crossing-42","code":"x"}}`, "3")
	f.Add(429, `[{"error":{"details":[{"retryDelay":"34s","violations":[{"quotaId":"PerDay"}]}]}}]`, "-1")
	f.Add(0, `{"error":{"code":503}}`, "Wed, 21 Oct 2099 07:28:00 GMT")
	f.Add(500, strings.Repeat("zebra-77-crossing-42 ", 100), "NaN")
	f.Fuzz(func(t *testing.T, status int, body, wait string) {
		e := open(t)
		call := &wire.Call{Status: status, Header: http.Header{"Retry-After": {wait}}, Body: []byte(body)}
		reply, err := e.Refused(call, status, call.Body)
		if err == nil {
			if reply.Finish != lm.FinishFiltered || reply.Usage.Calls != 1 {
				t.Errorf("%+v", reply)
			}
			return
		}
		out := lm.AsError(err, "")
		if out.Kind == "" || out.Kind == lm.KindOther || out.RetryAfter < 0 || out.Usage.Calls != 1 {
			t.Errorf("%#v", out)
		}
		if strings.Contains(err.Error(), "zebra-77-crossing-42") || len(err.Error()) > 1200 {
			t.Errorf("%d bytes: %v", len(err.Error()), err)
		}
	})
}

func TestSplitSystem(t *testing.T) {
	message := func(role, content string) lm.Message { return lm.Message{Role: role, Content: content} }
	system, turns := wire.SplitSystem([]lm.Message{message("system", "a"), message("user", "q"), message("system", "b")})
	if system != "a\n\nb" || len(turns) != 1 || turns[0].Content != "q" {
		t.Errorf("%q, %v", system, turns)
	}
	if system, turns = wire.SplitSystem([]lm.Message{message("system", "a")}); system != "" || len(turns) != 1 {
		t.Errorf("%q, %v", system, turns)
	}
}

func TestRequestOutsideACall(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://h", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t).RoundTrip(req); err == nil { //nolint:bodyclose // there is no response
		t.Error("a request that no call made was sent")
	}
}

// nothing is a library that neither sends nor complains.
func nothing(context.Context) error { return nil }

func TestLibraryThatSendsNothing(t *testing.T) {
	_, err := open(t).Send(t.Context(), nil, nothing)
	if e := lm.AsError(err, ""); e.Kind != lm.KindBadRequest || e.Usage.Calls != 0 {
		t.Errorf("%v with %+v", err, e.Usage)
	}
}
