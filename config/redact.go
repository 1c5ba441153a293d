package config

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gepa-go/gepa/lm"
)

// redacting is a handler that takes keys out of whatever is logged: messages,
// texts, errors, and what else prints itself.
type redacting struct {
	next    slog.Handler
	secrets []string
}

// Enabled implements [slog.Handler].
func (h redacting) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// Handle implements [slog.Handler].
func (h redacting) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, lm.Redact(r.Message, h.secrets...), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

// WithAttrs implements [slog.Handler].
func (h redacting) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return redacting{h.next.WithAttrs(clean), h.secrets}
}

// WithGroup implements [slog.Handler].
func (h redacting) WithGroup(name string) slog.Handler {
	return redacting{h.next.WithGroup(name), h.secrets}
}

func (h redacting) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, lm.Redact(v.String(), h.secrets...))
	case slog.KindGroup:
		group := v.Group()
		clean := make([]slog.Attr, len(group))
		for i, member := range group {
			clean[i] = h.attr(member)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.Any(a.Key, errors.New(lm.Redact(err.Error(), h.secrets...)))
		}
		return slog.String(a.Key, lm.Redact(fmt.Sprint(v.Any()), h.secrets...))
	default:
		return a
	}
}
