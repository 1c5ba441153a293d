package config_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/price"
)

const declared = `version: 1
models: {task: sim}
budget: {iterations: 1}
search: {minibatch: 2}
metric: exact(label=team)
system:
  program:
    modules: [{name: sort, signature: question -> answer, instructions: Sort it.}]
`

// Each set has its own format and fields where it says so, and feedback and
// validation get each team in proportion.
func TestSetsAreReadAsTheySay(t *testing.T) {
	files(t, map[string]string{
		config.FileName: declared + "data:\n  train: {files: [a.jsonl, b.jsonl]}\n  val: 4\n  stratify: team\n  labels: [team]\n  inputs: [question]\n" +
			"  test: {files: [t.csv], separator: ';', inputs: [question=q], id: number}\n",
		"a.jsonl": orders, "b.jsonl": strings.NewReplacer(`"id": "`, `"id": "b`, `"question": "`, `"question": "other `).Replace(orders), "t.csv": "number;q;team\nn1;x;x\nn2;y;y\n",
	})
	o := load(t)
	r, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	teams := map[string]int{}
	for _, ex := range r.Data.Validation {
		teams[ex.Labels.Text("team")]++
	}
	if diff := cmp.Diff(map[string]int{"x": 2, "y": 2}, teams); diff != "" || len(r.Data.Feedback) != 8 {
		t.Errorf("validation by team (-want +got), beside %d for feedback:\n%s", len(r.Data.Feedback), diff)
	}
	if ex := r.Data.Test[1]; ex.ID != "n2" || ex.Inputs.Text("question") != "y" || ex.Labels.Text("team") != "y" {
		t.Errorf("test: %+v", ex)
	}
	o.ValFiles, o.Stratify = config.Source{Path: "v.tsv", Reading: config.Reading{Labels: []string{"team=group"}}}, ""
	if err := os.WriteFile("v.tsv", []byte("id\tquestion\tgroup\nv1\tv\tx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	if len(own.Data.Feedback) != 12 || len(own.Data.Validation) != 1 || own.Data.Validation[0].Labels.Text("team") != "x" {
		t.Errorf("with files of its own: %d, %+v", len(own.Data.Feedback), own.Data.Validation)
	}
	o.ValFiles.Path = "a.jsonl"
	o.ValFiles.Reading = config.Reading{}
	if _, err := o.Build(t.Context()); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "--train and --val overlap") {
		t.Errorf("sets that overlap: %v", err)
	}
}

// Examples from standard input are asked for again when the run goes on.
func TestStandardInput(t *testing.T) {
	files(t, map[string]string{
		config.FileName: declared + "data: {train: '-', val: 2, test: test.jsonl, labels: [team], inputs: [question]}\n", "test.jsonl": tests,
	})
	o := load(t)
	o.Stdin = strings.NewReader(orders)
	if _, err := carryOut(t, o); err != nil {
		t.Fatal(err)
	}
	again := func(stdin string) error {
		stored, err := config.Stored(t.Context(), "gepa-out")
		if err != nil {
			t.Fatal(err)
		}
		stored.Iterations, stored.Stdin, stored.Getenv = 2, strings.NewReader(stdin), func(string) string { return "" }
		_, err = carryOut(t, stored)
		return err
	}
	if err := again(""); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "gepa resume < FILE, or name the file with --train FILE") {
		t.Errorf("without them: %v", err)
	}
	if err := again(orders + `{"id": "7", "question": "z", "team": "x", "answer": ""}`); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "cannot go on") {
		t.Errorf("with others: %v", err)
	}
	if err := again(orders); err != nil {
		t.Errorf("with the same: %v", err)
	}
}

// A label that the metric needs is looked for in every set, and the error names
// file, example, label and remedy. Nothing is begun.
func TestLabelsAreCheckedFirst(t *testing.T) {
	files(t, map[string]string{
		config.FileName: declared + "data: {train: a.jsonl, val: 2, test: test.jsonl, labels: [team], inputs: [question]}\n",
		"a.jsonl":       orders, "test.jsonl": tests + `{"id": "t3", "question": "x", "team": null, "answer": ""}`,
	})
	_, err := carryOut(t, load(t))
	const want = `--dev: test.jsonl: example "t3" cannot be scored: example "t3" has no label "team" (it has "team"): add the label to the data or compare with another one; name the label with data.labels`
	if !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := os.Stat("gepa-out"); err == nil {
		t.Error("a run was begun")
	}
}

// Demonstrations stand in the messages as earlier turns, the file's after those
// of the list; a described field's text stands in them, too, and is optimized.
func TestDemosAndDescriptions(t *testing.T) {
	files(t, map[string]string{
		config.FileName: strings.Replace(declared, "instructions: Sort it.}", `instructions: Sort it.,
        descriptions: {answer: a team}, optimize: answer, demos: [{question: inline one, answer: "x"}], demos_file: demos.jsonl}`, 1) +
			"models2: 1\n",
	})
	raw, _ := os.ReadFile(config.FileName)
	text := strings.Replace(string(raw), "models2: 1\n", "data: {train: a.jsonl, val: 2, test: test.jsonl, labels: [team], inputs: [question]}\n", 1)
	for name, text := range map[string]string{
		config.FileName: text, "a.jsonl": orders, "test.jsonl": tests,
		"demos.jsonl": `{"question": "filed two", "answer": "y"}` + "\n" + `{"id": "3", "question": "filed three", "answer": "z"}` + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := lmtest.NewServer(t, func(_ context.Context, r lmtest.Request) lmtest.Answer {
		return lmtest.Answer{Text: "[[ ## answer ## ]]\nx\n\n[[ ## completed ## ]]"}
	})
	o := load(t)
	o.Model, o.BaseURL, o.ReflectionModel = "openai/m", server.URL(), "sim"
	o.Getenv = func(name string) string { return map[string]string{"OPENAI_API_KEY": "sk-none-0123456789"}[name] }
	r, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if diff := cmp.Diff([]gepa.Component{{Name: "sort", Text: "Sort it."}, {Name: "sort.answer", Text: "a team"}}, r.System.Components()); diff != "" {
		t.Fatalf("components (-want +got):\n%s", diff)
	}
	out, err := r.System.Run(t.Context(), gepa.Job{Candidate: gepa.Candidate{"sort": "Sort!", "sort.answer": "one of the teams x and y"}, Example: r.Data.Feedback[0]})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Trace) != 2 || out.Trace[1].Component != "sort.answer" || out.Trace[1].Outputs.Text("answer") != "x" || len(out.Trace[1].Exchanges) != 0 {
		t.Errorf("trace: %+v", out.Trace)
	}
	sent := fmt.Sprint(server.Requests()[0].Messages)
	at := 0
	for _, part := range []string{"one of the teams x and y", "Sort!", "inline one", "filed two", "filed three", r.Data.Feedback[0].Inputs.Text("question")} {
		i := strings.Index(sent[at:], part)
		if i < 0 {
			t.Fatalf("%q is not there, or not in its place:\n%s", part, sent)
		}
		at += i
	}
}

// A judge scores by the judge's model: its votes and how far they agree are
// measured, shown, and in the feedback; its objective is the run's.
func TestJudgeMetric(t *testing.T) {
	files(t, map[string]string{
		config.FileName: strings.Replace(strings.Replace(declared, "metric: exact(label=team)", "metric: {judge: {rubric: {file: rubric.md}, votes: 2, max: 3}}", 1),
			"models: {task: sim}", "models: {task: openai/m, reflection: sim, judge: openai/j}", 1) +
			"data: {train: a.jsonl, val: 2, test: test.jsonl}\nreflection: {feedback: both}\n",
		"rubric.md": "3: a team. 1: none.\n", "a.jsonl": orders, "test.jsonl": tests,
	})
	votes := 0
	server := lmtest.NewServer(t, func(_ context.Context, r lmtest.Request) lmtest.Answer {
		text := fmt.Sprint(r.Messages)
		switch {
		case strings.Contains(text, "3: a team. 1: none."):
			votes++
			return lmtest.Answer{Text: fmt.Sprintf("[[ ## reason ## ]]\nbecause\n\n[[ ## score ## ]]\n%d\n\n[[ ## completed ## ]]", 1+votes%2)}
		case strings.Contains(text, "feedback"):
			return lmtest.Answer{Text: "[[ ## feedback ## ]]\n- Name a team.\n\n[[ ## completed ## ]]"}
		}
		return lmtest.Answer{Text: "[[ ## answer ## ]]\nx\n\n[[ ## completed ## ]]"}
	})
	o := load(t)
	o.BaseURL, o.Concurrency = server.URL(), 1
	o.Getenv = func(name string) string { return map[string]string{"OPENAI_API_KEY": "sk-none-0123456789"}[name] }
	s, err := carryOut(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Candidates[0].Objectives["judge"]; got != 1.5 || s.Candidates[0].Validation != 0.25 {
		t.Errorf("the judge's mean is %g of 3, the score %g; want 1.5 and 0.25", got, s.Candidates[0].Validation)
	}
	var names []string
	for _, m := range s.Test.Measures {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"judge", "judge_agreement", "score"}, names); diff != "" {
		t.Errorf("the test's measures (-want +got):\n%s", diff)
	}
	judged := false
	for _, r := range server.Requests() {
		judged = judged || r.Model == "j" && strings.Contains(fmt.Sprint(r.Messages), "gold_answer")
	}
	if !judged {
		t.Error("feedback: both asked no judge about the module")
	}
}

// Probing a model says what it can do; a model that does not answer is no error.
func TestProbe(t *testing.T) {
	server := lmtest.NewServer(t, func(_ context.Context, r lmtest.Request) lmtest.Answer { return lmtest.Answer{Text: `{"word":"ok"}`} })
	env := func(name string) string { return map[string]string{"OPENAI_API_KEY": "sk-none-0123456789"}[name] }
	c, err := config.Probe(t.Context(), "openai/m", server.URL(), 0, price.Table{}, env)
	if err != nil || !c.OK || c.Endpoint == "" || len(c.Features) < 5 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, f := range c.Features {
		if (f.Name == "json" || f.Name == "schema") && (f.Works == nil || !*f.Works) {
			t.Errorf("%s does not work: %+v", f.Name, f)
		}
	}
	if c, err := config.Probe(t.Context(), "openai/m", "http://127.0.0.1:1/v1", 0, price.Table{}, env); err != nil || c.OK || c.Error == "" {
		t.Errorf("nobody there: %+v, %v", c, err)
	}
	if c, err := config.Probe(t.Context(), "sim", "", 0, price.Table{}, env); err != nil || !c.OK {
		t.Errorf("the stand-in: %+v, %v", c, err)
	}
	if _, err := config.Probe(t.Context(), "nobody/m", "", 0, price.Table{}, env); !errors.Is(err, config.ErrUsage) {
		t.Errorf("no such provider: %v", err)
	}
	for _, k := range config.Keys(env) {
		if (k.Set != "") != (k.Provider == "openai") {
			t.Errorf("%s: the key is in %q", k.Provider, k.Set)
		}
	}
}

// Keys never reach the log, in whatever form.
func TestLogHoldsNoKeys(t *testing.T) {
	const key = "sk-none-0123456789"
	var log strings.Builder
	server := lmtest.NewServer(t, func(_ context.Context, r lmtest.Request) lmtest.Answer {
		return lmtest.Answer{Status: 401, Text: "not " + key}
	})
	files(t, map[string]string{config.FileName: declared + "data: {train: a.jsonl, val: 2, test: test.jsonl, labels: [team], inputs: [question]}\n", "a.jsonl": orders, "test.jsonl": tests})
	o := load(t)
	o.Model, o.BaseURL = "openai/m", server.URL()
	o.Getenv = func(name string) string { return map[string]string{"OPENAI_API_KEY": key}[name] }
	o.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})).With("a", key).WithGroup("g")
	if _, err := carryOut(t, o); err == nil {
		t.Error("a refused key is no error")
	}
	if _, err := o.Build(t.Context()); err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Contains(strings.ReplaceAll(text, `"a":"`+key, ""), key) || text == "" {
		t.Errorf("the log: %s", text)
	}
}
