// Package process runs programs in process groups of their own, so that ending
// one ends what it started, too, and nothing of it stays behind: no process, no
// pipe, no goroutine.
package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// drainTime is how long output is still read after a program ended. It is
// bounded because a process that left the group may hold the pipe open.
const drainTime = 250 * time.Millisecond

// Options says what to run.
type Options struct {
	// Argv is the program and its arguments.
	Argv []string
	// Dir is the folder to run in; "" means the caller's.
	Dir string
	// Env is the whole environment, as in [exec.Cmd].
	Env []string
	// Stdin says whether the program's standard input is to be written to;
	// otherwise it is empty.
	Stdin bool
	// Stdout and Stderr read what the program writes, each in a goroutine of
	// its own. They must read on until there is no more.
	Stdout, Stderr func(io.Reader)
}

// A Process is a running program. Its methods are safe for concurrent use.
type Process struct {
	stdin *os.File
	done  chan struct{}
	end   End

	mu     sync.Mutex // guards that no signal goes to a group that is no more
	cmd    *exec.Cmd
	reaped bool
}

// Start runs a program. On Linux it dies with the caller's process.
func Start(o Options) (*Process, error) {
	if len(o.Argv) == 0 || o.Argv[0] == "" {
		return nil, errors.New("no program is named")
	}
	p := &Process{done: make(chan struct{})}
	//nolint:noctx,gosec // it lives until Kill: a context would spare what it started; what is run is the caller's choice
	p.cmd = exec.Command(o.Argv[0], o.Argv[1:]...)
	p.cmd.Dir, p.cmd.Env = o.Dir, o.Env
	p.cmd.SysProcAttr = groupAttr()
	var theirs, ours []*os.File
	closeAll := func(files []*os.File) {
		for _, f := range files {
			_ = f.Close() // pipes hold nothing that could be lost
		}
	}
	pipe := func(write bool) (*os.File, *os.File, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		if write {
			r, w = w, r
		}
		ours, theirs = append(ours, r), append(theirs, w)
		return r, w, nil
	}
	outR, outW, err := pipe(false)
	var errR, errW, inR *os.File
	if err == nil {
		errR, errW, err = pipe(false)
	}
	if err == nil && o.Stdin {
		p.stdin, inR, err = pipe(true)
		p.cmd.Stdin = inR
	}
	if err != nil {
		closeAll(append(ours, theirs...))
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = outW, errW
	started := make(chan error)
	go p.live(started, func() { closeAll(theirs) }, func() { closeAll(ours) },
		func() { o.Stdout(outR) }, func() { o.Stderr(errR) })
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// live starts the program, waits for its end and cleans up. It keeps its thread
// because on Linux a child dies with the thread that made it.
func (p *Process) live(started chan<- error, closeTheirs, closeOurs func(), readers ...func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	closeTheirs()
	if err != nil {
		closeOurs()
		started <- err
		return
	}
	var reading sync.WaitGroup
	for _, read := range readers {
		reading.Go(read)
	}
	started <- nil
	p.reap()
	drained := time.AfterFunc(drainTime, closeOurs)
	reading.Wait()
	if drained.Stop() {
		closeOurs()
	}
	p.end = endOf(p.cmd.ProcessState)
	close(p.done)
}

// Stdin returns the program's standard input, nil if there is none. Writing to
// it ends with an error when the program has ended.
func (p *Process) Stdin() *os.File { return p.stdin }

// PID returns the program's process id, which is its group's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the program and all that it started in its group, at once. It does
// not wait.
func (p *Process) Kill() { p.signal(true) }

// Terminate asks the program and all in its group to end. It does not wait.
func (p *Process) Terminate() { p.signal(false) }

func (p *Process) signal(kill bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		signalGroup(p.cmd.Process, kill)
	}
}

// Done is closed when the program has ended, its group is gone and its output
// is read.
func (p *Process) Done() <-chan struct{} { return p.done }

// End returns how the program ended; call it after Done is closed.
func (p *Process) End() End { return p.end }

// Stop ends the program: it closes its standard input, waits for it to end by
// itself, asks it to, and kills it, with half of the grace for each of the
// first two. It returns when the program is gone.
func (p *Process) Stop(grace time.Duration) {
	if p.stdin != nil {
		_ = p.stdin.Close() // the reader's end tells whether it mattered
	}
	for _, step := range []func(){p.Terminate, p.Kill} {
		timer := time.NewTimer(grace / 2)
		select {
		case <-p.done:
			timer.Stop()
			return
		case <-timer.C:
			step()
		}
	}
	<-p.done
}

// An End is how a program ended.
type End struct {
	// Code is the exit status; -1 if a signal ended the program.
	Code int
	// Signal is the signal's name; "" if none ended the program.
	Signal string
	// Outside says that the signal is one that others send, and not one that
	// the program's own mistakes cause.
	Outside bool
}

// String describes the end: "exit status 3", "signal: killed".
func (e End) String() string {
	if e.Signal != "" {
		return "signal: " + e.Signal
	}
	return fmt.Sprintf("exit status %d", e.Code)
}
