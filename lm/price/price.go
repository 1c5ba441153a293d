// Package price knows what models cost: a table of published prices, dated and
// embedded, that a user's own file overrides and a run keeps a frozen copy of.
package price

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa/lm"
)

//go:generate go run ./internal/gen

//go:embed prices.json
var embedded []byte

// A Table maps models to prices. The zero value knows none.
type Table struct {
	// Date is the day, as 2006-01-02, on which the prices were as they stand.
	Date string `json:"date"`
	// Source says where they come from.
	Source string `json:"source,omitempty"`
	// Free names the providers (the first part of a model's name) whose models
	// cost nothing: servers on the user's own machines.
	Free []string `json:"free,omitempty"`
	// Models are the prices by full name, provider first.
	Models map[string]lm.Price `json:"models"`
}

// Default returns the embedded table. The caller may change it.
func Default() Table {
	t, err := Parse("embedded price table", embedded)
	if err != nil {
		panic(err) // a test parses it
	}
	return t
}

// Load reads a table from a file in the form of docs/formats/prices.md.
func Load(path string) (Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Table{}, fmt.Errorf("price table: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a table. The name is for errors, which say what is wrong and
// with which model.
func Parse(name string, data []byte) (Table, error) {
	var t Table
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		line := 1 + bytes.Count(data[:min(d.InputOffset(), int64(len(data)))], []byte("\n"))
		return Table{}, fmt.Errorf("price table %s, line %d: %w (prices are whole numbers: millionths of a dollar per million tokens, so that $0.10 per million is 100000)", name, line, err)
	}
	if d.More() {
		return Table{}, fmt.Errorf("price table %s: there is something after the table; remove it", name)
	}
	if err := t.validate(); err != nil {
		return Table{}, fmt.Errorf("price table %s: %w", name, err)
	}
	return t, nil
}

func (t Table) validate() error {
	var errs []error
	if _, err := time.Parse(time.DateOnly, t.Date); err != nil {
		errs = append(errs, fmt.Errorf("date is %q, want the day of the prices, such as \"2026-01-31\"", t.Date))
	}
	for _, name := range slices.Sorted(maps.Keys(t.Models)) {
		if provider, model := lm.ParseName(name); provider == "" || model == "" {
			errs = append(errs, fmt.Errorf("models: %q is not provider/model", name))
		}
		p := t.Models[name]
		var long lm.LongPrice
		if p.Long != nil {
			long = *p.Long
		}
		for _, price := range []struct {
			field string
			value int64
		}{
			{"input", p.Input},
			{"output", p.Output},
			{"cache_read", deref(p.CacheRead)},
			{"cache_write", deref(p.CacheWrite)},
			{"reasoning", deref(p.Reasoning)},
			{"max_input", p.MaxInput},
			{"max_output", p.MaxOutput},
			{"long: above", long.Above},
			{"long: input", long.Input},
			{"long: output", long.Output},
			{"long: cache_read", deref(long.CacheRead)},
			{"long: cache_write", deref(long.CacheWrite)},
		} {
			if price.value < 0 {
				errs = append(errs, fmt.Errorf("models: %q: %s is %d, want 0 or more", name, price.field, price.value))
			}
		}
	}
	return errors.Join(errs...)
}

func deref(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}

// Override returns the table with another's entries in place of its own. Its
// date and source are the other's, noted beside the table's own.
func (t Table) Override(by Table) Table {
	out := Table{Date: by.Date, Source: t.Source, Models: maps.Clone(t.Models)}
	if out.Models == nil {
		out.Models = map[string]lm.Price{}
	}
	maps.Copy(out.Models, by.Models)
	out.Free = slices.Compact(slices.Sorted(slices.Values(slices.Concat(t.Free, by.Free))))
	if t.Date != "" {
		out.Source = fmt.Sprintf("%s (%s), overridden by %s", t.Source, t.Date, orUnnamed(by.Source))
	} else {
		out.Source = by.Source
	}
	return out
}

func orUnnamed(source string) string {
	if source == "" {
		return "the user's own table"
	}
	return source
}

// Only returns the table with nothing but the given models, for keeping with a
// run: the prices that the run was planned with. Models that cost nothing by
// their names stay known.
func (t Table) Only(models ...string) Table {
	out := Table{Date: t.Date, Source: t.Source, Free: slices.Clone(t.Free), Models: map[string]lm.Price{}}
	for _, name := range models {
		if p, ok := t.Lookup(name); ok && p != (lm.Price{}) {
			out.Models[canonical(name)] = p
		}
	}
	return out
}

// alias returns the name that the table has for a provider.
func alias(provider string) string {
	switch provider {
	case "together_ai":
		return "together"
	case "google", "google_ai_studio":
		return "gemini"
	}
	return provider
}

// canonical returns a model's name with its provider's name in the table.
func canonical(name string) string {
	provider, model := lm.ParseName(name)
	if provider == "" {
		return model
	}
	return alias(provider) + "/" + model
}

// Lookup returns the price of a model, named as users write it. It reports
// false where the price is not known; a price is never guessed from a similar
// name, but a dated version of a model ("openai/gpt-4.1-mini-2025-04-14",
// "anthropic/claude-sonnet-4-20250514") has the price of the model where it has
// none of its own.
func (t Table) Lookup(model string) (lm.Price, bool) {
	name := canonical(model)
	provider, rest := lm.ParseName(name)
	if provider == "" {
		provider = rest // "sim"
	}
	if p, ok := t.Models[name]; ok {
		return p, true
	}
	if slices.Contains(t.Free, provider) || (provider == "openrouter" && strings.HasSuffix(rest, ":free")) {
		return lm.Price{}, true
	}
	if undated := withoutDate(name); undated != name {
		p, ok := t.Models[undated]
		return p, ok
	}
	return lm.Price{}, false
}

// withoutDate cuts "-2025-04-14" or "-20250414" off the end of a name.
func withoutDate(name string) string {
	for _, layout := range []string{"-2006-01-02", "-20060102"} {
		cut := len(name) - len(layout)
		if cut <= 0 {
			continue
		}
		if _, err := time.Parse(layout, name[cut:]); err == nil {
			return name[:cut]
		}
	}
	return strings.TrimSuffix(name, "-latest")
}

// Names returns the models with a price, ascending.
func (t Table) Names() []string { return slices.Sorted(maps.Keys(t.Models)) }
