package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted")

// An interruption ends the command: the first one its context, the second the
// process. A nil interruption does nothing.
type interruption struct {
	signals chan os.Signal

	mu   sync.Mutex
	exit func() // what to do before the process ends at once
}

// interrupt does what Ctrl-C does, for a terminal that passes it on as a key.
func (i *interruption) interrupt() {
	if i == nil {
		return
	}
	select {
	case i.signals <- os.Interrupt:
	default: // there are two already
	}
}

// atExit has f called before the second interrupt ends the process.
func (i *interruption) atExit(f func()) {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.exit = f
}

// exitGrace is how long the terminal may take to be given back.
const exitGrace = time.Second

// end ends the process.
func (i *interruption) end() {
	i.mu.Lock()
	restore := i.exit
	i.mu.Unlock()
	if restore != nil {
		restored := make(chan struct{})
		go func() {
			defer close(restored)
			restore()
		}()
		select {
		case <-restored:
		case <-time.After(exitGrace):
		}
	}
	fmt.Fprintln(os.Stderr) // what is on the screen is left as it is
	os.Exit(exitInterrupted)
}

type interruptionKey struct{}

// interruptionOf returns what interrupts a context made by interruptible; nil
// for another.
func interruptionOf(ctx context.Context) *interruption {
	i, _ := ctx.Value(interruptionKey{}).(*interruption)
	return i
}

// interruptible returns a context that the first interrupt ends; the second
// ends the process at once.
func interruptible(parent context.Context) (_ context.Context, stop func()) {
	i := &interruption{signals: make(chan os.Signal, 2)}
	ctx, cancel := context.WithCancelCause(context.WithValue(parent, interruptionKey{}, i))
	signal.Notify(i.signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-i.signals:
			cancel(errInterrupted)
		case <-done:
			return
		}
		select {
		case <-i.signals:
			i.end()
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(i.signals)
		close(done)
		cancel(nil)
	}
}
