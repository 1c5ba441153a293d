package source

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// findYAML finds a string by the file's syntax tree and takes its bytes from
// the tree's positions, so that all others stay as they are.
func findYAML(s Spec, data string) (place, error) {
	file, err := parser.ParseBytes([]byte(data), 0)
	if err != nil {
		return place{}, invalidf("%s: this is no YAML: %s", s.Path, yaml.FormatError(err, false, false))
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return place{}, invalidf("%s: want one YAML document, found %d", s.Path, len(file.Docs))
	}
	at := walk{steps: s.steps()}
	node, err := at.to(file.Docs[0].Body)
	if err != nil {
		return place{}, invalidf("%s: %w", s, err)
	}
	p, err := at.scalar(node, data)
	if err != nil {
		return place{}, invalidf("%s: %w", s, err)
	}
	p.same = func(after string) error {
		one, err := without(data, s.steps())
		if err != nil {
			return err
		}
		two, err := without(after, s.steps())
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(one, two) {
			return errors.New("other values of the file would change with it")
		}
		return nil
	}
	return p, nil
}

// walk follows a pointer into a document.
type walk struct {
	steps []string
	flow  bool // within { } or [ ]
	// parent is the column, from 1, of the key or dash that the value is of.
	parent int
}

func (w *walk) to(node ast.Node) (ast.Node, error) {
	path := ""
	for _, step := range w.steps {
		var next ast.Node
		switch n := node.(type) {
		case *ast.MappingNode:
			w.flow = w.flow || n.IsFlowStyle
			for _, v := range n.Values {
				if keyText(v.Key) == step {
					next, w.parent = v.Value, v.Key.GetToken().Position.Column
				}
			}
		case *ast.MappingValueNode:
			if keyText(n.Key) == step {
				next, w.parent = n.Value, n.Key.GetToken().Position.Column
			}
		case *ast.SequenceNode:
			w.flow = w.flow || n.IsFlowStyle
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n.Values) {
				return nil, fmt.Errorf("there is no %s/%s in it: %s is a sequence of %d", path, step, called(path), len(n.Values))
			}
			next, w.parent = n.Values[i], n.Start.Position.Column
		case *ast.AnchorNode:
			return nil, fmt.Errorf("%s has an anchor: a pointer through it is not followed, for the text has several places", called(path))
		case *ast.AliasNode:
			return nil, fmt.Errorf("%s is an alias: point to the place with the anchor", called(path))
		default:
			return nil, fmt.Errorf("there is no %s/%s in it: %s is no mapping or sequence", path, step, called(path))
		}
		path += "/" + step
		if next == nil {
			return nil, fmt.Errorf("there is no %s in it", path)
		}
		node = next
	}
	if tag, ok := node.(*ast.TagNode); ok && tag.Start.Value == "!!str" {
		node = tag.Value
	}
	return node, nil
}

func keyText(key ast.MapKeyNode) string {
	if s, ok := key.(*ast.StringNode); ok {
		return s.Value
	}
	return key.GetToken().Value
}

// scalar returns the place of a string in the file.
func (w *walk) scalar(node ast.Node, data string) (place, error) {
	if literal, ok := node.(*ast.LiteralNode); ok {
		return w.block(literal, data)
	}
	n, ok := node.(*ast.StringNode)
	if !ok {
		return place{}, fmt.Errorf("the value is of type %s, and a text must be a string", strings.ToLower(node.Type().String()))
	}
	start, err := offset(data, n.Token.Position.Line, n.Token.Position.Column)
	if err != nil {
		return place{}, err
	}
	end, err := flowEnd(data, start, n.Value)
	if err != nil {
		return place{}, err
	}
	text := strings.TrimRight(n.Value, "\n")
	tail := n.Value[len(text):]
	return place{text: text, start: start, end: end, forms: func(text string) []string {
		quotes := quoted(text + tail)
		switch {
		case !w.flow && strings.Contains(text, "\n") && blockable(text):
			return []string{w.asBlock(text, tail), quotes}
		case data[start] == '\'' && !strings.Contains(text+tail, "\n"):
			return []string{"'" + strings.ReplaceAll(text, "'", "''") + "'", quotes}
		case data[start] == '"' || strings.Contains(text, "\n"):
			return []string{quotes}
		}
		return []string{text, quotes} // plain, where that reads the same
	}}, nil
}

// flowEnd returns where a scalar ends that is no block.
func flowEnd(data string, start int, value string) (int, error) {
	switch quote := data[start]; quote {
	case '"':
		for i := start + 1; i < len(data); i++ {
			switch data[i] {
			case '\\':
				i++
			case quote:
				return i + 1, nil
			}
		}
	case '\'':
		for i := start + 1; i < len(data); i++ {
			if data[i] != quote {
				continue
			}
			if i+1 == len(data) || data[i+1] != quote {
				return i + 1, nil
			}
			i++
		}
	default:
		if strings.HasPrefix(data[start:], value) {
			return start + len(value), nil
		}
		return 0, errors.New("a plain value over several lines is not edited: write it as a block (|) or in quotes")
	}
	return 0, errors.New("the value's quotes are not closed")
}

// block returns the place of a block scalar, header included.
func (w *walk) block(n *ast.LiteralNode, data string) (place, error) {
	start, err := offset(data, n.Start.Position.Line, n.Start.Position.Column)
	if err != nil {
		return place{}, err
	}
	header, _, _ := strings.Cut(data[start:], "\n")
	end := start + len(header) + 1
	indent := -1
	last := min(end, len(data)) // behind the last line of content
	for line := range strings.Lines(data[last:]) {
		depth := len(line) - len(strings.TrimLeft(line, " "))
		if strings.TrimSpace(line) == "" {
			end += len(line)
			continue
		}
		if indent < 0 {
			indent = depth
		}
		if depth < indent || depth < w.parent {
			break
		}
		end += len(line)
		last = end
	}
	value := n.Value.Value
	text := strings.TrimRight(value, "\n")
	tail := value[len(text):]
	lineBreak := ""
	if strings.HasSuffix(data[start:last], "\n") {
		lineBreak = "\n"
	}
	header = strings.TrimRight(header, "\r")
	return place{text: text, start: start, end: last, forms: func(text string) []string {
		quotes := quoted(text+tail) + lineBreak
		if len(tail) > 1 || !blockable(text) || text == "" {
			return []string{quotes}
		}
		body := w.asBlock(text, tail)
		if indent > 0 {
			body = blockOf(text, tail, indent)
		}
		own, lines, _ := strings.Cut(body, "\n")
		if _, comment, found := strings.Cut(header, " #"); found {
			own += " #" + comment
		}
		forms := []string{own + "\n" + lines + lineBreak, quotes}
		if header[0] == '|' { // the header as it is, where it suits the text
			forms = append([]string{header + "\n" + lines + lineBreak}, forms...)
		}
		return forms
	}}, nil
}

func (w *walk) asBlock(text, tail string) string { return blockOf(text, tail, max(w.parent-1, 0)+2) }

// blockOf writes a literal block without its last line break. Tail is the
// value's own.
func blockOf(text, tail string, indent int) string {
	var b strings.Builder
	b.WriteString("|")
	if tail == "" {
		b.WriteString("-")
	}
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("\n")
		if line != "" {
			b.WriteString(strings.Repeat(" ", indent) + line)
		}
	}
	return b.String()
}

// blockable reports whether a literal block can hold the text as it is.
func blockable(text string) bool {
	if strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") || strings.HasPrefix(text, "\t") {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
}

// offset returns the byte at a line and column, both from 1, columns in runes.
func offset(data string, line, column int) (int, error) {
	at, n := 0, 1
	for l := range strings.Lines(data) {
		if n == line {
			for i := range l {
				if column == 1 {
					return at + i, nil
				}
				column--
			}
		}
		at += len(l)
		n++
	}
	return 0, errors.New("the value was not found where the syntax tree has it")
}

// without decodes a document and empties the place that a pointer leads to.
func without(data string, steps []string) (any, error) {
	var doc any
	if err := yaml.UnmarshalWithOptions([]byte(data), &doc, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	return emptied(doc, steps), nil
}

func emptied(value any, steps []string) any {
	if len(steps) == 0 {
		return nil
	}
	switch v := value.(type) {
	case yaml.MapSlice:
		for i := range v {
			if fmt.Sprint(v[i].Key) == steps[0] {
				v[i].Value = emptied(v[i].Value, steps[1:])
			}
		}
	case []any:
		if i, err := strconv.Atoi(steps[0]); err == nil && i >= 0 && i < len(v) {
			v[i] = emptied(v[i], steps[1:])
		}
	}
	return value
}
