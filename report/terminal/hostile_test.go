package terminal

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/report/view"
)

// hostile are texts that do something where they are merely written.
func hostile() []string {
	return []string{
		"\x1b[2J\x1b[H\x1b]0;title\a\x1b]52;c;ZXZpbA==\x1b\\\x1bPq#0\x1b\\\x9b2J\x9d0;t\x9c",
		"a\rb\bc\td\ne\x00f\x07g\x7fh\x0e\x0f",
		"user\u202Etxt.exe\u2066\u2069\u200F\u061C",
		"z" + strings.Repeat("\u0301", 4000) + "y",
		"wide 漢字 👩‍👩‍👧‍👦 👍🏽 🇩🇪 é \ufe0f\u200d\ufeff",
		"\xff\xfe\xc3\x28 \xed\xa0\x80",
		strings.Repeat("no space at all ", 1) + strings.Repeat("x", 5<<20),
		strings.Repeat(" ", 5<<20) + "late",
		strings.Repeat("\n", 1<<20),
		"\u2028\u2029\U000E0041\uE000\uFFFF",
		"",
	}
}

// poison replaces every string in a value by a text, and every float by a
// number, as far as the types allow.
func poison(v reflect.Value, text string, number float64) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && v.Type() != reflect.TypeFor[view.Stage]() && v.Type() != reflect.TypeFor[view.Phase]() {
			v.SetString(text)
		}
	case reflect.Float64:
		if v.CanSet() {
			v.SetFloat(number)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), text, number)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			poison(field, text, number)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), text, number)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			poison(value, text, number)
			v.SetMapIndex(key, value)
		}
	}
}

// harmless reports what must not reach a terminal.
func harmless(t interface {
	Helper()
	Errorf(string, ...any)
}, shown string) {
	t.Helper()
	for _, r := range shown {
		if r != '\n' && !unicode.IsPrint(r) && !unicode.In(r, unicode.Mn, unicode.Me) || r == '\u202e' {
			t.Errorf("%U is shown", r)
			return
		}
	}
}

// Whatever stands in a journal, it is only shown, within the window, and fast.
func TestHostileJournal(t *testing.T) {
	for i, text := range hostile() {
		s := newScene(t)
		s.busy()
		run := s.run()
		poison(reflect.ValueOf(run), text, []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1}[i%5])
		for _, size := range [][2]int{{100, 30}, {20, 6}, {3, 2}} {
			m := s.model(size[0], size[1], false, func(o *Options) {
				o.Run = func() *view.Run { return run }
				texts := map[int]map[string]string{}
				o.Texts = func(candidate int) map[string]string {
					if texts[candidate] == nil {
						texts[candidate] = map[string]string{}
						for _, c := range run.Head.Components {
							texts[candidate][c.Name] = strings.Repeat("same ", candidate) + text
						}
					}
					return texts[candidate]
				}
			})
			m.lines.warn(view.Note{Text: text})
			began := time.Now()
			for p := range pages {
				m.page = p
				shown := m.View().Content
				harmless(t, shown)
				for l := range strings.SplitSeq(shown, "\n") {
					if w := ansi.StringWidth(l); size[0] >= 20 && w >= size[0] {
						t.Errorf("text %d, %v, %s: a row of %d columns: %q", i, size, p.name(), w, l)
					}
				}
			}
			for _, l := range broken(styled(good, text), size[0])[:1] {
				harmless(t, l.draw(nil, max(size[0], 1)))
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("text %d, %v: four pages took %v", i, size, took)
			}
		}
	}
}

// With colours, escape sequences are those of styles: taken away, what is left
// is what is shown without.
func TestColorsAddNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l line
		for range rapid.IntRange(0, 5).Draw(t, "spans") {
			l.add(style(rapid.IntRange(0, int(styles)-1).Draw(t, "style")), rapid.String().Draw(t, "text"))
		}
		columns := rapid.IntRange(0, 60).Draw(t, "columns")
		bare := l.draw(nil, columns)
		harmless(t, bare)
		if w := columnsOf(bare); w > columns {
			t.Fatalf("%d columns of %d: %q", w, columns, bare)
		}
		if got := strings.TrimRight(ansi.Strip(l.draw(colours(), columns)), " "); got != bare {
			t.Fatalf("with colours %q, without %q", got, bare)
		}
	})
}

// Breaking a line loses nothing but spaces.
func TestWrappedKeepsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l line
		for range rapid.IntRange(1, 4).Draw(t, "spans") {
			l.add(style(rapid.IntRange(0, 3).Draw(t, "style")), rapid.StringMatching(`[a-z漢 ]{0,40}`).Draw(t, "text"))
		}
		columns := rapid.IntRange(4, 30).Draw(t, "columns")
		var want, got strings.Builder
		for _, s := range l {
			want.WriteString(s.text)
		}
		for _, row := range wrapped(l, columns, 1000) {
			if w := row.width(); w > columns {
				t.Fatalf("a row of %d columns of %d", w, columns)
			}
			for _, s := range row {
				got.WriteString(s.text)
			}
		}
		if a, b := strings.ReplaceAll(want.String(), " ", ""), strings.ReplaceAll(got.String(), " ", ""); a != b {
			t.Fatalf("%q becomes %q", a, b)
		}
	})
}
