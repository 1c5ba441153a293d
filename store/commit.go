package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gepa-go/gepa"
)

// maxGroup bounds how many requests share a commit, so that the first of them
// does not wait for an endless stream of others.
const maxGroup = 1024

// A request is what one call wants stored, all or nothing.
type request struct {
	entries []entry
	meta    map[string]string // in place of entries
	// done receives the outcome, once.
	done chan error
}

// An entry is a record with its data as it is to be stored.
type entry struct {
	*gepa.Record
	packed
}

// A writer owns the one connection that writes. A single goroutine takes
// requests, as many as are waiting, and commits them in one transaction.
type writer struct {
	path     string
	format   int64
	conn     *sql.Conn
	do       statements
	last     int64 // seq of the last record
	known    identities
	broken   error // set when nothing more may be written
	requests chan *request
	quit     chan struct{} // closed to end run
	ended    chan struct{} // closed by run
	stopOnce sync.Once
	commit   func() error // replaced by tests that need a failing disk
}

func newWriter(ctx context.Context, db *sql.DB, path string) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, explain("open", path, err)
	}
	format, err := prepare(ctx, conn, path)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w := &writer{
		path:     path,
		format:   format,
		conn:     conn,
		requests: make(chan *request), // unbuffered: what was sent is taken
		quit:     make(chan struct{}),
		ended:    make(chan struct{}),
	}
	w.commit = func() error { return w.raw(func() error { return w.do.commit.run() }) }
	if err := w.load(ctx, db); err != nil {
		return nil, errors.Join(explain("open", path, err), conn.Close())
	}
	return w, nil
}

// load reads what the writer must know of the records that are there, and
// prepares its statements.
func (w *writer) load(ctx context.Context, db *sql.DB) error {
	err := w.conn.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM record").Scan(&w.last)
	if err != nil {
		return err
	}
	if w.known, err = knownResults(ctx, db); err != nil {
		return err
	}
	return w.conn.Raw(func(conn any) error {
		w.do, err = prepareStatements(ctx, conn, w.format)
		return err
	})
}

// submit hands a request to the writer and waits for its outcome.
func (j *Journal) submit(ctx context.Context, r *request) error {
	w := j.writer
	if w == nil {
		return fmt.Errorf("append to journal %s: %w: open it for writing", j.path, ErrReadOnly)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("append to journal %s: %w", j.path, ctx.Err())
	}
	select {
	case <-w.quit:
		return fmt.Errorf("append to journal %s: %w", j.path, ErrClosed)
	default:
	}
	r.done = make(chan error, 1)
	select {
	case w.requests <- r:
		return <-r.done
	case <-ctx.Done():
		return fmt.Errorf("append to journal %s: %w", j.path, ctx.Err())
	case <-w.quit:
		return fmt.Errorf("append to journal %s: %w", j.path, ErrClosed)
	}
}

// run serves requests until stop is called.
func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case r := <-w.requests:
			w.serve(w.gather(r))
		case <-w.quit:
			return
		}
	}
}

// gather returns the request and all others that are waiting.
func (w *writer) gather(first *request) []*request {
	group := []*request{first}
	for len(group) < maxGroup {
		select {
		case r := <-w.requests:
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

// serve stores a group and tells everyone in it the outcome. If a group fails
// with nothing stored, its members are tried one by one, so that nobody fails
// for another's sake.
func (w *writer) serve(group []*request) {
	err := w.broken
	if err == nil {
		err = w.transact(group)
	}
	switch {
	case errors.Is(err, ErrBroken):
		w.broken = err
	case err != nil && len(group) > 1:
		for i := range group {
			w.serve(group[i : i+1])
		}
		return
	}
	for _, r := range group {
		r.done <- err
	}
}

// transact stores a group in one transaction.
func (w *writer) transact(group []*request) error {
	if err := w.raw(func() error { return w.do.begin.run() }); err != nil {
		return explain(appending, w.path, err)
	}
	last, err := w.last, error(nil)
	var fresh []identity // known only if the transaction succeeds
	err = w.raw(func() error {
		for _, r := range group {
			if fresh, last, err = w.apply(r, fresh, last); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = w.commit()
		if err != nil && primaryCode(err) != sqlite3.SQLITE_FULL && primaryCode(err) != sqlite3.SQLITE_BUSY {
			// After a failed sync nobody knows what is on the disk, and trying
			// again would pretend that it is known.
			err = fmt.Errorf("%w: %w", ErrBroken, err)
		}
	}
	if err != nil {
		w.known.forget(fresh)
		// SQLite may have rolled back already, which makes this fail. If the
		// transaction is still open, the next BEGIN says so.
		_ = w.exec("ROLLBACK")
		return explain(appending, w.path, err)
	}
	w.last = last
	return nil
}

// apply stores one request within a transaction. It returns the number of the
// then last record, and fresh with the identities that are new.
func (w *writer) apply(r *request, fresh []identity, last int64) ([]identity, int64, error) {
	for name, value := range r.meta {
		if err := w.do.meta.run(name, value); err != nil {
			return fresh, last, err
		}
	}
	for _, rec := range r.entries {
		if rec.Key != "" {
			id := identityOf(rec.Kind, rec.Key)
			if !w.known.add(id) {
				continue // a result that is there already
			}
			fresh = append(fresh, id)
		}
		at := stamp(rec.At).Format(time.RFC3339Nano)
		sum := int64(checksum(last+1, rec.Record, at))
		values := []driver.Value{last + 1, rec.Kind, rec.Key, at, sum, rec.data, int64(rec.size)}
		if w.format == formatPlain {
			values = values[:len(values)-1]
		}
		if err := w.do.insert.run(values...); err != nil {
			return fresh, last, err
		}
		last++
	}
	return fresh, last, nil
}

// raw calls f while nobody else uses the connection, with the driver's own
// statements: a journal runs few of them, very often.
func (w *writer) raw(f func() error) error { return w.conn.Raw(func(any) error { return f() }) }

// exec runs a statement without arguments. A commit is never interrupted, so
// there is no context.
func (w *writer) exec(statement string) error {
	_, err := w.conn.ExecContext(context.Background(), statement)
	return err
}

// stop ends run and waits for the commit in progress.
func (w *writer) stop() {
	w.stopOnce.Do(func() { close(w.quit) })
	<-w.ended
}

// close gives the connection back; run must have ended.
func (w *writer) close() error {
	return errors.Join(w.raw(w.do.close), w.conn.Close())
}
