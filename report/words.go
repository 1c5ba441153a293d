package report

import (
	"strings"
	"unicode"

	"github.com/aymanbagabas/go-udiff/lcs"

	"github.com/gepa-go/gepa/internal/printable"
)

// A WordChange says what became of a piece of text.
type WordChange string

// The changes.
const (
	WordsKept    WordChange = "kept"
	WordsRemoved WordChange = "removed"
	WordsAdded   WordChange = "added"
)

// Words are a piece of text with one fate.
type Words struct {
	Change WordChange `json:"change"`
	Text   string     `json:"text"`
}

// WordDiff compares two texts word by word. The pieces that were not added,
// put together, are before; those that were not removed are after. What was
// removed stands before what was added in its place.
func WordDiff(before, after string) []Words {
	old, fresh := tokens(before), tokens(after)
	var out []Words
	at := 0
	for _, d := range lcs.DiffLines(old, fresh) {
		out = appendWords(out, WordsKept, strings.Join(old[at:d.Start], ""))
		out = appendWords(out, WordsRemoved, strings.Join(old[d.Start:d.End], ""))
		out = appendWords(out, WordsAdded, strings.Join(fresh[d.ReplStart:d.ReplEnd], ""))
		at = d.End
	}
	return smooth(appendWords(out, WordsKept, strings.Join(old[at:], "")))
}

// smooth joins changes that only a space keeps apart: they read as one.
func smooth(in []Words) []Words {
	var out []Words
	var removed, added string
	flush := func() {
		out = appendWords(out, WordsRemoved, removed)
		out = appendWords(out, WordsAdded, added)
		removed, added = "", ""
	}
	for i, w := range in {
		changing := removed != "" || added != ""
		switch {
		case w.Change == WordsRemoved:
			removed += w.Text
		case w.Change == WordsAdded:
			added += w.Text
		case changing && i+1 < len(in) && strings.Trim(w.Text, " ") == "":
			removed, added = removed+w.Text, added+w.Text
		default:
			flush()
			out = appendWords(out, WordsKept, w.Text)
		}
	}
	flush()
	return out
}

func appendWords(list []Words, change WordChange, text string) []Words {
	switch n := len(list); {
	case text == "":
		return list
	case n > 0 && list[n-1].Change == change:
		list[n-1].Text += text
		return list
	}
	return append(list, Words{change, text})
}

// tokens cuts a text into words, runs of spaces and single other characters.
func tokens(text string) []string {
	class := func(r rune) int {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '_', r == '\'':
			return 1
		case r == ' ', r == '\t':
			return 2
		default:
			return 0
		}
	}
	var out []string
	start, last := 0, -1
	for i, r := range text {
		c := class(r)
		if i > 0 && (c != last || c == 0) {
			out = append(out, text[start:i])
			start = i
		}
		last = c
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// words writes a word diff, its lines wrapped: with colours where there are
// any, and as [-removed-]{+added+} where there are none.
func (p *page) words(indent string, diff []Words) {
	styles := map[WordChange]string{WordsRemoved: bad + ";9", WordsAdded: good}
	marks := map[WordChange][2]string{WordsRemoved: {"[-", "-]"}, WordsAdded: {"{+", "+}"}}
	var b strings.Builder
	for _, w := range diff {
		mark := marks[w.Change]
		for i, line := range strings.Split(printable.Lines(w.Text), "\n") {
			if i > 0 {
				if line == "" && w.Change != WordsKept && strings.Trim(w.Text, "\n") == "" && !p.color {
					b.WriteString(mark[0] + "¶" + mark[1])
				}
				b.WriteString("\n")
			}
			switch {
			case line == "":
			case w.Change == WordsKept:
				b.WriteString(line)
			case p.color:
				b.WriteString(p.paint(styles[w.Change], line))
			default:
				b.WriteString(mark[0] + line + mark[1])
			}
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
		p.painted(indent, line)
	}
}

// painted writes a line that may change its style between words, wrapped. The
// style that holds at the end of a line is closed there and opened again.
func (p *page) painted(indent, line string) {
	body := strings.TrimLeft(line, " \t")
	lead := indent + line[:len(line)-len(body)]
	open := ""
	for _, part := range wrapPlain(body, p.width-width(lead)) {
		text := open + part
		for rest := part; ; {
			i := strings.Index(rest, "\x1b[")
			if i < 0 {
				break
			}
			end := i + strings.IndexByte(rest[i:], 'm') + 1
			if open = rest[i:end]; open == "\x1b[0m" {
				open = ""
			}
			rest = rest[end:]
		}
		if open != "" {
			text += "\x1b[0m"
		}
		p.line(lead + text)
	}
}

// wrapPlain is [wrap] for a text of several styles.
func wrapPlain(text string, columns int) []string {
	if width(text) <= columns {
		return []string{text}
	}
	return folded(text, columns)
}
