package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWordDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after, want string }{
		{"same", "same", "same"},
		{"", "", ""},
		{"", "new text", "{+new text+}"},
		{"old", "", "[-old-]"},
		{"Answer in one word.", "Answer in a word.", "Answer in [-one-]{+a+} word."},
		{"the red fox ran", "the blue dog ran", "the [-red fox-]{+blue dog+} ran"},
		{"don't stop", "don't go", "don't [-stop-]{+go+}"},
		{"one\ntwo\n", "one\n\ntwo\n", "one\n{+¶+}\ntwo"},
		{"a\nb c", "a\nx c", "a\n[-b-]{+x+} c"},
		{"añb ü", "añb ö", "añb [-ü-]{+ö+}"},
	} {
		p := newPage(TextOptions{})
		p.words("", WordDiff(c.before, c.after))
		if diff := cmp.Diff(c.want, strings.TrimSuffix(p.text.String(), "\n")); diff != "" {
			t.Errorf("%q → %q: %s", c.before, c.after, diff)
		}
	}
}

func TestWordDiffInColourKeepsItsStyleOverLines(t *testing.T) {
	t.Parallel()
	p := newPage(TextOptions{Width: 14, Color: true})
	p.words("  ", WordDiff("keep", "keep these new words here"))
	want := "  keep\x1b[32m these\x1b[0m\n  \x1b[32mnew words\x1b[0m\n  \x1b[32mhere\x1b[0m\n"
	if diff := cmp.Diff(want, p.text.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWordDiffLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-c ü\n.]|one|two){0,30}`)
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		var one, two string
		for i, w := range WordDiff(before, after) {
			if w.Text == "" {
				t.Fatal("an empty piece")
			}
			if w.Change != WordsAdded {
				one += w.Text
			}
			if w.Change != WordsRemoved {
				two += w.Text
			}
			if before == after && (i > 0 || w.Change != WordsKept) {
				t.Fatal("equal texts differ")
			}
		}
		if one != before || two != after {
			t.Fatalf("%q and %q, want %q and %q", one, two, before, after)
		}
	})
}
