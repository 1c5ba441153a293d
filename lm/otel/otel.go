// Package otel makes OpenTelemetry spans of runs, proposals, rollouts and
// model calls, by the semantic conventions for generative AI, and exports them
// by OTLP over HTTP.
//
// What models are asked and what they answer is in no span: conversations can
// hold anything, and the run's journal has them.
package otel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// Scope names the instrumentation.
const Scope = "github.com/gepa-go/gepa/lm/otel"

// Wanted reports whether the standard variables ask for traces by OTLP.
func Wanted(getenv func(string) string) bool {
	if getenv("OTEL_SDK_DISABLED") == "true" || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// end ends a span, with what went wrong.
func end(span trace.Span, err error) {
	if err != nil {
		kind := fmt.Sprintf("%T", err)
		if known, ok := errors.AsType[*lm.Error](err); ok {
			kind = string(known.Kind)
		}
		span.SetAttributes(attribute.String("error.type", kind))
		span.SetStatus(codes.Error, lm.Redact(err.Error()))
	}
	span.End()
}

// Run starts the span of a run, around everything that ctx is given to. The
// caller ends it by the function returned.
func Run(ctx context.Context, t trace.Tracer, program string) (context.Context, func(error)) {
	ctx, span := t.Start(ctx, "run "+program, trace.WithAttributes(attribute.String("gepa.program", program)))
	return ctx, func(err error) { end(span, err) }
}

// System returns a system whose every rollout is a span.
func System(s gepa.System, t trace.Tracer) gepa.System { return &system{s, t} }

type system struct {
	gepa.System
	tracer trace.Tracer
}

func (s *system) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	ctx, span := s.tracer.Start(ctx, "rollout", trace.WithAttributes(
		attribute.String("gepa.example", job.Example.ID),
		attribute.String("gepa.candidate", job.Candidate.Hash()),
		attribute.Int("gepa.repeat", job.Repeat)))
	r, err := s.System.Run(ctx, job)
	if err == nil {
		span.SetAttributes(attribute.Float64("gepa.score", r.Score), attribute.Bool("gepa.failed", r.Problem != ""))
	}
	end(span, err)
	return r, err
}

// Proposer returns a proposer whose every proposal is a span, around the calls
// of judge and reflection.
func Proposer(p gepa.Proposer, t trace.Tracer) gepa.Proposer { return &proposer{p, t} }

type proposer struct {
	gepa.Proposer
	tracer trace.Tracer
}

func (p *proposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	ctx, span := p.tracer.Start(ctx, "proposal", trace.WithAttributes(
		attribute.Int("gepa.proposal", req.Proposal),
		attribute.StringSlice("gepa.components", req.Components)))
	r, err := p.Proposer.Propose(ctx, req)
	if err == nil {
		span.SetAttributes(attribute.Bool("gepa.refused", r.Refused != ""))
	}
	end(span, err)
	return r, err
}
