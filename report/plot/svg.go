package plot

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// fontStack is what browsers and editors have; the widths of all of them are
// near those of the font that texts are measured by.
const fontStack = "Go, Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif"

// writeSVG writes a scene as an SVG document. There are no scripts, styles,
// links or ids in it: any number of figures can stand in one page.
func writeSVG(w io.Writer, s *scene) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="%s" font-family="%s">`+"\n",
		decimal(s.width), decimal(s.height), decimal(s.width), decimal(s.height), escape(s.label), fontStack)
	if s.description != "" {
		fmt.Fprintf(b, "<desc>%s</desc>\n", escape(s.description))
	}
	fmt.Fprintf(b, `<rect width="%s" height="%s" fill="%s"/>`+"\n", decimal(s.width), decimal(s.height), s.background.hex())
	for _, sh := range s.shapes {
		if sh.text != nil {
			writeSVGText(b, sh.text)
		} else {
			writeSVGPath(b, sh)
		}
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

func writeSVGPath(b *bufio.Writer, sh shape) {
	fmt.Fprintf(b, `<path d="%s" fill="%s"`, pathData(sh.outline), sh.paint.fill.hex())
	if o := sh.paint.fill.opacity(); o != "" {
		fmt.Fprintf(b, ` fill-opacity="%s"`, o)
	}
	if sh.paint.line.a > 0 {
		fmt.Fprintf(b, ` stroke="%s" stroke-width="%s" stroke-linejoin="round"`, sh.paint.line.hex(), decimal(sh.paint.width))
		if o := sh.paint.line.opacity(); o != "" {
			fmt.Fprintf(b, ` stroke-opacity="%s"`, o)
		}
		if len(sh.paint.dash) > 0 {
			parts := make([]string, len(sh.paint.dash))
			for i, d := range sh.paint.dash {
				parts[i] = decimal(d)
			}
			fmt.Fprintf(b, ` stroke-dasharray="%s"`, strings.Join(parts, " "))
		}
	}
	if sh.paint.crisp {
		fmt.Fprint(b, ` shape-rendering="crispEdges"`)
	}
	if sh.hint == "" {
		fmt.Fprintln(b, "/>")
		return
	}
	fmt.Fprintf(b, "><title>%s</title></path>\n", escape(sh.hint))
}

func writeSVGText(b *bufio.Writer, t *text) {
	fmt.Fprintf(b, `<text x="%s" y="%s" font-size="%s" fill="%s"`, decimal(t.at.x), decimal(t.at.y), decimal(t.size), t.ink.hex())
	if t.bold {
		fmt.Fprint(b, ` font-weight="700"`)
	}
	switch t.anchor {
	case middle:
		fmt.Fprint(b, ` text-anchor="middle"`)
	case end:
		fmt.Fprint(b, ` text-anchor="end"`)
	case start:
	}
	if t.upright {
		fmt.Fprintf(b, ` transform="rotate(-90 %s %s)"`, decimal(t.at.x), decimal(t.at.y))
	}
	fmt.Fprintf(b, ">%s</text>\n", escape(t.content))
}

func pathData(outline []stroke) string {
	var b strings.Builder
	for _, s := range outline {
		b.WriteByte(byte(s.verb))
		n := 1
		switch s.verb {
		case curveTo:
			n = 3
		case closed:
			n = 0
		case moveTo, lineTo:
		}
		for i, p := range s.to[:n] {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(decimal(p.x) + " " + decimal(p.y))
		}
	}
	return b.String()
}

// decimal writes a length with at most two decimals.
func decimal(v float64) string {
	v = math.Round(v*100) / 100
	if v == 0 { // and no minus sign
		return "0"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// hex writes an ink without its opacity.
func (c ink) hex() string {
	if c.a == 0 {
		return "none"
	}
	return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b)
}

// opacity is an ink's opacity; "" where it is whole or there is no ink.
func (c ink) opacity() string {
	if c.a == 0 || c.a == 255 {
		return ""
	}
	return decimal(float64(c.a) / 255)
}

// escape makes cleaned text fit between tags and in quotes.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s)
}
