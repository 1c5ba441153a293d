package config

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gepa-go/gepa/dataset/demodata"
)

// good is a configuration from which every wrong one below is made.
const good = `version: 1
models:
  task: sim
  reflection: {model: sim, temperature: 0.5}
system:
  program:
    modules:
      - name: reason
        signature: question, context -> candidate
        instructions: Answer.
      - name: verify
        signature: question, candidate -> answer
        instructions: {file: verify.md}
data:
  train: train.jsonl
  val: 5
  test: test.jsonl
  form: hotpotqa
metric: 0.7*f1 + 0.3*exact
search:
  minibatch: 3
budget:
  iterations: 2
output:
  folder: out
`

// project writes a gepa.yaml with what it needs.
func project(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		FileName: []byte(text), "train.jsonl": demodata.Train(), "test.jsonl": demodata.Dev(), "verify.md": []byte("---\na: b\n---\nCheck.\n"),
		"broken.jsonl": []byte("{\"id\":1,\"question\":\"a\",\"answer\":\"b\"}\n{\"id\":2\n"),
		"plain.jsonl":  []byte("{\"id\":1,\"q\":\"a\",\"answer\":\"b\"}\n{\"id\":2,\"q\":\"c\",\"answer\":\"b\"}\n{\"id\":3,\"q\":\"d\",\"answer\":\"b\"}\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, FileName)
}

// build does what "gepa optimize FILE" does before the run.
func build(t *testing.T, path string) error {
	t.Helper()
	l, err := Load(path, func(name string) (string, bool) { return "set", name == "SET" })
	if err != nil {
		return err
	}
	o := l.Optimize()
	o.NoCache, o.Getenv = true, func(string) string { return "" }
	if l.File.Limits.Cache != "" {
		o.NoCache = l.File.Limits.NoCache
	}
	r, err := o.Build(context.Background())
	if err == nil {
		err = r.Close()
	}
	return l.Locate(err, func(string) bool { return false })
}

func TestGoodFile(t *testing.T) {
	if err := build(t, project(t, good)); err != nil {
		t.Fatal(err)
	}
}

// Every wrong configuration is refused before anything is made, with the file,
// the line, the key and what to do.
func TestWrongFiles(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string // put into the good one
		line     int
		want     string // regular expression: the key, the problem, the remedy
	}{
		"unknown key":             {"  minibatch: 3", "  minibach: 3", 21, `search\.minibach: there is no such key \(did you mean "minibatch"\?\)`},
		"unknown key at the top":  {"budget:", "bugdet:", 22, `bugdet: there is no such key \(did you mean "budget"\?\)`},
		"unknown key in a module": {"        signature: question, context", "        sigature: question, context", 9, `sigature: .*did you mean "signature"`},
		"unknown kind of system":  {"  program:", "  progam:", 6, `system\.progam: .*did you mean "program"`},
		"unknown metric key":      {"metric: 0.7*f1 + 0.3*exact", "metric: {mesures: f1}", 19, `metric\.mesures: .*did you mean "measures"`},
		"text for a number":       {"minibatch: 3", "minibatch: three", 21, `search\.minibatch: want a whole number, got the text "three"`},
		"quoted number":           {"minibatch: 3", `minibatch: "3"`, 21, `search\.minibatch: want a whole number`},
		"fraction":                {"minibatch: 3", "minibatch: 3.5", 21, `search\.minibatch: want a whole number, got the number 3\.5`},
		"too small":               {"minibatch: 3", "minibatch: 0", 21, `search\.minibatch: want a whole number, 1 or more, got 0`},
		"negative":                {"iterations: 2", "iterations: -2", 23, `budget\.iterations: want a whole number, 1 or more`},
		"number for a text":       {"name: reason", "name: 3", 8, `name: want a text, got the number 3: put quotation marks`},
		"list for a text":         {"signature: question, candidate -> answer", "signature: [question, answer]", 12, `signature: want a text, got a list`},
		"text for a list":         {"    modules:\n      - name: reason\n        signature: question, context -> candidate\n        instructions: Answer.\n      - name: verify\n        signature: question, candidate -> answer\n        instructions: {file: verify.md}", "    modules: reason", 7, `modules: want a list`},
		"text for keys":           {"search:\n  minibatch: 3", "search: fast", 20, `search: want keys with values \(preset, minibatch`},
		"no value":                {"minibatch: 3", "minibatch:", 21, `search\.minibatch: the value is missing: want a whole number, or take the key out`},
		"true for a number":       {"temperature: 0.5", "temperature: true", 4, `models\.reflection\.temperature: want a number, got true`},
		"infinite":                {"temperature: 0.5", "temperature: .inf", 4, `temperature: want a number`},
		"negative temperature":    {"temperature: 0.5", "temperature: -1", 4, `models\.reflection\.temperature.*want 0 or more`},
		"no choice":               {"minibatch: 3", "parent: parreto", 21, `search\.parent: want pareto, best, epsilon_greedy or top_k, got "parreto" \(did you mean "pareto"\?\)`},
		"no preset":               {"minibatch: 3", "preset: papers", 21, `search\.preset: want paper or recommended.*did you mean "paper"`},
		"no kind":                 {"- name: verify", "- name: verify\n        kind: chainofthought", 12, `kind: want predict or chain_of_thought.*did you mean "chain_of_thought"`},
		"needs another":           {"minibatch: 3", "epsilon: 0.2", 21, `search\.epsilon: .*means nothing without search\.parent epsilon_greedy`},
		"out of range":            {"iterations: 2", "target: 3", 23, `budget\.target: 3: want a mean score between 0 and 1`},
		"two budgets":             {"iterations: 2", "auto: light\n  rollouts: 50", 23, `budget\.auto.*budget\.rollouts both bound the rollouts: give one`},
		"no duration":             {"iterations: 2", "time: soon", 23, `budget\.time: want a duration such as 90s, 15m or 2h, got "soon"`},
		"no money":                {"iterations: 2", "max_cost: cheap", 23, `budget\.max_cost: want an amount of dollars such as 5 or 0\.25, got "cheap"`},
		"no version":              {"version: 1\n", "", 1, `version: it is missing: write version: 1`},
		"later version":           {"version: 1", "version: 2", 1, `version: want 1, got "2"`},
		"no system":               {"system:\n", "systems:\n", 5, `systems: there is no such key \(did you mean "system"\?\)`},
		"two systems":             {"system:\n", "system:\n  builtin: hotpotqa\n", 6, `system: builtin and program are given: keep one of them`},
		"no model":                {"  task: sim\n  reflection: {model: sim, temperature: 0.5}\n", "  reflection: {temperature: 0.5}\n", 2, `models\.task\.model: give provider/model`},
		"unknown provider":        {"task: sim", "task: opnai/gpt-4.1-mini", 3, `models\.task\.model.*unknown provider "opnai" \(did you mean "openai/gpt-4\.1-mini"\?\)`},
		"misspelt sim":            {"task: sim", "task: simm", 3, `models\.task\.model.*did you mean "sim"`},
		"no key":                  {"task: sim", "task: openai/gpt-4.1-mini", 3, `models\.task\.model.*OPENAI_API_KEY`},
		"no training data":        {"  train: train.jsonl\n", "", 14, `data\.train: give a file of examples`},
		"no test data":            {"  test: test.jsonl\n", "", 14, `data\.test: give a file of examples`},
		"file not there":          {"train: train.jsonl", "train: trian.jsonl", 15, `data\.train.*trian\.jsonl.*no such file: check the path`},
		"file broken":             {"train: train.jsonl", "train: broken.jsonl", 15, `data\.train.*broken\.jsonl:1: .*field "context" is missing: give it as`},
		"set is another's":        {"test: test.jsonl", "test: train.jsonl", 15, `data\.train and data\.test overlap: .*take these examples out of one of the sets`},
		"validation too large":    {"val: 5", "val: 5000", 16, `data\.val.*would leave none for feedback; give at most`},
		"input that is not there": {"train: train.jsonl\n  val: 5\n  test: test.jsonl\n  form: hotpotqa", "train: plain.jsonl\n  val: 1\n  test: test.jsonl", 15, `data\.train: .*plain\.jsonl: example "\d" has no input "question".*name the inputs with data\.inputs`},
		"no metric":               {"metric: 0.7*f1 + 0.3*exact\n", "", 1, `metric: it is missing: give measures such as exact`},
		"unknown measure":         {"0.7*f1", "0.7*f2", 19, `metric\.measures: .*there is no measure "f2": choose one of`},
		"broken expression":       {"metric: 0.7*f1 + 0.3*exact", "metric: {expression: output.answer == gold}", 19, `metric\.expression: .*there is no variable gold; there are inputs, labels`},
		"two metrics":             {"metric: 0.7*f1 + 0.3*exact", "metric: {measures: f1, builtin: hotpotqa}", 19, `metric: measures and builtin are given: keep one of them`},
		"judge without rubric":    {"metric: 0.7*f1 + 0.3*exact", "metric: {judge: {votes: 3}}", 19, `metric\.judge\.rubric: it is missing`},
		"bad signature":           {"question, candidate -> answer", "question, candidate", 12, `modules\[1\]\.signature: .*must contain exactly one '->'.*Write it as in`},
		"field from nowhere":      {"    modules:", "    inputs: [question]\n    modules:", 10, `modules\[0\]\.signature: nothing gives the field "context"`},
		"same name twice":         {"- name: verify", "- name: reason", 11, `modules\[1\]\.name: two modules are called "reason": rename one`},
		"no such description":     {"instructions: Answer.", "instructions: Answer.\n        descriptions: {answr: short}", 11, `modules\[0\]\.descriptions: the signature has no field "answr"; it has`},
		"broken condition":        {"- name: verify", "- name: verify\n        when: candidat != ''", 12, `modules\[1\]\.when: .*there is no variable candidat`},
		"prompt file not there":   {"file: verify.md", "file: verfy.md", 13, `instructions\.file: .*verfy\.md: cannot be read.*check the path, which is relative to`},
		"text and file":           {"file: verify.md", "file: verify.md, text: Check.", 13, `instructions: text and file are given: keep one of them`},
		"variable not set":        {"task: sim", "task: ${env:MODEL}", 3, `models\.task\.model: the environment variable MODEL is not set: set it`},
		"anchor":                  {"minibatch: 3", "minibatch: &n 3", 21, `search\.minibatch: anchors and aliases are not taken: write the value out`},
		"tag":                     {"minibatch: 3", "minibatch: !!int 3", 21, `search\.minibatch: tags such as`},
		"key twice":               {"  minibatch: 3", "  minibatch: 3\n  minibatch: 4", 22, `already defined.*keep one of them`},
		"no YAML":                 {"minibatch: 3", "minibatch: [3", 22, `this is no YAML`},
		"second document":         {"output:", "---\noutput:", 25, `there is a second document`},
		"no command":              {"  program:\n", "  command:\n    components: [{name: a, text: b}]\n  programs:\n", 8, `system\.programs: .*did you mean "program"`},
		"recording and replay":    {"output:", "limits: {record: a.jsonl, replay: b.jsonl}\noutput:", 24, `limits\.record.*limits\.replay`},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("%q is not in the good configuration", c.old)
			}
			path := project(t, strings.Replace(good, c.old, c.new, 1))
			err := build(t, path)
			if err == nil {
				t.Fatal("it was taken")
			}
			if !errors.Is(err, ErrUsage) {
				t.Errorf("not the user's to mend: %v", err)
			}
			text := err.Error()
			place := regexp.MustCompile(regexp.QuoteMeta(path) + `:(\d+):(\d+): `).FindStringSubmatch(text)
			if place == nil {
				t.Fatalf("no place in: %v", text)
			}
			if place[1] != strconv.Itoa(c.line) {
				t.Errorf("line %s, want %d: %v", place[1], c.line, text)
			}
			if !regexp.MustCompile(`(?s)` + c.want).MatchString(text) {
				t.Errorf("got  %v\nwant %s", text, c.want)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "out")); err == nil {
				t.Error("a run was begun")
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	l, err := Load(project(t, strings.Replace(good, "Answer.", "${env:SET} and $${env:SET}", 1)), func(name string) (string, bool) { return "x", name == "SET" })
	if err != nil {
		t.Fatal(err)
	}
	if got := l.File.System.Program.Modules[0].Instructions.Text; got != "x and ${env:SET}" {
		t.Errorf("got %q", got)
	}
	if got := l.File.System.Program.Modules[1].Instructions.Text; got != "Check." {
		t.Errorf("front matter: got %q", got)
	}
}

// The schema in the documentation is that of the types.
func TestSchemaIsDocumented(t *testing.T) {
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	const path = "../docs/formats/gepa.schema.json"
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date (%v): write it with: go run ./cmd/gepa config schema > docs/formats/gepa.schema.json", path, err)
	}
}
