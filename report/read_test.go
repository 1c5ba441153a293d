package report_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// t0 is some time.
var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// opened returns a journal with a run's opening and n failures, which are
// results with numbers.
func opened(t *testing.T, n int) gepa.Journal {
	t.Helper()
	j := gepa.NewMemoryJournal()
	events := []gepa.Event{
		gepa.RunStarted{
			Format: 2, Components: []gepa.Component{{Name: "a", Text: "x"}}, Options: gepa.Options{Minibatch: 1},
			Feedback: []gepa.ExampleRef{{ID: "f", Hash: "hf"}}, Validation: []gepa.ExampleRef{{ID: "v", Hash: "hv"}},
		},
		gepa.SessionStarted{Number: 1, Budget: gepa.Budget{Proposals: 3}},
	}
	for i := range n {
		events = append(events, gepa.AttemptFailed{Of: "x", Number: i + 1})
	}
	for _, e := range events {
		rec, err := gepa.NewRecord(e, t0.AddDate(0, 0, len(events)))
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// Events come in the order of the records, however they are decoded, and
// nothing is left running, however the reading ends.
func TestRead(t *testing.T) {
	defer goleak.VerifyNone(t)
	const n = 1000
	stop := errors.New("enough")
	for _, until := range []int{n + 2, 700, 1} {
		seen := 0
		err := report.Read(t.Context(), opened(t, n), func(rec gepa.Record, e gepa.Event) error {
			if f, ok := e.(gepa.AttemptFailed); ok && (f.Number != seen-1 || rec.Key != fmt.Sprint(f.Number)) {
				return fmt.Errorf("event %d is failure %d of record %s", seen, f.Number, rec.Key)
			}
			if seen++; seen == until && until < n {
				return stop
			}
			return nil
		})
		if seen != until || (until < n) != errors.Is(err, stop) {
			t.Errorf("%d events and %v, want %d", seen, err, until)
		}
	}
}

// broken yields what another journal does and then an error.
type broken struct {
	gepa.Journal
	err error
}

func (b broken) Records(ctx context.Context) iter.Seq2[gepa.Record, error] {
	return func(yield func(gepa.Record, error) bool) {
		for r, err := range b.Journal.Records(ctx) {
			if !yield(r, err) {
				return
			}
		}
		yield(gepa.Record{}, b.err)
	}
}

func TestReadFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	lost := errors.New("the disk is gone")
	unknown := opened(t, 50)
	if err := unknown.Append(t.Context(), gepa.Record{Kind: "walk", Data: json.RawMessage("1")}); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		journal gepa.Journal
		seen    int
		want    string
	}{
		"journal": {t.Context(), broken{opened(t, 50), lost}, 52, lost.Error()},
		"event":   {t.Context(), unknown, 52, `unknown kind "walk"`},
		"context": {ended, opened(t, 50), 0, context.Canceled.Error()},
	} {
		seen := 0
		err := report.Read(c.ctx, c.journal, func(gepa.Record, gepa.Event) error { seen++; return nil })
		if seen != c.seen || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d events and %v; want %d and %q", name, seen, err, c.seen, c.want)
		}
	}
}

func TestTell(t *testing.T) {
	s, err := report.Tell(t.Context(), opened(t, 4))
	if err != nil {
		t.Fatal(err)
	}
	if s.Records != 6 || len(s.Sessions) != 1 || s.Sessions[0].Budget.Proposals != 3 || !s.Sessions[0].Ended.Equal(t0.AddDate(0, 0, 6)) {
		t.Errorf("%d records, sessions %+v", s.Records, s.Sessions)
	}
	if r := s.Result(); s.Complete() || r.Best != nil || r.Test != nil || r.Stop.Reason != "" {
		t.Errorf("a run that has not begun came to %+v", r)
	}
	twice := opened(t, 0)
	for rec, err := range opened(t, 0).Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := twice.Append(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := report.Tell(t.Context(), twice); err == nil {
		t.Error("a journal of two runs was told as one")
	}
}

func TestTables(t *testing.T) {
	s, err := report.Summarize(input())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.Tables(&b, report.TextOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if err := s.SpendText(&b, report.TextOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int{0, 1, 3} {
		v, ok := s.View(id)
		if !ok {
			t.Fatalf("there is no candidate %d", id)
		}
		if err := v.Text(&b, report.TextOptions{Width: 80}); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "tables.txt", b.String())
	for _, id := range []int{-1, 4} {
		if _, ok := s.View(id); ok {
			t.Errorf("there is a candidate %d", id)
		}
	}
}
