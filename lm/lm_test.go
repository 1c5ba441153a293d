package lm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

func TestParseName(t *testing.T) {
	for name, want := range map[string][2]string{
		"openrouter/google/gemini-2.5-flash-lite": {"openrouter", "google/gemini-2.5-flash-lite"},
		"openai/gpt-4.1":  {"openai", "gpt-4.1"},
		" ollama/llama3 ": {"ollama", "llama3"},
		"sim":             {"", "sim"},
		"openai/":         {"openai", ""},
		"/x":              {"", "x"},
		"":                {"", ""},
	} {
		provider, model := lm.ParseName(name)
		if got := [2]string{provider, model}; got != want {
			t.Errorf("ParseName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	cause := errors.New("cause")
	tests := []struct {
		kind             lm.Kind
		fatal, temporary bool
	}{
		{lm.KindAuth, true, false},
		{lm.KindQuota, true, false},
		{lm.KindBadRequest, true, false},
		{lm.KindNotFound, true, false},
		{lm.KindTooLong, false, false},
		{lm.KindRateLimited, false, true},
		{lm.KindOverloaded, false, true},
		{lm.KindTimeout, false, true},
		{lm.KindConnection, false, true},
		{lm.KindMalformed, false, true},
		{lm.KindCancelled, false, false},
		{lm.KindOther, false, false},
	}
	for _, tt := range tests {
		for _, inner := range []error{nil, cause} {
			err := fmt.Errorf("wrapped: %w", &lm.Error{Kind: tt.kind, Err: inner})
			if got := gepa.IsFatal(err); got != tt.fatal {
				t.Errorf("%s with cause %v: IsFatal = %v, want %v", tt.kind, inner, got, tt.fatal)
			}
			if got := lm.AsError(err, "").Temporary(); got != tt.temporary {
				t.Errorf("%s: Temporary = %v, want %v", tt.kind, got, tt.temporary)
			}
			if inner != nil && !errors.Is(err, cause) {
				t.Errorf("%s: the cause is lost", tt.kind)
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		err  lm.Error
		want string
	}{
		{lm.Error{Kind: lm.KindOther}, "failed"},
		{lm.Error{Kind: lm.KindConnection, Model: "openai/x", Err: errors.New("refused")}, "openai/x: connection failed: refused"},
		{
			lm.Error{Kind: lm.KindRateLimited, Model: "openai/x", Status: 429, Attempts: 3, Words: "slow down", Hint: "wait", Err: errors.New("unseen")},
			"openai/x: rate limited (HTTP 429) after 3 attempts: slow down (wait)",
		},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestAsError(t *testing.T) {
	if lm.AsError(nil, "m") != nil {
		t.Error("AsError(nil) is not nil")
	}
	tests := []struct {
		err  error
		want lm.Kind
	}{
		{context.Canceled, lm.KindCancelled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), lm.KindCancelled},
		{errors.New("boom"), lm.KindOther},
		{fmt.Errorf("x: %w", &lm.Error{Kind: lm.KindAuth, Model: "m"}), lm.KindAuth},
	}
	for _, tt := range tests {
		got := lm.AsError(tt.err, "m")
		if got.Kind != tt.want || got.Model != "m" {
			t.Errorf("AsError(%v) = %s of %q, want %s", tt.err, got.Kind, got.Model, tt.want)
		}
	}
}

func TestRedact(t *testing.T) {
	const key = "k+123/456 789"
	tests := map[string]string{
		"plain text about tasks, bearers and key ideas":     "plain text about tasks, bearers and key ideas",
		"got " + key + ", twice " + key:                     "got [redacted], twice [redacted]",
		"url ?q=k%2B123%2F456+789":                          "url ?q=[redacted]",
		"Incorrect API key provided: sk-proj-ab*****yz":     "Incorrect API key provided: [redacted]",
		"Authorization: Bearer abc.def-123":                 "Authorization: Bearer [redacted]",
		"gsk_abcdefghijklmnop and AIzaSyA1234567890abcdefg": "[redacted] and [redacted]",
		"https://x.test/v1?key=abc123&alt=json":             "https://x.test/v1?key=[redacted]&alt=json",
		`{"api_key": "abcdefabcdef1234"}`:                   `{"api_key": "[redacted]"}`,
		"https://user:pass@x.test/":                         "https://[redacted]@x.test/",
	}
	for in, want := range tests {
		if got := lm.Redact(in, key, "", "x"); got != want {
			t.Errorf("Redact(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("before ", "sk-secret-value", " after")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		secret = strings.TrimSpace(secret)
		if len(secret) < 6 || strings.Contains("[redacted] [redacted]", secret) {
			t.Skip("too short to be a secret, or a part of what stands in its place")
		}
		got := lm.Redact(before+secret+after, secret)
		if strings.Contains(strings.ReplaceAll(got, "[redacted]", "\x00"), secret) {
			t.Errorf("%q still holds the secret %q", got, secret)
		}
	})
}

// failing returns a model that fails with the given errors, one a call, and
// then answers; count is the number of calls it got.
func failing(count *int, failures ...*lm.Error) lm.Model {
	return lm.Named("test/model", lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		n := *count
		*count++
		if n < len(failures) {
			return lm.Reply{}, failures[n]
		}
		return lm.Reply{Text: "ok", Usage: lm.Usage{Calls: 1, InputTokens: 10}}, nil
	}))
}

func repeat(n int, e lm.Error) []*lm.Error {
	e.Usage = lm.Usage{Calls: 1}
	out := make([]*lm.Error, n)
	for i := range out {
		out[i] = &e
	}
	return out
}

func TestRetry(t *testing.T) {
	half := func() float64 { return 0.5 }
	limited := lm.Error{Kind: lm.KindRateLimited, Status: 429}
	asked := lm.Error{Kind: lm.KindRateLimited, Status: 429, RetryAfter: 20 * time.Second}
	tests := []struct {
		name      string
		failures  []*lm.Error
		options   lm.RetryOptions
		wantCalls int
		wantKind  lm.Kind // "" for success
		wantTook  time.Duration
	}{
		{"no failure", nil, lm.RetryOptions{}, 1, "", 0},
		// Waits of 1, 2 and 4 s, times 0.75.
		{"three failures", repeat(3, limited), lm.RetryOptions{}, 4, "", 5250 * time.Millisecond},
		{"too many failures", repeat(9, limited), lm.RetryOptions{Attempts: 3}, 3, lm.KindRateLimited, 2250 * time.Millisecond},
		{"one attempt only", repeat(9, limited), lm.RetryOptions{Attempts: 1}, 1, lm.KindRateLimited, 0},
		{"longest wait", repeat(4, limited), lm.RetryOptions{MaxDelay: 2 * time.Second}, 5, "", 5250 * time.Millisecond},
		{"the provider says how long", repeat(2, asked), lm.RetryOptions{}, 3, "", 42 * time.Second},
		{"the provider asks for more than is left", repeat(2, asked), lm.RetryOptions{MaxElapsed: 10 * time.Second}, 1, lm.KindRateLimited, 0},
		{"bounded by time", repeat(99, limited), lm.RetryOptions{Attempts: 99, MaxElapsed: 6 * time.Second}, 4, lm.KindRateLimited, 5250 * time.Millisecond},
		{"fatal", repeat(1, lm.Error{Kind: lm.KindAuth}), lm.RetryOptions{}, 1, lm.KindAuth, 0},
		{"too long is not tried again", repeat(1, lm.Error{Kind: lm.KindTooLong}), lm.RetryOptions{}, 1, lm.KindTooLong, 0},
		{"fatal after temporary", append(repeat(1, limited), repeat(1, lm.Error{Kind: lm.KindNotFound})...), lm.RetryOptions{}, 2, lm.KindNotFound, 750 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls, told := 0, 0
				tt.options.Jitter = half
				tt.options.OnRetry = func(err *lm.Error, _ time.Duration) {
					if err == nil || err.Kind == "" {
						t.Error("OnRetry was not told the error")
					}
					told++
				}
				model := lm.Retry(failing(&calls, tt.failures...), tt.options)
				start := time.Now()
				reply, err := model.Complete(t.Context(), lm.Request{})
				took := time.Since(start)
				if calls != tt.wantCalls || told != tt.wantCalls-1 || took != tt.wantTook {
					t.Errorf("%d calls, %d told, in %s; want %d, %d, %s", calls, told, took, tt.wantCalls, tt.wantCalls-1, tt.wantTook)
				}
				if tt.wantKind == "" {
					if err != nil {
						t.Fatal(err)
					}
					want := lm.Usage{Calls: int64(tt.wantCalls), InputTokens: 10}
					if diff := cmp.Diff(want, reply.Usage); diff != "" || reply.Latency != took {
						t.Errorf("usage (-want +got):\n%s\nlatency %s", diff, reply.Latency)
					}
					return
				}
				e := lm.AsError(err, "")
				if e.Kind != tt.wantKind || e.Attempts != tt.wantCalls || e.Usage.Calls != int64(tt.wantCalls) {
					t.Errorf("kind %q, %d attempts, %d calls; want %q, %d, %d", e.Kind, e.Attempts, e.Usage.Calls, tt.wantKind, tt.wantCalls, tt.wantCalls)
				}
				if got := tt.failures[0].Attempts; got != 0 {
					t.Errorf("the model's own error was changed: %d attempts", got)
				}
			})
		})
	}
}

func TestRetryDefaultJitterStaysInRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		start := time.Now()
		if _, err := lm.Retry(failing(&calls, repeat(1, lm.Error{Kind: lm.KindOverloaded})...), lm.RetryOptions{}).Complete(t.Context(), lm.Request{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 500*time.Millisecond || took > time.Second {
			t.Errorf("first wait was %s, want 0.5 to 1 s", took)
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		calls := 0
		_, err := lm.Retry(failing(&calls, repeat(9, lm.Error{Kind: lm.KindOverloaded})...), lm.RetryOptions{}).Complete(ctx, lm.Request{})
		e := lm.AsError(err, "")
		if e.Kind != lm.KindCancelled || !errors.Is(err, context.DeadlineExceeded) || e.Usage.Calls != 1 || calls != 1 {
			t.Errorf("got %v after %d calls with usage %+v", err, calls, e.Usage)
		}
	})
}

func TestRetryKeepsTheRootCauseOfACancelledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	model := lm.Retry(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		cancel() // as another call that failed in the same way does
		return lm.Reply{}, &lm.Error{Kind: lm.KindAuth}
	}), lm.RetryOptions{})
	if _, err := model.Complete(ctx, lm.Request{}); !gepa.IsFatal(err) {
		t.Errorf("got %v, want the fatal error", err)
	}
}

func TestTimeout(t *testing.T) {
	slow := lm.Func(func(ctx context.Context, _ lm.Request) (lm.Reply, error) {
		select {
		case <-time.After(10 * time.Second):
			return lm.Reply{Text: "late"}, nil
		case <-ctx.Done():
			return lm.Reply{}, &lm.Error{Kind: lm.KindCancelled, Usage: lm.Usage{Calls: 1}, Err: ctx.Err()}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, err := lm.Timeout(slow, time.Second).Complete(t.Context(), lm.Request{})
		e := lm.AsError(err, "")
		if e.Kind != lm.KindTimeout || !e.Temporary() || e.Usage.Calls != 1 {
			t.Errorf("got %v with usage %+v, want a timeout of one call", err, e.Usage)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("an attempt's timeout looks like the run's deadline")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := lm.Timeout(slow, 5*time.Second).Complete(ctx, lm.Request{})
		if !errors.Is(err, context.DeadlineExceeded) || lm.AsError(err, "").Kind != lm.KindCancelled {
			t.Errorf("got %v, want the run's deadline", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		for _, limit := range []time.Duration{0, time.Minute} {
			if reply, err := lm.Timeout(slow, limit).Complete(t.Context(), lm.Request{}); err != nil || reply.Text != "late" {
				t.Errorf("limit %s: %q, %v", limit, reply.Text, err)
			}
		}
	})
	auth := lm.Func(func(ctx context.Context, _ lm.Request) (lm.Reply, error) {
		<-ctx.Done()
		return lm.Reply{}, &lm.Error{Kind: lm.KindAuth}
	})
	synctest.Test(t, func(t *testing.T) {
		if _, err := lm.Timeout(auth, time.Second).Complete(t.Context(), lm.Request{}); lm.AsError(err, "").Kind != lm.KindAuth {
			t.Errorf("got %v, want the model's own error", err)
		}
	})
}

func TestNames(t *testing.T) {
	f := lm.Func(func(context.Context, lm.Request) (lm.Reply, error) { return lm.Reply{}, nil })
	m := lm.Retry(lm.Timeout(lm.Named("a/b", f), time.Second), lm.RetryOptions{})
	if f.Name() != "func" || m.Name() != "a/b" {
		t.Errorf("names %q and %q", f.Name(), m.Name())
	}
}

// The hints of the patterns must never keep a pattern from its match.
func TestRedactFindsKeysInAnyText(t *testing.T) {
	for _, secret := range []string{
		"Bearer abcdef123456", "bEaRer abcdef123456", "BAſIC abcdef123456", "sk-abcdef123", "gsk_abcdefghijklm", "csk-abcdefghijklm",
		"hf_abcdefghijklmn", "tgp-abcdefghijklm", "fw_abcdefghijklm", "ghp_abcdefghijklm", "xai-abcdefghijklm", "nvapi-abcdefghijklm",
		"pplx-abcdefghijklm", "r8_abcdefghijklm", "AIzaabcdefghijklmnop", "?key=abc", "&acceſſ_token=abc", "?api-\u212aey=abc",
		"API_KEY: abcdefghijklm", "x-apikey=abcdefghijklm", "http://user:word@host",
	} {
		for _, text := range []string{secret, "İ " + secret + " é", strings.Repeat("word ", 500) + secret} {
			if got := lm.Redact(text); got == text {
				t.Errorf("nothing is redacted in %q", secret)
			}
		}
	}
}
