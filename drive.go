package gepa

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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
	d := driver{engine: e, ask: ask}
	running, stop := context.WithCancelCause(ctx) // the tasks'
	defer stop(nil)
	err := context.Cause(ctx)
	if err == nil {
		err = d.step(running, nil)
	}
	for err == nil && !d.done {
		batch := d.wait(ctx)
		if ctx.Err() != nil {
			_, terr := d.take(running, batch, nil)
			err = worse(context.Cause(ctx), terr)
			break
		}
		err = d.step(running, batch)
	}
	if err != nil {
		e.pool.waiting, e.pool.parked = nil, nil
		if !errors.Is(err, ErrBudget) {
			stop(err)
		}
		err = d.finish(ctx, running, err)
		e.pool.waiting, e.pool.parked = nil, nil // what failed meanwhile must not run in a later drive
	}
	return err
}

// driver is one call of drive.
type driver struct {
	*engine
	ask  func() (Asked, error)
	done bool
}

// wait returns the next messages: at least one, unless ctx ends or a parked
// task's pause is over.
func (d *driver) wait(ctx context.Context) []message {
	var pause <-chan time.Time
	if left := d.pool.unpark(time.Now()); left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		pause = timer.C
	}
	if d.pool.ready() {
		return nil // its pause is over
	}
	select {
	case m := <-d.messages:
		return d.gather(m)
	case <-pause:
	case <-ctx.Done():
	}
	return nil
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

// step journals what was done and what follows from it, all in one append, and
// starts the tasks that follow.
func (d *driver) step(running context.Context, batch []message) error {
	asked, err := d.take(running, batch, d.ask)
	if err != nil {
		return err
	}
	d.pool.add(0, asked.Tasks...)
	d.pool.unpark(time.Now())
	for {
		q, ok := d.pool.next()
		if !ok {
			break
		}
		d.start(running, q)
	}
	d.done = asked.Done || d.pool.idle()
	if d.done && !d.pool.idle() {
		return Fatal(errors.New("the search stopped while work was under way"))
	}
	return nil
}

// take applies messages and what ask decides after them, journals both, and
// then lets everybody know. It returns the first error that ends the drive.
func (d *driver) take(running context.Context, batch []message, ask func() (Asked, error)) (asked Asked, err error) {
	events, ends := d.settle(running, batch)
	d.mu.Lock()
	err = d.search.Tell(events...)
	if err == nil && ends == nil && ask != nil {
		seeded := len(d.state.pool) > 0
		asked, err = ask()
		if !seeded && len(d.state.pool) > 0 {
			d.warn()
		}
	}
	d.mu.Unlock()
	if err != nil {
		ends = worse(ends, err)
	}
	events = append(events, asked.Decisions...)
	err = d.append(running, events)
	for _, m := range batch {
		if m.ack != nil {
			m.ack <- err
		}
		d.over(m, err)
	}
	if err != nil {
		return asked, worse(err, ends)
	}
	for _, ev := range events {
		d.watchers.notices(d.state, d.budget, ev)
	}
	return asked, ends
}

// settle updates the pool and returns the events to journal, and the first
// error among the messages that ends the drive.
func (d *driver) settle(running context.Context, batch []message) (events []Event, ends error) {
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
		if m.over == nil || !d.pool.ended(*m.over) {
			continue
		}
		reflects := m.over.task.Reflect != nil
		switch {
		case m.err == nil:
			d.pool.failures[reflects], d.pool.worked[reflects] = 0, true
			continue
		case IsFatal(m.err) || errors.Is(m.err, ErrBudget) || running.Err() != nil:
			ends = worse(ends, m.err)
			continue
		}
		if d.pool.failures[reflects]++; d.pool.failures[reflects] >= d.opts.Failures || !d.pool.worked[reflects] {
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
func (d *driver) finish(ctx, running context.Context, ends error) error {
	var grace <-chan time.Time
	for d.pool.running > 0 {
		if grace == nil && running.Err() != nil {
			grace = time.After(stopGrace)
		}
		var batch []message
		if grace == nil {
			select {
			case m := <-d.messages:
				batch = d.gather(m)
			case <-running.Done():
			}
		} else {
			select {
			case m := <-d.messages:
				batch = d.gather(m)
			case <-grace:
				d.opts.Logger.Warn("rollouts or reflections did not end when they were told to, and were left behind", "number", d.pool.running)
				d.pool.leave()
				return ends
			}
		}
		_, err := d.take(running, batch, nil)
		ends = worse(ends, err)
		if ctx.Err() != nil {
			ends = worse(ends, context.Cause(ctx))
		}
	}
	return ends
}

// start begins a task in a goroutine of its own.
func (d *driver) start(running context.Context, q queuedTask) {
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
		began := time.Now()
		m := message{over: &q, err: Fatal(fmt.Errorf("%s: its goroutine was ended from within (runtime.Goexit, or a test's FailNow)", q.task.doing()))}
		defer func() {
			m.took = time.Since(began)
			d.send(m)
		}()
		if q.task.Reflect != nil {
			m.event, m.err = d.runReflection(running, q.task)
		} else {
			m.event, m.err = d.runRollout(running, q.task)
		}
	}()
}

// send hands a message to the engine, if that still listens.
func (e *engine) send(m message) {
	select {
	case e.messages <- m:
	case <-e.closed:
	}
}
