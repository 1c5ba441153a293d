package program

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/program/internal/py"
)

// A SignatureError says why a signature string was refused.
type SignatureError struct {
	// Signature is the string.
	Signature string
	// Kind is the Python exception that DSPy raises, for instance "ValueError".
	Kind string
	// Reason says what is wrong, in DSPy's words.
	Reason string
}

func (e *SignatureError) Error() string {
	return fmt.Sprintf("signature %q: %s", e.Signature, e.Reason)
}

// ParseSignature reads DSPy's signature strings: names with optional Python
// annotations, inputs before the arrow and outputs after it, for instance
// "question, context: list[str] -> answer: float". Named types beside Python's
// own are found among known, by name. The instructions are DSPy's "Given the
// fields …". The error is a [*SignatureError].
func ParseSignature(text string, known ...Type) (Signature, error) {
	fail := func(kind, format string, args ...any) (Signature, error) {
		return Signature{}, &SignatureError{Signature: text, Kind: kind, Reason: fmt.Sprintf(format, args...)}
	}
	if strings.Count(text, "->") != 1 {
		return fail("ValueError", "Invalid signature format: '%s', must contain exactly one '->'.", text)
	}
	ins, outs, _ := strings.Cut(text, "->")
	var sig Signature
	for _, side := range []struct {
		text   string
		fields *[]Field
	}{{ins, &sig.Inputs}, {outs, &sig.Outputs}} {
		fields, err := parseFields(side.text, known)
		if err != nil {
			return fail(err.kind, "%s", err.reason)
		}
		*side.fields = fields
	}
	var both []string
	for _, f := range sig.Inputs {
		if _, ok := sig.output(f.Name); ok {
			both = append(both, f.Name)
		}
	}
	if both != nil {
		slices.Sort(both)
		return fail("ValueError", "Input and output fields must have distinct names, but found duplicates: '%s'.", strings.Join(both, ", "))
	}
	if err := checkNames(sig); err != nil {
		return fail(err.kind, "%s", err.reason)
	}
	sig.Instructions = defaultInstructions(sig)
	return sig, nil
}

// checkNames refuses names that DSPy's classes have no room for.
func checkNames(sig Signature) *grammarError {
	for _, f := range sig.Fields() {
		if bare := strings.TrimLeft(f.Name, "_"); bare != f.Name {
			if bare == "" {
				bare = "my_field"
			}
			return &grammarError{"PydanticUserError",
				"Fields must not use names with leading underscores; e.g., use '" + bare + "' instead of '" + f.Name + "'."}
		}
	}
	for _, f := range sig.Fields() {
		switch f.Name {
		case "instructions", "signature", "fields", "input_fields", "output_fields":
			return &grammarError{"TypeError", "'NoneType' object is not subscriptable"}
		}
	}
	return nil
}

// MustSignature is [ParseSignature] for literals in code, with instructions;
// "" keeps DSPy's. It panics if the string is refused.
func MustSignature(text, instructions string, known ...Type) Signature {
	sig, err := ParseSignature(text, known...)
	if err != nil {
		panic("program: " + err.Error())
	}
	if instructions != "" {
		sig.Instructions = instructions
	}
	return sig
}

// ParseType reads a Python annotation such as "list[str]" or "int | None".
func ParseType(text string, known ...Type) (Type, error) {
	fields, err := parseFields("x: "+text, known)
	if err == nil && len(fields) != 1 {
		err = syntax("one type expected")
	}
	if err != nil {
		return Type{}, fmt.Errorf("type %q: %s", text, err.reason)
	}
	return fields[0].Type, nil
}

// grammarError is a refusal on its way up.
type grammarError struct{ kind, reason string }

func syntax(reason string) *grammarError {
	return &grammarError{"SyntaxError", reason + " (<unknown>, line 1)"}
}

func valueError(format string, args ...any) *grammarError {
	return &grammarError{"ValueError", fmt.Sprintf(format, args...)}
}

// parseFields reads one side of a signature as Python reads a function's
// parameters.
func parseFields(text string, known []Type) ([]Field, *grammarError) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	if err := checkBrackets(tokens); err != nil {
		return nil, err
	}
	p := &grammar{tokens: tokens, known: known}
	var fields []Field
	for !p.at("") {
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		// As in DSPy, the last of two equal names counts, at the first's place.
		if i := slices.IndexFunc(fields, func(x Field) bool { return x.Name == f.Name }); i >= 0 {
			fields[i] = f
		} else {
			fields = append(fields, f)
		}
		if p.at("") {
			break
		}
		if !p.take(",") {
			return nil, syntax("invalid syntax")
		}
	}
	return fields, nil
}

// checkBrackets refuses brackets that do not match within the parentheses of a
// function's parameters, and comments: they would swallow the closing one.
func checkBrackets(tokens []token) *grammarError {
	open := []string{"("}
	shut := func(mark string) *grammarError {
		if len(open) == 0 {
			return syntax("unmatched '" + mark + "'")
		}
		last := open[len(open)-1]
		open = open[:len(open)-1]
		if want := map[string]string{"(": ")", "[": "]", "{": "}"}[last]; mark != want {
			return syntax("closing parenthesis '" + mark + "' does not match opening parenthesis '" + last + "'")
		}
		return nil
	}
	for _, t := range tokens {
		switch {
		case t.kind == tokenComment && len(open) > 0:
			return syntax("'" + open[len(open)-1] + "' was never closed")
		case t.kind != tokenMark:
		case t.text == "(" || t.text == "[" || t.text == "{":
			open = append(open, t.text)
		case t.text == ")" || t.text == "]" || t.text == "}":
			if err := shut(t.text); err != nil {
				return err
			}
		}
	}
	return shut(")")
}

func (p *grammar) field() (Field, *grammarError) {
	name := p.next()
	if name.kind != tokenName || isKeyword(name.text) {
		return Field{}, syntax("invalid syntax")
	}
	f := Field{Name: name.text}
	if p.take(":") {
		v, err := p.expr()
		if err != nil {
			return f, err
		}
		t, err := fieldType(v)
		if err != nil {
			return f, err
		}
		f.Type = t
	}
	if p.take("=") {
		// A default of the parameter: DSPy reads it and does not use it.
		if _, err := p.expr(); err != nil {
			return f, err
		}
	}
	return f, nil
}

// fieldType makes a field's type of what an annotation evaluated to.
func fieldType(v annotation) (Type, *grammarError) {
	switch {
	case v.generic == "Literal" || v.generic == "Union" || v.generic == "Optional":
		return Type{}, valueError("%s needs its types in brackets, for instance %s[str]", v.generic, v.generic)
	case v.generic != "" && v.generic != strings.ToLower(v.generic):
		return Type{}, valueError("Field types must be types, but received: typing.%s of type <class 'typing._SpecialGenericAlias'>.", v.generic)
	case v.generic != "":
		return v.bareType(), nil
	case v.isConst && v.value == nil:
		return Str(), nil
	case v.isConst:
		return Type{}, valueError("Field types must be types, but received: %s of type <class '%s'>.", py.Str(v.value), className(v.value))
	case v.isEllipsis:
		return Type{}, valueError("Field types must be types, but received: Ellipsis of type <class 'ellipsis'>.")
	default:
		return v.typ, nil
	}
}

func className(v py.Value) string {
	switch v.(type) {
	case string:
		return "str"
	case bool:
		return "bool"
	case py.Int:
		return "int"
	case float64:
		return "float"
	case py.List:
		return "list"
	case *py.Dict:
		return "dict"
	default:
		return "NoneType"
	}
}

// An annotation is what a part of an annotation evaluates to: a type, a
// constant, or a generic name that waits for its arguments.
type annotation struct {
	typ        Type
	generic    string
	isConst    bool
	isEllipsis bool
	value      py.Value
}

// bareType is a container without arguments.
func (v annotation) bareType() Type {
	return Type{&typeDef{kind: containers(strings.ToLower(v.generic)), bare: true}}
}

func containers(name string) kind {
	switch name {
	case "list":
		return kindList
	case "dict":
		return kindDict
	case "tuple":
		return kindTuple
	case "set":
		return kindSet
	case "frozenset":
		return kindFrozenSet
	default:
		return kindStr
	}
}

// asType makes a type argument of an annotation.
func (v annotation) asType() (Type, *grammarError) {
	if v.generic != "" && containers(strings.ToLower(v.generic)) != kindStr {
		return v.bareType(), nil
	}
	if v.isConst && v.value == nil {
		return None(), nil
	}
	return fieldType(v)
}
