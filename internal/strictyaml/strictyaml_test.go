package strictyaml_test

import (
	"encoding/json"
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

// set is a struct for which a list may stand.
type set struct {
	Files names  `json:"files"`
	Kind  string `json:"kind"`
}

func (set) Shorthand() string { return "files" }

// Values of any type are taken as JSON, keys in their order; a list may stand
// for a struct whose key takes one.
func TestValuesAndSets(t *testing.T) {
	type doc struct {
		Any map[string]json.RawMessage `json:"any"`
		Set set                        `json:"set"`
	}
	decode := func(text string) (doc, error) {
		var d doc
		_, err := strictyaml.Decode([]byte(text), &d, strictyaml.Options{File: "x.yaml", Getenv: func(name string) (string, bool) { return "7", name == "SEVEN" }})
		return d, err
	}
	got, err := decode("any:\n  text: a <b> ${env:SEVEN}\n  block: |\n    two\n    lines\n  number: 1.50\n  yes: true\n  none: [null, -3]\n  deep: {z: 1, a: [x, {b: '2'}]}\nset: [a, b]\n")
	if err != nil {
		t.Fatal(err)
	}
	want := doc{Any: map[string]json.RawMessage{
		"text": json.RawMessage(`"a <b> 7"`), "block": json.RawMessage(`"two\nlines\n"`), "number": json.RawMessage("1.50"), "yes": json.RawMessage("true"),
		"none": json.RawMessage("[null,-3]"), "deep": json.RawMessage(`{"z":1,"a":["x",{"b":"2"}]}`),
	}, Set: set{Files: names{"a", "b"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := decode("set: a b\n"); err != nil || len(got.Set.Files) != 2 {
		t.Errorf("a scalar: %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"any: {a: 0x10}":         "x.yaml:1:10: any.a: want a value as JSON has it, got the number 0x10",
		"any: {a: [.nan]}":       "any.a[0]: want a value as JSON has it",
		"any: {a: {b: &x 1}}":    "any.a.b: want a value as JSON has it",
		"any: {a: '${env:NO}'}":  "any.a: the environment variable NO is not set",
		"any: {a: {<<: {b: 1}}}": "any.a: want a name before the colon",
		"set: {files: {a: 1}}":   "set.files: want a list",
	} {
		if _, err := decode(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

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
