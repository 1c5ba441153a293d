package program

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program/internal/py"
	"github.com/gepa-go/gepa/program/internal/xmltree"
)

// XMLFormat is DSPy's format in which every field is an XML element; lists,
// dictionaries and records are nested elements.
type XMLFormat struct{}

// Name returns "xml".
func (XMLFormat) Name() string { return "xml" }

// Messages implements [Format].
func (XMLFormat) Messages(sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error) {
	return render(xmlWire{}, sig, demos, inputs)
}

// Parse implements [Format]. The reply must be well-formed XML but for its
// missing root; text and elements beside the outputs are ignored.
func (f XMLFormat) Parse(sig Signature, reply string) (gepa.Fields, error) {
	root, err := xmltree.Parse("<dspy_root>" + reply + "</dspy_root>")
	if err != nil {
		var syntax *xmltree.SyntaxError
		errors.As(err, &syntax)
		where := *syntax
		if where.Line == 1 {
			where.Column = max(0, where.Column-len("<dspy_root>"))
		}
		return nil, &ParseError{
			Format:   f.Name(),
			Reason:   fmt.Sprintf("it is not well-formed XML (%v); write &amp; for & and &lt; for <.", &where),
			Expected: xmlWire{}.request(sig),
			Reply:    reply,
			dspyKind: "AdapterParseError",
			dspyHead: "Failed to parse XML: " + err.Error(),
		}
	}
	elements := groupChildren(root)
	parsed := values{}
	for _, field := range sig.Outputs {
		found := elements.get(field.Name)
		if found == nil {
			continue
		}
		v, raw, problem := elementsToField(found, field.Type)
		if problem != nil {
			return nil, &ParseError{
				Format:   f.Name(),
				Reason:   "the value of field `" + field.Name + "` is wrong: " + problem.Error() + ".",
				Expected: xmlWire{}.request(sig),
				Reply:    reply,
				dspyKind: "AdapterParseError",
				dspyHead: firstLine("Failed to parse field " + field.pydanticRepr() + " with value " + py.Str(raw) + ": " + problem.head),
			}
		}
		parsed[field.Name] = v
	}
	return finish(f.Name(), "XMLAdapter", xmlWire{}, sig, reply, parsed)
}

// elementsToField reads a field's value: by the type's schema, and where that
// fails by each alternative of a union.
func elementsToField(found []*xmltree.Element, t Type) (v, raw py.Value, problem *valueProblem) {
	schema := t.schema()
	defs := dictIn(schema, "$defs")
	candidates := []*py.Dict{schema}
	for _, c := range listIn(schema, "anyOf") {
		candidates = append(candidates, c.(*py.Dict))
	}
	for _, c := range candidates {
		raw = elementsToValue(found, c, defs)
		v, problem = parseValue(raw, t)
		if problem != nil && problem.kind == "ValidationError" {
			v, problem = t.validate(raw)
		}
		if problem == nil {
			return v, raw, nil
		}
	}
	return nil, raw, problem
}

// elementsToValue reads elements of one name as the schema says.
func elementsToValue(found []*xmltree.Element, schema, defs *py.Dict) py.Value {
	schema = resolve(schema, defs)
	first := found[0]
	if choices := listIn(schema, "anyOf"); choices != nil {
		rest := slices.DeleteFunc(slices.Clone(choices), func(c py.Value) bool { return typeIn(c.(*py.Dict)) == "null" })
		if len(rest) < len(choices) && len(first.Children) == 0 && py.Strip(first.Text) == "" {
			return nil
		}
		schema = rest[0].(*py.Dict)
		if len(first.Children) > 0 {
			if i := slices.IndexFunc(rest, func(c py.Value) bool { return typeIn(c.(*py.Dict)) != "string" }); i >= 0 {
				schema = rest[i].(*py.Dict)
			}
		}
	}
	if typeIn(schema) == "array" {
		return elementsToList(found, schema, defs)
	}
	if typeIn(schema) == "string" && len(first.Children) > 0 {
		var text strings.Builder
		text.WriteString(first.Text)
		for _, c := range first.Children {
			text.WriteString(c.String())
		}
		return text.String()
	}
	children := groupChildren(first)
	if len(children) == 0 {
		if typeIn(schema) == "object" && py.Strip(first.Text) == "" {
			return &py.Dict{}
		}
		if len(found) == 1 {
			return py.Strip(first.Text)
		}
		texts := make(py.List, len(found))
		for i, el := range found {
			texts[i] = py.Strip(el.Text)
		}
		return texts
	}
	props, other := dictIn(schema, "properties"), dictIn(schema, "additionalProperties")
	out := &py.Dict{}
	for _, g := range children {
		child := other
		if p, ok := props.Get(g.name); ok {
			child = p.(*py.Dict)
		}
		out.Set(g.name, elementsToValue(g.elements, child, defs))
	}
	return out
}

func elementsToList(found []*xmltree.Element, schema, defs *py.Dict) py.Value {
	if len(found) == 1 {
		if len(found[0].Children) == 0 {
			text := py.Strip(found[0].Text)
			if text == "" {
				return py.List{}
			}
			if strings.HasPrefix(text, "[") {
				return text
			}
		}
		if items := groupChildren(found[0]).get("item"); items != nil {
			found = items
		}
	}
	out := make(py.List, len(found))
	for i, el := range found {
		out[i] = elementsToValue([]*xmltree.Element{el}, dictIn(schema, "items"), defs)
	}
	return out
}

// resolve follows a schema's reference.
func resolve(schema, defs *py.Dict) *py.Dict {
	ref, _ := schema.Get("$ref")
	name, _ := ref.(string)
	if d, ok := defs.Get(strings.TrimPrefix(name, "#/$defs/")); ok {
		return d.(*py.Dict)
	}
	return schema
}

func dictIn(d *py.Dict, key string) *py.Dict {
	v, _ := d.Get(key)
	if found, ok := v.(*py.Dict); ok {
		return found
	}
	return &py.Dict{}
}

func listIn(d *py.Dict, key string) py.List {
	v, _ := d.Get(key)
	list, _ := v.(py.List)
	return list
}

func typeIn(d *py.Dict) string {
	v, _ := d.Get("type")
	name, _ := v.(string)
	return name
}

// groups are an element's children by name, in the order of the names' first
// appearance.
type groups []group

type group struct {
	name     string
	elements []*xmltree.Element
}

func (g groups) get(name string) []*xmltree.Element {
	for _, x := range g {
		if x.name == name {
			return x.elements
		}
	}
	return nil
}

func groupChildren(e *xmltree.Element) groups {
	var g groups
	for _, c := range e.Children {
		name := c.Tag
		if key, ok := c.Attr("key"); ok && name == "entry" {
			name = key
		}
		i := slices.IndexFunc(g, func(x group) bool { return x.name == name })
		if i < 0 {
			i = len(g)
			g = append(g, group{name: name})
		}
		g[i].elements = append(g[i].elements, c)
	}
	return g
}

// pydanticRepr is how pydantic prints an output field.
func (f Field) pydanticRepr() string {
	extra := "'__dspy_field_type': 'output', "
	if len(f.Constraints) > 0 {
		extra += "'constraints': " + py.Repr(f.constraintText()) + ", "
	}
	extra += "'prefix': " + py.Repr(f.PrefixText())
	if f.Desc != "" {
		extra = "'desc': " + py.Repr(f.Desc) + ", " + extra
	} else {
		extra += ", 'desc': " + py.Repr(f.Description())
	}
	return "annotation=" + f.Type.pydanticName() + " required=True json_schema_extra={" + extra + "}"
}

// pydanticName is how pydantic prints an annotation.
func (t Type) pydanticName() string {
	d := t.def()
	if d.kind == kindLiteral {
		return strings.TrimPrefix(t.innerRepr(), "typing.")
	}
	name := d.baseName()
	if d.kind == kindUnion {
		name = "Union"
	}
	switch {
	case d.bare || len(d.args) == 0:
		return name
	case d.typing:
		return strings.ToUpper(name[:1]) + name[1:] + nameList(d.args, Type.pydanticName)
	case d.variadic:
		return name + "[" + d.args[0].pydanticName() + ", ...]"
	}
	return name + nameList(d.args, Type.pydanticName)
}
