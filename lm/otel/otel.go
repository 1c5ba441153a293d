// Package otel makes OpenTelemetry spans of a run: of its proposals, rollouts,
// modules (the component calls of a rollout), model calls and their attempts,
// the calls by the semantic conventions for generative AI.
//
//	run
//	├── rollout               of the base's validation, and of the test set
//	└── proposal
//	    ├── reflection        judge and reflection
//	    │   └── chat MODEL    a call, whoever answered it
//	    │       └── attempt   one that reached for the provider
//	    └── rollout
//	        └── module        a component's call
//	            └── chat MODEL
//	                └── attempt
//
// What the cache, the retries, the caps, the limiter and the other parts of
// [lm.Chain] did are events of the call's span, or of the attempt's where they
// belong to one. What models are asked and what they answer is in no span:
// conversations can hold anything, and the run's journal has them.
package otel

import (
	"context"
	"errors"
	"fmt"
	"sync"

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

// Spans makes the spans of one run. Its methods wrap what the run is made of;
// each can be used without the others, and then its spans lie below whatever
// their context holds. It is safe for concurrent use.
type Spans struct {
	tracer trace.Tracer

	mu   sync.Mutex
	run  trace.Span // nil outside [Spans.Run]
	plan plan
}

// New returns what makes the spans of one run.
func New(t trace.Tracer) *Spans { return &Spans{tracer: t, plan: newPlan()} }

// Run starts the span of the run, around everything that ctx is given to. The
// caller ends it by the function returned.
func (s *Spans) Run(ctx context.Context, program string) (context.Context, func(error)) {
	ctx, span := s.tracer.Start(ctx, "run "+program, trace.WithAttributes(attribute.String("gepa.program", program)))
	s.mu.Lock()
	s.run = span
	s.mu.Unlock()
	return ctx, func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, p := range s.plan.open {
			if p.span != nil {
				p.span.SetAttributes(attribute.String("gepa.outcome", "unfinished"))
				p.span.End()
			}
		}
		s.plan, s.run = newPlan(), nil
		end(span, err)
	}
}

// end ends a span, with what went wrong. Only errors of models, whose keys are
// taken out, and of the run itself are put into words.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetAttributes(attribute.String("error.type", errorType(err)))
		span.SetStatus(codes.Error, lm.Redact(err.Error()))
	}
	span.End()
}

func errorType(err error) string {
	if known, ok := errors.AsType[*lm.Error](err); ok {
		return string(known.Kind)
	}
	return fmt.Sprintf("%T", err)
}

// System returns a system whose every rollout is a span, below that of the
// proposal it is for, and with a span for every component call that
// [gepa.BeginStep] announces.
func (s *Spans) System(sys gepa.System) gepa.System { return &system{sys, s} }

type system struct {
	gepa.System
	spans *Spans
}

func (s *system) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	key := job.Key()
	ctx, span := s.spans.tracer.Start(s.spans.forRollout(ctx, key), "rollout", trace.WithAttributes(
		attribute.String("gepa.example", job.Example.ID),
		attribute.String("gepa.candidate", key.Candidate),
		attribute.Int("gepa.repeat", job.Repeat)))
	r, err := s.System.Run(gepa.WithStepHook(ctx, s.spans.module), job)
	if err == nil {
		span.SetAttributes(attribute.Float64("gepa.score", r.Score), attribute.Bool("gepa.failed", r.Problem != ""))
	}
	end(span, err)
	return r, err
}

// module is a [gepa.StepHook]. A component that failed, other than by a model's
// error, may quote a reply: its words are left out.
func (s *Spans) module(ctx context.Context, component string) (context.Context, func(error)) {
	ctx, span := s.tracer.Start(ctx, "module "+component, trace.WithAttributes(attribute.String("gepa.component", component)))
	return ctx, func(err error) {
		_, models := errors.AsType[*lm.Error](err)
		if err == nil || models {
			end(span, err)
			return
		}
		span.SetAttributes(attribute.String("error.type", errorType(err)))
		span.SetStatus(codes.Error, "")
		span.End()
	}
}

// Proposer returns a proposer whose every proposal has a span "reflection",
// around the calls of judge and reflection, below that of the proposal.
func (s *Spans) Proposer(p gepa.Proposer) gepa.Proposer { return &proposer{p, s} }

type proposer struct {
	gepa.Proposer
	spans *Spans
}

func (p *proposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	ctx, span := p.spans.tracer.Start(p.spans.forProposal(ctx, req.Proposal), "reflection", trace.WithAttributes(
		attribute.Int("gepa.proposal", req.Proposal),
		attribute.Int("gepa.child", req.Child),
		attribute.StringSlice("gepa.components", req.Components)))
	r, err := p.Proposer.Propose(ctx, req)
	if err == nil {
		span.SetAttributes(attribute.Bool("gepa.refused", r.Refused != ""))
	}
	end(span, err)
	return r, err
}
