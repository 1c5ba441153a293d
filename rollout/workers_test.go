//go:build unix

package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/rollout"
	"github.com/gepa-go/gepa/rollout/rollouttest"
)

func example(id string, inputs ...any) gepa.Example {
	return gepa.Example{ID: id, Inputs: gepa.NewFields(inputs...), Labels: gepa.NewFields("gold", "yes")}
}

func workers(t *testing.T, role string, opts rollout.WorkersOptions) *rollout.Workers {
	t.Helper()
	opts.Exec = self(t, role, opts.Exec.Env...)
	w, err := rollout.StartWorkers(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func do(what string, more ...any) gepa.Job {
	return gepa.Job{Candidate: gepa.Seed(echoComponents), Example: example(what, append([]any{"do", what}, more...)...)}
}

func TestWorkersConform(t *testing.T) {
	t.Run("by hand", func(t *testing.T) {
		rollouttest.Exercise(t, rollouttest.Subject{
			System:   workers(t, "worker", rollout.WorkersOptions{}),
			Examples: []gepa.Example{example("1", "q", "one"), example("2", "q", "two")},
			Echo:     "a",
			Failing:  new(example("exit", "do", "exit")),
			Broken:   new(example("error", "do", `answer ="error":"the model is down"`)),
			Slow:     new(example("hang", "do", "hang")),
		})
	})
	t.Run("by Serve", func(t *testing.T) {
		rollouttest.Exercise(t, rollouttest.Subject{
			System:   workers(t, "serve", rollout.WorkersOptions{Workers: 2}),
			Examples: []gepa.Example{example("1", "q", "one"), example("2", "q", "two")},
			Echo:     "a",
			Failing:  new(example("panic", "do", "panic")),
			Broken:   new(example("down", "do", "down")),
			Slow:     new(example("slow", "do", "slow")),
		})
	})
	t.Run("itself", func(t *testing.T) {
		rollouttest.Exercise(t, rollouttest.Subject{
			System:   echo{},
			Examples: []gepa.Example{example("1", "q", "one"), example("2", "q", "two")},
			Echo:     "a",
			Failing:  new(example("fail", "do", "fail")),
			Broken:   new(example("down", "do", "down")),
			Slow:     new(example("slow", "do", "slow")),
		})
	})
}

// What a system says arrives as it was said, by either way.
func TestServeKeepsRollouts(t *testing.T) {
	for name, sys := range map[string]gepa.System{
		"worker":  workers(t, "serve", rollout.WorkersOptions{}),
		"webhook": webhook(t, rollout.Handler(echo{}, rollout.ServeOptions{}), rollout.WebhookOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			job := do("", "q", "two")
			want, err := echo{}.Run(t.Context(), job)
			if err != nil {
				t.Fatal(err)
			}
			got, err := sys.Run(t.Context(), job)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-said +heard):\n%s", diff)
			}
			_, err = sys.Run(t.Context(), do("down"))
			if want := (gepa.Usage{Calls: 2, Unmeasured: 2, Cost: gepa.Cost{Unknown: 2}}); err == nil || gepa.UsageOf(err) != want || gepa.IsFatal(err) {
				t.Errorf("got %v with usage %+v, want %+v", err, gepa.UsageOf(err), want)
			}
			if _, err = sys.Run(t.Context(), do("refused")); !gepa.IsFatal(err) {
				t.Errorf("got %v, want a fatal error", err)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	w := workers(t, "worker", rollout.WorkersOptions{Workers: 1, Scoring: rollout.Scoring{
		FailureScore: -1, FailureObjectives: map[string]float64{"cost": 9},
		Metric: metric.Func(func(_ context.Context, in metric.Input) (metric.Result, error) {
			if in.Output.Text("answer") == "unmeasurable" {
				return metric.Result{}, errors.New("no judge")
			}
			return metric.Result{
				Score: 0.5, Objectives: map[string]float64{"em": 1},
				Feedback: gepa.Feedback{Text: "gold is " + in.Example.Labels.Text("gold"), ByComponent: map[string]string{"a": "measured"}},
			}, nil
		}),
	}})
	measured := gepa.Feedback{Text: "gold is yes", ByComponent: map[string]string{"a": "measured"}}
	for _, c := range []struct {
		name, reply string
		want        gepa.Rollout
		problem     string // part of the problem of a failure made of the reply
		err         string
	}{
		{"score", `"score":0.5,"feedback":"middling"`, gepa.Rollout{Score: 0.5, Feedback: gepa.Feedback{Text: "middling"}}, "", ""},
		{"unknown fields", `"score":1,"future":{"x":[1]}`, gepa.Rollout{Score: 1}, "", ""},
		{"output is measured", `"output":{"answer":"x"}`, gepa.Rollout{
			Score: 0.5, Objectives: map[string]float64{"em": 1}, Feedback: measured, Output: gepa.NewFields("answer", "x"),
		}, "", ""},
		{"output of no object", `"output":[1, 2],"feedback":{"by_component":{"a":"own"}},"objectives":{"ms":3}`, gepa.Rollout{
			Score: 0.5, Objectives: map[string]float64{"em": 1, "ms": 3}, Output: gepa.NewFields("output", []int{1, 2}),
			Feedback: gepa.Feedback{Text: "gold is yes", ByComponent: map[string]string{"a": "own\nmeasured"}},
		}, "", ""},
		{"a score stands", `"output":"x","score":0`, gepa.Rollout{Output: gepa.NewFields("output", "x")}, "", ""},
		{"unmeasurable", `"output":{"answer":"unmeasurable"},"usage":{"calls":1,"input_tokens":2,"output_tokens":3,"cost_usd":0.5}`, gepa.Rollout{}, "", "no judge"},
		{"problem", `"problem":"KeyError\n'x'"`, gepa.Rollout{
			Score: -1, Objectives: map[string]float64{"cost": 9}, Problem: "KeyError 'x'", Feedback: gepa.Feedback{Text: "KeyError\n'x'"},
		}, "", ""},
		{"problem with all", `"problem":"p","score":0.2,"objectives":{"cost":1},"feedback":"f"`, gepa.Rollout{
			Score: 0.2, Objectives: map[string]float64{"cost": 1}, Problem: "p", Feedback: gepa.Feedback{Text: "f"},
		}, "", ""},
		{"trace", `"score":1,"trace":[{"component":"a","inputs":"q","outputs":{"x":1},"exchanges":[{"messages":[{"role":"user","content":"q"}],"reply":"r","usage":{"input_tokens":4,"output_tokens":2}}]}]`, gepa.Rollout{
			Score: 1, Trace: []gepa.Step{{
				Component: "a", Inputs: gepa.NewFields("input", "q"), Outputs: gepa.NewFields("x", 1),
				Exchanges: []gepa.Exchange{{
					Messages: []gepa.Message{{Role: "user", Content: "q"}}, Reply: "r",
					Usage: gepa.Usage{Calls: 1, InputTokens: 4, OutputTokens: 2, Cost: gepa.Cost{Unknown: 1}},
				}},
			}},
			Usage: gepa.Usage{Calls: 1, InputTokens: 4, OutputTokens: 2, Cost: gepa.Cost{Unknown: 1}},
		}, "", ""},
		{"calls alone are unmeasured", `"score":1,"usage":{"calls":3}`, gepa.Rollout{
			Score: 1, Usage: gepa.Usage{Calls: 3, Unmeasured: 3, Cost: gepa.Cost{Unknown: 3}},
		}, "", ""},
		{"cost", `"score":1,"usage":{"calls":2,"input_tokens":1,"output_tokens":1,"cost_usd":0.000000001,"unpriced":1}`, gepa.Rollout{
			Score: 1, Usage: gepa.Usage{Calls: 2, InputTokens: 1, OutputTokens: 1, Cost: gepa.Cost{Nanos: 1, Unknown: 1}},
		}, "", ""},
		{"nothing", `"feedback":"?"`, gepa.Rollout{}, "no score, no output, no problem and no error", ""},
		{"wrong type", `"score":"high"`, gepa.Rollout{}, `field "score" is a JSON string, want a number`, ""},
		{"too large", `"score":1e999`, gepa.Rollout{}, `field "score" is a JSON number 1e999`, ""},
		{"field twice", `"score":1,"output":{"x":1,"x":2}`, gepa.Rollout{}, `field "output": field "x" occurs twice`, ""},
		{"step of nothing", `"score":1,"trace":[{}]`, gepa.Rollout{}, "step 0: it names no component", ""},
		{"negative tokens", `"score":1,"usage":{"input_tokens":-1}`, gepa.Rollout{}, "cannot be negative", ""},
		{"negative cost", `"score":1,"usage":{"cost_usd":-1}`, gepa.Rollout{}, "cost_usd is -1", ""},
		{"error", `"error":"rate\nlimit","score":1`, gepa.Rollout{}, "", "rate limit"},
		{"fatal error", `"error":"no key","fatal":true`, gepa.Rollout{}, "", "no key"},
		{"noise around", "", gepa.Rollout{Score: 0.75}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := do("answer =" + c.reply)
			if c.reply == "" {
				job = do("noise")
			}
			got, err := w.Run(t.Context(), job)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || gepa.IsFatal(err) != strings.Contains(c.reply, "fatal") {
					t.Errorf("got %v, want an error with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.problem != "" {
				if !strings.Contains(got.Problem, c.problem) || got.Score != -1 || got.Objectives["cost"] != 9 && c.name != "nothing" {
					t.Errorf("got %+v, want a failure with %q", got, c.problem)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Labels are for systems that score themselves.
func TestWorkersSeeLabelsWithoutMetric(t *testing.T) {
	never := metric.Func(func(context.Context, metric.Input) (metric.Result, error) { return metric.Result{}, nil })
	for _, c := range []struct {
		metric metric.Metric
		want   float64
	}{{nil, 1}, {never, 0}} {
		w := workers(t, "worker", rollout.WorkersOptions{Workers: 1, Scoring: rollout.Scoring{Metric: c.metric}})
		if r, err := w.Run(t.Context(), do("labels")); err != nil || r.Score != c.want {
			t.Errorf("the worker saw %v labels, %v; want %v", r.Score, err, c.want)
		}
	}
	w := workers(t, "worker", rollout.WorkersOptions{Workers: 1})
	if _, err := w.Run(t.Context(), do(`answer ="output":1`)); !gepa.IsFatal(err) {
		t.Errorf("got %v for an output without a score and a metric, want a fatal error", err)
	}
}

// TestWorkerEnds: who ends a worker decides what that means for its request.
func TestWorkerEnds(t *testing.T) {
	w := workers(t, "worker", rollout.WorkersOptions{TimeLimit: 20 * time.Second})
	serve := workers(t, "worker of three", rollout.WorkersOptions{Workers: 2})
	for _, c := range []struct {
		name, do string
		problem  string
		feedback string
		err      string
	}{
		{"crashes always", "exit", "the worker ended: exit status 3 while it ran the program, 3 times in a row", "Traceback: boom", ""},
		{"leaves always", "leave", "exit status 0 while it ran the program, 3 times in a row", "", ""},
		{"segmentation fault", "segv", "signal: segmentation fault while it ran the program, 3 times", "", ""},
		{"crashes twice", "exit 2", "", "", ""},
		{"is killed nine times", "kill 9", "", "", ""},
		{"is killed always", "kill", "", "", "10 workers in a row were lost on this request; the last: the worker ended: signal: killed"},
		{"writes without end", "huge", "it wrote a line of more than", "", ""},
	} {
		for _, w := range []*rollout.Workers{w, serve} {
			t.Run(fmt.Sprint(c.name, " at ", w.Concurrency()), func(t *testing.T) {
				t.Parallel()
				r, err := w.Run(t.Context(), do(c.do, "file", filepath.Join(t.TempDir(), "count")))
				switch {
				case c.err != "":
					if err == nil || !strings.Contains(err.Error(), c.err) {
						t.Errorf("got %+v, %v; want an error with %q", r, err, c.err)
					}
				case err != nil:
					t.Error(err)
				case c.problem == "":
					if r.Problem != "" || r.Score != 0.5 {
						t.Errorf("got %+v, want the rollout of a worker that went through", r)
					}
				case !strings.Contains(r.Problem, c.problem) || !strings.Contains(r.Feedback.Text, c.feedback) || !strings.Contains(r.Feedback.Text, c.problem):
					t.Errorf("got the problem %q with feedback %q, want %q with %q", r.Problem, r.Feedback.Text, c.problem, c.feedback)
				}
			})
		}
	}
}

func TestWorkerOutOfTime(t *testing.T) {
	for _, role := range []string{"worker", "worker of three"} {
		t.Run(role, func(t *testing.T) {
			w := workers(t, role, rollout.WorkersOptions{Workers: 1, TimeLimit: 1500 * time.Millisecond})
			r, err := w.Run(t.Context(), do("hang"))
			if err != nil {
				t.Fatal(err)
			}
			if r.Problem != "no answer within the time limit of 1.5s" || !strings.Contains(r.Feedback.Text, "godot") {
				t.Errorf("got %+v", r)
			}
			if r, err := w.Run(t.Context(), do("")); err != nil || r.Score != 0.5 {
				t.Errorf("the next request came to %+v, %v", r, err)
			}
		})
	}
}

// One that hangs takes a shared worker down; the others' requests go through.
func TestOthersSurviveAHang(t *testing.T) {
	w := workers(t, "worker of three", rollout.WorkersOptions{Workers: 1, TimeLimit: 1500 * time.Millisecond, Crashes: 1})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if r, err := w.Run(t.Context(), do("hang")); err != nil || r.Problem == "" {
				t.Errorf("got %+v, %v; want a problem", r, err)
			}
		})
	}
	wg.Go(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := w.Run(ctx, do("hang")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
	wg.Wait()
	if r, err := w.Run(t.Context(), do("")); err != nil || r.Score != 0.5 {
		t.Errorf("the next request came to %+v, %v", r, err)
	}
}

// A crash of a worker that serves several requests is nobody's fault yet.
func TestOthersSurviveACrash(t *testing.T) {
	w := workers(t, "worker of three", rollout.WorkersOptions{Workers: 1, Crashes: 1})
	waiting, crashing := filepath.Join(t.TempDir(), "waiting"), filepath.Join(t.TempDir(), "crashing")
	var wg sync.WaitGroup
	run := func(what, file string) {
		if r, err := w.Run(t.Context(), do(what, "file", file)); err != nil || r.Problem != "" {
			t.Errorf("%s: got %+v, %v; want a rollout without a problem", what, r, err)
		}
	}
	wg.Go(func() { run("hang 1", waiting) })
	within(t, "the first request did not arrive", func() bool { _, err := os.Stat(waiting); return err == nil })
	wg.Go(func() { run("exit 1", crashing) })
	wg.Wait()
}

// What a worker started ends with it, however it ends.
func TestNothingIsLeftBehind(t *testing.T) {
	leaks, own := filepath.Join(t.TempDir(), "leaks"), filepath.Join(t.TempDir(), "own")
	w := workers(t, "worker", rollout.WorkersOptions{
		Workers: 2, TimeLimit: 1500 * time.Millisecond, Exec: rollout.Exec{Env: []string{"GEPA_TEST_PIDS=" + own}},
	})
	for range 4 {
		if _, err := w.Run(t.Context(), do("leak", "file", leaks)); err != nil {
			t.Fatal(err)
		}
	}
	for _, what := range []string{"exit", "hang"} {
		if _, err := w.Run(t.Context(), do(what)); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	w.Close()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("closing took %v, want less than 2s", took)
	}
	all := slices.Concat(pids(t, leaks), pids(t, own))
	if len(all) < 6 {
		t.Fatalf("%d processes were noted: the test shows nothing", len(all))
	}
	for _, pid := range all {
		gone(t, pid)
	}
	if _, err := w.Run(t.Context(), do("")); !gepa.IsFatal(err) {
		t.Errorf("got %v from closed workers, want a fatal error", err)
	}
	w.Close() // twice does no harm
}

// Close ends requests that are under way, also those of workers that ignore
// the end of their input.
func TestCloseEndsRequests(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own")
	w := workers(t, "worker", rollout.WorkersOptions{Workers: 2, Exec: rollout.Exec{Env: []string{"GEPA_TEST_PIDS=" + own}}})
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() {
			_, err := w.Run(t.Context(), do("hang"))
			errs <- err
		}()
	}
	within(t, "the second worker did not start", func() bool { return len(pids(t, own)) == 2 })
	began := time.Now()
	w.Close()
	for range cap(errs) {
		if err := <-errs; !gepa.IsFatal(err) {
			t.Errorf("got %v, want a fatal error", err)
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("closing took %v, want less than 2s", took)
	}
	for _, pid := range pids(t, own) {
		gone(t, pid)
	}
}

func TestWorkersThatDoNotStart(t *testing.T) {
	hello := func(rest string) string { return `{"type":"hello","protocol":1` + rest + `}` }
	one := `,"components":[{"name":"a","text":""}]`
	for _, c := range []struct {
		name string
		exec rollout.Exec
		opts rollout.WorkersOptions
		want string
	}{
		{"no program", rollout.Exec{}, rollout.WorkersOptions{}, "Exec names no program"},
		{"negative", rollout.Exec{Argv: []string{"x"}}, rollout.WorkersOptions{Workers: -1, Crashes: -1}, "workers: Workers is negative\nworkers: Crashes is negative"},
		{"not there", rollout.Exec{Argv: []string{"gepa-no-such-program"}}, rollout.WorkersOptions{}, "executable file not found"},
		{"no folder", rollout.Exec{Argv: []string{"/bin/sh"}, Dir: "no/such/folder"}, rollout.WorkersOptions{}, "no such file or directory"},
		{"ends", rollout.Exec{Argv: []string{"/bin/sh", "-c", "echo no module named x >&2; exit 1"}}, rollout.WorkersOptions{}, "the worker ended: exit status 1 before it said hello; the end of what it wrote:\nno module named x"},
		{"says nothing", self(t, "nothing to say"), rollout.WorkersOptions{StartLimit: 200 * time.Millisecond}, "it did not say hello within 200ms"},
		{"another protocol", self(t, `{"type":"hello","protocol":2}`), rollout.WorkersOptions{}, "the hello speaks protocol 2, and this program 1"},
		{"unreadable", self(t, `{"type":"hello","protocol":"1"}`), rollout.WorkersOptions{}, `its hello cannot be read: field "protocol" is a JSON string, want a number`},
		{"no components", self(t, hello("")), rollout.WorkersOptions{}, "no component is named"},
		{"nameless", self(t, hello(`,"components":[{"text":""}]`)), rollout.WorkersOptions{}, "component 0 has no name"},
		{"twice", self(t, hello(`,"components":[{"name":"a"},{"name":"a"}]`)), rollout.WorkersOptions{}, `two components are named "a"`},
		{"greedy", self(t, hello(`,"concurrency":-1`)), rollout.WorkersOptions{}, "a concurrency of -1"},
		{"others declared", self(t, hello(one)), rollout.WorkersOptions{Components: []gepa.Component{{Name: "b"}}}, `the hello names components ["a"], and ["b"] are declared`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.Exec = c.exec
			w, err := rollout.StartWorkers(t.Context(), c.opts)
			if err == nil {
				w.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want %q", err, c.want)
			}
		})
	}
	t.Run("declared", func(t *testing.T) {
		declared := []gepa.Component{{Name: "a", Text: "mine"}}
		for _, role := range []string{hello(one), hello("")} {
			w := workers(t, role, rollout.WorkersOptions{Components: declared})
			if got := w.Components(); !slices.Equal(got, declared) {
				t.Errorf("components %v, want those declared", got)
			}
			if w.Hello().Protocol != rollout.Protocol {
				t.Errorf("hello %+v", w.Hello())
			}
		}
	})
}

// A worker that is another program after its restart ends the run.
func TestWorkerChanges(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "worker")
	write := func(text string) {
		body := `echo '{"type":"hello","protocol":1,"components":[{"name":"a","text":"` + text + `"}]}'; read line; exit 1`
		if err := os.WriteFile(script, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	w, err := rollout.StartWorkers(t.Context(), rollout.WorkersOptions{Exec: rollout.Exec{Argv: []string{"/bin/sh", script}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	write("two")
	_, err = w.Run(t.Context(), gepa.Job{Example: example("1")})
	if !gepa.IsFatal(err) || !strings.Contains(err.Error(), "another hello") {
		t.Errorf("got %v, want that the hello changed", err)
	}
	if err := os.WriteFile(script, []byte("exit 7"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = w.Run(t.Context(), gepa.Job{Example: example("1")})
	if err == nil || gepa.IsFatal(err) || !strings.Contains(err.Error(), "start a worker: the worker ended: exit status 7") {
		t.Errorf("got %v, want that no worker starts", err)
	}
}

func TestUnknownComponentIsFatal(t *testing.T) {
	w := workers(t, "worker", rollout.WorkersOptions{})
	job := do("")
	job.Candidate = job.Candidate.With(map[string]string{"c": "?"})
	if _, err := w.Run(t.Context(), job); !gepa.IsFatal(err) {
		t.Errorf("got %v, want a fatal error", err)
	}
	job.Candidate = nil // all components keep their texts
	if r, err := w.Run(t.Context(), job); err != nil || r.Output.Text("echo") != "start of a" {
		t.Errorf("got %+v, %v", r, err)
	}
}

// What is printed by mistake is told, once a line.
func TestNoiseIsLogged(t *testing.T) {
	log := &lockedBuffer{}
	w := workers(t, "worker", rollout.WorkersOptions{Workers: 1, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if _, err := w.Run(t.Context(), do("noise")); err != nil {
		t.Fatal(err)
	}
	w.Close()
	for _, want := range []string{`line=hello?`, `level`, `[1,2]`, `{broken`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell of %s:\n%s", want, log.String())
		}
	}
}

// A lockedBuffer is a text that several may write.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
