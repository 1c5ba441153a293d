package config_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
	"github.com/gepa-go/gepa/report"
)

// small is a run that takes a moment.
func small() config.Optimize {
	return config.Optimize{
		Program: "hotpotqa", Model: "sim",
		Train: config.Source{Path: "train", Data: lines(demodata.Train())}, LimitTrain: 12,
		Dev: config.Source{Path: "dev", Data: lines(demodata.Dev())}, LimitDev: 6,
		Iterations: 2, Search: config.Search{Minibatch: 3}, Seed: 4,
		Getenv: func(string) string { return "" },
	}
}

// lines returns the first few examples, so that no time is spent on others.
func lines(data []byte) []byte {
	const few = 30
	return bytes.Join(bytes.SplitAfter(data, []byte("\n"))[:few], nil)
}

// with returns a small run with something changed.
func with(change func(*config.Optimize)) config.Optimize {
	o := small()
	change(&o)
	return o
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBuildRefuses(t *testing.T) {
	firstLine := strings.SplitAfter(string(demodata.Train()), "\n")[0]
	other := hotpotqa.New().State(nil).Bytes()
	for _, c := range []struct {
		name   string
		change func(*config.Optimize)
		want   []string
	}{
		{"no program", func(o *config.Optimize) { o.Program = "" }, []string{"--program is missing", "hotpotqa"}},
		{"unknown program", func(o *config.Optimize) { o.Program = "hotpotq" }, []string{"--program hotpotq", `did you mean "hotpotqa"`}},
		{"no train", func(o *config.Optimize) { o.Train = config.Source{} }, []string{"--train is missing"}},
		{"no dev", func(o *config.Optimize) { o.Dev = config.Source{} }, []string{"--dev is missing"}},
		{"no model", func(o *config.Optimize) { o.Model = "" }, []string{"--model is missing", "provider/model", "sim"}},
		{"near sim", func(o *config.Optimize) { o.Model = "simm" }, []string{"--model simm", `did you mean "sim"`}},
		{"no provider", func(o *config.Optimize) { o.ReflectionModel = "gpt-4.1" }, []string{"--reflection-model gpt-4.1", `did you mean "openai/gpt-4.1"`}},
		{"near provider", func(o *config.Optimize) { o.JudgeModel = "opnai/gpt-4.1" }, []string{"--judge-model", `unknown provider "opnai"`, `did you mean "openai/gpt-4.1"`}},
		{"unknown provider", func(o *config.Optimize) { o.Model = "zzzzzzzzzz/m" }, []string{"unknown provider", "openai-compatible/m with --base-url"}},
		{"no model after provider", func(o *config.Optimize) { o.Model = "openai/" }, []string{"the model's name is missing"}},
		{"no key", func(o *config.Optimize) { o.Model = "openai/gpt-4.1" }, []string{"OPENAI_API_KEY"}},
		{"bad base URL", func(o *config.Optimize) { o.Model, o.BaseURL = "vllm/m", "localhost" }, []string{"--base-url", "http"}},
		{"no base URL", func(o *config.Optimize) { o.Model = "openai-compatible/m" }, []string{"--model openai-compatible/m", "no base URL", "add --base-url URL"}},
		{"bad base URL from the environment", func(o *config.Optimize) {
			o.Model, o.Getenv = "vllm/m", func(name string) string { return map[string]string{"VLLM_API_BASE": "localhost"}[name] }
		}, []string{"VLLM_API_BASE, which --model vllm/m needs", "http"}},
		{"top-p above 1", func(o *config.Optimize) { o.JudgeParams.TopP = new(1.5) }, []string{"--judge-top-p 1.5"}},
		{"an empty stop", func(o *config.Optimize) { o.ReflectionParams.Stop = []string{"x", ""} }, []string{"--reflection-stop"}},
		{"judge without use", func(o *config.Optimize) { o.Feedback, o.JudgeModel = "metric", "sim" }, []string{"--judge-model sim", "--feedback metric"}},
		{"unknown feedback", func(o *config.Optimize) { o.Feedback = "jugde" }, []string{"metric, judge or both", `did you mean "judge"`}},
		{"unknown template", func(o *config.Optimize) { o.Template = "x" }, []string{"--template x", "instruction or gepa"}},
		{"unknown level", func(o *config.Optimize) { o.Auto = "lite" }, []string{"--auto lite", "light, medium or heavy"}},
		{"unknown dominance", func(o *config.Optimize) { o.Dominance = "x" }, []string{"--dominance x"}},
		{"unknown components", func(o *config.Optimize) { o.Components = "x" }, []string{"--components x"}},
		{"auto and rollouts", func(o *config.Optimize) { o.Auto, o.Rollouts = "light", 9 }, []string{"--auto and --rollouts"}},
		{"temperature", func(o *config.Optimize) { v := -1.0; o.Params.Temperature = &v }, []string{"--temperature -1"}},
		{"target", func(o *config.Optimize) { o.Target = 70 }, []string{"--target 70", "between 0 and 1"}},
		{"budget too small", func(o *config.Optimize) { o.Iterations, o.Rollouts = 0, 13 }, []string{"budget of 13 rollouts", "4 to validate the seed + 2 × 3", "+ 4 to validate the child = 14"}},
		{"negative iterations", func(o *config.Optimize) { o.Iterations = -1 }, []string{"negative"}},
		{"val 0", func(o *config.Optimize) { o.Val = "0" }, []string{"--val 0", "1 to 11"}},
		{"val too large", func(o *config.Optimize) { o.Val = "12" }, []string{"--val 12", "12 examples", "at most 11"}},
		{"val is no file", func(o *config.Optimize) { o.Val = "none.jsonl" }, []string{"--val none.jsonl", "no such file"}},
		{"val in train", func(o *config.Optimize) { o.Val = write(t, "v.jsonl", firstLine) }, []string{"--val", "--train"}},
		{"one example", func(o *config.Optimize) { o.LimitTrain = 1 }, []string{"1 example is too few", "--val FILE"}},
		{"train is dev", func(o *config.Optimize) { o.Dev = o.Train }, []string{"--train", "--dev"}},
		{"missing file", func(o *config.Optimize) { o.Train = config.Source{Path: "none.jsonl"} }, []string{"--train none.jsonl", "no such file"}},
		{"broken line", func(o *config.Optimize) { o.Dev = config.Source{Path: write(t, "d.jsonl", firstLine+"{\n")} }, []string{"--dev", "d.jsonl:2"}},
		{"no answer", func(o *config.Optimize) {
			o.Dev = config.Source{Path: write(t, "d.jsonl", strings.Replace(firstLine, `"answer"`, `"anwser"`, 1))}
		}, []string{"d.jsonl:1", `"answer"`}},
		{"empty file", func(o *config.Optimize) { o.Dev = config.Source{Path: write(t, "d.jsonl", "\n")} }, []string{"--dev", "d.jsonl"}},
		{"start is missing", func(o *config.Optimize) { o.Start = "none.json" }, []string{"--start", "none.json"}},
		{"start is an empty folder", func(o *config.Optimize) { o.Start = t.TempDir() }, []string{"--start", "no program.json"}},
		{"start is broken", func(o *config.Optimize) { o.Start = write(t, "p.json", "{") }, []string{"--start", "line 1"}},
		{"start is of another program", func(o *config.Optimize) {
			o.Start = write(t, "p.json", strings.Replace(string(other), `"verify"`, `"check"`, 1))
		}, []string{"--start", "hotpotqa", "check"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, err := with(c.change).Build(t.Context())
			if err == nil {
				t.Fatalf("built %+v", run.Plan())
			}
			if !errors.Is(err, config.ErrUsage) {
				t.Errorf("is not the user's mistake: %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestBuildPlans(t *testing.T) {
	val := write(t, "val.jsonl", strings.Join(strings.SplitAfter(string(demodata.Train()), "\n")[20:25], ""))
	for _, c := range []struct {
		name   string
		change func(*config.Optimize)
		want   config.Plan
		note   string
	}{
		{
			"defaults", func(o *config.Optimize) { o.Iterations, o.Minibatch = 0, 0 },
			config.Plan{Feedback: 8, Validation: 4, Test: 6, Minibatch: 7, Budget: gepa.Budget{Proposals: 15}, Search: 4 + 15*18, Reading: 12},
			"the default",
		},
		{
			"rollouts are fewer", func(o *config.Optimize) { o.Rollouts = 20 },
			config.Plan{Feedback: 8, Validation: 4, Test: 6, Minibatch: 3, Budget: gepa.Budget{Proposals: 2, Rollouts: 20}, Search: 20, Reading: 12}, "",
		},
		{
			"time alone", func(o *config.Optimize) { o.Iterations, o.Time = 0, 1e9 },
			config.Plan{Feedback: 8, Validation: 4, Test: 6, Minibatch: 3, Budget: gepa.Budget{Time: 1e9}, Reading: 12}, "",
		},
		{
			"a level", func(o *config.Optimize) { o.Iterations, o.Auto = 0, "light" },
			config.Plan{Feedback: 8, Validation: 4, Test: 6, Minibatch: 3, Budget: gepa.Budget{Rollouts: 754}, Search: 754, Reading: 12},
			"light",
		},
		{
			"a file for validation", func(o *config.Optimize) { o.Val = val },
			config.Plan{Feedback: 12, Validation: 5, Test: 6, Minibatch: 3, Budget: gepa.Budget{Proposals: 2}, Search: 5 + 2*11, Reading: 12}, "",
		},
		{
			"limits", func(o *config.Optimize) { o.Limit, o.LimitTrain, o.LimitDev, o.Val = 9, 0, 0, "2" },
			config.Plan{Feedback: 7, Validation: 2, Test: 9, Minibatch: 3, Budget: gepa.Budget{Proposals: 2}, Search: 2 + 2*8, Reading: 18}, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, err := with(c.change).Build(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			plan := run.Plan()
			if f := plan.Forecast; plan.Search > 0 && f.Rollouts.High > plan.Search {
				t.Errorf("forecast of %v rollouts, at most %d are possible", f.Rollouts, plan.Search)
			}
			plan.Forecast = gepa.Forecast{}
			if diff := cmp.Diff(c.want, plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if !strings.Contains(run.BudgetNote, c.note) || (c.note == "") != (run.BudgetNote == "") {
				t.Errorf("note %q, want %q in it", run.BudgetNote, c.note)
			}
		})
	}
}

func do(t *testing.T, o config.Optimize) *report.Summary {
	t.Helper()
	run, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	}()
	s, err := run.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRunKeepsWhatItFound(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "folder")
	o := with(func(o *config.Optimize) { o.Out, o.Iterations, o.Command = out, 4, "gepa test" })
	s := do(t, o)
	state, err := program.LoadState(filepath.Join(out, config.ProgramFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Components {
		saved, err := state.Predictor(c.Name)
		if err != nil {
			t.Fatal(err)
		}
		if saved.Instructions != c.After {
			t.Errorf("%s: saved %q, reported %q", c.Name, saved.Instructions, c.After)
		}
	}
	kept, err := os.ReadFile(filepath.Join(out, config.ResultFile))
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, want) {
		t.Error("result.json is not the summary")
	}

	// The same run again does nothing and says the same.
	calls := 0
	o.Observer = func(e gepa.Event) {
		if _, is := e.(gepa.RolloutDone); is {
			calls++
		}
	}
	if diff := cmp.Diff(s, do(t, o)); diff != "" || calls > 0 {
		t.Errorf("%d rollouts, and a difference (-first +second):\n%s", calls, diff)
	}

	// A larger budget goes on.
	o.Iterations = 5
	if more := do(t, o); more.Proposals.Made != 5 || calls == 0 {
		t.Errorf("%d proposals, %d rollouts after the budget grew", more.Proposals.Made, calls)
	}

	// A new run can start from it, and then shows it as the base.
	next := do(t, with(func(o *config.Optimize) { o.Start = out }))
	last := do(t, o)
	for i, c := range next.Components {
		if c.Before != last.Components[i].After {
			t.Errorf("%s starts from %q, want %q", c.Name, c.Before, last.Components[i].After)
		}
	}
}

// What is saved scores, on the same examples, what the winner scored.
func TestSavedProgramScoresTheSame(t *testing.T) {
	out := t.TempDir()
	s := do(t, with(func(o *config.Optimize) { o.Out, o.Iterations, o.LimitTrain, o.LimitDev = out, 8, 30, 20 }))
	run, err := with(func(o *config.Optimize) { o.Start, o.LimitTrain, o.LimitDev = out, 30, 20 }).Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seed := gepa.Seed(run.System.Components())
	for i, ex := range run.Data.Test {
		r, err := run.System.Run(t.Context(), gepa.Job{Candidate: seed, Example: ex})
		if err != nil {
			t.Fatal(err)
		}
		if want := s.Test.Examples[i].Optimized.Score; r.Score != want {
			t.Errorf("example %s scores %v, want %v", ex.ID, r.Score, want)
		}
	}
}

func TestFolderOfAnotherRunIsRefused(t *testing.T) {
	out := t.TempDir()
	base := func(o *config.Optimize) { o.Out = out }
	do(t, with(base))
	before := snapshot(t, out)
	for _, c := range []struct {
		name   string
		change func(*config.Optimize)
		want   []string
	}{
		{"seed and minibatch", func(o *config.Optimize) { o.Seed, o.Minibatch = 5, 4 }, []string{"--seed was 4 and is now 5", "--minibatch was 3 and is now 4"}},
		{"data", func(o *config.Optimize) { o.LimitTrain = 11 }, []string{"--train was 12 examples (", "and is now 11 examples ("}},
		{"feedback", func(o *config.Optimize) { o.Feedback = "metric" }, []string{"--feedback was both and is now metric", "--judge-model was sim and is now not given"}},
		{"temperature", func(o *config.Optimize) { v := 0.5; o.Params.Temperature = &v }, []string{"--temperature was not given and is now 0.5"}},
		{"merges", func(o *config.Optimize) { o.Merges = new(int) }, []string{"--merges was 5 and is now 0"}},
		{"start", func(o *config.Optimize) { o.Start = out }, []string{"--start was not given and is now a saved program"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, err := with(func(o *config.Optimize) { base(o); c.change(o) }).Build(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s, err := run.Do(t.Context())
			var other *config.OtherRunError
			if s != nil || !errors.As(err, &other) || !errors.Is(err, config.ErrUsage) {
				t.Fatalf("summary %v, error %v", s, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if diff := cmp.Diff(before, snapshot(t, out)); diff != "" {
				t.Errorf("the folder changed:\n%s", diff)
			}
		})
	}
	t.Run("what may change", func(t *testing.T) {
		do(t, with(func(o *config.Optimize) { base(o); o.Concurrency, o.Attempts, o.Command = 2, 3, "other" }))
	})
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	file := write(t, "file", "")
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, config.ProgramFile), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	noJournal := t.TempDir()
	if err := os.WriteFile(filepath.Join(noJournal, config.JournalFile), []byte("this is no database"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, out, want string }{
		{"a file", file, "not a directory"},
		{"below a file", filepath.Join(file, "out"), "not a directory"},
		{"a program of somebody else's", foreign, "belongs to no run"},
		{"something else's journal", noJournal, "not a gepa journal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, err := with(func(o *config.Optimize) { o.Out = c.out }).Build(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s, err := run.Do(t.Context())
			if s != nil || !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("summary %v, error %v", s, err)
			}
		})
	}
	if got := snapshot(t, foreign); len(got) != 1 || got[config.ProgramFile] != "mine" {
		t.Errorf("files of somebody else: %v", got)
	}
}

func TestFolderHasOneRunAtATime(t *testing.T) {
	o := with(func(o *config.Optimize) { o.Out = t.TempDir() })
	first, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := first.Close(); err != nil {
			t.Error(err)
		}
	}()
	second, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Open(t.Context()); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("the second opened it, or its error does not name the owner: %v", err)
	}
}

func TestInterruptedRunIsKeptAndGoesOn(t *testing.T) {
	whole := do(t, small())
	o := with(func(o *config.Optimize) { o.Out = t.TempDir() })
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := o
	interrupted.Observer = func(e gepa.Event) {
		if _, is := e.(gepa.GateDecided); is {
			cancel()
		}
	}
	run, err := interrupted.Build(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s, err := run.Do(ctx)
	if !errors.Is(err, context.Canceled) || s == nil || s.Status != report.StatusInterrupted || s.Test != nil {
		t.Fatalf("summary %+v, error %v", s, err)
	}
	if _, err := program.LoadState(s.Output.Program); err != nil {
		t.Errorf("the best so far: %v", err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	if run, err = o.Build(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := run.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f, some := run.Fold(); !some || f.Story().State.Rollouts() == 0 {
		t.Errorf("earlier events: %v", some)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	resumed := do(t, o)
	resumed.Output = nil
	// What was cut short was paid for, and is no part of the run's meaning.
	for _, s := range []*report.Summary{whole, resumed} {
		s.Spend.Failed, s.Spend.Total, s.Spend.Ledger = report.Usage{}, report.Usage{}, nil
	}
	if diff := cmp.Diff(whole, resumed); diff != "" {
		t.Errorf("resumed differs from uninterrupted (-uninterrupted +resumed):\n%s", diff)
	}
}

func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

func TestSummaryIsJSON(t *testing.T) {
	data, err := do(t, small()).Encode()
	if err != nil {
		t.Fatal(err)
	}
	var back report.Summary
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("%v: the object does not survive a round trip:\n%s", err, cmp.Diff(string(data), string(again)))
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{"mdoel", "model"}, {"Model", "model"}, {"seeed", "seed"}, {"x", ""}, {"mode", "model"}, {"zebra", ""}, {"", ""},
	} {
		if got := config.Nearest(c.typed, []string{"model", "seed", "train"}); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.typed, got, c.want)
		}
	}
}
