//go:build unix

package rollout_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/rollout"
	"github.com/gepa-go/gepa/rollout/rollouttest"
)

func command(t *testing.T, opts rollout.CommandOptions) *rollout.Command {
	t.Helper()
	if opts.Exec.Argv == nil {
		opts.Exec = self(t, "command")
	}
	if opts.Components == nil {
		opts.Components = echoComponents
	}
	c, err := rollout.NewCommand(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCommandConforms(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	rollouttest.Exercise(t, rollouttest.Subject{
		System:   command(t, rollout.CommandOptions{}),
		Examples: []gepa.Example{example("1", "q", "one"), example("2", "q", "two")},
		Echo:     "a",
		Failing:  new(example("fail", "do", "fail")),
		Broken:   new(example("kill", "do", "kill")),
		Slow:     new(example("slow", "do", "slow")),
	})
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("files are left behind: %v, %v", left, err)
	}
}

func TestCommandResults(t *testing.T) {
	words := metric.Func(func(_ context.Context, in metric.Input) (metric.Result, error) {
		return metric.Result{Score: float64(len(in.Output.Text("output"))), Feedback: gepa.Feedback{Text: in.Output.Text("answer")}}, nil
	})
	pattern := func(s string) rollout.CommandOptions {
		p, err := rollout.ParsePattern(s)
		if err != nil {
			t.Fatal(err)
		}
		return rollout.CommandOptions{Score: p}
	}
	withMetric := rollout.CommandOptions{Scoring: rollout.Scoring{Metric: words, FailureScore: -1}}
	for _, c := range []struct {
		name   string
		opts   rollout.CommandOptions
		prints string
		want   gepa.Rollout
	}{
		{"success is 1", rollout.CommandOptions{}, "all is well\n", gepa.Rollout{Score: 1, Feedback: gepa.Feedback{Text: "all is well"}}},
		{"last line that matches", pattern(`^score: ([0-9.]+)`), "score: 0.1\nno b\nscore: 0.7\nsee a\n", gepa.Rollout{
			Score: 0.7, Feedback: gepa.Feedback{Text: "score: 0.1\nno b\nsee a"},
		}},
		{"exponents, ends of lines", pattern(`=(\S+)`), "x=-1e-3\r\n", gepa.Rollout{Score: -0.001}},
		{"JSON", pattern(`/results/0/a~1b~0`), `{"results":[{"a/b~":0.5}]}`, gepa.Rollout{
			Score: 0.5, Feedback: gepa.Feedback{Text: "{\n  \"results\": [\n    {\n      \"a/b~\": 0.5\n    }\n  ]\n}"},
		}},
		{"JSON in the last line", pattern(`/ok`), "some words\n{\"ok\":true}\n", gepa.Rollout{Score: 1, Feedback: gepa.Feedback{Text: "some words\n\n{\n  \"ok\": true\n}"}}},
		{"metric on text", withMetric, " four \n", gepa.Rollout{Score: 4, Output: gepa.NewFields("output", "four")}},
		{"metric on JSON", withMetric, `{"answer": "x"}`, gepa.Rollout{Output: gepa.NewFields("answer", "x"), Feedback: gepa.Feedback{Text: "x"}}},
		{"metric on broken JSON", withMetric, `{"a`, gepa.Rollout{Score: 3, Output: gepa.NewFields("output", `{"a`)}},
		{"metric on a number", withMetric, `42`, gepa.Rollout{Score: 2, Output: gepa.NewFields("output", `42`)}},
		{"a reply", pattern("x(.)"), "words\n" + `{"type":"reply","score":0.5,"feedback":"good","objectives":{"ms":3}}`, gepa.Rollout{
			Score: 0.5, Feedback: gepa.Feedback{Text: "good"}, Objectives: map[string]float64{"ms": 3},
		}},
		{"no score", pattern(`score (\d+)`), "score seven", gepa.Rollout{
			Problem:  "no line of the output matches the score pattern \"score (\\\\d+)\"",
			Feedback: gepa.Feedback{Text: "no line of the output matches the score pattern \"score (\\\\d+)\"; the end of what it wrote:\nscore seven"},
		}},
		{"no number", pattern(`score (\w+)`), "score NaN", gepa.Rollout{
			Problem: `the score "NaN" is not a finite number`, Feedback: gepa.Feedback{Text: "the score \"NaN\" is not a finite number; the end of what it wrote:\nscore NaN"},
		}},
		{"no JSON", pattern(`/a`), "x", gepa.Rollout{
			Problem:  "the output is not JSON, and neither is its last line",
			Feedback: gepa.Feedback{Text: "the output is not JSON, and neither is its last line; the end of what it wrote:\nx"},
		}},
		{"no such field", pattern(`/a/b`), `{"a":{}}`, gepa.Rollout{Problem: "the output has no /a/b", Feedback: gepa.Feedback{Text: "the output has no /a/b; the end of what it wrote:\n{\"a\":{}}"}}},
		{"no such element", pattern(`/1`), `[1]`, gepa.Rollout{
			Problem:  "the output has no /1: the array has 1 elements",
			Feedback: gepa.Feedback{Text: "the output has no /1: the array has 1 elements; the end of what it wrote:\n[1]"},
		}},
		{"nothing to look in", pattern(`/a/b`), `{"a":1}`, gepa.Rollout{
			Problem:  "the output has no /a/b: what should hold it is neither object nor array",
			Feedback: gepa.Feedback{Text: "the output has no /a/b: what should hold it is neither object nor array; the end of what it wrote:\n{\"a\":1}"},
		}},
		{"a string", pattern(`/a`), `{"a":"1"}`, gepa.Rollout{Problem: "/a of the output is no number", Feedback: gepa.Feedback{Text: "/a of the output is no number; the end of what it wrote:\n{\"a\":\"1\"}"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := command(t, c.opts).Run(t.Context(), do("print", "text", c.prints))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("long output", func(t *testing.T) {
		got, err := command(t, rollout.CommandOptions{}).Run(t.Context(), do("print", "text", "begin"+strings.Repeat("é", 20000)+"end"))
		if err != nil || len(got.Feedback.Text) > 17<<10 || !strings.HasPrefix(got.Feedback.Text, "begin") || !strings.HasSuffix(got.Feedback.Text, "end") {
			t.Errorf("got feedback of %d bytes, %v", len(got.Feedback.Text), err)
		}
	})
	t.Run("labels", func(t *testing.T) {
		opts := pattern(`score: (\d)`)
		if got, err := command(t, opts).Run(t.Context(), do("labels")); err != nil || got.Score != 1 {
			t.Errorf("got %+v, %v: a command that scores itself sees labels", got, err)
		}
		if got, err := command(t, withMetric).Run(t.Context(), do("labels")); err != nil || got.Output.Text("output") != "score: 0" {
			t.Errorf("got %+v, %v: a command that a metric scores sees none", got, err)
		}
	})
}

func TestCommandFails(t *testing.T) {
	c := command(t, rollout.CommandOptions{Scoring: rollout.Scoring{FailureScore: -2}})
	hasty := command(t, rollout.CommandOptions{TimeLimit: 300 * time.Millisecond, Scoring: rollout.Scoring{FailureScore: -2}})
	for what, want := range map[string]string{
		"fail": "the command failed: exit status 1",
		"segv": "the command failed: signal: segmentation fault",
		"slow": "the command did not end within the time limit of 300ms",
	} {
		sys := c
		if what == "slow" {
			sys = hasty
		}
		r, err := sys.Run(t.Context(), do(what))
		if err != nil || r.Problem != want || r.Score != -2 {
			t.Errorf("%s: got %+v, %v; want the problem %q", what, r, err, want)
		}
		if what == "fail" && !strings.HasSuffix(r.Feedback.Text, "ValueError: no idea") {
			t.Errorf("feedback %q, want the error output", r.Feedback.Text)
		}
	}
	if r, err := command(t, rollout.CommandOptions{}).Run(t.Context(), do("gush")); err != nil || r.Problem != "the command printed more than 16777216 bytes" {
		t.Errorf("got the problem %q, %v", r.Problem, err)
	}
	missing := command(t, rollout.CommandOptions{Exec: rollout.Exec{Argv: []string{"gepa-no-such-program"}}})
	if _, err := missing.Run(t.Context(), do("")); !gepa.IsFatal(err) {
		t.Errorf("got %v for a program that is not there, want a fatal error", err)
	}
	job := do("")
	job.Candidate = gepa.Candidate{"c": ""}
	if _, err := c.Run(t.Context(), job); !gepa.IsFatal(err) {
		t.Errorf("got %v for an unknown component, want a fatal error", err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "no such folder"))
	if _, err := c.Run(t.Context(), do("")); err == nil || gepa.IsFatal(err) {
		t.Errorf("got %v where files cannot be written, want an error that may pass", err)
	}
}

// A command that leaves a child behind is done when it has ended, and so is
// the child.
func TestCommandLeaksNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	began := time.Now()
	r, err := command(t, rollout.CommandOptions{Score: rollout.Pattern{Regexp: `score: (\d)`}}).Run(t.Context(), do("leak", "file", file))
	if err != nil || r.Score != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	for _, pid := range pids(t, file) {
		gone(t, pid)
	}
}

// Arguments and files are as the documentation says.
func TestCommandFiles(t *testing.T) {
	script := `cd "$1" && find . -type f | LC_ALL=C sort && cat "$2" "$3" && cmp "$2" "$GEPA_CANDIDATE" && cmp "$3" "$GEPA_EXAMPLE" && echo "repeat $GEPA_REPEAT $OWN"`
	c := command(t, rollout.CommandOptions{
		Exec: rollout.Exec{Argv: []string{"/bin/sh", "-c", script, "sh", "{candidate_dir}", "{candidate}", "{example}"}, Env: []string{"OWN=own"}},
		Components: []gepa.Component{
			{Name: "reason.predict"}, {Name: "prompts/a.md"}, {Name: "../up"}, {Name: "."}, {Name: ".hidden"},
			{Name: "a b"}, {Name: "ü\x00"}, {Name: strings.Repeat("long", 100)},
		},
	})
	r, err := c.Run(t.Context(), gepa.Job{Example: gepa.Example{ID: "7", Inputs: gepa.NewFields("q", 1)}, Repeat: 2})
	if err != nil || r.Problem != "" {
		t.Fatalf("got %+v, %v", r, err)
	}
	lines := strings.Split(r.Feedback.Text, "\n")
	want := []string{
		"./%2E", "./%2E.%2Fup", "./%C3%BC%00", "./.hidden", "./a b", "./" + strings.Repeat("long", 50) + "-", "./prompts/a.md", "./reason.predict",
	}
	for i, name := range want {
		if !strings.HasPrefix(lines[i], name) {
			t.Errorf("file %d is %q, want %q", i, lines[i], name)
		}
	}
	for _, line := range []string{`{"id":"7","inputs":{"q":1}}`, "repeat 2 own"} {
		if !slices.Contains(lines, line) {
			t.Errorf("no line %q in\n%s", line, r.Feedback.Text)
		}
	}
}

func TestCommandOptions(t *testing.T) {
	ok := rollout.Exec{Argv: []string{"true"}}
	named := func(names ...string) (out []gepa.Component) {
		for _, name := range names {
			out = append(out, gepa.Component{Name: name})
		}
		return out
	}
	for _, c := range []struct {
		opts rollout.CommandOptions
		want string
	}{
		{rollout.CommandOptions{}, "command: Exec names no program\ncommand: no component is named"},
		{rollout.CommandOptions{Exec: ok, Components: named("a", "A")}, `components "a" and "A" would be one file`},
		{rollout.CommandOptions{Exec: ok, Components: named("a/b", "a")}, `component "a/b" would be a file in the file of "a"`},
		{rollout.CommandOptions{Exec: ok, Components: named("a"), Score: rollout.Pattern{Regexp: "(", Pointer: ""}}, "missing closing )"},
		{rollout.CommandOptions{Exec: ok, Components: named("a"), Score: rollout.Pattern{Regexp: "x"}}, "has 0 groups, want one"},
		{rollout.CommandOptions{Exec: ok, Components: named("a"), Score: rollout.Pattern{Regexp: "(x)", Pointer: "/x"}}, "both a regular expression and a JSON pointer"},
		{rollout.CommandOptions{Exec: ok, Components: named("a"), Score: rollout.Pattern{Pointer: "x"}}, "does not begin with a slash"},
		{rollout.CommandOptions{
			Exec: ok, Components: named("a"), Score: rollout.Pattern{Pointer: "/x"},
			Scoring: rollout.Scoring{Metric: metric.Func(func(context.Context, metric.Input) (metric.Result, error) { return metric.Result{}, errors.New("") })},
		}, "both a score pattern and a metric"},
	} {
		if _, err := rollout.NewCommand(c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestArtefactConforms(t *testing.T) {
	a := artefact(t, "some words here", rollout.ArtefactOptions{}, "here\nwords\n")
	data := a.Data()
	rollouttest.Exercise(t, rollouttest.Subject{System: a, Examples: append(data.Feedback, data.Validation...)})
}

func artefact(t *testing.T, text string, opts rollout.ArtefactOptions, cases string) *rollout.Artefact {
	t.Helper()
	file := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := opts.Exec.Env
	opts.Files = []string{file}
	opts.Exec = self(t, "score", append(runs, "GEPA_TEST_CASES="+cases)...)
	opts.Exec.Argv = append(opts.Exec.Argv, "{file}")
	if cases != "" {
		opts.List = opts.Exec
		opts.List.Argv = []string{opts.Exec.Argv[0], "--list"}
		opts.Exec.Argv = append(opts.Exec.Argv, "{case}")
	}
	if opts.Score == (rollout.Pattern{}) {
		opts.Score = rollout.Pattern{Regexp: `score: (\S+)`}
	}
	a, err := rollout.NewArtefact(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestArtefactData(t *testing.T) {
	ids := func(examples []gepa.Example) (out []string) {
		for _, ex := range examples {
			out = append(out, ex.ID)
		}
		return out
	}
	for _, c := range []struct {
		name, cases              string
		feedback, validation, hs []string
	}{
		{"one case", "", []string{"feedback/file"}, []string{"validation/file"}, nil},
		{"names", "b\n\n a c \r\n", []string{"feedback/b", "feedback/a c"}, []string{"validation/b", "validation/a c"}, nil},
		{
			"sets", "x\n{\"case\":\"y\",\"set\":\"test\"}\n{\"case\":\"z\",\"set\":\"feedback\"}\n",
			[]string{"feedback/x", "feedback/z"}, []string{"validation/x"}, []string{"test/y"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := artefact(t, "text", rollout.ArtefactOptions{}, c.cases).Data()
			if err := data.Validate(); err != nil {
				t.Errorf("a run would refuse the data: %v", err)
			}
			for _, set := range []struct{ want, got []string }{
				{c.feedback, ids(data.Feedback)}, {c.validation, ids(data.Validation)}, {c.hs, ids(data.Test)},
			} {
				if diff := cmp.Diff(set.want, set.got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

// A case is measured once for both of its examples, unless the command is
// noisy or somebody paid for it.
func TestArtefactMeasuresOnce(t *testing.T) {
	for _, c := range []struct {
		noisy bool
		want  int64
	}{{false, 2}, {true, 4}} {
		runs := filepath.Join(t.TempDir(), "runs")
		a := artefact(t, "some words", rollout.ArtefactOptions{Noisy: c.noisy, Exec: rollout.Exec{Env: []string{"GEPA_TEST_RUNS=" + runs}}}, "words\nmore\n")
		data := a.Data()
		var got []float64
		for _, ex := range slices.Concat(data.Feedback, data.Validation) {
			r, err := a.Run(t.Context(), gepa.Job{Example: ex})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Score)
			if r.Score == 0 && r.Feedback.Text != "missing: more\nsee above" {
				t.Errorf("feedback %q", r.Feedback.Text)
			}
		}
		if !slices.Equal(got, []float64{1, 0, 1, 0}) {
			t.Errorf("scores %v", got)
		}
		if info, err := os.Stat(runs); err != nil || info.Size() != c.want {
			t.Errorf("noisy %v: %v runs, %v; want %d", c.noisy, info, err, c.want)
		}
	}
}

func TestArtefactFails(t *testing.T) {
	a := artefact(t, "broken", rollout.ArtefactOptions{FailureScore: math.MinInt8, TimeLimit: 10 * time.Second}, "")
	r, err := a.Run(t.Context(), gepa.Job{Example: a.Data().Feedback[0]})
	if err != nil || r.Score != math.MinInt8 || !strings.Contains(r.Feedback.Text, "syntax error") {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestArtefactOptions(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, binary := file("good", "text"), file("binary", "\xff\xfe")
	echoes := func(words string) rollout.Exec { return rollout.Exec{Argv: []string{"printf", "%b", words}} }
	run := rollout.Exec{Argv: []string{"true"}}
	for _, c := range []struct {
		opts rollout.ArtefactOptions
		want string
	}{
		{rollout.ArtefactOptions{Exec: run}, "Files is empty"},
		{rollout.ArtefactOptions{Exec: run, Files: []string{filepath.Join(dir, "none")}}, "no such file"},
		{rollout.ArtefactOptions{Exec: run, Files: []string{binary}}, "is not UTF-8 text"},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good, good}}, `two components are named "good"`},
		{rollout.ArtefactOptions{Exec: rollout.Exec{Argv: []string{"x", "{case}"}}, Files: []string{good}}, "no List says what the cases are"},
		{rollout.ArtefactOptions{Files: []string{good}}, "Exec names no program"},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: rollout.Exec{Argv: []string{"false"}}}, "list the cases: run"},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: rollout.Exec{Argv: []string{"gepa-no-such-program"}}}, "executable file not found"},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: echoes("")}, "no case is for the feedback set"},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: echoes(`a\na`)}, `line 2: case "a" is in line 1 already`},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: echoes(`{"set":"test"}`)}, `line 1: field "case" is missing`},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: echoes(`{"case":"x","set":"dev"}`)}, `field "set" is "dev"`},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: echoes(`{"case":1}`)}, `field "case" is a JSON number`},
		{rollout.ArtefactOptions{Exec: run, Files: []string{good}, List: echoes(`{"case":"x","set":"feedback"}`)}, "no case is for the validation set"},
	} {
		if _, err := rollout.NewArtefact(t.Context(), c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
