package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/sim"
)

// commandsIn returns the commands of a document's console blocks.
func commandsIn(t *testing.T, path string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var commands [][]string
	inside := false
	for line := range strings.SplitSeq(strings.ReplaceAll(string(data), "\\\n", ""), "\n") {
		command, is := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && is:
			commands = append(commands, strings.Fields(command))
		}
	}
	return commands
}

// Every command of the page on runs works as it stands, one after the other.
func TestRunsPageWorks(t *testing.T) {
	long(t)
	dir := t.TempDir()
	commands := commandsIn(t, filepath.Join("..", "..", "docs", "runs.md"))
	if len(commands) < 8 {
		t.Fatalf("found %d commands", len(commands))
	}
	for _, c := range commands {
		if out, err := gepaCommand(t, dir, c[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(c, " "), err, out)
		}
	}
}

// Every command of the page on models works as it stands, with all providers
// played by a server.
func TestModelsPageWorks(t *testing.T) {
	long(t)
	s := lmtest.NewServer(t, lmtest.FromModel(sim.New(sim.Options{})))
	dir := t.TempDir()
	if err := writeData(dir); err != nil {
		t.Fatal(err)
	}
	commands := commandsIn(t, filepath.Join("..", "..", "docs", "models.md"))
	if len(commands) < 10 {
		t.Fatalf("found %d commands", len(commands))
	}
	for _, c := range commands {
		if c[0] != "gepa" {
			t.Errorf("%q is no command of ours", c)
			continue
		}
		cmd := gepaCommand(t, dir, c[1:]...)
		cmd.Env = append(cmd.Env,
			"OPENAI_BASE_URL="+s.URL(),
			"ANTHROPIC_API_KEY=not-a-real-key", "ANTHROPIC_BASE_URL="+s.BaseURL(lmtest.Anthropic),
			"GEMINI_API_KEY=not-a-real-key", "GEMINI_API_BASE="+s.BaseURL(lmtest.Gemini),
			"GOOGLE_GEMINI_BASE_URL="+s.BaseURL(lmtest.Gemini))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(c, " "), err, out)
		}
	}
}

// Every command of the pages on comparing and on continuous integration works
// as it stands, one after the other.
func TestComparePagesWork(t *testing.T) {
	long(t)
	for page, least := range map[string]int{"compare.md": 15, "ci.md": 7, "reports.md": 9} {
		dir := t.TempDir()
		if err := writeData(dir); err != nil {
			t.Fatal(err)
		}
		commands := commandsIn(t, filepath.Join("..", "..", "docs", page))
		if len(commands) < least {
			t.Fatalf("%s: found %d commands", page, len(commands))
		}
		for _, c := range commands {
			if c[0] != "gepa" {
				t.Errorf("%s: %q is no command of ours", page, c)
				continue
			}
			if out, err := gepaCommand(t, dir, c[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%s: %s: %v\n%s", page, strings.Join(c, " "), err, out)
			}
		}
	}
}

// The check that the page on continuous integration shows as an action runs in
// a project as gepa init writes it, and leaves what the later steps take.
func TestActionOfTheCIPageWorks(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "```yaml\n")
	block, _, _ := strings.Cut(rest, "\n```")
	var action struct {
		Jobs map[string]struct {
			Steps []struct {
				Run string `yaml:"run"`
			} `yaml:"steps"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal([]byte(block), &action); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if out, err := gepaCommand(t, dir, "init", "classify").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ran := 0
	for _, step := range action.Jobs["check"].Steps {
		args := strings.Fields(step.Run)
		if len(args) < 2 || args[0] != "gepa" {
			continue
		}
		ran++
		if out, err := gepaCommand(t, dir, args[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", step.Run, err, out)
		}
	}
	for _, file := range []string{"check.xml", "comment.md"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil || ran != 1 {
			t.Errorf("%d commands ran: %v", ran, err)
		}
	}
}
