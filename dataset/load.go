package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// Options say which fields of a file's objects are what. The zero value is
// useful.
type Options struct {
	// ID is the field that holds the example's id, a non-empty string or an
	// integer. Defaults to "id", or "_id" where there is no "id". Where the
	// default finds neither, the id is derived from the content: the first 16
	// hexadecimal digits of [gepa.Example.Hash]. The id field is no input,
	// unless Inputs names it.
	ID string
	// Inputs are the fields that a program may see, in this order; every
	// object must have each of them. Defaults to all fields that are neither
	// the id nor labels, in the order of the file.
	Inputs []string
	// Labels are the fields that only metrics may see, in this order; every
	// object must have each of them. Defaults, where Inputs is given, to all
	// other fields, and else to those with a name of [LabelNames].
	Labels []string
}

// LabelNames returns the names by which a field is taken for a label when
// [Options] say nothing about inputs and labels.
func LabelNames() []string {
	return []string{"answer", "answers", "label", "labels", "gold", "expected", "target", "output"}
}

// Load reads the examples of a file: JSON lines or one JSON array of objects,
// told apart by content, in UTF-8 with or without byte order mark. Lines may
// be of any length; blank ones are skipped. The whole file is held in memory
// while it is read.
//
// Values keep their shape, number literals and key order; only spacing and
// the spelling of strings are made uniform, so that equal content has an equal
// [gepa.Example.Hash].
//
// A file without examples, an object that lacks a field it needs, and an id
// that occurs twice are errors, as is content that occurs twice where ids are
// derived from it. All errors are of type [*Error], save those about opts.
func Load(path string, opts Options) ([]gepa.Example, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	src, err := open(path)
	if err != nil {
		return nil, err
	}
	return src.examples(opts.example)
}

// Read is [Load] for content that is no file; name stands for it in errors.
func Read(r io.Reader, name string, opts Options) ([]gepa.Example, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	src, err := readAll(r, name)
	if err != nil {
		return nil, err
	}
	return src.examples(opts.example)
}

// examples converts every row and refuses ids that occur twice.
func (s *source) examples(convert func(*row) (gepa.Example, error)) ([]gepa.Example, error) {
	var examples []gepa.Example
	starts := map[string]int{}
	for r, err := range s.rows() {
		if err != nil {
			return nil, err
		}
		ex, err := convert(&r)
		if err != nil {
			return nil, err
		}
		derived := ex.ID == ""
		if derived {
			ex.ID = ex.Hash()[:16]
		}
		if first, ok := starts[ex.ID]; ok {
			line, _ := s.position(first)
			if derived {
				return nil, r.errorf("", "", "remove one of them, or give every example an id",
					"the example repeats the one of line %d, and neither has an id", line)
			}
			return nil, r.errorf(ex.ID, "", "give every example an id of its own", "the id is also that of line %d", line)
		}
		starts[ex.ID] = r.start
		examples = append(examples, ex)
	}
	return examples, nil
}

// validate refuses options that contradict themselves.
func (o Options) validate() error {
	seen := map[string]string{}
	for _, list := range []struct {
		role  string
		names []string
	}{{"an input", o.Inputs}, {"a label", o.Labels}} {
		for _, name := range list.names {
			if before, ok := seen[name]; ok {
				return fmt.Errorf("dataset: field %q is named as %s and as %s: name it once", name, before, list.role)
			}
			seen[name] = list.role
		}
	}
	return nil
}

// example maps one row by the options.
func (o Options) example(r *row) (gepa.Example, error) {
	idField, id, err := r.id(o.ID)
	if err != nil {
		return gepa.Example{}, err
	}
	inputs, labels := o.Inputs, o.Labels
	taken := func(name string) bool {
		return name == idField || slices.Contains(o.Inputs, name) || slices.Contains(o.Labels, name)
	}
	for _, name := range r.fields.Names() {
		switch {
		case taken(name):
		case len(o.Inputs) == 0 && (len(o.Labels) > 0 || !slices.Contains(LabelNames(), name)):
			inputs = append(slices.Clip(inputs), name)
		case len(o.Labels) == 0:
			labels = append(slices.Clip(labels), name)
		}
	}
	ex := gepa.Example{ID: id}
	if ex.Inputs, err = r.pick(id, inputs); err != nil {
		return gepa.Example{}, err
	}
	if ex.Labels, err = r.pick(id, labels); err != nil {
		return gepa.Example{}, err
	}
	if len(ex.Inputs) == 0 {
		return gepa.Example{}, r.errorf(id, "", "give it a field that the program may see", "has no input")
	}
	return ex, nil
}

// pick returns the named fields of the row.
func (r *row) pick(id string, names []string) (gepa.Fields, error) {
	var out gepa.Fields
	for _, name := range names {
		raw, ok := r.fields.Get(name)
		if !ok {
			return nil, r.errorf(id, name, "add it to the example, or name other inputs and labels", "is missing")
		}
		out = append(out, gepa.Field{Name: name, Value: uniform(raw)})
	}
	return out, nil
}

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
