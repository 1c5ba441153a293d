package plot

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// fonts measure and outline texts. They are those that the module brings along,
// so that pictures do not depend on the machine.
type fonts struct {
	regular, bold *sfnt.Font
	buffer        sfnt.Buffer
}

func newFonts() (*fonts, error) {
	regular, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	bold, err := sfnt.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	return &fonts{regular: regular, bold: bold}, nil
}

func (f *fonts) face(bold bool) *sfnt.Font {
	if bold {
		return f.bold
	}
	return f.regular
}

// width returns how wide a text is, in units.
func (f *fonts) width(s string, size float64, bold bool) (float64, error) {
	var sum fixed.Int26_6
	face, ppem := f.face(bold), fixed.I(1000)
	for _, r := range s {
		g, err := face.GlyphIndex(&f.buffer, r)
		if err != nil {
			return 0, err
		}
		advance, err := face.GlyphAdvance(&f.buffer, g, ppem, font.HintingNone)
		if err != nil {
			return 0, err
		}
		sum += advance
	}
	return float64(sum) / 64 / 1000 * size, nil
}

// outlines returns a text's letters, with the baseline's beginning at the
// origin, and its width.
func (f *fonts) outlines(s string, size float64, bold bool) ([]stroke, float64, error) {
	var out []stroke
	var x float64
	face, ppem := f.face(bold), fixed.Int26_6(size*64)
	for _, r := range s {
		g, err := face.GlyphIndex(&f.buffer, r)
		if err != nil {
			return nil, 0, err
		}
		segments, err := face.LoadGlyph(&f.buffer, g, ppem, nil)
		if err != nil {
			return nil, 0, fmt.Errorf("letter %q: %w", r, err)
		}
		at := func(p fixed.Point26_6) point { return point{x + float64(p.X)/64, float64(p.Y) / 64} }
		var last point
		for _, s := range segments {
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				last = at(s.Args[0])
				out = append(out, move(last.x, last.y))
			case sfnt.SegmentOpLineTo:
				last = at(s.Args[0])
				out = append(out, line(last.x, last.y))
			case sfnt.SegmentOpQuadTo: // as a cubic curve
				q, to := at(s.Args[0]), at(s.Args[1])
				out = append(out, stroke{curveTo, [3]point{
					{last.x + 2*(q.x-last.x)/3, last.y + 2*(q.y-last.y)/3},
					{to.x + 2*(q.x-to.x)/3, to.y + 2*(q.y-to.y)/3}, to,
				}})
				last = to
			case sfnt.SegmentOpCubeTo:
				last = at(s.Args[2])
				out = append(out, stroke{curveTo, [3]point{at(s.Args[0]), at(s.Args[1]), last}})
			}
		}
		advance, err := face.GlyphAdvance(&f.buffer, g, ppem, font.HintingNone)
		if err != nil {
			return nil, 0, err
		}
		x += float64(advance) / 64
	}
	return out, x, nil
}

// clean makes a line of text that is safe to show of any text: without
// controls, line breaks, marks that turn the direction of writing, and what XML
// cannot hold, and no longer than so many characters.
func clean(s string, limit int) string {
	const looked = 1 << 14 // bytes that are looked at
	if len(s) > looked {
		s = strings.ToValidUTF8(s[:looked], "")
		limit = min(limit, looked/8)
	}
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			space = b.Len() > 0
			continue
		case r == utf8.RuneError:
			r = '\uFFFD'
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) || r&0xFFFE == 0xFFFE:
			continue
		}
		if n >= limit {
			return b.String() + "…"
		}
		if space {
			b.WriteByte(' ')
			n, space = n+1, false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
