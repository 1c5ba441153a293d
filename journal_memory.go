package gepa

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// NewMemoryJournal returns a journal that keeps its records in memory. It ends
// with the process; package store has journals that survive one.
func NewMemoryJournal() Journal { return &memoryJournal{} }

type memoryJournal struct {
	mu      sync.Mutex
	records []Record
	keys    map[[2]string]bool
}

func (j *memoryJournal) Append(_ context.Context, records ...Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range records {
		if r.Key != "" {
			id := [2]string{r.Kind, r.Key}
			if j.keys[id] {
				continue
			}
			if j.keys == nil {
				j.keys = map[[2]string]bool{}
			}
			j.keys[id] = true
		}
		j.records = append(j.records, r)
	}
	return nil
}

func (j *memoryJournal) Records(context.Context) iter.Seq2[Record, error] {
	j.mu.Lock()
	records := slices.Clip(j.records)
	j.mu.Unlock()
	return func(yield func(Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}
