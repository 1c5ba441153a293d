package strictyaml_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/internal/strictyaml"
)

type names []string

func (names) Split(text string) []string { return strings.Fields(text) }

type inner struct {
	A string   `json:"a"`
	N *float64 `json:"n,omitempty"`
}

func (inner) Shorthand() string { return "a" }

type outer struct {
	In    inner             `json:"in"`
	List  []inner           `json:"list"`
	Names names             `json:"names"`
	Map   map[string]string `json:"map"`
	Whole int               `json:"whole"`
	Seed  uint64            `json:"seed"`
	Yes   bool              `json:"yes"`
}

func decode(text string) (outer, *strictyaml.Document, error) {
	var o outer
	d, err := strictyaml.Decode([]byte(text), &o, strictyaml.Options{File: "x.yaml", Getenv: func(name string) (string, bool) { return "7", name == "SEVEN" }})
	return o, d, err
}

func TestDecode(t *testing.T) {
	half := 0.5
	got, d, err := decode("in: short\nlist:\n  - {a: x, n: 0.5}\n  - a: |\n      two\n      lines\nnames: one two\nmap: {k: v}\nwhole: ${env:SEVEN}\nseed: 3\nyes: true\n")
	if err != nil {
		t.Fatal(err)
	}
	want := outer{
		In: inner{A: "short"}, List: []inner{{A: "x", N: &half}, {A: "two\nlines\n"}}, Names: names{"one", "two"},
		Map: map[string]string{"k": "v"}, Whole: 7, Seed: 3, Yes: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for path, line := range map[string]int{"in": 1, "in.a": 1, "list[0]": 3, "list[1].a": 4, "map.k": 8, "whole": 9, "none": 0} {
		if got := d.Line(path); got != line || d.Has(path) != (line > 0) {
			t.Errorf("%s is in line %d, want %d", path, got, line)
		}
	}
	if at := d.Errorf("map.other", "no").Position.Line; at != 8 {
		t.Errorf("a key that is not there is missed in line %d, want that of the one around it, 8", at)
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, _, err := decode("seed: -1\nyes: \"true\"\nin: {b: 1}\nlist: {a: x}\n<<: {a: 1}\n")
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{
		"x.yaml:1:7: seed: want a whole number, 0 or more, got the number -1\n  seed: -1\n        ^",
		`x.yaml:2:6: yes: want true or false, got the text "true"`,
		"x.yaml:3:6: in.b: there is no such key; the keys here are a, n",
		"x.yaml:4:",
		"merge keys (<<) are not taken",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

func TestNoDocument(t *testing.T) {
	for text, want := range map[string]string{
		"":              "x.yaml:1:1: the file is empty",
		"# nothing\n":   "the file is empty",
		"- a\n":         "want keys with values such as version: 1, got a list",
		"seed: [1":      "this is no YAML",
		"\tseed: 1\n":   "x.yaml:1:",
		"yes: ${env:N}": "the environment variable N is not set",
	} {
		_, _, err := decode(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Whatever is read, it is decoded or refused with a place in the file.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"in: short\n", "list:\n  - a: x\n", "a: &x 1\nb: *x\n", "? [a]\n: b\n", "---\n...\n", "seed: !!int 1", "in:\n  - \"", "{"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _, err := decode(text)
		if err == nil {
			return
		}
		var at *strictyaml.Error
		if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 {
			t.Errorf("an error without a place: %v", err)
		}
	})
}
