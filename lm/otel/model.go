package otel

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/gepa-go/gepa/lm"
)

// Model returns a model whose every call is a span "chat MODEL", as the
// conventions for generative AI have it. Around an [lm.Chain] a span is a call
// with all its attempts, whether the cache answered it or not.
func Model(m lm.Model, t trace.Tracer) lm.Model { return &model{m, t} }

type model struct {
	lm.Model
	tracer trace.Tracer
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
	if req.JSON || req.Schema != nil {
		attrs = append(attrs, attribute.String("gen_ai.output.type", "json"))
	}
	ctx, span := m.tracer.Start(ctx, "chat "+name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	reply, err := m.Model.Complete(ctx, req)
	if err == nil {
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
