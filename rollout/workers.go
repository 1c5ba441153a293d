package rollout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gepa-go/gepa"
)

// WorkersOptions are the choices in [StartWorkers]. The zero value of every
// field but Exec means its default.
type WorkersOptions struct {
	// Exec is the worker program. It is required.
	Exec Exec
	// Workers is the most worker processes at once. Defaults to 4.
	Workers int
	// Components declares the texts to optimize. Defaults to what the worker's
	// hello says; where both name components, the names must be the same and
	// the texts here are the starting texts.
	Components []gepa.Component
	// Scoring says how outputs become scores.
	Scoring Scoring
	// TimeLimit is how long one request may take. Defaults to ten minutes; a
	// negative number means that there is no limit.
	TimeLimit time.Duration
	// StartLimit is how long a worker may take to say hello. Defaults to a
	// minute.
	StartLimit time.Duration
	// Crashes is how many workers in a row a request must crash for the
	// rollout to be a failure of the program. Defaults to 3.
	Crashes int
	// Logger gets warnings: what workers print by mistake, and that they end.
	// Defaults to none.
	Logger *slog.Logger
}

func (o WorkersOptions) withDefaults() WorkersOptions {
	setDefault(&o.Workers, 4)
	setDefault(&o.TimeLimit, defaultTimeLimit)
	setDefault(&o.StartLimit, time.Minute)
	setDefault(&o.Crashes, 3)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o WorkersOptions) validate() error {
	var errs []error
	if len(o.Exec.Argv) == 0 || o.Exec.Argv[0] == "" {
		errs = append(errs, errors.New("workers: Exec names no program"))
	}
	for _, n := range []struct {
		name  string
		value int64
	}{{"Workers", int64(o.Workers)}, {"StartLimit", int64(o.StartLimit)}, {"Crashes", int64(o.Crashes)}} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("workers: %s is negative", n.name))
		}
	}
	return errors.Join(errs...)
}

const defaultTimeLimit = 10 * time.Minute

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

const (
	// stopGrace is how long workers get to end when they are closed.
	stopGrace = time.Second
	// startTries is how often a worker is started before that is an error.
	startTries = 3
	// lostTries is how many workers in a row may be taken away from a request
	// before that is an error.
	lostTries = 10
)

// Workers is a system whose program runs in worker processes, in any language.
// It is safe for concurrent use. See [StartWorkers].
type Workers struct {
	opts       WorkersOptions
	hello      Hello
	components []gepa.Component
	tokens     chan *slot    // one for each request that may run
	rescue     chan struct{} // has room for each worker that may serve one request alone
	ids        atomic.Int64

	closing chan struct{}
	mu      sync.Mutex
	closed  bool
	running map[*worker]struct{}
	gone    sync.WaitGroup // workers that have not ended
}

// A slot is a place for a worker. It starts one when it is first needed, and
// another one after that ended.
type slot struct {
	mu     sync.Mutex
	worker *worker
}

// StartWorkers starts a worker and asks it what it is. Further workers are
// started when there is work for them. ctx bounds the start alone; call
// [Workers.Close] to end them.
//
// A worker serves one request at a time, or as many as its hello declares. The
// rules for what goes wrong:
//
//   - A reply with a problem, one that cannot be read, and one that does not
//     come within the time limit are failures of the program: scored rollouts.
//     A worker that is late is ended with all that it started.
//   - A worker that ends while it works on a request (by an exit, whatever its
//     status, or by a signal such as a segmentation fault) has crashed. The
//     request is tried again with a worker that is started for it alone. When
//     it has crashed as many in a row as [WorkersOptions] say, that is a
//     failure of the program, with the end of the workers' error output as
//     feedback. Crashes of a worker that was serving several requests are not
//     counted against any.
//   - A worker that others killed (SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT),
//     and one that ended before it read the request, says nothing about the
//     request, which is tried again likewise. After ten in a row Run returns an
//     error.
//   - A reply with an error, and a worker that does not start, are errors.
//   - When the context of a request ends, its worker is ended.
func StartWorkers(ctx context.Context, opts WorkersOptions) (*Workers, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	p := &Workers{opts: opts.withDefaults(), closing: make(chan struct{}), running: map[*worker]struct{}{}}
	first, hello, err := p.launch(ctx)
	if err == nil {
		p.hello = hello
		p.components, err = hello.components(opts.Components)
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("start the worker %q: %w", opts.Exec.Argv, err)
	}
	each := max(1, hello.Concurrency)
	p.tokens = make(chan *slot, p.opts.Workers*each)
	slots := make([]*slot, p.opts.Workers)
	for i := range slots {
		slots[i] = &slot{}
	}
	slots[0].worker = first
	for range each {
		for _, s := range slots {
			p.tokens <- s
		}
	}
	p.rescue = make(chan struct{}, p.opts.Workers)
	return p, nil
}

// Components lists the program's texts.
func (p *Workers) Components() []gepa.Component { return slices.Clone(p.components) }

// Hello returns what the first worker said of itself.
func (p *Workers) Hello() Hello { return p.hello }

// Concurrency is how many requests run at once; others wait.
func (p *Workers) Concurrency() int { return cap(p.tokens) }

// Close ends the workers and all that they started, within two seconds.
// Requests that are under way, and later ones, are errors.
func (p *Workers) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.closing)
		for w := range p.running {
			go w.proc.Stop(stopGrace)
		}
	}
	p.mu.Unlock()
	p.gone.Wait()
}

var errClosed = errors.New("the workers are closed")

// launch starts a worker and hears its hello.
func (p *Workers) launch(ctx context.Context) (*worker, Hello, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.opts.StartLimit,
		fmt.Errorf("it did not say hello within %v", p.opts.StartLimit))
	defer cancel()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, Hello{}, gepa.Fatal(errClosed)
	}
	w, err := startWorker(p.opts.Exec, p.opts.Logger)
	if err == nil {
		p.running[w] = struct{}{}
		p.gone.Go(func() {
			<-w.proc.Done()
			p.mu.Lock()
			delete(p.running, w)
			p.mu.Unlock()
		})
	}
	p.mu.Unlock()
	if err != nil {
		return nil, Hello{}, err
	}
	hello, err := w.greeting(ctx)
	if err != nil {
		w.kill(err)
		return nil, Hello{}, err
	}
	return w, hello, nil
}

// fresh starts a worker, a few times if need be, and more often if it is others
// who end it.
func (p *Workers) fresh(ctx context.Context) (*worker, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = 50 * time.Millisecond
	failures := 0
	w, err := backoff.Retry(ctx, func() (*worker, error) {
		w, hello, err := p.launch(ctx)
		if died, ok := errors.AsType[*death](err); err != nil && !(ok && died.innocent()) {
			failures++
		}
		if failures == startTries || gepa.IsFatal(err) {
			return nil, backoff.Permanent(err)
		}
		if err != nil {
			return nil, err
		}
		if !slices.Equal(hello.Components, p.hello.Components) || hello.Concurrency != p.hello.Concurrency {
			err := errors.New("the worker says another hello than the first one: was the program changed during the run?")
			w.kill(err)
			return nil, backoff.Permanent(gepa.Fatal(err))
		}
		return w, nil
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(lostTries), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil:
		return w, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		return nil, fmt.Errorf("start a worker: %w", err)
	}
}

// shared returns the slot's worker, a new one if the last has ended.
func (p *Workers) shared(ctx context.Context, s *slot) (*worker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.worker != nil && s.worker.alive() {
		return s.worker, nil
	}
	s.worker = nil
	w, err := p.fresh(ctx)
	if err == nil {
		s.worker = w
	}
	return w, err
}

// keep leaves a worker to the slot, or ends it if the slot has one.
func (s *slot) keep(w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.worker == nil || !s.worker.alive() {
		s.worker = w
		return
	}
	if s.worker != w {
		go w.proc.Stop(stopGrace)
	}
}

// Run runs a job on a worker. See [StartWorkers] for what becomes a rollout
// and what an error.
func (p *Workers) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	candidate, err := texts(p.components, job.Candidate)
	if err != nil {
		return gepa.Rollout{}, err
	}
	req := Request{
		Type: typeRollout, ID: strconv.FormatInt(p.ids.Add(1), 10), Candidate: candidate,
		Example: p.opts.Scoring.visible(job.Example), Repeat: job.Repeat, TimeLimit: max(0, p.opts.TimeLimit.Seconds()),
	}
	line, err := gepa.EncodeValue(req)
	if err != nil {
		return gepa.Rollout{}, gepa.Fatal(fmt.Errorf("encode the request: %w", err))
	}
	line = append(line, '\n')
	if ctx.Err() != nil {
		return gepa.Rollout{}, context.Cause(ctx) // or a worker would be ended for nothing
	}
	select {
	case s := <-p.tokens:
		defer func() { p.tokens <- s }()
		data, failure, err := p.ask(ctx, s, req.ID, line)
		switch {
		case ctx.Err() != nil:
			return gepa.Rollout{}, context.Cause(ctx)
		case err != nil:
			return gepa.Rollout{}, err
		case failure != nil:
			return p.opts.Scoring.failed(failure.problem, failure.feedback), nil
		}
		return p.opts.Scoring.rollout(ctx, job, data)
	case <-p.closing:
		return gepa.Rollout{}, gepa.Fatal(errClosed)
	case <-ctx.Done():
		return gepa.Rollout{}, context.Cause(ctx)
	}
}

// A failure is a request without a reply for which the program is to blame.
type failure struct{ problem, feedback string }

// ask gets a reply: from the slot's worker, and if that ends, from workers that
// are started for this request alone.
func (p *Workers) ask(ctx context.Context, s *slot, id string, line []byte) ([]byte, *failure, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = 20*time.Millisecond, 200*time.Millisecond
	crashes, lost, rescued := 0, 0, false
	defer func() {
		if rescued {
			<-p.rescue
		}
	}()
	w, err := p.shared(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	alone, since := p.hello.Concurrency <= 1, w.tail.Total()
	for {
		data, err := p.timed(ctx, w, id, line, since)
		if err == nil {
			s.keep(w)
			return data, nil, nil
		}
		died, ok := errors.AsType[*death](err)
		switch {
		case ctx.Err() != nil:
			return nil, nil, context.Cause(ctx)
		case p.isClosed():
			return nil, nil, gepa.Fatal(errClosed)
		case errors.Is(err, errLate):
			return nil, p.late(w, since), nil
		case !ok:
			return nil, nil, err
		case died.innocent() || !alone:
			lost++
		default:
			crashes++
		}
		p.opts.Logger.Warn("a worker ended while it had a request", "how", died.Error(), "output", died.output)
		if crashes == p.opts.Crashes {
			return nil, crashed(died, crashes), nil
		}
		if lost == lostTries {
			return nil, nil, fmt.Errorf("%d workers in a row were lost on this request; the last: %w%s", lost, died, quoted(died.output))
		}
		if lost > 1 && !pause(ctx, pauses.NextBackOff()) {
			return nil, nil, context.Cause(ctx)
		}
		if !rescued {
			select {
			case p.rescue <- struct{}{}:
				rescued = true
			case <-ctx.Done():
				return nil, nil, context.Cause(ctx)
			}
		}
		if w, err = p.fresh(ctx); err != nil {
			return nil, nil, err
		}
		alone, since = true, 0
	}
}

var errLate = errors.New("out of time")

// timed is worker.do within the time limit; the error is errLate if that was
// over first.
func (p *Workers) timed(ctx context.Context, w *worker, id string, line []byte, since int64) ([]byte, error) {
	if p.opts.TimeLimit < 0 {
		return w.do(ctx, id, line, since)
	}
	limited, cancel := context.WithTimeoutCause(ctx, p.opts.TimeLimit, errLate)
	defer cancel()
	data, err := w.do(limited, id, line, since)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(limited), errLate) {
		return nil, errLate
	}
	return data, err
}

func (p *Workers) late(w *worker, since int64) *failure {
	problem := fmt.Sprintf("no answer within the time limit of %v", p.opts.TimeLimit)
	return &failure{problem, problem + quoted(w.ended(since).output)}
}

func crashed(d *death, times int) *failure {
	problem := d.Error() + " while it ran the program"
	if times > 1 {
		problem = fmt.Sprintf("%s, %d times in a row", problem, times)
	}
	return &failure{problem, problem + quoted(d.output)}
}

func (p *Workers) isClosed() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// pause waits, and reports whether it could wait to the end.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
