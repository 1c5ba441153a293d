package gepa

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// NewMemoryJournal returns a journal that keeps its records in memory. It ends
// with the process; package store has journals that survive one.
func NewMemoryJournal() Journal { return &memoryJournal{results: map[resultID]struct{}{}} }

// memoryJournal accepts and refuses the same records as a journal on disk.
type memoryJournal struct {
	mu      sync.RWMutex
	records []Record
	results map[resultID]struct{}
}

// resultID is the identity of a result.
type resultID struct{ kind, key string }

// Append adds copies of the records; see [Journal].
func (j *memoryJournal) Append(ctx context.Context, records ...Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	for i := range records {
		if err := records[i].Validate(); err != nil {
			return fmt.Errorf("append record %d of %d (kind %q): %w", i+1, len(records), records[i].Kind, err)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range records {
		if r.Key != "" {
			id := resultID{r.Kind, r.Key}
			if _, there := j.results[id]; there {
				continue
			}
			j.results[id] = struct{}{}
		}
		j.records = append(j.records, r.own())
	}
	return nil
}

// Records yields copies of the records; see [Journal].
func (j *memoryJournal) Records(ctx context.Context) iter.Seq2[Record, error] {
	return j.RecordsAfter(ctx, 0)
}

// Last returns the number of the last record, as package store's journals do.
func (j *memoryJournal) Last(context.Context) (int64, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return int64(len(j.records)), nil
}

// RecordAt returns the record with a number, from 1.
func (j *memoryJournal) RecordAt(_ context.Context, number int64) (Record, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if number < 1 || number > int64(len(j.records)) {
		return Record{}, fmt.Errorf("read journal: there is no record %d: it has %d", number, len(j.records))
	}
	return j.records[number-1].own(), nil
}

// RecordsAfter yields the records after the one with a number.
func (j *memoryJournal) RecordsAfter(ctx context.Context, number int64) iter.Seq2[Record, error] {
	j.mu.RLock()
	records := slices.Clip(j.records[min(max(number, 0), int64(len(j.records))):]) // entries never change
	j.mu.RUnlock()
	return func(yield func(Record, error) bool) {
		for _, r := range records {
			if err := ctx.Err(); err != nil {
				yield(Record{}, fmt.Errorf("read journal: %w", err))
				return
			}
			if !yield(r.own(), nil) {
				return
			}
		}
	}
}

// own returns a record that shares no memory with r, its time in UTC and
// without the process's own clock.
func (r Record) own() Record {
	r.Data = bytes.Clone(r.Data)
	r.At = r.At.Round(0).UTC()
	return r
}
