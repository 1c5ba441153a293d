package dataset

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// id returns the row's id and the field that holds it, both "" where a default
// field is not there.
func (r *row) id(field string) (name, id string, err error) {
	names := []string{field}
	if field == "" {
		names = []string{"id", "_id"}
	}
	for _, name := range names {
		raw, ok := r.fields.Get(name)
		if !ok {
			continue
		}
		const remedy = "give every example a string or an integer as id"
		var n json.Number
		switch {
		case json.Unmarshal(raw, &id) == nil && raw[0] == '"':
			if id == "" {
				return "", "", r.errorf("", name, remedy, "is empty")
			}
			return name, id, nil
		case json.Unmarshal(raw, &n) == nil && !bytes.ContainsAny(raw, ".eE\"n"):
			return name, n.String(), nil
		default:
			return "", "", r.errorf("", name, remedy, "is %s, not an id", kindOf(raw))
		}
	}
	if field != "" {
		return "", "", r.errorf("", field, "add it to the example, or name another id field", "is missing")
	}
	return "", "", nil
}

// uniform returns valid JSON without insignificant space and with strings
// spelled as [gepa.EncodeValue] spells them. Numbers and the order of keys
// stay.
func uniform(raw json.RawMessage) json.RawMessage {
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return raw
	}
	in := compact.Bytes()
	out := make([]byte, 0, len(in))
	for len(in) > 0 {
		quote := bytes.IndexByte(in, '"')
		if quote < 0 {
			return append(out, in...)
		}
		end := quote + 1
		for in[end] != '"' {
			if in[end] == '\\' {
				end++
			}
			end++
		}
		out = append(out, in[:quote]...)
		out = append(out, uniformString(in[quote:end+1])...)
		in = in[end+1:]
	}
	return out
}

func uniformString(literal []byte) []byte {
	plain := func(c byte) bool { return c != '\\' && c < utf8.RuneSelf }
	if !slices.ContainsFunc(literal, func(c byte) bool { return !plain(c) }) {
		return literal
	}
	var s string
	if json.Unmarshal(literal, &s) != nil {
		return literal
	}
	encoded, err := gepa.EncodeValue(s)
	if err != nil {
		return literal
	}
	return encoded
}
