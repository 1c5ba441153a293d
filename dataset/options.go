package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/expression"
)

// Options say how files are read, which fields of their objects are what, and
// which objects are taken. The zero value is useful.
type Options struct {
	// Format is the files' format. Defaults to what the content shows beyond
	// doubt (JSON, JSON lines, Parquet), else to what the extension says
	// (.csv, .tsv and the like).
	Format Format
	// Decoders read further formats; see package dataset/parquet.
	Decoders []Decoder
	// Key is where the list of examples stands in a JSON document that is an
	// object: the name of a field, or a path such as "/data/train". Defaults to
	// none: the document is the list, or JSON lines.
	Key string
	// Separator stands between the cells of CSV, one character. Defaults to a
	// comma, and to a tab in TSV.
	Separator string
	// Columns are the names of the columns of CSV without a header. Defaults to
	// none: the first row is the header. A column without a name is called
	// "column 1", "column 2" and so on.
	Columns []string
	// Types are the types of columns of CSV by name. Defaults to strings.
	Types map[string]Type

	// Form is the form of the objects, which decides on inputs and labels.
	// Defaults to FormFields.
	Form Form
	// ID is the field that holds the example's id, a non-empty string or an
	// integer. Defaults to "id", or "_id" where there is no "id". Where the
	// default finds neither, the id is derived from the content: the first 16
	// hexadecimal digits of [gepa.Example.Hash]. The id field is no input,
	// unless Inputs names it.
	ID string
	// Inputs are the fields that a program may see, in this order; every
	// object must have each of them. Each is the field's name, NEW=OLD to give
	// it another one, or NEW=/path/to/value for a value within a field (JSON
	// pointer, RFC 6901; a step may also be * for every item of a list, or a
	// negative number to count from the end). A name that itself holds "=" or
	// begins with "/" is written as a path, where "/" is "~1" and "~" is "~0".
	// Defaults to all fields that are neither the id nor labels, in the order
	// of the file.
	Inputs []string
	// Labels are the fields that only metrics may see, in the same notation;
	// every object must have each of them. Defaults, where Inputs is given, to
	// all other fields, and else to those with a name of [LabelNames].
	Labels []string

	// Where is an expression (the language of expr-lang.org) over a row's
	// fields, as they are in the file: rows for which it is not true are left
	// out. A field whose name is no identifier is $env["its name"]; one that a
	// row lacks is nil, and one that no row has is an error, unless it is
	// written $env["its name"]. Defaults to all rows.
	Where string
	// Dedupe drops an example whose content an earlier one has. Defaults to
	// keeping those with ids of their own, and to an error for those without.
	Dedupe bool
	// Limit ends the reading after so many examples; 0 means all.
	Limit int
	// Sample draws so many of the examples by Seed; 0 means all. Which are
	// drawn depends on their ids alone, neither on their order nor on the
	// format of the file; they stay in the file's order. Only those drawn are
	// held in memory.
	Sample int
	// Seed is the seed of the sample.
	Seed uint64

	// Stdin is what the path "-" reads. Defaults to [os.Stdin].
	Stdin io.Reader
}

// A Form says what the objects of a file look like.
type Form string

// The forms of objects.
const (
	// FormFields is any object; Options.Inputs and Labels say what its fields
	// are. It is the meaning of "", too.
	FormFields Form = "fields"
	// FormHotpotQA is that of the HotpotQA data set; see [HotpotQA].
	FormHotpotQA Form = "hotpotqa"
)

// LabelNames returns the names by which a field is taken for a label when
// [Options] say nothing about inputs and labels.
func LabelNames() []string {
	return []string{"answer", "answers", "label", "labels", "gold", "expected", "target", "output"}
}

// A plan is options that were found to make sense, compiled.
type plan struct {
	Options
	inputs, labels []selector
	where          *expression.Program
	comma          rune
}

// plan refuses options that contradict themselves.
func (o Options) plan() (*plan, error) {
	p := &plan{Options: o, comma: ','}
	if o.Format == FormatTSV {
		p.comma = '\t'
	}
	if o.Separator != "" {
		r, size := utf8.DecodeRuneInString(o.Separator)
		if size != len(o.Separator) || strings.ContainsRune("\"\r\n\ufffd", r) {
			return nil, fmt.Errorf("dataset: separator %q: give one character that is neither a quotation mark nor a line break", o.Separator)
		}
		p.comma = r
	}
	for _, column := range sortedKeys(o.Types) {
		if err := o.Types[column].validate(column); err != nil {
			return nil, err
		}
	}
	if o.Limit < 0 || o.Sample < 0 {
		return nil, fmt.Errorf("dataset: limit %d and sample %d: neither may be negative; 0 means all", o.Limit, o.Sample)
	}
	if err := p.fields(); err != nil {
		return nil, err
	}
	if o.Where != "" {
		var err error
		if p.where, err = expression.Compile(o.Where); err != nil {
			return nil, fmt.Errorf("dataset: filter: %w", err)
		}
	}
	return p, nil
}

// fields reads the selectors.
func (p *plan) fields() error {
	switch p.Form {
	case "", FormFields:
	case FormHotpotQA:
		if p.ID != "" || p.Inputs != nil || p.Labels != nil {
			return errors.New("dataset: the form hotpotqa has its own id, inputs and labels: leave these out, or the form")
		}
	default:
		return fmt.Errorf("dataset: there is no form %q: choose %s or %s", p.Form, FormFields, FormHotpotQA)
	}
	var err error
	if p.inputs, err = parseSelectors(p.Inputs); err != nil {
		return err
	}
	if p.labels, err = parseSelectors(p.Labels); err != nil {
		return err
	}
	seen := map[string]string{}
	for _, list := range []struct {
		role      string
		selectors []selector
	}{{"an input", p.inputs}, {"a label", p.labels}} {
		for _, s := range list.selectors {
			if before, ok := seen[s.name]; ok {
				return fmt.Errorf("dataset: field %q is named as %s and as %s: name it once", s.name, before, list.role)
			}
			seen[s.name] = list.role
		}
	}
	return nil
}

// example maps one row by the options.
func (p *plan) example(r *row) (gepa.Example, error) {
	if p.Form == FormHotpotQA {
		return r.hotpotQA()
	}
	idField, id, err := r.id(p.ID)
	if err != nil {
		return gepa.Example{}, err
	}
	inputs, labels := p.inputs, p.labels
	taken := func(name string) bool {
		from := func(s selector) bool { return s.field() == name }
		return name == idField || slices.ContainsFunc(p.inputs, from) || slices.ContainsFunc(p.labels, from)
	}
	for _, name := range r.fields.Names() {
		whole := selector{name: name, from: name, path: []string{name}}
		switch {
		case taken(name):
		case len(p.inputs) == 0 && (len(p.labels) > 0 || !slices.Contains(LabelNames(), name)):
			inputs = append(slices.Clip(inputs), whole)
		case len(p.labels) == 0:
			labels = append(slices.Clip(labels), whole)
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

// pick returns the selected values of the row.
func (r *row) pick(id string, selectors []selector) (gepa.Fields, error) {
	var out gepa.Fields
	for _, s := range selectors {
		raw, err := s.pick(r.fields)
		if err != nil {
			return nil, r.errorf(id, s.field(), "add it to the example, or name other inputs and labels", "%v", err)
		}
		out = append(out, gepa.Field{Name: s.name, Value: uniform(raw)})
	}
	return out, nil
}
