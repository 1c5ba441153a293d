package gepa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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
	err = e.run(ctx)
	return e.result(ctx, err), err
}

// engine drives one run in one process. All decisions are made by the one
// goroutine that calls run; rollouts and reflections happen beside it.
type engine struct {
	*recorder
	sys     System
	data    Data
	opts    Options
	slots   chan struct{}
	flights flights
	failing sync.Mutex        // held while a failure gets its number
	hashes  map[string]string // content hash by example id
	before  time.Duration     // spent on the search by earlier sessions
	started time.Time
}

func newEngine(ctx context.Context, sys System, data Data, opts Options) (*engine, error) {
	opts, err := resolve(sys, data, opts)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	rec, before, err := openRecorder(ctx, opts)
	if err != nil {
		return nil, err
	}
	e := &engine{
		recorder: rec,
		sys:      sys,
		data:     data,
		opts:     opts,
		slots:    make(chan struct{}, opts.Concurrency),
		before:   before,
		started:  started,
		hashes:   map[string]string{},
	}
	if err := e.openRun(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

// openRun journals the run's opening, or checks that the journal's run is this
// one, and the beginning of this session.
func (e *engine) openRun(ctx context.Context) error {
	opening := RunStarted{
		Format:     eventFormat,
		Components: e.sys.Components(),
		Options:    e.opts,
		Feedback:   e.refs(e.data.Feedback),
		Validation: e.refs(e.data.Validation),
		Test:       e.refs(e.data.Test),
	}
	session := SessionStarted{Number: e.state.Sessions() + 1, Budget: e.opts.Budget}
	if e.state.Run() == nil {
		return e.emit(ctx, opening, session)
	}
	if err := sameRun(*e.state.Run(), opening); err != nil {
		return err
	}
	return e.emit(ctx, session)
}

// refs identifies examples, and keeps their hashes: they take long to compute.
func (e *engine) refs(examples []Example) []ExampleRef {
	out := make([]ExampleRef, len(examples))
	for i, ex := range examples {
		hash := ex.Hash()
		out[i] = ExampleRef{ID: ex.ID, Hash: hash}
		e.hashes[ex.ID] = hash
	}
	return out
}

// run takes the run from wherever it is to its end.
func (e *engine) run(ctx context.Context) error {
	if err := e.search(ctx); err != nil {
		return err
	}
	return e.readTest(ctx)
}

// search validates the seed and makes proposals until a reason to stop.
func (e *engine) search(ctx context.Context) error {
	if stop := e.state.Stop(); stop != nil {
		if !e.mayContinue(stop) {
			return nil
		}
		if err := e.emit(ctx, Continued{Proposals: e.state.committed()}); err != nil {
			return err
		}
	}
	timed := ctx
	if limit := e.opts.Budget.Time; limit > 0 {
		var cancel context.CancelFunc
		timed, cancel = context.WithDeadlineCause(ctx, e.started.Add(limit-e.before), errOutOfTime)
		defer cancel()
	}
	err := e.proposals(timed)
	if errors.Is(err, errOutOfTime) && ctx.Err() == nil {
		if len(e.state.Pool()) == 0 {
			return fmt.Errorf("the time limit of %v was over before the seed was validated; what was done is in the journal: resume with more time", e.opts.Budget.Time)
		}
		return e.emit(ctx, Stopped{Reason: StopTime, Detail: fmt.Sprintf("the time limit of %v is over", e.opts.Budget.Time)})
	}
	if errors.Is(err, ErrBudget) && ctx.Err() == nil && len(e.state.Pool()) > 0 {
		return e.emit(ctx, Stopped{Reason: StopCost, Detail: capWords(err)})
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
	switch stop.Reason {
	case StopProposals, StopRollouts, StopTarget, StopNoImprovement:
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

func (e *engine) proposals(ctx context.Context) error {
	if len(e.state.Pool()) == 0 {
		if err := e.validateSeed(ctx); err != nil {
			return err
		}
	}
	for {
		if n := len(e.state.proposals); n > e.state.committed() {
			if err := e.execute(ctx, e.state.proposals[n-1].ProposalPlanned); err != nil {
				return err
			}
		}
		plan, err := nextPlan(e.state)
		if err != nil {
			return err
		}
		if stop, stops := stopReason(e.state, e.opts.Budget, plan); stops {
			return e.emit(ctx, stop)
		}
		e.warnUnseen()
		if err := e.emit(ctx, plan); err != nil {
			return err
		}
	}
}

func (e *engine) validateSeed(ctx context.Context) error {
	rollouts, err := e.rollouts(ctx, e.state.seed(), e.data.Validation)
	if err != nil {
		return fmt.Errorf("validate the seed: %w", err)
	}
	if !slices.ContainsFunc(rollouts, func(r Rollout) bool { return r.Problem == "" }) {
		e.opts.Logger.Warn("the program failed on every validation example; is it set up as it should be?",
			"examples", len(rollouts), "first_problem", rollouts[0].Problem)
	}
	return e.commit(ctx, ProposalCommitted{Accepted: true}, e.state.seed(), e.data.Validation)
}

// execute carries a planned proposal out. Whatever of it the journal already
// holds is not done again.
func (e *engine) execute(ctx context.Context, plan ProposalPlanned) error {
	gate := e.state.proposals[plan.Proposal-1].Gate
	if gate == nil {
		decided, err := e.decideGate(ctx, plan)
		if err != nil {
			return fmt.Errorf("proposal %d: %w", plan.Proposal, err)
		}
		if err := e.emit(ctx, decided); err != nil {
			return err
		}
		gate = &decided
	}
	parent := e.state.pool[plan.Parents[0]].Texts
	child := parent.With(gate.Texts)
	examples := e.planExamples(plan)
	if gate.Passed {
		if _, err := e.rollouts(ctx, child, e.data.Validation); err != nil {
			return fmt.Errorf("proposal %d: validate the child: %w", plan.Proposal, err)
		}
		examples = slices.Concat(examples, e.data.Validation)
	}
	return e.commit(ctx, ProposalCommitted{Proposal: plan.Proposal, Accepted: gate.Passed}, child, examples)
}

func (e *engine) planExamples(plan ProposalPlanned) []Example {
	from := e.data.Feedback
	if plan.Kind == ProposalMerge {
		from = e.data.Validation
	}
	out := make([]Example, len(plan.Examples))
	for i, at := range plan.Examples {
		out[i] = from[at]
	}
	return out
}

func (e *engine) decideGate(ctx context.Context, plan ProposalPlanned) (GateDecided, error) {
	if plan.Kind == ProposalMerge {
		return e.mergeGate(ctx, plan)
	}
	return e.reflectGate(ctx, plan)
}

// commit ends a proposal, noting the components that its rollouts were the
// first to show.
func (e *engine) commit(ctx context.Context, c ProposalCommitted, child Candidate, examples []Example) error {
	hash := child.Hash()
	for _, ex := range examples {
		o, ok := e.state.rollouts[RolloutKey{Candidate: hash, Example: e.hashes[ex.ID]}]
		if !ok {
			continue
		}
		for _, name := range o.components {
			c.Traced = true
			known := slices.ContainsFunc(e.state.run.Components, func(comp Component) bool { return comp.Name == name })
			if known && !e.state.seen[name] && !slices.Contains(c.Seen, name) {
				c.Seen = append(c.Seen, name)
			}
		}
	}
	slices.Sort(c.Seen)
	return e.emit(ctx, c)
}

// warnUnseen tells of components that no trace has shown. It says so after the
// seed's validation and then keeps quiet.
func (e *engine) warnUnseen() {
	if !e.state.traced || len(e.state.proposals) > 0 {
		return
	}
	for _, c := range e.state.run.Components {
		if !e.state.seen[c.Name] {
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
	tests := e.state.tests
	if len(tests) == 0 || !slices.Equal(tests[len(tests)-1].Candidates, candidates) {
		if err := e.emit(ctx, TestOpened{Candidates: candidates}); err != nil {
			return err
		}
	}
	for _, id := range candidates {
		_, err := e.rollouts(ctx, e.state.pool[id].Texts, e.data.Test)
		if errors.Is(err, ErrBudget) && ctx.Err() == nil {
			e.opts.Logger.Warn("the test set could not be read to its end", "error", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the test set: %w", err)
		}
	}
	return nil
}
