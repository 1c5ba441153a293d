package program

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/program/internal/py"
)

// A Type is the type of a field, a Python annotation in DSPy's terms: it
// decides how the field is announced to the model, which JSON schema describes
// it, and how a reply's text becomes a value. The zero Type is [Str].
//
// Types are immutable and safe for concurrent use.
type Type struct{ d *typeDef }

type kind int

const (
	kindStr kind = iota
	kindInt
	kindFloat
	kindBool
	kindAny
	kindNone
	kindBytes
	kindList
	kindDict
	kindTuple
	kindSet
	kindFrozenSet
	kindUnion
	kindLiteral
	kindEnum
	kindStruct
	kindHistory
)

// typeDef is what a Type points to. Which fields mean something depends on
// kind.
type typeDef struct {
	kind     kind
	args     []Type        // element, key and value, members of a union or tuple
	bare     bool          // a container without arguments: list, dict
	typing   bool          // spelled with the typing module: List[str]
	pipe     bool          // a union spelled X | Y
	variadic bool          // tuple[X, ...]
	name     string        // of an enum or a struct
	doc      string        // of an enum or a struct
	literals []py.Value    // of a literal
	members  []EnumMember  // of an enum
	fields   []StructField // of a struct
}

// An EnumMember is one choice of an [Enum].
type EnumMember struct {
	// Name is the member's name in code; a reply may use it in place of the value.
	Name string
	// Value is what is sent and received, as JSON.
	Value json.RawMessage
}

// A StructField is one field of a [Struct].
type StructField struct {
	Name string
	Type Type
	// Desc goes into the JSON schema; "" for none.
	Desc string
	// Default is the value, as JSON, of a field that a reply leaves out. A
	// field without one is required.
	Default json.RawMessage
}

// Str is Python's str. Any JSON value can be given for an input of this type;
// a list is shown as numbered passages.
func Str() Type { return Type{} }

// Int is Python's int, of any size.
func Int() Type { return simple(kindInt) }

// Float is Python's float.
func Float() Type { return simple(kindFloat) }

// Bool is Python's bool.
func Bool() Type { return simple(kindBool) }

// Any accepts every value.
func Any() Type { return simple(kindAny) }

// None accepts nothing but null.
func None() Type { return simple(kindNone) }

// History is DSPy's conversation history. An input field of this type holds
// {"messages": [{…}, …]}, one object of field values for each earlier turn,
// and is sent as turns of the conversation.
func History() Type { return Type{&typeDef{kind: kindHistory, name: "History"}} }

// List is list[elem].
func List(elem Type) Type { return Type{&typeDef{kind: kindList, args: []Type{elem}}} }

// Dict is dict[key, value].
func Dict(key, value Type) Type { return Type{&typeDef{kind: kindDict, args: []Type{key, value}}} }

// Tuple is tuple[types...].
func Tuple(types ...Type) Type { return Type{&typeDef{kind: kindTuple, args: slices.Clone(types)}} }

// Set is set[elem].
func Set(elem Type) Type { return Type{&typeDef{kind: kindSet, args: []Type{elem}}} }

// Optional is Optional[t]: t or null. A reply may leave out such a field.
func Optional(t Type) Type { return Union(t, None()) }

// Union is Union[types...]. Members of members are lifted up, repeated ones
// dropped, and a union of one type is that type, as in Python. It panics
// without types.
func Union(types ...Type) Type { return union(false, types) }

// Pipe is the union spelled with bars, X | Y, which DSPy displays in another
// way than [Union]. It panics without types.
func Pipe(types ...Type) Type { return union(true, types) }

func union(pipe bool, types []Type) Type {
	if len(types) == 0 {
		panic("program: a union needs a type")
	}
	var flat []Type
	for _, t := range types {
		members := []Type{t}
		if t.kind() == kindUnion {
			members = t.d.args
		}
		for _, m := range members {
			if !slices.ContainsFunc(flat, m.Equal) {
				flat = append(flat, m)
			}
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return Type{&typeDef{kind: kindUnion, args: flat, pipe: pipe}}
}

// Literal is Literal[values...]: exactly one of the given strings, integers,
// booleans or nil. It panics for a value of another type.
func Literal(values ...any) Type {
	lits := make([]py.Value, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil, string, bool:
			lits[i] = v
		case int:
			lits[i] = py.IntOf(int64(v))
		default:
			panic(fmt.Sprintf("program: a literal cannot be a %T", v))
		}
	}
	return Type{&typeDef{kind: kindLiteral, literals: lits}}
}

// Enum is a named choice.
func Enum(name string, members ...EnumMember) Type {
	return Type{&typeDef{kind: kindEnum, name: name, members: slices.Clone(members)}}
}

// Struct is a named record, a pydantic model in DSPy's terms.
func Struct(name string, fields ...StructField) Type {
	return Type{&typeDef{kind: kindStruct, name: name, fields: slices.Clone(fields)}}
}

// WithDoc returns the type with a text that goes into the JSON schema, as a
// docstring does. It is for [Struct] and [Enum].
func (t Type) WithDoc(doc string) Type {
	d := t.def()
	d.doc = doc
	return Type{&d}
}

func simple(k kind) Type { return Type{&typeDef{kind: k}} }

func (t Type) kind() kind { return t.def().kind }

func (t Type) def() typeDef {
	if t.d == nil {
		return typeDef{}
	}
	return *t.d
}

// Equal reports whether two types display alike and describe the same values.
func (t Type) Equal(o Type) bool {
	return t.d == o.d || t.Repr() == o.Repr() && string(t.Schema()) == string(o.Schema())
}

// AllowsNone reports whether null is a value of the type.
func (t Type) AllowsNone() bool {
	d := t.def()
	return d.kind == kindNone || d.kind == kindUnion && slices.ContainsFunc(d.args, Type.AllowsNone)
}

// String returns the type's name as DSPy shows it to a model, for instance
// "list[str]" or "Union[int, NoneType]".
func (t Type) String() string {
	d := t.def()
	switch d.kind {
	case kindUnion:
		if d.pipe {
			return "UnionType" + nameList(d.args, Type.String)
		}
		return "Union" + nameList(d.args, Type.String)
	case kindLiteral:
		names := make([]string, len(d.literals))
		for i, v := range d.literals {
			names[i] = py.Str(v)
			if s, ok := v.(string); ok {
				names[i] = quoteLiteral(s)
			}
		}
		return "Literal[" + strings.Join(names, ", ") + "]"
	case kindTuple:
		if d.variadic {
			return "tuple[" + d.args[0].String() + ", Ellipsis]"
		}
	}
	if d.bare || len(d.args) == 0 {
		return d.baseName()
	}
	return d.baseName() + nameList(d.args, Type.String)
}

// Repr returns the annotation as Python prints it, for instance
// "<class 'str'>" or "typing.Optional[int]".
func (t Type) Repr() string {
	switch t.kind() {
	case kindStr, kindInt, kindFloat, kindBool, kindNone, kindBytes:
		return "<class '" + t.def().baseName() + "'>"
	case kindEnum:
		return "<enum '" + t.d.name + "'>"
	case kindStruct:
		return "<class '" + t.d.name + "'>"
	case kindHistory:
		return "<class 'dspy.adapters.types.history.History'>"
	}
	if t.d.bare {
		return "<class '" + t.d.baseName() + "'>"
	}
	return t.innerRepr()
}

// innerRepr is the repr of a type as an argument of another.
func (t Type) innerRepr() string {
	d := t.def()
	switch d.kind {
	case kindAny:
		return "typing.Any"
	case kindHistory:
		return "dspy.adapters.types.history.History"
	case kindLiteral:
		return "typing.Literal[" + reprs(d.literals, ", ") + "]"
	case kindUnion:
		return d.unionRepr()
	}
	name := d.baseName()
	if d.bare || len(d.args) == 0 {
		return name
	}
	if d.typing {
		name = "typing." + typingName(name)
	}
	if d.variadic {
		return name + "[" + d.args[0].innerRepr() + ", ...]"
	}
	return name + nameList(d.args, Type.innerRepr)
}

func (d typeDef) unionRepr() string {
	if d.pipe {
		reprs := make([]string, len(d.args))
		for i, a := range d.args {
			reprs[i] = a.innerRepr()
			if a.kind() == kindNone {
				reprs[i] = "None"
			}
		}
		return strings.Join(reprs, " | ")
	}
	if len(d.args) == 2 {
		for i, a := range d.args {
			if a.kind() == kindNone {
				return "typing.Optional[" + d.args[1-i].innerRepr() + "]"
			}
		}
	}
	return "typing.Union" + nameList(d.args, Type.innerRepr)
}

func typingName(name string) string {
	if name == "frozenset" {
		return "FrozenSet"
	}
	return py.Capitalize(name)
}

// reprs prints values as Python does, with a separator between.
func reprs(values []py.Value, sep string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = py.Repr(v)
	}
	return strings.Join(out, sep)
}

func nameList(types []Type, name func(Type) string) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = name(t)
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func (d typeDef) baseName() string {
	switch d.kind {
	case kindStr:
		return "str"
	case kindInt:
		return "int"
	case kindFloat:
		return "float"
	case kindBool:
		return "bool"
	case kindAny:
		return "Any"
	case kindNone:
		return "NoneType"
	case kindBytes:
		return "bytes"
	case kindList:
		return "list"
	case kindDict:
		return "dict"
	case kindTuple:
		return "tuple"
	case kindSet:
		return "set"
	case kindFrozenSet:
		return "frozenset"
	default:
		return d.name
	}
}

// quoteLiteral quotes a string for a literal type's display.
func quoteLiteral(s string) string {
	hasSingle, hasDouble := strings.Contains(s, "'"), strings.Contains(s, `"`)
	switch {
	case hasSingle && !hasDouble:
		return `"` + s + `"`
	case hasSingle:
		return "'" + strings.ReplaceAll(s, "'", `\'`) + "'"
	default:
		return "'" + s + "'"
	}
}
