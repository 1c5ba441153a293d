package terminal

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

var update = flag.Bool("update", false, "write the golden files anew")

// moments are what the golden files show.
func moments() []struct {
	name  string
	begin func(s *scene)
	then  func(m *model)
} {
	failing := func(s *scene) {
		s.busy()
		for n := range 3 {
			s.tell(gepa.AttemptFailed{Of: "7", Number: n + 1, Error: "openai: 429 Too Many Requests: rate limit reached for gpt-4.1-mini, try again in 20 s"})
		}
	}
	over := func(s *scene) {
		s.searched()
		s.tell(gepa.Stopped{Reason: gepa.StopProposals, Detail: "all 5 proposals are made"})
		s.tell(gepa.TestOpened{Candidates: []int{0, 2}})
		s.rollouts(s.state().Pool()[0].Texts, "test", examples, 0, 1, 0, 0.5)
	}
	return []struct {
		name  string
		begin func(s *scene)
		then  func(m *model)
	}{
		{"start", func(*scene) {}, nil},
		{"base", func(s *scene) {
			s.rollouts(gepa.Seed(s.state().Run().Components), "validation", 7, 0, 1)
		}, nil},
		{"search", (*scene).busy, nil},
		{"paused", (*scene).busy, func(m *model) { press(m, "p") }},
		{"stop", (*scene).busy, func(m *model) { press(m, "s") }},
		{"failing", failing, nil},
		{"candidates", (*scene).busy, func(m *model) { press(m, "tab"); press(m, "down") }},
		{"proposals", (*scene).busy, func(m *model) { press(m, "tab"); press(m, "tab") }},
		{"log", failing, func(m *model) { press(m, "shift+tab") }},
		{"help", (*scene).busy, func(m *model) { press(m, "?") }},
		{"interrupted", (*scene).busy, func(m *model) { press(m, "ctrl+c") }},
		{"test", over, nil},
		{"over", func(s *scene) {
			over(s)
			s.rollouts(s.state().Pool()[2].Texts, "test", examples, 0.5, 1, 1, 0.5)
		}, nil},
		{"left", (*scene).busy, func(m *model) { m.over = true }},
	}
}

// What the region looks like at several moments, in windows of several sizes.
func TestGolden(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 20}, {20, 6}} {
		for _, color := range []bool{false, true} {
			name := fmt.Sprintf("%dx%d", size[0], size[1])
			if color {
				name += "-color"
			}
			t.Run(name, func(t *testing.T) {
				var b strings.Builder
				for _, at := range moments() {
					s := newScene(t)
					at.begin(s)
					m := s.model(size[0], size[1], color, nil)
					if at.then != nil {
						at.then(m)
					}
					shown := m.View().Content
					check(t, at.name, shown, size[0], size[1], color)
					fmt.Fprintf(&b, "=== %s\n%s\n", at.name, shown)
				}
				file := filepath.Join("testdata", name+".txt")
				if *update {
					if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), b.String()); diff != "" {
					t.Errorf("%s; -update writes it anew (-want +got):\n%s", file, diff)
				}
			})
		}
	}
}

// check reports what must hold of every picture: it fits its window, and
// without colours it is plain text.
func check(t *testing.T, name, shown string, columns, rows int, color bool) {
	t.Helper()
	lines := strings.Split(shown, "\n")
	if len(lines) >= rows {
		t.Errorf("%s: %d rows in a window of %d", name, len(lines), rows)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w >= columns {
			t.Errorf("%s: a row of %d columns in a window of %d: %q", name, w, columns, l)
		}
	}
	if plain := ansi.Strip(shown); !color && plain != shown {
		t.Errorf("%s: escape sequences without colour: %q", name, shown)
	}
}
