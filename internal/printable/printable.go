// Package printable makes text that anybody may have written safe to show on a
// terminal: as characters that are only shown, and do nothing.
package printable

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// maxMarks is how many combining marks a character keeps.
const maxMarks = 2

// maxBytes is how many bytes of a text may go into one column, on average.
const maxBytes = 64

// Text returns a text as one row of printable characters, see [Fit].
func Text(text string) string {
	shown, _ := Fit(text, math.MaxInt)
	return shown
}

// Lines is [Text] for each line of a text.
func Lines(text string) string {
	if !strings.Contains(text, "\n") {
		return Text(text)
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = Text(l)
	}
	return strings.Join(lines, "\n")
}

// Width returns how many columns a printable text takes.
func Width(text string) int { return ansi.StringWidthWc(text) }

// Fit returns the beginning of a text, at most so many columns wide, as
// characters that a terminal only shows: no controls, no escape sequences, no
// marks that turn the direction of what follows, none that change the width of
// others. Spaces are kept; other white space, line ends included, becomes one
// space. Controls are shown as their pictures (␛ for escape), what else cannot
// be printed as U+FFFD. It reports whether there was more; that, however long,
// is not looked at.
func Fit(text string, columns int) (shown string, more bool) {
	var b strings.Builder
	used, marks := 0, maxMarks
	var last rune
	most := math.MaxInt // bytes that are looked at
	if columns < math.MaxInt/maxBytes {
		most = (columns + 1) * maxBytes
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		stands, keep := standIn(r, size)
		if most -= size; most < 0 {
			return b.String(), true
		}
		text = text[size:]
		if !keep || stands == ' ' && r != ' ' && last == ' ' {
			continue
		}
		if unicode.In(stands, unicode.Mn, unicode.Me) {
			if marks < maxMarks {
				b.WriteRune(stands)
				marks++
			}
			continue
		}
		wide := Width(string(stands))
		if wide > columns-used {
			return b.String(), true
		}
		b.WriteRune(stands)
		used, last, marks = used+wide, stands, 0
		if stands == ' ' {
			marks = maxMarks
		}
	}
	return b.String(), false
}

// standIn returns what stands for a decoded character; it reports false
// for one that is left out.
func standIn(r rune, size int) (rune, bool) {
	switch {
	case r == utf8.RuneError && size <= 1:
		return unicode.ReplacementChar, true
	case r == '\n', r == '\t', r == '\r', unicode.IsSpace(r):
		return ' ', true
	case r < 0x20:
		return '␀' + r, true
	case r == 0x7f:
		return '␡', true
	case r == '\u200b', r == '\u200c', r == '\u200d', r == '\ufeff', r == '\u00ad':
		return 0, false // they have no width and no meaning here
	case unicode.Is(unicode.Variation_Selector, r), r >= 0x1F3FB && r <= 0x1F3FF:
		return 0, false // they change the width of what stands before them, in some terminals
	case !unicode.IsPrint(r):
		return unicode.ReplacementChar, true
	case Width(string(r)) == 0 && !unicode.In(r, unicode.Mn, unicode.Me):
		return unicode.ReplacementChar, true
	}
	return r, true
}
