package gepa

import (
	"context"
	"errors"
	"fmt"
)

// memo is the [Memo] of one proposal.
type memo struct {
	e        *engine
	proposal int
}

// callID identifies a model call within a run.
type callID struct {
	proposal int
	key      CallKey
}

var errClosed = errors.New("the run is over")

// Do runs a call; see [Memo]. Calls with equal keys, which the children of a
// proposal make at the same time, wait for the first.
func (m memo) Do(ctx context.Context, key CallKey, fn func(context.Context) (Call, error)) (Call, error) {
	e, id := m.e, callID{m.proposal, key}
	var over chan struct{}
	for over == nil {
		e.mu.Lock()
		first, running := e.calling[id]
		call, done := e.state.calls[m.proposal][key]
		if !running && !done {
			over = make(chan struct{})
			e.calling[id] = over
		}
		e.mu.Unlock()
		switch {
		case running:
			select {
			case <-first:
			case <-ctx.Done():
				return Call{}, context.Cause(ctx)
			}
		case done:
			return call, nil
		}
	}
	defer func() {
		e.mu.Lock()
		delete(e.calling, id)
		e.mu.Unlock()
		close(over)
	}()
	return m.call(ctx, key, fn)
}

// call makes a call and waits until its result is journaled.
func (m memo) call(ctx context.Context, key CallKey, fn func(context.Context) (Call, error)) (Call, error) {
	call, err := fn(ctx)
	if err != nil {
		if usage := UsageOf(err); usage != (Usage{}) {
			m.e.failed(fmt.Sprintf("proposal %d", m.proposal), err, usage)
			err = &accountedError{err}
		}
		return Call{}, err
	}
	ack := make(chan error, 1)
	m.e.send(message{event: CallDone{Proposal: m.proposal, Call: key, Result: call}, ack: ack})
	select {
	case err := <-ack:
		return call, err
	case <-m.e.closed:
		return Call{}, errClosed
	}
}
