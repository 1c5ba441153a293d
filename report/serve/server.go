package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Config says what is served, and to whom.
type Config struct {
	// Library holds the runs. If it is a [Reviewer], they can be reviewed.
	Library Library
	// Pages are the pages' files: index.html, and assets in the folder assets.
	Pages fs.FS
	// Token is what requests must know; "" asks for none, which is for loopback
	// addresses alone: see [NewToken].
	Token string
	// Controls returns the controls of a run that this process drives, nil for
	// other runs. It may be nil.
	Controls func(id string) Controls
	// Redact takes secrets out of what is said of errors. It may be nil.
	Redact func(string) string
	// Logger is told of what goes wrong. Defaults to none.
	Logger *slog.Logger
	// MaxStreams is the most event streams that are open at once. Defaults
	// to 256.
	MaxStreams int
	// WriteTimeout is how long a client may take to read what was sent before
	// it is dropped. Defaults to ten seconds for a frame of a stream.
	WriteTimeout time.Duration
	// Heartbeat is the time between signs of life on a stream. Defaults to 15
	// seconds.
	Heartbeat time.Duration
}

// The server's limits.
const (
	maxHeader   = 64 << 10
	maxBody     = 16 << 20 // texts edited by hand
	pollActive  = 100 * time.Millisecond
	pollIdle    = 200 * time.Millisecond
	activeFor   = 5 * time.Second
	listEvery   = time.Second
	keepFor     = 5 * time.Minute // a run that nobody watches
	mostKept    = 16              // of those
	replyWithin = time.Minute
	reviewTime  = 30 * time.Minute // rescoring runs models
)

// A Server serves runs. Make one with [New]. It is safe for concurrent use.
type Server struct {
	Config
	handler http.Handler

	mu      sync.Mutex
	feeds   map[string]*feed
	lines   map[string]stampedLine
	streams int
	closed  bool

	done chan struct{} // closed when streams are to end
	end  func()        // closes it
}

// New returns a server. Whoever made it must call [Server.Close].
func New(c Config) *Server {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Redact == nil {
		c.Redact = func(s string) string { return s }
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = 256
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = 10 * time.Second
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 15 * time.Second
	}
	s := &Server{Config: c, feeds: map[string]*feed{}, lines: map[string]stampedLine{}}
	s.done = make(chan struct{})
	s.end = sync.OnceFunc(func() { close(s.done) })
	s.handler = s.guard(s.routes())
	return s
}

// NewToken returns a token that cannot be guessed.
func NewToken() string { return rand.Text() }

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, answer func(http.ResponseWriter, *http.Request) error) {
		mux.Handle("GET "+path, s.answers(answer, replyWithin))
	}
	get("/api/runs", s.getRuns)
	get("/api/runs/{id}", s.getRun)
	get("/api/runs/{id}/summary", s.getSummary)
	get("/api/runs/{id}/candidates/{candidate}", s.getCandidate)
	get("/api/runs/{id}/proposals/{proposal}", s.getProposal)
	get("/api/runs/{id}/rollouts", s.getRollout)
	get("/api/runs/{id}/review", s.getReview)
	get("/api/compare", s.getCompare)
	mux.Handle("GET /api/events", s.answers(s.streamRuns, 0))
	mux.Handle("GET /api/runs/{id}/events", s.answers(s.streamRun, 0))
	for _, action := range []string{"pause", "resume", "stop"} {
		mux.Handle("POST /api/runs/{id}/"+action, s.changes(s.control(action), replyWithin))
	}
	mux.Handle("POST /api/runs/{id}/review", s.changes(s.postReview, reviewTime))
	mux.Handle("/api/", s.answers(func(http.ResponseWriter, *http.Request) error {
		return &httpError{http.StatusNotFound, "there is nothing at this address"}
	}, replyWithin))
	mux.Handle("/", s.answers(s.getPage, replyWithin))
	return mux
}

// Serve answers requests that come to a listener, until ctx ends; then it lets
// those under way end, for a few seconds. The error is nil if ctx ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	s.end() // streams end themselves
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		err = server.Close() // somebody did not let go
	}
	if serr := <-failed; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}

// Close ends all streams and gives the journals back. Requests that come later
// fail.
func (s *Server) Close() error {
	s.end()
	s.mu.Lock()
	feeds := s.feeds
	s.feeds, s.closed = map[string]*feed{}, true
	s.mu.Unlock()
	var errs []error
	for _, f := range feeds {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}
