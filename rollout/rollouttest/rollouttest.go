// Package rollouttest holds the tests that every [gepa.System] should pass, and
// every [gepa.Runner] that stands for one: ours do, and whoever writes another
// can run them, too.
package rollouttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
)

// A Subject is a system under test, and jobs that show how it behaves.
type Subject struct {
	// System is what is tested.
	System gepa.System
	// Examples are at least two on which the system, with its starting texts,
	// does not fail, and says the same each time.
	Examples []gepa.Example
	// Echo names a component whose text an output repeats, unchanged, in the
	// field "echo". Defaults to none: that texts arrive is then not tested.
	Echo string
	// EchoAs, if set, is how a text comes back that a system is known to
	// change, for instance by the end of its last line.
	EchoAs func(text string) string
	// Failing is an example on which the program fails. nil skips what it
	// would show.
	Failing *gepa.Example
	// Broken is an example on which the world fails. nil skips what it would
	// show.
	Broken *gepa.Example
	// Slow is an example on which the system takes a minute or more if nobody
	// stops it. nil skips what it would show.
	Slow *gepa.Example
}

// Exercise runs the tests.
func Exercise(t *testing.T, s Subject) {
	t.Helper()
	if len(s.Examples) < 2 {
		t.Fatal("the subject has fewer than two examples; the tests would show nothing")
	}
	t.Run("Components", s.components)
	t.Run("Rollouts", s.rollouts)
	t.Run("JobIsLeftAlone", s.jobIsLeftAlone)
	t.Run("RolloutBelongsToCaller", s.rolloutBelongsToCaller)
	t.Run("EqualJobsEqualRollouts", s.equalJobs)
	t.Run("Concurrency", s.concurrency)
	t.Run("Texts", s.texts)
	t.Run("ProgramFailureIsScored", s.programFailure)
	t.Run("WorldFailureIsAnError", s.worldFailure)
	t.Run("ContextStopsARun", s.contextStops)
}

func (s Subject) job(ex gepa.Example) gepa.Job {
	return gepa.Job{Candidate: gepa.Seed(s.System.Components()), Example: ex}
}

// run runs a job that must become a rollout without a problem.
func (s Subject) run(t *testing.T, job gepa.Job) gepa.Rollout {
	t.Helper()
	r, err := s.System.Run(t.Context(), job)
	if err != nil {
		t.Fatalf("example %q: %v", job.Example.ID, err)
	}
	if r.Problem != "" {
		t.Fatalf("example %q: the program failed: %s; want an example on which it does not", job.Example.ID, r.Problem)
	}
	return r
}

// The list of components names each once and is the same on every call.
func (s Subject) components(t *testing.T) {
	first := slices.Clone(s.System.Components())
	if len(first) == 0 {
		t.Fatal("there is no component: nothing could be optimized")
	}
	seen := map[string]bool{}
	for i, c := range first {
		if c.Name == "" || seen[c.Name] {
			t.Errorf("component %d is named %q: names must not be empty or occur twice", i, c.Name)
		}
		seen[c.Name] = true
	}
	if again := s.System.Components(); !slices.Equal(first, again) {
		t.Errorf("the components changed from %v to %v", first, again)
	}
}

// A rollout's numbers are finite, and its trace names components.
func (s Subject) rollouts(t *testing.T) {
	names := gepa.Seed(s.System.Components())
	for _, ex := range s.Examples {
		r := s.run(t, s.job(ex))
		if bad(r.Score) {
			t.Errorf("example %q: the score is %v", ex.ID, r.Score)
		}
		for name, v := range r.Objectives {
			if bad(v) {
				t.Errorf("example %q: objective %q is %v", ex.ID, name, v)
			}
		}
		for i, step := range r.Trace {
			if _, ok := names[step.Component]; !ok {
				t.Errorf("example %q: step %d is of %q, which is no component", ex.ID, i, step.Component)
			}
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("example %q: the rollout cannot be journaled: %v", ex.ID, err)
		}
	}
}

func bad(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// Run does not change the job that it is given.
func (s Subject) jobIsLeftAlone(t *testing.T) {
	for _, ex := range s.Examples {
		job := s.job(ex)
		before := snapshot(t, job)
		s.run(t, job)
		if after := snapshot(t, job); after != before {
			t.Errorf("the job was\n%s\nand is now\n%s", before, after)
		}
	}
}

func snapshot(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the caller does to a rollout is not seen in a later one.
func (s Subject) rolloutBelongsToCaller(t *testing.T) {
	job := s.job(s.Examples[0])
	first := s.run(t, job)
	want := snapshot(t, shape(first))
	for name := range first.Objectives {
		first.Objectives[name] = 99
	}
	for name := range first.Feedback.ByComponent {
		first.Feedback.ByComponent[name] = "changed by the caller"
	}
	for i := range first.Output {
		first.Output[i] = gepa.Field{Name: "changed", Value: json.RawMessage(`"by the caller"`)}
	}
	for i := range first.Trace {
		first.Trace[i].Component = "changed by the caller"
	}
	if got := snapshot(t, shape(s.run(t, job))); got != want {
		t.Errorf("the second rollout is\n%s\nwant\n%s", got, want)
	}
}

// shape is what equal jobs have in common: what it took to run them may differ.
func shape(r gepa.Rollout) gepa.Rollout {
	r.Usage = gepa.Usage{}
	r.Trace = slices.Clone(r.Trace)
	for i := range r.Trace {
		r.Trace[i].Exchanges = nil
	}
	return r
}

// Equal jobs have equal rollouts; another repeat is at least possible.
func (s Subject) equalJobs(t *testing.T) {
	for _, ex := range s.Examples {
		job := s.job(ex)
		first, second := s.run(t, job), s.run(t, job)
		if a, b := snapshot(t, shape(first)), snapshot(t, shape(second)); a != b {
			t.Errorf("example %q: the second rollout is\n%s\nand the first\n%s", ex.ID, b, a)
		}
		job.Repeat = 1
		s.run(t, job)
	}
}

// Many jobs at once come to what they come to one after the other.
func (s Subject) concurrency(t *testing.T) {
	type result struct {
		rollout gepa.Rollout
		err     error
	}
	var want []string
	for _, ex := range s.Examples {
		want = append(want, snapshot(t, shape(s.run(t, s.job(ex)))))
	}
	const times = 8
	results := make([]result, times*len(s.Examples))
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			r, err := s.System.Run(t.Context(), s.job(s.Examples[i%len(s.Examples)]))
			results[i] = result{r, err}
		})
	}
	wg.Wait()
	for i, r := range results {
		if r.err != nil {
			t.Errorf("job %d: %v", i, r.err)
		} else if got := snapshot(t, shape(r.rollout)); got != want[i%len(want)] {
			t.Errorf("job %d among many is\n%s\nand alone\n%s", i, got, want[i%len(want)])
		}
	}
}

// Any text can be a candidate's: it may be a bad one, but it is no failure of
// the world.
func (s Subject) texts(t *testing.T) {
	components := s.System.Components()
	for _, c := range []struct{ name, text string }{
		{"empty", ""},
		{"blank", " \n\t"},
		{"lines", "first\nsecond\r\nthird\rfourth\n\n"},
		{"quotes", `"double" 'single' \back\\slash ` + "`back`"},
		{"markup", "<script>&amp;</script> {{template}} {example} ${HOME} %s %d $(date)"},
		{"unicode", "žluťoučký 漢字 𝔘𝔫𝔦 👩‍👩‍👧 \u2028\u2029\u0085\u200b\ufeff"},
		{"nul and control", "a\x00b\x01\x1b[31m\x7f"},
		{"JSON", `{"type":"reply","id":"1","score":1}` + "\n"},
		{"large", strings.Repeat("0123456789abcde\n", 1<<16)},
		{"one long line", strings.Repeat("0123456789abcdef", 1<<16)},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := s.job(s.Examples[0])
			for _, comp := range components {
				job.Candidate = job.Candidate.With(map[string]string{comp.Name: c.text})
			}
			r, err := s.System.Run(t.Context(), job)
			if err != nil {
				t.Fatalf("%v; want a rollout", err)
			}
			if s.Echo == "" {
				return
			}
			want := c.text
			if s.EchoAs != nil {
				want = s.EchoAs(want)
			}
			if got := r.Output.Text("echo"); got != want {
				t.Errorf("the program got %s, want %s", brief(got), brief(want))
			}
		})
	}
}

func brief(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%q… (%d bytes)", s[:most], len(s))
	}
	return fmt.Sprintf("%q", s)
}

// What the program does wrong is a scored rollout that says so.
func (s Subject) programFailure(t *testing.T) {
	if s.Failing == nil {
		t.Skip("the subject has no example on which the program fails")
	}
	var first gepa.Rollout
	for i := range 2 {
		r, err := s.System.Run(t.Context(), s.job(*s.Failing))
		if err != nil {
			t.Fatalf("%v; want a scored rollout", err)
		}
		if r.Problem == "" || strings.ContainsAny(r.Problem, "\r\n") {
			t.Errorf("the problem is %q, want one line that says what went wrong", r.Problem)
		}
		if r.Feedback.Text == "" && len(r.Feedback.ByComponent) == 0 {
			t.Error("there is no feedback: reflection could not learn from the failure")
		}
		if bad(r.Score) {
			t.Errorf("the score is %v", r.Score)
		}
		if i == 0 {
			first = r
		} else if first.Score != r.Score || first.Problem != r.Problem || !reflect.DeepEqual(first.Feedback, r.Feedback) {
			t.Errorf("the same failure is told as\n%s\nand as\n%s", snapshot(t, first), snapshot(t, r))
		}
	}
}

// What the world does wrong is an error, and no rollout.
func (s Subject) worldFailure(t *testing.T) {
	if s.Broken == nil {
		t.Skip("the subject has no example on which the world fails")
	}
	r, err := s.System.Run(t.Context(), s.job(*s.Broken))
	if err == nil {
		t.Fatalf("got the rollout %s, want an error", snapshot(t, r))
	}
}

// soon is how long a system may take to return after its context ended: the
// engine waits no longer.
const soon = 2 * time.Second

var errStop = errors.New("the test stops it")

// Run returns soon after its context ends, with an error, and can be called
// again.
func (s Subject) contextStops(t *testing.T) {
	if s.Slow != nil {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errStop)
		defer cancel()
		s.stops(ctx, t, s.job(*s.Slow), true)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStop)
	s.stops(ctx, t, s.job(s.Examples[0]), false)
	s.run(t, s.job(s.Examples[0]))
}

func (s Subject) stops(ctx context.Context, t *testing.T, job gepa.Job, mustFail bool) {
	t.Helper()
	returned := make(chan error, 1)
	go func() {
		_, err := s.System.Run(ctx, job)
		returned <- err
	}()
	<-ctx.Done()
	timer := time.NewTimer(soon)
	defer timer.Stop()
	select {
	case err := <-returned:
		if mustFail && err == nil {
			t.Error("the context ended, and Run returned a rollout of a job that takes a minute")
		}
		if err != nil && !errors.Is(err, errStop) && !errors.Is(err, ctx.Err()) {
			t.Errorf("the error is %v, want the context's", err)
		}
	case <-timer.C:
		t.Fatalf("Run did not return within %v of the context's end", soon)
	}
}
