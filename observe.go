package gepa

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// An Observer is told what happens in a run. Every hook is optional.
//
// Each observer has a goroutine of its own, which calls its hooks one at a
// time and in order. A slow observer falls behind and does not slow the run
// down; one that falls too far behind, or panics, is dropped with a warning in
// the log. Before the test set is read and before [Optimize] returns, observers
// get two seconds to catch up; then they are told no more.
//
// Every End has had its Begin. A Begin has no End where the run ended first.
type Observer struct {
	// Event is called for every event, after it was journaled: decisions in
	// order, results as they come. Applying them to a [State] gives the run's.
	Event func(Event)
	// RunBegin and RunEnd frame this session's work on the run.
	RunBegin, RunEnd func(RunInfo)
	// ProposalBegin is called when a proposal is planned, merges included, or
	// taken up again by a session that resumes the run, and ProposalEnd when it
	// is committed.
	ProposalBegin, ProposalEnd func(ProposalInfo)
	// RolloutBegin is called when a rollout starts, and RolloutEnd when it is
	// journaled or has failed in all its attempts.
	RolloutBegin, RolloutEnd func(TaskInfo)
	// ReflectionBegin and ReflectionEnd do the same for a proposer's work.
	ReflectionBegin, ReflectionEnd func(TaskInfo)
	// Gate is called when a gate has decided.
	Gate func(GateDecided)
	// ValidationBegin is called when a child has passed its gate, and
	// ValidationEnd when its proposal is committed.
	ValidationBegin, ValidationEnd func(ProposalInfo)
	// Budget is called when a proposal is planned or committed.
	Budget func(BudgetInfo)
	// Error is called for every failed attempt.
	Error func(AttemptFailed)
}

// RunInfo is about a session of a run.
type RunInfo struct {
	// Session counts from 1.
	Session int
	// Elapsed and Err are set at the end: how long the session took, and what
	// ended it early, if anything did.
	Elapsed time.Duration
	Err     error
}

// ProposalInfo is about a proposal.
type ProposalInfo struct {
	// Plan says what it does.
	Plan ProposalPlanned
	// Gate is nil before the gate decided, Committed before it ended.
	Gate      *GateDecided
	Committed *ProposalCommitted
}

// TaskInfo is about a rollout or a reflection.
type TaskInfo struct {
	// Task is what is done.
	Task Task
	// Elapsed and Err are set at the end: how long it took, waits between
	// attempts included, and why it failed, if it did.
	Elapsed time.Duration
	Err     error
}

// BudgetInfo is how much of a budget is used. Limits of 0 are none.
type BudgetInfo struct {
	// Proposals are those planned, Rollouts those that committed proposals
	// used, Reserved those that proposals in flight may use.
	Proposals, Rollouts, Reserved int
	// Budget holds the limits.
	Budget Budget
}

// maxBehind is how many notices an observer may have before it.
const maxBehind = 200_000

// catchUp is how long observers are waited for.
const catchUp = 2 * time.Second

// watcher feeds one observer.
type watcher struct {
	observer Observer
	logger   *slog.Logger
	mu       sync.Mutex
	queue    []func(*Observer)
	wake     chan struct{} // holds one token while there may be work
	dropped  bool
	late     bool // used by the engine's goroutine alone
	ended    chan struct{}
}

// watchers feed a run's observers.
type watchers []*watcher

func newWatchers(observers []Observer, logger *slog.Logger) watchers {
	var out watchers
	for _, o := range observers {
		w := &watcher{observer: o, logger: logger, wake: make(chan struct{}, 1), ended: make(chan struct{})}
		go w.run()
		out = append(out, w)
	}
	return out
}

// tell queues a notice for every observer.
func (ws watchers) tell(notice func(*Observer)) {
	for _, w := range ws {
		w.push(notice)
	}
}

func (w *watcher) push(notice func(*Observer)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dropped {
		return
	}
	if len(w.queue) >= maxBehind {
		w.drop("the observer fell too far behind and is told no more")
		return
	}
	w.queue = append(w.queue, notice)
	w.nudge()
}

// nudge wakes the observer's goroutine.
func (w *watcher) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// drop forgets the observer; mu is held.
func (w *watcher) drop(why string, args ...any) {
	w.dropped, w.queue = true, nil
	w.logger.Error(why, args...)
	w.nudge()
}

func (w *watcher) run() {
	defer close(w.ended)
	for range w.wake {
		for {
			w.mu.Lock()
			batch, dropped := w.queue, w.dropped
			w.queue = nil
			w.mu.Unlock()
			if dropped {
				return
			}
			if len(batch) == 0 {
				break
			}
			for _, notice := range batch {
				if !w.call(notice) {
					return
				}
			}
		}
	}
}

// call reports whether the observer may be called again.
func (w *watcher) call(notice func(*Observer)) (alive bool) {
	defer func() {
		if p := recover(); p != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.drop("the observer panicked and is told no more", "panic", fmt.Sprint(p))
		}
	}()
	w.mu.Lock()
	dropped := w.dropped
	w.mu.Unlock()
	if dropped {
		return false
	}
	notice(&w.observer)
	return true
}

// settle waits until the observers have seen everything so far, or a while.
// One that has made it wait in vain is not waited for again.
func (ws watchers) settle() {
	timer := time.NewTimer(catchUp)
	defer timer.Stop()
	seen := make([]chan struct{}, len(ws))
	for i, w := range ws {
		seen[i] = make(chan struct{})
		if !w.late {
			w.push(func(*Observer) { close(seen[i]) })
		}
	}
	late := false
	for i, w := range ws {
		if w.late {
			continue
		}
		if late {
			timer.Reset(0)
		}
		select {
		case <-seen[i]:
		case <-w.ended:
		case <-timer.C:
			late = true
			select {
			case <-seen[i]:
			default:
				w.late = true
			}
		}
	}
}

// end lets the observers catch up and then tells them nothing any more, not
// even what they have before them.
func (ws watchers) end() {
	ws.settle()
	for _, w := range ws {
		w.mu.Lock()
		if !w.dropped && len(w.queue) > 0 {
			w.drop("the observer had not caught up when the run ended, and is told no more")
		} else {
			w.dropped = true
			w.nudge()
		}
		w.mu.Unlock()
	}
}

// resumed tells of the proposals that an earlier session left under way.
func (ws watchers) resumed(s *State) {
	for _, p := range s.proposals[s.done:] {
		ws.tell(func(o *Observer) { call(o.ProposalBegin, ProposalInfo{Plan: p.ProposalPlanned}) })
		if p.Gate != nil && p.Gate.Passed {
			info := ProposalInfo{Plan: p.ProposalPlanned, Gate: p.Gate}
			ws.tell(func(o *Observer) { call(o.ValidationBegin, info) })
		}
	}
}

// notices returns what an event that was just applied means to observers.
func (ws watchers) notices(s *State, b Budget, e Event) (out []func(*Observer)) {
	if len(ws) == 0 {
		return nil
	}
	tell := func(notice func(*Observer)) { out = append(out, notice) }
	tell(func(o *Observer) { call(o.Event, e) })
	plan := func(n int) ProposalPlanned { return s.proposals[n-1].ProposalPlanned }
	budget := func() {
		info := BudgetInfo{Proposals: len(s.proposals), Rollouts: s.charged, Reserved: s.reserved, Budget: b}
		tell(func(o *Observer) { call(o.Budget, info) })
	}
	switch e := e.(type) {
	case ProposalPlanned:
		tell(func(o *Observer) { call(o.ProposalBegin, ProposalInfo{Plan: e}) })
		budget()
	case GateDecided:
		tell(func(o *Observer) { call(o.Gate, e) })
		if e.Passed {
			info := ProposalInfo{Plan: plan(e.Proposal), Gate: &e}
			tell(func(o *Observer) { call(o.ValidationBegin, info) })
		}
	case ProposalCommitted:
		if e.Proposal == 0 {
			return out
		}
		info := ProposalInfo{Plan: plan(e.Proposal), Gate: s.proposals[e.Proposal-1].Gate, Committed: &e}
		if info.Gate.Passed {
			tell(func(o *Observer) { call(o.ValidationEnd, info) })
		}
		tell(func(o *Observer) { call(o.ProposalEnd, info) })
		budget()
	case AttemptFailed:
		tell(func(o *Observer) { call(o.Error, e) })
	}
	return out
}

// call calls a hook that is there.
func call[T any](hook func(T), arg T) {
	if hook != nil {
		hook(arg)
	}
}
