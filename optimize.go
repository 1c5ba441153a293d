package gepa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Optimize improves a system's texts and returns what it found.
//
// It validates the seed, then makes proposals until the budget or a stop
// condition ends the search, then reads the sealed test set for the seed and
// the winner. With a journal that already holds a part of the run it goes on
// from there: nothing that the journal holds is computed, or paid for, again.
//
// Once the run has begun, Optimize returns a Result together with any error:
// the best found so far. If ctx ends, the error is the context's cause and the
// run can be resumed from its journal. Errors that the caller can mend before
// anything was spent (wrong options or data, a [BudgetError], a [ResumeError])
// come with a nil Result.
func Optimize(ctx context.Context, sys System, data Data, opts Options) (*Result, error) {
	e, err := newEngine(ctx, sys, data, opts)
	if err != nil {
		return nil, err
	}
	defer close(e.closed)
	defer e.watchers.end()
	err = e.run(ctx)
	result := e.result(ctx, err)
	info := RunInfo{Session: e.state.Sessions(), Elapsed: result.Elapsed, Err: err}
	e.watchers.tell(func(o *Observer) { call(o.RunEnd, info) })
	return result, err
}

// engine drives one run in one process. One goroutine, that of [Optimize],
// makes all decisions and alone writes to the state; rollouts and reflections
// happen beside it and send it what they have done.
type engine struct {
	*recorder
	opts    Options
	data    Data
	search  *Search
	before  time.Duration // spent on the search by earlier sessions
	started time.Time

	pool     pool
	flights  flights
	messages chan message
	closed   chan struct{} // nobody receives messages any more
}

func newEngine(ctx context.Context, sys System, data Data, opts Options) (*engine, error) {
	opts, ids, err := resolve(sys, data, opts)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	state, before, err := replay(ctx, opts.Journal)
	if err != nil {
		return nil, err
	}
	e := &engine{
		recorder: &recorder{journal: opts.Journal, state: state, budget: opts.Budget},
		opts:     opts,
		data:     data,
		before:   before,
		started:  started,
		pool:     pool{slots: opts.Concurrency, failures: map[bool]int{}, worked: map[bool]bool{}, counted: map[bool]int{}},
		messages: make(chan message, messageBuffer),
		closed:   make(chan struct{}),
	}
	opening := openingOf(sys, ids, opts)
	if state.run != nil {
		if err := sameRun(*state.run, opening); err != nil {
			return nil, err
		}
	}
	e.watchers = newWatchers(opts.Observers, opts.Logger)
	if err := e.openRun(ctx, opening); err != nil {
		e.watchers.end()
		return nil, err
	}
	return e, nil
}

// Opening returns the event that opens a run, for a controller that drives a
// [Search] itself. Its errors are those that [Check] finds.
func Opening(sys System, data Data, opts Options) (RunStarted, error) {
	opts, ids, err := resolve(sys, data, opts)
	if err != nil {
		return RunStarted{}, err
	}
	return openingOf(sys, ids, opts), nil
}

func openingOf(sys System, data dataRefs, opts Options) RunStarted {
	return RunStarted{
		Format:     eventFormat,
		Components: sys.Components(),
		Options:    opts,
		Feedback:   data.feedback,
		Validation: data.validation,
		Test:       data.test,
	}
}

// openRun journals the run's opening, if it is new, and the beginning of this
// session.
func (e *engine) openRun(ctx context.Context, opening RunStarted) error {
	events := []Event{SessionStarted{Number: e.state.Sessions() + 1, Budget: e.opts.Budget, Concurrency: e.opts.Concurrency}}
	if e.state.run == nil {
		events = []Event{opening, events[0]}
	}
	begin := RunInfo{Session: e.state.Sessions() + 1}
	e.watchers.tell(func(o *Observer) { call(o.RunBegin, begin) })
	if err := e.emit(ctx, events...); err != nil {
		end := RunInfo{Session: begin.Session, Elapsed: time.Since(e.started), Err: err}
		e.watchers.tell(func(o *Observer) { call(o.RunEnd, end) })
		return err
	}
	e.watchers.resumed(e.state)
	var err error
	e.search, err = NewSearch(e.state, e.data, e.opts.Budget)
	return err
}

// refs identifies examples.
func refs(examples []Example) []ExampleRef {
	out := make([]ExampleRef, len(examples))
	for i, ex := range examples {
		out[i] = ExampleRef{ID: ex.ID, Hash: ex.Hash()}
	}
	return out
}

// run takes the run from wherever it is to its end.
func (e *engine) run(ctx context.Context) error {
	if err := e.runSearch(ctx); err != nil {
		return err
	}
	e.watchers.settle()
	return e.readTest(ctx)
}

// runSearch validates the seed and makes proposals until a reason to stop.
func (e *engine) runSearch(ctx context.Context) error {
	if stop := e.state.Stop(); stop != nil {
		if !e.mayContinue(stop) {
			return nil
		}
		if err := e.emit(ctx, Continued{Proposals: e.state.done}); err != nil {
			return err
		}
	}
	timed := ctx
	if limit := e.opts.Budget.Time; limit > 0 {
		var cancel context.CancelFunc
		timed, cancel = context.WithDeadlineCause(ctx, e.started.Add(limit-e.before), errOutOfTime)
		defer cancel()
	}
	err := e.drive(timed, e.search.Ask)
	if errors.Is(err, errOutOfTime) && ctx.Err() == nil {
		if len(e.state.pool) == 0 {
			return fmt.Errorf("the time limit of %v was over before the seed was validated; what was done is in the journal: resume with more time", e.opts.Budget.Time)
		}
		return e.emit(ctx, Stopped{Reason: StopTime, Detail: fmt.Sprintf("the time limit of %v is over", e.opts.Budget.Time)})
	}
	if errors.Is(err, ErrBudget) && ctx.Err() == nil && len(e.state.pool) > 0 {
		return e.emit(ctx, Stopped{Reason: StopCost, Detail: capWords(err)})
	}
	if err == nil && e.state.stop == nil {
		return Fatal(errors.New("the search came to a standstill; this is a defect of gepa"))
	}
	return err
}

// capWords returns what the cap itself says, without where it was met: that
// depends on which of several calls came first.
func capWords(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil || inner == ErrBudget || !errors.Is(inner, ErrBudget) { //nolint:errorlint // the sentinel itself says nothing of the cap
			return err.Error()
		}
		err = inner
	}
}

var errOutOfTime = errors.New("out of time")

// mayContinue reports whether a search that stopped has more budget now.
func (e *engine) mayContinue(stop *Stopped) bool {
	if !e.state.covers(e.opts.Budget) {
		return false
	}
	switch stop.Reason {
	case StopProposals, StopRollouts, StopTarget, StopNoImprovement, StopExhausted, StopRequested:
		if e.state.InFlight() > 0 {
			return true // it stopped under a smaller budget than they were planned under
		}
		plan, err := nextPlan(e.state)
		if err != nil {
			return false
		}
		_, stops := stopReason(e.state, e.opts.Budget, plan)
		return !stops
	case StopCost:
		return true // the cap is the models' own; they refuse again if it still holds
	case StopTime:
		return e.before < e.opts.Budget.Time || e.opts.Budget.Time == 0
	default:
		return false
	}
}

// warn tells of what looks wrong after the seed's validation: a program that
// always fails, a component that no trace shows.
func (e *engine) warn() {
	seed := e.state.pool[0]
	failed := 0
	first := ""
	for _, ref := range e.state.run.Validation {
		if o := e.state.rollouts[RolloutKey{Candidate: seed.hash, Example: ref.Hash}]; o.rollout.Problem != "" {
			failed++
			if first == "" {
				first = o.rollout.Problem
			}
		}
	}
	if failed == len(e.state.run.Validation) {
		e.opts.Logger.Warn("the program failed on every validation example; is it set up as it should be?",
			"examples", failed, "first_problem", first)
	}
	for _, c := range e.state.run.Components {
		if e.state.traced && !e.state.seen[c.Name] {
			e.opts.Logger.Warn("no trace has shown this component yet; it is not optimized until one does", "component", c.Name)
		}
	}
}

// readTest measures the seed and the winner on the sealed test set.
func (e *engine) readTest(ctx context.Context) error {
	best, ok := e.state.Best()
	if !ok || len(e.data.Test) == 0 {
		return nil
	}
	candidates := []int{0}
	if best.ID != 0 {
		candidates = append(candidates, best.ID)
	}
	var tasks []Task
	asked := map[RolloutKey]bool{} // examples may be equal but for their IDs
	for _, id := range candidates {
		m := e.state.pool[id]
		for i, ref := range e.state.run.Test {
			key := RolloutKey{Candidate: m.hash, Example: ref.Hash}
			if _, done := e.state.rollouts[key]; !done && !asked[key] {
				asked[key] = true
				tasks = append(tasks, Task{Purpose: PurposeTest, Key: key, Job: Job{Candidate: m.Texts, Example: e.data.Test[i]}})
			}
		}
	}
	tests := e.state.tests
	if len(tests) == 0 || !slices.Equal(tests[len(tests)-1].Candidates, candidates) {
		if err := e.emit(ctx, TestOpened{Candidates: candidates}); err != nil {
			return err
		}
	}
	err := e.drive(ctx, func() (a Asked, err error) {
		a.Tasks, tasks = tasks, nil
		return a, nil
	})
	if errors.Is(err, ErrBudget) && ctx.Err() == nil {
		e.opts.Logger.Warn("the test set could not be read to its end", "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the test set: %w", err)
	}
	return nil
}
