package gepa

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime/debug"
	"sync"
	"time"
)

// rollouts runs a candidate on examples, as many at once as there are slots,
// and returns the rollouts in the order of the examples. What is already done
// is not done again. On the first error it stops starting new ones, tells those
// under way to end (unless the error is [ErrBudget]: they are paid for), waits
// until they have, and returns that error. Those that finished all the same are
// journaled.
func (e *engine) rollouts(ctx context.Context, c Candidate, examples []Example) ([]Rollout, error) {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ctx, cancel := context.WithCancelCause(running)
	defer cancel(nil)
	out := make([]Rollout, len(examples))
	hash := c.Hash()
	var wg sync.WaitGroup
	for i, ex := range examples {
		key := RolloutKey{Candidate: hash, Example: e.hashes[ex.ID]}
		if done, ok := e.known(key); ok {
			out[i] = done
			continue
		}
		if !e.takeSlot(ctx) {
			break
		}
		wg.Go(func() {
			defer e.freeSlot()
			r, err := e.rollout(running, key, Job{Candidate: c, Example: ex})
			if err != nil {
				cancel(err)
				if !errors.Is(err, ErrBudget) {
					stop(err)
				}
				return
			}
			out[i] = r
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// takeSlot waits for a slot. It reports false, and takes none, if ctx ended.
func (e *engine) takeSlot(ctx context.Context) bool {
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if ctx.Err() != nil {
		e.freeSlot()
		return false
	}
	return true
}

func (e *engine) freeSlot() { <-e.slots }

// rollout runs one job and journals its result. Equal jobs at the same time
// share one run.
func (e *engine) rollout(ctx context.Context, key RolloutKey, job Job) (Rollout, error) {
	return e.flights.do(ctx, key, func() (Rollout, error) {
		if r, ok := e.known(key); ok {
			return r, nil
		}
		var r Rollout
		err := e.attempt(ctx, key.String(), func(ctx context.Context) (err error) {
			r, err = e.once(ctx, job)
			return err
		})
		if err != nil {
			return Rollout{}, fmt.Errorf("example %q: %w", job.Example.ID, err)
		}
		if err := e.emit(ctx, RolloutDone{Job: key, Rollout: r}); err != nil {
			return Rollout{}, err
		}
		r, _ = e.known(key)
		return r, nil
	})
}

// stopGrace is how long a runner may take to return after its context ended
// before the engine stops waiting for it.
const stopGrace = 2 * time.Second

// once runs a job one time. A runner that panics made a scored rollout; one
// that ignores its context is left behind.
func (e *engine) once(ctx context.Context, job Job) (Rollout, error) {
	type reply struct {
		rollout Rollout
		err     error
	}
	replies := make(chan reply, 1)
	go func() {
		var r reply
		defer func() {
			if p := recover(); p != nil {
				e.opts.Logger.Error("the system panicked", "example", job.Example.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				r = reply{rollout: panicked(p)}
			}
			replies <- r
		}()
		r.rollout, r.err = e.opts.Runner.Run(ctx, job)
	}()
	var r reply
	select {
	case r = <-replies:
	case <-ctx.Done():
		timer := time.NewTimer(stopGrace)
		defer timer.Stop()
		select {
		case r = <-replies:
		case <-timer.C:
			return Rollout{}, context.Cause(ctx)
		}
	}
	if r.err != nil {
		return Rollout{}, r.err
	}
	return e.scored(r.rollout)
}

func panicked(p any) Rollout {
	problem := fmt.Sprintf("the program panicked: %v", p)
	return Rollout{Problem: problem, Feedback: Feedback{Text: problem}}
}

// scored checks a rollout's numbers and, where objectives have weights,
// computes its score from them.
func (e *engine) scored(r Rollout) (Rollout, error) {
	weighted := false
	for _, o := range e.opts.Objectives {
		weighted = weighted || o.Weight > 0
		v, ok := r.Objectives[o.Name]
		switch {
		case !ok && r.Problem != "":
			if r.Objectives = maps.Clone(r.Objectives); r.Objectives == nil {
				r.Objectives = map[string]float64{}
			}
			r.Objectives[o.Name] = o.worst()
		case !ok:
			return Rollout{}, Fatal(fmt.Errorf("the rollout has no value for objective %q, which the options declare", o.Name))
		case math.IsNaN(v) || math.IsInf(v, 0):
			return Rollout{}, Fatal(fmt.Errorf("objective %q is %v, want a finite number", o.Name, v))
		}
	}
	if weighted {
		r.Score = WeightedScore(e.opts.Objectives, r.Objectives)
	}
	if math.IsNaN(r.Score) || math.IsInf(r.Score, 0) {
		return Rollout{}, Fatal(fmt.Errorf("the score is %v, want a finite number", r.Score))
	}
	return r, nil
}

// attempt calls fn until it succeeds, fails fatally, or has failed as often as
// the options allow. What failed attempts consumed is journaled.
func (e *engine) attempt(ctx context.Context, of string, fn func(context.Context) error) error {
	pause := 250 * time.Millisecond
	for n := 1; ; n++ {
		err := fn(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			// A call that was cut short may have been paid for.
			if usage := UsageOf(err); usage != (Usage{}) {
				err = errors.Join(context.Cause(ctx), e.failed(ctx, of, err, usage))
				return err
			}
			return context.Cause(ctx)
		}
		if ferr := e.failed(ctx, of, err, UsageOf(err)); ferr != nil {
			return ferr
		}
		if IsFatal(err) || n >= e.opts.Attempts {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		pause *= 2
	}
}

// failed journals a failed attempt.
func (e *engine) failed(ctx context.Context, of string, err error, usage Usage) error {
	e.failing.Lock()
	defer e.failing.Unlock()
	e.mu.Lock()
	number := e.state.failures + 1
	e.mu.Unlock()
	return e.emit(ctx, AttemptFailed{Of: of, Number: number, Error: err.Error(), Usage: usage})
}

// flights lets equal jobs at the same time share one run.
type flights struct {
	mu     sync.Mutex
	flying map[RolloutKey]*flight
}

type flight struct {
	done    chan struct{}
	rollout Rollout
	err     error
}

func (f *flights) do(ctx context.Context, key RolloutKey, fn func() (Rollout, error)) (Rollout, error) {
	f.mu.Lock()
	if other, ok := f.flying[key]; ok {
		f.mu.Unlock()
		select {
		case <-other.done:
			return other.rollout, other.err
		case <-ctx.Done():
			return Rollout{}, context.Cause(ctx)
		}
	}
	own := &flight{done: make(chan struct{})}
	if f.flying == nil {
		f.flying = map[RolloutKey]*flight{}
	}
	f.flying[key] = own
	f.mu.Unlock()
	own.rollout, own.err = fn()
	f.mu.Lock()
	delete(f.flying, key)
	f.mu.Unlock()
	close(own.done)
	return own.rollout, own.err
}
