package gepa_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

// readFields reads an object token by token, as encoding/json does it.
func readFields(data []byte) (out gepa.Fields, ok bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') || !json.Valid(data) {
		return nil, false
	}
	out = gepa.Fields{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		text, _ := name.(string)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, false
		}
		if _, twice := out.Get(text); twice {
			return nil, false
		}
		out = append(out, gepa.Field{Name: text, Value: raw})
	}
	return out, true
}

func checkFields(t rapid.TB, data []byte) {
	want, ok := readFields(data)
	var got gepa.Fields
	err := got.UnmarshalJSON(data)
	if (err == nil) != ok && string(bytes.TrimSpace(data)) != "null" {
		t.Fatalf("%q: error %v, want success %v", data, err, ok)
	}
	if diff := cmp.Diff(want, got); ok && diff != "" {
		t.Fatalf("%q: %s", data, diff)
	}
}

// Fields are read as encoding/json reads them, quickly.
func TestFieldsAreReadAsJSON(t *testing.T) {
	space := rapid.SampledFrom([]string{"", " ", "\n\t", "\r "})
	var value func(depth int) *rapid.Generator[string]
	name := rapid.SampledFrom([]string{`"a"`, `"b\"c"`, `"é"`, `"\u00e9"`, `""`, `"}"`, `",:"`, `"\\"`, "\"\xff\"", `"a"`})
	object := func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			s := "{" + space.Draw(t, "space")
			for i := range rapid.IntRange(0, 4).Draw(t, "members") {
				if i > 0 {
					s += "," + space.Draw(t, "space")
				}
				s += name.Draw(t, "name") + space.Draw(t, "space") + ":" + space.Draw(t, "space") + value(depth-1).Draw(t, "value") + space.Draw(t, "space")
			}
			return s + "}"
		})
	}
	value = func(depth int) *rapid.Generator[string] {
		plain := rapid.SampledFrom([]string{"1", "-2.5e3", "null", "true", `""`, `"\\\""`, `"]}"`, `[]`, `[1, "]", {"x":[]}]`, "{}"})
		if depth <= 0 {
			return plain
		}
		return rapid.OneOf(plain, object(depth))
	}
	rapid.Check(t, func(rt *rapid.T) {
		data := []byte(space.Draw(rt, "before") + object(3).Draw(rt, "object") + space.Draw(rt, "after"))
		checkFields(rt, data)
		if len(data) > 0 { // and anything near to it
			data[rapid.IntRange(0, len(data)-1).Draw(rt, "at")] = rapid.SampledFrom([]byte(`{}[]",:\ 1a`)).Draw(rt, "byte")
			checkFields(rt, data)
		}
	})
}

func FuzzFieldsAsJSON(f *testing.F) {
	for _, seed := range []string{`{"a": 1 , "b":[{"c":"]"}],"\u00e9":null}`, ` null `, `{}`, `{"a":1,"a":2}`, `[1]`, `{"a":1}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkFields(t, data) })
}
