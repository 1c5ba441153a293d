package gepa

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

// message is what a worker tells the engine.
type message struct {
	event Event         // to be journaled, if not nil
	ack   chan<- error  // told when it is, if not nil
	over  *queuedTask   // the task that ended, if one did
	took  time.Duration // how long that ran
	err   error         // why it failed in all its attempts
}

const (
	// messageBuffer lets workers go on while the engine writes; what has
	// gathered meanwhile shares the next write.
	messageBuffer = 256
	// stopGrace is how long tasks may take to end after their context did
	// before the engine stops waiting for them.
	stopGrace = 2 * time.Second
)

// drive has tasks done until the search that hands them out has no more, or
// something ends it early. What tasks finish while it ends is journaled.
func (e *engine) drive(ctx context.Context, ask func() (Asked, error)) error {
	d := driver{engine: e, ask: ask, written: make(chan error, 1)}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	d.running = running
	err := context.Cause(ctx)
	if err == nil {
		err = d.take(nil, ask)
	}
	for err == nil {
		d.flush(ctx)
		d.startReady()
		var done bool
		if done, err = d.done(); done || err != nil {
			break
		}
		err = d.wait(ctx)
	}
	if err != nil {
		e.pool.waiting, e.pool.parked = nil, nil
		if !errors.Is(err, ErrBudget) {
			stop(err)
		}
		err = d.finish(ctx, err)
		e.pool.waiting, e.pool.parked = nil, nil // what failed meanwhile must not run in a later drive
	}
	return err
}

// driver is one call of drive.
type driver struct {
	*engine
	ask     func() (Asked, error)
	running context.Context //nolint:containedctx // of the tasks of one drive
	stopped bool            // the search has
	pending outbox
	writing *outbox // nil while nothing is written
	written chan error
	cost    atomic.Int64 // nanoseconds that the last write took
	until   time.Time    // when to write what waits; zero while that is not put off
	ending  bool         // nothing is put off any more
}

// done reports that nothing is left to do.
func (d *driver) done() (bool, error) {
	switch {
	case d.writing != nil || !d.pending.empty():
		return false, nil
	case d.pool.idle():
		return true, nil
	case d.stopped:
		return false, Fatal(errors.New("the search stopped while work was under way; this is a defect of gepa"))
	default:
		return false, nil
	}
}

// wait waits for messages, for a write, for the end of a parked task's pause or
// for that of ctx, and takes what there is.
func (d *driver) wait(ctx context.Context) error {
	var pause <-chan time.Time
	left := d.pool.unpark(time.Now())
	if !d.until.IsZero() {
		if soon := max(time.Until(d.until), 1); left == 0 || soon < left {
			left = soon
		}
	}
	if left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		pause = timer.C
	}
	if d.writing == nil && d.until.IsZero() && d.pool.ready() && !d.opts.Control.Paused() {
		return nil // its pause is over
	}
	select {
	case m := <-d.messages:
		batch := d.gather(m)
		if ctx.Err() != nil {
			return worse(context.Cause(ctx), d.take(batch, nil))
		}
		return d.take(batch, d.ask)
	case err := <-d.written:
		if err := d.wrote(err); err != nil {
			return err
		}
	case <-d.opts.Control.changes():
		if d.opts.Control.Stopping() && ctx.Err() == nil {
			d.search.Finish()
			return d.take(nil, d.ask)
		}
	case <-pause:
	case <-ctx.Done():
	}
	return context.Cause(ctx)
}

// gather adds the messages that are there already, and those of tasks that are
// about to end: what one append holds costs one write to the disk.
func (d *driver) gather(first message) []message {
	const patience = 8 // yields without a message
	batch := []message{first}
	for idle := 0; idle < patience && len(batch) < messageBuffer; {
		select {
		case m := <-d.messages:
			batch = append(batch, m)
			idle = 0
		default:
			idle++
			runtime.Gosched()
		}
	}
	return batch
}

// startReady starts the tasks that can run, unless the run is paused. A slot is kept for the moment that
// a write takes where an older proposal's tasks wait for it.
func (d *driver) startReady() {
	if d.opts.Control.Paused() {
		return
	}
	oldest := d.pending.oldest()
	if d.writing != nil {
		oldest = min(oldest, d.writing.oldest())
	}
	for {
		q, ok := d.pool.next(oldest)
		if !ok {
			return
		}
		d.start(q)
	}
}

// take applies messages and, if ask is not nil, what it decides after them, and
// puts both into the outbox. It returns the first error that ends the drive.
func (d *driver) take(batch []message, ask func() (Asked, error)) error {
	events, ends := d.settle(batch)
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.search.Tell(events...)
	d.pending.add(false, events...)
	d.pending.batch = append(d.pending.batch, batch...)
	if err == nil && ends == nil && ask != nil {
		var asked Asked
		seeded := len(d.state.pool) > 0
		asked, err = ask()
		if !seeded && len(d.state.pool) > 0 {
			d.warn()
		}
		d.pending.add(true, asked.Decisions...)
		d.pending.tasks = append(d.pending.tasks, asked.Tasks...)
		d.stopped = asked.Done
		events = append(events, asked.Decisions...)
	}
	for _, e := range events {
		d.pending.notices = append(d.pending.notices, d.watchers.notices(d.state, d.budget, e)...)
	}
	return worse(ends, err)
}

// settle updates the pool and returns the events to journal, and the first
// error among the messages that ends the drive.
func (d *driver) settle(batch []message) (events []Event, ends error) {
	failures := d.state.failures
	for _, m := range batch {
		if failed, is := m.event.(AttemptFailed); is {
			failures++
			failed.Number = failures
			m.event = failed
		}
		if m.event != nil {
			events = append(events, m.event)
		}
		if m.over == nil || !d.pool.has(*m.over) {
			continue
		}
		reflects := m.over.task.Reflect != nil
		switch {
		case m.err == nil:
			d.pool.failures[reflects], d.pool.worked[reflects] = 0, true
			continue
		case IsFatal(m.err) || errors.Is(m.err, ErrBudget) || d.running.Err() != nil:
			ends = worse(ends, m.err)
			continue
		}
		if d.pool.failed(*m.over) >= d.opts.Failures || !d.pool.worked[reflects] {
			ends = worse(ends, m.err)
			continue
		}
		d.opts.Logger.Warn("a task failed in all its attempts; it is tried again later", "task", m.over.task.Name(), "error", m.err)
		d.pool.park(m.over.task, m.over.parked, time.Now())
	}
	return events, ends
}

// worse returns the error that says more about why a drive ended: the first,
// but for a spending cap, which yields to any other.
func worse(first, other error) error {
	if other == nil {
		return first
	}
	if first == nil || errors.Is(first, ErrBudget) && !errors.Is(other, ErrBudget) {
		return other
	}
	return first
}

// over tells the observers that a task ended.
func (d *driver) over(m message, journaled error) {
	if m.over == nil || len(d.watchers) == 0 {
		return
	}
	info := TaskInfo{Task: m.over.task, Elapsed: m.took, Err: errors.Join(m.err, journaled)}
	d.watchers.tell(func(o *Observer) {
		if info.Task.Reflect != nil {
			call(o.ReflectionEnd, info)
		} else {
			call(o.RolloutEnd, info)
		}
	})
}

// finish lets the running tasks end and journals what they finish. Where their
// context has ended and they do not, it leaves them behind.
func (d *driver) finish(ctx context.Context, ends error) error {
	d.ending = true
	var grace <-chan time.Time
	var timer *time.Timer
	defer func() {
		if timer != nil {
			timer.Stop()
		}
	}()
	for d.pool.running > 0 || d.writing != nil || !d.pending.empty() {
		d.flush(ctx)
		if grace == nil && d.running.Err() != nil {
			timer = time.NewTimer(stopGrace)
			grace = timer.C
		}
		told := d.running.Done() // so that the grace begins
		if grace != nil {
			told = nil
		}
		select {
		case m := <-d.messages:
			ends = worse(ends, d.take(d.gather(m), nil))
		case err := <-d.written:
			ends = worse(ends, d.wrote(err))
		case <-told:
		case <-grace:
			if d.pool.running > 0 {
				d.opts.Logger.Warn("rollouts or reflections did not end when they were told to, and were left behind", "number", d.pool.running)
				d.pool.leave()
			}
		}
		if ctx.Err() != nil {
			ends = worse(ends, context.Cause(ctx))
		}
	}
	return ends
}

// start begins a task in a goroutine of its own.
func (d *driver) start(q queuedTask) {
	ctx := d.running
	if len(d.watchers) > 0 {
		info := TaskInfo{Task: q.task}
		d.watchers.tell(func(o *Observer) {
			if info.Task.Reflect != nil {
				call(o.ReflectionBegin, info)
			} else {
				call(o.RolloutBegin, info)
			}
		})
	}
	go func() {
		began, returned := time.Now(), false
		m := message{over: &q}
		defer func() {
			if !returned {
				m.err = Fatal(fmt.Errorf("%s: its goroutine was ended from within (runtime.Goexit, or a test's FailNow)", q.task.doing()))
			}
			m.took = time.Since(began)
			d.send(m)
		}()
		if q.task.Reflect != nil {
			m.event, m.err = d.runReflection(ctx, q.task)
		} else {
			m.event, m.err = d.runRollout(ctx, q.task)
		}
		returned = true
	}()
}

// send hands a message to the engine, if that still listens.
func (e *engine) send(m message) {
	select {
	case e.messages <- m:
	case <-e.closed:
	}
}
