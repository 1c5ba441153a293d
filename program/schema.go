package program

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/program/internal/py"
)

// Schema returns the type's JSON schema on one line, in the key order and
// spacing in which DSPy shows schemas to a model: "type" first, the other keys
// sorted.
func (t Type) Schema() json.RawMessage {
	return json.RawMessage(py.Dumps(typeFirst(t.schema()), py.Layout{}))
}

// OutputSchema returns the JSON schema of the signature's outputs as one
// object, the one DSPy sends for structured outputs: every property required
// and no others allowed, at every level.
func (s Signature) OutputSchema() json.RawMessage {
	defs := &py.Dict{}
	props := &py.Dict{}
	var required py.List
	for _, f := range s.Outputs {
		p := property(f.Name, f.Type, defs)
		if len(f.Default) > 0 {
			p.Set("default", mustDecode(f.Default))
		}
		props.Set(f.Name, sortKeys(p))
		required = append(required, f.Name)
	}
	schema := object("additionalProperties", false, "properties", props, "required", required,
		"title", "DSPyProgramOutputs", "type", "object")
	if defs.Len() > 0 {
		schema.Set("$defs", sortKeys(defs))
	}
	schema = sortKeys(schema)
	requireAll(schema)
	return py.JSON(schema)
}

// schema returns the schema with its definitions, keys as pydantic orders
// them.
func (t Type) schema() *py.Dict {
	defs := &py.Dict{}
	s := schemaOf(t, defs)
	if d := t.def(); d.kind == kindStruct || d.kind == kindEnum {
		// The type itself stands in place of the reference to it.
		body, _ := defs.Get(d.name)
		s = body.(*py.Dict)
		rest := &py.Dict{}
		for _, it := range defs.Items {
			if it.Key != d.name {
				rest.Set(it.Key, it.Value)
			}
		}
		defs = rest
	}
	if defs.Len() > 0 {
		s = copyDict(s)
		s.Set("$defs", sortKeys(defs))
	}
	return sortKeys(s)
}

// schemaOf returns a type's schema without definitions, and adds to defs those
// that it refers to.
func schemaOf(t Type, defs *py.Dict) *py.Dict {
	d := t.def()
	switch d.kind {
	case kindStr:
		return object("type", "string")
	case kindInt:
		return object("type", "integer")
	case kindFloat:
		return object("type", "number")
	case kindBool:
		return object("type", "boolean")
	case kindNone:
		return object("type", "null")
	case kindBytes:
		return object("format", "binary", "type", "string")
	case kindList, kindSet, kindFrozenSet:
		return arraySchema(d, defs)
	case kindTuple:
		return tupleSchema(d, defs)
	case kindDict:
		return dictSchema(d, defs)
	case kindUnion:
		var choice py.List
		for _, a := range nullLast(d.args) {
			choice = append(choice, schemaOf(a, defs))
		}
		return object("anyOf", choice)
	case kindLiteral:
		return choices(d.literals)
	case kindEnum, kindStruct, kindHistory:
		define(d, defs)
		return object("$ref", "#/$defs/"+d.name)
	default:
		return &py.Dict{}
	}
}

func arraySchema(d typeDef, defs *py.Dict) *py.Dict {
	items := &py.Dict{}
	if !d.bare {
		items = schemaOf(d.args[0], defs)
	}
	s := object("items", items, "type", "array")
	if d.kind != kindList {
		s.Set("uniqueItems", true)
	}
	return s
}

func tupleSchema(d typeDef, defs *py.Dict) *py.Dict {
	if d.bare {
		return object("items", &py.Dict{}, "type", "array")
	}
	if d.variadic {
		return object("items", schemaOf(d.args[0], defs), "type", "array")
	}
	n := py.IntOf(int64(len(d.args)))
	var prefix py.List
	for _, a := range d.args {
		prefix = append(prefix, schemaOf(a, defs))
	}
	return object("maxItems", n, "minItems", n, "prefixItems", prefix, "type", "array")
}

func dictSchema(d typeDef, defs *py.Dict) *py.Dict {
	s := object("type", "object")
	if !d.bare {
		if key := schemaOf(d.args[0], defs); d.args[0].kind() == kindEnum || d.args[0].kind() == kindLiteral {
			s.Set("propertyNames", key)
		}
	}
	if d.bare || d.args[1].kind() == kindAny {
		s.Set("additionalProperties", true)
	} else {
		s.Set("additionalProperties", schemaOf(d.args[1], defs))
	}
	return s
}

// nullLast moves None behind the other members of a union, where pydantic
// puts it.
func nullLast(types []Type) []Type {
	isNone := func(t Type) bool { return t.kind() == kindNone }
	out := slices.DeleteFunc(slices.Clone(types), isNone)
	if len(out) < len(types) {
		out = append(out, None())
	}
	return out
}

func choices(values []py.Value) *py.Dict {
	s := &py.Dict{}
	if len(values) == 1 {
		s.Set("const", values[0])
	} else {
		s.Set("enum", py.List(values))
	}
	name := ""
	for i, v := range values {
		n := jsonTypeName(v)
		if i > 0 && n != name {
			return s
		}
		name = n
	}
	if name != "" {
		s.Set("type", name)
	}
	return s
}

func jsonTypeName(v py.Value) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case py.Int:
		return "integer"
	case float64:
		return "number"
	case nil:
		return "null"
	case py.List:
		return "array"
	default:
		return ""
	}
}

// define adds a named type's schema to the definitions.
func define(d typeDef, defs *py.Dict) {
	if _, ok := defs.Get(d.name); ok {
		return
	}
	defs.Set(d.name, nil)
	var s *py.Dict
	switch d.kind {
	case kindEnum:
		values := make([]py.Value, len(d.members))
		for i, m := range d.members {
			values[i] = mustDecode(m.Value)
		}
		s = choices(values)
	case kindHistory:
		s = object("additionalProperties", false,
			"properties", object("messages", property("messages", List(Dict(Str(), Any())), defs)),
			"required", py.List{"messages"}, "type", "object")
	default:
		s = structSchema(d, defs)
	}
	s.Set("title", d.name)
	if d.doc != "" {
		s.Set("description", py.CleanDoc(d.doc))
	}
	defs.Set(d.name, sortKeys(s))
}

func structSchema(d typeDef, defs *py.Dict) *py.Dict {
	props := &py.Dict{}
	var required py.List
	for _, f := range d.fields {
		p := property(f.Name, f.Type, defs)
		if f.Desc != "" {
			p.Set("description", f.Desc)
		}
		if len(f.Default) > 0 {
			p.Set("default", mustDecode(f.Default))
		} else {
			required = append(required, f.Name)
		}
		props.Set(f.Name, sortKeys(p))
	}
	s := object("properties", props, "type", "object")
	if required != nil {
		s.Set("required", required)
	}
	return s
}

// property is a type's schema as a named property.
func property(name string, t Type, defs *py.Dict) *py.Dict {
	s := copyDict(schemaOf(t, defs))
	if titled(t) {
		s.Set("title", strings.TrimFunc(strings.ReplaceAll(py.Title(name), "_", " "), py.IsSpace))
	}
	return s
}

// titled reports whether a property of this type gets a title: not if it is a
// reference, nor an optional one.
func titled(t Type) bool {
	d := t.def()
	switch d.kind {
	case kindStruct, kindEnum, kindHistory:
		return false
	case kindUnion:
		if rest := slices.DeleteFunc(slices.Clone(d.args), func(a Type) bool { return a.kind() == kindNone }); len(rest) == 1 {
			return titled(rest[0])
		}
	}
	return true
}

// requireAll makes every property of every object required and forbids others,
// which is what structured outputs ask for.
func requireAll(s *py.Dict) {
	switch typ, _ := s.Get("type"); typ {
	case "object":
		props, _ := s.Get("properties")
		p, ok := props.(*py.Dict)
		if !ok {
			p = &py.Dict{}
			s.Set("properties", p)
		}
		required := py.List{}
		for _, it := range p.Items {
			required = append(required, it.Key)
		}
		s.Set("required", required)
		s.Set("additionalProperties", false)
		for _, it := range p.Items {
			requireAll(it.Value.(*py.Dict))
		}
	case "array":
		if items, ok := s.Get("items"); ok {
			requireAll(items.(*py.Dict))
		}
	}
	if defs, ok := s.Get("$defs"); ok {
		for _, it := range defs.(*py.Dict).Items {
			requireAll(it.Value.(*py.Dict))
		}
	}
}

func object(keysAndValues ...any) *py.Dict {
	d := &py.Dict{}
	for i := 0; i < len(keysAndValues); i += 2 {
		d.Set(keysAndValues[i].(string), keysAndValues[i+1])
	}
	return d
}

func copyDict(d *py.Dict) *py.Dict {
	c := &py.Dict{}
	for _, it := range d.Items {
		c.Set(it.Key, it.Value)
	}
	return c
}

// sortKeys returns the object with its own keys sorted.
func sortKeys(d *py.Dict) *py.Dict {
	items := slices.Clone(d.Items)
	slices.SortStableFunc(items, func(a, b py.Item) int { return strings.Compare(a.Key, b.Key) })
	out := &py.Dict{}
	for _, it := range items {
		out.Set(it.Key, it.Value)
	}
	return out
}

// typeFirst sorts the keys at every level, "type" before all others.
func typeFirst(v py.Value) py.Value {
	switch v := v.(type) {
	case py.List:
		out := make(py.List, len(v))
		for i, x := range v {
			out[i] = typeFirst(x)
		}
		return out
	case *py.Dict:
		sorted := sortKeys(v)
		out := &py.Dict{}
		if t, ok := sorted.Get("type"); ok {
			out.Set("type", typeFirst(t))
		}
		for _, it := range sorted.Items {
			if it.Key != "type" {
				out.Set(it.Key, typeFirst(it.Value))
			}
		}
		return out
	default:
		return v
	}
}

// mustDecode decodes JSON that the caller of a constructor promised to be
// valid.
func mustDecode(raw json.RawMessage) py.Value {
	v, err := py.Decode(raw)
	if err != nil {
		panic("program: a default or enum value is not JSON: " + err.Error())
	}
	return v
}
