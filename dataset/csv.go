package dataset

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// A Type says what the cells of a CSV column are.
type Type string

// The types of columns.
const (
	// TypeString is text as it stands; the default.
	TypeString Type = "string"
	// TypeNumber is a number as JSON writes it; an empty cell is null.
	TypeNumber Type = "number"
	// TypeBoolean is true or false, yes or no, 1 or 0, in any case; an empty
	// cell is null.
	TypeBoolean Type = "boolean"
	// TypeJSON is any JSON value; an empty cell is null.
	TypeJSON Type = "json"
)

func (t Type) validate(column string) error {
	switch t {
	case TypeString, TypeNumber, TypeBoolean, TypeJSON:
		return nil
	}
	return fmt.Errorf("dataset: column %q has the type %q: choose string, number, boolean or json", column, t)
}

// table reads CSV.
type table struct {
	*source
	reader *csv.Reader
	names  []string
	types  map[string]Type
	number int
}

// csv yields the rows of a file of comma-separated values.
func (s *source) csv(o Options, comma rune) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		t := table{source: s, reader: csv.NewReader(bytes.NewReader(s.data)), types: o.Types}
		t.reader.Comma = comma
		t.reader.FieldsPerRecord = -1 // counted here, for a better error
		if err := t.header(o.Columns); err != nil {
			yield(row{}, err)
			return
		}
		for {
			r, err := t.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		if t.number == 0 {
			yield(row{}, &Error{File: s.name, Problem: "holds no example: there is nothing after its header", Remedy: "give a file with rows"})
		}
	}
}

// header reads the names of the columns, unless the options give them.
func (t *table) header(given []string) error {
	names := given
	if names == nil {
		record, err := t.reader.Read()
		switch {
		case errors.Is(err, io.EOF):
			return &Error{File: t.name, Problem: "holds no example", Remedy: "give a header and at least one row"}
		case err != nil:
			return t.syntax(err)
		}
		names = record
		if other := otherComma(record, t.reader.Comma); other != "" {
			return &Error{File: t.name, Line: 1, Problem: fmt.Sprintf("has a single column, %q", clip([]byte(record[0]))),
				Remedy: "if " + other + " separates its columns, say so as the separator"}
		}
	}
	seen := map[string]int{}
	for i, name := range names {
		if name = strings.TrimSpace(name); name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if before, ok := seen[name]; ok {
			return &Error{File: t.name, Line: 1, Field: name, Problem: fmt.Sprintf("is the name of column %d and of column %d", before, i+1), Remedy: "give every column a name of its own"}
		}
		seen[name] = i + 1
		t.names = append(t.names, name)
	}
	for name := range t.types {
		if _, ok := seen[name]; !ok {
			return &Error{File: t.name, Line: 1, Field: name, Problem: "has a type but is no column" + nearName(name, t.names), Remedy: "name a column that is there"}
		}
	}
	return nil
}

// otherComma names the separator that a header of one column seems to have.
func otherComma(header []string, comma rune) string {
	if len(header) != 1 {
		return ""
	}
	for _, other := range []struct {
		comma rune
		name  string
	}{{';', "a semicolon"}, {'\t', "a tab"}, {',', "a comma"}, {'|', "a vertical bar"}} {
		if other.comma != comma && strings.ContainsRune(header[0], other.comma) {
			return other.name
		}
	}
	return ""
}

// next reads one row; [io.EOF] after the last.
func (t *table) next() (row, error) {
	record, err := t.reader.Read()
	if errors.Is(err, io.EOF) {
		return row{}, io.EOF
	}
	if err != nil {
		return row{}, t.syntax(err)
	}
	t.number++
	line, _ := t.reader.FieldPos(0)
	r := row{name: t.name, number: t.number, line: line}
	if len(record) != len(t.names) {
		return r, r.errorf("", "", "put cells that hold separators or line breaks in double quotes, and double the quotes in them",
			"has %s where the header has %d", count(len(record), "cell"), len(t.names))
	}
	r.fields = make(gepa.Fields, len(record))
	for i, cell := range record {
		value, problem := convertCell(t.types[t.names[i]], cell)
		if problem != "" {
			return r, r.errorf("", t.names[i], "correct the cell, or give the column another type", "is %q, %s", clip([]byte(cell)), problem)
		}
		r.fields[i] = gepa.Field{Name: t.names[i], Value: value}
	}
	return r, nil
}

// syntax finds the place of a syntax error.
func (t *table) syntax(err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return &Error{File: t.name, Problem: "cannot be read: " + err.Error(), Err: err}
	}
	problem := "is not valid CSV: " + parse.Err.Error()
	if errors.Is(err, csv.ErrQuote) && parse.StartLine != parse.Line {
		problem += fmt.Sprintf(" (in the row that begins in line %d)", parse.StartLine)
	}
	return &Error{File: t.name, Line: parse.Line, Column: parse.Column, Problem: problem,
		Remedy: "put cells that hold quotes, separators or line breaks in double quotes, and double the quotes in them", Err: err}
}

// convertCell returns a cell's value as JSON, or what is wrong with it.
func convertCell(t Type, cell string) (value json.RawMessage, problem string) {
	trimmed := strings.TrimSpace(cell)
	if t != "" && t != TypeString && trimmed == "" {
		return json.RawMessage("null"), ""
	}
	switch t {
	case TypeNumber:
		if json.Valid([]byte(trimmed)) && kindOf(json.RawMessage(trimmed)) == "a number" {
			return json.RawMessage(trimmed), ""
		}
		n, err := strconv.ParseFloat(trimmed, 64)
		if err != nil || strings.Trim(trimmed, "+-.0123456789eE") != "" || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, "not a number"
		}
		return encode(n), ""
	case TypeBoolean:
		switch strings.ToLower(trimmed) {
		case "true", "yes", "1":
			return json.RawMessage("true"), ""
		case "false", "no", "0":
			return json.RawMessage("false"), ""
		}
		return nil, "neither true nor false"
	case TypeJSON:
		if !json.Valid([]byte(trimmed)) {
			return nil, "not valid JSON"
		}
		return json.RawMessage(trimmed), ""
	default:
		return encode(cell), ""
	}
}

// encode returns a text or number as JSON; neither can fail.
func encode[T string | float64](v T) json.RawMessage {
	raw, err := gepa.EncodeValue(v)
	if err != nil {
		panic("dataset: " + err.Error())
	}
	return raw
}
