package plot

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"slices"

	"golang.org/x/image/vector"
)

// maxPixels bounds a picture: 100 million pixels are 400 MB of memory.
const maxPixels = 100_000_000

// writePNG paints a scene with so many pixels a unit and writes it as PNG.
func writePNG(w io.Writer, s *scene, scale float64) error {
	width, height := int(math.Ceil(s.width*scale)), int(math.Ceil(s.height*scale))
	if width*height > maxPixels {
		return fmt.Errorf("%w: %d × %d pixels; choose a smaller scale, or SVG", ErrLarge, width, height)
	}
	fonts, err := newFonts()
	if err != nil {
		return err
	}
	p := painter{image.NewRGBA(image.Rect(0, 0, width, height)), scale, fonts}
	draw.Draw(p.into, p.into.Bounds(), image.NewUniform(s.background.color()), image.Point{}, draw.Src)
	for _, sh := range s.shapes {
		if sh.text != nil {
			if err := p.write(sh.text); err != nil {
				return err
			}
			continue
		}
		p.paint(sh)
	}
	return (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(w, p.into)
}

type painter struct {
	into  *image.RGBA
	scale float64
	fonts *fonts
}

func (p painter) paint(sh shape) {
	lines := p.flatten(sh.outline)
	if sh.paint.crisp {
		for _, l := range lines {
			for i := range l.points {
				l.points[i] = point{math.Round(l.points[i].x), math.Round(l.points[i].y)}
			}
		}
	}
	if sh.paint.fill.a > 0 {
		polygons := make([][]point, len(lines))
		for i, l := range lines {
			polygons[i] = l.points
		}
		p.fill(polygons, sh.paint.fill)
	}
	if sh.paint.line.a > 0 {
		p.fill(p.widen(lines, sh.paint), sh.paint.line)
	}
}

// A polyline is a part of an outline in pixels, its curves as short lines.
type polyline struct {
	points []point
	closed bool
}

func (p painter) flatten(outline []stroke) []polyline {
	var lines []polyline
	at := func(q point) point { return point{q.x * p.scale, q.y * p.scale} }
	for _, s := range outline {
		last := len(lines) - 1
		switch s.verb {
		case moveTo:
			lines = append(lines, polyline{points: []point{at(s.to[0])}})
		case lineTo:
			lines[last].points = append(lines[last].points, at(s.to[0]))
		case curveTo:
			from := lines[last].points[len(lines[last].points)-1]
			lines[last].points = bend(lines[last].points, from, at(s.to[0]), at(s.to[1]), at(s.to[2]))
		case closed:
			lines[last].closed = true
		}
	}
	return lines
}

// bend appends a cubic curve as lines of about two pixels.
func bend(points []point, a, b, c, d point) []point {
	n := max(4, int((distance(a, b)+distance(b, c)+distance(c, d))/2))
	for i := 1; i <= n; i++ {
		t := float64(i) / float64(n)
		u := 1 - t
		points = append(points, point{
			u*u*u*a.x + 3*u*u*t*b.x + 3*u*t*t*c.x + t*t*t*d.x,
			u*u*u*a.y + 3*u*u*t*b.y + 3*u*t*t*c.y + t*t*t*d.y,
		})
	}
	return points
}

func distance(a, b point) float64 { return math.Hypot(b.x-a.x, b.y-a.y) }

// widen makes areas of lines: a rectangle for each piece, and a disc at each
// joint. All are wound the same way, so that they add up where they overlap.
func (p painter) widen(lines []polyline, look paint) [][]point {
	half := max(look.width*p.scale, 1) / 2
	var areas [][]point
	for _, l := range lines {
		points := l.points
		if l.closed && len(points) > 1 {
			points = append(slices.Clip(points), points[0])
		}
		for _, part := range dashes(points, look.dash, p.scale) {
			for i := 1; i < len(part); i++ {
				a, b := part[i-1], part[i]
				length := distance(a, b)
				if length == 0 {
					continue
				}
				nx, ny := -(b.y-a.y)/length*half, (b.x-a.x)/length*half
				areas = append(areas, []point{{a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}, {a.x + nx, a.y + ny}})
				if i > 1 || l.closed {
					areas = append(areas, around(a, half))
				}
			}
		}
	}
	return areas
}

// around is a disc as a polygon, wound as the rectangles of lines are.
func around(c point, r float64) []point {
	n := max(8, int(3*r))
	points := make([]point, n)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		points[i] = point{c.x + r*cos, c.y + r*sin}
	}
	return points
}

// dashes cuts a line into dashes, by lengths of dash and gap in turn.
func dashes(points []point, pattern []float64, scale float64) [][]point {
	if len(pattern) == 0 {
		return [][]point{points}
	}
	var parts [][]point
	at, left, drawn := 0, pattern[0]*scale, true
	part := []point{points[0]}
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		for rest := distance(a, b); rest > 0; {
			step := min(left, rest)
			a = point{a.x + (b.x-a.x)*step/rest, a.y + (b.y-a.y)*step/rest}
			rest -= step
			left -= step
			if drawn {
				part = append(part, a)
			}
			if left <= 0 {
				if drawn {
					parts = append(parts, part)
				}
				at, drawn, part = at+1, !drawn, []point{a}
				left = pattern[at%len(pattern)] * scale
			}
		}
	}
	if drawn && len(part) > 1 {
		parts = append(parts, part)
	}
	return parts
}

// fill paints the union of areas. It works on the part of the picture that
// they cover, for most shapes are small.
func (p painter) fill(areas [][]point, with ink) {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, area := range areas {
		for _, q := range area {
			low = point{min(low.x, q.x), min(low.y, q.y)}
			high = point{max(high.x, q.x), max(high.y, q.y)}
		}
	}
	if low.x > high.x {
		return
	}
	box := image.Rect(int(math.Floor(low.x)), int(math.Floor(low.y)), int(math.Ceil(high.x)), int(math.Ceil(high.y))).Intersect(p.into.Bounds())
	if box.Empty() {
		return
	}
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for _, area := range areas {
		for i, q := range area {
			x, y := float32(q.x-float64(box.Min.X)), float32(q.y-float64(box.Min.Y))
			if i == 0 {
				r.MoveTo(x, y)
			} else {
				r.LineTo(x, y)
			}
		}
		r.ClosePath()
	}
	r.Draw(p.into, box, image.NewUniform(with.color()), image.Point{})
}

func (c ink) color() color.Color { return color.NRGBA{c.r, c.g, c.b, c.a} }

// write paints a text by the outlines of its letters.
func (p painter) write(t *text) error {
	glyphs, width, err := p.fonts.outlines(t.content, t.size*p.scale, t.bold)
	if err != nil {
		return err
	}
	shift := 0.0
	switch t.anchor {
	case middle:
		shift = -width / 2
	case end:
		shift = -width
	case start:
	}
	ox, oy := t.at.x*p.scale, t.at.y*p.scale
	var areas [][]point
	for _, l := range (painter{scale: 1}).flatten(glyphs) {
		for i, q := range l.points {
			q.x += shift
			if t.upright {
				q.x, q.y = q.y, -q.x
			}
			l.points[i] = point{ox + q.x, oy + q.y}
		}
		areas = append(areas, l.points)
	}
	p.fill(areas, t.ink)
	return nil
}
