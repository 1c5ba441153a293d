package printable

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestFit(t *testing.T) {
	for _, test := range []struct {
		name, in string
		columns  int
		want     string
		more     bool
	}{
		{"plain", "plain text", 80, "plain text", false},
		{"exactly", "12345", 5, "12345", false},
		{"too long", "123456", 5, "12345", true},
		{"spaces stay", "  a  b  ", 80, "  a  b  ", false},
		{"white space is one space", "a\n\t\r\n b", 80, "a  b", false},
		{"line separators", "a\u2028b\u00a0c", 80, "a b c", false},
		{"escape", "\x1b[31mred\x1b[0m", 80, "␛[31mred␛[0m", false},
		{"control", "\x00\x07\x08\x7f", 80, "␀␇␈␡", false},
		{"C1", "\u009b2J\u009d", 80, "\ufffd2J\ufffd", false},
		{"C1 as a byte", "\x9b2J", 80, "\ufffd2J", false},
		{"direction", "a\u202eb\u2066c\u200fd", 80, "a\ufffdb\ufffdc\ufffdd", false},
		{"no width", "a\u200bb\ufeffc\u00add", 80, "abcd", false},
		{"wide", "漢字", 3, "漢", true},
		{"joined emoji", "👩\u200d👩\u200d👦", 80, "👩👩👦", false},
		{"skin tone", "👍🏽!", 80, "👍!", false},
		{"emoji selector", "❤\ufe0f", 80, "❤", false},
		{"accent", "e\u0301", 1, "e\u0301", false},
		{"too many accents", "e" + strings.Repeat("\u0301", 100) + "f", 80, "e\u0301\u0301f", false},
		{"accent on nothing", "\u0301a", 80, "a", false},
		{"not UTF-8", "a\xffb", 80, "a\ufffdb", false},
		{"a surrogate", "\xed\xa0\x80", 80, "\ufffd\ufffd\ufffd", false},
		{"private use", "\ue000", 80, "\ufffd", false},
		{"nothing", "", 80, "", false},
		{"no room", "a", 0, "", true},
		{"much of nothing", "a" + strings.Repeat("\u200b", 1<<20) + "b", 80, "a", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, more := Fit(test.in, test.columns)
			if got != test.want || more != test.more {
				t.Errorf("%q, %v, want %q, %v", got, more, test.want, test.more)
			}
		})
	}
}

func TestLines(t *testing.T) {
	if got := Lines("a\x1bb\n\n  c\r\n"); got != "a␛b\n\n  c \n" {
		t.Errorf("%q", got)
	}
}

// What is left out is not looked at: a long text takes no longer than a short
// one.
func TestFitIsFastOnLongTexts(t *testing.T) {
	for _, unit := range []string{"x", " ", "\n", "\u0301", "\u200b", "\x1b[0m"} {
		text := strings.Repeat(unit, 16<<20)
		began := time.Now()
		for range 100 {
			Fit(text, 200)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%q: a hundred times took %v", unit, took)
		}
	}
}

func FuzzFit(f *testing.F) {
	f.Add("\x1b[2J\u202e\u0301漢", 3)
	f.Add("\xff\x9b ", 80)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		columns = min(max(columns, 0), 1000)
		shown, more := Fit(text, columns)
		if w := Width(shown); w > columns {
			t.Errorf("%d columns of %d: %q", w, columns, shown)
		}
		if !utf8.ValidString(shown) {
			t.Errorf("not UTF-8: %q", shown)
		}
		for _, r := range shown {
			if !unicode.IsPrint(r) {
				t.Errorf("%U is left", r)
			}
		}
		if again, cut := Fit(shown, columns); again != shown || cut {
			t.Errorf("%q becomes %q", shown, again)
		}
		if whole := Text(text); !more && whole != shown || !strings.HasPrefix(whole, shown) {
			t.Errorf("%q is no beginning of %q", shown, whole)
		}
	})
}
