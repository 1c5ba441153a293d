package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
)

// Names of metadata that tools understand. Any other name may be used beside
// them.
const (
	// MetaCreated is when the journal was made, in RFC 3339; set by the store.
	MetaCreated = "created"
	// MetaRunID is the run's name.
	MetaRunID = "run_id"
	// MetaCommand is the command line that started the run.
	MetaCommand = "command"
)

// A Journal is a [gepa.Journal] in an SQLite file; see [Create], [Open] and
// [OpenReadOnly]. It is safe for concurrent use. Whoever opened it must call
// [Journal.Close].
type Journal struct {
	path   string
	db     *sql.DB
	format int64
	writer *writer // nil if read-only
	lock   *lock   // nil if read-only
	packer packer

	// use is held for reading while the file is being read, so that Close
	// waits for that.
	use      sync.RWMutex
	closed   bool
	closeErr error
}

var _ gepa.Journal = (*Journal)(nil)

// Path returns the absolute path of the journal's file.
func (j *Journal) Path() string { return j.path }

// Append adds records as [gepa.Journal] says: all or none of one call, in
// order, durable when it returns nil.
//
// Records of calls that wait at the same time are committed together. The
// context bounds the wait for the commit to begin and not the commit itself,
// so what an error means is certain: if it is the context's, [ErrClosed] or
// [ErrReadOnly], if a record is invalid, or if the disk is full, then nothing
// of the call was stored. Only after [ErrBroken] the outcome is unknown;
// reopening the journal settles it.
//
// Append does not keep or change the records. Kind must not be empty, Kind and
// Key must be UTF-8 text without NUL, and Data must be valid JSON in UTF-8. At
// is stored in UTC with nanoseconds.
func (j *Journal) Append(ctx context.Context, records ...gepa.Record) error {
	if err := check(records); err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	return j.submit(ctx, &request{entries: j.packer.entries(records, j.format)})
}

// SetMeta stores values under names, in place of any before them: all or none,
// with the same promises as [Journal.Append].
func (j *Journal) SetMeta(ctx context.Context, values map[string]string) error {
	for name, value := range values {
		if name == "" || !plain(name) || !plain(value) {
			return fmt.Errorf("journal %s: metadata %q: name and value must be UTF-8 text and the name not empty", j.path, name)
		}
	}
	return j.submit(ctx, &request{meta: values})
}

// Meta returns all metadata by name.
func (j *Journal) Meta(ctx context.Context) (map[string]string, error) {
	meta := map[string]string{}
	err := j.read(ctx, "SELECT name, value FROM meta", nil, func(rows *sql.Rows) (bool, error) {
		var name, value string
		err := rows.Scan(&name, &value)
		meta[name] = value
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return meta, nil
}

// A page of records is read at once, so that neither a slow consumer holds up
// the writer's checkpoints nor a long journal fills the memory.
const (
	pageRecords = 512
	pageBytes   = 1 << 20
)

// Records yields the records as [gepa.Journal] says. It reads them in pages of
// about a megabyte, checks each against its checksum, and may be used while
// appending, even from within the loop. Damage is [ErrCorrupt], reported
// instead of the first record that is not what was written.
func (j *Journal) Records(ctx context.Context) iter.Seq2[gepa.Record, error] {
	upTo, err := j.lastSeq(ctx)
	return j.between(ctx, 0, upTo, err)
}

// between yields the records after one number and up to another, or only the
// error by which these could not be told.
func (j *Journal) between(ctx context.Context, after, upTo int64, lastErr error) iter.Seq2[gepa.Record, error] {
	return func(yield func(gepa.Record, error) bool) {
		if lastErr != nil {
			yield(gepa.Record{}, lastErr)
			return
		}
		for after := after; after < upTo; {
			page, err := j.page(ctx, after, upTo)
			for _, r := range page {
				if ctxErr := ctx.Err(); ctxErr != nil {
					page, err = nil, fmt.Errorf("read journal %s: %w", j.path, ctxErr)
					break
				}
				if !yield(r, nil) {
					return
				}
			}
			if err != nil {
				yield(gepa.Record{}, err)
				return
			}
			after += int64(len(page))
		}
	}
}

// Len returns the number of records.
func (j *Journal) Len(ctx context.Context) (int, error) {
	n, err := j.lastSeq(ctx)
	return int(n), err
}

// lastSeq returns the number of the last record. Damage can make a number
// smaller; the records are as many as the last one's number says.
func (j *Journal) lastSeq(ctx context.Context) (last int64, err error) {
	err = j.read(ctx, "SELECT max(count(*), coalesce(max(seq), 0)) FROM record", nil, func(rows *sql.Rows) (bool, error) {
		return true, rows.Scan(&last)
	})
	return last, err
}

// page reads some of the records after one number and up to another; at least
// one, or there is an error. With an error it returns the good records before.
func (j *Journal) page(ctx context.Context, after, upTo int64) (page []gepa.Record, err error) {
	size := "size"
	if j.format == formatPlain {
		size = "0"
	}
	query := "SELECT seq, kind, key, at, sum, " + size + ", data FROM record WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
	var unpack unpacker
	bytes := 0
	err = j.read(ctx, query, []any{after, upTo, pageRecords}, func(rows *sql.Rows) (bool, error) {
		var (
			r              gepa.Record
			seq, sum, size int64
			at             string
			data           []byte
		)
		if err := rows.Scan(&seq, &r.Kind, &r.Key, &at, &sum, &size, &data); err != nil {
			return false, fmt.Errorf("%w: record %d: %w", ErrCorrupt, after+int64(len(page))+1, err)
		}
		want := after + int64(len(page)) + 1
		if seq != want {
			return false, fmt.Errorf("%w: record %d is missing; restore the file from a copy", ErrCorrupt, want)
		}
		r.Data, err = unpack.unpack(data, size)
		if err != nil || int64(checksum(seq, &r, at)) != sum {
			return false, fmt.Errorf("%w: record %d is not what was written; restore the file from a copy", ErrCorrupt, seq)
		}
		if r.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return false, fmt.Errorf("%w: record %d: %w", ErrCorrupt, seq, err)
		}
		page = append(page, r)
		bytes += len(r.Data)
		return bytes < pageBytes, nil
	})
	if err == nil && len(page) == 0 {
		err = fmt.Errorf("read journal %s: %w: record %d is missing; restore the file from a copy", j.path, ErrCorrupt, after+1)
	}
	return page, err
}

// read runs a query and calls each for its rows until it returns false.
func (j *Journal) read(ctx context.Context, query string, args []any, each func(*sql.Rows) (more bool, err error)) (err error) {
	j.use.RLock()
	defer j.use.RUnlock()
	if j.closed {
		return fmt.Errorf("read journal %s: %w", j.path, ErrClosed)
	}
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("read journal %s: %w", j.path, ctx.Err())
		}
	}()
	rows, err := j.db.QueryContext(ctx, query, args...)
	if err != nil {
		return explain("read", j.path, err)
	}
	defer func() { err = errors.Join(err, explain("read", j.path, rows.Close())) }()
	for rows.Next() {
		more, err := each(rows)
		if err != nil {
			return fmt.Errorf("read journal %s: %w", j.path, err)
		}
		if !more {
			return nil
		}
	}
	return explain("read", j.path, rows.Err())
}

// Close waits for commits and reads in progress, brings the file into one
// piece where no other reader is in the way, and gives the lock back. Appends
// that are still waiting fail with [ErrClosed]. Closing again does nothing and
// returns the same error.
func (j *Journal) Close() error {
	if j.writer != nil {
		j.writer.stop()
	}
	j.use.Lock()
	defer j.use.Unlock()
	if j.closed {
		return j.closeErr
	}
	j.closed = true
	var errs []error
	if j.writer != nil {
		errs = append(errs, j.writer.close())
	}
	errs = append(errs, j.db.Close())
	if j.lock != nil {
		errs = append(errs, j.lock.release())
	}
	if err := errors.Join(errs...); err != nil {
		j.closeErr = fmt.Errorf("close journal %s: %w", j.path, err)
	}
	return j.closeErr
}
