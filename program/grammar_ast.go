package program

import (
	"strings"

	"github.com/gepa-go/gepa/program/internal/py"
)

// unhandled is DSPy's refusal of an annotation that is Python but no type,
// such as "int or str": it quotes Python's syntax tree. What the reader of
// such trees does not know is a plain syntax error.
func unhandled(tokens []token) *grammarError {
	p := &grammar{tokens: tokens}
	n, ok := p.ternary()
	if !ok || n.bad == "" || !p.at("") && !p.at(",") && !p.at("]") && !p.at(")") && !p.at("=") {
		return syntax("invalid syntax")
	}
	return valueError("Failed to parse string-base Signature due to unhandled AST node type in annotation: %s. "+
		"Please consider using class-based DSPy Signatures instead.", n.bad)
}

// A node is a part of a syntax tree, as Python's ast.dump writes it.
type node struct {
	text string
	// bad is the first part that is no annotation, "" if all of it may be one.
	bad string
}

func badNode(parts ...string) node {
	text := strings.Join(parts, "")
	return node{text, text}
}

// word reports whether the next token is the given keyword, and takes it.
func (p *grammar) word(keyword string) bool {
	if len(p.tokens) == 0 || p.tokens[0].kind != tokenName || p.tokens[0].text != keyword {
		return false
	}
	p.next()
	return true
}

func (p *grammar) ternary() (node, bool) {
	if p.depth++; p.depth > 100 {
		return node{}, false
	}
	defer func() { p.depth-- }()
	if p.word("lambda") {
		if !p.take(":") {
			return node{}, false
		}
		body, ok := p.ternary()
		return badNode("Lambda(args=arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]), body=", body.text, ")"), ok
	}
	body, ok := p.boolean("or", "Or", func() (node, bool) { return p.boolean("and", "And", p.negation) })
	if !ok || !p.word("if") {
		return body, ok
	}
	test, ok := p.boolean("or", "Or", func() (node, bool) { return p.boolean("and", "And", p.negation) })
	if !ok || !p.word("else") {
		return node{}, false
	}
	other, ok := p.ternary()
	return badNode("IfExp(test=", test.text, ", body=", body.text, ", orelse=", other.text, ")"), ok
}

func (p *grammar) boolean(keyword, op string, operand func() (node, bool)) (node, bool) {
	first, ok := operand()
	values := []string{first.text}
	for ok && p.word(keyword) {
		var n node
		n, ok = operand()
		values = append(values, n.text)
	}
	if len(values) == 1 {
		return first, ok
	}
	return badNode("BoolOp(op=", op, "(), values=[", strings.Join(values, ", "), "])"), ok
}

func (p *grammar) negation() (node, bool) {
	if p.word("not") {
		n, ok := p.negation()
		return badNode("UnaryOp(op=Not(), operand=", n.text, ")"), ok
	}
	left, ok := p.postfix()
	for ok && p.take("|") {
		var right node
		right, ok = p.postfix()
		bad := left.bad
		if bad == "" {
			bad = right.bad
		}
		left = node{"BinOp(left=" + left.text + ", op=BitOr(), right=" + right.text + ")", bad}
	}
	return left, ok
}

// postfix reads an atom with the attributes, calls and brackets after it.
func (p *grammar) postfix() (node, bool) {
	n, ok := p.atom()
	for ok {
		switch {
		case p.take("."):
			attr := p.next()
			n.text = "Attribute(value=" + n.text + ", attr='" + attr.text + "', ctx=Load())"
			ok = attr.kind == tokenName
		case p.take("("):
			var args []string
			args, _, ok = p.nodes(")", false)
			n = badNode("Call(func=", n.text, ", args=[", strings.Join(args, ", "), "], keywords=[])")
		case p.take("["):
			var args []string
			var comma bool
			args, comma, ok = p.nodes("]", false)
			slice := strings.Join(args, ", ")
			if comma {
				slice = "Tuple(elts=[" + slice + "], ctx=Load())"
			}
			n.text = "Subscript(value=" + n.text + ", slice=" + slice + ", ctx=Load())"
			ok = ok && len(args) > 0
		default:
			return n, true
		}
	}
	return n, false
}

// nodes reads expressions between commas, or the keys and values of a
// dictionary in turn, up to a closing mark. mark reports whether there was a
// comma, in a dictionary a colon.
func (p *grammar) nodes(shut string, pairs bool) (list []string, mark, ok bool) {
	for !p.take(shut) {
		n, ok := p.ternary()
		list = append(list, n.text)
		if ok && pairs && p.take(":") {
			n, ok = p.ternary()
			list, mark = append(list, n.text), true
		}
		more := p.take(",")
		mark = mark || more && !pairs
		if !ok || !more && !p.at(shut) {
			return nil, false, false
		}
	}
	return list, mark, true
}

func (p *grammar) atom() (node, bool) {
	switch t := p.next(); t.kind {
	case tokenString:
		return node{text: "Constant(value=" + py.Repr(t.text) + ")"}, true
	case tokenNumber:
		v, err := numberConst(t.text, "")
		return node{text: "Constant(value=" + py.Repr(v.value) + ")"}, err == nil
	case tokenName:
		if t.text == "None" || t.text == "True" || t.text == "False" {
			return node{text: "Constant(value=" + t.text + ")"}, true
		}
		return node{text: "Name(id='" + t.text + "', ctx=Load())"}, !isKeyword(t.text)
	default:
		switch t.text {
		case "(":
			n, ok := p.ternary()
			return n, ok && p.take(")")
		case "[":
			list, _, ok := p.nodes("]", false)
			return badNode("List(elts=[", strings.Join(list, ", "), "], ctx=Load())"), ok
		case "{":
			return p.braces()
		}
	}
	return node{}, false
}

// braces reads the rest of a dictionary or set.
func (p *grammar) braces() (node, bool) {
	list, colon, ok := p.nodes("}", true)
	if !colon && len(list) > 0 {
		return badNode("Set(elts=[", strings.Join(list, ", "), "])"), ok
	}
	var keys, values []string
	for i := 0; i+1 < len(list); i += 2 {
		keys, values = append(keys, list[i]), append(values, list[i+1])
	}
	return badNode("Dict(keys=[", strings.Join(keys, ", "), "], values=[", strings.Join(values, ", "), "])"), ok && len(list)%2 == 0
}
