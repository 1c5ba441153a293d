package otel

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/gepa-go/gepa/lm"
)

// Model returns a model whose every call is a span "chat MODEL", as the
// conventions for generative AI have it. Around an [lm.Chain] a span is a call
// with all its attempts, whether the cache answered it or not, and what the
// parts of the chain did for it are its events (see [lm.Note]).
func (s *Spans) Model(m lm.Model) lm.Model { return &model{m, s.tracer} }

type model struct {
	lm.Model
	tracer trace.Tracer
}

// Attempt returns a model whose every call is a span "attempt"; it is for
// [lm.ChainOptions]. What belongs to an attempt, such as the wait for its place,
// is an event of it.
func (s *Spans) Attempt(m lm.Model) lm.Model { return &attempt{m, s.tracer} }

type attempt struct {
	lm.Model
	tracer trace.Tracer
}

// Unwrap returns the model within.
func (a *attempt) Unwrap() lm.Model { return a.Model }

// attemptsKey is the context key of the number of a call's attempts so far.
type attemptsKey struct{}

func (a *attempt) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	var attrs []attribute.KeyValue
	if made, ok := ctx.Value(attemptsKey{}).(*atomic.Int64); ok {
		attrs = append(attrs, attribute.Int64("gepa.attempt", made.Add(1)))
	}
	ctx, span := a.tracer.Start(ctx, "attempt", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	reply, err := a.Model.Complete(ctx, req)
	if known, ok := errors.AsType[*lm.Error](err); ok && known.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", known.Status))
	}
	end(span, err)
	return reply, err
}

// event makes an event of a note, on the span of the place where it was made.
func event(ctx context.Context, n lm.Note) {
	attrs := make([]attribute.KeyValue, len(n.Attrs))
	for i, a := range n.Attrs {
		key := "gepa." + n.Part + "." + a.Key
		switch v := a.Value.Resolve(); v.Kind() {
		case slog.KindBool:
			attrs[i] = attribute.Bool(key, v.Bool())
		case slog.KindInt64:
			attrs[i] = attribute.Int64(key, v.Int64())
		case slog.KindDuration:
			attrs[i] = attribute.Float64(key+"_ms", float64(v.Duration())/float64(time.Millisecond))
		default:
			attrs[i] = attribute.String(key, lm.Redact(v.String()))
		}
	}
	trace.SpanFromContext(ctx).AddEvent("gepa."+n.Part, trace.WithAttributes(attrs...))
}

// Unwrap returns the model within.
func (m *model) Unwrap() lm.Model { return m.Model }

// providerName returns the conventions' name of a provider.
func providerName(prefix string) string {
	switch prefix {
	case "gemini":
		return "gcp.gemini"
	case "azure":
		return "azure.ai.openai"
	case "mistral":
		return "mistral_ai"
	case "xai":
		return "x_ai"
	case "":
		return "gepa"
	default:
		return prefix
	}
}

func (m *model) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	provider, name := lm.ParseName(m.Name())
	attrs := []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", "chat"),
		attribute.String("gen_ai.provider.name", providerName(provider)),
		attribute.String("gen_ai.request.model", name),
	}
	if p := req.Params; p.Temperature != nil {
		attrs = append(attrs, attribute.Float64("gen_ai.request.temperature", *p.Temperature))
	}
	if p := req.Params; p.TopP != nil {
		attrs = append(attrs, attribute.Float64("gen_ai.request.top_p", *p.TopP))
	}
	if n := req.Params.MaxTokens; n > 0 {
		attrs = append(attrs, attribute.Int("gen_ai.request.max_tokens", n))
	}
	if p := req.Params; p.Seed != nil {
		attrs = append(attrs, attribute.Int64("gen_ai.request.seed", *p.Seed))
	}
	if p := req.Params; len(p.Stop) > 0 {
		attrs = append(attrs, attribute.StringSlice("gen_ai.request.stop_sequences", p.Stop))
	}
	if req.JSON || req.Schema != nil {
		attrs = append(attrs, attribute.String("gen_ai.output.type", "json"))
	}
	ctx, span := m.tracer.Start(ctx, "chat "+name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	ctx = lm.WithNotes(context.WithValue(ctx, attemptsKey{}, new(atomic.Int64)), event)
	reply, err := m.Model.Complete(ctx, req)
	if err == nil {
		if len(reply.Ignored) > 0 {
			span.SetAttributes(attribute.StringSlice("gepa.ignored", reply.Ignored))
		}
		span.SetAttributes(
			attribute.StringSlice("gen_ai.response.finish_reasons", []string{string(reply.Finish)}),
			attribute.Int64("gepa.calls", reply.Usage.Calls),
			attribute.Int64("gepa.cached", reply.Usage.Cached))
		if reply.Model != "" {
			span.SetAttributes(attribute.String("gen_ai.response.model", reply.Model))
		}
		if reply.Usage.Unmeasured == 0 {
			span.SetAttributes(
				attribute.Int64("gen_ai.usage.input_tokens", reply.Usage.InputTokens),
				attribute.Int64("gen_ai.usage.output_tokens", reply.Usage.OutputTokens))
		}
		if reply.Usage.Cost.Known() {
			span.SetAttributes(attribute.Int64("gepa.cost_nano_usd", reply.Usage.Cost.Nanos))
		}
	}
	end(span, err)
	return reply, err
}
