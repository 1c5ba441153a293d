package gepa

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// recorder journals events, applies them to the state and tells the observers.
type recorder struct {
	journal  Journal
	watchers watchers
	budget   Budget

	mu    sync.Mutex // guards the state's calls, between the engine and its proposers
	state *State
}

// replay folds a journal. It also returns how long earlier sessions worked on
// the search.
func replay(ctx context.Context, j Journal) (*State, time.Duration, error) {
	state := NewState()
	var before time.Duration  // of the sessions that ended
	var began, last time.Time // of the session being read
	for rec, err := range j.Records(ctx) {
		if err != nil {
			return nil, 0, fmt.Errorf("read the journal: %w", err)
		}
		event, err := DecodeRecord(rec)
		if err != nil {
			return nil, 0, err
		}
		searching := state.Stop() == nil
		if err := state.Apply(event); err != nil {
			return nil, 0, err
		}
		if rec.Kind == KindSession {
			before += last.Sub(began)
			began, last = rec.At, rec.At
		}
		if searching && !began.IsZero() && rec.Kind != KindReview {
			last = rec.At // the record that stops the search among them
		}
	}
	return state, before + last.Sub(began), nil
}

// append journals events. It goes on when ctx has ended: what was done must be
// recorded.
func (r *recorder) append(ctx context.Context, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	now := time.Now()
	records := make([]Record, len(events))
	for i, e := range events {
		rec, err := NewRecord(e, now)
		if err != nil {
			return Fatal(err)
		}
		records[i] = rec
	}
	if err := r.journal.Append(context.WithoutCancel(ctx), records...); err != nil {
		return Fatal(fmt.Errorf("write the journal: %w", err))
	}
	return nil
}

// emit journals events, applies them and tells the observers.
func (r *recorder) emit(ctx context.Context, events ...Event) error {
	if err := r.append(ctx, events); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		if err := r.state.Apply(e); err != nil {
			return Fatal(err)
		}
		for _, n := range r.watchers.notices(r.state, r.budget, e) {
			r.watchers.tell(n)
		}
	}
	return nil
}
