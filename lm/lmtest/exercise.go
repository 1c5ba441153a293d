package lmtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// limit is the time limit of calls that would never end.
const limit = 100 * time.Millisecond

// promptly is the time within which a call must return once it is cancelled.
const promptly = 2 * time.Second

// Exercise puts a model through everything that the contract of [lm.Model]
// demands, against servers that speak one dialect: what is sent, what is made
// of replies and of every [Fault], cancelling, time limits, 64 calls at once.
//
// open returns a model, without retries and time limits of its own, that sends
// its requests to baseURL with a key of at least six characters. It is closed
// after use if it is an [io.Closer].
func Exercise(t *testing.T, open func(baseURL string) lm.Model, d Dialect) {
	t.Helper()
	s := suite{open: open, dialect: d}
	t.Run("request", s.request)
	t.Run("reply", s.reply)
	t.Run("schema", s.schema)
	t.Run("nothing to send", s.nothing)
	for _, f := range Faults() {
		t.Run("fault/"+f.Name, func(t *testing.T) { s.fault(t, f) })
	}
	t.Run("nobody there", s.unreachable)
	t.Run("cancel", s.cancel)
	t.Run("many at once", s.many)
	t.Run("retry", s.retry)
}

type suite struct {
	open    func(baseURL string) lm.Model
	dialect Dialect
}

// start returns a server and a model in front of it.
func (s suite) start(t *testing.T, respond Responder) (*Server, lm.Model) {
	t.Helper()
	server := NewServer(t, respond)
	return server, s.model(t, server.BaseURL(s.dialect))
}

func (s suite) model(t *testing.T, baseURL string) lm.Model {
	m := s.open(baseURL)
	if c, ok := m.(io.Closer); ok {
		t.Cleanup(func() { _ = c.Close() })
	}
	return m
}

func ask() lm.Request {
	return lm.Request{Messages: []lm.Message{{Role: "user", Content: "a question"}}}
}

func (s suite) request(t *testing.T) {
	server, m := s.start(t, nil)
	cold, mass := 0.0, 0.95
	req := lm.Request{
		Messages: []lm.Message{
			{Role: "system", Content: "be <brief> & kind: \u00e9\u4e2d\U0001F600"},
			{Role: "user", Content: "first"}, {Role: "assistant", Content: "said"}, {Role: "user", Content: " second\n"},
		},
		Params: lm.Params{Temperature: &cold, TopP: &mass, MaxTokens: 77, Stop: []string{"END", "\n\n"}},
	}
	if _, err := m.Complete(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	got := server.Requests()
	if len(got) != 1 {
		t.Fatalf("%d requests were sent", len(got))
	}
	if diff := cmp.Diff(req.Messages, got[0].Messages); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(req.Params, got[0].Params); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	_, name := lm.ParseName(m.Name())
	if got[0].Model != name {
		t.Errorf("model %q was asked for, want that of %q", got[0].Model, m.Name())
	}
	key := got[0].Key
	if len(key) < 6 {
		t.Errorf("no key came in the dialect's header: %q", key)
	} else if strings.Contains(got[0].Path+got[0].Query, key) {
		t.Errorf("the key is in the URL %s?%s", got[0].Path, got[0].Query)
	}
}

func (s suite) reply(t *testing.T) {
	_, m := s.start(t, Script(Answer{
		Text: " an answer\n", Reasoning: "hm", InputTokens: 100, OutputTokens: 30, CacheReadTokens: 60, ReasoningTokens: 10,
	}, Answer{Text: "x", NoUsage: true}))
	got, err := m.Complete(t.Context(), ask())
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != " an answer\n" || got.Reasoning != "hm" || got.Finish != lm.FinishStop || got.Model == "" || got.Latency <= 0 {
		t.Errorf("got %+v", got)
	}
	got.Usage.Cost = gepa.Cost{}
	want := lm.Usage{Calls: 1, InputTokens: 100, OutputTokens: 30, CacheReadTokens: 60, ReasoningTokens: 10}
	if got.Usage != want {
		t.Errorf("usage %+v, want %+v", got.Usage, want)
	}
	got, err = m.Complete(t.Context(), ask())
	if err != nil {
		t.Fatal(err)
	}
	if u := got.Usage; u.Calls != 1 || u.Unmeasured != 1 || u.Tokens() != 0 {
		t.Errorf("a reply without usage has %+v", u)
	}
}

func (s suite) schema(t *testing.T) {
	const form = `{"type":"object","properties":{"zeta":{"type":"string"},"alpha":{"type":"integer"}},"required":["zeta","alpha"],"additionalProperties":false}`
	server, m := s.start(t, Script(Answer{Text: `{"zeta":"z","alpha":1}`}))
	req := ask()
	req.Schema = &lm.Schema{Name: "form", JSON: []byte(form), Strict: true}
	got, err := m.Complete(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != `{"zeta":"z","alpha":1}` || got.Finish != lm.FinishStop {
		t.Errorf("got %+v", got)
	}
	native, tool := lm.Supports(m, lm.FeatureSchema), lm.Supports(m, lm.FeatureTool)
	sent := server.Requests()[0]
	switch {
	case !native && !tool:
		if sent.Schema != nil {
			t.Errorf("a schema was sent that the model does not say it supports: %s", sent.Schema)
		}
	case string(sent.Schema) != form:
		t.Errorf("sent the schema %s\nwant            %s", sent.Schema, form)
	case (sent.Tool == "") != native:
		t.Errorf("the schema was sent with tool %q; native = %v", sent.Tool, native)
	}
	req.Schema = &lm.Schema{JSON: []byte(`[1]`)}
	if _, err := m.Complete(t.Context(), req); (native || tool) && lm.AsError(err, "").Kind != lm.KindBadRequest {
		t.Errorf("a schema that is none: %v", err)
	}
}

func (s suite) nothing(t *testing.T) {
	server, m := s.start(t, nil)
	_, err := m.Complete(t.Context(), lm.Request{})
	if err == nil || lm.AsError(err, "").Kind != lm.KindBadRequest || !gepa.IsFatal(err) || len(server.Requests()) != 0 {
		t.Errorf("a request without messages: %v, %d requests", err, len(server.Requests()))
	}
}

func (s suite) fault(t *testing.T, f Fault) {
	server, m := s.start(t, Script(f.Answer))
	if f.Slow {
		m = lm.Timeout(m, limit)
	}
	began := time.Now()
	got, err := m.Complete(t.Context(), ask())
	if took := time.Since(began); f.Slow && took > limit+promptly {
		t.Errorf("the call took %s with a limit of %s", took, limit)
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests were sent: trying again is not the model's business", n)
	}
	if f.Kind == "" {
		s.noAnswer(t, f, got, err)
		return
	}
	var e *lm.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %+v and %v, want an *lm.Error", got, err)
	}
	if e.Kind != f.Kind || e.RetryAfter != f.RetryAfter || e.Usage.Calls != 1 || e.Model != m.Name() {
		t.Errorf("got %q, wait %s, %d calls, model %q; want %q, wait %s: %v", e.Kind, e.RetryAfter, e.Usage.Calls, e.Model, f.Kind, f.RetryAfter, err)
	}
	if want := f.Kind.Temporary() && !f.NotTemporary; e.Temporary() != want {
		t.Errorf("Temporary() = %v, want %v", e.Temporary(), want)
	}
	if gepa.IsFatal(err) != f.Kind.Fatal() {
		t.Errorf("IsFatal = %v, want %v", gepa.IsFatal(err), f.Kind.Fatal())
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("the error looks as if the caller's context had ended: %v", err)
	}
	key := server.Requests()[0].Key
	if text := fmt.Sprintf("%v %+v %#v %v", err, err, *e, e.Err); strings.Contains(text, key) {
		t.Errorf("the key is in the error: %s", text)
	}
	if f.Answer.Status == 0 && e.Usage.Unmeasured == 0 && e.Usage.Tokens() == 0 && f.Answer.Body == "" {
		t.Errorf("a call that may have been paid for has the usage %+v", e.Usage)
	}
	if f.Answer.Status != 0 && e.Usage.Unmeasured != 0 {
		t.Errorf("a refused call counts as unmeasured: %+v", e.Usage)
	}
}

func (s suite) noAnswer(t *testing.T, f Fault, got lm.Reply, err error) {
	if err != nil {
		t.Fatal(err)
	}
	if got.Finish != f.Finish || got.Text != f.Text || got.Reasoning != f.Reasoning {
		t.Errorf("got %q, reasoning %q, %s; want %q, reasoning %q, %s", got.Text, got.Reasoning, got.Finish, f.Text, f.Reasoning, f.Finish)
	}
	if got.Usage.Calls != 1 || got.Usage.InputTokens != 11 || got.Usage.OutputTokens != 5 {
		t.Errorf("usage %+v", got.Usage)
	}
}

func (s suite) unreachable(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = s.model(t, "http://"+address).Complete(t.Context(), ask())
	if e := lm.AsError(err, ""); e == nil || e.Kind != lm.KindConnection || e.Usage.Calls != 0 || !strings.Contains(err.Error(), address) {
		t.Errorf("nobody listens at %s: %v", address, err)
	}
}

const crowd = 64

func (s suite) cancel(t *testing.T) {
	arrived := make(chan struct{}, crowd)
	_, m := s.start(t, func(context.Context, Request) Answer {
		arrived <- struct{}{}
		return Answer{Hang: true}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs := make(chan error, crowd)
	for range crowd {
		go func() {
			_, err := m.Complete(ctx, ask())
			errs <- err
		}()
	}
	for range crowd {
		<-arrived
	}
	cancel()
	began := time.Now()
	for range crowd {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled call ended with %v", err)
		} else if e := lm.AsError(err, ""); e.Kind == lm.KindCancelled && e.Usage.Unmeasured != 1 {
			t.Errorf("a cancelled call that had been sent has the usage %+v", e.Usage)
		}
	}
	if took := time.Since(began); took > promptly {
		t.Errorf("%d calls took %s to end after the cancel", crowd, took)
	}
	if _, err := m.Complete(ctx, ask()); !errors.Is(err, context.Canceled) {
		t.Errorf("a call with a cancelled context ended with %v", err)
	}
}

func (s suite) many(t *testing.T) {
	server, m := s.start(t, func(_ context.Context, r Request) Answer {
		return Answer{Text: r.Messages[0].Content, InputTokens: 3 + r.Number, OutputTokens: 2}
	})
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total lm.Usage
	)
	for i := range crowd {
		wg.Go(func() {
			want := fmt.Sprintf("question %d", i)
			reply, err := m.Complete(t.Context(), lm.Request{Messages: []lm.Message{{Role: "user", Content: want}}})
			if err != nil || reply.Text != want {
				t.Errorf("got %q, %v; want %q", reply.Text, err, want)
			}
			mu.Lock()
			defer mu.Unlock()
			total = total.Add(reply.Usage)
		})
	}
	wg.Wait()
	tally := server.Tally()
	if total.Calls != tally.Requests || total.InputTokens != tally.InputTokens || total.OutputTokens != tally.OutputTokens || tally.Replies != crowd {
		t.Errorf("the replies say %+v, the server counted %+v", total, tally)
	}
}

func (s suite) retry(t *testing.T) {
	fail := Answer{Status: 429, Text: "slow", Header: header("retry-after-ms", "1")}
	server, m := s.start(t, FailFirst(3, fail, Script(Answer{Text: "ok", InputTokens: 1})))
	reply, err := lm.Retry(m, lm.RetryOptions{}).Complete(t.Context(), ask())
	if err != nil || reply.Text != "ok" || reply.Usage.Calls != 4 || server.Tally().Requests != 4 {
		t.Errorf("%q, %v, %d calls, the server counted %d", reply.Text, err, reply.Usage.Calls, server.Tally().Requests)
	}
}
