package sim

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// TestRenamedNamesSameReplies renames names everywhere and expects the same
// replies, renamed.
func TestRenamedNamesSameReplies(t *testing.T) {
	if raceEnabled {
		t.Skip("makes hundreds of calls, one at a time")
	}
	xs := devExamples(t, 200)
	m := New(Options{Seed: 5})
	rapid.Check(t, func(rt *rapid.T) {
		x := xs[rapid.IntRange(0, len(xs)-1).Draw(rt, "example")]
		ren := renaming(rt, x)
		y := rawExample{Question: ren(x.Question), Answer: ren(x.Answer), texts: nil}
		for _, s := range x.items() {
			y.texts = append(y.texts, ren(s))
		}
		a := runProgram(m, cand{blogInstruction, baseVerify}, x)
		b := runProgram(m, cand{blogInstruction, baseVerify}, y)
		if a.f1 != b.f1 || a.em != b.em {
			rt.Errorf("renaming %q to %q turned the answer %q (F1 %.2f) into %q (F1 %.2f)", x.Question, y.Question, a.answer, a.f1, b.answer, b.f1)
		}
	})
}

// renaming returns a function that replaces names consistently: words that
// start with a capital letter wherever they occur, and are no plain English.
func renaming(rt *rapid.T, x rawExample) func(string) string {
	all := x.Question + "\n" + strings.Join(x.items(), "\n")
	lower := map[string]bool{}
	for _, w := range words(all) {
		if !w.upper {
			lower[strings.ToLower(w.text)] = true
		}
	}
	used := map[string]bool{}
	names := map[string]string{}
	return func(text string) string {
		var b strings.Builder
		at := 0
		for _, w := range words(text) {
			b.WriteString(text[at:w.start])
			at = w.end
			low := strings.ToLower(w.text)
			if w.punct || !w.upper || len(w.text) < 3 || lower[low] || stopword(low) || commonOpening(low) || participle(low) ||
				monthNumber(low) > 0 || generic(low) != "" || abbreviation(w.text) || strings.ContainsAny(w.text, "-.'’") || isNumber(w) || auxiliary(low) || kindOfNoun(singular(low)) != kindThing || low == "besides" || low == "under" || low == "along" {
				b.WriteString(w.text)
				continue
			}
			if names[w.text] == "" {
				for {
					s := []rune(rapid.StringMatching(`[bdfgklmnprtvz][aeou][bdfgklmnprtvz][aeou][kmpvz]{1,2}`).Draw(rt, "name"))
					s[0] = unicode.ToUpper(s[0])
					if c := string(s); !used[c] && !lower[strings.ToLower(c)] {
						used[c], names[w.text] = true, c
						break
					}
				}
			}
			b.WriteString(names[w.text])
		}
		return b.String() + text[at:]
	}
}
