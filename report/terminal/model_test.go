package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// press presses a key and returns what is to be done then.
func press(m *model, name string) tea.Cmd {
	keys := map[string]tea.KeyPressMsg{
		"tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
		"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
		"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+z": {Code: 'z', Mod: tea.ModCtrl},
	}
	k, known := keys[name]
	if !known {
		k = tea.KeyPressMsg{Code: rune(name[0]), Text: name}
	}
	_, cmd := m.Update(k)
	return cmd
}

func busy(t *testing.T) *scene {
	s := newScene(t)
	s.busy()
	return s
}

func TestPauseAndResume(t *testing.T) {
	c := &controls{}
	m := busy(t).model(80, 24, false, func(o *Options) { o.Controls = c })
	press(m, "p")
	if !c.paused || !strings.Contains(m.View().Content, "paused") {
		t.Errorf("paused %v:\n%s", c.paused, m.View().Content)
	}
	press(m, "p")
	if c.paused || strings.Contains(m.View().Content, "paused") {
		t.Errorf("paused %v:\n%s", c.paused, m.View().Content)
	}
}

// Stopping asks once more.
func TestStopAsks(t *testing.T) {
	for _, test := range []struct {
		keys string
		want int
	}{{"s", 0}, {"ss", 1}, {"sn", 0}, {"sns", 0}, {"snss", 1}} {
		c := &controls{}
		m := busy(t).model(80, 24, false, func(o *Options) { o.Controls = c })
		for _, k := range test.keys {
			press(m, string(k))
		}
		if c.stopped != test.want {
			t.Errorf("%q stops %d times, want %d", test.keys, c.stopped, test.want)
		}
	}
}

func TestInterruptWhileAsked(t *testing.T) {
	c, interrupts := &controls{}, 0
	m := busy(t).model(80, 24, false, func(o *Options) { o.Controls, o.Interrupt = c, func() { interrupts++ } })
	press(m, "s")
	press(m, "ctrl+c")
	press(m, "q")
	if interrupts != 2 || c.stopped != 0 {
		t.Errorf("%d interrupts, %d stops", interrupts, c.stopped)
	}
}

// What cannot be done has no key and is not offered.
func TestKeysThatAreNotThere(t *testing.T) {
	m := busy(t).model(80, 24, false, func(o *Options) { o.Controls, o.Dashboard, o.Interrupt = nil, nil, nil })
	before := m.View().Content
	for _, k := range []string{"p", "s", "o", "ctrl+c"} {
		press(m, k)
		if diff := cmp.Diff(before, m.View().Content); diff != "" {
			t.Errorf("%s does something:\n%s", k, diff)
		}
	}
	for _, word := range []string{"pause", "stop", "dashboard", "interrupt"} {
		if strings.Contains(before, word) {
			t.Errorf("%q is offered:\n%s", word, before)
		}
	}
}

func TestDashboard(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{{nil, "dashboard  http://127.0.0.1:1/"}, {errors.New("no port is free"), "the dashboard cannot be opened: no port is free"}} {
		m := busy(t).model(80, 24, false, func(o *Options) {
			o.Dashboard = func() (string, error) { return "http://127.0.0.1:1/", test.err }
		})
		m.Update(press(m, "o")())
		if lines := m.lines.take(); len(lines) != 1 || lines[0].draw(nil, 200) != test.want {
			t.Errorf("printed %v, want %q", lines, test.want)
		}
	}
}

// Lists can be walked through from end to end and not beyond.
func TestLists(t *testing.T) {
	s := busy(t)
	m := s.model(80, 10, false, nil)
	press(m, "tab")
	press(m, "tab")
	for _, step := range []struct {
		key  string
		want string
	}{{"up", "› 9 "}, {"down", "› 8 "}, {"end", "› 1 "}, {"down", "› 1 "}, {"pgup", "› 7 "}, {"home", "› 9 "}, {"pgdown", "› 3 "}} {
		press(m, step.key)
		if shown := m.View().Content; !strings.Contains(shown, step.want) {
			t.Errorf("after %s there is no %q:\n%s", step.key, step.want, shown)
		}
	}
	for range pages {
		press(m, "tab")
	}
	if m.page != pageProposals {
		t.Errorf("round the pages it comes to %s", m.page.name())
	}
}

// The region keeps its height while rows come and go, so that what is below
// and above it does not jump.
func TestRegionDoesNotJump(t *testing.T) {
	s := busy(t)
	m := s.model(80, 24, false, nil)
	tall := strings.Count(m.View().Content, "\n")
	press(m, "tab")
	if now := strings.Count(m.View().Content, "\n"); now != tall {
		t.Errorf("it had %d rows and has %d", tall, now)
	}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 12})
	if now := strings.Count(m.View().Content, "\n"); now >= 11 {
		t.Errorf("in a window of 12 rows it has %d", now+1)
	}
}

// messages carries commands out as the program would, in order.
func messages(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
		var out []tea.Msg
		for i := range v.Len() {
			out = append(out, messages(v.Index(i).Interface().(tea.Cmd))...)
		}
		return out
	}
	return []tea.Msg{msg}
}

// Lines are printed in order, one batch after the other, and all of them before
// the end.
func TestPrinting(t *testing.T) {
	m := busy(t).model(40, 20, false, nil)
	m.lines.add(plain("one"))
	m.lines.add(plain(strings.Repeat("long ", 20)))
	first := messages(m.print())
	if len(first) != 5 { // one, three rows, and that they are printed
		t.Errorf("%d messages: %v", len(first), first)
	}
	m.lines.add(plain("two"))
	if cmd := m.print(); cmd != nil {
		t.Error("the next lines do not wait")
	}
	_, cmd := m.Update(endMsg{})
	if cmd != nil {
		t.Error("the end does not wait")
	}
	_, cmd = m.Update(printedMsg{})
	if got := fmt.Sprint(messages(cmd)); !strings.Contains(got, "two") {
		t.Errorf("then comes %s", got)
	}
	_, cmd = m.Update(printedMsg{})
	if got := messages(cmd); len(got) != 1 || got[0] != tea.QuitMsg(struct{}{}) || !m.over {
		t.Errorf("at the end comes %v", got)
	}
}

// The whole of it, on something that is no terminal: what is printed is there,
// in order, and nothing is left behind.
func TestStartAndClose(t *testing.T) {
	s := busy(t)
	run := s.run()
	var out bytes.Buffer
	v := Start(Options{
		Out: &out, Run: func() *view.Run { return run }, Texts: s.texts, Now: func() time.Time { return s.at },
		Environ: []string{"TERM=xterm-256color"},
	})
	for i := range 20 {
		v.Print(report.Muted, fmt.Sprintf("line %d\x1b[2J", i))
	}
	v.Warn("the provider is slow")
	if v.Failed() {
		t.Error("it ended by itself")
	}
	unprinted, err := v.Close()
	if err != nil || len(unprinted) > 0 {
		t.Fatalf("left %q, error %v", unprinted, err)
	}
	at := 0
	for i := range 20 {
		line := fmt.Sprintf("line %d␛[2J", i)
		next := strings.Index(out.String()[at:], line)
		if next < 0 {
			t.Fatalf("%q is missing, or too early", line)
		}
		at += next
	}
	if !strings.Contains(out.String()[at:], "warning: the provider is slow") {
		t.Error("the warning is missing")
	}
	v.Print(report.Neutral, "late")
	v.Kill()
	if unprinted, _ := v.Close(); len(unprinted) != 1 || unprinted[0] != "late" {
		t.Errorf("what came late: %q", unprinted)
	}
}
