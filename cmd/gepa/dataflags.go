package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset"
)

// dataFlags are the flags that say how files of examples are read, and how many
// of them.
type dataFlags struct {
	reading config.Reading
	limit   int
	seed    uint64
}

func (d *dataFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	addReading(f, &d.reading)
	f.Var(number{&d.limit, 1}, "limit", "stop after so many examples")
	f.Uint64Var(&d.seed, "seed", 0, "seed of the sample")
}

// addReading adds the flags that say how files of examples are read.
func addReading(f *pflag.FlagSet, r *config.Reading) {
	f.StringVar(&r.Format, "format", "", "format of the files: jsonl, json, csv, tsv or parquet\n(what their content and extension say)")
	f.StringVar(&r.Form, "form", "", "form of the examples: fields, or hotpotqa")
	f.StringVar(&r.Key, "key", "", "where the list of examples stands in a JSON document: a field or a /path")
	f.StringVar(&r.Separator, "separator", "", "character between the cells of CSV (,)")
	f.StringSliceVar(&r.Columns, "columns", nil, "names of the columns of CSV without a header")
	f.Var(columnTypes{&r.Types}, "type", "types of CSV columns: COLUMN=number, boolean, json or string")
	f.StringVar(&r.ID, "id", "", "field that holds the id (id or _id, else made of the content)")
	f.StringSliceVar(&r.Inputs, "inputs", nil, "fields that the program sees: NAME, NEW=OLD or NEW=/path/to/value\n(all that are no labels)")
	f.StringSliceVar(&r.Labels, "labels", nil, "fields that only metrics see, in the same way\n(the rest, or those with names such as answer)")
	f.StringVar(&r.Where, "where", "", "keep the rows for which this expression is true, for instance 'level == \"hard\"'")
	f.BoolVar(&r.Dedupe, "dedupe", false, "drop examples whose content an earlier one has")
	f.Var(number{&r.Sample, 1}, "sample", "draw so many of the examples by the seed")
}

// columnTypes is a flag for types of columns; several may be given, also with
// commas between them.
type columnTypes struct{ into *map[string]string }

func (c columnTypes) String() string { return "" }
func (c columnTypes) Type() string   { return "COLUMN=TYPE" }

func (c columnTypes) Set(text string) error {
	for t := range strings.SplitSeq(text, ",") {
		column, kind, ok := strings.Cut(t, "=")
		if !ok {
			return errors.New("want COLUMN=TYPE, for instance price=number")
		}
		if *c.into == nil {
			*c.into = map[string]string{}
		}
		(*c.into)[column] = kind
	}
	return nil
}

// load reads files, or standard input, into one list.
func (d *dataFlags) load(paths []string, stdin io.Reader) (dataset.Loaded, error) {
	opts := d.reading.Options(d.seed)
	opts.Limit, opts.Stdin = d.limit, stdin
	loaded, err := dataset.LoadFiles(paths, opts)
	if err != nil {
		return loaded, usagef("%v", err)
	}
	return loaded, nil
}

// sets reads a set for each argument, [NAME=]FILE.
func (d *dataFlags) sets(args []string, stdin io.Reader) ([]dataset.Set, error) {
	var sets []dataset.Set
	names := map[string]bool{}
	for _, arg := range args {
		name, path, named := strings.Cut(arg, "=")
		if !named {
			path = arg
			name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			if names[name] {
				name = path
			}
		}
		if names[name] {
			return nil, usagef("two sets are called %q: name them apart, as in train=FILE", name)
		}
		names[name] = true
		loaded, err := d.load([]string{path}, stdin)
		if err != nil {
			return nil, err
		}
		sets = append(sets, dataset.Set{Name: name, Examples: loaded.Examples})
	}
	return sets, nil
}

// files refuses a command line without a file.
func files(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s takes one or more files, or - for standard input; see %s --help", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

// counted describes what was read.
func counted(l dataset.Loaded) string {
	parts := []string{fmt.Sprintf("%d examples of %d rows in %s", len(l.Examples), l.Rows, strings.Join(l.Files, ", "))}
	for _, part := range []struct {
		n    int
		what string
	}{{l.Filtered, "left out by --where"}, {l.Repeated, "repeated"}, {l.Unsampled, "not drawn"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return strings.Join(parts, "; ")
}
