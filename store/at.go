package store

import (
	"context"
	"fmt"

	"github.com/gepa-go/gepa"
)

// RecordAt returns one record by its number, from 1: the record that
// [Journal.Records] yields as the number-th. It reads and checks no other.
func (j *Journal) RecordAt(ctx context.Context, number int64) (gepa.Record, error) {
	if number < 1 {
		return gepa.Record{}, fmt.Errorf("journal %s: there is no record %d", j.path, number)
	}
	page, err := j.page(ctx, number-1, number)
	if err != nil {
		return gepa.Record{}, err
	}
	return page[0], nil
}
