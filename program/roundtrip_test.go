package program

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program/internal/py"
)

// typed is a type with a generator of its values.
type typed struct {
	typ  Type
	draw func(t *rapid.T) py.Value
}

// word draws text that every format carries: no white space at its ends.
func word(t *rapid.T) py.Value {
	return rapid.StringMatching(`[a-zé][a-z &<>"'«\\é日]{0,10}[a-z]`).Draw(t, "text")
}

func integer(t *rapid.T) py.Value { return py.IntOf(rapid.Int64().Draw(t, "int")) }

func number(t *rapid.T) py.Value { return rapid.Float64Range(-1e9, 1e9).Draw(t, "float") }

func listOf(elem func(*rapid.T) py.Value) func(*rapid.T) py.Value {
	return func(t *rapid.T) py.Value {
		list := py.List{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, elem(t))
		}
		return list
	}
}

func dictOf(elem func(*rapid.T) py.Value) func(*rapid.T) py.Value {
	return func(t *rapid.T) py.Value {
		d := &py.Dict{}
		for _, k := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b c", "1z", "é", "x-y"}), 0, 3).Draw(t, "keys") {
			d.Set(k, elem(t))
		}
		return d
	}
}

func typedValues() []typed {
	item := Struct("Item", StructField{Name: "name"}, StructField{Name: "n", Type: Int()})
	return []typed{
		{Str(), word}, {Int(), integer}, {Float(), number},
		{Bool(), func(t *rapid.T) py.Value { return rapid.Bool().Draw(t, "bool") }},
		{List(Str()), listOf(word)}, {List(Int()), listOf(integer)}, {List(List(Float())), listOf(listOf(number))},
		{Dict(Str(), Int()), dictOf(integer)}, {Dict(Str(), List(Str())), dictOf(listOf(word))},
		{Literal("yes", "no"), func(t *rapid.T) py.Value { return rapid.SampledFrom([]string{"yes", "no"}).Draw(t, "literal") }},
		{item, func(t *rapid.T) py.Value { return object("name", word(t), "n", integer(t)) }},
		{List(item), listOf(func(t *rapid.T) py.Value { return object("name", word(t), "n", integer(t)) })},
		{Optional(Int()), integer},
	}
}

// What a format shows as a demonstration's reply reads back as the values.
func TestDemonstrationsParse(t *testing.T) {
	wires := []struct {
		format Format
		wire   wire
	}{{ChatFormat{}, chatWire{}}, {JSONFormat{}, jsonWire{}}, {XMLFormat{}, xmlWire{}}}
	rapid.Check(t, func(t *rapid.T) {
		var sig Signature
		out := values{}
		for i := range rapid.IntRange(1, 4).Draw(t, "fields") {
			kind := rapid.SampledFrom(typedValues()).Draw(t, "type")
			name := fmt.Sprintf("f%d", i)
			sig.Outputs = append(sig.Outputs, Field{Name: name, Type: kind.typ})
			out[name] = kind.draw(t)
		}
		for _, w := range wires {
			reply := w.wire.assistant(sig, out, nil)
			got, err := w.format.Parse(sig, reply)
			if err != nil {
				t.Fatalf("%s: %v", w.format.Name(), err)
			}
			for _, f := range sig.Outputs {
				raw, _ := got.Get(f.Name)
				v, err := py.Decode(raw)
				if err != nil {
					t.Fatal(err)
				}
				if !py.Equal(v, out[f.Name]) {
					t.Fatalf("%s, %s %v: got %s, want %s, in\n%s", w.format.Name(), f.Name, f.Type, raw, py.JSON(out[f.Name]), reply)
				}
			}
		}
	})
}

// Every type's schema is JSON, and its name and repr read back as the type.
func TestTypeNames(t *testing.T) {
	for _, text := range []string{
		"str", "int", "list[str]", "dict[str, list[int]]", "typing.List[str]", "typing.Dict[str, typing.Any]", "tuple[int, str]",
		"tuple[int, ...]", "set[int]", "frozenset[str]", "typing.Optional[int]", "typing.Union[int, str, NoneType]",
		"typing.Literal['a', \"b's\", 1, True, None]", "typing.Any", "list", "dict", "bytes",
	} {
		typ, err := ParseType(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(strings.TrimPrefix(typ.Repr(), "<class '"), "'>"); got != text {
			t.Errorf("%s has the repr %s", text, got)
		}
		if !json.Valid(typ.Schema()) {
			t.Errorf("%s: schema %s", text, typ.Schema())
		}
	}
	if Optional(Int()).Equal(Pipe(Int(), None())) || !Optional(Int()).Equal(Union(Int(), None(), Int())) || !Union(Str()).Equal(Str()) {
		t.Error("unions are equal where they display alike")
	}
	if got := Pipe(Int(), None()).Repr(); got != "int | None" {
		t.Error(got)
	}
	if got := Literal("it's", `say "x"`, `both ' and "`).String(); got != `Literal["it's", 'say "x"', 'both \' and "']` {
		t.Error(got)
	}
}

func FuzzParseSignature(f *testing.F) {
	for _, s := range []string{"question, context: list[str] -> answer: float", "a->b->c", "a -> b: Literal['x',", "a: dict[str, int|None] = 3 -> b: Optional", "-> é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sig, err := ParseSignature(s)
		if err != nil {
			return
		}
		for _, field := range sig.Fields() {
			if again, err := ParseType(strings.TrimSuffix(strings.TrimPrefix(field.Type.Repr(), "<class '"), "'>")); err == nil && again.Repr() != field.Type.Repr() {
				t.Errorf("%q: %s reads back as %s", s, field.Type.Repr(), again.Repr())
			}
			if !json.Valid(field.Type.Schema()) {
				t.Errorf("%q: schema %s", s, field.Type.Schema())
			}
		}
		if _, err := (ChatFormat{}).Messages(sig, nil, nil); err != nil {
			t.Error(err)
		}
	})
}

func fuzzSignature() Signature {
	return MustSignature("q -> a, n: int, l: list[str], d: dict[str, float], o: Optional[int], u: Union[int, list[str]], c: Literal['x', 'y'], any: Any", "")
}

// fuzzFormat checks that a reply either fails with a bounded message or gives
// every field as JSON.
func fuzzFormat(f *testing.F, format Format, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	sig := fuzzSignature()
	f.Fuzz(func(t *testing.T, reply string) {
		fields, err := format.Parse(sig, reply)
		if err != nil {
			if n := len(err.Error()); n > 20000 {
				t.Errorf("the error has %d bytes", n)
			}
			return
		}
		if len(fields) != len(sig.Outputs) {
			t.Errorf("%d fields", len(fields))
		}
		for _, x := range fields {
			if !json.Valid(x.Value) {
				t.Errorf("field %s is %s", x.Name, x.Value)
			}
		}
	})
}

func FuzzChatParse(f *testing.F) {
	fuzzFormat(f, ChatFormat{}, "", "[[ ## a ## ]] x\n[[ ## n ## ]]\n3\n[[ ## l ## ]]\n['x', \"y\n[[ ## d ## ]]\n{a: 1,\n[[ ## u ## ]]\n(1, 2)\n[[ ## c ## ]]\n'x'\n[[ ## any ## ]]\n[[[")
}

func FuzzJSONParse(f *testing.F) {
	fuzzFormat(f, JSONFormat{}, "{", `Sure {"a": 1, "n": "3", 'l': [x, y], d: {}, "u": 1, "c": "x", "any": None}`, "{{}", "```json\n{\"a\": \"b\n```")
}

func FuzzXMLParse(f *testing.F) {
	fuzzFormat(f, XMLFormat{}, "<a>x &amp; <b/></a><n>3</n><l><item>x</item></l><d><entry key='1'>2</entry></d><u>3</u><c>x</c><any/>", "<a", "<!-- --><![CDATA[", "&#x41;")
}

func FuzzParseState(f *testing.F) {
	f.Add([]byte(savedText))
	f.Add([]byte(`{"signature": {"instructions": "", "fields": []}, "demos": [{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseState(data)
		if err != nil {
			return
		}
		again, err := ParseState(s.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), s.Bytes()) {
			t.Errorf("%q reads back as %q: %v", s.Bytes(), again.Bytes(), err)
		}
	})
}

func TestRepairJSON(t *testing.T) {
	for text, want := range map[string]string{
		"maybe":                           `""`,
		"[1, 2":                           `[1,2]`,
		`{"a": 1.0, "b": 1e16,}`:          `{"a":1.0,"b":1e+16}`,
		"{a: 'it', 'b': True, c: None}":   `{"a":"it","b":true,"c":null}`,
		"```json\n{\"a\": [1]}\n```":      `{"a":[1]}`,
		"Sure: {\"a\": {\"b\": 2}} done.": `{"a":{"b":2}}`,
		`{"a": 1} {"b": 2}`:               `[{"a":1},{"b":2}]`,
		`{"a": 1} {"a": 2}`:               `{"a":2}`,
		`[1], [2]`:                        `[[1],[2]]`,
		`{"name": "Al", "n`:               `{"name":"Al"}`,
		`{"name": "Al", "n":`:             `{"name":"Al","n":""}`,
		`{"nam`:                           `["nam"]`,
		`["a", "`:                         `["a"]`,
		`{"a": [1, 2`:                     `{"a":[1,2]}`,
		`{"p": "C:\dir\s", "q": 1,,}`:     `{"p":"C:\\dir\\s","q":1}`,
		"{\"a\": \"x\vy\"":                `{"a":"x\u000by"}`,
		`{"big": 123456789012345678901,}`: `{"big":123456789012345678901}`,
		"[\"a\"]\n\n[[## n ##]]\n3":       `[["a"],[[]]]`,
		"{\"a\": 1}\n\n[[ ## compl":       `{"a":1}`,
		"[] {}":                           `[]`,
	} {
		if got := string(py.JSON(repairJSON(text))); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestCoercion(t *testing.T) {
	sub := helperTypes()[0]
	for _, c := range []struct {
		typ  Type
		in   string // a field's text in a reply
		want string // JSON, or "!" and a part of the problem
	}{
		{Int(), "3.0", "3"}, {Int(), "true", "1"}, {Int(), `"1_000"`, "1000"}, {Int(), "1e3", "1000"}, {Int(), "3.5", "!whole number"},
		{Int(), "[]", "!whole number"}, {Int(), `"x"`, "!this text is none"}, {Int(), "1e400", "!finite"},
		{Float(), "3", "3.0"}, {Float(), "True", "1.0"}, {Float(), `" 1_0.5 "`, "10.5"}, {Float(), "NaN", "!finite"}, {Float(), "0x1p3", "!number"},
		{Bool(), "yes", "true"}, {Bool(), "0", "false"}, {Bool(), "1.0", "true"}, {Bool(), "Off", "false"}, {Bool(), "2", "!True or False"},
		{None(), "null", "null"}, {None(), "5", "!None is needed"},
		{Tuple(Int(), Str()), `(1, "a")`, `[1,"a"]`}, {Tuple(Int(), Str()), "[1]", "!1: an item is missing"}, {Tuple(Int()), "[1, 2]", "!1 items"},
		{Set(Int()), "[1, 1, 2]", "[1,2]"}, {Dict(Int(), Str()), `{"1": "a"}`, `{"1":"a"}`}, {Dict(Int(), Str()), `{"x": "a"}`, "!x.[key]"},
		{Union(Int(), Float()), "3", "3"}, {Union(Float(), Int()), "3", "3"}, {Union(Int(), Float()), "3.5", "3.5"}, {Union(Int(), Float()), "x", "!int: a whole"},
		{Optional(Int()), "None", "null"}, {Optional(Int()), "x", "!whole number"}, {Optional(Str()), "None", `"None"`},
		{sub, `{"name": "n"}`, `{"name":"n","score":null}`}, {List(sub), `[{}, {"name": 5}]`, "!0.name: this field is missing"}, {sub, "5", "!fields of Sub"},
		{Union(sub, Dict(Str(), Any())), `{"name": "n"}`, `{"name":"n","score":null}`},
		{Literal(1, true), "2", "!'2' is not one of (1, True)"}, {Literal("a"), "Literal['a']", `"a"`}, {Literal("a"), "b", "!'b' is not one of ('a',)"},
		{helperTypes()[1], "BLUE", `"blue"`}, {helperTypes()[1], "green", "!not a valid name"}, {List(helperTypes()[1]), `["red"]`, `["red"]`}, {List(Literal("a", 1)), `["x"]`, "!one of 'a', 1"},
		{History(), `{"messages": [{"q": 1}]}`, `{"messages":[{"q":1}]}`}, {History(), "{}", "!missing"}, {Any(), "free text", `"free text"`},
	} {
		v, problem := parseValue(c.in, c.typ)
		want, fails := strings.CutPrefix(c.want, "!")
		switch {
		case fails && (problem == nil || !strings.Contains(problem.Error(), want)):
			t.Errorf("%v of %s: problem %v, want %q", c.typ, c.in, problem, want)
		case !fails && (problem != nil || string(py.JSON(v)) != want):
			t.Errorf("%v of %s: got %v %v, want %s", c.typ, c.in, v, problem, want)
		}
	}
}

func TestIncompleteDemonstrations(t *testing.T) {
	sig := MustSignature("q, c -> a, b", "")
	demos := []gepa.Fields{
		gepa.NewFields("q", 1, "c", 2, "a", 3, "b", 4),
		gepa.NewFields("q", 1, "c", nil, "a", 3, "b", 4),
		gepa.NewFields("q", 1),
		gepa.NewFields("a", 1, "b", 2),
		gepa.NewFields("c", "x", "b", "y"),
	}
	got, err := (ChatFormat{}).Messages(sig, demos, gepa.NewFields("q", "?", "c", "."))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		incompleteDemo + "\n\n[[ ## q ## ]]\n1\n\n[[ ## c ## ]]\nNone",
		"[[ ## a ## ]]\n3\n\n[[ ## b ## ]]\n4\n\n[[ ## completed ## ]]\n",
		incompleteDemo + "\n\n[[ ## c ## ]]\nx",
		"[[ ## a ## ]]\nNot supplied for this particular example. \n\n[[ ## b ## ]]\ny\n\n[[ ## completed ## ]]\n",
		"[[ ## q ## ]]\n1\n\n[[ ## c ## ]]\n2",
		"[[ ## a ## ]]\n3\n\n[[ ## b ## ]]\n4\n\n[[ ## completed ## ]]\n",
	}
	for i, w := range want {
		if got[i+1].Content != w {
			t.Errorf("message %d: %q, want %q", i+1, got[i+1].Content, w)
		}
	}
	if len(got) != len(want)+2 {
		t.Errorf("%d messages", len(got))
	}
}
