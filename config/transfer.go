package config

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
)

// exportFormat is the version of the file that [Export] writes, which is
// specified in docs/formats/export.md.
const exportFormat = 1

// exportHeader is the first line of an exported run.
type exportHeader struct {
	Format  int               `json:"gepa_run"`
	Records int               `json:"records"`
	Meta    map[string]string `json:"meta"`
	// Files are those of the run's folder that a resumption needs, by name.
	Files map[string]string `json:"files,omitempty"`
}

// exportLine is every further line.
type exportLine struct {
	Seq  int             `json:"seq"`
	Kind string          `json:"kind"`
	Key  string          `json:"key,omitempty"`
	At   string          `json:"at"`
	Data json.RawMessage `json:"data"`
}

// carried are the files that an export takes along.
func carried() []string { return []string{PricesFile, StartFile} }

// Export writes the run kept in a folder as JSON lines: all that is needed to
// show it and to go on with it elsewhere. The run may be at work; what it has
// done by now is written. Exports of the same journal are equal bytes.
func Export(ctx context.Context, dir string, w io.Writer) (err error) {
	j, err := store.OpenReadOnly(ctx, filepath.Join(dir, JournalFile))
	if err != nil {
		return unreadable(dir, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	head := exportHeader{Format: exportFormat, Files: map[string]string{}}
	if head.Meta, err = j.Meta(ctx); err != nil {
		return unreadable(dir, err)
	}
	if head.Records, err = j.Len(ctx); err != nil {
		return unreadable(dir, err)
	}
	for _, name := range carried() {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("export %s: %w", dir, err)
		}
		head.Files[name] = string(data)
	}
	if err := writeLine(w, head); err != nil {
		return fmt.Errorf("export %s: %w", dir, err)
	}
	seq := 0
	for rec, err := range j.Records(ctx) {
		if err != nil {
			return unreadable(dir, err)
		}
		if seq++; seq > head.Records {
			break // appended since
		}
		line := exportLine{seq, rec.Kind, rec.Key, rec.At.UTC().Format(time.RFC3339Nano), rec.Data}
		if err := writeLine(w, line); err != nil {
			return fmt.Errorf("export %s: %w", dir, err)
		}
	}
	return nil
}

// writeLine writes a value as one line of JSON.
func writeLine(w io.Writer, value any) error {
	raw, err := gepa.EncodeValue(value)
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// importBatch is how many records are appended at once.
const importBatch = 256

// Import makes the folder dir with the run that an export holds. Every line is
// checked; an error names the one that is wrong, and then there is no folder.
// Name is the file's, for errors, which match ErrUsage where the file or the
// folder is at fault.
func Import(ctx context.Context, name string, r io.Reader, dir string) (err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return usagef("%s is there already and not empty; give the run a folder of its own", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s: %w", dir, plain(err))
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // as the user's umask says
		return usagef("%s: cannot make the folder: %w", dir, plain(err))
	}
	temporary, err := os.MkdirTemp(parent, ".gepa-import-*")
	if err != nil {
		return usagef("%s: cannot write into %s: %w", dir, parent, plain(err))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	if err := importInto(ctx, name, r, temporary); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return usagef("%s: %w", dir, plain(err))
	}
	return os.Rename(temporary, dir)
}

func importInto(ctx context.Context, name string, r io.Reader, dir string) (err error) {
	in := &importer{name: name, lines: bufio.NewReaderSize(r, 1<<16), state: gepa.NewState(), results: map[string]int{}}
	head, err := in.header()
	if err != nil {
		return err
	}
	for file, text := range head.Files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			return fmt.Errorf("import %s: %w", name, err)
		}
	}
	j, err := store.Create(ctx, filepath.Join(dir, JournalFile))
	if err != nil {
		return fmt.Errorf("import %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	if err := j.SetMeta(ctx, head.Meta); err != nil {
		return usagef("%s:1: %w", name, err)
	}
	for left := head.Records; left > 0; {
		var batch []gepa.Record
		for len(batch) < min(importBatch, left) {
			rec, err := in.record(left - len(batch))
			if err != nil {
				return err
			}
			batch = append(batch, rec)
		}
		if err := j.Append(ctx, batch...); err != nil {
			return fmt.Errorf("import %s: %w", name, err)
		}
		left -= len(batch)
	}
	if _, err := in.next(); !errors.Is(err, io.EOF) {
		return in.wrong("there is more than the %d records that line 1 promises", head.Records)
	}
	return nil
}

// importer reads an exported run and checks it.
type importer struct {
	name    string
	lines   *bufio.Reader
	line    int // the number of the one read last
	seq     int
	state   *gepa.State
	results map[string]int // lines of results, by kind and key
}

func (in *importer) wrong(format string, args ...any) error {
	return usagef("%s:%d: %w", in.name, in.line, fmt.Errorf(format, args...))
}

// next returns the next line, without its end, or [io.EOF].
func (in *importer) next() ([]byte, error) {
	line, err := in.lines.ReadBytes('\n')
	if len(line) > 0 || !errors.Is(err, io.EOF) {
		in.line++
	}
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read %s: %w", in.name, err)
	}
	return bytes.TrimSuffix(line, []byte("\n")), nil
}

func (in *importer) header() (head exportHeader, err error) {
	line, err := in.next()
	if errors.Is(err, io.EOF) {
		return head, usagef("%s: the file is empty", in.name)
	}
	if err != nil {
		return head, err
	}
	var version struct {
		Format int `json:"gepa_run"`
	}
	if err := json.Unmarshal(line, &version); err != nil || version.Format == 0 {
		return head, in.wrong("this is no exported run: its first line would begin with {\"gepa_run\":")
	}
	if version.Format != exportFormat {
		return head, in.wrong("the file has format %d and this program knows format %d; update gepa", version.Format, exportFormat)
	}
	if err := strict(line, &head); err != nil {
		return head, in.wrong("%w", err)
	}
	for name := range head.Files {
		if !slices.Contains(carried(), name) {
			return head, in.wrong("no run's folder has a file %q that is carried along", name)
		}
	}
	if head.Records < 0 {
		return head, in.wrong("%d records", head.Records)
	}
	return head, nil
}

// record returns the next record; so many are to come.
func (in *importer) record(left int) (rec gepa.Record, err error) {
	line, err := in.next()
	if errors.Is(err, io.EOF) {
		return rec, usagef("%s: the file ends after line %d with %d records missing: it was cut off; export the run again", in.name, in.line, left)
	}
	if err != nil {
		return rec, err
	}
	var l exportLine
	if err := strict(line, &l); err != nil {
		return rec, in.wrong("%w", err)
	}
	if in.seq++; l.Seq != in.seq {
		return rec, in.wrong("field seq is %d, want %d: a line is missing or out of place", l.Seq, in.seq)
	}
	at, err := time.Parse(time.RFC3339Nano, l.At)
	if err != nil {
		return rec, in.wrong("field at is %q, want a time such as 2026-01-02T15:04:05Z", l.At)
	}
	rec = gepa.Record{Kind: l.Kind, Key: l.Key, Data: l.Data, At: at}
	if err := rec.Validate(); err != nil {
		return rec, in.wrong("%w", err)
	}
	if rec.Key != "" {
		id := rec.Kind + "\x00" + rec.Key
		if first, twice := in.results[id]; twice {
			return rec, in.wrong("the %s is in line %d already", rec.Kind, first)
		}
		in.results[id] = in.line
	}
	event, err := gepa.DecodeRecord(rec)
	if err != nil {
		return rec, in.wrong("%w", err)
	}
	if err := in.state.Apply(event); err != nil {
		return rec, in.wrong("%w", err)
	}
	return rec, nil
}

// strict decodes a line that must be one JSON value without unknown fields.
func strict(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return errors.New("the line is cut off")
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the JSON value")
	}
	return nil
}
