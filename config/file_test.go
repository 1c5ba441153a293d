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
		"prompts.json": []byte(`{"a": "A text."}`),
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
		"kept text not there":     {"file: verify.md", "file: verify.md, keep: '<out/>'", 13, `instructions\.keep: the text does not hold "<out/>".*take it out`},
		"no such pointer":         {"file: verify.md", "file: 'prompts.json#/b'", 13, `instructions\.file: .*prompts\.json#/b: there is no /b in it: check the path`},
		"pointer into text":       {"file: verify.md", "file: 'verify.md#/b'", 13, `instructions\.file: .*ends in \.json, \.yaml or \.yml`},
		"no such region":          {"file: verify.md", "file: 'verify.md#region=a'", 13, `instructions\.file: .*no region is marked in it; mark one by a line with gepa:begin a`},
		"region without a name":   {"file: verify.md", "file: 'verify.md::'", 13, `instructions\.file: .*want FILE::NAME`},
		"optimizes no field":      {"instructions: Answer.", "instructions: Answer.\n        optimize: answr", 11, `modules\[0\]\.optimize: the signature has no field "answr"; it has question, context, candidate`},
		"optimizes nothing":       {"instructions: Answer.", "instructions: Answer.\n        optimize: candidate", 11, `modules\[0\]\.optimize: "candidate" has no description to start from: give it one under descriptions`},
		"optimizes twice":         {"instructions: Answer.", "instructions: Answer.\n        descriptions: {candidate: a}\n        optimize: [candidate, candidate]", 12, `optimize: "candidate" is named twice`},
		"demo of another field":   {"instructions: Answer.", "instructions: Answer.\n        demos: [{question: a, candidat: b}]", 11, `modules\[0\]\.demos\[0\]: the signature has no field "candidat"; it has`},
		"demo without output":     {"instructions: Answer.", "instructions: Answer.\n        demos: [{question: a}]", 11, `modules\[0\]\.demos\[0\]: it shows no output: give at least one of candidate`},
		"demo is a text":          {"instructions: Answer.", "instructions: Answer.\n        demos: [a]", 11, `demos\[0\]: want names with values, got the text "a"`},
		"demo is a date":          {"instructions: Answer.", "instructions: Answer.\n        demos: [{candidate: .inf}]", 11, `demos\[0\]\.candidate: want a value as JSON has it`},
		"demos are no list":       {"instructions: Answer.", "instructions: Answer.\n        demos: a.jsonl", 11, `demos: want a list`},
		"demo file not there":     {"instructions: Answer.", "instructions: Answer.\n        demos_file: a.jsonl", 11, `modules\[0\]\.demos_file: .*a\.jsonl.*check the path`},
		"no frontier":             {"minibatch: 3", "frontier: objektive", 21, `search\.frontier: want example, objective or both.*did you mean "objective"`},
		"frontier of nothing":     {"metric: 0.7*f1 + 0.3*exact\nsearch:\n  minibatch: 3", "metric: {expression: '1'}\nsearch:\n  frontier: both", 21, `search\.frontier: both: nothing says what the objectives are: take measures for the metric, or name them under metric\.objectives`},
		"objectives of measures":  {"metric: 0.7*f1 + 0.3*exact", "metric: {measures: f1, objectives: [{name: a}]}", 19, `metric\.objectives: measures says itself what it measures: take them out`},
		"objective without name":  {"metric: 0.7*f1 + 0.3*exact", "metric: {expression: '1', objectives: [{min: 1}]}", 19, `metric\.objectives\[0\]\.name: it is missing`},
		"objective twice":         {"metric: 0.7*f1 + 0.3*exact", "metric: {expression: '1', objectives: [{name: a}, {name: a}]}", 19, `metric\.objectives\[1\]\.name: two objectives are called "a": rename one`},
		"objective's direction":   {"metric: 0.7*f1 + 0.3*exact", "metric: {expression: '1', objectives: [{name: a, direction: up}]}", 19, `objectives\[0\]\.direction: want max or min, got "up"`},
		"objective's range":       {"metric: 0.7*f1 + 0.3*exact", "metric: {expression: '1', objectives: [{name: a, min: 2, max: 1}]}", 19, `objectives\[0\]\.max: the range 2 to 1 is empty: give a max above min`},
		"objective's weight":      {"metric: 0.7*f1 + 0.3*exact", "metric: {expression: '1', objectives: [{name: a, weight: -1}]}", 19, `objectives\[0\]\.weight: want 0 or more, got -1`},
		"measures no output":      {"metric: 0.7*f1 + 0.3*exact", "metric: exact(output=reply)", 19, `metric\.measures: exact measures the output "reply", which the program does not give; it gives candidate, answer: name one, as in exact\(output=answer\)`},
		"label not there":         {"metric: 0.7*f1 + 0.3*exact", "metric: exact(label=gold)", 15, `data\.train: .*train\.jsonl: example "demo-train-\d+" cannot be scored: .*has no label "gold" \(it has .*"answer".*\): .*name the label with data\.labels`},
		"label of another type":   {"metric: 0.7*f1 + 0.3*exact", "metric: exact(label=supporting_facts)", 15, `data\.train: .*label "supporting_facts" is .*, want a string or a list of strings: correct the data`},
		"feedback label":          {"metric: 0.7*f1 + 0.3*exact", "metric: {measures: f1, feedback: hint}", 15, `data\.train: .*has no label "hint", which metric\.feedback names; it has answer`},
		"stratified by nothing":   {"  form: hotpotqa", "  form: hotpotqa\n  stratify: topic", 19, `data\.stratify: topic: .*topic`},
		"nothing to stratify":     {"  val: 5\n", "  val: {files: val.jsonl}\n  stratify: level\n", 17, `data\.stratify: level: the validation set has files of its own`},
		"size and files":          {"  val: 5\n", "  val: {size: 5, files: plain.jsonl}\n", 16, `data\.val: size and files are given: keep one of them`},
		"how without what":        {"  val: 5\n", "  val: {size: 5, format: csv}\n", 16, `data\.val: it says how files are read, and names none: give files`},
		"unknown key of a set":    {"  train: train.jsonl", "  train: {file: train.jsonl}", 15, `data\.train\.file: there is no such key \(did you mean "files"\?\)`},
		"reading of a set":        {"  train: train.jsonl", "  train: {files: train.jsonl, format: jsn}", 15, `data\.train\.format: want jsonl, json, csv, tsv or parquet, got "jsn"`},
		"sample of a set":         {"  train: train.jsonl", "  train: {files: train.jsonl, sample: 0}", 15, `data\.train\.sample: want a whole number, 1 or more, got 0`},
		"standard input twice":    {"train: train.jsonl\n  val: 5\n  test: test.jsonl", "train: '-'\n  val: 5\n  test: '-'", 17, `data\.test: standard input is read for data\.train already: name a file`},
		"no rule":                 {"search:", "reflection: {rules: {golden: warn}}\nsearch:", 20, `reflection\.rules: there is no rule "golden".*there are empty, unchanged`},
		"no level":                {"search:", "reflection: {rules: {gold: warm}}\nsearch:", 20, `reflection\.rules: gold: want refuse, warn or off, got "warm" \(did you mean "warn"\?\)`},
		"no pattern":              {"search:", "reflection: {placeholder: '['}\nsearch:", 20, `reflection\.placeholder: want a regular expression`},
		"half a lock":             {"search:", "reflection: {lock_begin: '<<'}\nsearch:", 20, `reflection\.lock_begin: a locked span has two marks: give lock_begin and lock_end`},
		"one lock":                {"search:", "reflection: {lock_begin: '<<', lock_end: '<<'}\nsearch:", 20, `reflection\.lock_end: both marks of a locked span are "<<": give two different ones`},
		"two prompts":             {"search:", "reflection: {template: gepa, prompt: a <curr_param> <side_info>}\nsearch:", 20, `reflection\.template: gepa and reflection\.prompt are both given: keep one of them`},
		"prompt without a place":  {"search:", "reflection: {prompt: Improve it.}\nsearch:", 20, `reflection\.prompt: the text holds no <curr_param> or no <side_info>: write them`},
		"prompt not there":        {"search:", "reflection: {prompt: {file: p.md}}\nsearch:", 20, `reflection\.prompt\.file: .*p\.md: cannot be read`},
		"record tokens":           {"search:", "reflection: {record_tokens: 0}\nsearch:", 20, `reflection\.record_tokens: want a whole number, 1 or more, got 0`},
		"copied words":            {"search:", "reflection: {copied_words: 1}\nsearch:", 20, `reflection\.copied_words: want a whole number, 2 or more, got 1`},
		"judge of no scale":       {"metric: 0.7*f1 + 0.3*exact", "metric: {judge: {rubric: Good?, min: 3, max: 3}}", 19, `metric\.judge: the scale from 3 to 3 is none: give a highest score above the lowest`},
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
