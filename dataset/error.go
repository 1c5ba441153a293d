package dataset

import (
	"fmt"
	"strings"
)

// An Error says what is wrong with a file of examples, where, and what to do.
type Error struct {
	// File is the name of the file, as given by the caller.
	File string
	// Line counts from 1; 0 if the problem concerns the whole file.
	Line int
	// Column counts characters from 1; 0 if the problem concerns the whole
	// line.
	Column int
	// Row counts the rows from 1 in files that have no lines, such as Parquet;
	// 0 if the problem concerns the whole file, or Line says where.
	Row int
	// ID is the id of the example concerned; "" if it is not known.
	ID string
	// Field is the name of the field concerned; "" if there is none.
	Field string
	// Problem says what is wrong.
	Problem string
	// Remedy says what to do.
	Remedy string
	// Err is the underlying error, if any; Problem includes its text.
	Err error
}

// Error returns everything in one line, the place first:
// `train.jsonl:3: example "5a7a": field "answer" is missing: give …`.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, ":%d", e.Column)
		}
	}
	b.WriteString(": ")
	if e.Row > 0 {
		fmt.Fprintf(&b, "row %d: ", e.Row)
	}
	if e.ID != "" {
		fmt.Fprintf(&b, "example %q: ", e.ID)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "field %q ", e.Field)
	}
	b.WriteString(e.Problem)
	if e.Remedy != "" {
		b.WriteString(": ")
		b.WriteString(e.Remedy)
	}
	return b.String()
}

// Unwrap returns the underlying error, so that [errors.Is] finds for instance
// [io/fs.ErrNotExist].
func (e *Error) Unwrap() error { return e.Err }
