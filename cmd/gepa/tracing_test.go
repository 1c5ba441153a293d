//go:build gepa_full

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/sim"
)

// spans is a collector of OpenTelemetry spans.
type spans struct {
	mu   sync.Mutex
	list []*trace.Span
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var req collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &req) != nil {
		http.Error(w, "no spans", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range req.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			s.list = append(s.list, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// collected returns the spans that a run of gepa sent, each with the path of
// names from the root to it.
func collected(t *testing.T, env []string, args ...string) (list []*trace.Span, paths []string) {
	t.Helper()
	var got spans
	server := httptest.NewServer(&got)
	defer server.Close()
	dir := t.TempDir()
	if err := writeData(dir); err != nil {
		t.Fatal(err)
	}
	cmd := gepaCommand(t, dir, append([]string{
		"optimize", "--program", "hotpotqa", "--train", "train.jsonl", "--dev", "dev.jsonl",
		"--iterations", "2", "--minibatch", "3", "--val", "4", "--temperature", "0", "--no-cache",
	}, args...)...)
	cmd.Env = append(append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	byID := map[string]*trace.Span{}
	for _, s := range got.list {
		byID[string(s.GetSpanId())] = s
	}
	for _, s := range got.list {
		path := s.GetName()
		for up := byID[string(s.GetParentSpanId())]; up != nil; up = byID[string(up.GetParentSpanId())] {
			path = up.GetName() + " > " + path
		}
		paths = append(paths, path)
	}
	return got.list, paths
}

func attribute(s *trace.Span, key string) *common.AnyValue {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue()
		}
	}
	return nil
}

// With the standard variable set a run's spans reach the collector, each below
// the one that it belongs to.
func TestSpansReachACollector(t *testing.T) {
	list, paths := collected(t, nil, "--model", "sim")
	count := map[string]int{}
	for i, s := range list {
		count[s.GetName()]++
		count[paths[i]]++
		if s.GetName() != "chat sim" {
			continue
		}
		for _, name := range []string{
			"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
			"gen_ai.response.finish_reasons", "gepa.cost_nano_usd",
		} {
			if attribute(s, name) == nil {
				t.Fatalf("a call's span has no %s: %v", name, s.GetAttributes())
			}
		}
	}
	const test = 12
	for path, want := range map[string]int{
		"run hotpotqa": 1, "run hotpotqa > proposal": 2, "run hotpotqa > proposal > reflection": 1,
		"run hotpotqa > rollout": 4 + test, "run hotpotqa > proposal > rollout": 3,
		"run hotpotqa > proposal > rollout > module reason.predict > chat sim": 3,
		"run hotpotqa > proposal > rollout > module verify > chat sim":         3,
		"run hotpotqa > proposal > reflection > chat sim":                      1,
	} {
		if count[path] < want {
			t.Errorf("%d × %q, want %d or more", count[path], path, want)
		}
	}
	if count["rollout"] != count["run hotpotqa > rollout"]+count["run hotpotqa > proposal > rollout"] || count["proposal"] != 2 {
		t.Errorf("spans elsewhere: %v", count)
	}
	if calls := count["chat sim"]; calls < 2*count["rollout"] || count["attempt"] != 0 {
		t.Errorf("%d calls and %d attempts for %d rollouts", calls, count["attempt"], count["rollout"])
	}
}

// Of a provider that fails now and then every attempt is a span below its call,
// with the kind of its error.
func TestAttemptsReachACollector(t *testing.T) {
	answer := lmtest.FromModel(sim.New(sim.Options{}))
	provider := lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		if r.Number%7 == 3 {
			return lmtest.Answer{Status: 503, Text: "overloaded", Header: http.Header{"Retry-After-Ms": {"1"}}}
		}
		return answer(ctx, r)
	})
	list, paths := collected(t, []string{"OPENAI_API_KEY=" + "sk-not-a-real-key-0123456789"}, "--model", "openai/m", "--base-url", provider.URL(), "--max-calls", "100000")
	attempts, failed, retries := 0, 0, 0
	for i, s := range list {
		for _, e := range s.GetEvents() {
			if e.GetName() == "gepa.retry" {
				retries++
			}
		}
		if s.GetName() != "attempt" {
			continue
		}
		attempts++
		below := strings.HasSuffix(paths[i], "module reason.predict > chat m > attempt") || strings.HasSuffix(paths[i], "module verify > chat m > attempt")
		if !below && !strings.HasSuffix(paths[i], "proposal > reflection > chat m > attempt") {
			t.Errorf("an attempt is at %q", paths[i])
		}
		if kind := attribute(s, "error.type"); kind != nil {
			failed++
			if kind.GetStringValue() != "provider failed or overloaded" || attribute(s, "http.response.status_code").GetIntValue() != 503 {
				t.Errorf("a failed attempt: %v", s.GetAttributes())
			}
		}
	}
	tally := provider.Tally()
	if int64(attempts) != tally.Requests || int64(failed) != tally.Requests-tally.Replies || failed == 0 || retries != failed {
		t.Errorf("%d attempts, %d failed, %d retries; the server counted %+v", attempts, failed, retries, tally)
	}
}

// A collector that is down is a warning, and no harm to the run.
func TestDeadCollector(t *testing.T) {
	dir := t.TempDir()
	if err := writeData(dir); err != nil {
		t.Fatal(err)
	}
	cmd := gepaCommand(t, dir, "optimize", "--program", "hotpotqa", "--train", "train.jsonl", "--dev", "dev.jsonl",
		"--model", "sim", "--iterations", "1", "--minibatch", "3", "--val", "4")
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
}
