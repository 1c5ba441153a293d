package gepa

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// outbox is what was told and decided and is not journaled yet, with all that
// must wait until it is. While one is written the next one fills: the search
// goes on, the disk is never waited for twice, and what came meanwhile shares a
// write. Nothing leaves the process before the write that it rests on: no task
// begins, no proposer's call returns, no observer hears of it.
type outbox struct {
	events  []Event
	decided []bool // of events: by the search, not told to it
	batch   []message
	notices []func(*Observer)
	tasks   []Task
}

func (b *outbox) empty() bool { return len(b.events)+len(b.batch)+len(b.tasks) == 0 }

// oldest returns the lowest proposal of the tasks that wait.
func (b *outbox) oldest() int {
	if len(b.tasks) == 0 {
		return math.MaxInt
	}
	return slices.MinFunc(b.tasks, func(x, y Task) int { return cmp.Compare(x.Proposal, y.Proposal) }).Proposal
}

func (b *outbox) add(decided bool, events ...Event) {
	for _, e := range events {
		b.events = append(b.events, e)
		b.decided = append(b.decided, decided)
	}
}

// results leaves what was told: results of tasks that rest on journaled plans.
// Decisions that rest on something that could not be written go.
func (b *outbox) results() {
	told := b.events[:0]
	for i, e := range b.events {
		if !b.decided[i] {
			told = append(told, e)
		}
	}
	b.events, b.decided, b.tasks = told, make([]bool, len(told)), nil
}

// blocked counts the tasks that can tell nothing more until the box is written.
func (b *outbox) blocked() (n int) {
	for _, m := range b.batch {
		if m.ack != nil || m.over != nil {
			n++
		}
	}
	return n
}

// flush begins to write what waits, unless a write is under way or it pays to
// wait a little longer.
func (d *driver) flush(ctx context.Context) {
	if d.writing != nil || d.pending.empty() || d.linger() {
		return
	}
	box := d.pending
	d.pending, d.writing = outbox{}, &box
	if len(box.events) == 0 {
		d.written <- nil
		return
	}
	go func() {
		began := time.Now()
		err := d.append(ctx, box.events)
		d.cost.Store(int64(time.Since(began)))
		d.written <- err
	}()
}

// Writing waits for tasks that are about to end, half as long as a write takes:
// what shares a write costs no other. A journal that takes less than cheapWrite
// is not waited for, and from fullWrite events on there is little left to share.
const (
	cheapWrite = 100 * time.Microsecond
	fullWrite  = 32
	maxLinger  = 5 * time.Millisecond // what a slow disk adds at most
)

// linger reports whether to wait before the next write. Where every task that
// runs waits for the write itself, nothing can come.
func (d *driver) linger() bool {
	pause := time.Duration(d.cost.Load()) / 2
	if d.ending || pause < cheapWrite/2 || len(d.pending.events) >= fullWrite || d.pool.running <= d.pending.blocked() {
		d.until = time.Time{}
		return false
	}
	now := time.Now()
	if d.until.IsZero() {
		d.until = now.Add(min(pause, maxLinger))
	}
	if now.Before(d.until) {
		return true
	}
	d.until = time.Time{}
	return false
}

// wrote lets go what waited for a write.
func (d *driver) wrote(err error) error {
	box := d.writing
	d.writing = nil
	if err == nil {
		d.pool.add(0, box.tasks...)
		for _, n := range box.notices {
			d.watchers.tell(n)
		}
	} else {
		d.pending.results()
	}
	for _, m := range box.batch {
		if m.ack != nil {
			m.ack <- err
		}
		if m.over != nil {
			d.pool.ended(*m.over)
		}
		d.over(m, err)
	}
	return err
}
