package price_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/price"
)

func TestDefaultTable(t *testing.T) {
	table := price.Default()
	if len(table.Names()) < 800 || table.Source == "" {
		t.Fatalf("the table has %d models from %q", len(table.Names()), table.Source)
	}
	for _, name := range table.Names() {
		p := table.Models[name]
		// A slipped decimal point would be the worst that can happen here.
		if p.Input < 10_000 || p.Input > 100_000_000 || p.Output < p.Input || p.Output > 20*p.Input {
			t.Errorf("%s: input %d and output %d are not prices that anybody asks", name, p.Input, p.Output)
		}
		if p.CacheRead != nil && *p.CacheRead >= p.Input {
			t.Errorf("%s: reading from the cache costs %d, as much as not", name, *p.CacheRead)
		}
	}
}

func TestLookup(t *testing.T) {
	table := price.Default()
	table.Models["openai/gpt-4.1-mini-2099-01-01"] = lm.Price{Input: 7}
	for name, want := range map[string]int64{
		"openai/gpt-4.1-mini":                                 400_000,
		"openai/gpt-4.1-mini-2025-04-14":                      400_000,
		"openai/gpt-4.1-mini-2099-01-01":                      7,
		"openai/gpt-4o-2024-05-13":                            5_000_000,
		"openai/gpt-4o-2024-08-06":                            2_500_000,
		"anthropic/claude-sonnet-4-20250514":                  3_000_000,
		"anthropic/claude-3-5-haiku-latest":                   800_000,
		"google/gemini-2.5-flash-lite":                        100_000,
		"openrouter/google/gemini-2.5-flash-lite":             100_000,
		"together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo": 1_040_000,
		"ollama/llama3.2":                                     0,
		"vllm/anything/at-all":                                0,
		"sim":                                                 0,
		"openrouter/meta-llama/llama-3.3-70b:free":            0,
		"openai/gpt-4.1-mini-2025-99-99":                      -1,
		"openai/gpt-4.1-mini-turbo":                           -1,
		"openai/gpt-99":                                       -1,
		"openai-compatible/my-model":                          -1,
		"gpt-4.1-mini":                                        -1,
		"":                                                    -1,
		"openrouter/google/gemini-2.5-flash-lite-preview-2025-09-01": -1,
	} {
		p, ok := table.Lookup(name)
		if !ok {
			p.Input = -1
		}
		if p.Input != want {
			t.Errorf("Lookup(%q) = %d, want %d", name, p.Input, want)
		}
	}
}

func TestOverrideAndFreeze(t *testing.T) {
	own, err := price.Parse("own", []byte(`{"date":"2026-02-03","free":["lan"],"models":{"openai/gpt-4.1":{"input":1,"output":2},"x/y":{"input":3,"output":4,"cache_read":0}}}`))
	if err != nil {
		t.Fatal(err)
	}
	table := price.Default().Override(own)
	frozen := table.Only("x/y", "openai/gpt-4.1", "lan/z", "openai/gpt-99", "sim")
	raw, err := json.Marshal(frozen)
	if err != nil {
		t.Fatal(err)
	}
	again, err := price.Parse("frozen", raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(frozen, again); diff != "" {
		t.Errorf("a frozen table changes when it is stored: %s", diff)
	}
	if len(frozen.Models) != 2 || !strings.Contains(frozen.Source, price.Default().Date) || frozen.Date != "2026-02-03" {
		t.Errorf("frozen = %+v", frozen)
	}
	for name, want := range map[string]int64{"x/y": 3, "openai/gpt-4.1": 1, "lan/other": 0} {
		if p, ok := again.Lookup(name); !ok || p.Input != want {
			t.Errorf("%s costs %v, %v; want %d", name, p, ok, want)
		}
	}
	if _, ok := price.Default().Lookup("x/y"); ok {
		t.Error("the embedded table was changed")
	}
	if got := (price.Table{}).Override(own); got.Date != own.Date || len(got.Models) != 2 {
		t.Errorf("an empty table overridden = %+v", got)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		``: "EOF",
		`{"date":"2026-01-01","models":{"a/b":{"input":0.1,"output":1}}}`: "whole numbers",
		"{\"date\":\"2026-01-01\",\n\"modles\":{}}":                       "line 2",
		`{"date":"yesterday","models":{"a/b":{"input":1,"output":1}}}`:    "date is",
		`{"date":"2026-01-01","models":{"ab":{"input":1,"output":1}}}`:    `"ab" is not provider/model`,
		`{"date":"2026-01-01","models":{"a/b":{"input":1,"output":-1}}}`:  `"a/b": output is -1`,
		`{"date":"2026-01-01","models":{}} {}`:                            "after the table",
	} {
		path := filepath.Join(t.TempDir(), "prices.json")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := price.Load(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and the path", text, err, want)
		}
	}
	if _, err := price.Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file was read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"date":"2026-02-03","free":["lan"],"models":{"x/y":{"input":3,"output":4,"cache_read":0}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := price.Parse("fuzz", data)
		if err != nil {
			return
		}
		raw, err := json.Marshal(table)
		if err != nil {
			t.Fatal(err)
		}
		again, err := price.Parse("again", raw)
		if err != nil || cmp.Diff(table, again) != "" && len(table.Free) > 0 {
			t.Fatalf("%s was read, stored, and then: %v", data, err)
		}
	})
}
