package ansisvg

import (
	"fmt"
	"html"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// The measures of the picture, in pixels: a cell of the screen, the size of its
// letters, the margin around the screen and the bar above it.
const (
	cellWidth  = 8.4
	cellHeight = 19
	fontSize   = 14
	margin     = 16
	titleBar   = 34
)

// The colours of the picture, and the first sixteen of a terminal's.
const (
	background = "#16181d"
	foreground = "#d7dae0"
	chrome     = "#23262d"
)

// Options say how a screen is drawn.
type Options struct {
	// Columns and Rows are the size of the screen. Rows that are missing are
	// empty, rows and columns beyond it are left out.
	Columns, Rows int
	// Title stands in the bar above the screen; it is the picture's name for
	// those who do not see it, too.
	Title string
}

// Render draws a screen: its rows, separated by line ends, with escape
// sequences for colours. Equal screens give equal pictures.
func Render(screen string, o Options) string {
	width := margin*2 + cellWidth*float64(o.Columns)
	height := titleBar + margin*2 + cellHeight*o.Rows
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %d" width="%s" height="%d" role="img" aria-label="%s">`+"\n",
		number(width), height, number(width), height, escaped(o.Title))
	fmt.Fprintf(&b, `<title>%s</title>`+"\n", escaped(o.Title))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", background)
	fmt.Fprintf(&b, `<path d="M0 %d V8 a8 8 0 0 1 8 -8 H%s a8 8 0 0 1 8 8 V%d Z" fill="%s"/>`+"\n", titleBar, number(width-8), titleBar, chrome)
	for i, c := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="%d" r="6" fill="%s"/>`+"\n", 20+20*i, titleBar/2, c)
	}
	fmt.Fprintf(&b, `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="%d" fill="%s">`+"\n", fontSize, foreground)
	fmt.Fprintf(&b, `<text x="%s" y="%d" text-anchor="middle" fill-opacity="0.7">%s</text>`+"\n", number(width/2), titleBar/2+5, escaped(o.Title))
	for y, row := range parse(screen) {
		if y >= o.Rows {
			break
		}
		writeRow(&b, row, y, o.Columns)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// writeRow draws the runs of a row, each at its column: a font of another width
// cannot push them apart.
func writeRow(b *strings.Builder, row []run, y, columns int) {
	top := titleBar + margin + cellHeight*y
	at := 0
	for _, r := range row {
		text := ansi.TruncateWc(r.text, columns-at, "")
		wide := ansi.StringWidthWc(text)
		if wide == 0 {
			continue
		}
		x := margin + cellWidth*float64(at)
		at += wide
		fg, bg := r.look.colours()
		if bg != "" {
			fmt.Fprintf(b, `<rect x="%s" y="%d" width="%s" height="%d" fill="%s"/>`+"\n", number(x), top, number(cellWidth*float64(wide)), cellHeight, bg)
		}
		// Not every reader of SVG keeps spaces as they are.
		body := strings.TrimLeft(text, " ")
		x += cellWidth * float64(len(text)-len(body))
		if body = strings.TrimRight(body, " "); body == "" {
			continue
		}
		fmt.Fprintf(b, `<text x="%s" y="%d" textLength="%s"%s>%s</text>`+"\n", number(x), top+fontSize,
			number(cellWidth*float64(ansi.StringWidthWc(body))), r.look.attributes(fg), strings.ReplaceAll(escaped(body), " ", "\u00a0"))
	}
}

// colours returns the look's colours, "" for the picture's own.
func (l look) colours() (fg, bg string) {
	fg, bg = l.fg, l.bg
	if !l.turned {
		return fg, bg
	}
	if fg == "" {
		fg = foreground
	}
	if bg == "" {
		bg = background
	}
	return bg, fg
}

func (l look) attributes(fg string) string {
	var b strings.Builder
	add := func(on bool, text string) {
		if on {
			b.WriteString(text)
		}
	}
	add(fg != "", ` fill="`+fg+`"`)
	add(l.bold, ` font-weight="bold"`)
	add(l.faint, ` fill-opacity="0.55"`)
	add(l.italic, ` font-style="italic"`)
	switch {
	case l.under && l.struck:
		add(true, ` text-decoration="underline line-through"`)
	case l.under:
		add(true, ` text-decoration="underline"`)
	case l.struck:
		add(true, ` text-decoration="line-through"`)
	}
	return b.String()
}

// indexed returns a colour of a terminal's 256, "" if there is no such.
func indexed(n int) string {
	first := []string{
		"#3b4048", "#e06c75", "#8cc570", "#d9a94e", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
		"#5c6370", "#f0868e", "#a5d98a", "#ecc06c", "#82c1f5", "#d594e8", "#76cdd8", "#ffffff",
	}
	switch {
	case n < 0 || n > 255:
		return ""
	case n < len(first):
		return first[n]
	case n < 232: // a cube of six levels for each of red, green and blue
		level := func(i int) int {
			if i == 0 {
				return 0
			}
			return 55 + 40*i
		}
		n -= 16
		return rgb(level(n/36), level(n/6%6), level(n%6))
	}
	grey := 8 + 10*(n-232)
	return rgb(grey, grey, grey)
}

func rgb(r, g, b int) string {
	clamp := func(n int) int { return min(max(n, 0), 255) }
	return fmt.Sprintf("#%02x%02x%02x", clamp(r), clamp(g), clamp(b))
}

// escaped makes a text safe in SVG: characters that XML does not know become
// U+FFFD.
func escaped(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF {
			return 0xFFFD
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return html.EscapeString(text)
}

// number writes a length without needless digits.
func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}
