package rollout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/gepa-go/gepa/internal/process"
)

const (
	// maxLine is the longest message that is read from a worker, in bytes.
	maxLine = 16 << 20
	// tailSize is how much of a program's error output is kept.
	tailSize = 64 << 10
)

// A worker is one worker process and the requests that it has been given.
type worker struct {
	proc   *process.Process
	logger *slog.Logger
	tail   *process.Tail // its error output, and what else it wrote
	hello  chan Hello    // gets the first hello

	writing sync.Mutex // held while a request is written

	mu    sync.Mutex
	calls map[string]chan []byte // by id, for the reply
	cause error                  // why this side ended it
}

// startWorker starts a process; its hello is still to come.
func startWorker(e Exec, logger *slog.Logger) (*worker, error) {
	w := &worker{
		logger: logger,
		tail:   process.NewTail(tailSize),
		hello:  make(chan Hello, 1),
		calls:  map[string]chan []byte{},
	}
	ready := make(chan struct{}) // closed when w.proc is there for line to use
	proc, err := start(process.Options{
		Argv: e.Argv, Dir: e.Dir, Env: e.environment(fmt.Sprintf("GEPA_PROTOCOL=%d", Protocol)),
		Stdin:  true,
		Stdout: func(r io.Reader) { <-ready; process.Lines(r, maxLine, w.line) },
		Stderr: func(r io.Reader) { _, _ = io.Copy(w.tail, r) }, // it ends with the process
	})
	if err != nil {
		return nil, err
	}
	w.proc = proc
	close(ready)
	return w, nil
}

// line takes a line of the worker's standard output. Lines that are no messages
// are what programs print by mistake: they are kept beside the error output.
func (w *worker) line(line []byte, cut bool) {
	if cut && bytes.HasPrefix(line, []byte("{")) {
		w.kill(fmt.Errorf("it wrote a line of more than %d bytes", maxLine))
		return
	}
	kind, id, message := parseLine(line)
	if kind == typeHello {
		var h Hello
		if err := decode(message, &h); err != nil {
			w.kill(fmt.Errorf("its hello cannot be read: %w", err))
			return
		}
		select {
		case w.hello <- h:
			return
		default:
		}
	}
	if kind == typeReply {
		w.mu.Lock()
		reply, ok := w.calls[id]
		delete(w.calls, id)
		w.mu.Unlock()
		if ok {
			reply <- bytes.Clone(message)
			return
		}
	}
	if len(line) == 0 {
		return
	}
	_, _ = w.tail.Write(append(bytes.Clone(line[:min(len(line), tailSize)]), '\n')) // never fails
	w.logger.Warn("a worker wrote a line that is no message on its standard output", "line", oneLine(string(line[:min(len(line), tailSize)])))
}

// parseLine finds the message in a line: its type and id, and its JSON. Words
// before it, printed without a line's end, are passed over. The type is "" for
// a line without a message.
func parseLine(line []byte) (kind, id string, message []byte) {
	var envelope struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	read := func(text []byte) bool {
		envelope.Type, envelope.ID = "", ""
		// What else is wrong with a message is for its reader to say.
		err := json.Unmarshal(text, &envelope)
		var wrong *json.UnmarshalTypeError
		if err != nil && !errors.As(err, &wrong) {
			return false
		}
		return envelope.Type == typeHello || envelope.Type == typeReply
	}
	line = bytes.TrimSpace(line)
	if len(line) > 0 && line[0] == '{' && read(line) {
		return envelope.Type, envelope.ID, line
	}
	for _, start := range []string{`{"type":`, `{"type" :`} {
		if at := bytes.LastIndex(line, []byte(start)); at > 0 && read(line[at:]) {
			return envelope.Type, envelope.ID, line[at:]
		}
	}
	return "", "", nil
}

// kill ends the worker for a reason.
func (w *worker) kill(reason error) {
	w.mu.Lock()
	if w.cause == nil {
		w.cause = reason
	}
	w.mu.Unlock()
	w.proc.Kill()
}

// alive reports whether the process has not ended.
func (w *worker) alive() bool {
	select {
	case <-w.proc.Done():
		return false
	default:
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.cause == nil
	}
}

// A death is the end of a worker that somebody waited for.
type death struct {
	end    process.End
	cause  error  // why this side ended it; nil if it did not
	unread bool   // it was gone before it could read the request
	output string // the end of what it wrote
}

func (d *death) Error() string {
	if d.cause != nil {
		return "the worker was ended: " + d.cause.Error()
	}
	return "the worker ended: " + d.end.String()
}

func (d *death) Unwrap() error { return d.cause }

// innocent reports whether the request has nothing to do with the worker's end.
func (d *death) innocent() bool {
	return d.unread || errors.Is(d.cause, errCollateral) || (d.cause == nil && d.end.Outside)
}

// errCollateral is why a worker ends that another request's caller ended.
var errCollateral = errors.New("another of its requests ran out of time or was given up")

// ended returns how the worker ended, once it has.
func (w *worker) ended(since int64) *death {
	<-w.proc.Done()
	w.mu.Lock()
	defer w.mu.Unlock()
	return &death{end: w.proc.End(), cause: w.cause, output: lastLines(w.tail.Since(since))}
}

// greeting waits for the worker's hello.
func (w *worker) greeting(ctx context.Context) (Hello, error) {
	select {
	case h := <-w.hello:
		return h, h.validate()
	case <-w.proc.Done():
		d := w.ended(0)
		return Hello{}, fmt.Errorf("%w before it said hello%s", d, quoted(d.output))
	case <-ctx.Done():
		return Hello{}, context.Cause(ctx)
	}
}

// do sends a request and waits for its reply. Where the worker ends first the
// error is a *death. When ctx ends the worker is ended with everything it
// started: there is no other way to be sure that it stops working.
func (w *worker) do(ctx context.Context, id string, line []byte, since int64) ([]byte, error) {
	reply := make(chan []byte, 1)
	w.mu.Lock()
	w.calls[id] = reply
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.calls, id)
		w.mu.Unlock()
	}()
	stop := context.AfterFunc(ctx, func() { w.kill(errCollateral) })
	defer stop()
	w.writing.Lock()
	n, err := w.proc.Stdin().Write(line)
	w.writing.Unlock()
	if err != nil {
		// It ended, or closed its input and is of no use.
		timer := time.AfterFunc(time.Second, func() { w.kill(errors.New("it reads no requests any more")) })
		defer timer.Stop()
	}
	select {
	case got := <-reply:
		return got, nil
	case <-w.proc.Done():
	}
	select {
	case got := <-reply: // it came with its last breath
		return got, nil
	default:
	}
	d := w.ended(since)
	d.unread = err != nil && n == 0
	return nil, d
}

// lastLines returns the end of a program's output, for people and for
// reflection.
func lastLines(s string) string {
	const lines, size = 30, 4000
	s = strings.TrimSpace(strings.ReplaceAll(s, "\x00", "\uFFFD"))
	if all := strings.Split(s, "\n"); len(all) > lines {
		s = strings.Join(all[len(all)-lines:], "\n")
	}
	if len(s) > size {
		s = strings.ToValidUTF8("… "+s[len(s)-size:], "")
	}
	return s
}

// quoted appends a program's output to a message, if there is any.
func quoted(output string) string {
	if output == "" {
		return ""
	}
	return "; the end of what it wrote:\n" + output
}
