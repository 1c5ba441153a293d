package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/config/source"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
	"github.com/gepa-go/gepa/report"
)

// What a run measured and what is measured anew are the same: the simulated
// model answers as it did.
func TestEvalAgreesWithTheRun(t *testing.T) {
	t.Parallel()
	dir, summary := kept(t, nil)
	on := config.On{Split: config.SplitTest}
	subject := config.Subject{Name: dir}
	journaled, err := config.Eval{Subject: subject, On: on}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := config.Eval{Subject: subject, On: on, Fresh: true}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if journaled.Journaled != journaled.N || fresh.Journaled != 0 || journaled.Usage.Calls != 0 || fresh.Usage.Calls == 0 {
		t.Errorf("journaled %d of %d with %d calls, then %d with %d calls", journaled.Journaled, journaled.N, journaled.Usage.Calls, fresh.Journaled, fresh.Usage.Calls)
	}
	if diff := cmp.Diff(journaled, fresh, cmpopts.IgnoreFields(report.Evaluation{}, "Journaled", "Usage", "Latency", "Notes")); diff != "" {
		t.Errorf("(-journaled +fresh): %s", diff)
	}
	score := summary.Test.Measures[len(summary.Test.Measures)-1]
	if got := fresh.Measures[len(fresh.Measures)-1].Mean; got != score.Other {
		t.Errorf("mean score %v, the run has %v", got, score.Other)
	}

	// Another temperature is another measurement.
	warm := 0.7
	subject.Setup.Params.Temperature = &warm
	other, err := config.Eval{Subject: subject, On: on}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if other.Journaled != 0 {
		t.Errorf("%d rollouts of another temperature were taken", other.Journaled)
	}
}

// Seed and winner on the test set are the run's own comparison.
func TestCompareAgreesWithTheRun(t *testing.T) {
	t.Parallel()
	dir, summary := kept(t, nil)
	got, err := config.Compare{A: config.Subject{Name: dir + ":seed"}, B: config.Subject{Name: dir}}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(summary.Test.Measures, got.Measures); diff != "" {
		t.Errorf("(-run +compare): %s", diff)
	}
	if got.Made != 0 || !strings.Contains(got.Conclusion, "(Simulated figures.)") {
		t.Errorf("%d made: %s", got.Made, got.Conclusion)
	}
	// By what the journal holds and by the saved program, which is run.
	saved, err := config.Compare{A: config.Subject{Name: dir}, B: config.Subject{Name: filepath.Join(dir, config.ProgramFile)}, On: config.On{Split: config.SplitTest}}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if saved.Made == 0 || len(saved.Won)+len(saved.Lost) != 0 {
		t.Errorf("made %d, won %v, lost %v", saved.Made, saved.Won, saved.Lost)
	}
}

func TestDiffOfARun(t *testing.T) {
	t.Parallel()
	dir, summary := kept(t, nil)
	k := readKept(t, dir)
	d, err := k.Diff("", "")
	if err != nil {
		t.Fatal(err)
	}
	if d.Candidate != summary.Winner.Candidate || d.Against != 0 || !d.Simulated {
		t.Errorf("%d against %d", d.Candidate, d.Against)
	}
	var out bytes.Buffer
	if err := d.Text(&out, report.TextOptions{}); err != nil || !strings.Contains(out.String(), "(simulated)") {
		t.Errorf("%v: %s", err, out.String())
	}
	for _, wrong := range [][2]string{{"99", ""}, {"x", ""}, {"seed", "parent"}} {
		if _, err := k.Diff(wrong[0], wrong[1]); !errors.Is(err, config.ErrUsage) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}

// Every form can be read by what reads it.
func TestForms(t *testing.T) {
	t.Parallel()
	dir, summary := kept(t, nil)
	k := readKept(t, dir)
	want := summary.Candidates[summary.Winner.Candidate].Texts
	text := func(form string) []byte {
		data, err := k.Texts(form, "")
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	state, err := program.ParseState(text(config.FormDSPy))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := hotpotqa.New().Apply(state)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(gepa.Candidate(want), loaded.Seed()); diff != "" {
		t.Error(diff)
	}
	var texts map[string]string
	if err := json.Unmarshal(text(config.FormJSON), &texts); err != nil || !cmp.Equal(texts, want) {
		t.Errorf("%v: %v", texts, err)
	}
	var foo struct {
		Prompts []struct{ ID, Raw string }
	}
	if err := yaml.Unmarshal(text(config.FormPromptfoo), &foo); err != nil || len(foo.Prompts) != 2 {
		t.Fatal(err, foo)
	}
	for _, p := range foo.Prompts {
		var messages []gepa.Message
		if err := json.Unmarshal([]byte(p.Raw), &messages); err != nil || len(messages) != 2 || !strings.Contains(messages[1].Content, "{{question}}") {
			t.Errorf("%s: %v: %v", p.ID, messages, err)
		}
	}
	for name, own := range want {
		if !bytes.Contains(text(config.FormMarkdown), []byte("## "+name+"\n\n```text\n"+own)) {
			t.Errorf("no %s in %s", name, text(config.FormMarkdown))
		}
	}
	if _, err := k.Texts("yml", ""); !errors.Is(err, config.ErrUsage) {
		t.Error(err)
	}
}

// A check of what was written as the baseline passes, and its files are told
// apart.
func TestBaselineCheck(t *testing.T) {
	t.Parallel()
	dir, _ := kept(t, nil)
	c := config.BaselineCheck{
		Subject: config.Subject{Name: dir}, On: config.On{Split: config.SplitTest},
		Baseline: filepath.Join(t.TempDir(), "baseline.json"), Allowed: report.Allowed{Margin: 0.05},
	}
	if _, err := c.Do(t.Context()); !errors.Is(err, config.ErrUsage) {
		t.Error(err)
	}
	if _, err := c.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := config.BaselineCheck{Baseline: c.Baseline, Allowed: c.Allowed}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != report.CheckPassed || got.N == 0 || got.Usage.Calls == 0 {
		t.Errorf("%+v", got)
	}
	c.Split = config.SplitValidation
	if _, err := c.Do(t.Context()); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "is not the data of the baseline") {
		t.Error(err)
	}
	if err := os.WriteFile(c.Baseline, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context()); !errors.Is(err, config.ErrUsage) {
		t.Error(err)
	}
}

func TestPlanApply(t *testing.T) {
	t.Parallel()
	dir, summary := kept(t, nil)
	k := readKept(t, dir)
	to := filepath.Join(t.TempDir(), "prompts")
	changes, err := k.PlanApply(config.Apply{To: []string{to}})
	if err != nil || len(changes) != 2 {
		t.Fatal(changes, err)
	}
	if err := source.Write(changes); err != nil {
		t.Fatal(err)
	}
	if changes, err = k.PlanApply(config.Apply{To: []string{to}}); err != nil || len(changes) != 0 {
		t.Error(changes, err)
	}
	file := filepath.Join(to, "verify.md")
	text, err := os.ReadFile(file)
	if err != nil || strings.TrimSpace(string(text)) != strings.TrimSpace(summary.Candidates[summary.Winner.Candidate].Texts["verify"]) {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.WriteFile(file, []byte("by hand"), 0o600); err != nil {
		t.Fatal(err)
	}
	place := []string{"verify=" + file}
	if _, err = k.PlanApply(config.Apply{To: place}); !errors.Is(err, config.ErrUsage) {
		t.Error(err)
	}
	if changes, err = k.PlanApply(config.Apply{To: place, Force: true}); err != nil || len(changes) != 1 {
		t.Error(changes, err)
	}
	for _, wrong := range [][]string{nil, {""}, {"none=" + file}, {file}, {"verify=a#x"}, {to, file}} {
		if _, err := k.PlanApply(config.Apply{To: wrong}); !errors.Is(err, config.ErrUsage) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
