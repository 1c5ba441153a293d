package otel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/otel"
)

// steps is a system of two components that asks a model for each.
type steps struct{ model lm.Model }

func (steps) Components() []gepa.Component {
	return []gepa.Component{{Name: "a", Text: "a"}, {Name: "b", Text: "b"}}
}

func (s steps) Run(ctx context.Context, job gepa.Job) (r gepa.Rollout, err error) {
	for _, c := range s.Components() {
		ctx, end := gepa.BeginStep(ctx, c.Name)
		_, err := s.model.Complete(ctx, question(job.Candidate[c.Name]+job.Example.ID))
		end(err)
		if err != nil {
			return r, err
		}
		r.Trace = append(r.Trace, gepa.Step{Component: c.Name})
		r.Score += float64(len(job.Candidate[c.Name])) / 100
	}
	if strings.Contains(job.Candidate["a"], "fail") {
		_, end := gepa.BeginStep(ctx, "a")
		end(errors.New("secret words"))
		r.Score = 0
	}
	return r, nil
}

func question(text string) lm.Request {
	return lm.Request{Messages: []lm.Message{{Role: "user", Content: text}}}
}

// writes is a proposer whose n-th proposal has a text.
type writes struct {
	model lm.Model
	texts []string
}

func (w writes) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	text := w.texts[req.Proposal-1]
	if _, err := w.model.Complete(ctx, question("reflect on "+text)); err != nil {
		return gepa.Reflection{}, err
	}
	if text == "" {
		return gepa.Reflection{Refused: "empty"}, nil
	}
	return gepa.Reflection{Texts: map[string]string{req.Components[0]: text}}, nil
}

// shelf is a cache's store in memory.
type shelf struct{ values sync.Map }

func (s *shelf) Get(_ context.Context, key lm.RequestKey) ([]byte, bool, error) {
	value, ok := s.values.Load(key)
	raw, _ := value.([]byte)
	return raw, ok, nil
}

func (s *shelf) Put(_ context.Context, key lm.RequestKey, value []byte) error {
	s.values.Store(key, value)
	return nil
}

func set(prefix string, n int) (out []gepa.Example) {
	for i := range n {
		id := fmt.Sprint(prefix, i)
		out = append(out, gepa.Example{ID: id, Inputs: gepa.NewFields("q", id)})
	}
	return out
}

// traced is a run with everything wrapped, whose provider fails now and then.
type traced struct {
	exported *tracetest.InMemoryExporter
	journal  gepa.Journal
	chain    lm.Model
	spans    *otel.Spans
	options  gepa.Options
}

func newTraced(t *testing.T) *traced {
	t.Helper()
	r := &traced{exported: tracetest.NewInMemoryExporter(), journal: gepa.NewMemoryJournal()}
	r.spans = otel.New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.exported)).Tracer("test"))
	var asked atomic.Int64
	provider := lm.Named("x/m", lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		if asked.Add(1)%3 == 0 {
			return lm.Reply{}, &lm.Error{Kind: lm.KindOverloaded, Status: 503, Model: "x/m", Usage: lm.Usage{Calls: 1}}
		}
		usage := lm.Usage{Calls: 1, InputTokens: 5, OutputTokens: 2, Cost: gepa.Cost{Unknown: 1}}
		return lm.Reply{Text: "secret words", Finish: lm.FinishStop, Usage: usage, Ignored: []string{"seed"}}, nil
	}))
	chain, err := lm.Chain(provider, lm.ChainOptions{
		Cache:    lm.NewCache(new(shelf), nil),
		Attempt:  r.spans.Attempt,
		Purse:    lm.NewPurse(lm.Caps{Nanos: 1e9}),
		Limiter:  lm.NewLimiter(lm.LimiterOptions{}),
		Spending: lm.Spending{Price: &lm.Price{Input: 1000, Output: 1000}, MaxTokens: 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.chain = r.spans.Model(chain)
	return r
}

func (r *traced) run(ctx context.Context, proposals int, texts ...string) error {
	ctx, end := r.spans.Run(ctx, "p")
	o := r.options
	o.Journal, o.Proposer = r.spans.Journal(r.journal), r.spans.Proposer(writes{r.chain, texts})
	o.Budget, o.Minibatch, o.Concurrency = gepa.Budget{Proposals: proposals}, 2, 1
	_, err := gepa.Optimize(ctx, r.spans.System(steps{r.chain}), gepa.Data{Feedback: set("f", 4), Validation: set("v", 2), Test: set("t", 2)}, o)
	end(err)
	return err
}

// paths counts the spans by their paths from the root, proposals with their
// numbers and outcomes.
func (r *traced) paths() map[string]int {
	byID := map[string]tracetest.SpanStub{}
	for _, s := range r.exported.GetSpans() {
		byID[s.SpanContext.SpanID().String()] = s
	}
	out := map[string]int{}
	for _, s := range r.exported.GetSpans() {
		path := s.Name
		if n := attr(s, "gepa.proposal"); n != "" && s.Name == "proposal" {
			path += " " + n + " " + attr(s, "gepa.outcome")
		}
		for up, ok := byID[s.Parent.SpanID().String()]; ok; up, ok = byID[up.Parent.SpanID().String()] {
			name := up.Name
			if n := attr(up, "gepa.proposal"); n != "" && name == "proposal" {
				name += " " + n
			}
			path = name + " > " + path
		}
		out[path]++
	}
	return out
}

func attr(s tracetest.SpanStub, key string) string {
	for _, a := range s.Attributes {
		if string(a.Key) == key {
			return a.Value.Emit()
		}
	}
	return ""
}

func TestTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTraced(t)
		if err := r.run(t.Context(), 4, "longer", "", "fail", "another"); err != nil {
			t.Fatal(err)
		}
		got := r.paths()
		for path, want := range map[string]int{
			"run p":                                            1,
			"run p > rollout":                                  2 + 2*2, // the base's validation, the test set
			"run p > rollout > module a":                       2 + 2*2,
			"run p > rollout > module a > chat m":              2 + 2*2,
			"run p > proposal 1 accepted":                      1,
			"run p > proposal 2 rejected":                      1,
			"run p > proposal 3 rejected":                      1,
			"run p > proposal 4 accepted":                      1,
			"run p > proposal 1 > rollout":                     2 + 2 + 2,
			"run p > proposal 2 > rollout":                     2,
			"run p > proposal 1 > reflection":                  1,
			"run p > proposal 2 > reflection > chat m":         1,
			"run p > proposal 1 > rollout > module b > chat m": 6,
		} {
			if got[path] != want {
				t.Errorf("%d × %q, want %d", got[path], path, want)
			}
		}
		if t.Failed() {
			for path, n := range got {
				t.Log(n, path)
			}
		}
		checkParts(t, r.exported.GetSpans())
	})
}

// checkParts looks for what each part of the chain has to show.
func checkParts(t *testing.T, spans tracetest.SpanStubs) {
	t.Helper()
	events, failed := map[string]int{}, 0
	for _, s := range spans {
		for _, e := range s.Events {
			events[strings.Split(s.Name, " ")[0]+": "+e.Name]++
			for _, a := range e.Attributes {
				events[string(a.Key)+"="+a.Value.Emit()]++
			}
		}
		if text := fmt.Sprint(s.Attributes, s.Status, s.Events); strings.Contains(text, "secret words") {
			t.Errorf("a span holds a reply: %s", text)
		}
		if s.Name != "attempt" {
			continue
		}
		if attr(s, "error.type") != "" {
			failed++
			if attr(s, "error.type") != string(lm.KindOverloaded) || attr(s, "http.response.status_code") != "503" {
				t.Errorf("a failed attempt has %v", s.Attributes)
			}
		}
		if attr(s, "gepa.attempt") == "" {
			t.Errorf("an attempt has no number: %v", s.Attributes)
		}
	}
	for _, want := range []string{
		"chat: gepa.cache", "gepa.cache.result=miss", "gepa.cache.result=hit", "chat: gepa.retry", "gepa.retry.error=provider failed or overloaded",
		"attempt: gepa.budget", "attempt: gepa.limit", "attempt: gepa.price", "gepa.price.by=table",
	} {
		if events[want] == 0 {
			t.Errorf("no %q in %v", want, events)
		}
	}
	if failed == 0 || failed != events["chat: gepa.retry"] {
		t.Errorf("%d failed attempts and %d retries", failed, events["chat: gepa.retry"])
	}
	if i := slices.IndexFunc(spans, func(s tracetest.SpanStub) bool { return attr(s, "gepa.ignored") != "" }); i < 0 {
		t.Error("no span says which parameters were ignored")
	}
}

// With several proposals in flight and several children each, every rollout is
// still below one that wants it.
func TestTreeOfAPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTraced(t)
		r.options = gepa.Options{InFlight: 3, Children: 2, Acceptance: gepa.AcceptPaired}
		if err := r.run(t.Context(), 4, "longer", "fail", "another", "", "last"); err != nil {
			t.Fatal(err)
		}
		got := r.paths()
		below := 0
		for path, n := range got {
			if strings.HasSuffix(path, "> rollout") && path != "run p > rollout" {
				below += n
			}
		}
		ended := 0
		for path, n := range got {
			if strings.HasPrefix(path, "run p > proposal ") && (strings.HasSuffix(path, " accepted") || strings.HasSuffix(path, " rejected")) {
				ended += n
			}
		}
		if got["run p > rollout"] > 2+2*2 || below < 8 || ended != 4 {
			t.Errorf("%d rollouts below proposals, %d proposals ended; spans: %v", below, ended, got)
		}
	})
}

// A resumed run's rollouts are below the proposal that was under way, and what
// did not come to its end says so.
func TestTreeOfAResumedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTraced(t)
		ctx, stop := context.WithCancel(t.Context())
		asked := r.chain
		r.chain = lm.Named("x/m", lm.Func(func(at context.Context, req lm.Request) (lm.Reply, error) {
			if strings.HasPrefix(req.Messages[0].Content, "reflect") {
				stop()
				return lm.Reply{}, &lm.Error{Kind: lm.KindCancelled, Err: context.Canceled}
			}
			return asked.Complete(at, req)
		}))
		if err := r.run(ctx, 1, "longer"); err == nil {
			t.Fatal("the run was not interrupted")
		}
		if got := r.paths(); got["run p > proposal 1 unfinished"] != 1 {
			t.Errorf("spans: %v", got)
		}
		r.exported.Reset()
		r.chain = asked
		if err := r.run(t.Context(), 1, "longer"); err != nil {
			t.Fatal(err)
		}
		got := r.paths()
		if got["run p > proposal 1 accepted"] != 1 || got["run p > proposal 1 > reflection"] != 1 || got["run p > proposal 1 > rollout"] != 2+2 {
			t.Errorf("spans after the resumption: %v", got)
		}
	})
}

// Without a journal and a run the wrappers still work.
func TestAlone(t *testing.T) {
	exported := tracetest.NewInMemoryExporter()
	spans := otel.New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(exported)).Tracer("test"))
	echo := lm.Named("x/m", lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		return lm.Reply{Text: "x", Finish: lm.FinishStop}, nil
	}))
	p := spans.Proposer(writes{spans.Attempt(echo), []string{"text"}})
	if _, err := p.Propose(t.Context(), gepa.ReflectRequest{Proposal: 1, Components: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	ctx, end := spans.Run(t.Context(), "p")
	if _, err := p.Propose(ctx, gepa.ReflectRequest{Proposal: 1, Components: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	end(nil)
	var names []string
	for _, s := range exported.GetSpans() {
		names = append(names, s.Name+" "+attr(s, "gepa.outcome"))
	}
	if want := []string{"attempt ", "reflection ", "attempt ", "reflection ", "proposal unfinished", "run p "}; !slices.Equal(names, want) {
		t.Errorf("spans %q, want %q", names, want)
	}
}
