package lm

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// Logged returns a model that logs every call at the debug level: what came of
// it, what it consumed, and the notes of the chain within ([Note]), each as a
// group with the name of its part. Prompts and replies are not logged. Keys in
// errors are for the logger's handler to take out; m's own errors have none.
func Logged(m Model, l *slog.Logger) Model { return &logged{wrapping{m}, l} }

type logged struct {
	wrapping
	logger *slog.Logger
}

func (l *logged) Complete(ctx context.Context, req Request) (Reply, error) {
	if !l.logger.Enabled(ctx, slog.LevelDebug) {
		return l.model.Complete(ctx, req)
	}
	var notes noteList
	reply, err := l.model.Complete(WithNotes(ctx, notes.add), req)
	attrs := []slog.Attr{slog.String("model", l.Name())}
	usage := reply.Usage
	if err != nil {
		usage = AsError(err, l.Name()).Usage
		attrs = append(attrs, slog.Any("error", err))
	} else {
		attrs = append(attrs, slog.String("finish", string(reply.Finish)), slog.Duration("latency", reply.Latency))
		if len(reply.Ignored) > 0 {
			attrs = append(attrs, slog.Any("ignored", reply.Ignored))
		}
	}
	attrs = append(attrs,
		slog.Int64("calls", usage.Calls), slog.Int64("cached", usage.Cached),
		slog.Int64("input_tokens", usage.InputTokens), slog.Int64("output_tokens", usage.OutputTokens),
		slog.String("cost", usage.Cost.String()))
	l.logger.LogAttrs(ctx, slog.LevelDebug, "model call", append(attrs, notes.groups()...)...)
	return reply, err
}

// noteList collects a call's notes, which may still come when the call was
// given up.
type noteList struct {
	mu   sync.Mutex
	list []Note
}

func (n *noteList) add(_ context.Context, note Note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, note)
}

// groups returns a group for each note; of several of a part, the later ones
// are numbered.
func (n *noteList) groups() []slog.Attr {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[string]int{}
	out := make([]slog.Attr, len(n.list))
	for i, note := range n.list {
		name := note.Part
		if seen[note.Part]++; seen[note.Part] > 1 {
			name = fmt.Sprintf("%s_%d", note.Part, seen[note.Part])
		}
		out[i] = slog.Attr{Key: name, Value: slog.GroupValue(note.Attrs...)}
	}
	return out
}
