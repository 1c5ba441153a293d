package terminal

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/gepa-go/gepa/internal/printable"
)

// A style is what a piece of a line means; how that looks is the palette's.
type style int

const (
	normal style = iota
	strong
	faint
	good
	bad
	warning
	accent
	added
	removed
	styles // their number
)

// A palette says how styles look. The nil palette has no colours at all.
type palette []ansi.Style

// colours are the terminal's own sixteen, which its user chose to be readable.
func colours() palette {
	p := make(palette, styles)
	p[strong] = p[strong].Bold()
	p[faint] = p[faint].Faint()
	p[good] = p[good].ForegroundColor(ansi.Green)
	p[bad] = p[bad].ForegroundColor(ansi.Red)
	p[warning] = p[warning].ForegroundColor(ansi.Yellow)
	p[accent] = p[accent].ForegroundColor(ansi.Cyan)
	p[added] = p[added].ForegroundColor(ansi.Green)
	p[removed] = p[removed].ForegroundColor(ansi.Red).Strikethrough(true)
	return p
}

func (p palette) render(s style, text string) string {
	if p == nil || s == normal || text == "" {
		return text
	}
	return p[s].Styled(text)
}

// A span is a piece of a line. Its text is anything: it is made printable when
// the line is drawn.
type span struct {
	style style
	text  string
}

// A line is one row of the screen.
type line []span

func plain(text string) line { return line{{normal, text}} }

func styled(s style, text string) line { return line{{s, text}} }

// add appends a span.
func (l *line) add(s style, text string) { *l = append(*l, span{s, text}) }

// maxColumns is more than any terminal has.
const maxColumns = 1 << 11

// columnsOf returns how many columns a text takes, up to maxColumns.
func columnsOf(text string) int {
	shown, _ := printable.Fit(text, maxColumns)
	return printable.Width(shown)
}

// width returns the columns that the line takes.
func (l line) width() int {
	n := 0
	for _, s := range l {
		n += columnsOf(s.text)
	}
	return n
}

// clipped returns the beginning of a text, with an ellipsis where something is
// left out.
func clipped(text string, columns int) string {
	if columns <= 0 {
		return ""
	}
	shown, more := printable.Fit(text, columns)
	if !more {
		return shown
	}
	shown, _ = printable.Fit(text, columns-1)
	return shown + "…"
}

// draw renders the line in at most so many columns, with an ellipsis where
// something is left out.
func (l line) draw(p palette, columns int) string {
	var b strings.Builder
	left := columns
	for i, s := range l {
		text, cut := printable.Fit(s.text, left)
		w := columnsOf(text)
		if cut || (left == w && l[i+1:].some()) {
			text, _ = printable.Fit(s.text, left-1)
			if left > 0 {
				text += "…"
			}
			b.WriteString(p.render(s.style, text))
			break
		}
		b.WriteString(p.render(s.style, text))
		left -= w
	}
	return strings.TrimRight(b.String(), " ")
}

// some reports whether there is anything to be seen in the line.
func (l line) some() bool {
	for _, s := range l {
		if strings.TrimLeft(s.text, " ") != "" {
			return true
		}
	}
	return false
}

// padded returns a text in exactly so many columns.
func padded(text string, columns int) string {
	text = clipped(text, columns)
	return text + strings.Repeat(" ", max(0, columns-columnsOf(text)))
}

// beside returns a line with a second one at the right edge, if there is room
// for it.
func beside(left, right line, columns int) line {
	gap := columns - left.width() - right.width()
	if gap < 1 {
		return left
	}
	out := append(line{}, left...)
	out.add(normal, strings.Repeat(" ", gap))
	return append(out, right...)
}
