package config

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/rollout"
	"github.com/gepa-go/gepa/stats"
)

// A service is measured as it is, and as a run left it.
func TestSubjectsOfAWebhook(t *testing.T) {
	server := httptest.NewServer(rollout.Handler(polite{}, rollout.ServeOptions{Secret: "s3cret-of-the-hook"}))
	defer server.Close()
	path := project(t, fmt.Sprintf(webhook, server.URL))
	l, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.File.System.Webhook.Attempts = 1
	getenv := func(name string) string { return map[string]string{"HOOK_SECRET": "s3cret-of-the-hook"}[name] }
	setup := Optimize{Getenv: getenv}
	own := Subject{Config: l, Setup: setup}
	before, err := Eval{Subject: own}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if score := before.Measures[0]; score.Mean != 0.2 || before.System.Texts["reply"] != "Say hello." || before.System.Model != "" || before.System.Simulated {
		t.Errorf("%+v of %+v", score, before.System)
	}
	o := l.Optimize()
	o.Getenv = getenv
	r, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Do(t.Context())
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	candidate := filepath.Join(o.Out, CandidateFile)
	c, err := Contest{Base: own, Others: []Subject{{Name: o.Out, Setup: setup}, {Name: candidate, Config: l, Setup: setup}}, Fresh: true}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range c.Others {
		if other.Score().Base != 0.2 || other.Score().Other != 1 || other.Unpaired != 0 {
			t.Errorf("%s: %+v", other.System.Name, other.Score())
		}
	}
	// Two runs' worth of the same: what journals hold is enough.
	kept, err := Contest{Base: Subject{Name: o.Out + ":seed"}, Others: []Subject{{Name: o.Out}, {Name: o.Out + ":0"}}}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if kept.Made != 0 || kept.Others[0].Verdict == stats.Worse || len(kept.Others[1].Won)+len(kept.Others[1].Lost) != 0 {
		t.Errorf("%d made: %s", kept.Made, kept.Conclusion)
	}
	server.Close()
	_, err = Eval{Subject: own}.Do(t.Context())
	if err == nil || !strings.Contains(err.Error(), "system.webhook.url") {
		t.Errorf("a service that is gone: %v", err)
	}
}

// What is given takes the place of what a file says, key by key.
func TestReadingOver(t *testing.T) {
	t.Parallel()
	file := Reading{Format: "csv", Form: "fields", Key: "k", Separator: ";", Columns: []string{"a"}, Types: map[string]string{"a": "number"}, ID: "i", Inputs: []string{"a"}, Labels: []string{"b"}, Where: "true", Sample: 3}
	if diff := cmp.Diff(file, Reading{}.over(file)); diff != "" {
		t.Errorf("nothing given (-file +got): %s", diff)
	}
	given := Reading{Format: "json", Form: "hotpotqa", Key: "l", Separator: ",", Columns: []string{}, Types: map[string]string{}, ID: "j", Inputs: []string{"c"}, Labels: []string{}, Where: "false", Dedupe: true, Sample: 4}
	if diff := cmp.Diff(given, given.over(file)); diff != "" {
		t.Errorf("all given (-given +got): %s", diff)
	}
}

// A subject that cannot be measured is one error that says why.
func TestWrongSubjects(t *testing.T) {
	path := project(t, "version: 1\nmodels: {task: sim}\nsystem:\n  program:\n    modules:\n      - {name: say, signature: question -> answer, instructions: {file: say.txt}}\n"+
		"metric: exact\ndata: {train: train.jsonl, test: test.jsonl, form: hotpotqa, limit: 12}\n")
	dir := filepath.Dir(path)
	for name, text := range map[string]string{
		"say.txt": "Answer.", "other.json": `{"reply": "x"}`, "texts.json": `{"say": "Answer well."}`, "state.json": `{"other": {"signature": {"instructions": "x", "fields": []}}}`, "list.json": "[]",
		"old/say.txt": "As it was.", "both/say.md": "By name.", "both/say.txt": "By file.", "none/x.md": "", "bad/gepa.yaml": "version: 2\n",
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, want := range map[string]string{ // what they say
		"texts.json": "Answer well.", "old": "As it was.", "both": "By name.", "gepa.yaml": "Answer.", ".": "Answer.",
	} {
		e, err := Eval{Subject: Subject{Name: in(name), Config: l}, On: On{Split: SplitTest, Limit: 2}}.Do(t.Context())
		if err != nil || e.System.Texts["say"] != want || e.N != 2 || !slices.ContainsFunc(e.Notes, func(n string) bool { return strings.Contains(n, "sealed test set") }) {
			t.Errorf("%s: %v, %+v, %v", name, err, e.System, e.Notes)
		}
	}
	for name, c := range map[string]struct {
		subject Subject
		on      On
		says    string
	}{
		"nothing":          {Subject{Name: in("nothing")}, On{}, "no such file"},
		"another system's": {Subject{Name: in("other.json")}, On{}, "is of another system: it has the components reply"},
		"not a state":      {Subject{Name: in("list.json")}, On{}, "list.json"},
		"another state":    {Subject{Name: in("state.json")}, On{}, "not a saved program of"},
		"no prompts":       {Subject{Name: in("none")}, On{}, "a file for each component, here say"},
		"two folders":      {Subject{Texts: []string{in("old"), in("both")}}, On{}, "nothing can be given beside it"},
		"a wrong file":     {Subject{Name: in("bad")}, On{}, "gepa.yaml:1:"},
		"a split":          {Subject{}, On{Split: "dev"}, "--split dev: want test, val or feedback"},
		"reading":          {Subject{}, On{Reading: Reading{Form: "fields"}}, "mean nothing without --data FILE"},
		"form":             {Subject{}, On{Data: Source{Path: in("train.jsonl")}, Reading: Reading{Form: "fields", Inputs: []string{"q=question"}}}, `has no input "question"`},
		"model":            {Subject{Setup: Optimize{Model: "nobody/x"}, Given: func(string) bool { return true }}, On{}, "--model nobody/x: unknown provider"},
	} {
		c.subject.Config = l
		_, err := Eval{Subject: c.subject, On: c.on}.Do(t.Context())
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
