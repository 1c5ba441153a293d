//go:build unix

package rollout_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/rollout"
	"github.com/gepa-go/gepa/rollout/rollouttest"
)

func webhook(t *testing.T, h http.Handler, opts rollout.WebhookOptions) *rollout.Webhook {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	if opts.Client == nil {
		opts.Client = server.Client()
		opts.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	opts.URL = server.URL
	w, err := rollout.NewWebhook(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWebhookConforms(t *testing.T) {
	rollouttest.Exercise(t, rollouttest.Subject{
		System: webhook(t, rollout.Handler(echo{}, rollout.ServeOptions{Secret: "s3cret"}),
			rollout.WebhookOptions{Secret: "s3cret", Concurrency: 3}),
		Examples: []gepa.Example{example("1", "q", "one"), example("2", "q", "two")},
		Echo:     "a",
		Failing:  new(example("panic", "do", "panic")),
		Broken:   new(example("down", "do", "down")),
		Slow:     new(example("slow", "do", "slow")),
	})
}

// answers is a service that gives a list of answers, and then the last again.
type answers struct {
	list []string // "status", "status body" or "status header: value"
	mu   sync.Mutex
	seen []*http.Request
	body []string
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	a.mu.Lock()
	n := len(a.seen)
	a.seen, a.body = append(a.seen, r), append(a.body, string(body))
	a.mu.Unlock()
	status, rest, _ := strings.Cut(a.list[min(n, len(a.list)-1)], " ")
	if status == "hangup" {
		panic(http.ErrAbortHandler)
	}
	code, err := strconv.Atoi(status)
	if err != nil {
		panic(err)
	}
	if name, value, ok := strings.Cut(rest, ": "); ok && !strings.HasPrefix(rest, "{") {
		w.Header().Set(name, value)
		rest = ""
	}
	w.WriteHeader(code)
	_, _ = io.WriteString(w, strings.ReplaceAll(rest, "ID", r.Header.Get("Idempotency-Key")))
}

func TestWebhookAnswers(t *testing.T) {
	good := `200 {"type":"reply","id":"ID","score":0.5}`
	for _, c := range []struct {
		name    string
		list    []string
		posts   int
		problem string
		err     string
		fatal   bool
	}{
		{"good", []string{good}, 1, "", "", false},
		{"busy, broken, cut off, late, not JSON, good", []string{"429 Retry-After: 0", "503", "hangup", "408", "200 <html>", good}, 6, "", "", false},
		{"down", []string{"502 out to lunch"}, 6, "", "status 502 Bad Gateway: out to lunch", false},
		{"busy for ever", []string{"429 Retry-After: 0"}, 6, "", "status 429", false},
		{"no key", []string{"401 who are you"}, 1, "", "status 401 Unauthorized: who are you", true},
		{"not implemented", []string{"501"}, 1, "", "status 501", true},
		{"elsewhere", []string{"307 Location: https://example.org/"}, 1, "", "give the address it names (https://example.org/)", true},
		{"another's reply", []string{`200 {"type":"reply","id":"x","score":1}`}, 1, "the answer is no reply to the request", "", false},
		{"no reply", []string{`200 {"score":1}`}, 1, "the answer is no reply to the request", "", false},
		{"wrong type", []string{`200 {"type":"reply","id":"ID","score":"1"}`}, 1, `field "score" is a JSON string`, "", false},
		{"too much", []string{`200 ` + strings.Repeat(" ", 17<<20)}, 1, "", "the answer has more than", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := &answers{list: c.list}
			w := webhook(t, service, rollout.WebhookOptions{
				Components: echoComponents, Attempts: 6, Header: http.Header{"authorization": {"Bearer x"}},
				Pause: time.Millisecond,
			})
			r, err := w.Run(t.Context(), do(""))
			switch {
			case c.err != "":
				if err == nil || !strings.Contains(err.Error(), c.err) || gepa.IsFatal(err) != c.fatal {
					t.Errorf("got %v (fatal: %v), want %q (fatal: %v)", err, gepa.IsFatal(err), c.err, c.fatal)
				}
			case err != nil:
				t.Error(err)
			case !strings.Contains(r.Problem, c.problem) || c.problem == "" && (r.Problem != "" || r.Score != 0.5):
				t.Errorf("got %+v, want the problem %q", r, c.problem)
			}
			if len(service.seen) != c.posts {
				t.Errorf("%d posts, want %d", len(service.seen), c.posts)
			}
			for i, r := range service.seen {
				if r.Header.Get("Authorization") != "Bearer x" || r.Header.Get("Idempotency-Key") != service.seen[0].Header.Get("Idempotency-Key") || service.body[i] != service.body[0] {
					t.Errorf("post %d differs from the first: %v", i, r.Header)
				}
			}
		})
	}
}

func TestWebhookOptions(t *testing.T) {
	for _, c := range []struct {
		opts rollout.WebhookOptions
		want string
	}{
		{rollout.WebhookOptions{}, "begins with http:// or https://"},
		{rollout.WebhookOptions{URL: "ftp://x/"}, "begins with http:// or https://"},
		{rollout.WebhookOptions{URL: "http://x/", Attempts: -1}, "is negative"},
		{rollout.WebhookOptions{URL: "http://x/", Components: []gepa.Component{{}}}, "component 0 has no name"},
	} {
		if _, err := rollout.NewWebhook(t.Context(), c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// Nothing that may be secret in an address is in an error.
func TestWebhookErrorsKeepSecrets(t *testing.T) {
	_, err := rollout.NewWebhook(t.Context(), rollout.WebhookOptions{URL: "http://user:hunter2@127.0.0.1:1/path?key=hunter2", Attempts: 1})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "127.0.0.1:1/path") {
		t.Errorf("got %v", err)
	}
}

func TestWebhookSecrets(t *testing.T) {
	server := httptest.NewServer(rollout.Handler(echo{}, rollout.ServeOptions{Secret: "right"}))
	defer server.Close()
	for secret, want := range map[string]string{"right": "", "wrong": "status 401", "": "status 401"} {
		_, err := rollout.NewWebhook(t.Context(), rollout.WebhookOptions{URL: server.URL, Secret: secret, Client: server.Client()})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("secret %q: got %v, want %q", secret, err, want)
		}
	}
}

func TestVerify(t *testing.T) {
	// Computed with: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
	const signature = "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
	header := func(timestamp, sig string) http.Header {
		return http.Header{"Gepa-Timestamp": {timestamp}, "Gepa-Signature": {sig}}
	}
	at := time.Unix(1700000000, 0)
	for _, c := range []struct {
		name   string
		header http.Header
		body   string
		now    time.Time
		want   string
	}{
		{"right", header("1700000000", signature), `{"a":1}`, at.Add(time.Minute), ""},
		{"among others", header("1700000000", "v2=x, "+signature), `{"a":1}`, at, ""},
		{"another body", header("1700000000", signature), `{"a":2}`, at, "does not fit"},
		{"another time", header("1700000001", signature), `{"a":1}`, at, "does not fit"},
		{"old", header("1700000000", signature), `{"a":1}`, at.Add(6 * time.Minute), "signed 6m0s ago"},
		{"from the future", header("1700000000", signature), `{"a":1}`, at.Add(-6 * time.Minute), "signed -6m0s ago"},
		{"no time", http.Header{"Gepa-Signature": {signature}}, `{"a":1}`, at, `Gepa-Timestamp is ""`},
		{"nothing", header("1700000000", ""), `{"a":1}`, at, "does not fit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := rollout.Verify("secret", c.header, []byte(c.body), c.now)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestHandlerRefuses(t *testing.T) {
	h := rollout.Handler(echo{}, rollout.ServeOptions{})
	for _, c := range []struct {
		method, body string
		want         int
	}{
		{http.MethodGet, "", http.StatusMethodNotAllowed},
		{http.MethodPost, "?", http.StatusBadRequest},
		{http.MethodPost, `{"type":"reply"}`, http.StatusBadRequest},
		{http.MethodPost, strings.Repeat(" ", 17<<20), http.StatusRequestEntityTooLarge},
		{http.MethodPost, `{"type":"rollout","id":7}`, http.StatusOK}, // with an error in the reply
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(c.method, "/", strings.NewReader(c.body)))
		if rec.Code != c.want {
			t.Errorf("%s %.20q: status %d, want %d", c.method, c.body, rec.Code, c.want)
		}
		if c.want == http.StatusOK && !strings.Contains(rec.Body.String(), "the request cannot be read") {
			t.Errorf("got %s", rec.Body)
		}
	}
}

// No more requests are under way than the options allow.
func TestWebhookConcurrency(t *testing.T) {
	var now, most atomic.Int64
	release := make(chan struct{})
	inner := rollout.Handler(echo{}, rollout.ServeOptions{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-release
		inner.ServeHTTP(w, r)
	})
	w := webhook(t, h, rollout.WebhookOptions{Components: echoComponents, Concurrency: 2})
	errs := make(chan error)
	for i := range 6 {
		go func() {
			_, err := w.Run(t.Context(), do("", "q", fmt.Sprint(i)))
			errs <- err
		}()
	}
	within(t, "two requests did not come", func() bool { return now.Load() == 2 })
	// One that waits for its turn can be given up.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Run(ctx, do("")); err == nil {
		t.Error("an ended context got a rollout")
	}
	close(release)
	for range 6 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 2 {
		t.Errorf("%d requests at once, want 2", most.Load())
	}
}
