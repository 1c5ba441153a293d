package lm_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/anthropic"
	"github.com/gepa-go/gepa/lm/gemini"
	"github.com/gepa-go/gepa/lm/openai"
)

var update = flag.Bool("update", false, "write the table of docs/providers.md anew")

const (
	providersFile = "../docs/providers.md"
	tableBegin    = "<!-- table: written by go test ./lm -run TestProvidersTable -update -->\n"
	tableEnd      = "<!-- end of table -->\n"
)

// The table of providers in the documentation says what the code does.
func TestProvidersTable(t *testing.T) {
	raw, err := os.ReadFile(providersFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), tableBegin)
	got, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no table between its two comments", providersFile)
	}
	want := providersTable(t)
	if *update {
		if err := os.WriteFile(providersFile, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs from the code; run this test with -update (-want +got):\n%s", providersFile, diff)
	}
}

func providersTable(t *testing.T) string {
	t.Helper()
	anything := func(string) string { return "some-key" }
	var b strings.Builder
	b.WriteString("| prefix | key | base URL | base URL from | a schema goes as | JSON mode | seed | cost |\n|---|---|---|---|---|---|---|---|\n")
	row := func(prefix, base string, keys, bases []string, keyOptional bool, m lm.Model) {
		names := quoted(keys)
		if keyOptional {
			names += " (optional)"
		}
		if base == "" {
			base = "to be given"
		}
		how := "no"
		switch {
		case lm.Supports(m, lm.FeatureSchema):
			how = "parameter"
		case lm.Supports(m, lm.FeatureTool):
			how = "tool"
		}
		cells := []string{"`" + prefix + "/`", names, base, quoted(bases), how,
			yes(lm.Supports(m, lm.FeatureJSON)), yes(lm.Supports(m, lm.FeatureSeed)), yes(lm.Supports(m, lm.FeatureCost))}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	a, err := anthropic.New(anthropic.Config{Model: anthropic.Prefix + "/claude-sonnet-4-5", BaseURL: "http://h", Getenv: anything})
	if err != nil {
		t.Fatal(err)
	}
	row(anthropic.Prefix, anthropic.DefaultBaseURL, anthropic.KeyVars(), anthropic.BaseURLVars(), false, a)
	g, err := gemini.New(gemini.Config{Model: gemini.Prefix + "/gemini-2.5-flash", BaseURL: "http://h", Getenv: anything})
	if err != nil {
		t.Fatal(err)
	}
	row(gemini.Prefix, gemini.DefaultBaseURL, gemini.KeyVars(), gemini.BaseURLVars(), false, g)
	for _, p := range openai.Providers() {
		m, err := openai.New(openai.Config{Model: p.Name + "/m", BaseURL: "http://h", Getenv: anything})
		if err != nil {
			t.Fatal(err)
		}
		row(p.Name, p.BaseURL, p.KeyVars, p.BaseURLVars, p.KeyOptional, m)
	}
	return b.String()
}

func quoted(names []string) string {
	if len(names) == 0 {
		return "–"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
