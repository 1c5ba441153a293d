package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A page is what a document shows that can be tried: files, from code blocks
// whose info string has a file name after the language, and commands with what
// they print, from console blocks.
type page struct {
	files    map[string]string
	commands []shown
}

type shown struct{ command, output string }

func readPage(t *testing.T, path string) page {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := page{files: map[string]string{}}
	for i, block := range strings.Split("\n"+string(data), "\n```") {
		if i%2 == 0 {
			continue // between blocks
		}
		info, body, _ := strings.Cut(block, "\n")
		language, name, _ := strings.Cut(info, " ")
		switch {
		case language == "console":
			for _, part := range strings.Split("\n"+body, "\n$ ")[1:] {
				command, output, _ := strings.Cut(strings.ReplaceAll(part, "\\\n", ""), "\n")
				p.commands = append(p.commands, shown{command, strings.TrimRight(output, "\n")})
			}
		case name != "":
			p.files[name] = body + "\n"
		}
	}
	return p
}

// The pages on data and metrics show commands and what they print: both are
// true.
func TestPagesOnDataAndMetrics(t *testing.T) {
	long(t)
	for _, name := range []string{"data.md", "metrics.md"} {
		t.Run(name, func(t *testing.T) {
			p := readPage(t, filepath.Join("..", "..", "docs", name))
			if len(p.commands) < 3 || len(p.files) < 2 {
				t.Fatalf("found %d commands and %d files", len(p.commands), len(p.files))
			}
			dir := t.TempDir()
			for file, text := range p.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range p.commands {
				rest, ours := strings.CutPrefix(c.command, "gepa ")
				if !ours {
					t.Errorf("%q is no command of ours", c.command)
					continue
				}
				// A shell divides the words, and takes the quotes away.
				args, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s\\n' "+rest).Output()
				if err != nil {
					t.Fatal(err)
				}
				cmd := gepaCommand(t, dir, strings.Split(strings.TrimSuffix(string(args), "\n"), "\n")...)
				var stderr strings.Builder
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil && !strings.Contains(c.output, "error:") {
					t.Errorf("%s: %v\n%s", c.command, err, stderr.String())
				}
				got := strings.TrimRight(string(out)+stderr.String(), "\n")
				if diff := cmp.Diff(c.output, got); diff != "" {
					t.Errorf("%s (-page +gepa)\n%s\nprinted:\n%s", c.command, diff, got)
				}
			}
		})
	}
}
