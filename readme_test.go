package gepa_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeExample: the Go code that the README shows is that of Example,
// which the tests compile and run.
func TestReadmeExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(readme), "```go\n")
	block, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatal("the README has no block of Go")
	}
	rest := string(source)
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		_, after, found := strings.Cut(rest, line)
		if !found {
			t.Fatalf("example_test.go lacks, or has elsewhere, the README's line\n%s", line)
		}
		rest = after
	}
}
