package serve

import (
	"context"
	"errors"
	"iter"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// A Library holds the runs that are served. It is safe for concurrent use.
type Library interface {
	// Places lists the runs there are, in the order in which they are shown
	// where their times are equal.
	Places(ctx context.Context) ([]Place, error)
	// Open opens a run for reading. Where there is none of the id, the error
	// matches ErrNoRun.
	Open(ctx context.Context, id string) (Journal, error)
}

// ErrNoRun says that there is no run of an id.
var ErrNoRun = errors.New("there is no such run")

// A Place is where a run is.
type Place struct {
	// ID names the run in addresses: letters, digits and . _ - alone.
	ID     string
	Folder string
	// Stamp changes when anything about the run may have.
	Stamp string
}

// A Journal is a run's journal, open for reading. It is safe for concurrent
// use.
type Journal interface {
	view.Source
	// Last returns the number of the last record.
	Last(ctx context.Context) (int64, error)
	// RecordsAfter yields the records after a number.
	RecordsAfter(ctx context.Context, number int64) iter.Seq2[gepa.Record, error]
	// About says what is known beside the journal. The story is what was read
	// of it; it must not be kept.
	About(ctx context.Context, story *report.Story) (view.About, error)
	// Summary returns what "gepa show --json" prints.
	Summary(ctx context.Context) (report.Summary, error)
	Close() error
}

// A Reviewer is a [Library] whose runs can be reviewed.
type Reviewer interface {
	// Review adds what somebody did to a run's journal, which must have so many
	// records: else it changes nothing and the error matches ErrMoved. Where a
	// process is at work on the run, the error matches ErrBusy.
	Review(ctx context.Context, id string, records int64, done gepa.ReviewDone) error
	// Rescore runs texts on a run's validation set and returns the scores in
	// its order. Where that cannot be done, the error matches ErrUnable.
	Rescore(ctx context.Context, id string, texts map[string]string) ([]float64, error)
	// Apply writes texts to where they are used and says where that was. Where
	// nobody said where that is, the error matches ErrUnable.
	Apply(ctx context.Context, id string, candidate int, texts map[string]string) (detail string, err error)
	// Can says which of [view.ControlReview], ControlRescore and ControlApply
	// are possible for a run that nobody is at work on.
	Can(ctx context.Context, id string) []view.Control
}

// What a [Reviewer] can answer.
var (
	ErrBusy   = errors.New("a process is at work on the run")
	ErrMoved  = errors.New("the run changed meanwhile")
	ErrUnable = errors.New("this run cannot be")
)

// Controls act on a run that this process drives; [gepa.Control] does.
type Controls interface {
	Pause()
	Resume()
	Stop()
	Paused() bool
	Stopping() bool
}

var _ Controls = (*gepa.Control)(nil)
