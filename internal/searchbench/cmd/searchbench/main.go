// Command searchbench compares search options on simulated landscapes and
// writes the tables of docs/search.md anew.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/gepa-go/gepa/internal/atomicfile"
	"github.com/gepa-go/gepa/internal/searchbench"
)

func main() {
	out := flag.String("o", "", "file whose tables, between their markers, are replaced; none: print them")
	seeds := flag.Int("seeds", 50, "runs of each setting on each family, for the bars")
	options := flag.Int("option-seeds", 20, "the same, where options are compared")
	only := flag.String("table", "", "make this table alone")
	flag.Parse()
	if err := run(*out, *seeds, *options, *only); err != nil {
		fmt.Fprintln(os.Stderr, "searchbench:", err)
		os.Exit(1)
	}
}

func run(out string, seeds, options int, only string) error {
	var doc []byte
	if out != "" {
		var err error
		if doc, err = os.ReadFile(out); err != nil {
			return err
		}
	}
	bars := &searchbench.Bench{Seeds: seeds, Clock: searchbench.BarClock()}
	rest := &searchbench.Bench{Seeds: options, Clock: searchbench.BarClock()}
	found := false
	for _, t := range searchbench.Tables() {
		if only != "" && t.Name != only {
			continue
		}
		found = true
		began := time.Now()
		var table bytes.Buffer
		if err := t.Write(&table, bars, rest); err != nil {
			return fmt.Errorf("table %q: %w", t.Name, err)
		}
		fmt.Fprintf(os.Stderr, "%-18s %s\n", t.Name, time.Since(began).Round(time.Second))
		if out == "" {
			fmt.Printf("%s\n\n%s\n", t.Name, table.Bytes())
			continue
		}
		var err error
		if doc, err = searchbench.Replace(doc, t.Name, table.Bytes()); err != nil {
			return fmt.Errorf("%s: %w", out, err)
		}
	}
	if !found {
		return fmt.Errorf("there is no table %q", only)
	}
	if out == "" {
		return nil
	}
	return atomicfile.Write(out, doc)
}
