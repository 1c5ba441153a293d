package ansisvg

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestParse(t *testing.T) {
	red := look{fg: "#e06c75"}
	for _, test := range []struct {
		name, in string
		want     [][]run
	}{
		{"plain", "ab\ncd\n", [][]run{{{look{}, "ab"}}, {{look{}, "cd"}}}},
		{"a colour and back", "a\x1b[31mb\x1b[0mc", [][]run{{{look{}, "a"}, {red, "b"}, {look{}, "c"}}}},
		{"empty reset", "\x1b[31ma\x1b[mb", [][]run{{{red, "a"}, {look{}, "b"}}}},
		{"a colour goes on in the next row", "\x1b[31ma\nb", [][]run{{{red, "a"}}, {{red, "b"}}}},
		{"default foreground", "\x1b[31;1ma\x1b[39mb", [][]run{{{look{fg: "#e06c75", bold: true}, "a"}, {look{bold: true}, "b"}}}},
		{"256 colours", "\x1b[38;5;196ma\x1b[48:5:16mb", [][]run{{{look{fg: "#ff0000"}, "a"}, {look{fg: "#ff0000", bg: "#000000"}, "b"}}}},
		{"true colour", "\x1b[38;2;1;2;3ma", [][]run{{{look{fg: "#010203"}, "a"}}}},
		{"bright", "\x1b[91;101ma", [][]run{{{look{fg: "#f0868e", bg: "#f0868e"}, "a"}}}},
		{"styles on and off", "\x1b[1;2;3;4;7;9ma\x1b[22;23;24;27;29mb",
			[][]run{{{look{bold: true, faint: true, italic: true, under: true, turned: true, struck: true}, "a"}, {look{}, "b"}}}},
		{"other sequences", "\x1b[2Ja\x1b(Bb\x1b]0;title\ac\x1b]8;;x\x1b\\d\x1b=e", [][]run{{{look{}, "abcde"}}}},
		{"cut off", "a\x1b[3", [][]run{{{look{}, "a"}}}},
		{"not a number", "\x1b[<1ma", [][]run{{{look{}, "a"}}}},
		{"controls", "a\x07\rb", [][]run{{{look{}, "ab"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, parse(test.in), cmp.AllowUnexported(run{}, look{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// wellFormed reports whether a picture is XML.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v:\n%s", err, svg)
		}
	}
}

func TestRender(t *testing.T) {
	got := Render("\x1b[1mbold\x1b[0m <&> 漢字\n\x1b[7;32mturned\x1b[0m \x1b[9;31mgone\x1b[0m\nbeyond", Options{Columns: 20, Rows: 2, Title: "gepa \"demo\""})
	wellFormed(t, got)
	const file = "testdata/screen.svg"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is on the screen, the picture is XML without markup of the screen's.
func FuzzRender(f *testing.F) {
	f.Add("<script>\x1b[38;5;300m</text>\x00\ufffe", 10, 2)
	f.Add("\x1b[38;2;999;-1;5m\x1b[48m漢\xff", 1, 1)
	f.Fuzz(func(t *testing.T, screen string, columns, rows int) {
		svg := Render(screen, Options{Columns: min(max(columns, 0), 200), Rows: min(max(rows, 0), 100), Title: screen})
		wellFormed(t, svg)
		if strings.Contains(svg, "<script") {
			t.Error("markup of the screen is in the picture")
		}
	})
}
