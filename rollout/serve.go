package rollout

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
)

// ServeOptions are the choices in [Serve] and [Handler].
type ServeOptions struct {
	// Name says in a word what is served.
	Name string
	// Concurrency is how many requests a worker takes at once. Defaults to 1.
	Concurrency int
	// Objectives are the measures that the system's rollouts hold.
	Objectives []gepa.Objective
	// Secret, if set, is what a webhook's requests must be signed with.
	Secret string
}

func (o ServeOptions) hello(sys gepa.System) Hello {
	return Hello{
		Type: typeHello, Protocol: Protocol, Name: o.Name, Components: sys.Components(),
		Concurrency: max(1, o.Concurrency), Objectives: o.Objectives,
	}
}

// Serve makes this process a worker for a system: it reads requests from in,
// usually [os.Stdin], and writes replies to out, until in ends. Nothing else
// may be written to out. It returns nil when in ends and all replies are
// written; if ctx ends it returns the cause once the requests under way have
// ended, and does not wait for in.
func Serve(ctx context.Context, sys gepa.System, in io.Reader, out io.Writer, opts ServeOptions) error {
	hello := opts.hello(sys)
	var writing sync.Mutex
	write := func(message any) error {
		line, err := gepa.EncodeValue(message)
		if err != nil {
			return err
		}
		writing.Lock()
		defer writing.Unlock()
		_, err = out.Write(append(line, '\n'))
		return err
	}
	if err := write(hello); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lines := make(chan []byte)
	ended := make(chan error, 1)
	go func() { ended <- readLines(ctx, in, lines) }()
	slots := make(chan struct{}, hello.Concurrency)
	var working sync.WaitGroup
	defer working.Wait()
	for {
		select {
		case line := <-lines:
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			working.Go(func() {
				defer func() { <-slots }()
				if err := write(answer(ctx, sys, line)); err != nil {
					cancel(fmt.Errorf("write a reply: %w", err))
				}
			})
		case err := <-ended:
			working.Wait()
			return errors.Join(err, context.Cause(ctx))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// readLines sends every line, until the reader ends or ctx does.
func readLines(ctx context.Context, in io.Reader, lines chan<- []byte) error {
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 1 {
			select {
			case lines <- line:
			case <-ctx.Done():
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
	}
}

// answer runs a request.
func answer(ctx context.Context, sys gepa.System, line []byte) (reply Reply) {
	var req Request
	if err := decode(line, &req); err != nil {
		return Reply{Type: typeReply, ID: req.ID, Error: "the request cannot be read: " + err.Error(), Fatal: true}
	}
	if req.Type != typeRollout {
		return Reply{Type: typeReply, ID: req.ID, Error: fmt.Sprintf("the request has type %q, want %q", req.Type, typeRollout), Fatal: true}
	}
	defer func() {
		if p := recover(); p != nil {
			reply = Reply{Type: typeReply, ID: req.ID, Problem: fmt.Sprintf("the program panicked: %v", p)}
		}
	}()
	if req.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(req.TimeLimit*float64(time.Second)))
		defer cancel()
	}
	r, err := sys.Run(ctx, gepa.Job{Candidate: req.Candidate, Example: req.Example, Repeat: req.Repeat})
	if err == nil {
		reply, err = replyTo(req.ID, r)
	}
	if err != nil {
		return Reply{Type: typeReply, ID: req.ID, Error: err.Error(), Fatal: gepa.IsFatal(err), Usage: wireUsage(gepa.UsageOf(err))}
	}
	return reply
}

// Handler makes a system a service that a [Webhook] can post to. Requests that
// are not signed with the secret, where there is one, are refused with status
// 401. ServeOptions.Concurrency is not used: the webhook says how many it posts
// at once.
func Handler(sys gepa.System, opts ServeOptions) http.Handler {
	hello := opts.hello(sys)
	hello.Concurrency = 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "post a JSON object", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the request cannot be read, or is too large", http.StatusRequestEntityTooLarge)
			return
		}
		if opts.Secret != "" && Verify(opts.Secret, r.Header, body, time.Now()) != nil {
			http.Error(w, "the request is not signed as it should be", http.StatusUnauthorized)
			return
		}
		var kind struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(body, &kind) != nil || (kind.Type != typeHello && kind.Type != typeRollout) {
			http.Error(w, `want a JSON object with the type "hello" or "rollout"`, http.StatusBadRequest)
			return
		}
		var message any = hello
		if kind.Type == typeRollout {
			message = answer(r.Context(), sys, body)
		}
		text, err := gepa.EncodeValue(message)
		if err != nil {
			http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // the one who asks sees what is missing
	})
}
