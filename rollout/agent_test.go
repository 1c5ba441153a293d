//go:build unix

package rollout_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/rollout"
)

// orders are messages for the agent in testdata: some make it raise, some make
// it leak a process, some make its model fail for a moment.
func orders(set string, n int) []gepa.Example {
	forms := []string{
		"where is order AB%d", "I called 3 times about %d", "urgent! ticket 9, order x%d", "refund B%d now",
		"spell it: order %d", "no order yet, thanks", "urgent refund of 2, order %d",
	}
	hints := []string{"digits", "last", "pad", "hash"}
	var out []gepa.Example
	for i := range n {
		number := fmt.Sprint(len(set)*1000 + i)
		form := forms[i%len(forms)]
		message := form
		if strings.Contains(form, "%d") {
			message = strings.Replace(form, "%d", number, 1)
		} else {
			message += set + strings.Repeat("!", i)
		}
		out = append(out, gepa.Example{
			ID:     fmt.Sprint(set, i),
			Inputs: gepa.NewFields("message", message),
			Labels: gepa.NewFields("number", number, "answer", "#00"+number, "hint", "hint: "+hints[(i/2+i)%len(hints)]),
		})
	}
	return out
}

// hinted adds a word that the feedback hints at; now and then it loses one.
type hinted struct{}

func (hinted) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	texts := map[string]string{}
	for _, component := range req.Components {
		call, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleReflection, Component: component}, func(context.Context) (gepa.Call, error) {
			var hints []string
			for _, x := range req.Examples {
				if _, hint, ok := strings.Cut(x.Rollout.Feedback.For(component), "hint: "); ok {
					hints = append(hints, strings.Fields(hint)[0])
				}
			}
			words := strings.Fields(req.Candidate[component])
			if req.Proposal%4 == 0 {
				words = words[:len(words)-1]
			}
			words = append(words, hints[:min(2, len(hints))]...)
			return gepa.Call{Exchange: gepa.Exchange{Reply: strings.Join(words, " ")}}, nil
		})
		if err != nil {
			return gepa.Reflection{}, err
		}
		texts[component] = call.Text()
	}
	return gepa.Reflection{Texts: texts}, nil
}

// An existing Python agent is wrapped in a few lines and optimized; killing its
// workers all the time changes nothing in the result, and leaves nothing
// behind.
func TestAgentIsOptimized(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, NOT TESTED: the test finds processes in /proc")
	}
	optimize := func(count int, kill bool) (gepa.Journal, *gepa.Result) {
		mark := fmt.Sprintf("GEPA_TEST_MARK=%d-%d-%v", os.Getpid(), count, kill)
		script, err := filepath.Abs("testdata/agent/worker.py")
		if err != nil {
			t.Fatal(err)
		}
		e := pythonWorker(t, script)
		e.Env = append(e.Env, mark)
		w, err := rollout.StartWorkers(t.Context(), rollout.WorkersOptions{Exec: e, Workers: count, TimeLimit: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
		var sys gepa.System = w
		if kill {
			killer := &killer{System: w, mark: mark, t: t}
			sys = killer
			defer func() {
				t.Logf("%d workers were killed in %d rollouts", killer.kills.Load(), killer.runs.Load())
				if killer.kills.Load() < 15 {
					t.Error("so few were killed that the test shows nothing")
				}
			}()
		}
		journal := gepa.NewMemoryJournal()
		res, err := gepa.Optimize(t.Context(), sys, gepa.Data{Feedback: orders("f", 14), Validation: orders("val", 7), Test: orders("te", 7)}, gepa.Options{
			Seed: 7, Proposer: hinted{}, Journal: journal, Concurrency: count, Budget: gepa.Budget{Proposals: 16},
		})
		if err != nil {
			t.Fatal(err)
		}
		left := marked(t, mark)
		if !slices.ContainsFunc(left, func(p marker) bool { return p.command == "sleep" }) && !kill {
			t.Error("the agent has leaked no process: the test shows less than it should")
		}
		w.Close()
		for _, p := range left {
			gone(t, p.pid)
		}
		return journal, res
	}
	quiet, res := optimize(1, false)
	if res.Best.Mean < res.Pool[0].Mean+0.5 {
		t.Errorf("the best candidate scores %.2f, the agent as it was %.2f: want 0.5 more", res.Best.Mean, res.Pool[0].Mean)
	}
	stormy, _ := optimize(8, true)
	decisions, results := transcript(t, quiet)
	stormyDecisions, stormyResults := transcript(t, stormy)
	if diff := cmp.Diff(decisions, stormyDecisions); diff != "" {
		t.Errorf("decisions differ (-quiet +stormy):\n%s", diff)
	}
	if diff := cmp.Diff(results, stormyResults); diff != "" {
		t.Errorf("results differ (-quiet +stormy):\n%s", diff)
	}
	if !strings.Contains(strings.Join(results, "\n"), "ValueError: the message has no number") {
		t.Error("the agent never raised: the test shows less than it should")
	}
}

// transcript lists a journal's decisions in order and its results as a set.
func transcript(t *testing.T, j gepa.Journal) (decisions, results []string) {
	t.Helper()
	for rec, err := range j.Records(t.Context()) {
		switch {
		case err != nil:
			t.Fatal(err)
		case rec.Kind == gepa.KindSession:
		case rec.Kind == gepa.KindFailure:
			t.Errorf("a rollout failed for good: %s", rec.Data)
		case rec.Key == "":
			decisions = append(decisions, rec.Kind+string(rec.Data))
		default:
			results = append(results, rec.Kind+rec.Key+string(rec.Data))
		}
	}
	slices.Sort(results)
	return decisions, results
}

// A marker is a process that has a mark in its environment.
type marker struct {
	pid     int
	command string
}

// marked finds the processes with a mark in their environment.
func marked(t *testing.T, mark string) []marker {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var out []marker
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, []byte(mark+"\x00")) {
			continue // gone, somebody else's, or without the mark
		}
		dir := filepath.Dir(file)
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		name, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err == nil {
			out = append(out, marker{pid, strings.TrimSpace(string(name))})
		}
	}
	return out
}

// A killer kills some worker, busy or not, with every fourth request.
type killer struct {
	gepa.System
	mark        string
	t           *testing.T
	runs, kills atomic.Int64
}

func (k *killer) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	if n := k.runs.Add(1); n%4 == 0 {
		alive := slices.DeleteFunc(marked(k.t, k.mark), func(p marker) bool { return p.command == "sleep" })
		draw := rand.New(rand.NewPCG(uint64(n), 0))
		if len(alive) > 0 && syscall.Kill(alive[draw.IntN(len(alive))].pid, syscall.SIGKILL) == nil {
			k.kills.Add(1)
		}
	}
	return k.System.Run(ctx, job)
}
