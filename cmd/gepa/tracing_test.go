//go:build gepa_full

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
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

// With the standard variable set a run's spans reach the collector, each below
// the one that it belongs to.
func TestSpansReachACollector(t *testing.T) {
	var got spans
	server := httptest.NewServer(&got)
	defer server.Close()
	dir := t.TempDir()
	if err := writeData(dir); err != nil {
		t.Fatal(err)
	}
	cmd := gepaCommand(t, dir, "optimize", "--program", "hotpotqa", "--train", "train.jsonl", "--dev", "dev.jsonl",
		"--model", "sim", "--iterations", "2", "--minibatch", "3", "--val", "4", "--temperature", "0")
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	byID, count := map[string]*trace.Span{}, map[string]int{}
	for _, s := range got.list {
		byID[string(s.GetSpanId())] = s
	}
	parents := map[string][]string{
		"run hotpotqa": {""}, "rollout": {"run hotpotqa"}, "proposal": {"run hotpotqa"}, "chat sim": {"rollout", "proposal"},
	}
	for _, s := range got.list {
		count[s.GetName()]++
		parent := byID[string(s.GetParentSpanId())].GetName()
		known := false
		for _, want := range parents[s.GetName()] {
			known = known || parent == want
		}
		if !known {
			t.Errorf("span %q is below %q", s.GetName(), parent)
		}
		if s.GetName() != "chat sim" {
			continue
		}
		attrs := map[string]bool{}
		for _, a := range s.GetAttributes() {
			attrs[a.GetKey()] = true
		}
		for _, name := range []string{
			"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
			"gen_ai.response.finish_reasons", "gepa.cost_nano_usd",
		} {
			if !attrs[name] {
				t.Fatalf("a call's span has no %s: %v", name, s.GetAttributes())
			}
		}
	}
	if count["run hotpotqa"] != 1 || count["proposal"] < 1 || count["rollout"] < 4+2*3+12 || count["chat sim"] < 2*count["rollout"] {
		t.Errorf("spans: %v", count)
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
