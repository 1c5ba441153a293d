package program

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
)

// SignatureOf makes a signature of two Go structs, inputs and outputs. Every
// exported field becomes a field of the signature, by these rules:
//
//   - the name is that of the json tag, or else the Go name; a json
//     tag of "-" leaves the field out
//   - the tag desc:"…" is the description
//   - the tag enum:"a,b,c" makes a literal of a string field
//   - the tag type:"…" gives the type as a Python annotation (see [ParseType])
//   - string is str, integers are int, floats are float, bool is bool, slices
//     are list, maps are dict, pointers are Optional, structs are records named
//     by their Go type, and any and json.RawMessage are Any
//   - the fields of an embedded struct are taken as the struct's own
//
// Instructions "" means DSPy's "Given the fields …".
func SignatureOf[In, Out any](instructions string) (Signature, error) {
	sig := Signature{Instructions: instructions}
	var err error
	if sig.Inputs, err = structFields(reflect.TypeFor[In]()); err != nil {
		return Signature{}, err
	}
	if sig.Outputs, err = structFields(reflect.TypeFor[Out]()); err != nil {
		return Signature{}, err
	}
	if sig.Instructions == "" {
		sig.Instructions = defaultInstructions(sig)
	}
	return sig, sig.Validate()
}

func structFields(t reflect.Type) ([]Field, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("a signature is made of structs, and %v is none", t)
	}
	var fields []Field
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous && f.Type.Kind() == reflect.Struct || !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		typ, err := fieldTypeOf(f, nil)
		if err != nil {
			return nil, fmt.Errorf("field %s of %v: %w", f.Name, t, err)
		}
		fields = append(fields, Field{Name: fieldName(f), Type: typ, Desc: f.Tag.Get("desc")})
	}
	return fields, nil
}

func fieldName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}

func fieldTypeOf(f reflect.StructField, outer []reflect.Type) (Type, error) {
	if text := f.Tag.Get("type"); text != "" {
		return ParseType(text)
	}
	if choices := f.Tag.Get("enum"); choices != "" {
		if f.Type.Kind() != reflect.String {
			return Type{}, fmt.Errorf("the tag enum is for strings, not for %v", f.Type)
		}
		var values []any
		for c := range strings.SplitSeq(choices, ",") {
			values = append(values, c)
		}
		return Literal(values...), nil
	}
	return typeOf(f.Type, outer)
}

// typeOf maps a Go type; outer are the structs it is within.
func typeOf(t reflect.Type, outer []reflect.Type) (Type, error) {
	if t == reflect.TypeFor[json.RawMessage]() {
		return Any(), nil
	}
	if t == reflect.TypeFor[gepa.Fields]() {
		return Dict(Str(), Any()), nil
	}
	switch t.Kind() {
	case reflect.String:
		return Str(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Int(), nil
	case reflect.Float32, reflect.Float64:
		return Float(), nil
	case reflect.Bool:
		return Bool(), nil
	case reflect.Interface:
		return Any(), nil
	case reflect.Pointer:
		elem, err := typeOf(t.Elem(), outer)
		return Optional(elem), err
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			return Str(), nil // encoding/json writes base64
		}
		elem, err := typeOf(t.Elem(), outer)
		return List(elem), err
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return Type{}, fmt.Errorf("a map's keys must be strings, not %v", t.Key())
		}
		elem, err := typeOf(t.Elem(), outer)
		return Dict(Str(), elem), err
	case reflect.Struct:
		return structType(t, outer)
	default:
		return Type{}, fmt.Errorf("a %v cannot be sent", t)
	}
}

func structType(t reflect.Type, outer []reflect.Type) (Type, error) {
	if slices.Contains(outer, t) {
		return Type{}, fmt.Errorf("%v contains itself", t)
	}
	outer = append(slices.Clone(outer), t)
	var fields []StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous && f.Type.Kind() == reflect.Struct || !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		typ, err := fieldTypeOf(f, outer)
		if err != nil {
			return Type{}, fmt.Errorf("field %s of %v: %w", f.Name, t, err)
		}
		sf := StructField{Name: fieldName(f), Type: typ, Desc: f.Tag.Get("desc")}
		if typ.AllowsNone() {
			sf.Default = json.RawMessage("null")
		}
		fields = append(fields, sf)
	}
	return Struct(t.Name(), fields...), nil
}
