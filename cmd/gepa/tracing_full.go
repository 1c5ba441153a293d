//go:build gepa_full

package main

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/gepa-go/gepa/lm/otel/otlp"
)

// exportTraces exports spans by OTLP.
func exportTraces(ctx context.Context) (trace.Tracer, func(context.Context) error, error) {
	return otlp.Export(ctx)
}
