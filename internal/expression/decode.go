package expression

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Decode decodes JSON for expressions: whole numbers that fit become int, all
// others float64, lists []any and objects map[string]any. Values that are no
// JSON become nil.
func Decode(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return nil
	}
	return numbers(value)
}

// numbers replaces the [json.Number] in a decoded value.
func numbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			return v.String() // beyond float64: kept as its text
		}
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return value
}
