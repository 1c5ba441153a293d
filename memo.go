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

var errClosed = errors.New("the run is over")

// Do runs a call; see [Memo]. Several children of one proposal may want the
// same call at once.
func (m memo) Do(ctx context.Context, key CallKey, fn func(context.Context) (Call, error)) (Call, error) {
	return m.e.flights.do(ctx, flightKey{m.proposal, key}, func() (Call, error) { return m.once(ctx, key, fn) })
}

// once returns the call that is journaled, or makes it and waits until it is.
func (m memo) once(ctx context.Context, key CallKey, fn func(context.Context) (Call, error)) (Call, error) {
	m.e.mu.Lock()
	call, done := m.e.state.calls[m.proposal][key]
	m.e.mu.Unlock()
	if done {
		return call, nil
	}
	call, err := fn(ctx)
	if err != nil {
		if usage := UsageOf(err); usage != (Usage{}) {
			m.e.failed(fmt.Sprintf("proposal %d", m.proposal), key.Role, err, usage)
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
