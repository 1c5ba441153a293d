//go:build unix

package rollout_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/rollout"
	"github.com/gepa-go/gepa/rollout/rollouttest"
)

// dspyWorker is the DSPy program of testdata.
func dspyWorker(t *testing.T, args ...string) rollout.Exec {
	t.Helper()
	client, err := filepath.Abs("../clients/python")
	if err != nil {
		t.Fatal(err)
	}
	return rollout.Exec{
		Argv: append([]string{python(t, "GEPA_DSPY_PYTHON", "import importlib.util as u; assert u.find_spec('dspy')"), "testdata/clients/dspy_worker.py"}, args...),
		Env:  []string{"PYTHONPATH=" + client, "PYTHONDONTWRITEBYTECODE=1", "DSPY_CACHEDIR=" + t.TempDir()},
	}
}

func question(q string) gepa.Example {
	return gepa.Example{ID: q, Inputs: gepa.NewFields("question", q), Labels: gepa.NewFields("answer", "good")}
}

// A real DSPy module is run, with its own metric and with ours.
func TestDSPyModule(t *testing.T) {
	ours := metric.Func(func(_ context.Context, in metric.Input) (metric.Result, error) {
		return metric.Result{Score: metric.F1(in.Output.Text("answer"), in.Example.Labels.Text("answer")), Feedback: gepa.Feedback{Text: "want good"}}, nil
	})
	for name, m := range map[string]metric.Metric{"judged": nil, "ours": ours} {
		t.Run(name, func(t *testing.T) {
			w, err := rollout.StartWorkers(t.Context(), rollout.WorkersOptions{Exec: dspyWorker(t, name), Workers: 1, Scoring: rollout.Scoring{Metric: m}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(w.Close)
			components := []gepa.Component{{Name: "think.predict", Text: "Think."}, {Name: "say", Text: "Say."}}
			if diff := cmp.Diff(components, w.Components()); diff != "" {
				t.Errorf("components (-want +got):\n%s", diff)
			}
			if m != nil { // once is enough: importing dspy takes seconds
				rollouttest.Exercise(t, rollouttest.Subject{
					System: w, Examples: []gepa.Example{question("one"), question("two")},
					Failing: new(question("do=mumble")), Broken: new(question("do=down")),
				})
			}
			run := func(q string, texts gepa.Candidate) (gepa.Rollout, error) {
				return w.Run(t.Context(), gepa.Job{Candidate: texts, Example: question(q)})
			}
			got, err := run("one", gepa.Candidate{"think.predict": "Think carefully.", "say": "Say briefly."})
			if err != nil {
				t.Fatal(err)
			}
			want := gepa.Rollout{
				Score: 1, Feedback: gepa.Feedback{Text: "want good"}, Output: gepa.NewFields("answer", "good"),
				Trace: []gepa.Step{
					{Component: "think.predict", Inputs: gepa.NewFields("question", "one"), Outputs: gepa.NewFields("reasoning", "well", "draft", "good")},
					{Component: "say", Inputs: gepa.NewFields("question", "one", "draft", "good"), Outputs: gepa.NewFields("answer", "good")},
				},
				Usage: gepa.Usage{Calls: 2, InputTokens: 14, OutputTokens: 6, Cost: gepa.Cost{Unknown: 2}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if r, err := run("two", nil); err != nil || r.Score != 0 || r.Problem != "" {
				t.Errorf("with its own instructions: %+v, %v; the candidate of another run must not stay", r, err)
			}
			if r, err := run("do=mumble", nil); err != nil || !strings.HasPrefix(r.Problem, "AdapterParseError") ||
				!strings.Contains(r.Feedback.ByComponent["think.predict"], "I would rather not say.") || len(r.Trace) != 1 || r.Trace[0].Problem == "" {
				t.Errorf("a reply that cannot be parsed: %+v, %v", r, err)
			}
			if r, err := run("do=raise", nil); err != nil || r.Problem != "ValueError: an odd question" || !strings.Contains(r.Feedback.Text, "in forward") {
				t.Errorf("an exception: %+v, %v", r, err)
			}
			if _, err := run("do=refused", nil); !gepa.IsFatal(err) {
				t.Errorf("a refused key: %v, want a fatal error", err)
			}
		})
	}
}

// What a run found goes back into DSPy's own state file.
func TestDSPyLoadsTheResult(t *testing.T) {
	result := `{"format":1,"components":[{"name":"think.predict","before":"Think.","after":"Think hard.\nReally."},{"name":"say","before":"Say.","after":"Say."}]}`
	dir := t.TempDir()
	from, to := filepath.Join(dir, "result.json"), filepath.Join(dir, "state.json")
	if err := os.WriteFile(from, []byte(result), 0o600); err != nil {
		t.Fatal(err)
	}
	e := dspyWorker(t, "save", from, to)
	cmd := exec.CommandContext(t.Context(), e.Argv[0], e.Argv[1:]...)
	cmd.Env = append(os.Environ(), e.Env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var got map[string]string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	want := map[string]string{"think.predict": "Think hard.\nReally.", "say": "Say."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var state map[string]json.RawMessage
	if raw, err := os.ReadFile(to); err != nil || json.Unmarshal(raw, &state) != nil || state["think.predict"] == nil || state["metadata"] == nil {
		t.Errorf("the state file is not DSPy's: %s, %v", raw, err)
	}
}
