package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"github.com/gepa-go/gepa"
)

// Last returns the number of the last record, 0 if there is none. It is made
// to be asked often: whoever follows a journal that another process writes asks
// for it now and then, and reads on with [Journal.RecordsAfter] when it grew.
// Unlike [Journal.Len] it does not look for damage.
func (j *Journal) Last(ctx context.Context) (last int64, err error) {
	err = j.read(ctx, "SELECT coalesce(max(seq), 0) FROM record", nil, func(rows *sql.Rows) (bool, error) {
		return true, rows.Scan(&last)
	})
	return last, err
}

// RecordsAfter yields the records after the one with a number, up to those
// that were there when it was called, as [Journal.Records] does.
func (j *Journal) RecordsAfter(ctx context.Context, number int64) iter.Seq2[gepa.Record, error] {
	upTo, err := j.Last(ctx)
	return j.between(ctx, number, upTo, err)
}

// RecordAt returns the record with a number, from 1.
func (j *Journal) RecordAt(ctx context.Context, number int64) (gepa.Record, error) {
	last, err := j.Last(ctx)
	if err != nil {
		return gepa.Record{}, err
	}
	if number < 1 || number > last {
		return gepa.Record{}, fmt.Errorf("read journal %s: there is no record %d: it has %d", j.path, number, last)
	}
	page, err := j.page(ctx, number-1, number)
	if err != nil {
		return gepa.Record{}, err
	}
	return page[0], nil
}
