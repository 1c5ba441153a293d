// Package command measures rollouts by a command: one that reads a line of
// JSON and answers with one, or one whose exit code is the verdict.
package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/process"
	"github.com/gepa-go/gepa/metric"
)

// Options say what is run, and how. The zero value of every field but Args
// means its default.
type Options struct {
	// Args are the command and its arguments; no shell is in between. Required.
	Args []string
	// Dir is the folder that it runs in. Defaults to the present one.
	Dir string
	// Env is the environment, as KEY=value. Defaults to that of the process.
	Env []string
	// ExitCode takes the exit code for the verdict: 0 scores 1, any other 0,
	// and so does a command that takes too long; what it printed is the
	// feedback. Defaults to a reply in JSON.
	ExitCode bool
	// Timeout bounds one measurement. Defaults to a minute.
	Timeout time.Duration
}

// A Metric runs a command for every rollout. Make one with [New].
//
// The command gets one JSON object on standard input, in one line:
//
//	{"example": {"id": …, "inputs": {…}, "labels": {…}}, "output": {…}, "trace": [{"component": …, "inputs": {…}, "outputs": {…}, "problem": …}, …], "repeat": 0}
//
// and answers, unless its exit code is the verdict, with one on standard
// output:
//
//	{"score": 0.5, "objectives": {"name": 1.5}, "feedback": "…", "by_component": {"name": "…"}}
//
// where only score is required. In this form a command that fails, answers
// something else or takes too long is an error: it is the metric that is
// broken, not the output. Its processes are killed with it where the system
// has process groups. A Metric is safe for concurrent use if several of the
// commands may run at a time.
type Metric struct{ opts Options }

var _ metric.Metric = (*Metric)(nil)

// New returns the metric. The error says that the command is not there.
func New(opts Options) (*Metric, error) {
	if len(opts.Args) == 0 || opts.Args[0] == "" {
		return nil, errors.New("metric: no command is given: name a program and its arguments")
	}
	if opts.Timeout < 0 {
		return nil, fmt.Errorf("metric: the time limit %s is negative", opts.Timeout)
	}
	if opts.Timeout == 0 {
		opts.Timeout = time.Minute
	}
	if path, err := exec.LookPath(opts.Args[0]); err != nil && !errors.Is(err, exec.ErrDot) && opts.Dir == "" {
		return nil, fmt.Errorf("metric: the command %q cannot be run: %w: check its name and that it may be executed", opts.Args[0], err)
	} else if err == nil && opts.Dir == "" {
		opts.Args = append([]string{path}, opts.Args[1:]...)
	}
	return &Metric{opts}, nil
}

// request is what the command is given.
type request struct {
	Example gepa.Example `json:"example"`
	Output  gepa.Fields  `json:"output"`
	Trace   []step       `json:"trace"`
	Repeat  int          `json:"repeat"`
}

type step struct {
	Component string      `json:"component"`
	Inputs    gepa.Fields `json:"inputs"`
	Outputs   gepa.Fields `json:"outputs"`
	Problem   string      `json:"problem,omitempty"`
}

// Measure implements [metric.Metric].
func (m *Metric) Measure(ctx context.Context, in metric.Input) (metric.Result, error) {
	req := request{Example: in.Example, Output: in.Output, Trace: []step{}, Repeat: in.Repeat}
	for _, s := range in.Trace {
		req.Trace = append(req.Trace, step{s.Component, s.Inputs, s.Outputs, s.Problem})
	}
	line, err := gepa.EncodeValue(req)
	if err != nil {
		return metric.Result{}, m.errorf(in, "its input cannot be written: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, m.opts.Timeout)
	defer cancel()
	out, err := m.run(limited, append(line, '\n'))
	switch {
	case ctx.Err() != nil:
		return metric.Result{}, ctx.Err()
	case m.opts.ExitCode:
		return m.verdict(in, out, err, limited.Err() != nil)
	case limited.Err() != nil:
		return metric.Result{}, m.errorf(in, "it took longer than %s%s", m.opts.Timeout, out.said())
	case err != nil:
		return metric.Result{}, m.errorf(in, "%w%s", err, out.said())
	}
	return m.reply(in, out)
}

func (m *Metric) errorf(in metric.Input, format string, args ...any) error {
	return fmt.Errorf("metric: example %q: command %s: %w", in.Example.ID, m.opts.Args[0], fmt.Errorf(format, args...))
}

// output is what a command printed, as far as it is kept.
type output struct{ stdout, stderr tail }

// said quotes what a command printed on standard error.
func (o *output) said() string {
	if text := o.stderr.text(); text != "" {
		return "; it printed: " + text
	}
	return ""
}

// run runs the command once. What it left running ends with it. A failed
// command's error is a [failure].
func (m *Metric) run(ctx context.Context, input []byte) (*output, error) {
	out := &output{stdout: tail{most: 1 << 20}, stderr: tail{most: 4 << 10}}
	into := func(t *tail) func(io.Reader) {
		return func(r io.Reader) { _, _ = io.Copy(t, r) } // a pipe that breaks is the program's end
	}
	proc, err := process.Start(process.Options{
		Argv: m.opts.Args, Dir: m.opts.Dir, Env: m.opts.Env, Stdin: true,
		Stdout: into(&out.stdout), Stderr: into(&out.stderr),
	})
	if err != nil {
		return out, gepa.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = proc.Stdin().Write(input) // it need not read its input, as a test may not
		_ = proc.Stdin().Close()
	}()
	select {
	case <-proc.Done():
	case <-ctx.Done():
		proc.Kill()
		<-proc.Done()
	}
	<-written
	if end := proc.End(); end.Code != 0 {
		return out, failure{end}
	}
	return out, nil
}

// failure is how a command ended that did not end well.
type failure struct{ process.End }

func (f failure) Error() string { return f.String() }

// verdict makes a result of an exit code.
func (m *Metric) verdict(in metric.Input, out *output, err error, late bool) (metric.Result, error) {
	var failed failure
	var r metric.Result
	switch {
	case late:
		r.Feedback.Text = fmt.Sprintf("The check took longer than %s and was stopped.", m.opts.Timeout)
	case err == nil:
		r.Score, r.Feedback.Text = 1, "The check passed."
	case errors.As(err, &failed):
		r.Feedback.Text = fmt.Sprintf("The check failed (%s).", failed)
	default:
		return r, m.errorf(in, "%w", err)
	}
	for _, text := range []string{out.stdout.text(), out.stderr.text()} {
		if text != "" {
			r.Feedback.Text += "\n" + text
		}
	}
	return r, nil
}

// reply reads what a command answered.
func (m *Metric) reply(in metric.Input, out *output) (metric.Result, error) {
	var reply struct {
		Score       *float64           `json:"score"`
		Objectives  map[string]float64 `json:"objectives"`
		Feedback    string             `json:"feedback"`
		ByComponent map[string]string  `json:"by_component"`
	}
	dec := json.NewDecoder(bytes.NewReader(out.stdout.kept()))
	dec.DisallowUnknownFields()
	const form = `print one object such as {"score": 0.5, "feedback": "…"} on standard output, and anything else on standard error`
	if err := dec.Decode(&reply); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it printed nothing")
		}
		return metric.Result{}, m.errorf(in, "its reply cannot be read: %w: %s%s", err, form, out.said())
	}
	switch _, err := dec.Token(); {
	case !errors.Is(err, io.EOF):
		return metric.Result{}, m.errorf(in, "its reply goes on after the JSON object: %s", form)
	case reply.Score == nil:
		return metric.Result{}, m.errorf(in, "its reply has no score: %s", form)
	case math.IsInf(*reply.Score, 0):
		return metric.Result{}, m.errorf(in, "its score is not finite: %s", form)
	}
	return metric.Result{
		Score: *reply.Score, Objectives: reply.Objectives,
		Feedback: gepa.Feedback{Text: reply.Feedback, ByComponent: reply.ByComponent},
	}, nil
}

// A tail keeps the last bytes that are written to it, and the first where
// nothing was dropped.
type tail struct {
	most    int
	mu      sync.Mutex
	data    []byte
	dropped bool
}

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if over := len(t.data) - t.most; over > 0 {
		t.data, t.dropped = append(t.data[:0], t.data[over:]...), true
	}
	return len(p), nil
}

func (t *tail) kept() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.data)
}

// text returns the last of what was kept, as text for feedback.
func (t *tail) text() string {
	const most = 2000
	s := strings.TrimSpace(strings.ToValidUTF8(string(t.kept()), "\uFFFD"))
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	r := []rune(s)
	return "…" + string(r[len(r)-most:])
}
