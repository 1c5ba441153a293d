package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/gepa-go/gepa/internal/strictyaml"
)

// Schema returns the JSON schema (draft 2020-12) of gepa.yaml, made of the
// types that read it.
func Schema() ([]byte, error) {
	text := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }
	types := map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[Duration](): text(),
		reflect.TypeFor[Dollars]():  {Types: []string{"number", "string"}},
		reflect.TypeFor[Size]():     {Types: []string{"integer", "string"}},
		reflect.TypeFor[Strings]():  {AnyOf: []*jsonschema.Schema{text(), {Type: "array", Items: text()}}},
		reflect.TypeFor[Demo]():     {Type: "object"},
		reflect.TypeFor[Argv]():     {AnyOf: []*jsonschema.Schema{text(), {Type: "array", Items: text()}}},
	}
	s, err := jsonschema.For[File](&jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		return nil, fmt.Errorf("make the schema of %s: %w", FileName, err)
	}
	annotate(s, reflect.TypeFor[File]())
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = FileName
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the schema of %s: %w", FileName, err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("write the schema of %s: %w", FileName, err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// annotate adds to a struct's schema what tags say, and lets a scalar stand
// for a struct that has a shorthand.
func annotate(s *jsonschema.Schema, t reflect.Type) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[name]
		if name == "" || p == nil {
			continue
		}
		if len(p.Types) == 2 && p.Types[0] == "null" { // a pointer may be null in Go, and not here
			p.Type, p.Types = p.Types[1], nil
		}
		for _, choice := range strings.FieldsFunc(f.Tag.Get("enum"), func(r rune) bool { return r == ',' }) {
			var v any = choice
			if p.Type == "integer" {
				v = json.RawMessage(choice)
			}
			p.Enum = append(p.Enum, v)
		}
		if otherwise := f.Tag.Get("default"); otherwise != "" {
			p.Description += " (default: " + otherwise + ")"
		}
		if least := f.Tag.Get("min"); least != "" {
			n := 0.0
			_, _ = fmt.Sscan(least, &n)
			p.Minimum = &n
		}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		switch {
		case ft.Kind() == reflect.Struct:
			s.Properties[name] = shorthand(p, ft)
		case ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.Struct && p.Items != nil:
			annotate(p.Items, ft.Elem())
		}
	}
}

// shorthand returns the schema of a struct, or of the scalar that may stand
// for it.
func shorthand(p *jsonschema.Schema, t reflect.Type) *jsonschema.Schema {
	annotate(p, t)
	if !t.Implements(reflect.TypeFor[strictyaml.Shorthand]()) {
		return p
	}
	out := &jsonschema.Schema{Description: p.Description, AnyOf: []*jsonschema.Schema{{Type: "string"}, p}}
	if short, ok := reflect.TypeAssert[strictyaml.Shorthand](reflect.Zero(t)); ok {
		if field := p.Properties[short.Shorthand()]; field.Type == "" {
			out.AnyOf[0] = &jsonschema.Schema{Types: field.Types, AnyOf: field.AnyOf}
		}
	}
	p.Description = ""
	return out
}
