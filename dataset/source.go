package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// A source is a file's content with the name it goes by in errors.
type source struct {
	name string
	data []byte

	// The line of the last row, so that counting lines takes one pass.
	offset, lines int
}

// line returns the line, from 1, of an offset that is not before the last one
// asked for.
func (s *source) line(offset int) int {
	s.lines += bytes.Count(s.data[s.offset:offset], []byte{'\n'})
	s.offset = offset
	return s.lines + 1
}

// A row is one object of a file.
type row struct {
	name   string // the file's
	number int    // from 1
	line   int    // from 1 where the file has lines; 0 where not
	fields gepa.Fields

	// What follows is known of rows of JSON only.
	src   *source
	start int // offset of the object's first byte
	raw   []byte
	// lines is true where every row has a line of its own, so that the column
	// says nothing.
	lines bool
}

// newSource refuses content that is not text in UTF-8 and drops a byte order
// mark; offsets count from after it.
func newSource(name string, data []byte) (*source, error) {
	src := &source{name: name, data: data}
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		src.data = data[3:]
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return nil, &Error{File: name, Problem: "is encoded in UTF-16", Remedy: "save it as UTF-8"}
	case bytes.HasPrefix(data, []byte{0x1F, 0x8B}):
		return nil, &Error{File: name, Problem: "is compressed with gzip", Remedy: "decompress it first"}
	}
	for at, rest := 0, src.data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			return nil, src.errorAt(at, fmt.Sprintf("holds the byte 0x%02x, which is not UTF-8", rest[0]), "save it as UTF-8")
		}
		at, rest = at+size, rest[size:]
	}
	return src, nil
}

// errorAt makes an error about one place of the source.
func (s *source) errorAt(offset int, problem, remedy string) *Error {
	line, column := s.position(offset)
	return &Error{File: s.name, Line: line, Column: column, Problem: problem, Remedy: remedy}
}

// position returns line and column, both from 1, of an offset.
func (s *source) position(offset int) (line, column int) {
	before := s.data[:min(offset, len(s.data))]
	line = 1 + bytes.Count(before, []byte{'\n'})
	column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return line, column
}

// errorf makes an error about the row or, where field is not "", about one of
// its fields.
func (r *row) errorf(id, field, remedy, problem string, args ...any) *Error {
	if r.src == nil {
		e := &Error{File: r.name, Line: r.line, ID: id, Field: field, Problem: fmt.Sprintf(problem, args...), Remedy: remedy}
		if r.line == 0 {
			e.Row = r.number
		}
		return e
	}
	offset := r.start
	if field != "" {
		offset += fieldOffset(r.raw, field)
	}
	e := r.src.errorAt(offset, fmt.Sprintf(problem, args...), remedy)
	e.ID, e.Field = id, field
	if r.lines {
		e.Column = 0
	}
	return e
}

// place says where the row is, for errors about another one.
func (r *row) place() string {
	if r.line > 0 {
		return fmt.Sprintf("line %d", r.line)
	}
	return fmt.Sprintf("row %d", r.number)
}

// fieldOffset returns where in a JSON object the name of a field begins, and 0
// if it is not there.
func fieldOffset(object []byte, name string) int {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return 0
	}
	for dec.More() {
		from := int(dec.InputOffset())
		tok, err := dec.Token()
		if err != nil {
			return 0
		}
		if tok == name {
			return from + max(0, bytes.IndexByte(object[from:], '"'))
		}
		var skip json.RawMessage
		if dec.Decode(&skip) != nil {
			return 0
		}
	}
	return 0
}

const formats = "give JSON lines (one object a line), one JSON array of objects, or CSV or Parquet with its extension"

// json yields the objects of JSON or JSON lines in order, and stops after the
// first error. Where key is given, they are the items of a list within one
// JSON document. A source without any object is an error.
func (s *source) json(key string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		text := bytes.TrimLeft(s.data, " \t\r\n")
		start := len(s.data) - len(text)
		switch {
		case len(text) == 0:
			yield(row{}, &Error{File: s.name, Problem: "holds no example", Remedy: formats})
		case key != "":
			s.listAt(key, yield)
		case text[0] == '[':
			s.array(start, len(s.data), yield)
		case text[0] == '{':
			s.jsonLines(yield)
		default:
			yield(row{}, s.errorAt(start, fmt.Sprintf("is neither JSON lines nor a JSON array: it begins with %q", clip(text)), formats))
		}
	}
}

// jsonLines yields the objects of JSON lines; blank lines are skipped.
func (s *source) jsonLines(yield func(row, error) bool) {
	number := 0
	for start := 0; start < len(s.data); {
		line := s.data[start:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		next := start + len(line) + 1
		if object := bytes.TrimSpace(line); len(object) > 0 {
			start += bytes.Index(line, object)
			r, err := s.row(start, object, true)
			if err != nil && next < len(s.data) && json.Valid(s.data) {
				err = s.errorAt(start, "is one JSON object over several lines", s.keyRemedy())
			}
			number++
			r.number = number
			if !yield(r, err) || err != nil {
				return
			}
		}
		start = next
	}
}

// array yields the objects of the JSON array that begins at start and must
// end, but for space, at end.
func (s *source) array(start, end int, yield func(row, error) bool) {
	dec := json.NewDecoder(bytes.NewReader(s.data[start:end]))
	if _, err := dec.Token(); err != nil {
		yield(row{}, s.syntaxError(err))
		return
	}
	n := 0
	for ; dec.More(); n++ {
		from := start + int(dec.InputOffset())
		from += len(s.data[from:]) - len(bytes.TrimLeft(s.data[from:], ", \t\r\n"))
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			yield(row{}, s.syntaxError(err))
			return
		}
		r, err := s.row(from, raw, false)
		r.number = n + 1
		if !yield(r, err) || err != nil {
			return
		}
	}
	if _, err := dec.Token(); err != nil {
		yield(row{}, s.syntaxError(err))
		return
	}
	if rest := bytes.TrimLeft(s.data[start+int(dec.InputOffset()):end], " \t\r\n"); len(rest) > 0 {
		yield(row{}, s.errorAt(end-len(rest), "goes on after the end of the JSON array", formats))
		return
	}
	if n == 0 {
		yield(row{}, &Error{File: s.name, Problem: "holds no example: its array is empty", Remedy: formats})
	}
}

// row reads one object.
func (s *source) row(start int, raw []byte, lines bool) (row, error) {
	r := row{name: s.name, src: s, start: start, line: s.line(start), raw: raw, lines: lines}
	if raw[0] != '{' && json.Valid(raw) {
		return r, r.errorf("", "", formats, "want a JSON object, got %s", kindOf(raw))
	}
	err := json.Unmarshal(raw, &r.fields)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return r, s.errorAt(start+max(0, int(syntax.Offset)-1), "is not valid JSON: "+err.Error(), "correct the file there")
	case err != nil:
		return r, r.errorf("", "", "name every field once", "%v", err)
	}
	return r, nil
}

// syntaxError finds the place of a syntax error in a whole array: a
// [json.Decoder] counts from places of its own choice, [json.Unmarshal] from
// the beginning.
func (s *source) syntaxError(err error) error {
	offset := len(s.data)
	var whole struct{}
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(s.data, &whole)); ok {
		err = syntax
		offset = max(0, int(syntax.Offset)-1)
	}
	return s.errorAt(offset, "is not valid JSON: "+err.Error(), "correct the file there")
}

// kindOf names the type of a JSON value for error messages.
func kindOf(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// clip returns the beginning of a text for quotation in an error.
func clip(text []byte) string {
	const most = 20
	if utf8.RuneCount(text) <= most {
		return string(text)
	}
	return string([]rune(string(text[:min(len(text), most*utf8.UTFMax)]))[:most]) + "…"
}
