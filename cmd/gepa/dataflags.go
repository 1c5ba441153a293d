package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset"
)

// dataFlags are the flags that say how files of examples are read.
type dataFlags struct {
	opts         dataset.Options
	format, form string
	types        []string
}

func (d *dataFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&d.format, "format", "", "format of the files: jsonl, json, csv, tsv or parquet\n(what their content and extension say)")
	f.StringVar(&d.form, "form", "", "form of the examples: fields, or hotpotqa")
	f.StringVar(&d.opts.Key, "key", "", "where the list of examples stands in a JSON document: a field or a /path")
	f.StringVar(&d.opts.Separator, "separator", "", "character between the cells of CSV (,)")
	f.StringSliceVar(&d.opts.Columns, "columns", nil, "names of the columns of CSV without a header")
	f.StringSliceVar(&d.types, "type", nil, "types of CSV columns: COLUMN=number, boolean, json or string")
	f.StringVar(&d.opts.ID, "id", "", "field that holds the id (id or _id, else made of the content)")
	f.StringSliceVar(&d.opts.Inputs, "inputs", nil, "fields that the program sees: NAME, NEW=OLD or NEW=/path/to/value\n(all that are no labels)")
	f.StringSliceVar(&d.opts.Labels, "labels", nil, "fields that only metrics see, in the same way\n(the rest, or those with names such as answer)")
	f.StringVar(&d.opts.Where, "where", "", "keep the rows for which this expression is true, for instance 'level == \"hard\"'")
	f.BoolVar(&d.opts.Dedupe, "dedupe", false, "drop examples whose content an earlier one has")
	f.Var(number{&d.opts.Limit, 1}, "limit", "stop after so many examples")
	f.Var(number{&d.opts.Sample, 1}, "sample", "draw so many of the examples by --seed")
	f.Uint64Var(&d.opts.Seed, "seed", 0, "seed of the sample")
}

// load reads files, or standard input, into one list.
func (d *dataFlags) load(paths []string, stdin io.Reader) (dataset.Loaded, error) {
	opts := d.opts
	opts.Format, opts.Form, opts.Decoders, opts.Stdin = dataset.Format(d.format), dataset.Form(d.form), config.Decoders(), stdin
	for _, t := range d.types {
		column, kind, ok := strings.Cut(t, "=")
		if !ok {
			return dataset.Loaded{}, usagef("--type %s: want COLUMN=TYPE, for instance price=number", t)
		}
		if opts.Types == nil {
			opts.Types = map[string]dataset.Type{}
		}
		opts.Types[column] = dataset.Type(kind)
	}
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
