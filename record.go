package gepa

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// recorder journals events, applies them to the state and tells the observer,
// in that order.
type recorder struct {
	journal  Journal
	observer func(Event)
	opts     Options

	mu    sync.Mutex // guards what follows, between the engine and its workers
	state *State
}

// openRecorder replays the journal. It also returns how long earlier sessions
// worked on the search.
func openRecorder(ctx context.Context, opts Options) (*recorder, time.Duration, error) {
	r := &recorder{journal: opts.Journal, observer: opts.Observer, opts: opts, state: NewState()}
	var before time.Duration  // of the sessions that ended
	var began, last time.Time // of the session being read
	for rec, err := range opts.Journal.Records(ctx) {
		if err != nil {
			return nil, 0, fmt.Errorf("read the journal: %w", err)
		}
		event, err := DecodeRecord(rec)
		if err != nil {
			return nil, 0, err
		}
		if err := r.state.Apply(event); err != nil {
			return nil, 0, err
		}
		if rec.Kind == KindSession {
			before += last.Sub(began)
			began, last = rec.At, rec.At
		}
		if r.state.Stop() == nil && !began.IsZero() {
			last = rec.At
		}
	}
	return r, before + last.Sub(began), nil
}

// emit journals events and applies them. It goes on when ctx has ended: what
// was done must be recorded.
func (r *recorder) emit(ctx context.Context, events ...Event) error {
	ctx = context.WithoutCancel(ctx)
	now := time.Now()
	records := make([]Record, len(events))
	for i, e := range events {
		rec, err := NewRecord(e, now)
		if err != nil {
			return Fatal(err)
		}
		records[i] = rec
	}
	if err := r.journal.Append(ctx, records...); err != nil {
		return Fatal(fmt.Errorf("write the journal: %w", err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		if err := r.state.Apply(e); err != nil {
			return Fatal(err)
		}
		r.tell(e)
	}
	return nil
}

// tell calls the observer, and never again once it panicked.
func (r *recorder) tell(e Event) {
	if r.observer == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			r.observer = nil
			r.opts.Logger.Error("the observer panicked and is not called again", "panic", fmt.Sprint(p))
		}
	}()
	r.observer(e)
}

// known returns a rollout that is already done.
func (r *recorder) known(key RolloutKey) (Rollout, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.Rollout(key)
}

// memo is the [Memo] of one proposal.
type memo struct {
	e        *engine
	proposal int
}

func (m memo) Do(ctx context.Context, key CallKey, fn func(context.Context) (Call, error)) (Call, error) {
	m.e.mu.Lock()
	call, done := m.e.state.calls[callKey(m.proposal, key)]
	m.e.mu.Unlock()
	if done {
		return call, nil
	}
	call, err := fn(ctx)
	if err != nil {
		if usage := UsageOf(err); usage != (Usage{}) {
			if ferr := m.e.failed(ctx, fmt.Sprintf("proposal %d", m.proposal), err, usage); ferr != nil {
				return Call{}, ferr
			}
			err = &accountedError{err}
		}
		return Call{}, err
	}
	return call, m.e.emit(ctx, CallDone{Proposal: m.proposal, Call: key, Result: call})
}
