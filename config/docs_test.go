package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every example of a gepa.yaml in the documentation is read without an error,
// with what it leaves out put beside it.
func TestExamplesOfThePage(t *testing.T) {
	const page = "../docs/formats/gepa-yaml.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) < 10 {
		t.Fatalf("found %d examples", len(examples))
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"prompts/reason.md": "Reason.", "prompts/verify.md": "Verify.", "prompts/solve.md": "Solve.", "prompts/sort.md": "Sort into hardware and accounts.",
		"rubric.md": "5: good.", "patterns.txt": "a+", "agent.json": `{"prompts": [{"text": "Answer in <answer> and </answer>."}]}`,
		"tools.json": `[{"description": "Searches."}]`, "agent.py": "# gepa:begin style\nBriefly.\n# gepa:end style\n",
		"data/demos.jsonl": `{"ticket": "I cannot log in.", "team": "accounts"}` + "\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, example := range examples {
		yaml := "version: 1\n" + example[1]
		path := filepath.Join(dir, FileName)
		if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Load(path, nil)
		if err != nil {
			t.Errorf("%v\n%s", err, example[1])
			continue
		}
		o := l.Optimize()
		if s := o.System; len(s.kinds()) > 0 {
			err = s.check()
			if err == nil && s.Program != nil {
				_, err = o.declared()
			}
		}
		if err == nil && len(o.Metric.kinds()) > 0 && o.Metric.Judge == nil {
			_, err = o.measured(nil)
		}
		if err == nil {
			err = o.checkReflection()
		}
		if err != nil {
			t.Errorf("%v\n%s", err, example[1])
		}
	}
}

// Every key is spoken of in the page.
func TestKeysAreOnThePage(t *testing.T) {
	text, err := os.ReadFile("../docs/formats/gepa-yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range FileKeys(File{}) {
		last := k.Path[strings.LastIndex(k.Path, ".")+1:]
		if k.Special || strings.HasPrefix(k.Path, "search.") { // they are named as the flags
			continue
		}
		if !regexp.MustCompile(`[^a-z_]` + last + `[^a-z_]`).Match(text) {
			t.Errorf("%s is not on the page", k.Path)
		}
	}
}
