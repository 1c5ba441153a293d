package gepa_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func TestObserverCannotHurt(t *testing.T) {
	var events atomic.Int64
	res := optimize(t, newLandscape(), gepa.Options{
		Budget:    gepa.Budget{Proposals: 2},
		Observers: []gepa.Observer{{Event: func(gepa.Event) { events.Add(1); panic("observer") }}},
	})
	if events.Load() != 1 || len(res.History) != 2 {
		t.Errorf("the observer was called %d times, %d proposals were made", events.Load(), len(res.History))
	}
}

// TestStateFollowsTheObserver: folding the observed events gives what the
// engine reports.
func TestStateFollowsTheObserver(t *testing.T) {
	s := gepa.NewState()
	res := optimize(t, newLandscape(), gepa.Options{
		Seed: 8, Budget: gepa.Budget{Proposals: 9},
		Observers: []gepa.Observer{{Event: func(e gepa.Event) {
			if err := s.Apply(e); err != nil {
				t.Error(err)
			}
		}}},
	})
	best, _ := s.Best()
	if best.ID != res.Best.ID || s.Rollouts() != res.Rollouts || s.Spend() != res.Spend || !slices.Equal(s.Frontier(), res.Frontier) {
		t.Errorf("the fold says best %d, %d rollouts; the result %d, %d", best.ID, s.Rollouts(), res.Best.ID, res.Rollouts)
	}
}

// notes collects what an observer is told, as words.
type notes struct {
	mu    sync.Mutex
	words []string
	wrong []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.words = append(n.words, fmt.Sprintf(format, args...))
}

func (n *notes) check(ok bool, what string) {
	if !ok {
		n.wrong = append(n.wrong, what)
	}
}

func (n *notes) observer() gepa.Observer {
	task := func(t gepa.TaskInfo) string {
		if t.Task.Reflect != nil {
			return fmt.Sprintf("reflection %d/%d", t.Task.Proposal, t.Task.Reflect.Child)
		}
		return "rollout " + t.Task.Name()
	}
	return gepa.Observer{
		RunBegin: func(r gepa.RunInfo) { n.add("begin run %d", r.Session) },
		RunEnd:   func(r gepa.RunInfo) { n.add("end run %d", r.Session) },
		ProposalBegin: func(p gepa.ProposalInfo) {
			n.check(p.Gate == nil && p.Committed == nil, "a proposal begins with its gate decided")
			n.add("begin proposal %d", p.Plan.Proposal)
		},
		ProposalEnd: func(p gepa.ProposalInfo) {
			n.check(p.Gate != nil && p.Committed != nil && p.Committed.Proposal == p.Plan.Proposal, "a proposal ends without its gate and commit")
			n.add("end proposal %d", p.Plan.Proposal)
		},
		ValidationBegin: func(p gepa.ProposalInfo) {
			n.check(p.Gate != nil && p.Gate.Passed && p.Committed == nil, "a validation begins without its gate, or after its end")
			n.add("begin validation %d", p.Plan.Proposal)
		},
		ValidationEnd:   func(p gepa.ProposalInfo) { n.add("end validation %d", p.Plan.Proposal) },
		RolloutBegin:    func(t gepa.TaskInfo) { n.add("begin %s", task(t)) },
		RolloutEnd:      func(t gepa.TaskInfo) { n.check(t.Err == nil, "a rollout failed"); n.add("end %s", task(t)) },
		ReflectionBegin: func(t gepa.TaskInfo) { n.add("begin %s", task(t)) },
		ReflectionEnd:   func(t gepa.TaskInfo) { n.add("end %s", task(t)) },
		Gate:            func(g gepa.GateDecided) { n.add("gate %d", g.Proposal) },
	}
}

// pairs checks that every Begin has one End after it, and the other way round
// but for those still open; it returns how many there were of each kind.
func (n *notes) pairs(t *testing.T, mayStayOpen bool) map[string]int {
	t.Helper()
	for _, w := range n.wrong {
		t.Error(w)
	}
	open, kinds := map[string]bool{}, map[string]int{}
	for _, w := range n.words {
		verb, what, _ := strings.Cut(w, " ")
		kind, _, _ := strings.Cut(what, " ")
		switch verb {
		case "begin":
			if open[what] {
				t.Errorf("%s begins twice", what)
			}
			open[what] = true
			kinds[kind]++
		case "end":
			if !open[what] {
				t.Errorf("%s ends and did not begin", what)
			}
			delete(open, what)
		case "gate":
			if !open["proposal "+what] || open["validation "+what] {
				t.Errorf("the gate of proposal %s decides out of turn", what)
			}
		}
	}
	if !mayStayOpen && len(open) > 0 {
		t.Errorf("without an end: %v", open)
	}
	return kinds
}

func TestObserversHearBeginAndEnd(t *testing.T) {
	var n notes
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{
		Seed: 3, Minibatch: 4, InFlight: 4, Children: 2, Journal: j, Budget: gepa.Budget{Proposals: 12},
		Observers: []gepa.Observer{n.observer()},
	}
	res := optimize(t, newLandscape(), opts)
	kinds := n.pairs(t, false)
	if n.words[0] != "begin run 1" || n.words[len(n.words)-1] != "end run 1" {
		t.Errorf("the run is framed by %q and %q", n.words[0], n.words[len(n.words)-1])
	}
	if kinds["proposal"] != 12 || kinds["rollout"] != res.Rollouts+20 || kinds["validation"] < 2 || kinds["reflection"] < 16 {
		t.Errorf("heard of %v; %d rollouts were made, and 20 on the test set", kinds, res.Rollouts)
	}
}

// TestObserversOfAResumedRun: what an earlier session left under way begins
// again, so that every End has its Begin.
func TestObserversOfAResumedRun(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		j := gepa.NewMemoryJournal()
		opts := gepa.Options{Seed: 3, Minibatch: 4, InFlight: 4, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 9}}
		data := someData()
		data.Test = nil
		for session := 1; ; session++ {
			var n notes
			opts.Observers = []gepa.Observer{n.observer()}
			dying := &dyingJournal{Journal: j}
			dying.left.Store(rapid.Int64Range(8, 90).Draw(r, "appends"))
			opts.Journal = dying
			_, err := gepa.Optimize(t.Context(), newLandscape(), data, opts)
			n.wrong = slices.DeleteFunc(n.wrong, func(w string) bool { return err != nil && w == "a rollout failed" })
			n.pairs(t, err != nil)
			if err == nil {
				return
			}
			if !errors.Is(err, errKilled) {
				r.Fatal(err)
			}
		}
	})
}

// TestObserverThatBlocks: it holds the run up for the two seconds that an
// observer has to catch up, once, and no other observer.
func TestObserverThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calm := timeOf(t, nil)
		release := make(chan struct{})
		called := 0
		var n notes
		blocked := timeOf(t, []gepa.Observer{{RolloutBegin: func(gepa.TaskInfo) { called++; <-release }}, n.observer()})
		if held := blocked - calm; held > 2*time.Second {
			t.Errorf("it held the run up for %v", held)
		}
		n.pairs(t, false)
		close(release)
		synctest.Wait()
		if called != 1 {
			t.Errorf("it was told %d more things after the run was over", called-1)
		}
	})
}

func timeOf(t *testing.T, observers []gepa.Observer) time.Duration {
	t.Helper()
	start := time.Now()
	sys := newLandscape()
	sys.before = func(context.Context, gepa.Job) error { pass(time.Second); return nil }
	optimize(t, sys, gepa.Options{Seed: 3, Observers: observers, Budget: gepa.Budget{Proposals: 5}})
	return time.Since(start)
}

// TestObserverThatIsSlow: what it has not heard of when the run is over it is
// not told afterwards.
func TestObserverThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard atomic.Int64
		optimize(t, newLandscape(), gepa.Options{
			Seed: 3, Budget: gepa.Budget{Proposals: 5},
			Observers: []gepa.Observer{{Event: func(gepa.Event) { pass(500 * time.Millisecond); heard.Add(1) }}},
		})
		at := heard.Load()
		pass(time.Hour)
		if later := heard.Load(); later > at+1 {
			t.Errorf("it was told %d things after the run was over", later-at)
		}
		if at < 3 {
			t.Errorf("it heard %d things in its two seconds", at)
		}
	})
}

func TestObserverThatPanics(t *testing.T) {
	var n notes
	told := 0
	var log bytes.Buffer
	optimize(t, newLandscape(), gepa.Options{
		Seed: 3, Logger: slog.New(slog.NewTextHandler(&log, nil)), Budget: gepa.Budget{Proposals: 5},
		Observers: []gepa.Observer{{ProposalBegin: func(gepa.ProposalInfo) { told++; panic("index out of range") }}, n.observer()},
	})
	if told != 1 {
		t.Errorf("it was told %d things, want to be dropped at the first panic", told)
	}
	if kinds := n.pairs(t, false); kinds["proposal"] != 5 {
		t.Errorf("the other heard of %v", kinds)
	}
	if !strings.Contains(log.String(), "index out of range") {
		t.Errorf("the log does not tell: %s", &log)
	}
}
