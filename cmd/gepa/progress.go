package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/printable"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/terminal"
	"github.com/gepa-go/gepa/report/view"
)

// watcher tells on standard error how a run is going: a line for everything
// worth keeping and, on a terminal, a live region below them. It is safe for
// concurrent use.
type watcher struct {
	w            io.Writer
	quiet, plain bool
	color        bool

	mu     sync.Mutex
	fold   *view.Fold // nil until the run begins
	notes  *report.Notes
	shown  *view.Run // as of its position
	headed bool      // the columns' names are printed
	region *terminal.View
	warned map[string]time.Time
}

func newWatcher(w io.Writer, s show) *watcher {
	return &watcher{w: w, quiet: s.quiet, plain: s.plain, color: colorful(w, s.noColor), warned: map[string]time.Time{}}
}

// begin starts to show the run that was folded so far. Keys say what keys of a
// live region do, and stop how the process is ended. Call end when it is over.
func (v *watcher) begin(fold *view.Fold, keys terminal.Options, stop *interruption) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fold, v.notes = fold, report.NewNotes(fold.Story().State)
	if v.quiet || v.plain || !interactive(v.w) {
		return
	}
	keys.Out, keys.Color, keys.Environ = v.w, v.color, os.Environ()
	keys.Run, keys.Texts = v.run, v.texts
	if columns(os.Stdin) > 0 {
		keys.In = os.Stdin
	}
	v.region = terminal.Start(keys)
	stop.atExit(v.region.Kill)
}

// end takes the live region away.
func (v *watcher) end() {
	v.mu.Lock()
	region := v.region
	v.mu.Unlock()
	if region == nil {
		return
	}
	unprinted, err := region.Close() // it may ask for the run meanwhile
	v.mu.Lock()
	defer v.mu.Unlock()
	v.region = nil
	for _, line := range unprinted {
		v.print(report.Neutral, line)
	}
	if err != nil {
		v.print(report.Neutral, "warning: the view of the run ended early: "+err.Error())
	}
}

// run returns the run as it stands, for the live region.
func (v *watcher) run() *view.Run {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fold == nil || v.fold.Story().State.Run() == nil {
		return nil
	}
	if v.shown == nil || v.shown.Position != v.fold.Position() {
		run, err := v.fold.Run()
		if err != nil {
			return v.shown // the summary will say so
		}
		v.shown = &run
	}
	return v.shown
}

// texts returns a candidate's texts, for the live region.
func (v *watcher) texts(candidate int) map[string]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if pool := v.fold.Story().State.Pool(); candidate < len(pool) {
		return pool[candidate].Texts
	}
	return nil
}

// observe folds an event; it is a run's observer.
func (v *watcher) observe(e gepa.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fold == nil {
		return
	}
	if err := v.apply(gepa.Record{At: time.Now()}, e); err != nil {
		v.print(report.Neutral, "the progress is not shown any more: "+err.Error())
		v.fold = nil
	}
}

// apply folds a record and prints what is to be kept of it.
func (v *watcher) apply(rec gepa.Record, e gepa.Event) error {
	if err := v.fold.Apply(rec, e); err != nil {
		return err
	}
	note, ok := v.notes.Note(e)
	if !ok || v.quiet {
		return nil
	}
	if c, is := e.(gepa.ProposalCommitted); is && c.Proposal > 0 && !v.headed {
		v.headed = true
		v.print(report.Muted, v.notes.Header())
	}
	v.print(note.Tone, note.Text)
	return nil
}

// say prints a line that is no warning.
func (v *watcher) say(format string, args ...any) {
	if v.quiet {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.print(report.Neutral, fmt.Sprintf(format, args...))
}

// print writes a line, above the live region if there is one.
func (v *watcher) print(tone report.Tone, text string) {
	if v.region != nil {
		v.region.Print(tone, text)
		return
	}
	text = printable.Text(text)
	if width := columns(v.w); width > 1 && tone != report.Neutral && printable.Width(text) >= width {
		text, _ = printable.Fit(text, width-2)
		text += "…"
	}
	if style := map[report.Tone]string{report.Good: "32", report.Muted: "2"}[tone]; v.color && style != "" {
		text = "\x1b[" + style + "m" + text + "\x1b[0m"
	}
	fmt.Fprintln(v.w, text)
}

// quietFor is how long an equal warning is not repeated.
const quietFor = 5 * time.Second

// Enabled implements [slog.Handler].
func (v *watcher) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// WithAttrs implements [slog.Handler]; attributes of a whole logger are not
// shown.
func (v *watcher) WithAttrs([]slog.Attr) slog.Handler { return v }

// WithGroup implements [slog.Handler].
func (v *watcher) WithGroup(string) slog.Handler { return v }

// Handle implements [slog.Handler]: a warning is a line. Many calls that fail
// together for the same reason make one.
func (v *watcher) Handle(_ context.Context, r slog.Record) error {
	parts := []string{r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "stack" {
			parts = append(parts, a.Key+" "+a.Value.String())
		}
		return true
	})
	text := strings.Join(parts, ": ")
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	if now.Sub(v.warned[r.Message]) < quietFor {
		return nil
	}
	v.warned[r.Message] = now
	if v.region != nil {
		v.region.Warn(text)
		return nil
	}
	v.print(report.Neutral, "warning: "+text)
	return nil
}
