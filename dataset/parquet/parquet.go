// Package parquet reads examples from Apache Parquet files, such as those that
// Hugging Face serves. It is a package of its own so that only programs that
// import it link a Parquet library:
//
//	examples, err := dataset.Load("train.parquet", dataset.Options{
//		Decoders: []dataset.Decoder{parquet.Decoder{}},
//	})
//
// Rows become JSON objects: groups are objects, lists in any of the standard's
// encodings are lists, maps with text keys are objects and other maps lists of
// {"key", "value"}; whole numbers, floats and decimals are numbers, dates and
// times are in ISO 8601, and bytes that are no UTF-8 are in base64. Null, NaN
// and the infinities are null.
//
// Rows are read one page of each column at a time, so that memory does not
// grow with the file. What comes from a pipe is held in memory whole.
package parquet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

// Decoder reads Parquet. The zero value is ready for use.
type Decoder struct{}

var _ dataset.Decoder = Decoder{}

// Format returns [dataset.FormatParquet].
func (Decoder) Format() dataset.Format { return dataset.FormatParquet }

// Matches reports whether a file begins as Parquet files do.
func (Decoder) Matches(beginning []byte) bool {
	return len(beginning) >= 4 && string(beginning[:4]) == "PAR1"
}

// atOnce is how many rows are decoded at a time.
const atOnce = 64

// Rows implements [dataset.Decoder]. A file that is damaged is an error of
// type [*dataset.Error], with the row where it was met.
func (Decoder) Rows(file dataset.File) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		r := reader{}
		if err := guard(func() error { return r.open(file) }); err != nil {
			yield(dataset.Row{}, r.damaged(err))
			return
		}
		for _, group := range r.groups {
			for row, err := range r.rows(group) {
				if err != nil {
					yield(dataset.Row{}, r.damaged(err))
					return
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// A reader reads one file.
type reader struct {
	groups []parquet.RowGroup
	root   *node
	leaves int
	number int // rows read
}

func (r *reader) open(file dataset.File) error {
	f, err := parquet.OpenFile(file.ReaderAt, file.Size,
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<16))
	if err != nil {
		return err
	}
	if err := supported(f.Metadata()); err != nil {
		return err
	}
	root, err := newNode(f.Root(), halves(f.Metadata().Schema))
	if err != nil {
		return err
	}
	r.groups, r.root, r.leaves = f.RowGroups(), root, len(root.leaves)
	return nil
}

// supported refuses a compression for which the library would, at a damaged
// page, take memory without end.
func supported(m *format.FileMetaData) error {
	for i := range m.RowGroups {
		for _, column := range m.RowGroups[i].Columns {
			if codec := column.MetaData.Codec; codec == format.Lz4Raw {
				return fmt.Errorf("column %q is compressed by %s; write it with Snappy, Zstandard or gzip", strings.Join(column.MetaData.PathInSchema, "."), codec)
			}
		}
	}
	return nil
}

// halves reports of each leaf column whether it holds half-precision numbers,
// which the library does not tell from bytes.
func halves(schema []format.SchemaElement) []bool {
	var out []bool
	for i := range schema {
		if schema[i].Type.Valid {
			_, half := schema[i].LogicalType.Value.(*format.Float16Type)
			out = append(out, half)
		}
	}
	return out
}

// rows yields the rows of a row group.
func (r *reader) rows(group parquet.RowGroup) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		rows := group.Rows()
		defer func() { _ = rows.Close() }() // it was only read
		buffer := make([]parquet.Row, atOnce)
		for {
			var n int
			err := guard(func() (err error) {
				n, err = rows.ReadRows(buffer)
				return err
			})
			for _, row := range buffer[:n] {
				r.number++
				var fields gepa.Fields
				if err := guard(func() (err error) {
					fields, err = r.fields(row)
					return err
				}); err != nil {
					yield(dataset.Row{}, err)
					return
				}
				if !yield(dataset.Row{Number: r.number, Fields: fields}, nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && n == 0 {
				err = io.ErrNoProgress
			}
			if err != nil {
				r.number++
				yield(dataset.Row{}, err)
				return
			}
		}
	}
}

// fields converts one row.
func (r *reader) fields(row parquet.Row) (gepa.Fields, error) {
	columns := make([][]parquet.Value, r.leaves)
	var outside error
	row.Range(func(index int, values []parquet.Value) bool {
		if index < 0 || index >= len(columns) {
			outside = fmt.Errorf("it has a column number %d, and %d columns", index, r.leaves)
			return false
		}
		columns[index] = values
		return true
	})
	if outside != nil {
		return nil, outside
	}
	fields := make(gepa.Fields, len(r.root.children))
	for i, child := range r.root.children {
		value, err := child.append(nil, columns)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", child.name, err)
		}
		fields[i] = gepa.Field{Name: child.name, Value: json.RawMessage(value)}
	}
	return fields, nil
}

// damaged is the error for a file that cannot be decoded.
func (r *reader) damaged(err error) error {
	return &dataset.Error{
		Row:     r.number,
		Problem: "cannot be decoded: " + err.Error(),
		Remedy:  "it is damaged, cut off or uses a feature that is not supported; download it again, or convert it to JSON lines",
		Err:     err,
	}
}

// guard turns a panic into an error: the library panics at some damaged files.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the content makes no sense: %v", p)
		}
	}()
	return f()
}
