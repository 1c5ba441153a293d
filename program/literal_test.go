package program

import (
	"errors"
	"strings"
	"testing"

	"github.com/gepa-go/gepa/program/internal/py"
)

// What people and models write for values is read as DSPy reads it: by JSON
// repair, and where that finds nothing, as Python.
func TestParseValueAsDSPy(t *testing.T) {
	numbers, texts, anything := List(Int()), List(Str()), Any()
	tests := []struct {
		text string
		typ  Type
		want string // Python's repr
	}{
		{"0x10", Int(), "16"},
		{"-0b11", Int(), "-3"},
		{"0o7", Int(), "7"},
		{"+1", Int(), "1"},
		{"1_000", Int(), "1000"},
		{"12 # about", Int(), "12"},
		{".0", Int(), "0"},
		{".5", Float(), "0.5"},
		{"-.5", Float(), "-0.5"},
		{"1.", Float(), "1.0"},
		{"01", anything, "'01'"},
		{"0xg", anything, "'0xg'"},
		{"12 apples", anything, "'12 apples'"},
		{"undefined", anything, "'undefined'"},
		{"1,2", anything, "[1, 2]"},
		{"{'a', 'b'}", texts, "['a', 'b']"},
		{"{1,2}", numbers, "[1, 2]"},
		{"{1, 1}", mustType(t, "set[int]"), "[1]"},
		{"('a', 'b')", texts, "['a', 'b']"},
		{"[(1,2),(3,4)]", anything, "[[1, 2], [3, 4]]"},
		{"{'x': (1,2), 2: {'y': None}}", anything, "{'x': [1, 2], '2': {'y': None}}"},
		{"[1,\n2 # two\n]", numbers, "[1, 2]"},
		{"[+1]", numbers, "[1]"},
		{"[1; 2]", numbers, "[1, 2]"},
		{"[01, -007]", numbers, "[1, -7]"},
		{"[0x10]", anything, "['0x10']"},
		{`["a;b", "01; 2"]`, texts, "['a;b', '01; 2']"},
		{`[{"a": .5, "b": 1., "c": +1, "d": 1_0}]`, anything, "[{'a': 0.5, 'b': 1.0, 'c': 1, 'd': 10}]"},
		{`[{"a": "say "hi""}]`, anything, `[{'a': 'say "hi"'}]`},
		{`[{"a": "say \"so\" and "hi""}]`, anything, `[{'a': 'say "so" and "hi"'}]`},
		{`{"a":}`, anything, "{'a': ''}"},
		{`{"a": , "b": 1}`, anything, "{'a': '', 'b': 1}"},
		{"[undefined, 1]", anything, "['undefined', 1]"},
		{`[{"a": "unterminated]`, anything, "[{'a': 'unterminated'}]"},
		{`{"a": "x]`, anything, "{'a': 'x]'}"},
		{`{'a': ["x", 'it\'s']}`, anything, `{'a': ['x', "it's"]}`},
	}
	for _, tt := range tests {
		got, problem := parseValue(tt.text, tt.typ)
		if problem != nil {
			t.Errorf("%s as %s: %v", tt.text, tt.typ.Repr(), problem)
		} else if py.Repr(got) != tt.want {
			t.Errorf("%s as %s: got %s, want %s", tt.text, tt.typ.Repr(), py.Repr(got), tt.want)
		}
	}
	for _, text := range []string{"{1, 2", "{'a': 1", "[1 2, x]", "{x: 1}", "{'a' 1}", "[,]", strings.Repeat("[", 200), "(1", "{'a': }"} {
		if v, ok := pythonLiteral(text); ok {
			t.Errorf("%s was read as Python's %s", text, py.Repr(v))
		}
	}
}

func mustType(t *testing.T, text string) Type {
	t.Helper()
	typ, err := ParseType(text)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func TestLexString(t *testing.T) {
	for in, want := range map[string]string{
		`'\u2028\xe9\U0001F600'`: "\u2028é😀",
		`'\a\b\f\n\r\t\v\\\'\"'`: "\a\b\f\n\r\t\v\\'\"",
		`'\0\101\1018'`:          "\x00AA8",
		`'\q\xg0\u12'`:           `\q\xg0\u12`,
		"'one \\\nline'":         "one line",
		`"it's"`:                 "it's",
		`'tail' and more`:        "tail",
		`'\UFFFFFFFF'`:           `\UFFFFFFFF`,
	} {
		if got, _, err := lexString(in); err != nil || got != want {
			t.Errorf("%s: got %q, want %q (%v)", in, got, want, err)
		}
	}
	for _, in := range []string{`'`, `'\`, `'\'`, `'\x`, "'a\nb'"} {
		if got, _, err := lexString(in); err == nil {
			t.Errorf("%s was read as %q", in, got)
		}
	}
}

func TestSignatureRefusals(t *testing.T) {
	const underscore = "PydanticUserError: Fields must not use names with leading underscores; e.g., use "
	const noRoom = "TypeError: 'NoneType' object is not subscriptable"
	at := func(reason string) string { return "SyntaxError: " + reason + " (<unknown>, line 1)" }
	for text, want := range map[string]string{
		"q -> _a":                  underscore + "'a' instead of '_a'.",
		"__q -> a":                 underscore + "'q' instead of '__q'.",
		"_ -> a":                   underscore + "'my_field' instead of '_'.",
		"q -> instructions, _b":    underscore + "'b' instead of '_b'.",
		"q -> instructions":        noRoom,
		"fields -> a":              noRoom,
		"q -> a: list[":            at("closing parenthesis ')' does not match opening parenthesis '['"),
		"q -> a: dict[str,":        at("closing parenthesis ')' does not match opening parenthesis '['"),
		"q -> _a, b: list[str":     at("closing parenthesis ')' does not match opening parenthesis '['"),
		"q] -> a":                  at("closing parenthesis ']' does not match opening parenthesis '('"),
		"q -> a)":                  at("unmatched ')'"),
		"q -> a # why":             at("'(' was never closed"),
		"q -> a: list[str # which": at("'[' was never closed"),
	} {
		_, err := ParseSignature(text)
		e, ok := errors.AsType[*SignatureError](err)
		if !ok || e.Kind+": "+e.Reason != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
