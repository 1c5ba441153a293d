// Command gen writes lm/price/prices.json, the embedded price table.
//
//	go run ./internal/gen -date 2026-11-23 1.109.1=new.json 1.94.3=old.json
//
// Each argument is a version of LiteLLM and the file of prices that this
// version of its package holds (litellm/model_prices_and_context_window_backup.json,
// MIT licence). Of several the first that knows a model counts; the others are
// for models that have been dropped from the list since and may still be in
// use. What none of them knows and kept.json has is added last.
//
// Without arguments it writes the table that is there in its usual form, which
// changes nothing unless somebody edited it. That is what "go generate" does,
// so that it needs no file from elsewhere.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/lm/price"
)

func main() {
	date := flag.String("date", "", "day on which the first catalogue was the current one, such as 2026-01-31")
	out := flag.String("o", "prices.json", "file to write")
	kept := flag.String("kept", "kept.json", "file of prices that no catalogue has")
	flag.Parse()
	if err := run(*out, *kept, *date, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out, kept, date string, catalogues []string) error {
	table, err := price.Load(out)
	if len(catalogues) > 0 {
		table, err = merged(kept, date, catalogues)
	}
	if err != nil {
		return err
	}
	text, err := format(table)
	if err != nil {
		return err
	}
	if _, err := price.Parse(out, text); err != nil {
		return fmt.Errorf("what was generated is no table: %w", err)
	}
	return os.WriteFile(out, text, 0o644)
}

// merged returns the table of the catalogues and of what is kept.
func merged(kept, date string, catalogues []string) (price.Table, error) {
	if date == "" {
		return price.Table{}, errors.New("-date is missing")
	}
	table, err := price.Load(kept)
	if err != nil {
		return table, err
	}
	keptSource := table.Source
	var versions []string
	for _, given := range slices.Backward(catalogues) {
		version, path, ok := strings.Cut(given, "=")
		if !ok {
			return table, fmt.Errorf("%q is not VERSION=FILE", given)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return table, err
		}
		prices, odd, err := readCatalogue(data)
		if err != nil {
			return table, fmt.Errorf("%s: %w", path, err)
		}
		for _, name := range odd {
			fmt.Fprintf(os.Stderr, "gen: %s: %s is left out: its prices are not plausible\n", path, name)
		}
		maps.Copy(table.Models, prices)
		versions = append([]string{version}, versions...)
	}
	table.Date = date
	table.Source = "the list of model prices in LiteLLM " + versions[0]
	if len(versions) > 1 {
		table.Source += "; models that it dropped, from " + strings.Join(versions[1:], ", ")
	}
	table.Source += "; " + keptSource
	return table, nil
}

// format writes a table with one model a line, so that a change of prices is
// a change of lines.
func format(t price.Table) ([]byte, error) {
	var b bytes.Buffer
	free := make([]string, len(t.Free))
	for i, name := range t.Free {
		free[i] = fmt.Sprintf("%q", name)
	}
	fmt.Fprintf(&b, "{\n  \"date\": %q,\n  \"source\": %q,\n  \"free\": [%s],\n  \"models\": {", t.Date, t.Source, strings.Join(free, ", "))
	separator := "\n"
	for _, name := range t.Names() {
		line, err := json.Marshal(t.Models[name])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s    %q: %s", separator, name, line)
		separator = ",\n"
	}
	b.WriteString("\n  }\n}\n")
	return b.Bytes(), nil
}
