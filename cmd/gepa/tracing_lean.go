//go:build !gepa_full

package main

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/trace"
)

// exportTraces is left out of the lean build, whose cold compilation must be
// short; see docs/adr/0001-dependencies.md.
func exportTraces(context.Context) (trace.Tracer, func(context.Context) error, error) {
	return nil, nil, errors.New("this build has no OTLP exporter; build with -tags gepa_full (make build does), or unset OTEL_EXPORTER_OTLP_ENDPOINT")
}
