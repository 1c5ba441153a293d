package strictyaml

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// json returns a value of any type as JSON, keys in the order of the document.
func (d *decoder) json(node ast.Node, path string) (json.RawMessage, bool) {
	if list, ok := node.(*ast.SequenceNode); ok {
		return d.jsonList(list, path)
	}
	fields, ok := entries(node)
	if !ok {
		return d.jsonScalar(node, path)
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for i, f := range fields {
		key, ok := scalarText(f.Key)
		if !ok || f.Key.IsMergeKey() {
			d.fail(f.Key, path, "want a name before the colon")
			return nil, false
		}
		value, ok := d.json(f.Value, join(path, key))
		if !ok {
			return nil, false
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(quoted(key))
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), true
}

func (d *decoder) jsonList(list *ast.SequenceNode, path string) (json.RawMessage, bool) {
	var out bytes.Buffer
	out.WriteByte('[')
	for i, item := range list.Values {
		value, ok := d.json(item, path+"["+strconv.Itoa(i)+"]")
		if !ok {
			return nil, false
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(value)
	}
	out.WriteByte(']')
	return out.Bytes(), true
}

func (d *decoder) jsonScalar(node ast.Node, path string) (json.RawMessage, bool) {
	switch node.(type) {
	case *ast.NullNode:
		return json.RawMessage("null"), true
	case *ast.StringNode, *ast.LiteralNode:
		text, ok := d.interpolated(node, path, nil)
		return quoted(text), ok
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		if text := raw(node); json.Valid([]byte(text)) {
			return json.RawMessage(text), true
		}
	}
	d.fail(node, path, "want a value as JSON has it, got %s", describe(node))
	return nil, false
}

func quoted(text string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic("strictyaml: encode a text: " + err.Error()) // a string cannot fail
	}
	return bytes.TrimSpace(out.Bytes())
}
