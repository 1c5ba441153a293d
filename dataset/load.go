package dataset

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
)

// Load reads the examples of one file: JSON lines, a JSON document, CSV, TSV,
// or what opts.Decoders can read; "-" is standard input. Text is in UTF-8 with
// or without byte order mark; lines may be of any length, and blank ones are
// skipped. A text file is held in memory while it is read; a [Decoder] sees to
// its own.
//
// Values keep their shape, number literals and key order; only spacing and
// the spelling of strings are made uniform, so that equal content has an equal
// [gepa.Example.Hash].
//
// A file without examples, an object that lacks a field it needs, and an id
// that occurs twice are errors, as is content that occurs twice where ids are
// derived from it. All errors are of type [*Error], save those about opts.
func Load(path string, opts Options) ([]gepa.Example, error) {
	loaded, err := load([]string{path}, opts)
	return loaded.Examples, err
}

// Loaded is what [LoadFiles] read.
type Loaded struct {
	Examples []gepa.Example
	// Files are the files, in the order in which they were read.
	Files []string
	// Rows is the number of objects read, Filtered the number of those that
	// Options.Where left out, Repeated that of those that Options.Dedupe
	// dropped, and Unsampled that of those that Options.Sample did not draw.
	Rows, Filtered, Repeated, Unsampled int
}

// LoadFiles is [Load] for several files, whose examples follow each other. A
// path may be a pattern (see [path/filepath.Match]), which stands for the
// files that match, by name; one that matches none is an error, and so is a
// file named twice.
func LoadFiles(paths []string, opts Options) (Loaded, error) {
	var files []string
	for _, path := range paths {
		matches, err := expand(path)
		if err != nil {
			return Loaded{}, err
		}
		for _, file := range matches {
			if slices.Contains(files, file) {
				return Loaded{}, &Error{File: file, Problem: "is named twice", Remedy: "name every file once"}
			}
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return Loaded{}, errors.New("dataset: no file is named: give at least one")
	}
	return load(files, opts)
}

// expand returns the files that a path stands for.
func expand(path string) ([]string, error) {
	if _, err := os.Lstat(path); err == nil || !strings.ContainsAny(path, "*?[") {
		return []string{path}, nil
	}
	matches, err := filepath.Glob(path)
	if err != nil {
		return nil, &Error{File: path, Problem: "is no valid pattern: " + err.Error(), Remedy: "close its brackets", Err: err}
	}
	if len(matches) == 0 {
		return nil, &Error{File: path, Problem: "matches no file", Remedy: "check the pattern", Err: fs.ErrNotExist}
	}
	return matches, nil
}

// Read is [Load] for content that is no file; name stands for it in errors,
// and its extension says the format where the content does not.
func Read(r io.Reader, name string, opts Options) ([]gepa.Example, error) {
	p, err := opts.plan()
	if err != nil {
		return nil, err
	}
	c := newCollector(p)
	if err := c.read(r, name); err != nil {
		return nil, err
	}
	loaded, err := c.loaded([]string{name})
	return loaded.Examples, err
}

func load(files []string, opts Options) (Loaded, error) {
	p, err := opts.plan()
	if err != nil {
		return Loaded{}, err
	}
	c := newCollector(p)
	for _, file := range files {
		if err := c.file(file); err != nil {
			return Loaded{}, err
		}
		if c.full() {
			break
		}
	}
	return c.loaded(files)
}

// file reads one file.
func (c *collector) file(path string) (err error) {
	if path == "-" {
		stdin := c.Stdin
		if stdin == nil {
			stdin = os.Stdin
		}
		return c.read(stdin, "standard input")
	}
	f, err := os.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return unreadable(path, err)
	}
	if info.IsDir() {
		return &Error{File: path, Problem: "is a folder", Remedy: "name the files in it, for instance " + filepath.Join(path, "*.jsonl")}
	}
	if !info.Mode().IsRegular() {
		return c.read(f, path) // a pipe, which has no size and cannot be read twice
	}
	return c.readAt(File{ReaderAt: f, Size: info.Size()}, path)
}

func unreadable(path string, err error) error {
	e := &Error{File: path, Problem: "cannot be read: " + err.Error(), Remedy: "check that it is a file you may read", Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		e.Problem, e.Remedy = "no such file", "check the path"
	}
	return e
}

// read reads what cannot be read at a place.
func (c *collector) read(r io.Reader, name string) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return &Error{File: name, Problem: "cannot be read: " + err.Error(), Remedy: "try again", Err: err}
	}
	return c.readAt(File{ReaderAt: bytes.NewReader(data), Size: int64(len(data))}, name)
}

func (c *collector) readAt(f File, name string) error {
	rows, err := c.rows(f, name)
	if err != nil {
		return err
	}
	for r, err := range rows {
		if err != nil {
			return err
		}
		if err := c.add(&r); err != nil {
			return err
		}
		if c.full() {
			break
		}
	}
	return nil
}

// rows yields the rows of a file.
func (c *collector) rows(f File, name string) (iter.Seq2[row, error], error) {
	beginning := make([]byte, min(512, f.Size))
	if _, err := f.ReadAt(beginning, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(name, err)
	}
	format := c.format(name, beginning)
	if format == FormatCSV || format == FormatTSV || format == FormatJSON || format == FormatJSONL || format == "" {
		data := make([]byte, f.Size)
		if _, err := f.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
			return nil, unreadable(name, err)
		}
		return c.text(name, data, format)
	}
	decoder, err := c.decoder(name, format)
	if err != nil {
		return nil, err
	}
	return decoded(decoder, f, name), nil
}

// text yields the rows of a text file.
func (c *collector) text(name string, data []byte, format Format) (iter.Seq2[row, error], error) {
	src, err := newSource(name, data)
	if err != nil {
		return nil, err
	}
	switch format {
	case FormatCSV:
		return src.csv(c.Options, c.comma), nil
	case FormatTSV:
		comma := c.comma
		if c.Separator == "" {
			comma = '\t'
		}
		return src.csv(c.Options, comma), nil
	default:
		return src.json(c.Key), nil
	}
}

// decoded yields the rows of a decoder, whose errors it completes.
func decoded(decoder Decoder, f File, name string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		number := 0
		for r, err := range decoder.Rows(f) {
			if err != nil {
				e := &Error{File: name, Problem: err.Error(), Remedy: "write the file anew, or convert it to JSON lines", Err: err}
				if own, ok := errors.AsType[*Error](err); ok {
					e = own
					e.File = name
				}
				yield(row{}, e)
				return
			}
			number++
			if !yield(row{name: name, number: r.Number, fields: r.Fields}, nil) {
				return
			}
		}
		if number == 0 {
			yield(row{}, &Error{File: name, Problem: "holds no example: it has no rows", Remedy: "give a file with rows"})
		}
	}
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
