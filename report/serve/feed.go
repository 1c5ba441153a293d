package serve

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// A feed is a run that somebody looks at: its journal and the fold of it. While
// there are streams, one goroutine follows the journal and makes the frames
// that all of them send.
type feed struct {
	server  *Server
	id      string
	journal Journal

	mu      sync.Mutex // guards the fold and what follows
	fold    *view.Fold
	asked   time.Time // when the standing was last asked for
	frame   frame     // the last one
	head    gepa.Fields
	ledger  ledgerState
	unusual error // what keeps the journal from being read, as a stream tells it

	// Guarded by the server's mu.
	users    int // requests and streams
	used     time.Time
	streams  map[*stream]struct{}
	follower *follower // nil while nobody watches
}

// A follower is the goroutine that follows a feed's journal.
type follower struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

func (f *follower) stop() {
	f.cancel()
	<-f.ended
}

// ledgerState says what of the ledger was told.
type ledgerState struct {
	at   view.Position // what the last frame with a ledger knew
	next time.Time     // when there may be another
}

// acquire returns the feed of a run, opened if need be. It must be released.
func (s *Server) acquire(ctx context.Context, id string) (*feed, error) {
	s.mu.Lock()
	f, open := s.feeds[id]
	if open {
		f.users++
	}
	s.mu.Unlock()
	if open {
		return f, nil
	}
	journal, err := s.Library.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, open := s.feeds[id]; open { // somebody was faster
		other.users++
		return other, journal.Close()
	}
	if s.closed {
		return nil, errors.Join(&httpError{503, "the server is being shut down"}, journal.Close())
	}
	f = &feed{server: s, id: id, journal: journal, fold: view.NewFold(view.About{ID: id}), users: 1, streams: map[*stream]struct{}{}}
	s.feeds[id] = f
	return f, nil
}

// release gives a feed back. Feeds that nobody uses are kept for a while, and
// so many of them.
func (s *Server) release(f *feed) {
	now := time.Now()
	var idle []*feed
	s.mu.Lock()
	f.users--
	f.used = now
	if f.users == 0 && s.feeds[f.id] != f { // it was dropped
		idle = append(idle, f)
	}
	var kept []*feed
	for id, other := range s.feeds {
		if other.users > 0 {
			continue
		}
		if now.Sub(other.used) > keepFor {
			idle = append(idle, other)
			delete(s.feeds, id)
			continue
		}
		kept = append(kept, other)
	}
	for len(kept) > mostKept {
		oldest := 0
		for i := range kept {
			if kept[i].used.Before(kept[oldest].used) {
				oldest = i
			}
		}
		idle = append(idle, kept[oldest])
		delete(s.feeds, kept[oldest].id)
		kept = append(kept[:oldest], kept[oldest+1:]...)
	}
	s.mu.Unlock()
	for _, other := range idle {
		if err := other.close(); err != nil {
			s.Logger.Warn("close a journal", "run", other.id, "error", err)
		}
	}
}

// drop forgets a feed whose journal is not what it was: the next request opens
// it anew.
func (s *Server) drop(f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feeds[f.id] == f {
		delete(s.feeds, f.id)
	}
}

// close ends the follower and closes the journal.
func (f *feed) close() error {
	f.server.mu.Lock()
	following := f.follower
	f.server.mu.Unlock()
	if following != nil {
		following.stop()
	}
	return f.journal.Close()
}

// rest is a journal from a position on.
type rest struct {
	Journal
	after int64
}

func (r rest) Append(context.Context, ...gepa.Record) error { return errors.ErrUnsupported }

func (r rest) Records(ctx context.Context) iter.Seq2[gepa.Record, error] {
	return r.RecordsAfter(ctx, r.after)
}

// catchUp folds what was journaled since, and asks how the run stands if that
// was not done for a while; f.mu is held.
func (f *feed) catchUp(ctx context.Context) error {
	if f.asked.IsZero() { // whose cost is simulated must be known before the rest
		if err := f.stand(ctx); err != nil {
			return err
		}
	}
	last, err := f.journal.Last(ctx)
	if err != nil {
		return err
	}
	at := int64(f.fold.Position())
	if last < at {
		f.server.drop(f)
		return fmt.Errorf("the journal of run %s is another one now; load the page again", f.id)
	}
	if last > at {
		if err := report.Read(ctx, rest{f.journal, at}, f.fold.Apply); err != nil {
			return err
		}
	}
	if now := time.Now(); f.asked.IsZero() || now.Sub(f.asked) > listEvery {
		f.asked = now
		return f.stand(ctx)
	}
	f.driven()
	return nil
}

// stand asks how the run stands; f.mu is held.
func (f *feed) stand(ctx context.Context) error {
	about, err := f.journal.About(ctx, f.fold.Story())
	if err != nil {
		return err
	}
	about.ID = f.id
	about.Controls = nil
	if reviewer, ok := f.server.Library.(Reviewer); ok && about.Status != report.StatusRunning && f.fold.Story().State.Run() != nil {
		about.Controls = reviewer.Can(ctx, f.id)
	}
	f.fold.SetAbout(about)
	f.driven()
	return nil
}

// driven adds what this process can do to the run; f.mu is held.
func (f *feed) driven() {
	if f.server.Controls == nil {
		return
	}
	c := f.server.Controls(f.id)
	if c == nil {
		return
	}
	about := f.fold.About()
	about.Paused = c.Paused()
	if about.Status == report.StatusRunning {
		switch {
		case about.Paused && f.fold.Story().State.Stop() != nil:
			about.Controls = []view.Control{view.ControlResume}
		case c.Stopping() || f.fold.Story().State.Stop() != nil:
			about.Controls = nil
		case about.Paused:
			about.Controls = []view.Control{view.ControlResume, view.ControlStop}
		default:
			about.Controls = []view.Control{view.ControlPause, view.ControlStop}
		}
	}
	f.fold.SetAbout(about)
}

// look calls fn with the run as it stands now.
func (s *Server) look(ctx context.Context, id string, fn func(*view.Fold) error) error {
	f, err := s.acquire(ctx, id)
	if err != nil {
		return err
	}
	defer s.release(f)
	return f.look(ctx, fn)
}

func (f *feed) look(ctx context.Context, fn func(*view.Fold) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.catchUp(ctx); err != nil {
		return err
	}
	return fn(f.fold)
}
