package program

import "strings"

// schemaName is the name by which pydantic's errors call a type.
func (t Type) schemaName() string {
	d := t.def()
	inner := func(types []Type, sep string) string {
		names := make([]string, len(types))
		for i, a := range types {
			names[i] = a.schemaName()
		}
		return strings.Join(names, sep)
	}
	switch d.kind {
	case kindAny:
		return "any"
	case kindNone:
		return "none"
	case kindList, kindSet, kindFrozenSet:
		if d.bare {
			return d.baseName() + "[any]"
		}
		return d.baseName() + "[" + inner(d.args, ",") + "]"
	case kindDict:
		if d.bare {
			return "dict[any,any]"
		}
		return "dict[" + inner(d.args, ",") + "]"
	case kindTuple:
		switch {
		case d.bare:
			return "tuple[any, ...]"
		case d.variadic:
			return "tuple[" + inner(d.args, "") + ", ...]"
		}
		return "tuple[" + inner(d.args, ", ") + "]"
	case kindUnion:
		return d.unionSchemaName(inner)
	case kindLiteral:
		return "literal[" + reprs(d.literals, ",") + "]"
	case kindEnum:
		return "enum[" + d.name + "]"
	default:
		return d.baseName()
	}
}

func (d typeDef) unionSchemaName(inner func([]Type, string) string) string {
	var rest []Type
	for _, a := range d.args {
		if a.kind() != kindNone {
			rest = append(rest, a)
		}
	}
	name := inner(rest, ",")
	if len(rest) > 1 {
		name = "union[" + name + "]"
	}
	if len(rest) < len(d.args) {
		name = "nullable[" + name + "]"
	}
	return name
}
