//go:build unix

package rollout_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/rollout"
	"github.com/gepa-go/gepa/rollout/rollouttest"
)

// python returns a Python interpreter that can do something.
func python(t *testing.T, variable, test string) string {
	t.Helper()
	for _, name := range []string{os.Getenv(variable), "python3", "python"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(t.Context(), path, "-c", test).Run() == nil {
			return path
		}
	}
	t.Skipf("SKIPPED, NOT TESTED: there is no Python that can %q (set %s to one)", test, variable)
	return ""
}

// pythonWorker is a Python script beside which our client stands.
func pythonWorker(t *testing.T, script string, args ...string) rollout.Exec {
	t.Helper()
	client, err := filepath.Abs("../clients/python")
	if err != nil {
		t.Fatal(err)
	}
	return rollout.Exec{
		Argv: append([]string{python(t, "GEPA_PYTHON", "import sys; assert sys.version_info >= (3, 8)"), "-S", script}, args...), // starts faster without what is installed
		Env:  []string{"PYTHONPATH=" + client, "PYTHONDONTWRITEBYTECODE=1"},
	}
}

// nodeWorker is a TypeScript script beside which our client stands. Where Node
// cannot run TypeScript the types are taken away first.
func nodeWorker(t *testing.T, script string, args ...string) rollout.Exec {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED, NOT TESTED: there is no node")
	}
	dir := t.TempDir()
	for _, name := range []string{"../clients/typescript/gepa_client.ts", script} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		for file, content := range map[string]string{base: string(text), strings.TrimSuffix(base, ".ts") + ".mjs": withoutTypes(string(text))} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(dir, filepath.Base(script))
	probe := "const strips = process.features.typescript; process.exit(strips ? 0 : 1)"
	if exec.CommandContext(t.Context(), node, "-e", probe).Run() != nil {
		main = strings.TrimSuffix(main, ".ts") + ".mjs"
	}
	return rollout.Exec{Argv: append([]string{node, main}, args...)}
}

// withoutTypes makes JavaScript of TypeScript in which types stand only in
// declarations of their own, after the names of constants, and as "as any".
func withoutTypes(ts string) string {
	for _, rule := range []struct{ find, put string }{
		{`(?ms)^(export )?interface .*?^\}$`, ""},
		{`(?ms)^(export )?type .*?;$`, ""},
		{`(?m)^(\s*(?:export )?(?:const|let) \w+): [^=\n]+ = `, "$1 = "},
		{` as any\b`, ""},
		{`"\./gepa_client\.ts"`, `"./gepa_client.mjs"`},
	} {
		ts = regexp.MustCompile(rule.find).ReplaceAllString(ts, rule.put)
	}
	return ts
}

// TestClients holds both clients to the same behaviour.
func TestClients(t *testing.T) {
	for _, c := range []struct {
		name   string
		worker func(*testing.T, string, ...string) rollout.Exec
		script string
	}{
		{"python", pythonWorker, "testdata/clients/echo.py"},
		{"typescript", nodeWorker, "testdata/clients/echo.ts"},
	} {
		for _, concurrency := range []string{"1", "3"} {
			t.Run(c.name+" "+concurrency, func(t *testing.T) {
				log := &lockedBuffer{}
				w, err := rollout.StartWorkers(t.Context(), rollout.WorkersOptions{
					Exec: c.worker(t, c.script, concurrency), Workers: 2, Logger: slog.New(slog.NewTextHandler(log, nil)),
					Scoring: rollout.Scoring{Metric: metric.Func(func(_ context.Context, in metric.Input) (metric.Result, error) {
						return metric.Result{Score: float64(len(in.Output.Text("output")))}, nil
					})},
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(w.Close)
				if w.Concurrency() != 2*len(strings.Repeat("x", int(concurrency[0]-'0'))) || w.Hello().Name != "echo" || len(w.Hello().Objectives) != 1 {
					t.Errorf("hello %+v", w.Hello())
				}
				clientReplies(t, w)
				subject := rollouttest.Subject{
					System:   w,
					Examples: []gepa.Example{example("1", "q", "one"), example("2", "q", "a\u2028b\u2029c\u0085d")},
					Echo:     "a",
					Failing:  new(example("fail", "do", "fail")),
					Broken:   new(example("down", "do", "down")),
				}
				if concurrency == "1" { // stopping one takes a start
					subject.Slow = new(example("slow", "do", "slow"))
				}
				rollouttest.Exercise(t, subject)
				if strings.Contains(log.String(), "is no message") {
					t.Errorf("the client let something through to standard output:\n%s", log)
				}
			})
		}
	}
}

// clientReplies tests what a client makes of what a run returns and throws.
func clientReplies(t *testing.T, w *rollout.Workers) {
	t.Helper()
	run := func(do string) (gepa.Rollout, error) {
		return w.Run(t.Context(), gepa.Job{Example: example(do, "do", do, "q", "two")})
	}
	got, err := run("")
	if err != nil {
		t.Fatal(err)
	}
	want := gepa.Rollout{
		Score: 0.25, Objectives: map[string]float64{"length": 3},
		Feedback: gepa.Feedback{Text: "fine", ByComponent: map[string]string{"a": "shorter"}},
		Output:   gepa.NewFields("echo", "start of a", "q", "two"),
		Trace: []gepa.Step{{
			Component: "a", Inputs: gepa.NewFields("q", "two"), Outputs: gepa.NewFields("n", 3),
			Exchanges: []gepa.Exchange{{Messages: []gepa.Message{{Role: "user", Content: "?"}}, Reply: "!"}},
		}},
		Usage: gepa.Usage{Calls: 2, InputTokens: 6, OutputTokens: 1, Cost: gepa.Cost{Nanos: 250_000_000, Unknown: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for do, want := range map[string]struct{ problem, feedback string }{
		"fail": {"Error: no idea what to do", "echo."},
		"exit": {"4", ""},
		"nan":  {"the reply cannot be written as JSON", ""},
		"none": {"TypeError: run returned", ""},
		"typo": {"TypeError: run returned", "scores"},
	} {
		r, err := run(do)
		if err != nil || !strings.Contains(r.Problem, want.problem) || !strings.Contains(r.Feedback.Text, want.feedback) {
			t.Errorf("%s: got %+v, %v; want the problem %q", do, r, err, want.problem)
		}
	}
	if r, err := run("text"); err != nil || r.Score != float64(len("only words")) {
		t.Errorf("a text came to %+v, %v; want it measured", r, err)
	}
	if r, err := run("both"); err != nil || r.Score != 1 || r.Feedback.Text != "well done" {
		t.Errorf("a score with feedback came to %+v, %v", r, err)
	}
	if _, err := run("down"); err == nil || gepa.IsFatal(err) || gepa.UsageOf(err) != (gepa.Usage{Calls: 2, Unmeasured: 2, Cost: gepa.Cost{Unknown: 2}}) {
		t.Errorf("got %v with %+v, want an error that may pass, with two calls", err, gepa.UsageOf(err))
	}
	if _, err := run("refused"); !gepa.IsFatal(err) || err.Error() != "the key is refused" {
		t.Errorf("got %v, want a fatal error", err)
	}
}

// The clients check signatures as we make them.
func TestClientsVerify(t *testing.T) {
	service := &answers{list: []string{`200 {"type":"hello","protocol":1,"components":[{"name":"é","text":"x"}]}`}}
	webhook(t, service, rollout.WebhookOptions{Secret: "s3cret"})
	signed := map[string]string{}
	for _, name := range []string{rollout.HeaderTimestamp, rollout.HeaderSignature} {
		signed[name] = service.seen[0].Header.Get(name)
	}
	input, err := json.Marshal(map[string]any{"headers": signed, "body": service.body[0]})
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, e rollout.Exec) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), e.Argv[0], append(e.Argv[1:], string(input))...)
		cmd.Env = append(os.Environ(), e.Env...)
		out, err := cmd.CombinedOutput()
		got := strings.Fields(strings.ToLower(string(out)))
		if err != nil || len(got) != 4 || got[0] != "true" || slices.Contains(got[1:], "true") {
			t.Errorf("got %s, %v; want that only the right secret, body and time pass", out, err)
		}
	}
	t.Run("python", func(t *testing.T) { check(t, pythonWorker(t, "testdata/clients/verify.py")) })
	t.Run("typescript", func(t *testing.T) { check(t, nodeWorker(t, "testdata/clients/verify.ts")) })
}
