package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var updateReadme = flag.Bool("update-readme", false, "write what the demo prints into the README")

// TestReadmeShowsTheDemo: the output in the README is what `gepa demo` prints,
// times aside.
func TestReadmeShowsTheDemo(t *testing.T) {
	long(t)
	t.Parallel()
	const path = "../../README.md"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"demo"}, &stdout, &stderr); code != 0 {
		t.Fatalf("the demo exits with %d: %s", code, stderr.String())
	}
	progress, _, _ := strings.Cut(stderr.String(), "\nkeep it:")
	progress = regexp.MustCompile(`(?m)^took .*\n`).ReplaceAllString(progress, "")
	readme := string(raw)
	readme = fill(t, readme, "Progress goes to standard error:", progress)
	readme = fill(t, readme, "and the result to standard output:", stdout.String())
	if *updateReadme {
		if err := os.WriteFile(path, []byte(readme), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if readme != string(raw) {
		t.Error("the README does not show what the demo prints; run: go test ./cmd/gepa -run Readme -update-readme")
	}
}

// fill puts text into the block that follows a line of introduction.
func fill(t *testing.T, readme, intro, text string) string {
	t.Helper()
	before, rest, found := strings.Cut(readme, intro)
	open, rest, opened := strings.Cut(rest, "```text\n")
	_, after, closed := strings.Cut(rest, "```")
	if !found || !opened || !closed {
		t.Fatalf("the README has no block after %q", intro)
	}
	return before + intro + open + "```text\n" + strings.TrimSpace(text) + "\n```" + after
}
