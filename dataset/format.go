package dataset

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/gepa-go/gepa"
)

// A Format is the name of a file format.
type Format string

// The formats that this package reads, and Parquet, which the package
// dataset/parquet reads.
const (
	// FormatJSON is one JSON document: a list of objects, or an object that
	// holds one, see Options.Key.
	FormatJSON Format = "json"
	// FormatJSONL is JSON lines: one object a line.
	FormatJSONL Format = "jsonl"
	// FormatCSV is comma-separated values with a header (RFC 4180).
	FormatCSV Format = "csv"
	// FormatTSV is the same with tabs.
	FormatTSV Format = "tsv"
	// FormatParquet is Apache Parquet.
	FormatParquet Format = "parquet"
)

// Formats returns the names of all formats.
func Formats() []Format {
	return []Format{FormatJSONL, FormatJSON, FormatCSV, FormatTSV, FormatParquet}
}

// A Decoder reads a format that this package does not know itself. Pass it in
// Options.Decoders. It must be safe for concurrent use.
type Decoder interface {
	// Format returns the format's name, which is also the extension of its
	// files.
	Format() Format
	// Matches reports whether a file that begins with the given bytes, some
	// 512 at most, is of this format.
	Matches(beginning []byte) bool
	// Rows yields the rows of a file in order, and stops after the first
	// error, which says what is wrong and what to do but does not name the
	// file. The file is open until the loop over Rows has ended.
	Rows(file File) iter.Seq2[Row, error]
}

// A File is what a [Decoder] reads.
type File struct {
	io.ReaderAt
	// Size is the file's, in bytes.
	Size int64
}

// A Row is one object of a file.
type Row struct {
	// Number counts the rows of the file from 1.
	Number int
	// Fields are the row's values by name.
	Fields gepa.Fields
}

// extension returns the format that a path's extension names, "" if none.
func (o Options) extension(path string) Format {
	ext := Format(strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), "."))
	switch ext {
	case FormatJSON, FormatJSONL, FormatCSV, FormatTSV, FormatParquet:
		return ext
	case "ndjson":
		return FormatJSONL
	case "tab":
		return FormatTSV
	}
	for _, d := range o.Decoders {
		if d.Format() == ext {
			return ext
		}
	}
	return ""
}

// format decides on a file's format: what the options say, then what its
// content shows beyond doubt, then its extension. JSON and JSON lines are told
// apart by content; "" means one of the two.
func (o Options) format(path string, beginning []byte) Format {
	if o.Format != "" {
		return o.Format
	}
	for _, d := range o.Decoders {
		if d.Matches(beginning) {
			return d.Format()
		}
	}
	if bytes.HasPrefix(beginning, []byte("PAR1")) {
		return FormatParquet
	}
	switch f := o.extension(path); f {
	case FormatJSON, FormatJSONL:
		return ""
	default:
		return f
	}
}

// decoder returns the decoder of a format that this package does not read.
func (o Options) decoder(path string, format Format) (Decoder, error) {
	for _, d := range o.Decoders {
		if d.Format() == format {
			return d, nil
		}
	}
	e := &Error{File: path, Problem: fmt.Sprintf("is of the format %q, which cannot be read", format), Remedy: "choose one of " + formatList(Formats())}
	if format == FormatParquet {
		e.Problem = "is a Parquet file, which this program was built without"
		e.Remedy = "convert it to JSON lines; in Go, pass parquet.Decoder of package dataset/parquet in Options.Decoders"
	}
	return nil, e
}

func formatList(formats []Format) string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}
