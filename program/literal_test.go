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

// The trees that DSPy's refusal of an annotation quotes.
func TestUnhandledAnnotations(t *testing.T) {
	const name = "Name(id='int', ctx=Load())"
	for text, want := range map[string]string{
		"int or str":          "BoolOp(op=Or(), values=[Name(id='int', ctx=Load()), Name(id='str', ctx=Load())])",
		"list[int or x or 1]": "BoolOp(op=Or(), values=[Name(id='int', ctx=Load()), Name(id='x', ctx=Load()), Constant(value=1)])",
		"int and None":        "BoolOp(op=And(), values=[Name(id='int', ctx=Load()), Constant(value=None)])",
		"int | None or int":   "BoolOp(op=Or(), values=[BinOp(left=" + name + ", op=BitOr(), right=Constant(value=None)), " + name + "])",
		"int | [int]":         "List(elts=[" + name + "], ctx=Load())",
		"not int":             "UnaryOp(op=Not(), operand=" + name + ")",
		"[]":                  "List(elts=[], ctx=Load())",
		"dict[str, [int]]":    "List(elts=[" + name + "], ctx=Load())",
		"{}":                  "Dict(keys=[], values=[])",
		"{'a': int}":          "Dict(keys=[Constant(value='a')], values=[" + name + "])",
		"{int, int}":          "Set(elts=[" + name + ", " + name + "])",
		"int()":               "Call(func=" + name + ", args=[], keywords=[])",
		"int(1, 'x')":         "Call(func=" + name + ", args=[Constant(value=1), Constant(value='x')], keywords=[])",
		"list[int]()":         "Call(func=Subscript(value=Name(id='list', ctx=Load()), slice=" + name + ", ctx=Load()), args=[], keywords=[])",
		"int if 1 else int":   "IfExp(test=Constant(value=1), body=" + name + ", orelse=" + name + ")",
		"lambda: 1":           "Lambda(args=arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]), body=Constant(value=1))",
		"int or dict[int, (int)] or int": "BoolOp(op=Or(), values=[" + name + ", Subscript(value=Name(id='dict', ctx=Load()), slice=Tuple(elts=[" +
			name + ", " + name + "], ctx=Load()), ctx=Load()), " + name + "])",
	} {
		_, err := ParseSignature("q -> a: " + text + ", b")
		want = "ValueError: Failed to parse string-base Signature due to unhandled AST node type in annotation: " + want +
			". Please consider using class-based DSPy Signatures instead."
		e, ok := errors.AsType[*SignatureError](err)
		if !ok || e.Kind+": "+e.Reason != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{"int or", "[int str]", "{1: }", "lambda x 1", "int if 1", "not", "[" + strings.Repeat("(", 200) + strings.Repeat(")", 200) + "]"} {
		_, err := ParseSignature("q -> a: " + text)
		if e, ok := errors.AsType[*SignatureError](err); !ok || e.Kind != "SyntaxError" {
			t.Errorf("%s: got %v, want a syntax error", text, err)
		}
	}
}
