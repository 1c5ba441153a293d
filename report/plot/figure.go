package plot

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// A Kind says what a figure shows.
type Kind string

// The kinds of figures.
const (
	// Score shows the validation scores of the candidates over the course of
	// the run, the best so far, and the sealed test.
	Score Kind = "score"
	// Lineage shows which candidate was made from which.
	Lineage Kind = "lineage"
	// Heatmap shows the candidates' scores on every validation example.
	Heatmap Kind = "heatmap"
	// Frontier shows the candidates by two objectives with the Pareto front;
	// in a run with fewer objectives, what the candidates on the frontier win.
	Frontier Kind = "frontier"
)

// Kinds are all there are.
func Kinds() []Kind { return []Kind{Score, Lineage, Heatmap, Frontier} }

// A Course says what the score is drawn against.
type Course string

// The courses.
const (
	Rollouts Course = "rollouts" // what a budget counts
	Cost     Course = "cost"     // US dollars, as far as prices are known
	Time     Course = "time"     // since the run was begun, pauses included
)

// Courses are all there are.
func Courses() []Course { return []Course{Rollouts, Cost, Time} }

// A Theme is a set of colours.
type Theme string

// The themes.
const (
	Light Theme = "light"
	Dark  Theme = "dark"
)

// Themes are all there are.
func Themes() []Theme { return []Theme{Light, Dark} }

// The bounds of [Options].
const (
	DefaultWidth = 960
	MinWidth     = 480
	MaxWidth     = 4000
	DefaultScale = 2.0
	MaxScale     = 8.0
)

// Options say how a run is drawn.
type Options struct {
	// Kind has no default.
	Kind Kind
	// Over is what [Score] is drawn against. Defaults to Rollouts.
	Over Course
	// Theme defaults to Light.
	Theme Theme
	// Width is in CSS pixels, MinWidth to MaxWidth. Defaults to DefaultWidth.
	// The height follows from it and from what is drawn. A heatmap or lineage
	// that needs more room takes it.
	Width int
	// Scale is the number of pixels of a PNG for each CSS pixel, above 0 and
	// at most MaxScale. Defaults to DefaultScale.
	Scale float64
}

// ErrNothing is matched by the error of a run that has nothing of what the
// figure would show.
var ErrNothing = errors.New("nothing to draw")

// ErrLarge is matched by the error of a picture with too many pixels.
var ErrLarge = errors.New("the picture is too large")

type nothing struct{ why string }

func (n nothing) Error() string        { return n.why }
func (n nothing) Is(target error) bool { return target == ErrNothing }

// A Figure is a drawn run. It can be written in two forms, which show the same.
type Figure struct {
	scene *scene
	scale float64
}

// Draw draws a run. The error matches [ErrNothing] where the run does not hold
// what the figure shows; others are about the options. Texts of the run are
// shortened and freed of what is not visible. Equal runs and options give equal
// figures.
func Draw(run *view.Run, o Options) (*Figure, error) {
	d, err := newDrawing(run, o)
	if err != nil {
		return nil, err
	}
	draw := map[Kind]func() error{Score: d.score, Lineage: d.lineage, Heatmap: d.heatmap, Frontier: d.frontier}[o.Kind]
	if draw == nil {
		return nil, fmt.Errorf("there is no figure %q", o.Kind)
	}
	if len(run.Candidates) == 0 {
		return nil, nothing{"the base is not validated yet: there is no candidate to draw"}
	}
	if err := errors.Join(draw(), d.err); err != nil {
		return nil, err
	}
	d.lower(d.extra)
	return &Figure{d.scene, d.scale}, nil
}

// SVG writes the figure as an SVG document that refers to nothing outside.
func (f *Figure) SVG(w io.Writer) error { return writeSVG(w, f.scene) }

// PNG writes the figure as a PNG picture, its texts in a font that the module
// brings along. Letters that the font lacks, such as Chinese ones, are boxes.
// The error of more than a hundred million pixels matches [ErrLarge].
func (f *Figure) PNG(w io.Writer) error { return writePNG(w, f.scene, f.scale) }

// drawing is a figure in the making.
type drawing struct {
	*scene
	run   *view.Run
	over  Course
	theme theme
	fonts *fonts
	scale float64
	err   error   // the first of measuring texts
	extra float64 // height of the legend's rows but the first
}

func newDrawing(run *view.Run, o Options) (*drawing, error) {
	if o.Over == "" {
		o.Over = Rollouts
	}
	if o.Theme == "" {
		o.Theme = Light
	}
	if o.Width == 0 {
		o.Width = DefaultWidth
	}
	if o.Scale == 0 {
		o.Scale = DefaultScale
	}
	switch {
	case !slices.Contains(Courses(), o.Over):
		return nil, fmt.Errorf("a score cannot be drawn over %q", o.Over)
	case !slices.Contains(Themes(), o.Theme):
		return nil, fmt.Errorf("there is no theme %q", o.Theme)
	case o.Width < MinWidth || o.Width > MaxWidth:
		return nil, fmt.Errorf("a figure cannot be %d wide: want %d to %d", o.Width, MinWidth, MaxWidth)
	case !(o.Scale > 0 && o.Scale <= MaxScale):
		return nil, fmt.Errorf("a picture cannot have a scale of %v: want more than 0, and at most %v", o.Scale, MaxScale)
	}
	fonts, err := newFonts()
	if err != nil {
		return nil, err
	}
	t := themeOf(o.Theme)
	s := &scene{width: float64(o.Width), background: t.background}
	return &drawing{scene: s, run: run, over: o.Over, theme: t, fonts: fonts, scale: o.Scale}, nil
}

// The sizes of texts.
const (
	titleSize = 17
	textSize  = 12
	smallSize = 11
)

// The place of things around the plot.
const (
	margin  = 24.0
	heading = 92.0 // above the plot: title, subtitle, a row of the legend
	// legendRow is the height of each further row of it.
	legendRow = 19.0
)

func (d *drawing) measure(s string, size float64, bold bool) float64 {
	w, err := d.fonts.width(s, size, bold)
	if err != nil && d.err == nil {
		d.err = err
	}
	return w
}

// fit shortens a text until it is no wider than that.
func (d *drawing) fit(s string, size float64, bold bool, width float64) string {
	if d.measure(s, size, bold) <= width {
		return s
	}
	runes := []rune(strings.TrimSuffix(s, "…"))
	for len(runes) > 0 && d.measure(string(runes)+"…", size, bold) > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

func (d *drawing) label(x, y float64, s string, a anchor, c ink) {
	d.write(text{at: point{x, y}, content: s, size: smallSize, ink: c, anchor: a})
}

func (d *drawing) strong(x, y float64, s string, a anchor, c ink) {
	d.write(text{at: point{x, y}, content: s, size: smallSize, ink: c, anchor: a, bold: true})
}

// caption writes lines of explanation, wrapped, in the middle of the bottom, and
// makes the room for them.
func (d *drawing) caption(s string) {
	var lines []string
	for word := range strings.FieldsSeq(s) {
		if n := len(lines); n > 0 && d.measure(lines[n-1]+" "+word, smallSize, false) <= d.width-2*margin {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	for _, l := range lines {
		d.label(d.width/2, d.height+4, l, middle, d.theme.dim)
		d.height += 16
	}
	d.height += 8
}

// head writes title and subtitle. What is simulated is said in every figure.
func (d *drawing) head(title, about string) {
	h := d.run.Head
	name := clean(h.Program, 80)
	if name == "" {
		name = clean(h.ID, 80)
	}
	if name != "" {
		about = name + " · " + about
	}
	d.pinning = true
	defer func() { d.pinning = false }()
	room := d.width - 2*margin
	warning := ""
	if h.Simulated {
		warning = " · simulated: " + notReal(h.Models)
	}
	about = d.fit(about, textSize, false, room-d.measure(warning, textSize, true))
	d.write(text{at: point{margin, 32}, content: d.fit(title, titleSize, true, room), size: titleSize, bold: true, ink: d.theme.ink})
	d.write(text{at: point{margin, 52}, content: about, size: textSize, ink: d.theme.dim})
	if warning != "" {
		x := margin + d.measure(about, textSize, false)
		d.write(text{at: point{x, 52}, content: warning, size: textSize, bold: true, ink: d.theme.failed})
	}
	d.scene.label = title + ": " + about + warning
}

// notReal says what was no language model.
func notReal(m report.Models) string {
	var roles []string
	for _, r := range []struct {
		name string
		is   bool
	}{{"task", m.Task.Simulated}, {"reflection", m.Reflection.Simulated}, {"judge", m.Judge.Simulated}} {
		if r.is {
			roles = append(roles, r.name)
		}
	}
	switch len(roles) {
	case 0:
		return "no language model answered"
	case 1:
		return "the " + roles[0] + " model is no language model"
	default:
		last := len(roles) - 1
		return strings.Join(roles[:last], ", ") + " and " + roles[last] + " models are no language models"
	}
}

// A key is an entry of a legend: a sign and what it stands for. The sign is
// drawn about a point, in a width of so much.
type key struct {
	sign  func(x, y float64)
	width float64
	means string
}

// legend writes entries above the plot, in as many rows as they need.
func (d *drawing) legend(keys ...key) {
	d.pinning = true
	x, y := margin, 76.0
	for _, k := range keys {
		wide := k.width + 6 + d.measure(k.means, smallSize, false)
		if x > margin && x+wide > d.width-margin {
			x, y = margin, y+legendRow
			d.extra += legendRow
		}
		k.sign(x+k.width/2, y-4)
		d.label(x+k.width+6, y, k.means, start, d.theme.dim)
		x += wide + 20
	}
	d.pinning = false
}

// known returns a number and whether it is one.
func known(n view.Number) (float64, bool) { return float64(n), n.Known() }

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(float64(n), 0) + " " + noun
}
