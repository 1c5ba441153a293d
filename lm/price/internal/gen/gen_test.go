package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/price"
)

const catalogue = `{
  "sample_spec": {"litellm_provider": "one of …", "mode": "chat", "max_input_tokens": "a number"},
  "gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 4e-07, "output_cost_per_token": 1.6e-06,
    "cache_read_input_token_cost": 1e-07, "output_cost_per_reasoning_token": 1.6e-06, "max_input_tokens": 1e6, "max_output_tokens": 32768},
  "gpt-x-audio": {"litellm_provider": "openai", "mode": "audio_speech", "input_cost_per_token": 4e-07, "output_cost_per_token": 1.6e-06},
  "ft:gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 4e-07, "output_cost_per_token": 1.6e-06},
  "claude-x": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 3.75e-08, "output_cost_per_token": 1.5e-07,
    "cache_creation_input_token_cost": 0.0},
  "gemini/pro-x": {"litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
    "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05,
    "input_cost_per_token_above_400k_tokens": 5e-06, "input_cost_per_token_above_200k_tokens_batches": 9e-06,
    "cache_read_input_token_cost_above_200k_tokens": 2.5e-07},
  "azure/eu/gpt-x": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 4e-07, "output_cost_per_token": 1.6e-06},
  "together-ai-up-to-4b": {"litellm_provider": "together_ai", "mode": "chat", "input_cost_per_token": 1e-07, "output_cost_per_token": 1e-07},
  "together_ai/a/b": {"litellm_provider": "together_ai", "mode": "chat", "input_cost_per_token": 1e-07, "output_cost_per_token": 1e-07},
  "groq/free": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
  "groq/slip": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 2e-07, "output_cost_per_token": 6e-06},
  "bedrock/x": {"litellm_provider": "bedrock", "mode": "chat", "input_cost_per_token": 1e-07, "output_cost_per_token": 1e-07}
}`

func TestReadCatalogue(t *testing.T) {
	got, odd, err := readCatalogue([]byte(catalogue))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]lm.Price{
		"openai/gpt-x":       {Input: 400_000, Output: 1_600_000, CacheRead: new(int64(100_000)), MaxInput: 1_000_000, MaxOutput: 32768},
		"anthropic/claude-x": {Input: 37_500, Output: 150_000},
		"gemini/pro-x": {Input: 1_250_000, Output: 10_000_000, Long: &lm.LongPrice{
			// The dearer step, from where the first begins.
			Above: 200_000, Input: 5_000_000, Output: 10_000_000,
		}},
		"together/a/b": {Input: 100_000, Output: 100_000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"groq/slip"}, odd); diff != "" {
		t.Errorf("odd (-want +got):\n%s", diff)
	}
}

func TestReadCatalogueErrors(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "read the catalogue",
		`{"x": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 1.23456789e-07, "output_cost_per_token": 1}}`:              "no whole number",
		`{"x": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": -1e-07, "output_cost_per_token": 1}}`:                      "no whole number",
		`{"x": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": "free", "output_cost_per_token": 1}}`:                      `read "x"`,
		`{"x": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 1, "output_cost_per_token": 1, "max_output_tokens": 0.5}}`: "no number of tokens",
	} {
		if _, _, err := readCatalogue([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Every whole number of units survives the way through dollars per token, in
// plain and in scientific notation.
func TestUnitsAreExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.Int64Range(0, 1e12).Draw(rt, "price")
		plain := fmt.Sprintf("0.%012d", want)
		if want == 1e12 {
			plain = "1.0"
		}
		for _, written := range []string{fmt.Sprintf("%de-12", want), plain} {
			if got, err := units(json.Number(written)); err != nil || got != want {
				rt.Fatalf("units(%s) = %d, %v, want %d", written, got, err, want)
			}
		}
	})
}

// The files that are there are in the usual form: nothing changes without a
// catalogue, and what is kept is not in the way of one.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	copied := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if err == nil {
			err = os.WriteFile(path(name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	before := copied("prices.json")
	copied("kept.json")
	if err := run(path("prices.json"), path("kept.json"), "", nil); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path("prices.json"))
	if err != nil || !bytes.Equal(after, before) {
		t.Errorf("the table changes when it is written anew (%v)", err)
	}
	newer := `{"gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-07, "output_cost_per_token": 1.6e-06},
		"openrouter/openai/gpt-4o-mini": {"litellm_provider": "openrouter", "mode": "chat", "input_cost_per_token": 1e-07, "output_cost_per_token": 1e-06}}`
	for name, text := range map[string]string{"old.json": catalogue, "new.json": newer} {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(path("prices.json"), path("kept.json"), "2026-11-23", []string{"2.0=" + path("new.json"), "1.0=" + path("old.json")}); err != nil {
		t.Fatal(err)
	}
	table, err := price.Load(path("prices.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"openai/gpt-x": 300_000, "anthropic/claude-x": 37_500, "openrouter/openai/gpt-4o-mini": 100_000, "anthropic/claude-3-haiku": 250_000} {
		if p, ok := table.Lookup(name); !ok || p.Input != want {
			t.Errorf("%s costs %d, want %d", name, p.Input, want)
		}
	}
	if !strings.Contains(table.Source, "LiteLLM 2.0; models that it dropped, from 1.0;") || table.Date != "2026-11-23" || len(table.Free) == 0 {
		t.Errorf("table of %s from %q, free %v", table.Date, table.Source, table.Free)
	}
	for _, wrong := range [][]string{{"2.0"}, {"2.0=" + path("none")}} {
		if err := run(path("prices.json"), path("kept.json"), "2026-11-23", wrong); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
	if err := run(path("prices.json"), path("kept.json"), "", []string{"2.0=" + path("new.json")}); err == nil {
		t.Error("a catalogue without a date was taken")
	}
}
