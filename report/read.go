package report

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
)

// readChunk is how many records are decoded together: enough that handing them
// over costs nothing.
const readChunk = 32

// chunk is a piece of a journal on its way to being decoded.
type chunk struct {
	records []gepa.Record
	events  []gepa.Event
	err     error // after the last of events
	decoded chan struct{}
}

func (c *chunk) decode() {
	defer close(c.decoded)
	for _, r := range c.records {
		e, err := gepa.DecodeRecord(r)
		if err != nil {
			c.err = err
			return
		}
		c.events = append(c.events, e)
	}
}

// Read calls each for the events of a journal, in order, with the records that
// they came in. It ends with the first error, whose ever it is. Decoding takes
// most of the time that it takes to read a journal, so that is done by all
// processors at once.
func Read(ctx context.Context, journal gepa.Journal, each func(gepa.Record, gepa.Event) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	ordered, work := make(chan *chunk, 4*workers), make(chan *chunk, 4*workers)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(ordered)
		defer close(work)
		readChunks(ctx, journal, func(c *chunk) bool {
			select {
			case ordered <- c:
			case <-ctx.Done():
				return false
			}
			if c.err != nil {
				close(c.decoded) // there is nothing to decode
				return false
			}
			select {
			case work <- c:
				return true
			case <-ctx.Done():
				close(c.decoded)
				return false
			}
		})
	})
	for range workers {
		running.Go(func() {
			for c := range work {
				c.decode()
			}
		})
	}
	defer running.Wait()
	defer cancel()
	for c := range ordered {
		<-c.decoded
		for i, e := range c.events {
			if err := each(c.records[i], e); err != nil {
				return err
			}
		}
		if c.err != nil {
			return c.err
		}
	}
	return ctx.Err()
}

// readChunks passes a journal on in pieces until pass returns false. An error
// is a piece of its own, the last.
func readChunks(ctx context.Context, journal gepa.Journal, pass func(*chunk) bool) {
	var records []gepa.Record
	flush := func() bool {
		c := &chunk{records: records, decoded: make(chan struct{})}
		records = nil
		return len(c.records) == 0 || pass(c)
	}
	for r, err := range journal.Records(ctx) {
		if err != nil {
			_ = flush() && pass(&chunk{err: err, decoded: make(chan struct{})})
			return
		}
		if records = append(records, r); len(records) == readChunk && !flush() {
			return
		}
	}
	flush()
}

// A Session is the work of one process on a run.
type Session struct {
	// Number counts from 1.
	Number int
	// Began is when it began, Ended the time of the last record before the
	// next one.
	Began, Ended time.Time
	// Budget is the one it worked under.
	Budget gepa.Budget
}

// A Story is what a journal says of a run.
type Story struct {
	State    *gepa.State
	Sessions []Session
	// Records is the number of records.
	Records int

	ledger *ledger
}

// NewStory returns the story of a run of which nothing was read yet.
func NewStory() *Story {
	state := gepa.NewState()
	return &Story{State: state, ledger: newLedger(state)}
}

// Tell reads a journal from its beginning and folds it. A journal that holds
// nothing gives a story without a run: [gepa.State.Run] is nil.
func Tell(ctx context.Context, journal gepa.Journal) (*Story, error) {
	s := NewStory()
	err := Read(ctx, journal, s.Apply)
	return s, err
}

// Apply adds one record with its event.
func (s *Story) Apply(rec gepa.Record, e gepa.Event) error {
	if err := s.State.Apply(e); err != nil {
		return err
	}
	s.ledger.note(e)
	s.Records++
	if started, ok := e.(gepa.SessionStarted); ok {
		s.Sessions = append(s.Sessions, Session{Number: started.Number, Began: rec.At, Budget: started.Budget})
	}
	if n := len(s.Sessions); n > 0 && rec.Kind != gepa.KindReview {
		s.Sessions[n-1].Ended = rec.At
	}
	return nil
}

// Account returns what the run spent, as [Ledger] does.
func (s *Story) Account(models Models) Account { return s.ledger.account(models) }

// Complete reports whether the run came to its end: the search is over and the
// test set, if there is one, was read for the seed and the winner.
func (s *Story) Complete() bool {
	if s.State.Stop() == nil {
		return false
	}
	run := s.State.Run()
	if len(run.Test) == 0 || len(s.State.Pool()) == 0 {
		return true
	}
	_, read := s.test()
	return read
}

// Result returns the run's result as [gepa.Optimize] would, but for the time
// it took. The journal must hold a run.
func (s *Story) Result() *gepa.Result {
	r := &gepa.Result{
		Pool:     s.State.Pool(),
		Frontier: s.State.Frontier(),
		History:  s.State.Proposals(),
		Rollouts: s.State.Rollouts(),
		Spend:    s.State.Spend(),
	}
	if best, ok := s.State.Best(); ok {
		r.Best = &best
	}
	if stop := s.State.Stop(); stop != nil {
		r.Stop = *stop
	}
	if t, read := s.test(); read && r.Stop.Reason != "" {
		r.Test = t
	}
	return r
}

// Test compares the base and the present winner on the sealed test set, as
// [Summary] does; nil if that was not read to its end.
func (s *Story) Test() (*Test, error) {
	result := s.Result()
	if result.Test == nil {
		return nil, nil
	}
	run := s.State.Run()
	in := Input{Result: result, Options: run.Options}
	for _, ref := range run.Test {
		in.Data.Test = append(in.Data.Test, gepa.Example{ID: ref.ID})
	}
	return test(in)
}

// test returns the reading of the test set for the seed and the present
// winner, and whether it came to its end.
func (s *Story) test() (*gepa.Test, bool) {
	best, ok := s.State.Best()
	refs := s.State.Run().Test
	if !ok || len(refs) == 0 || s.State.TestReadings() == 0 {
		return nil, false
	}
	t := &gepa.Test{Readings: s.State.TestReadings()}
	for _, side := range []struct {
		texts gepa.Candidate
		into  *[]gepa.Rollout
	}{{s.State.Pool()[0].Texts, &t.Seed}, {best.Texts, &t.Best}} {
		hash := side.texts.Hash()
		for _, ref := range refs {
			r, done := s.State.Rollout(gepa.RolloutKey{Candidate: hash, Example: ref.Hash})
			if !done {
				return nil, false
			}
			*side.into = append(*side.into, r)
		}
	}
	return t, true
}
