package gepa_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gepa-go/gepa"
)

// judged is a system of one text whose score on an example is given.
type judged struct {
	score func(text, example string) float64

	mu  sync.Mutex
	ran map[string]int // by text and example
}

func (j *judged) Components() []gepa.Component { return []gepa.Component{{Name: "a", Text: "seed"}} }

func (j *judged) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	text, example := job.Candidate["a"], job.Example.ID
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ran == nil {
		j.ran = map[string]int{}
	}
	j.ran[text+" on "+example]++
	return gepa.Rollout{
		Score: j.score(text, example),
		Trace: []gepa.Step{{Component: "a", Inputs: gepa.NewFields("example", example)}},
	}, nil
}

func plain(set string, n int) []gepa.Example {
	var out []gepa.Example
	for i := range n {
		id := fmt.Sprint(set, i)
		out = append(out, gepa.Example{ID: id, Inputs: gepa.NewFields("question", id)})
	}
	return out
}

func write(text string) gepa.Reflection {
	return gepa.Reflection{Texts: map[string]string{"a": text}}
}

// TestSameChildTwiceInFlight: proposals that were planned side by side and made
// the same child: the first puts it into the pool.
func TestSameChildTwiceInFlight(t *testing.T) {
	sys := &judged{score: func(text, _ string) float64 {
		if text == "good" {
			return 0.9
		}
		return 0.1
	}}
	res, err := gepa.Optimize(t.Context(), sys, gepa.Data{Feedback: plain("f", 9), Validation: plain("v", 6)}, gepa.Options{
		Seed: 1, InFlight: 3, Parent: gepa.ParentEpsilonGreedy, Epsilon: 1, Budget: gepa.Budget{Proposals: 12},
		Proposer: proposerFunc(func(context.Context, gepa.ReflectRequest) (gepa.Reflection, error) { return write("good"), nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Pool) != 2 || res.History[0].Candidate != 1 {
		t.Fatalf("a pool of %d, the first proposal made candidate %d", len(res.Pool), res.History[0].Candidate)
	}
	for _, p := range res.History[1:3] {
		if !p.Gate.Passed || p.Joined.Accepted || p.Candidate != -1 || !strings.Contains(p.Joined.Reason, "the same as candidate 1, which was accepted meanwhile") {
			t.Errorf("proposal %d: %+v, %+v; want it passed and not accepted, with the reason", p.Proposal, p.Gate, p.Joined)
		}
	}
	known := 0
	for _, p := range res.History[5:] {
		if p.Parents[0] == 0 {
			known++
			if p.Gate.Passed || !strings.Contains(p.Gate.Reason, "the same as candidate 1") {
				t.Errorf("proposal %d: %+v; want it turned down as known", p.Proposal, p.Gate)
			}
		}
	}
	if known == 0 {
		t.Error("no later proposal started from the seed: the test tests nothing")
	}
	for job, n := range sys.ran {
		if n > 1 {
			t.Errorf("%s ran %d times", job, n)
		}
	}
}

// again is a search in which the first proposal's child is turned down on its
// minibatch, and the third's, which is the same, is accepted on another.
func again(t *testing.T, proposals int, opts gepa.Options, each func(ctx context.Context, req gepa.ReflectRequest)) (*gepa.Result, *judged) {
	t.Helper()
	var mu sync.Mutex
	bad := ""
	sys := &judged{}
	sys.score = func(text, example string) float64 {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case text == "x" && example != bad:
			return 0.9
		case text == "x":
			return 0.1
		default:
			return 0.5
		}
	}
	opts.Minibatch, opts.Parent, opts.Budget = 1, gepa.ParentBest, gepa.Budget{Proposals: proposals}
	opts.Proposer = proposerFunc(func(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
		each(ctx, req)
		switch req.Proposal {
		case 1:
			mu.Lock()
			defer mu.Unlock()
			bad = req.Examples[0].Example.ID
			return write("x"), nil
		case 3:
			return write("x"), nil
		default:
			return gepa.Reflection{Refused: "no idea"}, nil
		}
	})
	res, err := gepa.Optimize(t.Context(), sys, gepa.Data{Feedback: plain("f", 6), Validation: plain("v", 4)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if res.History[0].Gate.Passed || res.History[2].Candidate != 1 {
		t.Fatalf("the first proposal's gate: %+v, the third made candidate %d; want it turned down and accepted", res.History[0].Gate, res.History[2].Candidate)
	}
	return res, sys
}

// TestKnownDependsOnThePlanAlone: what a proposer hears of earlier candidates
// is what was committed when the proposal was planned, however late it asks.
func TestKnownDependsOnThePlanAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		heard := map[int]string{}
		res, _ := again(t, 6, gepa.Options{InFlight: 2}, func(_ context.Context, req gepa.ReflectRequest) {
			if req.Proposal >= 4 {
				pass(time.Minute) // the third is committed by then
			}
			what, known := req.Known(map[string]string{"a": "x"})
			seed, isSeed := req.Known(map[string]string{"a": "seed"})
			mu.Lock()
			defer mu.Unlock()
			heard[req.Proposal] = what
			if known != (what != "") || isSeed != (req.Candidate["a"] != "") || seed != "candidate 0, the seed" {
				t.Errorf("proposal %d hears %q (%v), and of the seed %q (%v)", req.Proposal, what, known, seed, isSeed)
			}
		})
		for n, what := range heard {
			want := ""
			switch after := res.History[n-1].After; {
			case after >= 3:
				want = "candidate 1"
			case after >= 1:
				want = "the child of proposal 1, which was turned down"
			}
			if what != want {
				t.Errorf("proposal %d, planned after %d, hears %q, want %q", n, res.History[n-1].After, what, want)
			}
		}
		if res.History[3].After >= 3 || heard[4] == "" {
			t.Errorf("proposal 4 was planned after %d: the test tests nothing", res.History[3].After)
		}
	})
}

// TestTracesComeBack: the traces of a child that was turned down are dropped
// from memory, and read from the journal when the same text becomes a parent.
func TestTracesComeBack(t *testing.T) {
	var mu sync.Mutex
	read := 0
	_, sys := again(t, 12, gepa.Options{}, func(_ context.Context, req gepa.ReflectRequest) {
		mu.Lock()
		defer mu.Unlock()
		for _, x := range req.Examples {
			if len(x.Rollout.Trace) != 1 || x.Rollout.Trace[0].Component != "a" {
				t.Errorf("proposal %d, from %q, has the trace %+v of example %s", req.Proposal, req.Candidate["a"], x.Rollout.Trace, x.Example.ID)
			}
			if req.Candidate["a"] == "x" && x.Rollout.Score < 0.5 {
				read++
			}
		}
	})
	if read == 0 {
		t.Error("the parent never met the example on which it had been turned down: the test tests nothing")
	}
	for job, n := range sys.ran {
		if n > 1 {
			t.Errorf("%s ran %d times", job, n)
		}
	}
}
