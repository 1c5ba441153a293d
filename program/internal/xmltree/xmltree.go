// Package xmltree reads XML elements into a tree with the strictness, and the
// error texts, of the expat parser behind Python's ElementTree.
package xmltree

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxDepth bounds the nesting of elements.
const maxDepth = 500

// An Element is one element. Comments and processing instructions are dropped.
type Element struct {
	Tag      string
	Attrs    []Attr
	Text     string // before the first child
	Tail     string // after the element, up to the next
	Children []*Element
}

// An Attr is one attribute.
type Attr struct{ Name, Value string }

// Attr returns an attribute's value and whether it is there.
func (e *Element) Attr(name string) (string, bool) {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// A SyntaxError says what is wrong with a document and where.
type SyntaxError struct {
	// Reason is in expat's words.
	Reason string
	// Line counts from 1, Column characters from 0.
	Line, Column int
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: line %d, column %d", e.Reason, e.Line, e.Column)
}

// Parse reads a document of one element. The error is a [*SyntaxError].
//
// Namespaces are not resolved: a declared prefix stays in the tag, an
// undeclared one is an error as in expat.
func Parse(text string) (*Element, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	p := &parser{in: []rune(text)}
	root := p.document()
	if p.err != nil {
		return nil, p.err
	}
	return root, nil
}

// end stands for the rune after the last.
const end = -1

const invalidToken = "not well-formed (invalid token)"

type parser struct {
	in       []rune
	at       int
	open     []*Element
	prefixes []string // declared, innermost last
	declared []int    // how many of them each open element declared
	err      *SyntaxError
}

func (p *parser) peek() rune {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return end
}

func (p *parser) looking(s string) bool {
	r := []rune(s)
	return p.at+len(r) <= len(p.in) && slices.Equal(p.in[p.at:p.at+len(r)], r)
}

// fail records the first error, at a position.
func (p *parser) fail(at int, reason string) {
	if p.err != nil {
		return
	}
	e := &SyntaxError{Reason: reason, Line: 1}
	for _, r := range p.in[:min(at, len(p.in))] {
		if r == '\n' {
			e.Line, e.Column = e.Line+1, 0
		} else {
			e.Column++
		}
	}
	p.err = e
}

// document reads content until the first element and all it holds are closed,
// then what may follow it.
func (p *parser) document() *Element {
	var root *Element
	for p.err == nil && p.at < len(p.in) {
		if root != nil && len(p.open) == 0 {
			p.epilog()
			continue
		}
		if el := p.content(); root == nil {
			root = el
		}
	}
	switch {
	case p.err != nil:
	case root == nil:
		p.fail(p.at, "no element found")
	case len(p.open) > 0:
		p.fail(p.at, "no element found")
	}
	return root
}

func (p *parser) epilog() {
	start := p.at
	switch r := p.peek(); {
	case r == ' ' || r == '\t' || r == '\n':
		p.at++
	case p.looking("<!--"):
		p.comment()
	case p.looking("<?"):
		p.instruction()
	case r == '<' && p.at+1 < len(p.in) && isNameStart(p.in[p.at+1]):
		p.fail(start, "junk after document element")
	case r == '<':
		p.fail(start+1, invalidToken)
	default:
		p.fail(start, "junk after document element")
	}
}

// content reads one piece of content and returns the element it opened, if
// any.
func (p *parser) content() *Element {
	switch r := p.peek(); {
	case p.looking("</"):
		p.closeTag()
	case p.looking("<!"):
		p.declaration()
	case p.looking("<?"):
		p.instruction()
	case r == '<':
		return p.openTag()
	case r == '&':
		p.addText(p.reference())
	case p.looking("]]>"):
		p.fail(p.at+2, invalidToken)
	case !isChar(r):
		p.fail(p.at, invalidToken)
	default:
		start := p.at
		for p.at < len(p.in) && !strings.ContainsRune("<&]", p.in[p.at]) && isChar(p.in[p.at]) {
			p.at++
		}
		if p.at == start {
			p.at++ // a bracket on its own
		}
		p.addText(string(p.in[start:p.at]))
	}
	return nil
}

func (p *parser) addText(s string) {
	if len(p.open) == 0 {
		return
	}
	parent := p.open[len(p.open)-1]
	if n := len(parent.Children); n > 0 {
		parent.Children[n-1].Tail += s
	} else {
		parent.Text += s
	}
}

func (p *parser) name() string {
	start := p.at
	if !isNameStart(p.peek()) || p.peek() == ':' {
		p.fail(p.at, invalidToken)
		return ""
	}
	colon := false
	for p.at < len(p.in) && isNameChar(p.in[p.at]) {
		if p.in[p.at] == ':' {
			// A prefix, one at most, and a name after it.
			if colon {
				p.fail(p.at, invalidToken)
				return ""
			}
			if next := p.at + 1; next == len(p.in) || !isNameStart(p.in[next]) || p.in[next] == ':' {
				p.fail(next, invalidToken)
				return ""
			}
			colon = true
		}
		p.at++
	}
	return string(p.in[start:p.at])
}

func (p *parser) space() bool {
	start := p.at
	for p.peek() == ' ' || p.peek() == '\t' || p.peek() == '\n' {
		p.at++
	}
	return p.at > start
}

func (p *parser) openTag() *Element {
	start := p.at
	p.at++
	el := &Element{Tag: p.name()}
	for p.err == nil {
		spaced := p.space()
		switch {
		case p.looking("/>"):
			p.at += 2
			p.push(el, start)
			p.pop()
			return el
		case p.peek() == '>':
			p.at++
			p.push(el, start)
			return el
		case p.peek() == '/':
			p.fail(p.at+1, invalidToken)
		case !spaced:
			p.fail(p.at, invalidToken)
		default:
			p.attribute(el)
		}
	}
	return el
}

func (p *parser) push(el *Element, start int) {
	declared := 0
	for _, a := range el.Attrs {
		if prefix, ok := strings.CutPrefix(a.Name, "xmlns:"); ok {
			p.prefixes = append(p.prefixes, prefix)
			declared++
		}
	}
	names := []string{el.Tag}
	for _, a := range el.Attrs {
		names = append(names, a.Name)
	}
	for _, name := range names {
		prefix, _, ok := strings.Cut(name, ":")
		if ok && prefix != "xml" && prefix != "xmlns" && !slices.Contains(p.prefixes, prefix) {
			p.fail(start, "unbound prefix")
		}
	}
	if len(p.open) >= maxDepth {
		p.fail(start, "elements are nested too deep")
	}
	if n := len(p.open); n > 0 {
		p.open[n-1].Children = append(p.open[n-1].Children, el)
	}
	p.open = append(p.open, el)
	p.declared = append(p.declared, declared)
}

func (p *parser) pop() {
	n := len(p.open) - 1
	p.prefixes = p.prefixes[:len(p.prefixes)-p.declared[n]]
	p.open, p.declared = p.open[:n], p.declared[:n]
}

func (p *parser) attribute(el *Element) {
	start := p.at
	a := Attr{Name: p.name()}
	p.space()
	if p.err != nil {
		return
	}
	if p.peek() != '=' {
		p.fail(p.at, invalidToken)
		return
	}
	p.at++
	p.space()
	quote := p.peek()
	if quote != '"' && quote != '\'' {
		p.fail(p.at, invalidToken)
		return
	}
	p.at++
	var value strings.Builder
	for p.err == nil && p.peek() != quote {
		switch r := p.peek(); {
		case r == end:
			p.fail(start, "unclosed token")
		case r == '<' || !isChar(r):
			p.fail(p.at, invalidToken)
		case r == '&':
			value.WriteString(p.reference())
		case r == '\n' || r == '\t':
			value.WriteByte(' ')
			p.at++
		default:
			value.WriteRune(r)
			p.at++
		}
	}
	p.at++
	a.Value = value.String()
	if _, ok := el.Attr(a.Name); ok {
		p.fail(start, "duplicate attribute")
	}
	el.Attrs = append(el.Attrs, a)
}

func (p *parser) closeTag() {
	p.at += 2
	start := p.at
	name := p.name()
	p.space()
	if p.err != nil {
		return
	}
	switch {
	case p.peek() != '>':
		p.fail(p.at, invalidToken)
	case len(p.open) == 0 || p.open[len(p.open)-1].Tag != name:
		p.fail(start, "mismatched tag")
	default:
		p.at++
		p.pop()
	}
}

func (p *parser) declaration() {
	start := p.at
	switch {
	case p.looking("<!--"):
		p.comment()
	case p.looking("<![CDATA["):
		p.at += len("<![CDATA[")
		from := p.at
		for p.err == nil && !p.looking("]]>") {
			if p.at >= len(p.in) {
				p.fail(p.at, "unclosed CDATA section")
			} else if !isChar(p.in[p.at]) {
				p.fail(p.at, invalidToken)
			}
			p.at++
		}
		if p.err == nil {
			p.addText(string(p.in[from:p.at]))
			p.at += len("]]>")
		}
	default:
		// The position is that of the first character that fits nothing.
		at := start + 2
		for _, whole := range []string{"<!--", "<![CDATA["} {
			for n := len(whole); n > 2; n-- {
				if p.looking(whole[:n]) {
					at = max(at, start+n)
					break
				}
			}
		}
		p.fail(at, invalidToken)
	}
}

func (p *parser) comment() {
	start := p.at
	p.at += len("<!--")
	for p.err == nil {
		switch {
		case p.at >= len(p.in):
			p.fail(start, "unclosed token")
		case p.looking("-->"):
			p.at += len("-->")
			return
		case p.looking("--") && p.at+2 < len(p.in):
			p.fail(p.at+2, invalidToken)
		case !isChar(p.in[p.at]):
			p.fail(p.at, invalidToken)
		default:
			p.at++
		}
	}
}

func (p *parser) instruction() {
	start := p.at
	p.at += len("<?")
	name := p.name()
	if p.err != nil {
		return
	}
	if strings.EqualFold(name, "xml") {
		if name == "xml" {
			p.fail(start, "XML or text declaration not at start of entity")
		} else {
			p.fail(p.at, invalidToken)
		}
		return
	}
	if !p.space() && !p.looking("?>") {
		p.fail(p.at, invalidToken)
		return
	}
	for !p.looking("?>") {
		if p.at >= len(p.in) {
			p.fail(start, "unclosed token")
			return
		}
		p.at++
	}
	p.at += len("?>")
}

// reference reads a character or entity reference.
func (p *parser) reference() string {
	start := p.at
	p.at++
	if p.peek() == '#' {
		p.at++
		return p.charReference(start)
	}
	name := p.name()
	if p.err != nil {
		return ""
	}
	if p.peek() != ';' {
		p.fail(p.at, invalidToken)
		return ""
	}
	p.at++
	switch name {
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "amp":
		return "&"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	p.fail(start, "undefined entity")
	return ""
}

func (p *parser) charReference(start int) string {
	base, digits := 10, "0123456789"
	if p.peek() == 'x' {
		base, digits = 16, "0123456789abcdefABCDEF"
		p.at++
	}
	from := p.at
	for p.at < len(p.in) && strings.ContainsRune(digits, p.in[p.at]) {
		p.at++
	}
	if p.at == from || p.peek() != ';' {
		p.fail(p.at, invalidToken)
		return ""
	}
	n, err := strconv.ParseInt(string(p.in[from:p.at]), base, 32)
	p.at++
	if err != nil || !isChar(rune(n)) {
		p.fail(start, "reference to invalid character number")
		return ""
	}
	return string(rune(n))
}

// isChar reports whether XML 1.0 allows the character.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

func isNameStart(r rune) bool { return r == '_' || r == ':' || unicode.IsLetter(r) }

func isNameChar(r rune) bool {
	return isNameStart(r) || r == '-' || r == '.' || r == 0xb7 || unicode.IsDigit(r) || unicode.IsMark(r)
}
