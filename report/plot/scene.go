package plot

import "math"

// A scene is a drawing as a list of shapes, in the order in which they are
// painted. Lengths are in units of a CSS pixel, y grows downwards. Both forms
// of a figure are made of the same scene, so that they show the same.
type scene struct {
	width, height float64
	background    ink
	// label and description say to a screen reader what the picture shows.
	label, description string
	shapes             []shape
	pinning            bool // what is added now is pinned
}

// A shape is what is painted in one go: an outline, filled and stroked, or a
// line of text.
type shape struct {
	outline []stroke
	paint   paint
	text    *text
	// hint is shown when the pointer rests on the shape.
	hint string
	// pinned shapes stay where they are when room is made below the legend.
	pinned bool
}

// paint says how an outline looks. The zero ink is none.
type paint struct {
	fill, line ink
	width      float64
	dash       []float64 // lengths of dash and gap in turn
	crisp      bool      // edges on whole pixels: for cells that touch
}

// An ink is a colour that is not premultiplied; with a = 0 it is no colour.
type ink struct{ r, g, b, a uint8 }

// fade returns the ink with an opacity of 0 to 1.
func (c ink) fade(opacity float64) ink {
	c.a = uint8(math.Round(255 * opacity))
	return c
}

// mix returns the ink that is a share t of the way to another.
func (c ink) mix(to ink, t float64) ink {
	part := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	return ink{part(c.r, to.r), part(c.g, to.g), part(c.b, to.b), part(c.a, to.a)}
}

// luminance is the relative luminance, 0 to 1, as WCAG 2.2 defines it.
func (c ink) luminance() float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

type point struct{ x, y float64 }

// A stroke is one step of an outline: move to, line to, curve to (two control
// points and the end) or close.
type stroke struct {
	verb verb
	to   [3]point
}

type verb byte

const (
	moveTo  verb = 'M'
	lineTo  verb = 'L'
	curveTo verb = 'C'
	closed  verb = 'Z'
)

func move(x, y float64) stroke { return stroke{moveTo, [3]point{{x, y}}} }
func line(x, y float64) stroke { return stroke{lineTo, [3]point{{x, y}}} }

func rectangle(x, y, w, h float64) []stroke {
	return []stroke{move(x, y), line(x+w, y), line(x+w, y+h), line(x, y+h), {verb: closed}}
}

// roundness is how far the control points of a quarter of a circle are from
// its ends, in radii.
const roundness = 0.5522847498

func disc(x, y, r float64) []stroke {
	k := r * roundness
	return []stroke{
		move(x+r, y),
		{curveTo, [3]point{{x + r, y + k}, {x + k, y + r}, {x, y + r}}},
		{curveTo, [3]point{{x - k, y + r}, {x - r, y + k}, {x - r, y}}},
		{curveTo, [3]point{{x - r, y - k}, {x - k, y - r}, {x, y - r}}},
		{curveTo, [3]point{{x + k, y - r}, {x + r, y - k}, {x + r, y}}},
		{verb: closed},
	}
}

func diamond(x, y, r float64) []stroke {
	return []stroke{move(x, y-r), line(x+r, y), line(x, y+r), line(x-r, y), {verb: closed}}
}

// text is one line of text with its baseline at y.
type text struct {
	at      point
	content string // cleaned
	size    float64
	bold    bool
	ink     ink
	anchor  anchor
	upright bool // turned by a quarter, to be read from below
}

type anchor int

const (
	start anchor = iota
	middle
	end
)

func (s *scene) add(outline []stroke, p paint) { s.hinted(outline, p, "") }

func (s *scene) hinted(outline []stroke, p paint, hint string) {
	s.shapes = append(s.shapes, shape{outline: outline, paint: p, hint: hint, pinned: s.pinning})
}

func (s *scene) segment(x1, y1, x2, y2 float64, p paint) {
	s.add([]stroke{move(x1, y1), line(x2, y2)}, p)
}

func (s *scene) write(t text) {
	if t.content != "" {
		s.shapes = append(s.shapes, shape{text: &t, pinned: s.pinning})
	}
}

// lower moves all that is not pinned down, and makes the scene as much higher.
func (s *scene) lower(by float64) {
	for _, sh := range s.shapes {
		if sh.pinned {
			continue
		}
		if sh.text != nil {
			sh.text.at.y += by
		}
		for i := range sh.outline {
			for k := range sh.outline[i].to {
				sh.outline[i].to[k].y += by
			}
		}
	}
	s.height += by
}
