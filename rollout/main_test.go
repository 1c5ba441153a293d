//go:build unix

package rollout_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/rollout"
)

// The test binary is also the worker and the command that the tests run: the
// variable names what it is to be.
const roleVariable = "GEPA_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		goleak.VerifyTestMain(m)
	case "worker":
		rawWorker(1)
	case "worker of three":
		rawWorker(3)
	case "serve":
		serveWorker()
	case "command":
		commandMain()
	case "score":
		scoreMain()
	case "regexp":
		regexpMain()
	default: // what is said on starting, and then nothing
		fmt.Println(os.Getenv(roleVariable))
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}

// self is this test binary in a role.
func self(t *testing.T, role string, env ...string) rollout.Exec {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return rollout.Exec{Argv: []string{exe}, Env: append(env, roleVariable+"="+role, "GORACE=atexit_sleep_ms=0")}
}

// echo is a system that repeats the text of "a", and does what an example's
// input "do" says.
type echo struct{}

var echoComponents = []gepa.Component{{Name: "a", Text: "start of a"}, {Name: "b", Text: "start of b"}}

func (echo) Components() []gepa.Component { return echoComponents }

func (echo) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	switch do := job.Example.Inputs.Text("do"); do {
	case "fail":
		return gepa.Rollout{Problem: "no idea", Feedback: gepa.Feedback{Text: "no idea what to do"}}, nil
	case "panic":
		panic("at the disco")
	case "down":
		return gepa.Rollout{}, gepa.WithUsage(errors.New("the model is down"), gepa.Usage{Calls: 2, Unmeasured: 2, Cost: gepa.Cost{Unknown: 2}})
	case "refused":
		return gepa.Rollout{}, gepa.Fatal(errors.New("the key is refused"))
	case "slow":
		<-ctx.Done()
		return gepa.Rollout{}, context.Cause(ctx)
	}
	return gepa.Rollout{
		Score:      0.25,
		Objectives: map[string]float64{"length": float64(len(job.Candidate["a"]))},
		Feedback:   gepa.Feedback{Text: "fine", ByComponent: map[string]string{"a": "shorter"}},
		Output:     gepa.NewFields("echo", job.Candidate["a"], "q", job.Example.Inputs.Text("q")),
		Trace: []gepa.Step{{
			Component: "a",
			Inputs:    gepa.NewFields("q", job.Example.Inputs.Text("q")),
			Outputs:   gepa.NewFields("n", 3),
			Exchanges: []gepa.Exchange{{
				Messages: []gepa.Message{{Role: "user", Content: "?"}}, Reply: "!",
				Usage: gepa.Usage{Calls: 1, InputTokens: 5, OutputTokens: 1, Cost: gepa.Cost{Nanos: 7}},
			}},
		}},
		Usage: gepa.Usage{Calls: 1, InputTokens: 5, OutputTokens: 1, Cost: gepa.Cost{Nanos: 7}},
	}, nil
}

func serveWorker() {
	err := rollout.Serve(context.Background(), echo{}, os.Stdin, os.Stdout, rollout.ServeOptions{Name: "echo", Concurrency: 2})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// rawWorker speaks the protocol by hand, well and badly.
func rawWorker(concurrency int) {
	say := func(text string) { _, _ = os.Stdout.WriteString(text) }
	if file := os.Getenv("GEPA_TEST_PIDS"); file != "" {
		note(file, os.Getpid())
	}
	say("a banner without an end ")
	say(fmt.Sprintf(`{"type":"hello","protocol":1,"concurrency":%d,"unknown":[1],"components":[{"name":"a","text":"start of a"},{"name":"b","text":"start of b"}]}`+"\n", concurrency))
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var req rollout.Request
		if err := json.Unmarshal(line, &req); err != nil {
			fmt.Fprintln(os.Stderr, "bad request:", err)
			os.Exit(2)
		}
		if concurrency > 1 {
			go rawAnswer(req, say)
			continue
		}
		rawAnswer(req, say)
	}
}

func rawAnswer(req rollout.Request, say func(string)) {
	in := req.Example.Inputs
	do, times, _ := strings.Cut(in.Text("do"), " ")
	if times != "" && !strings.HasPrefix(times, "=") {
		// "exit 2": the first two workers do it, by a count of bytes in a file.
		most, _ := strconv.Atoi(times)
		if info, err := os.Stat(in.Text("file")); err == nil && info.Size() >= int64(most) {
			do = ""
		} else {
			count(in.Text("file"))
		}
	}
	reply := func(fields string) { say(fmt.Sprintf(`{"type":"reply","id":%q,%s}`+"\n", req.ID, fields)) }
	switch do {
	case "exit":
		fmt.Fprintln(os.Stderr, "Traceback: boom")
		os.Exit(3)
	case "leave":
		os.Exit(0)
	case "segv":
		signalSelf(syscall.SIGSEGV)
	case "kill":
		signalSelf(syscall.SIGKILL)
	case "hang":
		fmt.Fprintln(os.Stderr, "waiting for godot")
		<-time.After(time.Hour)
	case "leak":
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		note(in.Text("file"), cmd.Process.Pid)
		reply(`"score":1`)
	case "noise":
		say("hello?\n{\"level\":\"info\",\"id\":\"" + req.ID + "\"}\n[1,2]\n{\"type\":\"reply\",\"id\":\"other\",\"score\":9}\n\n{broken\nno end: ")
		reply(`"score":0.75`)
		reply(`"score":0.1`) // a second one is too late
	case "huge":
		say("{" + strings.Repeat("x", 17<<20) + "\n")
		<-time.After(time.Hour)
	case "answer":
		reply(strings.TrimPrefix(in.Text("do"), "answer ="))
	case "labels":
		reply(`"score":` + strconv.Itoa(len(req.Example.Labels)))
	default:
		echoed, err := json.Marshal(req.Candidate["a"])
		if err != nil {
			panic(err)
		}
		reply(fmt.Sprintf(`"score":0.5,"output":{"echo":%s},"feedback":"well"`, echoed))
	}
}

func signalSelf(sig syscall.Signal) {
	if sig == syscall.SIGSEGV {
		// Go catches it unless the shell takes our place.
		_ = syscall.Exec("/bin/sh", []string{"sh", "-c", "kill -SEGV $$"}, os.Environ())
	}
	_ = syscall.Kill(os.Getpid(), sig)
	<-time.After(time.Hour)
}

func count(file string) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := f.WriteString("x"); err != nil {
		panic(err)
	}
	_ = f.Close()
}

func note(file string, pid int) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(f, pid)
	_ = f.Close()
}

// pids reads what note wrote.
func pids(t *testing.T, file string) []int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for word := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pid)
	}
	return out
}

// gone waits until a process is no more, or is dead and not yet buried.
func gone(t *testing.T, pid int) {
	t.Helper()
	within(t, fmt.Sprintf("process %d is still there", pid), func() bool {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && strings.Contains(string(stat), ") Z ")
	})
}

// within waits for something that happens soon.
func within(t *testing.T, otherwise string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Second)
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(otherwise)
		}
	}
}

// commandMain is the command of the tests of [rollout.NewCommand].
func commandMain() {
	text, err := os.ReadFile(filepath.Join(os.Getenv("GEPA_CANDIDATE_DIR"), "a"))
	if err != nil {
		panic(err)
	}
	var ex gepa.Example
	raw, err := os.ReadFile(os.Getenv("GEPA_EXAMPLE"))
	if err == nil {
		err = json.Unmarshal(raw, &ex)
	}
	if err != nil {
		panic(err)
	}
	var candidate gepa.Candidate
	raw, err = os.ReadFile(os.Getenv("GEPA_CANDIDATE"))
	if err == nil {
		err = json.Unmarshal(raw, &candidate)
	}
	if err != nil || candidate["a"] != string(text) {
		panic(fmt.Sprint("the candidate's file and folder differ: ", err))
	}
	switch do := ex.Inputs.Text("do"); do {
	case "fail":
		fmt.Println("half an answer")
		fmt.Fprintln(os.Stderr, "ValueError: no idea")
		os.Exit(1)
	case "kill":
		signalSelf(syscall.SIGKILL)
	case "segv":
		signalSelf(syscall.SIGSEGV)
	case "slow":
		<-time.After(time.Hour)
	case "leak":
		cmd := exec.Command("sleep", "1000")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr // keeps our pipes open
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		note(ex.Inputs.Text("file"), cmd.Process.Pid)
		fmt.Println("score: 1")
	case "gush":
		fmt.Println(strings.Repeat("x", 17<<20))
	case "print":
		fmt.Print(ex.Inputs.Text("text"))
	case "labels":
		fmt.Println("score:", len(ex.Labels))
	default:
		echoed, err := json.Marshal(string(text))
		if err != nil {
			panic(err)
		}
		fmt.Println("working")
		fmt.Printf(`{"type":"reply","score":0.5,"output":{"echo":%s}}`+"\n", echoed)
	}
}

// regexpMain measures a regular expression by what it is to match and what not:
// one such case by its name, or all of them.
func regexpMain() {
	cases := []string{"+2026-11-23", "+1999-01-01", "-2026-1-2", "-20261123", "+0001-12-31", "-a2026-11-23", "-2026-11-23b", "-26-11-23"}
	if len(os.Args) > 1 && os.Args[1] == "--list" {
		fmt.Println(strings.Join(cases, "\n"))
		return
	}
	text, err := os.ReadFile(os.Getenv("GEPA_ARTEFACT"))
	if err != nil {
		panic(err)
	}
	if c := os.Getenv("GEPA_CASE"); c != "" {
		cases = []string{c}
	}
	re, err := regexp.Compile(string(text))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	right := 0
	for _, c := range cases {
		if re.MatchString(c[1:]) == (c[0] == '+') {
			right++
			continue
		}
		fmt.Println("wrong:", c)
	}
	fmt.Println("score:", float64(right)/float64(len(cases)))
}

// scoreMain is the command of the tests of [rollout.NewArtefact]: the share of
// the wanted words, one a case, that the file has.
func scoreMain() {
	if len(os.Args) > 1 && os.Args[1] == "--list" {
		fmt.Print(os.Getenv("GEPA_TEST_CASES"))
		return
	}
	if file := os.Getenv("GEPA_TEST_RUNS"); file != "" {
		count(file)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	if string(text) == "never" {
		<-time.After(time.Hour)
	}
	if strings.Contains(string(text), "broken") {
		fmt.Fprintln(os.Stderr, "syntax error")
		os.Exit(1)
	}
	want := "words"
	if len(os.Args) > 2 {
		want = os.Args[2]
	}
	if strings.Contains(string(text), want) {
		fmt.Println("score: 1")
		return
	}
	fmt.Printf("missing: %s\nscore: 0\nsee above\n", want)
}
