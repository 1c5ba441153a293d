package program

import (
	"slices"
	"strings"

	"github.com/gepa-go/gepa/program/internal/py"
)

type xmlWire struct{}

func xmlField(name, text string) string { return "<" + name + ">\n" + text + "\n</" + name + ">" }

// structure is not stripped at its ends, unlike the other formats'.
func (xmlWire) structure(sig Signature) string {
	layout := func(fields []Field, output bool) string {
		parts := make([]string, len(fields))
		for i, f := range fields {
			if output && nested(f.Type) {
				parts[i] = xmlSchema(f)
			} else {
				parts[i] = xmlField(f.Name, placeholder(f, output))
			}
		}
		return strings.Join(parts, "\n\n")
	}
	return strings.Join([]string{layoutIntro, layout(sig.Inputs, false), layout(sig.Outputs, true)}, "\n\n")
}

func (xmlWire) user(sig Signature, in values, prefix, request string) string {
	var fields []string
	for _, f := range sig.Inputs {
		if v, ok := in[f.Name]; ok {
			fields = append(fields, xmlField(f.Name, formatValue(f.Type, v)))
		}
	}
	parts := []string{prefix, py.Strip(strings.Join(fields, "\n\n"))}
	if request != "" {
		parts = append(parts, request)
	}
	return py.Strip(strings.Join(parts, "\n\n"))
}

//nolint:gochecknoglobals // never changes
var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;")

func (xmlWire) assistant(sig Signature, out values, missing py.Value) string {
	parts := make([]string, len(sig.Outputs))
	for i, f := range sig.Outputs {
		v, ok := out[f.Name]
		if !ok {
			v = missing
		}
		parts[i] = xmlOutput(f, v)
	}
	return py.Strip(strings.Join(parts, "\n\n"))
}

func xmlOutput(f Field, v py.Value) string {
	if nested(f.Type) {
		switch v.(type) {
		case py.List, *py.Dict:
			return valueToXML(v, f.Name, "")
		}
	}
	text := formatValue(f.Type, v)
	if f.Type.kind() == kindStr {
		text = xmlText.Replace(text)
	}
	return xmlField(f.Name, text)
}

func (xmlWire) request(sig Signature) string {
	var tags, schemas []string
	for _, f := range sig.Outputs {
		tags = append(tags, "`<"+f.Name+">`")
		if nested(f.Type) {
			schemas = append(schemas, xmlSchema(f))
		}
	}
	text := "Respond with the corresponding output fields wrapped in XML tags " + strings.Join(tags, ", then ") + "."
	if schemas != nil {
		text += " Use this nested XML structure: " + strings.Join(schemas, " ")
	}
	return text
}

// nested reports whether values of the type, or of what is optional in it, are
// nested elements.
func nested(t Type) bool {
	d := t.def()
	if d.kind == kindUnion {
		rest := slices.DeleteFunc(slices.Clone(d.args), func(a Type) bool { return a.kind() == kindNone })
		if len(rest) != 1 {
			return false
		}
		d = rest[0].def()
	}
	switch d.kind {
	case kindList:
		return !d.bare && d.args[0].kind() != kindHistory
	case kindDict:
		return !d.bare
	default:
		return d.kind == kindStruct
	}
}

// valueToXML writes a value as an element; attr is its key attribute, if any.
func valueToXML(v py.Value, tag, attr string) string {
	var children strings.Builder
	switch x := v.(type) {
	case nil:
		return "<" + tag + attr + " />"
	case py.List:
		for _, item := range x {
			children.WriteString(valueToXML(item, "item", ""))
		}
		if children.Len() == 0 {
			return "<" + tag + attr + " />"
		}
	case *py.Dict:
		for _, it := range x.Items {
			if isElementName(it.Key) {
				children.WriteString(valueToXML(it.Value, it.Key, ""))
			} else {
				children.WriteString(valueToXML(it.Value, "entry", " key="+quoteAttr(it.Key)))
			}
		}
	default:
		children.WriteString(xmlText.Replace(py.Str(v)))
	}
	return "<" + tag + attr + ">" + children.String() + "</" + tag + ">"
}

func isElementName(name string) bool {
	if name == "" {
		return false
	}
	r := []rune(name)
	return py.IsIdentifier(string(r[:1]) + strings.NewReplacer("-", "_", ".", "_").Replace(string(r[1:])))
}

func quoteAttr(s string) string {
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "&#10;", "\r", "&#13;", "\t", "&#9;").Replace(s)
	switch {
	case !strings.Contains(s, `"`):
		return `"` + s + `"`
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	default:
		return `"` + strings.ReplaceAll(s, `"`, "&quot;") + `"`
	}
}

// xmlSchema shows the nesting of a field's elements.
func xmlSchema(f Field) string {
	schema := f.Type.schema()
	return schemaToXML(f.Name, schema, dictIn(schema, "$defs"), nil)
}

func schemaToXML(tag string, schema, defs *py.Dict, seen []string) string {
	empty := "<" + tag + ">...</" + tag + ">"
	if ref, ok := schema.Get("$ref"); ok {
		name := strings.TrimPrefix(ref.(string), "#/$defs/")
		if slices.Contains(seen, name) {
			return empty
		}
		return schemaToXML(tag, resolve(schema, defs), defs, append(slices.Clone(seen), name))
	}
	if choices := listIn(schema, "anyOf"); choices != nil {
		choice := choices[0]
		if i := slices.IndexFunc(choices, func(c py.Value) bool { return typeIn(c.(*py.Dict)) != "null" }); i >= 0 {
			choice = choices[i]
		}
		return schemaToXML(tag, choice.(*py.Dict), defs, seen)
	}
	if typeIn(schema) == "array" {
		return "<" + tag + ">" + schemaToXML("item", dictIn(schema, "items"), defs, seen) + "</" + tag + ">"
	}
	var children strings.Builder
	for _, it := range dictIn(schema, "properties").Items {
		children.WriteString(schemaToXML(it.Key, it.Value.(*py.Dict), defs, seen))
	}
	if children.Len() == 0 {
		return empty
	}
	return "<" + tag + ">" + children.String() + "</" + tag + ">"
}
