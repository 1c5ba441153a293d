package gepa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// A Record is one entry of a [Journal].
//
// There are two classes. A decision has no Key; decisions are ordered, and
// their order is their meaning. A result has a Key; results are a set: the
// order among them means nothing, and a second result with the same Kind and
// Key is ignored, whatever it holds.
type Record struct {
	// Kind names the event that Data encodes; see the Kind constants.
	Kind string `json:"kind"`
	// Key identifies a result among those of its kind; "" for a decision.
	Key string `json:"key,omitempty"`
	// Data is the event as JSON.
	Data json.RawMessage `json:"data"`
	// At is when the record was made. It is for people; nothing is computed
	// from it but elapsed time.
	At time.Time `json:"at"`
}

// Validate reports why a record could not be read back as it is, if it could
// not. Journals refuse such records.
func (r *Record) Validate() error {
	switch {
	case r.Kind == "":
		return errors.New("kind is empty")
	case !plainText(r.Kind):
		return errors.New("kind is not UTF-8 text")
	case !plainText(r.Key):
		return errors.New("key is not UTF-8 text")
	case !json.Valid(r.Data):
		return errors.New("data is not valid JSON")
	case !utf8.Valid(r.Data):
		return errors.New("data is not UTF-8 text")
	case r.At.UTC().Year() < 0 || r.At.UTC().Year() > 9999:
		return fmt.Errorf("time %v is outside years 0 to 9999", r.At)
	}
	return nil
}

// plainText reports whether s is UTF-8 text without NUL, which not every tool
// that reads databases can take.
func plainText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// A Journal is the ordered, durable record of one run. A run's state, its
// progress, its report and its resumption are all computed from it.
//
// Append and Records are safe for concurrent use.
type Journal interface {
	// Append adds records, all or none, in the given order after everything
	// appended before. When it returns nil the records survive a crash of the
	// process and, for a journal on disk, of the machine. A result whose Kind
	// and Key are already there is skipped without error.
	Append(ctx context.Context, records ...Record) error
	// Records yields every record in the order of appending, up to those
	// appended before the call. It stops after the first error.
	Records(ctx context.Context) iter.Seq2[Record, error]
}
