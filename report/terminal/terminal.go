package terminal

import (
	"errors"
	"io"
	"math"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// Controls act on the run that is shown. All methods are safe for concurrent
// use and return at once.
type Controls interface {
	// Pause begins nothing new until Resume; Paused reports whether that is so.
	Pause()
	Resume()
	Paused() bool
	// Stop ends the search after the proposals in flight.
	Stop()
}

// Options say what is shown, where, and what keys do. The functions are called
// from the view's own goroutine, and may be called until Close returns.
type Options struct {
	// Out is the terminal.
	Out io.Writer
	// In is where keys come from; nil for no keys.
	In io.Reader
	// Color allows colours.
	Color bool
	// Run returns the run as it is now, or nil while there is none. What it
	// returned is not changed afterwards.
	Run func() *view.Run
	// Texts returns a candidate's texts by component.
	Texts func(candidate int) map[string]string
	// Controls are nil where the run cannot be controlled from here.
	Controls Controls
	// Dashboard opens the dashboard, started if need be, and returns its
	// address; nil where there is none. It has a goroutine of its own.
	Dashboard func() (address string, err error)
	// Interrupt is what Ctrl-C does, which a terminal in this state does not
	// do by itself. It is called once for each.
	Interrupt func()
	// Leaves says that an interrupt leaves the view and not the run.
	Leaves bool
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
	// Environ is the environment, as [os.Environ] has it.
	Environ []string
}

func (o Options) palette() palette {
	if !o.Color {
		return nil
	}
	return colours()
}

func (o Options) interruptWords() string {
	if o.Leaves {
		return "leave: the run goes on"
	}
	return "interrupt; twice: at once"
}

// A View is the live region of a terminal. Its methods are safe for concurrent
// use.
type View struct {
	program *tea.Program
	lines   *outbox
	now     func() time.Time
	ended   chan struct{}
	err     error // once ended
}

// Start begins to show a run. Until [View.Close] nothing else may be written to
// the terminal.
func Start(o Options) *View {
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &View{lines: &outbox{}, now: o.Now, ended: make(chan struct{})}
	options := []tea.ProgramOption{
		tea.WithOutput(o.Out), tea.WithInput(o.In), tea.WithEnvironment(o.Environ),
		// Signals are the caller's: Ctrl-C comes as a key where keys do.
		tea.WithoutSignalHandler(), tea.WithFPS(int(time.Second / frameTime)),
	}
	if !o.Color {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	v.program = tea.NewProgram(newModel(o, v.lines), options...)
	go func() {
		defer close(v.ended)
		_, v.err = v.program.Run()
	}()
	return v
}

// Print prints a line above the region, where it stays.
func (v *View) Print(tone report.Tone, text string) {
	s := normal
	switch tone {
	case report.Good:
		s = good
	case report.Muted:
		s = faint
	case report.Neutral:
	}
	v.lines.add(styled(s, text))
}

// Warn prints a warning as [View.Print] does, and the region tells of it.
func (v *View) Warn(text string) {
	v.lines.warn(view.Note{At: v.now(), Level: view.LevelWarn, Text: text})
	v.lines.add(line{{warning, "warning: "}, {normal, text}})
}

// Close prints what there is to print, takes the region away and gives the
// terminal back as it was. Lines that could not be printed are returned: the
// view may have failed.
func (v *View) Close() (unprinted []string, err error) {
	v.program.Send(endMsg{})
	<-v.ended
	for _, l := range v.lines.take() {
		unprinted = append(unprinted, l.draw(nil, math.MaxInt16))
	}
	return unprinted, v.err
}

// Kill gives the terminal back at once.
func (v *View) Kill() {
	v.program.Kill()
	<-v.ended
}

// Failed reports whether the view ended by itself.
func (v *View) Failed() bool {
	select {
	case <-v.ended:
		return !errors.Is(v.err, tea.ErrProgramKilled)
	default:
		return false
	}
}

// outbox holds the lines that are to be printed, and what was warned of.
type outbox struct {
	mu       sync.Mutex
	lines    []line
	warnings int
	last     view.Note
}

func (b *outbox) add(l line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, l)
}

func (b *outbox) take() []line {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := b.lines
	b.lines = nil
	return lines
}

func (b *outbox) warn(n view.Note) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.warnings++
	b.last = n
}

func (b *outbox) warned() (int, view.Note) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.warnings, b.last
}
