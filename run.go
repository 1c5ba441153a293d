package gepa

import (
	"context"
	"fmt"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"time"
	"unicode/utf8"
)

// runRollout runs one job and returns its result.
func (e *engine) runRollout(ctx context.Context, t Task) (Event, error) {
	var r Rollout
	err := e.attempt(ctx, t, func(ctx context.Context) (err error) {
		r, err = e.once(ctx, t.Job)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("%s: example %q: %w", t.doing(), t.Job.Example.ID, err)
		}
		return nil, err
	}
	return RolloutDone{Job: t.Key, Rollout: r}, nil
}

// doing says in words what a rollout is for.
func (t Task) doing() string {
	switch t.Purpose {
	case PurposeSeed:
		return "validate the seed"
	case PurposeTest:
		return "read the test set"
	case PurposeParent:
		return fmt.Sprintf("proposal %d: run the parent on the minibatch", t.Proposal)
	case PurposeChild:
		return fmt.Sprintf("proposal %d: run the child on the minibatch", t.Proposal)
	case PurposeScreen:
		return fmt.Sprintf("proposal %d: screen the merged child", t.Proposal)
	case PurposeReflection:
		return fmt.Sprintf("proposal %d: reflect", t.Proposal)
	default:
		return fmt.Sprintf("proposal %d: validate the child", t.Proposal)
	}
}

// once runs a job one time. A runner that panics made a scored rollout.
func (e *engine) once(ctx context.Context, job Job) (r Rollout, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.opts.Logger.Error("the system panicked", "example", job.Example.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			r, err = e.scored(panicked(p))
		}
	}()
	r, err = e.opts.Runner.Run(ctx, job)
	if err != nil {
		return Rollout{}, err
	}
	return e.scored(r)
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
		_, ok := r.Objectives[o.Name]
		switch {
		case !ok && r.Problem != "":
			if r.Objectives = maps.Clone(r.Objectives); r.Objectives == nil {
				r.Objectives = map[string]float64{}
			}
			r.Objectives[o.Name] = o.worst()
		case !ok:
			return Rollout{}, Fatal(fmt.Errorf("the rollout has no value for objective %q, which the options declare", o.Name))
		}
	}
	for name, v := range r.Objectives { // a journal holds no others, declared or not
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Rollout{}, Fatal(fmt.Errorf("objective %q is %v, want a finite number", name, v))
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

// runReflection asks the proposer for one child's texts.
func (e *engine) runReflection(ctx context.Context, t Task) (Event, error) {
	req := *t.Reflect
	req.Memo = memo{e: e, proposal: t.Proposal}
	var r Reflection
	err := e.restore(ctx, t, &req)
	if err == nil {
		err = e.attempt(ctx, t, func(ctx context.Context) (err error) {
			r, err = e.propose(ctx, req)
			return err
		})
	}
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("%s: %w", t.doing(), err)
		}
		return nil, err
	}
	done := ReflectionDone{Proposal: t.Proposal, Child: req.Child, Refused: r.Refused}
	if r.Refused == "" {
		done.Texts = map[string]string{}
		for _, name := range req.Components {
			if text, ok := r.Texts[name]; ok {
				done.Texts[name] = asJournaled(text)
			}
		}
	}
	return done, nil
}

// asJournaled returns a text as it comes back from a journal, whose JSON has no
// room for bytes that are no UTF-8: a resumed run must not have another text.
func asJournaled(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// propose calls the proposer; its panic is a defect that trying again does not
// cure.
func (e *engine) propose(ctx context.Context, req ReflectRequest) (r Reflection, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.opts.Logger.Error("the proposer panicked", "proposal", req.Proposal, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = Fatal(fmt.Errorf("the proposer panicked: %v", p))
		}
	}()
	return e.opts.Proposer.Propose(ctx, req)
}

// restore reads the traces back that were dropped from memory since nobody was
// expected to need them.
func (e *engine) restore(ctx context.Context, t Task, req *ReflectRequest) error {
	if len(t.trimmed) == 0 {
		return nil
	}
	at := map[string]int{}
	for i, key := range t.trimmed {
		at[key.String()] = i
	}
	req.Examples = slices.Clone(req.Examples) // the task's own are shared with observers
	for rec, err := range e.journal.Records(ctx) {
		if err != nil {
			return Fatal(fmt.Errorf("read the journal: %w", err))
		}
		i, wanted := at[rec.Key]
		if rec.Kind != KindRollout || !wanted {
			continue
		}
		event, err := DecodeRecord(rec)
		if err != nil {
			return Fatal(err)
		}
		done, _ := event.(RolloutDone)
		for k := range req.Examples {
			if req.Examples[k].Example.Hash() == t.trimmed[i].Example {
				req.Examples[k].Rollout.Trace = withoutExchanges(done.Rollout.Trace)
			}
		}
	}
	return nil
}

// attempt calls fn until it succeeds, fails fatally, or has failed as often as
// the options allow. What failed attempts consumed is journaled.
func (e *engine) attempt(ctx context.Context, t Task, fn func(context.Context) error) error {
	pause := 250 * time.Millisecond
	for n := 1; ; n++ {
		err := fn(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			// A call that was cut short may have been paid for.
			if usage := UsageOf(err); usage != (Usage{}) {
				e.failed(t.Name(), "", err, usage)
			}
			return context.Cause(ctx)
		}
		e.failed(t.Name(), "", err, UsageOf(err))
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

// failed journals a failed attempt. The engine numbers it.
func (e *engine) failed(of, role string, err error, usage Usage) {
	e.send(message{event: AttemptFailed{Of: of, Role: role, Error: err.Error(), Usage: usage}})
}
