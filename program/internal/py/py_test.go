package py

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// observed returns what Python gave for some inputs: pairs, or longer rows.
func observed(t *testing.T, group string) [][]json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "python.json"))
	if err != nil {
		t.Fatal(err)
	}
	var groups map[string][][]json.RawMessage
	if err := json.Unmarshal(data, &groups); err != nil {
		t.Fatal(err)
	}
	if len(groups[group]) == 0 {
		t.Fatalf("no cases of %s", group)
	}
	return groups[group]
}

func text(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAsPython(t *testing.T) {
	number := func(s string) string {
		v, err := Decode([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return Repr(v)
	}
	for group, f := range map[string]func(string) string{
		"cleandoc": CleanDoc, "dedent": Dedent, "float": number, "repr": func(s string) string { return Repr(s) },
	} {
		for _, row := range observed(t, group) {
			if in, want := text(t, row[0]), text(t, row[1]); f(in) != want {
				t.Errorf("%s of %q: %q, want %q", group, in, f(in), want)
			}
		}
	}
}

func TestSplitLines(t *testing.T) {
	for _, row := range observed(t, "split") {
		var want []string
		if err := json.Unmarshal(row[1], &want); err != nil {
			t.Fatal(err)
		}
		if got := SplitLines(text(t, row[0])); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: %q, want %q", row[0], got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, row := range observed(t, "title") {
		s := text(t, row[0])
		got := []any{Title(s), Capitalize(s), IsUpper(s), IsIdentifier(s)}
		for i, g := range got {
			raw, err := json.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			if string(raw) != string(row[i+1]) && g != text2(row[i+1]) {
				t.Errorf("%q, column %d: %v, want %s", s, i, g, row[i+1])
			}
		}
	}
}

// text2 is the string in raw, "" if it is none.
func text2(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

func TestStrip(t *testing.T) {
	if got := Strip("\x1c\u2028 \u00a0a b\t\x1f"); got != "a b" {
		t.Errorf("%q", got)
	}
}

func TestPrinting(t *testing.T) {
	v, err := Decode([]byte(`{"a":[1,1.0,true,null,"x\"\u0001\b\f\r\t\\\n"],"b":{},"c":[],"a2":-0,"big":123456789012345678901,"a":[2]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Dumps(v, Layout{}), `{"a": [2], "b": {}, "c": [], "a2": 0, "big": 123456789012345678901}`; got != want {
		t.Error(got)
	}
	if got, want := Dumps(List{v, "é"}, Layout{Indent: 2}), "[\n  {\n    \"a\": [\n      2\n    ],\n    \"b\": {},\n    \"c\": [],\n    \"a2\": 0,\n    \"big\": 123456789012345678901\n  },\n  \"é\"\n]"; got != want {
		t.Error(got)
	}
	if got, want := Str(List{nil, true, false, "it's", 1.5, Int("2"), v}), `[None, True, False, "it's", 1.5, 2, {'a': [2], 'b': {}, 'c': [], 'a2': 0, 'big': 123456789012345678901}]`; got != want {
		t.Error(got)
	}
	if got := Str("as is"); got != "as is" {
		t.Error(got)
	}
	if got, want := string(JSON("\"\x01\b\f\r\t\\\n\u2028é")), `"\"\u0001\b\f\r\t\\\n`+"\u2028é\""; got != want {
		t.Error(got)
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, s := range []string{"", "{", "[1", `{"a"}`, "1 2", "[] x", `{"a": nul}`, strings.Repeat("[", 600) + strings.Repeat("]", 600)} {
		if v, err := Decode([]byte(s)); err == nil {
			t.Errorf("%.40q was read as %v", s, v)
		}
	}
	if v, err := Decode([]byte(" 1e400 ")); err != nil || Repr(v) != "inf" || string(JSON(v)) != "Infinity" {
		t.Error(v, err)
	}
}

func TestInts(t *testing.T) {
	for s, want := range map[string]string{"-0": "0", "+7": "7", "007": "7", "": "!", "-": "!", "--1": "!", "1.0": "!"} {
		n, ok := ParseInt(s)
		if ok == (want == "!") || ok && string(n) != want {
			t.Errorf("%q: %v %v", s, n, ok)
		}
	}
	if IntOf(-3).Float() != -3 {
		t.Error("-3 is not -3")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a": [1, 2.50, "x", null, true], "b": {"é": -0.0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		written := JSON(v)
		again, err := Decode(written)
		if err != nil && !strings.Contains(string(written), "Infinity") {
			t.Fatalf("%q was written as %q: %v", data, written, err)
		}
		if err == nil && !Equal(v, again) {
			t.Errorf("%q is not %q", data, written)
		}
	})
}

func TestEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		d, e := &Dict{}, &Dict{}
		d.Set("a", s)
		d.Set("b", List{1.0})
		e.Set("b", List{1.0})
		e.Set("a", s)
		if !Equal(d, e) {
			t.Fatal("the order of keys matters")
		}
		e.Set("a", s+"x")
		if Equal(d, e) || Equal(List{d}, List{d, d}) || Equal(1.0, Int("1")) || Equal(d, s) || Equal(s, d) || Equal(List{}, d) {
			t.Fatal("unequal values are equal")
		}
	})
}
