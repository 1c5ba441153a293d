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
	"github.com/gepa-go/gepa/report"
)

// redraw is how often the live line is drawn at most.
const redraw = 100 * time.Millisecond

// watcher tells on standard error how a run is going: a line for everything
// worth keeping and, on a terminal, one live line below them. It is safe for
// concurrent use.
type watcher struct {
	w     io.Writer
	quiet bool
	color bool

	mu       sync.Mutex
	progress *report.Progress // nil until the run begins
	started  time.Time
	headed   bool // the columns' names are printed
	drawn    bool // the live line is on the screen
	stop     chan struct{}
	stopped  sync.WaitGroup
	warned   map[string]time.Time
}

func newWatcher(w io.Writer, s show) *watcher {
	return &watcher{w: w, quiet: s.quiet, color: colorful(w, s.noColor), warned: map[string]time.Time{}}
}

// begin starts to show the run's progress. Call end when it is over.
func (v *watcher) begin(p *report.Progress) {
	v.mu.Lock()
	v.progress, v.started = p, time.Now()
	v.mu.Unlock()
	if v.quiet || columns(v.w) == 0 || os.Getenv("TERM") == "dumb" {
		return
	}
	v.stop = make(chan struct{})
	v.stopped.Go(func() {
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				v.mu.Lock()
				v.draw()
				v.mu.Unlock()
			case <-v.stop:
				return
			}
		}
	})
}

// end takes the live line away.
func (v *watcher) end() {
	if v.stop != nil {
		close(v.stop)
		v.stopped.Wait()
		v.stop = nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clear()
}

// observe folds an event; it is a run's observer.
func (v *watcher) observe(e gepa.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.progress == nil {
		return
	}
	if err := v.progress.Apply(e); err != nil {
		v.print(report.Neutral, "the progress is not shown any more: "+err.Error())
		v.progress = nil
		return
	}
	note, ok := v.progress.Note(e)
	if !ok || v.quiet {
		return
	}
	if c, is := e.(gepa.ProposalCommitted); is && c.Proposal > 0 && !v.headed {
		v.headed = true
		v.print(report.Muted, v.progress.Header())
	}
	v.print(note.Tone, note.Text)
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

// print writes a line above the live one.
func (v *watcher) print(tone report.Tone, text string) {
	v.clear()
	if width := columns(v.w); width > 1 {
		if runes := []rune(text); len(runes) >= width && tone != report.Neutral {
			text = string(runes[:width-2]) + "…"
		}
	}
	if style := map[report.Tone]string{report.Good: "32", report.Muted: "2"}[tone]; v.color && style != "" {
		text = "\x1b[" + style + "m" + text + "\x1b[0m"
	}
	fmt.Fprintln(v.w, text)
}

func (v *watcher) draw() {
	width := columns(v.w)
	if v.progress == nil || width < 2 {
		return
	}
	line := v.progress.Line(time.Since(v.started), width-1)
	fmt.Fprint(v.w, "\r\x1b[K"+line)
	v.drawn = true
}

func (v *watcher) clear() {
	if v.drawn {
		fmt.Fprint(v.w, "\r\x1b[K")
		v.drawn = false
	}
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
	v.mu.Lock()
	defer v.mu.Unlock()
	if now := time.Now(); now.Sub(v.warned[r.Message]) >= quietFor {
		v.warned[r.Message] = now
		v.print(report.Neutral, "warning: "+strings.Join(parts, ": "))
	}
	return nil
}
