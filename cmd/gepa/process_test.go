package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/program"
)

// gepaCommand returns the command gepa, to be run in a folder of its own with
// the small sets in it.
func gepaCommand(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "gepa", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "OPENAI_API_KEY=sk-not-a-real-key-0123456789", "XDG_CACHE_HOME="+filepath.Join(dir, ".cache"))
	return cmd
}

func code(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// The first interrupt ends a run cleanly with the best so far; the same
// command then finishes it, with the same result as if nothing had happened,
// paying again only for what was in flight.
func TestInterruptAndResume(t *testing.T) {
	answer := lmtest.FromModel(sim.New(sim.Options{}))
	whole := lmtest.NewServer(t, answer)
	args := func(s *lmtest.Server, out string) []string {
		return []string{
			"optimize", "--program", "hotpotqa", "--train", "train.jsonl", "--dev", "dev.jsonl", "--model", "openai/m",
			"--base-url", s.URL(), "--iterations", "3", "--minibatch", "3", "--val", "4", "--concurrency", "2", "--out", out,
		}
	}
	dir := t.TempDir()
	if err := writeData(dir); err != nil {
		t.Fatal(err)
	}
	want, err := gepaCommand(t, dir, args(whole, "run")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{3, 21, len(whole.Requests()) - 9} {
		t.Run(fmt.Sprintf("at call %d", at), func(t *testing.T) {
			reached := make(chan struct{})
			var once sync.Once
			var hold sync.RWMutex
			holding := true
			s := lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
				hold.RLock()
				defer hold.RUnlock()
				if holding && r.Number >= at {
					once.Do(func() { close(reached) })
					return lmtest.Answer{Hang: true}
				}
				return answer(ctx, r)
			})
			dir := t.TempDir()
			if err := writeData(dir); err != nil {
				t.Fatal(err)
			}
			cmd := gepaCommand(t, dir, args(s, "run")...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-reached
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if got := code(cmd.Wait()); got != exitInterrupted {
				t.Fatalf("exit code %d, want %d; it said:\n%s", got, exitInterrupted, &stderr)
			}
			for _, line := range []string{"stopping: calls in flight", "interrupted: gepa resume run goes on"} {
				if !strings.Contains(stderr.String(), line) {
					t.Errorf("standard error lacks %q:\n%s", line, &stderr)
				}
			}
			if strings.Contains(stderr.String(), "error:") {
				t.Errorf("an interrupt is told as an error:\n%s", &stderr)
			}
			if !strings.Contains(stdout.String(), "did not come to its end (interrupted)") {
				t.Errorf("standard output does not say that this is not the end:\n%s", &stdout)
			}
			hold.Lock()
			holding = false
			hold.Unlock()
			again := gepaCommand(t, dir, args(s, "run")...)
			var told bytes.Buffer
			again.Stderr = &told
			got, err := again.Output()
			if err != nil {
				t.Fatalf("%v:\n%s", err, &told)
			}
			if !strings.Contains(told.String(), "resumed    run holds this run") {
				t.Errorf("nothing says that the run is resumed:\n%s", &told)
			}
			if diff := cmp.Diff(withoutSpend(want), withoutSpend(got)); diff != "" {
				t.Errorf("resumed differs from uninterrupted:\n%s", diff)
			}
			const inFlight = 2 * 2 // two rollouts of two calls
			if n, most := len(s.Requests()), len(whole.Requests())+inFlight; n > most {
				t.Errorf("%d calls in both sessions, want at most %d", n, most)
			}
		})
	}
}

// withoutSpend cuts what an interrupt rightly changes.
func withoutSpend(out []byte) string {
	text, _, _ := strings.Cut(string(out), "Spend\n")
	return text
}

// stubborn is a command that does not stop for one interrupt.
func stubborn() {
	ctx, _ := interruptible(context.Background())
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	select {}
}

func TestSecondInterruptEndsAtOnce(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "stubborn")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"ready", "interrupted"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("it said %q, want %q", lines.Text(), want)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	if got := code(cmd.Wait()); got != exitInterrupted {
		t.Errorf("exit code %d, want %d", got, exitInterrupted)
	}
}

// newInstruction is what the scripted reflection model writes.
const newInstruction = "Answer with the place itself.\nCheck both paragraphs."

// scripted answers as the modules of the program do, rightly only where the
// instruction of the second one is new.
func scripted(_ context.Context, r lmtest.Request) lmtest.Answer {
	system := r.Messages[0].Content
	switch {
	case strings.Contains(system, "`new_instruction`"):
		return lmtest.Answer{Text: "[[ ## new_instruction ## ]]\n" + newInstruction + "\n\n[[ ## completed ## ]]"}
	case strings.Contains(system, "1. `rationale`"), strings.Contains(system, "`reasoning`"):
		return lmtest.Answer{Text: "[[ ## reasoning ## ]]\nr\n\n[[ ## rationale ## ]]\nHop 1: Lantern Hall, built by Odo Örn.\nHop 2: Odo Örn was from Tolm.\n\n" +
			"[[ ## candidate ## ]]\nTolm\n\n[[ ## completed ## ]]"}
	case strings.Contains(system, "Answer with the place itself."):
		return lmtest.Answer{Text: "[[ ## answer ## ]]\nTolm\n\n[[ ## completed ## ]]"}
	default:
		return lmtest.Answer{Text: "[[ ## answer ## ]]\nI am not sure\n\n[[ ## completed ## ]]"}
	}
}

// testdata/wire.json holds the messages that DSPy 3.3.1 sends for the blog
// post's two modules and this example.
func TestWireIsDSPys(t *testing.T) {
	raw, err := os.ReadFile("testdata/wire.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]gepa.Message
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeWireData(t, dir)
	s := lmtest.NewServer(t, scripted)
	optimize := func(args ...string) []lmtest.Request {
		t.Helper()
		before := len(s.Requests())
		cmd := gepaCommand(t, dir, append([]string{
			"optimize", "--program", "hotpotqa", "--train", "train.json", "--dev", "dev.json", "--model", "openai/gpt-test",
			"--base-url", s.URL(), "--feedback", "metric", "--minibatch", "2", "--val", "2", "--quiet", "--no-cache",
		}, args...)...)
		cmd.Stderr = os.Stderr
		if _, err := cmd.Output(); err != nil {
			t.Fatal(err)
		}
		return s.Requests()[before:]
	}
	asked := func(requests []lmtest.Request, messages []gepa.Message) bool {
		for _, r := range requests {
			if r.Model == "gpt-test" && cmp.Equal(r.Messages, messages) {
				return true
			}
		}
		return false
	}
	// The second proposal rewrites verify, and passes.
	first := optimize("--iterations", "2", "--out", "run")
	for _, name := range []string{"reason", "verify", "verify optimized"} {
		if !asked(first, want[name]) {
			t.Errorf("no request has DSPy's messages for %s; nearest:\n%s", name, cmp.Diff(want[name], nearest(first, want[name])))
		}
	}
	// The optimized program, loaded, sends the new instruction in place of
	// the old one.
	state, err := program.LoadState(filepath.Join(dir, "run", "program.json"))
	if err != nil {
		t.Fatal(err)
	}
	if saved, err := state.Predictor("verify"); err != nil || saved.Instructions != newInstruction {
		t.Fatalf("saved instructions %q, error %v", saved.Instructions, err)
	}
	second := optimize("--iterations", "1", "--start", "run", "--out", "second")
	if !asked(second, want["verify optimized"]) || asked(second, want["verify"]) {
		t.Error("a run from the saved program does not send its instruction, or sends the old one")
	}
	if !asked(second, want["reason"]) {
		t.Error("the instruction that was not changed is not sent as it was")
	}
}

// nearest returns the messages of a request about the same module.
func nearest(requests []lmtest.Request, want []gepa.Message) []gepa.Message {
	first, _, _ := strings.Cut(want[0].Content, "All interactions")
	for _, r := range requests {
		if strings.HasPrefix(r.Messages[0].Content, first) {
			return r.Messages
		}
	}
	return nil
}

// writeWireData writes examples of which the test set is wire.json's.
func writeWireData(t *testing.T, dir string) {
	t.Helper()
	item := func(id, question string) map[string]any {
		return map[string]any{
			"_id": id, "question": question, "answer": "Tolm",
			"context": []any{
				[]any{"Lantern Hall", []string{"Lantern Hall is a theatre in Brask.\nIt was built by Odo Örn."}},
				[]any{"Odo Örn", []string{"Odo Örn (born 1871) was an architect from “Tolm”."}},
			},
		}
	}
	var train []any
	for i := range 6 {
		train = append(train, item(fmt.Sprint("t", i), fmt.Sprintf("Where was builder number %d from?", i)))
	}
	for name, items := range map[string]any{
		"train.json": train, "dev.json": []any{item("d0", "Where was the builder of Lantern Hall from?")},
	} {
		data, err := json.Marshal(items)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// copyForNobody returns a copy of the command, in a folder below the test's,
// that users without rights can reach and run.
func copyForNobody(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(lookPath(t, "gepa"))
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "gepa-copy")
	if err := os.WriteFile(binary, data, 0o755); err != nil {
		t.Fatal(err)
	}
	for top := dir; top != os.TempDir() && len(top) > 1; top = filepath.Dir(top) {
		if err := os.Chmod(top, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return binary
}

// A folder that cannot be written is refused before anything is spent.
func TestReadOnlyFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED, NOT TESTED: folders are not read-only here")
	}
	top := t.TempDir()
	binary := copyForNobody(t, top)
	closed := filepath.Join(top, "closed")
	if err := os.Mkdir(closed, 0o550); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(top, "open")
	if err := os.Mkdir(open, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{closed, filepath.Join(closed, "new")} {
		cmd := exec.CommandContext(t.Context(), binary, "demo", "--out", out)
		cmd.Args[0] = "gepa" // by this the copy knows which command it is
		cmd.Dir = top
		cmd.Env = append(os.Environ(), "GOCOVERDIR="+open) // for a binary that measures its coverage
		asNobody(cmd)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if got := code(cmd.Run()); got != exitUsage {
			t.Errorf("%s: exit code %d, want %d", out, got, exitUsage)
		}
		if text := stderr.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "permission denied") || !strings.Contains(text, "--out") {
			t.Errorf("%s: standard error:\n%s", out, text)
		}
	}
}

func TestExitCodes(t *testing.T) {
	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	untraced := fmt.Errorf("proposal 1: %w", &gepa.UntracedError{Components: []string{"x"}})
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, exitOK},
		{"the world's", io.ErrUnexpectedEOF, exitFailed},
		{"the command line's", usagef("no"), exitUsage},
		{"traces that name no component", untraced, exitUsage},
	} {
		if got := exitCode(t.Context(), c.err); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if got := exitCode(interrupted, context.Canceled); got != exitInterrupted {
		t.Errorf("an interrupt's: %d, want %d", got, exitInterrupted)
	}
}
