package program

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gepa-go/gepa/program/internal/py"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenNumber
	tokenString
	tokenMark
	tokenComment
)

type token struct {
	kind tokenKind
	text string
}

var numberToken = regexp.MustCompile(`^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|` +
	`(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)`)

// lex splits a signature's side into Python tokens.
func lex(s string) ([]token, *grammarError) {
	var tokens []token
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f':
			s = s[size:]
		case r == '\'' || r == '"':
			text, rest, err := lexString(s)
			if err != nil {
				return nil, err
			}
			tokens, s = append(tokens, token{tokenString, text}), rest
		case numberToken.MatchString(s):
			n := len(numberToken.FindString(s))
			if next, _ := utf8.DecodeRuneInString(s[n:]); n < len(s) && (unicode.IsLetter(next) || next == '_') {
				return nil, syntax("invalid decimal literal")
			}
			tokens, s = append(tokens, token{tokenNumber, s[:n]}), s[n:]
		case r == '_' || unicode.IsLetter(r):
			n := identifierLength(s)
			tokens, s = append(tokens, token{tokenName, s[:n]}), s[n:]
		case strings.HasPrefix(s, "..."):
			tokens, s = append(tokens, token{tokenMark, "..."}), s[3:]
		case strings.ContainsRune(",:=|[].()+-{}*/", r):
			tokens, s = append(tokens, token{tokenMark, string(r)}), s[size:]
		case r == '#':
			n := len(s)
			if end := strings.IndexByte(s, '\n'); end >= 0 {
				n = end
			}
			tokens, s = append(tokens, token{tokenComment, s[:n]}), s[n:]
		default:
			return nil, syntax("invalid syntax")
		}
	}
	return tokens, nil
}

// identifierLength returns the length of the identifier that s starts with.
func identifierLength(s string) int {
	for i, r := range s {
		if r == utf8.RuneError || i > 0 && !py.IsIdentifier("x"+string(r)) {
			return i
		}
	}
	return len(s)
}

// lexString reads the Python string that s starts with.
func lexString(s string) (text, rest string, err *grammarError) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case quote:
			return b.String(), s[i+1:], nil
		case '\n':
			return "", "", syntax("unterminated string literal (detected at line 1)")
		case '\\':
			i += writeEscape(&b, s[i:]) - 1
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", syntax("unterminated string literal (detected at line 1)")
}

// writeEscape writes what the backslash that s starts with stands for, and
// returns the length of the escape. Unknown ones stand for themselves.
func writeEscape(b *strings.Builder, s string) int {
	if len(s) < 2 {
		return len(s)
	}
	if i := strings.IndexByte(`\'"abfnrtv`, s[1]); i >= 0 {
		b.WriteByte("\\'\"\a\b\f\n\r\t\v"[i])
		return 2
	}
	if s[1] == '\n' {
		return 2
	}
	digits, base := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]], 16
	from := 2
	if digits == 0 {
		from, base = 1, 8
		digits = min(3, len(s[1:])-len(strings.TrimLeft(s[1:], "01234567")))
	}
	if digits > 0 && len(s) >= from+digits {
		if n, err := strconv.ParseUint(s[from:from+digits], base, 31); err == nil {
			b.WriteRune(rune(n))
			return from + digits
		}
	}
	b.WriteString(s[:2])
	return 2
}

// grammar reads annotations: a recursive-descent parser over tokens.
type grammar struct {
	tokens []token
	known  []Type
	depth  int
}

func (p *grammar) next() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

// at reports whether the next token is the given mark, "" for the end.
func (p *grammar) at(mark string) bool {
	if len(p.tokens) == 0 {
		return mark == ""
	}
	return p.tokens[0].kind == tokenMark && p.tokens[0].text == mark
}

func (p *grammar) take(mark string) bool {
	if mark == "" || !p.at(mark) {
		return false
	}
	p.next()
	return true
}

// expr reads alternatives joined by bars.
func (p *grammar) expr() (annotation, *grammarError) {
	if p.depth++; p.depth > 100 {
		return annotation{}, syntax("too many nested brackets")
	}
	defer func() { p.depth-- }()
	start := p.tokens
	if p.noType() {
		return annotation{}, unhandled(start)
	}
	left, err := p.primary()
	if err != nil {
		return left, err
	}
	for p.take("|") {
		if p.noType() {
			return left, unhandled(start)
		}
		right, err := p.primary()
		if err != nil {
			return right, err
		}
		l, err := left.asType()
		if err != nil {
			return left, err
		}
		r, err := right.asType()
		if err != nil {
			return right, err
		}
		if l.kind() == kindNone {
			l, r = r, l
		}
		left = annotation{typ: Union(l, r)}
	}
	if p.goesOn() {
		return left, unhandled(start)
	}
	return left, nil
}

// noType reports whether what comes next begins an expression that is never a
// type.
func (p *grammar) noType() bool {
	return p.at("[") || p.at("{") || len(p.tokens) > 0 && p.tokens[0].kind == tokenName &&
		slices.Contains([]string{"not", "lambda"}, p.tokens[0].text)
}

// goesOn reports whether what was read is but the first part of an expression.
func (p *grammar) goesOn() bool {
	return p.at("(") || len(p.tokens) > 0 && p.tokens[0].kind == tokenName &&
		slices.Contains([]string{"or", "and", "if"}, p.tokens[0].text)
}

// primary reads a name or constant and the brackets and attributes after it.
func (p *grammar) primary() (annotation, *grammarError) {
	t := p.next()
	switch t.kind {
	case tokenString:
		return annotation{isConst: true, value: t.text}, nil
	case tokenNumber:
		return numberConst(t.text, "")
	case tokenName:
		v, err := p.name(t.text)
		if err != nil {
			return v, err
		}
		if p.take("[") {
			return p.subscript(v, t.text)
		}
		return v, nil
	}
	switch {
	case t.text == "...":
		return annotation{isEllipsis: true}, nil
	case t.text == "-" && len(p.tokens) > 0 && p.tokens[0].kind == tokenNumber:
		return numberConst(p.next().text, "-")
	case t.text == "(":
		v, err := p.expr()
		if err == nil && !p.take(")") {
			err = syntax("invalid syntax")
		}
		return v, err
	}
	return annotation{}, syntax("invalid syntax")
}

func numberConst(text, sign string) (annotation, *grammarError) {
	digits := sign + strings.ReplaceAll(text, "_", "")
	if len(text) > 2 && strings.ContainsRune("xXoObB", rune(text[1])) {
		if n, ok := new(big.Int).SetString(digits, 0); ok {
			digits = n.String()
		}
	}
	if n, ok := py.ParseInt(digits); ok {
		return annotation{isConst: true, value: n}, nil
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return annotation{}, syntax("invalid decimal literal")
	}
	return annotation{isConst: true, value: f}, nil
}

// name resolves a name, with the attributes after it.
func (p *grammar) name(name string) (annotation, *grammarError) {
	if name == "dspy" || name == "typing" {
		if !p.take(".") {
			return annotation{}, valueError("Field types must be types, but received: module '%s' of type <class 'module'>.", name)
		}
		attr := p.next()
		if name == "dspy" && attr.text == "History" {
			return annotation{typ: History()}, nil
		}
		if name == "typing" && attr.kind == tokenName {
			return p.name(attr.text)
		}
		return annotation{}, valueError("Unknown attribute: %s on module '%s'", attr.text, name)
	}
	if i := slices.IndexFunc(p.known, func(t Type) bool { return t.def().name == name }); i >= 0 {
		return annotation{typ: p.known[i]}, nil
	}
	switch name {
	case "str":
		return annotation{typ: Str()}, nil
	case "int":
		return annotation{typ: Int()}, nil
	case "float":
		return annotation{typ: Float()}, nil
	case "bool":
		return annotation{typ: Bool()}, nil
	case "bytes":
		return annotation{typ: simple(kindBytes)}, nil
	case "Any":
		return annotation{typ: Any()}, nil
	case "NoneType":
		return annotation{typ: None()}, nil
	case "None":
		return annotation{isConst: true}, nil
	case "True", "False":
		return annotation{isConst: true, value: name == "True"}, nil
	case "list", "dict", "tuple", "set", "frozenset", "List", "Dict", "Tuple", "Set", "FrozenSet",
		"Optional", "Union", "Literal":
		return annotation{generic: name}, nil
	}
	if isKeyword(name) {
		return annotation{}, syntax("invalid syntax")
	}
	return annotation{}, valueError("Unknown name: %s", name)
}

// subscript reads the arguments of a generic type up to the closing bracket.
func (p *grammar) subscript(v annotation, name string) (annotation, *grammarError) {
	var args []annotation
	for !p.at("]") {
		a, err := p.expr()
		if err != nil {
			return v, err
		}
		args = append(args, a)
		if !p.take(",") {
			break
		}
	}
	if !p.take("]") || len(args) == 0 {
		return v, syntax("invalid syntax")
	}
	if v.generic == "" {
		return v, &grammarError{"TypeError", "type '" + name + "' is not subscriptable"}
	}
	if v.generic == "Literal" {
		return literalOf(args)
	}
	d := typeDef{kind: containers(strings.ToLower(v.generic)), typing: v.generic != strings.ToLower(v.generic)}
	if d.kind == kindTuple && len(args) == 2 && args[1].isEllipsis {
		d.variadic = true
		args = args[:1]
	}
	for _, a := range args {
		t, err := a.asType()
		if err != nil {
			return v, err
		}
		d.args = append(d.args, t)
	}
	return generic(v.generic, d)
}

func generic(name string, d typeDef) (annotation, *grammarError) {
	want := 1
	switch {
	case name == "Union":
		return annotation{typ: Union(d.args...)}, nil
	case name == "Optional":
		if len(d.args) != 1 {
			return annotation{}, valueError("Optional must have exactly one type argument")
		}
		return annotation{typ: Optional(d.args[0])}, nil
	case d.kind == kindTuple:
		want = len(d.args)
	case d.kind == kindDict:
		want = 2
	}
	if len(d.args) != want {
		plural := map[bool]string{true: "one type argument", false: "two type arguments"}[want == 1]
		return annotation{}, &grammarError{"TypeError",
			"Expected " + plural + " for <class '" + strings.ToLower(name) + "'>, got " + strconv.Itoa(len(d.args))}
	}
	return annotation{typ: Type{&d}}, nil
}

func literalOf(args []annotation) (annotation, *grammarError) {
	d := typeDef{kind: kindLiteral}
	for _, a := range args {
		if !a.isConst {
			return annotation{}, valueError("a Literal holds constants, for instance Literal['yes', 'no']")
		}
		d.literals = append(d.literals, a.value)
	}
	return annotation{typ: Type{&d}}, nil
}

func isKeyword(s string) bool {
	switch s {
	case "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
		"elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
		"not", "or", "pass", "raise", "return", "try", "while", "with", "yield":
		return true
	}
	return false
}
