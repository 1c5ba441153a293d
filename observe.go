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
// get two seconds to catch up.
type Observer struct {
	// Event is called for every event, after it was journaled: decisions in
	// order, results as they come. Applying them to a [State] gives the run's.
	Event func(Event)
	// RunBegin and RunEnd frame this session's work on the run.
	RunBegin, RunEnd func(RunInfo)
	// ProposalBegin is called when a proposal is planned, merges included, and
	// ProposalEnd when it is committed.
	ProposalBegin, ProposalEnd func(ProposalInfo)
	// RolloutBegin is called when a rollout starts, and RolloutEnd when it is
	// journaled or has failed in all its attempts.
	RolloutBegin, RolloutEnd func(TaskInfo)
	// ReflectionBegin and ReflectionEnd do the same for a proposer's work.
	ReflectionBegin, ReflectionEnd func(TaskInfo)
	// Gate is called when a gate has decided.
	Gate func(GateDecided)
	// ValidationBegin is called when a child has passed its gate, and
	// ValidationEnd when it joins the pool.
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
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// drop forgets the observer; mu is held.
func (w *watcher) drop(why string, args ...any) {
	w.dropped, w.queue = true, nil
	w.logger.Error(why, args...)
	select {
	case w.wake <- struct{}{}:
	default:
	}
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
				if notice == nil || !w.call(notice) {
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
func (ws watchers) settle() {
	timer := time.NewTimer(catchUp)
	defer timer.Stop()
	for _, w := range ws {
		seen := make(chan struct{})
		w.push(func(*Observer) { close(seen) })
		select {
		case <-seen:
		case <-w.ended:
		case <-timer.C:
			return
		}
	}
}

// end lets the observers catch up and then tells them nothing any more.
func (ws watchers) end() {
	ws.settle()
	for _, w := range ws {
		w.push(nil)
	}
}

// notices queues what an event means to observers.
func (ws watchers) notices(s *State, b Budget, e Event) {
	if len(ws) == 0 {
		return
	}
	ws.tell(func(o *Observer) { call(o.Event, e) })
	proposal := func(n int) ProposalInfo {
		p := s.proposals[n-1]
		return ProposalInfo{Plan: p.ProposalPlanned, Gate: p.Gate, Committed: p.Joined}
	}
	budget := func() {
		info := BudgetInfo{Proposals: len(s.proposals), Rollouts: s.charged, Reserved: s.reserved, Budget: b}
		ws.tell(func(o *Observer) { call(o.Budget, info) })
	}
	switch e := e.(type) {
	case ProposalPlanned:
		info := proposal(e.Proposal)
		ws.tell(func(o *Observer) { call(o.ProposalBegin, info) })
		budget()
	case GateDecided:
		ws.tell(func(o *Observer) { call(o.Gate, e) })
		if e.Passed {
			info := proposal(e.Proposal)
			ws.tell(func(o *Observer) { call(o.ValidationBegin, info) })
		}
	case ProposalCommitted:
		if e.Proposal == 0 {
			return
		}
		info := proposal(e.Proposal)
		if info.Gate.Passed {
			ws.tell(func(o *Observer) { call(o.ValidationEnd, info) })
		}
		ws.tell(func(o *Observer) { call(o.ProposalEnd, info) })
		budget()
	case AttemptFailed:
		ws.tell(func(o *Observer) { call(o.Error, e) })
	}
}

// call calls a hook that is there.
func call[T any](hook func(T), arg T) {
	if hook != nil {
		hook(arg)
	}
}
