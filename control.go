package gepa

import "sync"

// A Control lets somebody act on a run while [Optimize] performs it; see
// [Options.Control]. It is for one run. Its methods are safe for concurrent
// use, and calling one again changes nothing.
type Control struct {
	mu       sync.Mutex
	paused   bool
	stopping bool
	changed  chan struct{} // holds one token while the engine has not seen a change
}

// NewControl returns a control that has not been used.
func NewControl() *Control { return &Control{changed: make(chan struct{}, 1)} }

// Pause holds the run: no rollout and no reflection begins until [Control.Resume].
// Those under way go on to their end and are journaled. The time of the budget
// goes on, too.
func (c *Control) Pause() { c.set(func() { c.paused = !c.stopping }) }

// Resume ends a pause.
func (c *Control) Resume() { c.set(func() { c.paused = false }) }

// Stop ends the search early and in good order: no further proposal is planned,
// those in flight are finished, and the test set is read as at the end of any
// search. The reason to stop is [StopRequested]. It ends a pause.
//
// To end a run at once, end the context of Optimize instead.
func (c *Control) Stop() { c.set(func() { c.paused, c.stopping = false, true }) }

// Paused reports whether the run is held.
func (c *Control) Paused() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused
}

// Stopping reports whether the search was asked to stop.
func (c *Control) Stopping() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopping
}

func (c *Control) set(change func()) {
	c.mu.Lock()
	change()
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// changes returns the channel that tells of changes; nil, on which nothing ever
// comes, without a control.
func (c *Control) changes() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.changed
}
