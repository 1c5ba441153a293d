package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/gepa-go/gepa"
)

// Memory returns an empty journal that lives in memory only, for tests and for
// runs that nobody will resume. It behaves as a journal on disk does, and
// accepts and refuses the same records.
func Memory() *MemoryJournal {
	return &MemoryJournal{results: map[resultID]struct{}{}}
}

// A MemoryJournal is a [gepa.Journal] in memory; see [Memory].
type MemoryJournal struct {
	mu      sync.RWMutex
	records []gepa.Record
	results map[resultID]struct{}
}

// resultID is the identity of a keyed record.
type resultID struct{ kind, key string }

var (
	_ gepa.Journal = (*MemoryJournal)(nil)
	_ gepa.Journal = (*Journal)(nil)
)

// Append adds copies of the records; see [gepa.Journal]. It fails only for a
// context that has ended and for records that a journal cannot hold.
func (m *MemoryJournal) Append(ctx context.Context, records ...gepa.Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	if err := check(records); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range records {
		if r.Key != "" {
			id := resultID{r.Kind, r.Key}
			if _, there := m.results[id]; there {
				continue
			}
			m.results[id] = struct{}{}
		}
		m.records = append(m.records, own(r))
	}
	return nil
}

// Records yields copies of the records; see [gepa.Journal].
func (m *MemoryJournal) Records(ctx context.Context) iter.Seq2[gepa.Record, error] {
	m.mu.RLock()
	records := slices.Clip(m.records) // entries never change
	m.mu.RUnlock()
	return func(yield func(gepa.Record, error) bool) {
		for _, r := range records {
			if err := ctx.Err(); err != nil {
				yield(gepa.Record{}, fmt.Errorf("read journal: %w", err))
				return
			}
			if !yield(own(r), nil) {
				return
			}
		}
	}
}

// own returns a record that shares no memory with r.
func own(r gepa.Record) gepa.Record {
	r.Data = bytes.Clone(r.Data)
	r.At = stamp(r.At)
	return r
}
