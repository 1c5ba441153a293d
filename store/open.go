package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The marks by which a file is known, in SQLite's own header fields.
const (
	applicationID = 0x47455041 // "GEPA"
	formatVersion = 3          // user_version
	formatPlain   = 1          // the format before data was packed
)

// pageSize holds most rollouts, packed, in one page.
const pageSize = 16384

// busyTimeout is how long a statement waits for another connection's short
// locks (a checkpoint, a recovery) before it fails.
const busyTimeout = 10 * time.Second

// schema is format 3; docs/formats/journal.md explains it. Files of earlier
// formats are read and continued as they are: format 2 has an index over kind
// and key, and the records of format 1 have no size and are never packed.
const schema = `
CREATE TABLE meta (
	name  TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE record (
	seq  INTEGER PRIMARY KEY,
	kind TEXT    NOT NULL,
	key  TEXT    NOT NULL,
	at   TEXT    NOT NULL,
	sum  INTEGER NOT NULL,
	size INTEGER NOT NULL,
	data ANY     NOT NULL
) STRICT;
`

// Create makes a new journal at path and opens it for writing. The folder must
// exist and the file must not ([io/fs.ErrExist]).
func Create(ctx context.Context, path string) (*Journal, error) {
	return openWriter(ctx, path, create)
}

// Open opens an existing journal for writing, as the only writer: while
// another has it, the error is a [LockedError].
func Open(ctx context.Context, path string) (*Journal, error) {
	return openWriter(ctx, path, existing)
}

// OpenOrCreate opens the journal at path for writing and makes it first if
// there is none. It is for programs that go on where they stopped.
func OpenOrCreate(ctx context.Context, path string) (*Journal, error) {
	return openWriter(ctx, path, either)
}

// OpenReadOnly opens an existing journal for reading. It needs no lock: a
// writer may be at work, and what it appends is seen by the next call of
// [Journal.Records].
func OpenReadOnly(ctx context.Context, path string) (*Journal, error) {
	path, err := locate(path, existing)
	if err != nil {
		return nil, err
	}
	j, err := openReader(ctx, path, "mode=rw&_query_only=1")
	if err == nil || !cannotOpen(err) {
		return j, err
	}
	// SQLite wants to write its shared-memory index even to read. Where the
	// folder forbids it and no write-ahead log is there to be indexed, the
	// file alone is the whole truth and cannot change under us.
	if _, statErr := os.Stat(path + "-wal"); !errors.Is(statErr, fs.ErrNotExist) {
		return nil, err
	}
	return openReader(ctx, path, "mode=ro&immutable=1&_query_only=1")
}

// presence says whether a file must be there.
type presence int

const (
	existing presence = iota
	create
	either
)

// locate returns the absolute path of the journal's file with links followed,
// so that one file has one lock, and checks that it is there or not.
func locate(path string, want presence) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("open journal %s: %w", path, err)
	}
	if target, err := filepath.EvalSymlinks(abs); err == nil {
		abs = target
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	} else if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("open journal %s: %w: its folder does not exist; create it first", path, fs.ErrNotExist)
	}
	info, err := os.Stat(abs)
	switch {
	case err == nil && info.IsDir():
		return "", fmt.Errorf("open journal %s: it is a folder: give the path of the file in it: %w", path, ErrNotJournal)
	case err == nil && want == create:
		return "", fmt.Errorf("create journal %s: %w: open it to go on with it, or choose another path", path, fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist) && want == existing:
		return "", fmt.Errorf("open journal %s: %w: check the path", path, fs.ErrNotExist)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("open journal %s: %w", path, err)
	}
	return abs, nil
}

func openReader(ctx context.Context, path, parameters string) (*Journal, error) {
	db, err := connect(path, parameters)
	if err != nil {
		return nil, err
	}
	format, err := identify(ctx, db, path)
	if err == nil && format == 0 {
		err = fmt.Errorf("open journal %s: %w: the file is empty; its making was perhaps interrupted, so start the run again", path, ErrNotJournal)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Journal{path: path, db: db, format: format}, nil
}

func openWriter(ctx context.Context, path string, want presence) (_ *Journal, err error) {
	path, err = locate(path, want)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err == nil {
		// Look before leaving a lock file beside something that is no journal.
		if err := inspect(ctx, path); err != nil {
			return nil, err
		}
	}
	lock, err := acquire(ctx, path)
	if err != nil {
		return nil, err
	}
	if want == create {
		// Somebody may have made it since, and closed it already.
		if _, err := locate(path, create); err != nil {
			return nil, errors.Join(err, lock.release())
		}
	}
	db, err := connect(path, "mode=rwc")
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	w, err := newWriter(ctx, db, path)
	if err != nil {
		return nil, errors.Join(err, db.Close(), lock.release())
	}
	go w.run()
	return &Journal{path: path, db: db, format: w.format, writer: w, lock: lock}, nil
}

// inspect returns an error if the file at path is not for us to write.
func inspect(ctx context.Context, path string) error {
	db, err := connect(path, "mode=rw&_query_only=1")
	if err != nil {
		return err
	}
	_, err = identify(ctx, db, path)
	return errors.Join(err, db.Close())
}

// connect returns a pool of connections to the file at path. One connection is
// the writer's; the others read, a page of records at a time.
func connect(path, parameters string) (*sql.DB, error) {
	db, err := pool(path, parameters+"&_synchronous=FULL")
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	return db, nil
}

// pool returns connections to the SQLite file at path.
func pool(path, parameters string) (*sql.DB, error) {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // a Windows drive
	}
	dsn := fmt.Sprintf("file:%s?%s&_busy_timeout=%d&_dqs=0&_error_rc=1&_pragma=trusted_schema(0)",
		(&url.URL{Path: p}).EscapedPath(), parameters, busyTimeout.Milliseconds())
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	return db, nil
}

// queryer is what [sql.DB] and [sql.Conn] have in common here.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// header reads the marks by which a file is known, and the number of tables.
func header(ctx context.Context, db queryer) (id, version, tables int64, err error) {
	const query = "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)"
	err = db.QueryRowContext(ctx, query).Scan(&id, &version, &tables)
	return id, version, tables, err
}

// identify checks that the file is a journal of a format this program knows
// and returns that format. It is 0 for a blank file: an SQLite file in which
// nothing has been made yet.
func identify(ctx context.Context, db queryer, path string) (format int64, err error) {
	id, version, tables, err := header(ctx, db)
	if err != nil {
		return 0, explain("open", path, err)
	}
	switch {
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != applicationID:
		return 0, fmt.Errorf("open journal %s: %w: it is an SQLite database of another program; check the path", path, ErrNotJournal)
	case version > formatVersion:
		return 0, fmt.Errorf("open journal %s: %w: the file has format %d and this program knows up to %d; update gepa",
			path, ErrNewer, version, formatVersion)
	case version < 1:
		return 0, fmt.Errorf("open journal %s: %w: format %d has never existed; restore the file from a copy", path, ErrCorrupt, version)
	}
	return version, whole(ctx, db, path)
}

// whole returns an error if the file was cut off within a page. SQLite fills
// such a page up with zeros and may take them for records; a file that is
// shorter by whole pages it finds itself. With a write-ahead log a half page is
// nothing to worry about: the log has it.
func whole(ctx context.Context, db queryer, path string) error {
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return nil
	}
	var page int64
	if err := db.QueryRowContext(ctx, "PRAGMA page_size").Scan(&page); err != nil {
		return explain("open", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("open journal %s: %w", path, err)
	}
	if page > 0 && info.Size()%page != 0 {
		return fmt.Errorf("open journal %s: %w: the file is cut off at %d bytes; restore it from a copy", path, ErrCorrupt, info.Size())
	}
	return nil
}

// prepare makes the connection durable and the file a journal, if it is blank.
// It returns the file's format.
func prepare(ctx context.Context, conn *sql.Conn, path string) (format int64, err error) {
	// The size of a new file's pages; that of one that is there stays.
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA page_size=%d", pageSize)); err != nil {
		return 0, explain("open", path, err)
	}
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return 0, explain("open", path, err)
	}
	if mode != "wal" {
		return 0, fmt.Errorf("open journal %s: the file system does not support write-ahead logging (SQLite offers %q): put the journal on a local disk", path, mode)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return 0, explain("open", path, err)
	}
	format, err = identify(ctx, conn, path)
	if err == nil && format == 0 {
		format = formatVersion
		_, err = conn.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA application_id=%d; PRAGMA user_version=%d;", schema, applicationID, formatVersion))
		if err == nil {
			_, err = conn.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES (?, ?)", MetaCreated, time.Now().UTC().Format(time.RFC3339))
		}
	}
	if err == nil {
		// BEGIN does not mind a file that may only be read; a write does, even
		// one that finds nothing to do.
		_, err = conn.ExecContext(ctx, "DELETE FROM meta WHERE name = ''")
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	return format, explain("open", path, err) // on failure the caller drops the connection and with it the transaction
}

// cannotOpen reports whether SQLite could not get at a file it needs.
func cannotOpen(err error) bool {
	switch primaryCode(err) {
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return true
	}
	return false
}

// primaryCode returns SQLite's result code in err, or 0.
func primaryCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// appending is what a writer is doing, in errors.
const appending = "append to"

// explain puts SQLite's failures in words: what was being done, to which file
// and what to do next.
func explain(doing, path string, err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{ErrNotJournal, ErrNewer, ErrCorrupt, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return err
		}
	}
	var kind error
	var remedy string
	switch primaryCode(err) {
	case sqlite3.SQLITE_NOTADB:
		kind, remedy = ErrNotJournal, "check the path"
	case sqlite3.SQLITE_CORRUPT:
		kind, remedy = ErrCorrupt, "restore the file from a copy"
	case sqlite3.SQLITE_ERROR:
		// What we ask is always the same: it fails if the file is not of the
		// form that its marks promise. Within a transaction there are other
		// reasons.
		if doing != appending {
			kind, remedy = ErrCorrupt, "restore the file from a copy"
		}
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		kind, remedy = fs.ErrPermission, "make the file and its folder writable"
	}
	if kind != nil {
		return fmt.Errorf("%s journal %s: %w: %w: %s", doing, path, kind, err, remedy)
	}
	return fmt.Errorf("%s journal %s: %w%s", doing, path, err, remedyOf(err))
}

// remedyOf returns ": " and what to do about an SQLite failure that is not
// about the content of the file; "" if nothing is known.
func remedyOf(err error) string {
	switch primaryCode(err) {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return ": make the file and its folder writable"
	case sqlite3.SQLITE_FULL:
		return ": free some space on the disk; nothing was stored"
	case sqlite3.SQLITE_BUSY:
		return ": another program holds the file; close it"
	case sqlite3.SQLITE_IOERR:
		return ": check the disk"
	}
	return ""
}
