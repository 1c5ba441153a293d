package plot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/plot"
	"github.com/gepa-go/gepa/report/view"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// svg draws a run and checks what holds for every figure.
func svg(tb testing.TB, run *view.Run, o plot.Options) string {
	tb.Helper()
	f, err := plot.Draw(run, o)
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.SVG(&out); err != nil {
		tb.Fatal(err)
	}
	wellFormed(tb, out.Bytes())
	return out.String()
}

// wellFormed checks that an SVG is XML of known elements with finite lengths,
// and nothing in it is active or refers to anything.
func wellFormed(tb testing.TB, raw []byte) {
	tb.Helper()
	elements := map[string]bool{"svg": true, "desc": true, "title": true, "rect": true, "path": true, "text": true}
	attributes := map[string]bool{
		"xmlns": true, "width": true, "height": true, "viewBox": true, "role": true, "aria-label": true, "font-family": true, "fill": true,
		"d": true, "fill-opacity": true, "stroke": true, "stroke-width": true, "stroke-linejoin": true, "stroke-opacity": true,
		"stroke-dasharray": true, "shape-rendering": true, "x": true, "y": true, "font-size": true, "font-weight": true, "text-anchor": true, "transform": true,
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			tb.Fatalf("no XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !elements[token.Name.Local] {
				tb.Fatalf("element %s", token.Name.Local)
			}
			for _, a := range token.Attr {
				if !attributes[a.Name.Local] {
					tb.Fatalf("attribute %s of %s", a.Name.Local, token.Name.Local)
				}
				if a.Name.Local != "aria-label" && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")) {
					tb.Fatalf("%s=%q", a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			for _, r := range string(token) {
				if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
					tb.Fatalf("character %U in %q", r, token)
				}
			}
		case xml.Comment, xml.ProcInst, xml.Directive:
			tb.Fatalf("%T", token)
		}
	}
}

// Equal runs give equal figures, those of the golden files.
func TestGolden(t *testing.T) {
	simulated := sample(12, 20)
	simulated.Head.Simulated = true
	simulated.Head.Models = report.Models{Task: report.Model{Simulated: true}, Judge: report.Model{Simulated: true}}
	single := sample(12, 20)
	single.Head.Objectives = single.Head.Objectives[:1]
	costly := sample(30, 24)
	costly.Head.Objectives = []gepa.Objective{{Name: "cost", Direction: gepa.Minimize, Max: 1}, {Name: "f1"}}
	for i, c := range costly.Candidates {
		costly.Candidates[i].Objectives["cost"] = c.Validation*c.Validation + view.Number(0.02*float64(i%7))
	}
	untested := sample(4, 10)
	untested.Head.Test = nil
	for name, c := range map[string]struct {
		run *view.Run
		o   plot.Options
	}{
		"score":           {simulated, plot.Options{Kind: plot.Score}},
		"score-dark":      {simulated, plot.Options{Kind: plot.Score, Theme: plot.Dark}},
		"score-cost":      {untested, plot.Options{Kind: plot.Score, Over: plot.Cost}},
		"score-time":      {untested, plot.Options{Kind: plot.Score, Over: plot.Time, Width: 600}},
		"lineage":         {sample(24, 20), plot.Options{Kind: plot.Lineage}},
		"heatmap":         {sample(16, 24), plot.Options{Kind: plot.Heatmap}},
		"frontier":        {costly, plot.Options{Kind: plot.Frontier}},
		"frontier-single": {single, plot.Options{Kind: plot.Frontier}},
	} {
		t.Run(name, func(t *testing.T) {
			got := svg(t, c.run, c.o)
			path := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("the figure changed (-want +got); look at it, then -update:\n%s", diff)
			}
			if again := svg(t, c.run, c.o); again != got {
				t.Error("drawn twice, it is not the same")
			}
		})
	}
}

// What is simulated is said in every figure, what is not is not.
func TestSimulatedIsSaid(t *testing.T) {
	run := sample(6, 8)
	for _, kind := range plot.Kinds() {
		run.Head.Simulated, run.Head.Models = false, report.Models{}
		if text := svg(t, run, plot.Options{Kind: kind}); strings.Contains(text, "simulated") {
			t.Errorf("%s says that it is simulated", kind)
		}
		run.Head.Simulated, run.Head.Models.Task.Simulated = true, true
		if text := svg(t, run, plot.Options{Kind: kind}); !strings.Contains(text, "> · simulated: the task model is no language model</text>") {
			t.Errorf("%s does not say what is simulated", kind)
		}
	}
}

// The picture shows what the SVG does: it has its size and is not empty.
func TestPNG(t *testing.T) {
	run := sample(9, 12)
	for _, kind := range plot.Kinds() {
		f, err := plot.Draw(run, plot.Options{Kind: kind, Theme: plot.Dark, Scale: 1.5, Width: 800})
		if err != nil {
			t.Fatal(err)
		}
		var raw, again bytes.Buffer
		if err := errors.Join(f.PNG(&raw), f.PNG(&again)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(raw.Bytes(), again.Bytes()) {
			t.Errorf("%s: painted twice, it is not the same", kind)
		}
		picture, err := png.Decode(&raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := picture.Bounds().Dx(); got != 1200 {
			t.Errorf("%s: %d pixels wide, want 1200", kind, got)
		}
		colours := map[[3]uint32]int{}
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				r, g, b, _ := picture.At(x, y).RGBA()
				colours[[3]uint32{r >> 8, g >> 8, b >> 8}]++
			}
		}
		if n := colours[[3]uint32{0x14, 0x17, 0x1c}]; n == 0 {
			t.Errorf("%s: nothing is of the background's colour", kind)
		}
		if n := colours[[3]uint32{0xf0, 0xa7, 0x3a}]; n < 20 {
			t.Errorf("%s: %d pixels are of the best candidate's colour", kind, n)
		}
		if len(colours) < 50 {
			t.Errorf("%s: %d colours: its edges are not smooth", kind, len(colours))
		}
	}
}

// A run with hostile texts and numbers gives figures that are harmless and
// whose size is bounded.
func TestHostile(t *testing.T) {
	texts := []string{
		`</text><script>alert(1)</script>`, `"><svg onload=alert(1)>`, "\x1b[31mred\x1b[0m\x00\x07", "\u202egnp.exe\u2066", "\xff\xfe\xed\xa0\x80",
		"a\nb\r\nc\u2028d\u0085e", strings.Repeat("W", 5_000_000), strings.Repeat("\u200b", 2_000_000), "&amp;&#0;]]>", "\ufffe\uffff\U000e0041", "",
	}
	for i, text := range texts {
		run := sample(8, 10)
		h := &run.Head
		h.Program, h.ID, h.Folder, h.Detail, h.Conclusion = text, text, text, text, text
		h.Objectives = []gepa.Objective{{Name: text, Max: math.Inf(1)}, {Name: "f1", Min: math.NaN()}}
		for k := range run.Candidates {
			run.Candidates[k].Objectives[text] = view.Number(float64(k) / 10)
		}
		for k := range run.Scores.Examples {
			run.Scores.Examples[k].ID = text
		}
		for _, kind := range plot.Kinds() {
			got := svg(t, run, plot.Options{Kind: kind})
			if len(got) > 100_000 {
				t.Errorf("text %d: %s has %d bytes", i, kind, len(got))
			}
			if strings.Contains(got, "<script") || strings.Contains(got, "onload=alert(1)>") {
				t.Errorf("text %d: %s holds markup of the run", i, kind)
			}
		}
	}
}

// Whatever the numbers, there is a figure of finite lengths or an error.
func TestNumbers(t *testing.T) {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e300, -1e300, 1e-300, 0.5}
	rapid.Check(t, func(t *rapid.T) {
		run := sample(rapid.IntRange(0, 7).Draw(t, "candidates"), rapid.IntRange(0, 5).Draw(t, "examples"))
		number := func(name string) view.Number { return view.Number(rapid.SampledFrom(odd).Draw(t, name)) }
		for i := range run.Candidates {
			c := &run.Candidates[i]
			if rapid.Bool().Draw(t, "spoil") {
				c.Validation, c.Objectives["em"], c.Objectives["f1"] = number("validation"), number("em"), number("f1")
				run.Points[i].Score = c.Validation
				c.Wins = rapid.IntRange(0, 1<<40).Draw(t, "wins")
				c.Parents = []int{rapid.IntRange(-2, 9).Draw(t, "parent")}
				run.Points[i].Rollouts = rapid.IntRange(0, 1<<50).Draw(t, "rollouts")
				for k := range run.Scores.Rows[i].Scores {
					run.Scores.Rows[i].Scores[k] = number("score")
				}
			}
		}
		if test := run.Head.Test; test != nil {
			test.Measures[0].Base, test.Measures[0].Other, test.Measures[0].Interval.High = number("base"), number("other"), number("high")
		}
		o := plot.Options{
			Kind: rapid.SampledFrom(plot.Kinds()).Draw(t, "kind"), Over: rapid.SampledFrom(plot.Courses()).Draw(t, "over"),
			Width: rapid.SampledFrom([]int{0, plot.MinWidth, 1500}).Draw(t, "width"), Scale: 0.5,
		}
		f, err := plot.Draw(run, o)
		if errors.Is(err, plot.ErrNothing) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := f.SVG(&out); err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(bytes.NewReader(out.Bytes()))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok {
				for _, a := range e.Attr {
					if a.Name.Local == "d" || a.Name.Local == "x" || a.Name.Local == "y" {
						if strings.ContainsAny(a.Value, "NI") {
							t.Fatalf("%s=%.200s", a.Name.Local, a.Value)
						}
					}
				}
			}
		}
		if err := f.PNG(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}

// Options that make no sense are refused.
func TestOptions(t *testing.T) {
	run := sample(3, 4)
	for _, o := range []plot.Options{
		{}, {Kind: "pie"}, {Kind: plot.Score, Over: "age"}, {Kind: plot.Score, Theme: "sepia"}, {Kind: plot.Score, Width: 10},
		{Kind: plot.Score, Width: plot.MaxWidth + 1}, {Kind: plot.Score, Scale: -1}, {Kind: plot.Score, Scale: math.NaN()}, {Kind: plot.Score, Scale: 100},
	} {
		if _, err := plot.Draw(run, o); err == nil || errors.Is(err, plot.ErrNothing) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// A run without what a figure shows is an error that says so.
func TestNothing(t *testing.T) {
	free := sample(3, 4)
	for i := range free.Points {
		*free.Points[i].CostNanos = 0
	}
	unpriced := sample(3, 4)
	unpriced.Points[1].CostNanos = nil
	for name, c := range map[string]struct {
		run  *view.Run
		o    plot.Options
		want string
	}{
		"no candidate": {sample(0, 4), plot.Options{Kind: plot.Lineage}, "the base is not validated yet"},
		"free":         {free, plot.Options{Kind: plot.Score, Over: plot.Cost}, "cost nothing"},
		"unpriced":     {unpriced, plot.Options{Kind: plot.Score, Over: plot.Cost}, "the price of some calls is not"},
		"no examples":  {sample(3, 0), plot.Options{Kind: plot.Heatmap}, "no rollout on the validation set"},
	} {
		if _, err := plot.Draw(c.run, c.o); !errors.Is(err, plot.ErrNothing) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Texts stay within the figure, whatever its width.
func TestTextsAreInside(t *testing.T) {
	for _, width := range []int{plot.MinWidth, plot.DefaultWidth, 2000} {
		run := sample(20, 30)
		run.Head.Program = strings.Repeat("a long name ", 20)
		run.Head.Simulated = true
		for _, kind := range plot.Kinds() {
			var doc struct {
				Width float64 `xml:"width,attr"`
				Texts []struct {
					X         float64 `xml:"x,attr"`
					Size      float64 `xml:"font-size,attr"`
					Anchor    string  `xml:"text-anchor,attr"`
					Transform string  `xml:"transform,attr"`
					Text      string  `xml:",chardata"`
				} `xml:"text"`
			}
			if err := xml.Unmarshal([]byte(svg(t, run, plot.Options{Kind: kind, Width: width})), &doc); err != nil {
				t.Fatal(err)
			}
			for _, text := range doc.Texts {
				wide := 0.5 * text.Size * float64(len([]rune(text.Text))) // about
				left := text.X
				switch text.Anchor {
				case "middle":
					left -= wide / 2
				case "end":
					left -= wide
				}
				if text.Transform == "" && (left < -8 || left+wide > doc.Width+8) {
					t.Errorf("%s at %d: %q reaches from %.0f to %.0f of %.0f", kind, width, text.Text, left, left+wide, doc.Width)
				}
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	f, err := plot.Draw(sample(3, 4), plot.Options{Kind: plot.Score, Width: plot.MaxWidth, Scale: plot.MaxScale})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.PNG(io.Discard); !errors.Is(err, plot.ErrLarge) {
		t.Error(err)
	}
}

// A large run is drawn in a size that a page can hold.
func TestLarge(t *testing.T) {
	run := sample(200, 1000)
	for _, kind := range plot.Kinds() {
		if got := svg(t, run, plot.Options{Kind: kind}); len(got) > 4_000_000 {
			t.Errorf("%s has %d bytes", kind, len(got))
		}
	}
	wide := sample(3, 5000)
	if got := svg(t, wide, plot.Options{Kind: plot.Heatmap}); !strings.Contains(got, "a column is the mean of 4") {
		t.Error("5,000 examples are not put together")
	}
}

func BenchmarkDraw(b *testing.B) {
	run := sample(200, 1000)
	for _, kind := range plot.Kinds() {
		b.Run(fmt.Sprint(kind)+"/svg", func(b *testing.B) {
			for b.Loop() {
				f, err := plot.Draw(run, plot.Options{Kind: kind})
				if err == nil {
					err = f.SVG(io.Discard)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint(kind)+"/png", func(b *testing.B) {
			for b.Loop() {
				f, err := plot.Draw(run, plot.Options{Kind: kind})
				if err == nil {
					err = f.PNG(io.Discard)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
