package serve

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report/view"
)

// A frame is what one step of a run sends: some events, of which the last says
// what position they lead to.
type frame struct {
	// number counts the feed's frames from 1. Who has all up to number − 1
	// needs only this one.
	number int64
	to     view.Position
	events []byte
}

// advance makes the next frame if there is anything to tell; f.mu is held.
func (f *feed) advance(now time.Time) error {
	changes, err := f.fold.Changes(f.frame.to)
	if err != nil {
		return err
	}
	head, err := headFields(changes)
	if err != nil {
		return err
	}
	var news gepa.Fields // what is not as in the frame before
	for _, field := range head {
		if old, there := f.head.Get(field.Name); !there || !bytes.Equal(old, field.Value) {
			news = append(news, field)
		}
	}
	withLedger := f.ledger.at != changes.Position && !now.Before(f.ledger.next)
	if len(news) == 0 && changes.Position == f.frame.to && !withLedger {
		return nil
	}
	var b events
	b.add("head", news, len(news) > 0)
	b.rows(changes)
	if withLedger {
		b.add("ledger", f.fold.Ledger(), true)
		// It looks at the whole run: it may take a twentieth of the time.
		took := time.Since(now)
		f.ledger = ledgerState{at: changes.Position, next: now.Add(max(time.Second, 20*took))}
	}
	body, err := b.close(changes.Position)
	if err != nil {
		return err
	}
	for _, field := range news {
		f.head = f.head.Set(field.Name, field.Value)
	}
	f.frame = frame{number: f.frame.number + 1, to: changes.Position, events: body}
	return nil
}

// since returns what a stream is to be sent that has all up to a position and,
// if it is not 0, up to a frame; nil if it has everything. f.mu is held.
func (f *feed) since(position view.Position, number int64) ([]byte, view.Position, error) {
	switch {
	case number > 0 && number == f.frame.number:
		return nil, position, nil
	case number > 0 && number == f.frame.number-1:
		return f.frame.events, f.frame.to, nil
	}
	var b events
	if position > f.fold.Position() { // of another journal
		b.add("reset", struct{}{}, true)
		position = 0
	}
	changes, err := f.fold.Changes(position)
	if err != nil {
		return nil, 0, err
	}
	head, err := headFields(changes)
	if err != nil {
		return nil, 0, err
	}
	b.add("head", head, true)
	b.rows(changes)
	b.add("ledger", f.fold.Ledger(), true)
	body, err := b.close(changes.Position)
	return body, changes.Position, err
}

// headFields returns the head's fields that changes hold.
func headFields(c view.Changes) (gepa.Fields, error) {
	var out gepa.Fields
	for _, part := range []any{c.Setting, c.Standing} {
		raw, err := gepa.EncodeValue(part)
		if err != nil {
			return nil, err
		}
		var fields gepa.Fields
		if err := fields.UnmarshalJSON(raw); err != nil && string(raw) != "null" {
			return nil, err
		}
		out = append(out, fields...)
	}
	return out, nil
}

// events are written one after the other.
type events struct {
	bytes.Buffer
	last int // where the last one's end is
	err  error
}

// add adds an event if wanted.
func (b *events) add(name string, data any, wanted bool) {
	if !wanted || b.err != nil {
		return
	}
	raw, err := gepa.EncodeValue(data)
	if err != nil {
		b.err = fmt.Errorf("event %s: %w", name, err)
		return
	}
	fmt.Fprintf(b, "event: %s\ndata: %s\n", name, raw)
	b.last = b.Len()
	b.WriteByte('\n')
}

// rows adds the events of rows that changed.
func (b *events) rows(c view.Changes) {
	b.add("candidate", c.Candidates, len(c.Candidates) > 0)
	b.add("proposal", c.Proposals, len(c.Proposals) > 0)
	b.add("scores", c.Scores, len(c.Scores) > 0)
	b.add("point", c.Points, len(c.Points) > 0)
}

// close ends the frame: its last event says what position it leads to.
func (b *events) close(to view.Position) ([]byte, error) {
	if b.last == 0 {
		b.add("head", struct{}{}, true)
	}
	if b.err != nil {
		return nil, b.err
	}
	b.Truncate(b.last)
	fmt.Fprintf(b, "id: %d\n\n", to)
	return b.Bytes(), nil
}

// follow makes frames as the journal grows, until ctx ends.
func (f *feed) follow(ctx context.Context, ended chan<- struct{}) {
	defer close(ended)
	var grew time.Time
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-timer.C:
			moved, err := f.step(ctx, now)
			if moved {
				grew = now
			}
			if err != nil && ctx.Err() == nil {
				f.fail(err)
				return
			}
			wait := pollIdle
			if time.Since(grew) < activeFor {
				wait = pollActive
			}
			timer.Reset(wait)
		}
	}
}

// step looks whether there is something new and, if so, wakes the streams.
func (f *feed) step(ctx context.Context, now time.Time) (moved bool, err error) {
	f.mu.Lock()
	before := f.frame.number
	if err := f.catchUp(ctx); err != nil {
		f.mu.Unlock()
		return false, err
	}
	err = f.advance(now)
	moved = f.frame.number != before
	f.mu.Unlock()
	if moved {
		f.wake()
	}
	return moved, err
}

// fail tells the streams that the journal cannot be read.
func (f *feed) fail(err error) {
	f.server.drop(f)
	f.server.Logger.Warn("a journal cannot be followed", "run", f.id, "error", err)
	f.mu.Lock()
	f.unusual = err
	f.mu.Unlock()
	f.wake()
}

// wake tells the streams that there is something to send.
func (f *feed) wake() {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	for st := range f.streams {
		select {
		case st.wake <- struct{}{}:
		default: // it has not come to it yet: it will send this, too
		}
	}
}
