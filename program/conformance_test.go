package program

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/shared"
	"github.com/gepa-go/gepa/program/internal/py"
)

type conformance struct {
	Format []struct {
		Name, Signature, Adapter string
		Demos                    []gepa.Fields
		Inputs                   gepa.Fields
		Messages                 []gepa.Message
	}
	Parse []struct {
		Adapter, Signature, Completion string
		Result                         struct {
			OK          json.RawMessage
			Error       string
			Partial     json.RawMessage
			MessageHead string `json:"message_head"`
		}
	}
	FormatFieldValue []struct {
		Annotation, Value, Text string
	} `json:"format_field_value"`
	InferPrefix      map[string]string `json:"infer_prefix"`
	StringSignatures []struct {
		Signature    string
		Fields       gepa.Fields
		Instructions string
		Error        string
	} `json:"string_signatures"`
	StructuredOutputSchema map[string]json.RawMessage `json:"structured_output_schema"`
	SavedProgramText       string                     `json:"saved_program_text"`
}

func loadConformance(t *testing.T) conformance {
	t.Helper()
	data, err := os.ReadFile(shared.File(t, "conformance/dspy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c conformance
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func formatNamed(t *testing.T, adapter string) Format {
	t.Helper()
	switch adapter {
	case "ChatAdapter":
		return ChatFormat{}
	case "JSONAdapter":
		return JSONFormat{}
	case "XMLAdapter":
		return XMLFormat{}
	}
	t.Fatalf("no format is called %q", adapter)
	return nil
}

var (
	cotNotation          = regexp.MustCompile(`^ChainOfThought\((?:'(.*)'|"(.*)")\)$`)
	instructionsNotation = regexp.MustCompile(`^(.*?)\s+\((?:'(.*)'|"(.*)")\)$`)
)

// signatureFrom builds the signature that a case names, by the string grammar
// where it is one, else from what the expected system message says of it.
func signatureFrom(t *testing.T, text, previous, system string) Signature {
	t.Helper()
	if text == "same" || text == "" {
		text = previous
	}
	instructions, cot := "", false
	if m := cotNotation.FindStringSubmatch(text); m != nil {
		cot, text = true, m[1]+m[2]
	}
	if m := instructionsNotation.FindStringSubmatch(text); m != nil {
		text, instructions = m[1], m[2]+m[3]
	}
	sig, err := ParseSignature(text)
	if err != nil {
		if system == "" {
			t.Fatalf("signature %q: %v", text, err)
		}
		return signatureFromPrompt(t, system)
	}
	if instructions != "" {
		sig.Instructions = instructions
	}
	if cot {
		sig = sig.withReasoning()
	}
	return sig
}

// helperTypes are the named types that cases may use.
func helperTypes() []Type {
	return []Type{
		Struct("Sub",
			StructField{Name: "name", Type: Str()},
			StructField{Name: "score", Type: Optional(Float()), Default: json.RawMessage("null")},
		).WithDoc("A sub doc."),
		Enum("Color",
			EnumMember{"RED", json.RawMessage(`"red"`)},
			EnumMember{"BLUE", json.RawMessage(`"blue"`)}),
		History(),
	}
}

var fieldLine = regexp.MustCompile("^\\d+\\. `([^`]+)` \\((.*?)\\):(?: (.*))?$")

// signatureFromPrompt reads a signature back from a system message.
func signatureFromPrompt(t *testing.T, system string) Signature {
	t.Helper()
	known := append(namedTypes(t, system), helperTypes()...)
	var sig Signature
	fields := &sig.Inputs
	head, rest, _ := strings.Cut(system, "All interactions will be structured")
	for line := range strings.SplitSeq(strings.TrimSuffix(head, "\n"), "\n") {
		switch {
		case line == "Your input fields are:":
		case line == "Your output fields are:":
			fields = &sig.Outputs
		case strings.HasPrefix(line, "Constraints: "):
			last := &(*fields)[len(*fields)-1]
			last.Constraints = []Constraint{Constraint(strings.TrimPrefix(line, "Constraints: "))}
		default:
			m := fieldLine.FindStringSubmatch(line)
			if m == nil {
				(*fields)[len(*fields)-1].Desc += "\n" + line
				continue
			}
			*fields = append(*fields, Field{Name: m[1], Type: typeFromName(t, m[2], known), Desc: m[3]})
		}
	}
	_, objective, _ := strings.Cut(rest, "your objective is: \n")
	lines := strings.Split(objective, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "        ")
	}
	sig.Instructions = strings.Join(lines, "\n")
	return sig
}

// typeFromName reads a type from the name that prompts show.
func typeFromName(t *testing.T, name string, known []Type) Type {
	t.Helper()
	pipe := strings.Contains(name, "UnionType[")
	typ, err := ParseType(strings.ReplaceAll(name, "UnionType[", "Union["), known...)
	if err != nil {
		t.Fatal(err)
	}
	if pipe {
		return Pipe(typ.d.args...)
	}
	return typ
}

// namedTypes recovers the records and enums that a system message describes,
// from the notes on its outputs. A record's fields are in alphabetical order.
func namedTypes(t *testing.T, system string) []Type {
	t.Helper()
	var types []Type
	for line := range strings.SplitSeq(system, "\n") {
		// In the JSON format the note is within a JSON string.
		if _, quoted, ok := strings.Cut(strings.TrimSuffix(line, ","), `": "`); ok {
			var text string
			if json.Unmarshal([]byte(`"`+quoted), &text) == nil {
				line = text
			}
		}
		if name, values, ok := strings.Cut(line, "        # note: the value you produce must be one of: "); ok {
			if m := regexp.MustCompile("`" + strings.Trim(name, "{}") + "` \\((\\w+)\\)").FindStringSubmatch(system); m != nil {
				types = append(types, enumOf(m[1], strings.Split(values, "; ")))
			}
		}
		_, text, ok := strings.Cut(line, "must adhere to the JSON schema: ")
		if !ok {
			continue
		}
		schema, err := py.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		defs := dictIn(schema.(*py.Dict), "$defs")
		for _, it := range append(defs.Items, py.Item{Value: schema}) {
			if d := it.Value.(*py.Dict); typeIn(d) == "object" || listIn(d, "enum") != nil {
				if title, ok := d.Get("title"); ok {
					types = append(types, typeFromSchema(title.(string), d, defs))
				}
			}
		}
	}
	return types
}

func enumOf(name string, values []string) Type {
	var members []EnumMember
	for _, v := range values {
		members = append(members, EnumMember{Name: strings.ToUpper(v), Value: py.JSON(v)})
	}
	return Enum(name, members...)
}

// typeFromSchema makes a type of its JSON schema; name is "" but for a record
// or an enum.
func typeFromSchema(name string, s, defs *py.Dict) Type {
	if ref := resolve(s, defs); ref != s {
		title, _ := ref.Get("title")
		return typeFromSchema(title.(string), ref, defs)
	}
	if choices := listIn(s, "anyOf"); choices != nil {
		var members []Type
		for _, c := range choices {
			members = append(members, typeFromSchema("", c.(*py.Dict), defs))
		}
		return Union(members...)
	}
	if values := listIn(s, "enum"); values != nil && name != "" {
		var members []EnumMember
		for _, v := range values {
			members = append(members, EnumMember{Name: py.Str(v), Value: py.JSON(v)})
		}
		return Enum(name, members...)
	}
	switch typeIn(s) {
	case "string":
		return Str()
	case "integer":
		return Int()
	case "number":
		return Float()
	case "boolean":
		return Bool()
	case "null":
		return None()
	case "array":
		return List(typeFromSchema("", dictIn(s, "items"), defs))
	case "object":
		if name == "" {
			return Dict(Str(), typeFromSchema("", dictIn(s, "additionalProperties"), defs))
		}
		doc, _ := s.Get("description")
		text, _ := doc.(string)
		return Struct(name, structFieldsFromSchema(s, defs)...).WithDoc(text)
	}
	return Any()
}

func structFieldsFromSchema(s, defs *py.Dict) []StructField {
	var fields []StructField
	for _, it := range dictIn(s, "properties").Items {
		p := it.Value.(*py.Dict)
		f := StructField{Name: it.Key, Type: typeFromSchema("", p, defs)}
		if v, ok := p.Get("default"); ok {
			f.Default = py.JSON(v)
		}
		if v, ok := p.Get("description"); ok {
			f.Desc = v.(string)
		}
		fields = append(fields, f)
	}
	return fields
}

// A named type that is not among the helpers is read off the prompt.
func TestSignatureFromPrompt(t *testing.T) {
	want := Signature{
		Instructions: "Do it.",
		Inputs:       []Field{{Name: "q", Desc: "the question"}},
		Outputs: []Field{
			{Name: "mood", Type: enumOf("Mood", []string{"glad", "sad"})},
			{Name: "all", Type: List(Struct("Part",
				StructField{Name: "kind", Type: enumOf("Kind", []string{"a", "b"})},
				StructField{Name: "n", Type: Optional(Int()), Default: json.RawMessage("null"), Desc: "how many"},
			).WithDoc("A part."))},
		},
	}
	for _, format := range []Format{ChatFormat{}, JSONFormat{}} {
		messages, err := format.Messages(want, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := format.Messages(signatureFromPrompt(t, messages[0].Content), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(messages, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestConformanceFormat(t *testing.T) {
	previous := ""
	read := map[string]Signature{} // a prompt in XML does not tell types
	for _, c := range loadConformance(t).Format {
		t.Run(c.Name+"/"+c.Adapter, func(t *testing.T) {
			sig, ok := read[c.Signature]
			if !ok {
				sig = signatureFrom(t, c.Signature, previous, c.Messages[0].Content)
				read[c.Signature] = sig
			}
			got, err := formatNamed(t, c.Adapter).Messages(sig, c.Demos, c.Inputs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Messages, got); diff != "" {
				t.Errorf("messages (-DSPy +got):\n%s", diff)
			}
		})
		previous = c.Signature
	}
}

func TestConformanceParse(t *testing.T) {
	previous := ""
	for i, c := range loadConformance(t).Parse {
		if c.Signature != "same" {
			previous = c.Signature
		}
		t.Run(fmt.Sprintf("%d/%s", i, c.Adapter), func(t *testing.T) {
			got, err := formatNamed(t, c.Adapter).Parse(signatureFrom(t, c.Signature, previous, ""), c.Completion)
			if c.Result.Error == "" {
				if err != nil {
					t.Fatal(err)
				}
				sameJSON(t, "fields", c.Result.OK, mustJSON(t, got))
				return
			}
			checkParseError(t, err, c.Result.Error, c.Result.MessageHead, c.Result.Partial)
		})
	}
}

func checkParseError(t *testing.T, err error, kind, head string, partial json.RawMessage) {
	t.Helper()
	parse, ok := errors.AsType[*ParseError](err)
	if !ok {
		t.Fatalf("error is %v, want a ParseError", err)
	}
	if parse.dspyKind != kind {
		t.Errorf("kind is %s, DSPy's %s", parse.dspyKind, kind)
	}
	if parse.dspyHead != head {
		t.Errorf("first line of the error is %q, DSPy's %q", parse.dspyHead, head)
	}
	got := json.RawMessage("null")
	if parse.Partial != nil {
		got = mustJSON(t, parse.Partial)
	}
	if partial == nil {
		partial = json.RawMessage("null")
	}
	sameJSON(t, "partial fields", partial, got)
}

// sameJSON compares two JSON values, telling 1 from 1.0 but not the order of
// keys.
func sameJSON(t *testing.T, what string, want, got json.RawMessage) {
	t.Helper()
	a, err := py.Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := py.Decode(got)
	if err != nil {
		t.Fatal(err)
	}
	if !py.Equal(a, b) {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestConformanceFormatFieldValue(t *testing.T) {
	for _, c := range loadConformance(t).FormatFieldValue {
		annotation := strings.TrimSuffix(strings.TrimPrefix(c.Annotation, "<class '"), "'>")
		typ, err := ParseType(strings.ReplaceAll(annotation, "typing.", ""), helperTypes()...)
		if err != nil {
			t.Fatal(err)
		}
		if got := formatValue(typ, fromRepr(t, c.Value)); got != c.Text {
			t.Errorf("%s of %s: got %q, want %q", c.Annotation, c.Value, got, c.Text)
		}
	}
}

func TestConformanceInferPrefix(t *testing.T) {
	for name, want := range loadConformance(t).InferPrefix {
		if got := (Field{Name: name}).PrefixText(); got != want {
			t.Errorf("prefix of %q is %q, want %q", name, got, want)
		}
	}
}

func TestConformanceStringSignatures(t *testing.T) {
	for _, c := range loadConformance(t).StringSignatures {
		sig, err := ParseSignature(c.Signature)
		if c.Error != "" {
			e, ok := errors.AsType[*SignatureError](err)
			if !ok || e.Kind+": "+e.Reason != c.Error {
				t.Errorf("%q: error is %v, want %s", c.Signature, err, c.Error)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if sig.Instructions != c.Instructions {
			t.Errorf("%q: instructions are %q, want %q", c.Signature, sig.Instructions, c.Instructions)
		}
		got := gepa.Fields{}
		for _, f := range sig.Fields() {
			got = got.Set(f.Name, mustJSON(t, f.Type.Repr()))
		}
		for i := range c.Fields {
			if got.Text(c.Fields[i].Name) != c.Fields.Text(c.Fields[i].Name) || len(got) != len(c.Fields) {
				t.Errorf("%q: fields are %v, want %v", c.Signature, got, c.Fields)
			}
		}
	}
}

func TestConformanceOutputSchema(t *testing.T) {
	for text, want := range loadConformance(t).StructuredOutputSchema {
		sig := signatureFrom(t, text, "", "")
		if got := sig.OutputSchema(); string(got) != string(compactJSON(t, want)) {
			t.Errorf("schema of %q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func compactJSON(t *testing.T, raw json.RawMessage) json.RawMessage {
	t.Helper()
	v, err := py.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return py.JSON(v)
}

// fromRepr reads a value from Python's repr of it: a JSON value with Python's
// quotes and constants.
func fromRepr(t *testing.T, repr string) py.Value {
	t.Helper()
	var b strings.Builder
	for rest := repr; rest != ""; {
		switch {
		case rest[0] == '\'' || rest[0] == '"':
			text, after, err := lexString(rest)
			if err != nil {
				t.Fatalf("repr %s: %s", repr, err.reason)
			}
			py.QuoteJSON(&b, text)
			rest = after
		case strings.HasPrefix(rest, "True"):
			b.WriteString("true")
			rest = rest[4:]
		case strings.HasPrefix(rest, "False"):
			b.WriteString("false")
			rest = rest[5:]
		case strings.HasPrefix(rest, "None"):
			b.WriteString("null")
			rest = rest[4:]
		default:
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	v, err := py.Decode([]byte(b.String()))
	if err != nil {
		t.Fatalf("repr %s: %v", repr, err)
	}
	return v
}
