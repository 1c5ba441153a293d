package strictyaml

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

type decoder struct {
	Options
	doc  *Document
	errs []*Error
}

// A Shorthand is a struct for which a scalar may stand, or a list where the key
// takes one: it returns the name of the key that they are the value of.
type Shorthand interface{ Shorthand() string }

// A Splitter is a list of texts for which a scalar may stand: it returns the
// items.
type Splitter interface{ Split(text string) []string }

func (d *decoder) fail(node ast.Node, path, format string, args ...any) {
	d.errs = append(d.errs, d.doc.ErrorAt(position(node.GetToken()), path, fmt.Sprintf(format, args...)))
}

func (d *decoder) decodeTop(node ast.Node, into any) {
	v := reflect.ValueOf(into).Elem()
	if _, ok := entries(node); !ok {
		d.fail(node, "", "want keys with values such as version: 1, got %s", describe(node))
		return
	}
	d.value(node, v, "")
}

// entries returns the keys and values of a mapping.
func entries(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// value decodes one node.
func (d *decoder) value(node ast.Node, v reflect.Value, path string) {
	if path != "" {
		d.doc.values[path] = position(node.GetToken())
		if m, ok := entries(node); ok && len(m) > 0 {
			d.doc.values[path] = position(m[0].Key.GetToken())
		}
	}
	switch node.(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		d.fail(node, path, "anchors and aliases are not taken: write the value out")
		return
	case *ast.TagNode:
		d.fail(node, path, "tags such as %s are not taken: write the value without it", node.GetToken().Value)
		return
	case *ast.NullNode:
		d.fail(node, path, "the value is missing: want %s, or take the key out", d.wanted(v.Type()))
		return
	}
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		d.value(node, p.Elem(), path)
		v.Set(p)
		return
	}
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		if raw, ok := d.json(node, path); ok {
			v.SetBytes(raw)
		}
		return
	}
	if text, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		d.text(node, text, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(node, v, path)
	case reflect.Slice:
		d.list(node, v, path)
	case reflect.Map:
		d.mapping(node, v, path)
	default:
		d.scalar(node, v, path)
	}
}

// structure decodes a mapping into a struct.
func (d *decoder) structure(node ast.Node, v reflect.Value, path string) {
	fields, ok := entries(node)
	names, index := fieldsOf(v.Type())
	if !ok {
		short, ok := reflect.TypeAssert[Shorthand](v)
		if ok && d.standsFor(node, v, index[short.Shorthand()]) {
			name := short.Shorthand()
			d.doc.keys[join(path, name)] = position(node.GetToken())
			d.value(node, v.FieldByIndex(index[name]), join(path, name))
			return
		}
		d.fail(node, path, "want keys with values (%s), got %s", strings.Join(names, ", "), describe(node))
		return
	}
	for _, f := range fields {
		key, ok := scalarText(f.Key)
		if f.Key.IsMergeKey() {
			d.fail(f.Key, path, "merge keys (<<) are not taken: write the keys out")
			continue
		}
		at := join(path, key)
		i, known := index[key]
		if !ok || !known {
			d.fail(f.Key, at, "there is no such key%s; the keys here are %s", d.hint(key, names), strings.Join(names, ", "))
			continue
		}
		d.doc.keys[at] = position(f.Key.GetToken())
		d.value(f.Value, v.FieldByIndex(i), at)
	}
}

// standsFor reports whether a node may be the value of the field that it stands
// for.
func (d *decoder) standsFor(node ast.Node, v reflect.Value, field []int) bool {
	if _, isList := node.(*ast.SequenceNode); isList {
		return v.FieldByIndex(field).Kind() == reflect.Slice
	}
	_, isScalar := scalarText(node)
	return isScalar
}

func (d *decoder) hint(typed string, known []string) string {
	if d.Nearest == nil {
		return ""
	}
	if near := d.Nearest(typed, known); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

func (d *decoder) list(node ast.Node, v reflect.Value, path string) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		_, isScalar := scalarText(node)
		if splitter, ok := reflect.TypeAssert[Splitter](v); ok && isScalar {
			var text string
			d.scalar(node, reflect.ValueOf(&text).Elem(), path)
			items := splitter.Split(text)
			v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
			for i, item := range items {
				v.Index(i).SetString(item)
			}
			return
		}
		d.fail(node, path, "want a list, as [a, b] or with a line \"- a\" for each item, got %s", describe(node))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.doc.keys[at] = position(item.GetToken())
		if m, ok := entries(item); ok && len(m) > 0 {
			d.doc.keys[at] = position(m[0].Key.GetToken())
		}
		d.value(item, out.Index(i), at)
	}
	v.Set(out)
}

func (d *decoder) mapping(node ast.Node, v reflect.Value, path string) {
	fields, ok := entries(node)
	if !ok {
		d.fail(node, path, "want names with values, got %s", describe(node))
		return
	}
	out := reflect.MakeMap(v.Type())
	for _, f := range fields {
		key, ok := scalarText(f.Key)
		if !ok {
			d.fail(f.Key, path, "want a name before the colon")
			continue
		}
		at := join(path, key)
		d.doc.keys[at] = position(f.Key.GetToken())
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(f.Value, item, at)
		out.SetMapIndex(reflect.ValueOf(key), item)
	}
	v.Set(out)
}

// text decodes a scalar by the type's own rules.
func (d *decoder) text(node ast.Node, into encoding.TextUnmarshaler, v reflect.Value, path string) {
	text, ok := d.interpolated(node, path, v.Type())
	if !ok {
		return
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		d.fail(node, path, "%s", err)
	}
}

// scalar decodes a text, a number or a condition.
func (d *decoder) scalar(node ast.Node, v reflect.Value, path string) {
	text, ok := d.interpolated(node, path, v.Type())
	if !ok {
		return
	}
	wrong := func() { d.fail(node, path, "want %s, got %s", d.wanted(v.Type()), describe(node)) }
	_, isText := node.(*ast.StringNode)
	_, isBlock := node.(*ast.LiteralNode)
	isText = isText || isBlock
	given := isText && !envMark.MatchString(raw(node)) // a text, and meant as one
	plain := strings.ReplaceAll(text, "_", "")
	switch v.Kind() {
	case reflect.String:
		if !isText {
			d.fail(node, path, "want a text, got %s: put quotation marks around it", describe(node))
			return
		}
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if _, isBool := node.(*ast.BoolNode); err != nil || (!isBool && given) {
			wrong()
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(plain, 10, v.Type().Bits())
		if err != nil || given {
			wrong()
			return
		}
		v.SetInt(n)
	case reflect.Uint64:
		n, err := strconv.ParseUint(plain, 10, 64)
		if err != nil || given {
			wrong()
			return
		}
		v.SetUint(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(plain, 64)
		if err != nil || given || math.IsNaN(n) || math.IsInf(n, 0) {
			wrong()
			return
		}
		v.SetFloat(n)
	default:
		panic("strictyaml: a " + v.Type().String() + " cannot be decoded")
	}
}

func (d *decoder) wanted(t reflect.Type) string {
	if w, ok := reflect.TypeAssert[interface{ Wanted() string }](reflect.Zero(t)); ok {
		return w.Wanted()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.wanted(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Uint64:
		return "a whole number, 0 or more"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		names, _ := fieldsOf(t)
		return "keys with values (" + strings.Join(names, ", ") + ")"
	case reflect.Map:
		return "names with values"
	}
	return "a text"
}

var envMark = regexp.MustCompile(`\$?\$\{env:([^}]*)\}`)

// interpolated returns a scalar's text with environment variables put in.
func (d *decoder) interpolated(node ast.Node, path string, t reflect.Type) (string, bool) {
	text, ok := scalarText(node)
	if !ok {
		d.fail(node, path, "want %s, got %s", d.wanted(t), describe(node))
		return "", false
	}
	good := true
	text = envMark.ReplaceAllStringFunc(text, func(mark string) string {
		if strings.HasPrefix(mark, "$$") {
			return mark[1:]
		}
		name := envMark.FindStringSubmatch(mark)[1]
		var value string
		set := false
		if d.Getenv != nil {
			value, set = d.Getenv(name)
		}
		if !set && good {
			good = false
			d.fail(node, path, "the environment variable %s is not set: set it, or write the value here", name)
		}
		return value
	})
	return text, good
}

func raw(node ast.Node) string { text, _ := scalarText(node); return text }

// scalarText returns a scalar as it is written, without quotation marks.
func scalarText(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	}
	return "", false
}

// describe says what a node is.
func describe(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return fmt.Sprintf("the text %q", clip(raw(node)))
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + clip(raw(node))
	case *ast.BoolNode:
		return raw(node)
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	default:
		return n.Type().String()
	}
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// fieldsOf returns the names of a struct's fields, those of embedded structs
// included, in order, and where each is.
func fieldsOf(t reflect.Type) ([]string, map[string][]int) {
	var names []string
	index := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		names = append(names, name)
		index[name] = f.Index
	}
	return names, index
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
