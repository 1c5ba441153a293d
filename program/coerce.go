package program

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa/program/internal/py"
)

// exactness says how close a value was to a type before coercion; a union
// takes the member that is closest, as pydantic's smart mode does.
type exactness int

const (
	exactLax exactness = iota
	exactStrict
	exactExact
)

// A mismatch says where and why a value is not of a type.
type mismatch struct {
	path string // "" for the value itself, else for instance "subs.0.name"
	want string
	got  py.Value
}

func (m mismatch) String() string {
	s := fmt.Sprintf("%s, got %s", m.want, shorten(py.Repr(m.got), 80))
	if m.path != "" {
		return m.path + ": " + s
	}
	return s
}

// coerced is the outcome of a coercion; it failed if there are mismatches.
type coerced struct {
	value      py.Value
	exact      exactness
	fieldsSet  int
	mismatches []mismatch
}

func (c *coerced) failed() bool { return len(c.mismatches) > 0 }

func fit(v py.Value, e exactness) coerced { return coerced{value: v, exact: e} }

func misfit(v py.Value, want string) coerced {
	return coerced{mismatches: []mismatch{{want: want, got: v}}}
}

// coerce makes a value of the type out of v by pydantic's rules for lax mode:
// numbers out of digits, booleans out of words, but no strings out of numbers.
func (t Type) coerce(v py.Value) coerced {
	d := t.def()
	switch d.kind {
	case kindStr, kindBytes:
		if _, ok := v.(string); ok {
			return fit(v, exactExact)
		}
		return misfit(v, "a string is needed")
	case kindInt:
		return coerceInt(v)
	case kindFloat:
		return coerceFloat(v)
	case kindBool:
		return coerceBool(v)
	case kindNone:
		if v == nil {
			return fit(nil, exactExact)
		}
		return misfit(v, "None is needed")
	case kindList, kindSet, kindFrozenSet:
		return coerceList(d, v)
	case kindTuple:
		return coerceTuple(d, v)
	case kindDict:
		return coerceDict(d, v)
	case kindUnion:
		return coerceUnion(d, v)
	case kindLiteral:
		return coerceLiteral(d, v)
	case kindEnum:
		return coerceEnum(d, v)
	case kindStruct:
		return coerceStruct(d, v)
	case kindHistory:
		return coerceStruct(typeDef{name: d.name, fields: []StructField{{Name: "messages", Type: List(Dict(Str(), Any()))}}}, v)
	default:
		return fit(v, exactLax)
	}
}

func coerceInt(v py.Value) coerced {
	switch x := v.(type) {
	case py.Int:
		return fit(x, exactExact)
	case bool:
		if x {
			return fit(py.Int("1"), exactLax)
		}
		return fit(py.Int("0"), exactLax)
	case float64:
		switch {
		case math.IsInf(x, 0) || math.IsNaN(x):
			return misfit(v, "a finite whole number is needed")
		case x != math.Trunc(x):
			return misfit(v, "a whole number is needed")
		case math.Abs(x) >= 1<<63:
			return misfit(v, "a whole number written without an exponent is needed")
		}
		n, _ := py.ParseInt(strconv.FormatFloat(x, 'f', -1, 64))
		return fit(n, exactLax)
	case string:
		if n, ok := intFromText(x); ok {
			return fit(n, exactLax)
		}
		return misfit(v, "a whole number is needed, and this text is none")
	}
	return misfit(v, "a whole number is needed")
}

// intFromText reads digits, single underscores between them, and a fraction
// of zeros.
func intFromText(s string) (py.Int, bool) {
	s = py.Strip(s)
	if whole, fraction, ok := strings.Cut(s, "."); ok && strings.Trim(fraction, "0") == "" {
		s = whole
	}
	digits, ok := dropUnderscores(s)
	if !ok {
		return "", false
	}
	return py.ParseInt(digits)
}

func dropUnderscores(s string) (string, bool) {
	if strings.Contains(s, "__") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") {
		return "", false
	}
	return strings.ReplaceAll(s, "_", ""), true
}

func coerceFloat(v py.Value) coerced {
	switch x := v.(type) {
	case float64:
		return finite(x, exactExact)
	case py.Int:
		return finite(x.Float(), exactStrict)
	case bool:
		if x {
			return fit(1.0, exactLax)
		}
		return fit(0.0, exactLax)
	case string:
		text, ok := dropUnderscores(py.Strip(x))
		if !ok || strings.ContainsAny(text, "xXpP") {
			return misfit(v, "a number is needed, and this text is none")
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil && !math.IsInf(f, 0) {
			return misfit(v, "a number is needed, and this text is none")
		}
		return finite(f, exactLax)
	}
	return misfit(v, "a number is needed")
}

// finite refuses what JSON cannot hold.
func finite(f float64, e exactness) coerced {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return misfit(f, "a finite number is needed")
	}
	return fit(f, e)
}

func coerceBool(v py.Value) coerced {
	switch x := v.(type) {
	case bool:
		return fit(x, exactExact)
	case py.Int:
		if x == "0" || x == "1" {
			return fit(x == "1", exactLax)
		}
	case float64:
		if x == 0 || x == 1 {
			return fit(x == 1, exactLax)
		}
	case string:
		switch strings.ToLower(x) {
		case "1", "true", "t", "yes", "y", "on":
			return fit(true, exactLax)
		case "0", "false", "f", "no", "n", "off":
			return fit(false, exactLax)
		}
	}
	return misfit(v, "True or False is needed")
}

// gather collects the outcomes of a container's parts.
type gather struct {
	out        py.List
	exact      exactness
	mismatches []mismatch
}

func (g *gather) add(path string, c coerced) {
	for _, m := range c.mismatches {
		g.mismatches = append(g.mismatches, under(path, m))
	}
	g.exact = min(g.exact, c.exact)
	g.out = append(g.out, c.value)
}

func under(path string, m mismatch) mismatch {
	if m.path != "" {
		path += "." + m.path
	}
	m.path = path
	return m
}

func (g *gather) done(v py.Value) coerced {
	return coerced{value: v, exact: g.exact, mismatches: g.mismatches}
}

func coerceList(d typeDef, v py.Value) coerced {
	list, ok := v.(py.List)
	if !ok {
		return misfit(v, "a list is needed")
	}
	g := gather{out: py.List{}, exact: exactExact}
	if d.kind != kindList {
		g.exact = exactLax
	}
	elem := Any()
	if !d.bare {
		elem = d.args[0]
	}
	for i, x := range list {
		c := elem.coerce(x)
		if d.kind != kindList && !c.failed() && contains(g.out, c.value) {
			continue
		}
		g.add(strconv.Itoa(i), c)
	}
	return g.done(g.out)
}

func contains(list py.List, v py.Value) bool {
	for _, x := range list {
		if py.Equal(x, v) {
			return true
		}
	}
	return false
}

func coerceTuple(d typeDef, v py.Value) coerced {
	list, ok := v.(py.List)
	if !ok {
		return misfit(v, "a tuple is needed")
	}
	g := gather{out: py.List{}, exact: exactLax}
	switch {
	case d.bare:
		return fit(list, exactLax)
	case d.variadic:
		for i, x := range list {
			g.add(strconv.Itoa(i), d.args[0].coerce(x))
		}
		return g.done(g.out)
	case len(list) > len(d.args):
		return misfit(v, fmt.Sprintf("a tuple of %d items is needed", len(d.args)))
	}
	for i, a := range d.args {
		if i < len(list) {
			g.add(strconv.Itoa(i), a.coerce(list[i]))
		} else {
			g.add(strconv.Itoa(i), misfit(v, "an item is missing"))
		}
	}
	return g.done(g.out)
}

func coerceDict(d typeDef, v py.Value) coerced {
	dict, ok := v.(*py.Dict)
	if !ok {
		return misfit(v, "a dictionary is needed")
	}
	if d.bare {
		return fit(v, exactLax)
	}
	g := gather{exact: exactExact}
	out := &py.Dict{}
	for _, it := range dict.Items {
		key := d.args[0].coerce(it.Key)
		g.add(it.Key+".[key]", key)
		value := d.args[1].coerce(it.Value)
		g.add(it.Key, value)
		if !key.failed() {
			out.Set(py.Str(key.value), value.value)
		}
	}
	return g.done(out)
}

func coerceUnion(d typeDef, v py.Value) coerced {
	if v == nil {
		for _, a := range d.args {
			if a.kind() == kindNone {
				return fit(nil, exactExact)
			}
		}
	}
	best, found := coerced{}, false
	var all []mismatch
	members := 0
	for _, a := range d.args {
		if a.kind() == kindNone {
			continue
		}
		members++
		c := a.coerce(v)
		if c.failed() {
			for _, m := range c.mismatches {
				all = append(all, under(a.schemaName(), m))
			}
			continue
		}
		if !found || c.fieldsSet > best.fieldsSet || c.fieldsSet == best.fieldsSet && c.exact > best.exact {
			best, found = c, true
		}
	}
	if found {
		return best
	}
	if members == 1 {
		// An optional type reports as the type itself.
		for i := range all {
			all[i].path = strings.TrimPrefix(strings.TrimPrefix(all[i].path, d.optionalOf().schemaName()), ".")
		}
	}
	return coerced{mismatches: all}
}

// optionalOf returns the first member of a union that is not None.
func (d typeDef) optionalOf() Type {
	for _, a := range d.args {
		if a.kind() != kindNone {
			return a
		}
	}
	return None()
}

func coerceLiteral(d typeDef, v py.Value) coerced {
	for _, l := range d.literals {
		if py.Equal(l, v) {
			return fit(l, exactExact)
		}
	}
	for _, l := range d.literals {
		if pyEqual(l, v) {
			return fit(l, exactLax)
		}
	}
	return misfit(v, "one of "+reprs(d.literals, ", ")+" is needed")
}

// pyEqual is Python's ==, for which True is 1 and 1 is 1.0.
func pyEqual(a, b py.Value) bool {
	return py.Equal(plainNumber(a), plainNumber(b))
}

func plainNumber(v py.Value) py.Value {
	switch x := v.(type) {
	case bool:
		if x {
			return py.Int("1")
		}
		return py.Int("0")
	case float64:
		if x == math.Trunc(x) && !math.IsInf(x, 0) {
			n, _ := py.ParseInt(strconv.FormatFloat(x, 'f', -1, 64))
			return n
		}
	}
	return v
}

func coerceEnum(d typeDef, v py.Value) coerced {
	var allowed []py.Value
	for _, m := range d.members {
		value := mustDecode(m.Value)
		if pyEqual(value, v) {
			return fit(value, exactLax)
		}
		allowed = append(allowed, value)
	}
	return misfit(v, "one of "+reprs(allowed, ", ")+" is needed")
}

func coerceStruct(d typeDef, v py.Value) coerced {
	dict, ok := v.(*py.Dict)
	if !ok {
		return misfit(v, "an object with the fields of "+d.name+" is needed")
	}
	g := gather{exact: exactLax}
	out := &py.Dict{}
	set := 0
	for _, f := range d.fields {
		x, ok := dict.Get(f.Name)
		switch {
		case ok:
			c := f.Type.coerce(x)
			g.add(f.Name, c)
			out.Set(f.Name, c.value)
			set += 1 + c.fieldsSet
		case len(f.Default) > 0:
			out.Set(f.Name, mustDecode(f.Default))
		default:
			g.add(f.Name, misfit(v, "this field is missing"))
		}
	}
	c := g.done(out)
	c.fieldsSet = set
	return c
}

// shorten cuts a text in the middle to at most n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	head := (n - 1) * 2 / 3
	return string(r[:head]) + "…" + string(r[len(r)-(n-1-head):])
}
