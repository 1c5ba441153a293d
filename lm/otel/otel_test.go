package otel_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/otel"
)

func TestWanted(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, false},
	} {
		if got := otel.Wanted(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %v", c.env, got)
		}
	}
}

// system fails, by a model's error, where the example says so.
type system struct{ model lm.Model }

func (system) Components() []gepa.Component { return nil }

func (s system) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	temperature := 0.5
	_, err := s.model.Complete(ctx, lm.Request{
		Messages: []lm.Message{{Role: "user", Content: job.Example.ID}}, JSON: true,
		Params: lm.Params{Temperature: &temperature, TopP: &temperature, MaxTokens: 9},
	})
	return gepa.Rollout{Score: 0.25}, err
}

func TestSpans(t *testing.T) {
	const key = "sk-not-a-real-key-0123456789"
	exported := tracetest.NewInMemoryExporter()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exported)).Tracer("test")
	model := lm.Named("gemini/flash", lm.Func(func(_ context.Context, req lm.Request) (lm.Reply, error) {
		if req.Messages[0].Content == "bad" {
			return lm.Reply{}, &lm.Error{Kind: lm.KindAuth, Model: "gemini/flash", Words: "wrong key " + key}
		}
		return lm.Reply{Text: "secret words", Finish: lm.FinishStop, Model: "flash-1", Usage: lm.Usage{Calls: 2, InputTokens: 7, OutputTokens: 3}}, nil
	}))
	spans := otel.New(tracer)
	sys := spans.System(system{spans.Model(model)})
	ctx, end := spans.Run(t.Context(), "qa")
	if _, err := sys.Run(ctx, gepa.Job{Example: gepa.Example{ID: "good"}}); err != nil {
		t.Fatal(err)
	}
	_, err := sys.Run(ctx, gepa.Job{Example: gepa.Example{ID: "bad"}})
	if _, ok := errors.AsType[*lm.Error](err); !ok {
		t.Fatalf("error %v", err)
	}
	end(err)
	var lines []string
	for _, s := range exported.GetSpans() {
		line := s.Name
		for _, a := range s.Attributes {
			line += " " + string(a.Key) + "=" + a.Value.Emit()
		}
		if s.Status.Code == codes.Error {
			line += " " + s.Status.Description
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{
		"chat flash gen_ai.operation.name=chat gen_ai.provider.name=gcp.gemini gen_ai.request.model=flash gen_ai.request.temperature=0.5 gen_ai.request.top_p=0.5 gen_ai.request.max_tokens=9 gen_ai.output.type=json",
		`gen_ai.response.finish_reasons=["stop"] gepa.calls=2 gepa.cached=0 gen_ai.response.model=flash-1 gen_ai.usage.input_tokens=7 gen_ai.usage.output_tokens=3`,
		"error.type=authentication failed", "gepa.score=0.25", "run qa gepa.program=qa",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, never := range []string{key, "secret words"} {
		if strings.Contains(text, never) {
			t.Errorf("the spans hold %q:\n%s", never, text)
		}
	}
}
