//go:build unix

package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/metric/command"
)

// The test binary plays the commands.
func TestMain(m *testing.M) {
	if play := os.Getenv("PLAY"); play != "" {
		os.Exit(perform(play))
	}
	goleak.VerifyTestMain(m)
}

func perform(play string) int {
	switch play {
	case "echo":
		line, err := io.ReadAll(os.Stdin)
		if err != nil || strings.Count(string(line), "\n") != 1 {
			return 9
		}
		b, err := json.Marshal(string(line))
		if err != nil {
			return 9
		}
		fmt.Printf(`{"score": 0.25, "objectives": {"x": 2}, "feedback": %s, "by_component": {"a": "words"}}`, b)
	case "crash":
		fmt.Fprintln(os.Stderr, "cannot find the database")
		return 3
	case "fail":
		fmt.Println("2 tests failed")
		fmt.Fprintln(os.Stderr, "see test_x")
		return 1
	case "pass":
		return 0
	case "chatter":
		fmt.Println("loading …\n{\"score\": 1}")
	case "twice":
		fmt.Println("{\"score\": 1}\n{\"score\": 1}")
	case "typo":
		fmt.Println(`{"scroe": 1}`)
	case "unscored":
		fmt.Println(`{"feedback": "x"}`)
	case "hang", "child":
		if play == "child" {
			child := exec.Command(os.Args[0])
			child.Env = []string{"PLAY=hang"}
			child.Stdout = os.Stdout
			if err := child.Start(); err != nil {
				return 9
			}
			fmt.Fprint(os.Stderr, child.Process.Pid)
		}
		<-time.After(time.Hour)
	}
	return 0
}

func measure(t *testing.T, play string, opts command.Options) (metric.Result, error) {
	t.Helper()
	opts.Args, opts.Env = []string{os.Args[0]}, []string{"PLAY=" + play, "GOCOVERDIR=" + t.TempDir()}
	m, err := command.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return m.Measure(t.Context(), metric.Input{
		Example: gepa.Example{ID: "e1", Inputs: gepa.NewFields("q", "a\nb"), Labels: gepa.NewFields("answer", "x")},
		Output:  gepa.NewFields("answer", "y"),
		Trace:   []gepa.Step{{Component: "a", Inputs: gepa.NewFields("q", 1), Problem: "p", Exchanges: []gepa.Exchange{{Reply: "secret"}}}},
	})
}

func TestReply(t *testing.T) {
	got, err := measure(t, "echo", command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := metric.Result{
		Score: 0.25, Objectives: map[string]float64{"x": 2},
		Feedback: gepa.Feedback{ByComponent: map[string]string{"a": "words"}, Text: `{"example":{"id":"e1","inputs":{"q":"a\nb"},"labels":{"answer":"x"}},"output":{"answer":"y"},` +
			`"trace":[{"component":"a","inputs":{"q":1},"outputs":{},"problem":"p"}],"repeat":0}` + "\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenReplies(t *testing.T) {
	for play, want := range map[string]string{
		"crash":    `exit status 3; it printed: cannot find the database`,
		"pass":     "it printed nothing: print one object",
		"chatter":  "its reply cannot be read: invalid character 'l'",
		"twice":    "goes on after the JSON object",
		"typo":     `unknown field "scroe"`,
		"unscored": "has no score",
	} {
		_, err := measure(t, play, command.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `example "e1"`) {
			t.Errorf("%s: %v, want %q", play, err, want)
		}
	}
}

func TestExitCode(t *testing.T) {
	for play, want := range map[string]metric.Result{
		"pass": {Score: 1, Feedback: gepa.Feedback{Text: "The check passed."}},
		"fail": {Feedback: gepa.Feedback{Text: "The check failed (exit status 1).\n2 tests failed\nsee test_x"}},
	} {
		got, err := measure(t, play, command.Options{ExitCode: true})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", play, err, diff)
		}
	}
}

// A command that hangs is stopped, and what it started with it.
func TestTimeLimit(t *testing.T) {
	got, err := measure(t, "hang", command.Options{ExitCode: true, Timeout: 100 * time.Millisecond})
	if err != nil || got.Score != 0 || !strings.Contains(got.Feedback.Text, "longer than 100ms") {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = measure(t, "child", command.Options{Timeout: time.Second})
	if err == nil || !strings.Contains(err.Error(), "longer than 1s; it printed: ") {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(err.Error()[strings.LastIndex(err.Error(), " ")+1:])
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(state), ") Z ") {
			return // gone, or waiting to be reaped by whoever inherits it
		}
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Errorf("the child %d lives on", pid)
}

func TestEndedContext(t *testing.T) {
	m, err := command.New(command.Options{Args: []string{os.Args[0]}, Env: []string{"PLAY=hang"}, ExitCode: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Measure(ctx, metric.Input{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNew(t *testing.T) {
	for _, opts := range []command.Options{{}, {Args: []string{"no-such-command-anywhere"}}, {Args: []string{os.Args[0]}, Timeout: -1}} {
		if _, err := command.New(opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
}
