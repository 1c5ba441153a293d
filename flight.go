package gepa

import (
	"context"
	"sync"
)

// flights lets equal calls of a proposer at the same time share one.
type flights struct {
	mu     sync.Mutex
	flying map[flightKey]*flight
}

type flightKey struct {
	proposal int
	call     CallKey
}

type flight struct {
	done chan struct{}
	call Call
	err  error
}

// do runs fn, or waits for the same call that is under way. Where that one
// fails, everybody who waited for it tries again, one after the other: its
// failure may have been its own context's end.
func (f *flights) do(ctx context.Context, key flightKey, fn func() (Call, error)) (Call, error) {
	for {
		f.mu.Lock()
		other, flies := f.flying[key]
		if !flies {
			break
		}
		f.mu.Unlock()
		select {
		case <-other.done:
			if other.err == nil {
				return other.call, nil
			}
		case <-ctx.Done():
			return Call{}, context.Cause(ctx)
		}
	}
	own := &flight{done: make(chan struct{}), err: errClosed} // of a call that panics
	if f.flying == nil {
		f.flying = map[flightKey]*flight{}
	}
	f.flying[key] = own
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.flying, key)
		f.mu.Unlock()
		close(own.done)
	}()
	own.call, own.err = fn()
	return own.call, own.err
}
