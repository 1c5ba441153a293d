package gepa

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// A Field is one named JSON value.
type Field struct {
	Name string
	// Value is valid JSON.
	Value json.RawMessage
}

// Fields is a JSON object that keeps the order of its names. Values stay raw
// JSON until somebody asks for a type, so that numbers, key order and unknown
// shapes survive a round trip. The zero value is an empty object.
//
// Fields are treated as immutable once built; an unchanged value is safe for
// concurrent use.
type Fields []Field

// NewFields builds Fields from alternating names and values; each value is
// encoded as JSON. It panics if a name is not a string or a value cannot be
// encoded, so it is for literals in code and tests; data from outside is
// decoded with [json.Unmarshal].
func NewFields(namesAndValues ...any) Fields {
	if len(namesAndValues)%2 != 0 {
		panic("gepa: NewFields needs a value for every name")
	}
	f := make(Fields, 0, len(namesAndValues)/2)
	for i := 0; i < len(namesAndValues); i += 2 {
		name, ok := namesAndValues[i].(string)
		if !ok {
			panic(fmt.Sprintf("gepa: NewFields: argument %d is a %T, not a name", i, namesAndValues[i]))
		}
		raw, err := EncodeValue(namesAndValues[i+1])
		if err != nil {
			panic(fmt.Sprintf("gepa: NewFields: field %q: %v", name, err))
		}
		f = f.Set(name, raw)
	}
	return f
}

// EncodeValue encodes v as compact JSON without escaping <, > and &, the way
// all values in a run are encoded.
func EncodeValue(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Names returns the field names in order.
func (f Fields) Names() []string {
	names := make([]string, len(f))
	for i, x := range f {
		names[i] = x.Name
	}
	return names
}

// Get returns the raw value of a field and whether it is there.
func (f Fields) Get(name string) (json.RawMessage, bool) {
	for _, x := range f {
		if x.Name == name {
			return x.Value, true
		}
	}
	return nil, false
}

// Text returns a field as text: a JSON string's content, any other value's
// compact JSON, and "" for a field that is absent or null.
func (f Fields) Text(name string) string {
	raw, ok := f.Get(name)
	if !ok || string(raw) == "null" {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// Decode stores a field's value in the variable that into points to, by the
// rules of [json.Unmarshal]. The error names the field.
func (f Fields) Decode(name string, into any) error {
	raw, ok := f.Get(name)
	if !ok {
		return fmt.Errorf("field %q is missing", name)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("field %q: %w", name, err)
	}
	return nil
}

// Set returns a copy of f in which the named field has the given value: in
// place if the field is there, at the end if not.
func (f Fields) Set(name string, value json.RawMessage) Fields {
	out := make(Fields, len(f), len(f)+1)
	copy(out, f)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = value
			return out
		}
	}
	return append(out, Field{Name: name, Value: value})
}

// MarshalJSON writes the fields as one JSON object, in order.
func (f Fields) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			buf.WriteByte(',')
		}
		if err := writeName(&buf, x.Name); err != nil {
			return nil, err
		}
		buf.WriteByte(':')
		if len(x.Value) == 0 {
			buf.WriteString("null")
			continue
		}
		buf.Write(x.Value)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// writeName writes an object's key.
func writeName(buf *bytes.Buffer, name string) error {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			raw, err := EncodeValue(name)
			buf.Write(raw)
			return err
		}
	}
	buf.WriteByte('"')
	buf.WriteString(name)
	buf.WriteByte('"')
	return nil
}

// UnmarshalJSON reads a JSON object, keeping the order of its names. A name
// that occurs twice is an error: one of the values would be lost.
func (f *Fields) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if string(data) == "null" {
		*f = nil
		return nil
	}
	if !json.Valid(data) {
		var whole json.RawMessage
		return json.Unmarshal(data, &whole) // says what is wrong
	}
	if data[0] != '{' {
		return fmt.Errorf("want a JSON object, got %.40s", data)
	}
	out, seen := Fields{}, map[string]bool{}
	// The object is valid JSON, so that its parts can be told by their ends.
	for rest := skipTo(data[1:], '"', '}'); rest[0] == '"'; {
		end := valueEnd(rest)
		name, err := decodeName(rest[:end])
		if err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("field %q occurs twice", name)
		}
		seen[name] = true
		rest = bytes.TrimLeft(skipTo(rest[end:], ':')[1:], jsonSpace)
		end = valueEnd(rest)
		out = append(out, Field{Name: name, Value: bytes.Clone(rest[:end])})
		rest = skipTo(rest[end:], ',', '}')
		if rest[0] == ',' {
			rest = skipTo(rest, '"')
		}
	}
	*f = out
	return nil
}

const jsonSpace = " \t\r\n"

// skipTo returns the data from the first of the given bytes on, one of which
// must be there.
func skipTo(data []byte, stops ...byte) []byte {
	i := 0
	for bytes.IndexByte(stops, data[i]) < 0 {
		i++
	}
	return data[i:]
}

// decodeName decodes an object's key.
func decodeName(raw []byte) (string, error) {
	plain := raw[1 : len(raw)-1]
	for _, c := range plain {
		if c == '\\' || c >= utf8.RuneSelf {
			var name string
			err := json.Unmarshal(raw, &name)
			return name, err
		}
	}
	return string(plain), nil
}

// valueEnd returns the length of the value at the beginning of valid JSON.
func valueEnd(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i // of what holds the value
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(data)
}
