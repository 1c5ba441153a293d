package program

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/program/internal/py"
)

// A valueProblem is the refusal of a value, in our words and as Python's first
// line of it.
//
//nolint:errname // it is told to a model, and only then an error
type valueProblem struct {
	// kind is the Python exception, head the first line of its text.
	kind, head string
	// detail says it in our words, one line a problem.
	detail []string
}

func (e *valueProblem) Error() string { return strings.Join(e.detail, "; ") }

// parseValue makes a field's value out of what a reply holds: text from the
// chat and XML formats, JSON values from the JSON format. It follows DSPy's
// parse_value.
func parseValue(v py.Value, t Type) (py.Value, *valueProblem) {
	d := t.def()
	switch d.kind {
	case kindStr:
		return py.Str(v), nil
	case kindEnum:
		return enumMember(v, d)
	case kindLiteral:
		return literalValue(v, d)
	}
	text, isText := v.(string)
	if !isText || keepsText(d) {
		return t.validate(v)
	}
	candidate := repairJSON(text)
	if candidate == "" && text != "" {
		if literal, ok := pythonLiteral(text); ok {
			candidate = literal
		} else {
			candidate = text
		}
	}
	return t.validate(candidate)
}

// keepsText reports whether text is tried as it is: a union of a string and
// None.
func keepsText(d typeDef) bool {
	if d.kind != kindUnion {
		return false
	}
	var str, none bool
	for _, a := range d.args {
		str = str || a.kind() == kindStr
		none = none || a.kind() == kindNone
	}
	return str && none
}

// validate coerces a value and turns mismatches into a problem.
func (t Type) validate(v py.Value) (py.Value, *valueProblem) {
	c := t.coerce(v)
	if !c.failed() {
		return c.value, nil
	}
	p := &valueProblem{kind: "ValidationError"}
	n := len(c.mismatches)
	plural := "s"
	if n == 1 {
		plural = ""
	}
	p.head = fmt.Sprintf("%d validation error%s for %s", n, plural, t.schemaName())
	for _, m := range c.mismatches {
		p.detail = append(p.detail, m.String())
	}
	return nil, p
}

func enumMember(v py.Value, d typeDef) (py.Value, *valueProblem) {
	for _, m := range d.members {
		if value := mustDecode(m.Value); pyEqual(value, v) {
			return value, nil
		}
	}
	for _, m := range d.members {
		if m.Name == v {
			return mustDecode(m.Value), nil
		}
	}
	switch v.(type) {
	case py.List, *py.Dict:
		return nil, &valueProblem{
			kind: "TypeError", head: "unhashable type: '" + className(v) + "'",
			detail: []string{py.Str(v) + " is no member of " + d.name},
		}
	}
	head := py.Str(v) + " is not a valid name or value for the enum " + d.name
	return nil, &valueProblem{kind: "ValueError", head: head, detail: []string{head}}
}

func literalValue(v py.Value, d typeDef) (py.Value, *valueProblem) {
	if l, ok := oneOf(v, d.literals); ok {
		return l, nil
	}
	if s, ok := v.(string); ok {
		s = py.Strip(s)
		if strings.HasSuffix(s, "]") && (strings.HasPrefix(s, "Literal[") || strings.HasPrefix(s, "str[")) {
			s = s[strings.Index(s, "[")+1 : len(s)-1]
		}
		if n := len(s); len([]rune(s)) > 1 && s[0] == s[n-1] && (s[0] == '"' || s[0] == '\'') {
			s = s[1 : n-1]
		}
		if l, ok := oneOf(s, d.literals); ok {
			return l, nil
		}
	}
	allowed := reprs(d.literals, ", ")
	if len(d.literals) == 1 {
		allowed += ","
	}
	head := py.Repr(v) + " is not one of (" + allowed + ")"
	return nil, &valueProblem{kind: "ValueError", head: head, detail: []string{head}}
}

func oneOf(v py.Value, allowed []py.Value) (py.Value, bool) {
	for _, l := range allowed {
		if pyEqual(l, v) {
			return v, true
		}
	}
	return nil, false
}

// pythonLiteral reads what Python's ast.literal_eval reads: constants, and
// tuples, lists, sets and dictionaries of them. Complex numbers and bytes are
// left out: no type of ours holds them.
func pythonLiteral(text string) (py.Value, bool) {
	tokens, err := lex(strings.TrimLeft(text, " \t"))
	tokens = slices.DeleteFunc(tokens, func(t token) bool { return t.kind == tokenComment })
	if err != nil || len(tokens) == 0 {
		return nil, false
	}
	p := &grammar{tokens: tokens}
	v, ok := p.literals("")
	return v, ok && len(p.tokens) == 0
}

// literals reads constants between commas up to a closing mark; one without a
// comma is itself.
func (p *grammar) literals(shut string) (py.Value, bool) {
	list, tuple := py.List{}, shut != "" && p.at(shut)
	for !p.at(shut) {
		v, ok := p.literal()
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if p.at(shut) {
			break
		}
		if !p.take(",") {
			return nil, false
		}
		tuple = true
	}
	p.take(shut)
	if len(list) == 1 && !tuple {
		return list[0], true
	}
	return list, tuple
}

// members reads the members of a list or set; both are lists here.
func (p *grammar) members(shut string) (py.Value, bool) {
	list := py.List{}
	for !p.take(shut) {
		v, ok := p.literal()
		if !ok || !p.take(",") && !p.at(shut) {
			return nil, false
		}
		list = append(list, v)
	}
	return list, true
}

// pairs reads the rest of a dictionary.
func (p *grammar) pairs() (py.Value, bool) {
	dict := &py.Dict{}
	for !p.take("}") {
		key := p.next()
		if key.kind != tokenString && key.kind != tokenNumber || !p.take(":") {
			return nil, false
		}
		v, ok := p.literal()
		if !ok || !p.take(",") && !p.at("}") {
			return nil, false
		}
		dict.Set(key.text, v)
	}
	return dict, true
}

func (p *grammar) literal() (py.Value, bool) {
	if p.depth++; p.depth > 100 {
		return nil, false
	}
	defer func() { p.depth-- }()
	t := p.next()
	if t.kind == tokenMark {
		switch t.text {
		case "(":
			return p.literals(")")
		case "[":
			return p.members("]")
		case "{":
			if len(p.tokens) > 1 && p.tokens[1].text == ":" || p.at("}") {
				return p.pairs()
			}
			return p.members("}")
		}
	}
	sign := ""
	if t.kind == tokenMark && (t.text == "-" || t.text == "+") {
		if t.text == "-" {
			sign = "-"
		}
		if t = p.next(); t.kind != tokenNumber {
			return nil, false
		}
	}
	switch t.kind {
	case tokenString:
		return t.text, true
	case tokenNumber:
		if len(t.text) > 1 && strings.Trim(t.text, "0123456789_") == "" && t.text[0] == '0' && strings.Trim(t.text, "0_") != "" {
			return nil, false
		}
		v, err := numberConst(t.text, sign)
		return v.value, err == nil
	case tokenName:
		switch t.text {
		case "None":
			return nil, true
		case "True", "False":
			return t.text == "True", true
		}
	}
	return nil, false
}
