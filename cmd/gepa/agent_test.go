//go:build linux && !race

// The race detector sees nothing of other processes, and makes this slow.

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/store"
)

// wrapped makes a worker of the agent: these lines are all that is written for
// gepa. The pipe is this test's, which is told of every rollout by it.
const wrapped = `import os
import agent
from gepa_client import serve

def run(candidate, rollout):
    open(os.environ["GEPA_TEST_PIPE"], "w").write("x")
    agent.PROMPTS.update(candidate)
    number, answer = agent.solve(rollout.inputs["message"])
    gold = rollout.labels
    hint = "\nHint: Think of the " + gold["hint"] + "."
    rollout.feedback(f"want {gold['number']}, got {number}{hint}", "extract")
    rollout.feedback(f"want {gold['answer']}, got {answer}{hint}", "format")
    return (number == gold["number"]) * 0.5 + (answer[0] == "#") * 0.25 + (len(answer.strip("#")) == 6) * 0.25

serve(agent.PROMPTS, run)
`

const agentConfig = `version: 1
models: {reflection: sim}
system:
  worker:
    command: [%q, -S, worker.py]
    workers: %d
    time_limit: 60s
data: {train: train.jsonl, val: 7, test: test.jsonl, labels: [number, answer, hint]}
search: {minibatch: 4, components: all}
budget: {iterations: 10}
limits: {concurrency: 8}
`

// pythonFor returns a Python that the client works with.
func pythonFor(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("GEPA_PYTHON"), "python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(t.Context(), path, "-c", "import sys; assert sys.version_info >= (3, 8)").Run() == nil {
			return path
		}
	}
	t.Skip("SKIPPED, NOT TESTED: there is no python3 (set GEPA_PYTHON to one)")
	return ""
}

// orderLines are messages for the agent: some make it raise, some make it leak
// a process, some make its model fail for a moment.
func orderLines(set string, n int) string {
	forms := []string{
		"where is order AB%d", "I called 3 times about %d", "urgent! ticket 9, order x%d", "refund B%d now",
		"spell it: order %d", "no order yet, thanks", "urgent refund of 2, order %d",
	}
	hints := []string{"digits", "last", "pad", "hash"}
	var b strings.Builder
	for i := range n {
		number := fmt.Sprint(len(set)*1000 + i)
		message := strings.Replace(forms[i%len(forms)], "%d", number, 1)
		if !strings.Contains(message, number) {
			message += set + strings.Repeat("!", i)
		}
		fmt.Fprintf(&b, `{"id":"%s%d","message":%q,"number":%q,"answer":"#00%s","hint":%q}`+"\n", set, i, message, number, number, hints[(i/2+i)%len(hints)])
	}
	return b.String()
}

// An existing Python agent of 59 lines is wrapped with the client and optimized
// by the command with eight workers. Killing workers at random changes nothing
// in the result, and nothing that the agent started stays behind.
func TestBarPythonAgent(t *testing.T) {
	long(t)
	python := pythonFor(t)
	dir := t.TempDir() // one for both: tracebacks name it
	quiet, _ := optimizeAgent(t, dir, python, 1, false)
	stormy, kills := optimizeAgent(t, dir, python, 8, true)
	t.Logf("%d workers were killed", kills)
	if kills < 15 {
		t.Error("so few were killed that the test shows nothing")
	}
	if diff := cmp.Diff(quiet.decisions, stormy.decisions); diff != "" {
		t.Errorf("decisions differ (-one quiet worker +eight that are killed):\n%s", diff)
	}
	if diff := cmp.Diff(quiet.results, stormy.results); diff != "" {
		t.Errorf("results differ (-one quiet worker +eight that are killed):\n%s", diff)
	}
	if quiet.best < quiet.base+0.3 {
		t.Errorf("the best candidate scores %.2f, the agent as it was %.2f: want 0.3 more", quiet.best, quiet.base)
	}
	if all := strings.Join(quiet.results, "\n"); !strings.Contains(all, "ValueError: the message has no number") || !strings.Contains(all, "KeyError") {
		t.Error("the agent never raised: the test shows less than it should")
	}
	if !quiet.leaked {
		t.Error("the agent has leaked no process: the test shows less than it should")
	}
}

// agentRun is what a run of the agent came to.
type agentRun struct {
	decisions, results []string
	base, best         float64
	leaked             bool
}

// optimizeAgent runs the command, with the run in a folder that is called as the
// number of workers.
func optimizeAgent(t *testing.T, dir, python string, workers int, kill bool) (run agentRun, kills int) {
	t.Helper()
	out := strconv.Itoa(workers)
	copied := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for name, text := range map[string]string{
		"agent.py": copied("../../rollout/testdata/agent/agent.py"), "gepa_client.py": copied("../../clients/python/gepa_client.py"),
		"worker.py": wrapped, "gepa.yaml": fmt.Sprintf(agentConfig, python, workers), "train.jsonl": orderLines("tr", 21), "test.jsonl": orderLines("t", 7),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pipe := filepath.Join(dir, "pipe"+out)
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	told, err := os.OpenFile(pipe, os.O_RDWR, 0) // for writing, too: it stays open between two workers
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	mark := fmt.Sprintf("GEPA_TEST_MARK=%d-%v", os.Getpid(), kill)
	cmd := gepaCommand(t, dir, "optimize", "--out", out)
	cmd.Env = append(cmd.Env, mark, "GEPA_TEST_PIPE="+pipe, "PYTHONDONTWRITEBYTECODE=1")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		kills, run.leaked = watchAgent(told, mark, cmd.Process.Pid, kill)
	}()
	err = cmd.Wait()
	_, _ = told.WriteString("e") // the watcher ends
	<-watched
	if err != nil {
		t.Fatalf("gepa optimize: %v\n%s", err, &said)
	}
	for range 200 { // what was killed takes a moment to go
		if len(marked(mark)) == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if left := marked(mark); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	run.read(t, filepath.Join(dir, out, "journal.db"))
	return run, kills
}

// watchAgent reads the pipe to its end and kills some worker, busy or not, with
// every fourth rollout.
func watchAgent(told io.Reader, mark string, gepaID int, kill bool) (kills int, leaked bool) {
	draw := rand.New(rand.NewPCG(7, 0))
	one := make([]byte, 1)
	for n := 1; ; n++ {
		if _, err := told.Read(one); err != nil || one[0] == 'e' {
			return kills, leaked
		}
		if n%4 != 0 {
			continue
		}
		processes := marked(mark)
		workers := slices.DeleteFunc(slices.Clone(processes), func(p markedProcess) bool { return p.command == "sleep" || p.id == gepaID })
		leaked = leaked || slices.ContainsFunc(processes, func(p markedProcess) bool { return p.command == "sleep" })
		if kill && len(workers) > 0 && syscall.Kill(workers[draw.IntN(len(workers))].id, syscall.SIGKILL) == nil {
			kills++
		}
	}
}

type markedProcess struct {
	id      int
	command string
}

// marked finds the processes with a mark in their environment.
func marked(mark string) []markedProcess {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var out []markedProcess
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, []byte(mark+"\x00")) {
			continue // gone, somebody else's, or without the mark
		}
		dir := filepath.Dir(file)
		id, err := strconv.Atoi(filepath.Base(dir))
		name, nerr := os.ReadFile(filepath.Join(dir, "comm"))
		if err == nil && nerr == nil {
			out = append(out, markedProcess{id, strings.TrimSpace(string(name))})
		}
	}
	return out
}

// read lists a journal's decisions in their order and its results as a set.
func (r *agentRun) read(t *testing.T, path string) {
	t.Helper()
	j, err := store.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for rec, err := range j.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case rec.Kind == gepa.KindSession:
		case rec.Kind == gepa.KindFailure:
			t.Errorf("a rollout failed for good: %s", rec.Data)
		case rec.Key == "":
			r.decisions = append(r.decisions, rec.Kind+string(rec.Data))
		default:
			r.results = append(r.results, rec.Kind+rec.Key+string(rec.Data))
		}
	}
	slices.Sort(r.results)
	story, err := report.Tell(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	best, _ := story.State.Best()
	r.base, r.best = story.State.Pool()[0].Mean, best.Mean
}
