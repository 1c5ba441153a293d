package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// A CacheKey is the content address of an entry: a hash of everything that
// shaped it.
type CacheKey = [32]byte

// CacheOptions bound what a [Cache] keeps.
type CacheOptions struct {
	// MaxBytes bounds the size of the file. When it is reached, the oldest
	// entries make room. 0 means 1 GiB; a negative number sets no bound. The
	// write-ahead log beside the file adds a few megabytes while it is in use.
	MaxBytes int64
	// MaxAge is how long an entry is good for. 0 means for ever.
	MaxAge time.Duration
	// Now tells the time. Nil means [time.Now].
	Now func() time.Time
}

const defaultCacheBytes = 1 << 30

// The cache's errors, to be told apart with [errors.Is].
var (
	// ErrNotCache: the file is not a cache.
	ErrNotCache = errors.New("not a gepa cache")
	// ErrCacheCorrupt: what the cache holds is not what was written.
	ErrCacheCorrupt = errors.New("cache is damaged")
)

// A Cache keeps values by their content address in an SQLite file. It is safe
// for concurrent use, and several processes may share one file.
//
// It is a cache and not a record: commits are not synced, so that a power
// failure can cost the latest entries (never the file), and any entry may be
// dropped to make room. Whoever opened it must call [Cache.Close].
type Cache struct {
	path    string
	db      *sql.DB
	get     *sql.Stmt
	options CacheOptions

	mu         sync.Mutex
	gathering  *batch     // what the next commit will hold
	committing sync.Mutex // held by the one who commits
	sincePrune int64      // bytes written since the last look at the size; under committing
}

// batch is what one commit stores.
type batch struct {
	entries []cacheEntry
	done    chan struct{} // closed when err is set
	err     error
}

type cacheEntry struct {
	key  CacheKey
	data []byte
}

// OpenCache opens the cache at path and makes it, and its folder, if there is
// none. A file that is not a cache is [ErrNotCache], a damaged one
// [ErrCacheCorrupt]; the error says how to clear it.
func OpenCache(ctx context.Context, path string, o CacheOptions) (*Cache, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultCacheBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open cache %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil { //nolint:gosec // shared as the user's umask says
		return nil, fmt.Errorf("open cache %s: %w", path, err)
	}
	c := &Cache{path: path, options: o}
	c.db, err = pool(path, "mode=rwc&_synchronous=NORMAL&_pragma=auto_vacuum(2)")
	if err != nil {
		return nil, fmt.Errorf("open cache %s: %w", path, err)
	}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(c.explain("open", err), c.db.Close())
	}
	return c, nil
}

// prepare makes the file a cache, if it is blank, and checks that it is one.
func (c *Cache) prepare(ctx context.Context) error {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // goes back to the pool
	id, version, tables, err := header(ctx, conn)
	if err != nil {
		return err
	}
	if id == 0 && version == 0 && tables == 0 {
		if err := c.create(ctx, conn); err != nil {
			return err
		}
	} else if err := knownCache(id, version); err != nil {
		return err
	}
	c.get, err = c.db.PrepareContext(ctx, "SELECT at, sum, data FROM entry WHERE key = ?")
	return err
}

func knownCache(id, version int64) error {
	switch {
	case id != cacheApplicationID:
		return fmt.Errorf("%w: it is an SQLite database of another kind; check the path", ErrNotCache)
	case version != cacheVersion:
		return fmt.Errorf("%w: it has format %d and this program knows %d; delete the file or choose another path", ErrNotCache, version, cacheVersion)
	}
	return nil
}

// The marks by which a cache's file is known.
const (
	cacheApplicationID = 0x47455043 // "GEPC"
	cacheVersion       = 1
)

// Entries are in the order in which they were stored, so that the oldest are
// found without an index.
const cacheSchema = `
CREATE TABLE entry (
	id   INTEGER PRIMARY KEY,
	key  BLOB    NOT NULL UNIQUE,
	at   INTEGER NOT NULL,
	sum  INTEGER NOT NULL,
	data BLOB    NOT NULL
) STRICT;
`

func (c *Cache) create(ctx context.Context, conn *sql.Conn) error {
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file system does not support write-ahead logging (SQLite offers %q): put the cache on a local disk", mode)
	}
	return within(ctx, conn, func() error {
		id, version, tables, err := header(ctx, conn)
		if err != nil {
			return err
		}
		if tables > 0 { // another process was quicker
			return knownCache(id, version)
		}
		_, err = conn.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA application_id=%d; PRAGMA user_version=%d;", cacheSchema, cacheApplicationID, cacheVersion))
		return err
	})
}

// within runs fn in a transaction that writes.
func within(ctx context.Context, conn *sql.Conn, fn func() error) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := fn()
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// It fails where SQLite has rolled back already.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

// Path returns the absolute path of the cache's file.
func (c *Cache) Path() string { return c.path }

// Get returns the value stored under a key, and whether there is one that is
// not too old. The value is the caller's.
func (c *Cache) Get(ctx context.Context, key CacheKey) (value []byte, found bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	// It takes microseconds, and watching a context takes as long again.
	row := c.get.QueryRowContext(context.WithoutCancel(ctx), key[:])
	var at, sum int64
	switch err := row.Scan(&at, &sum, &value); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, c.explain("read", err)
	case sum != cacheSum(key, value):
		return nil, false, c.explain("read", fmt.Errorf("%w: entry %x is not what was written", ErrCacheCorrupt, key[:4]))
	case c.options.MaxAge > 0 && at < c.oldest():
		return nil, false, nil
	}
	return value, true, nil
}

func cacheSum(key CacheKey, value []byte) int64 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return int64(crc32.Update(crc32.Checksum(key[:], table), table, value))
}

// oldest returns the time, in seconds, from which entries are young enough.
func (c *Cache) oldest() int64 { return c.options.Now().Add(-c.options.MaxAge).Unix() }

// Put stores a value under a key, in place of any before it, and returns when
// other processes can see it. Values that are stored at the same time share a
// commit. Put keeps neither key nor value; ctx bounds nothing once the commit
// has begun.
func (c *Cache) Put(ctx context.Context, key CacheKey, value []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write cache %s: %w", c.path, err)
	}
	c.mu.Lock()
	b, first := c.gathering, false
	if b == nil {
		b, first = &batch{done: make(chan struct{})}, true
		c.gathering = b
	}
	b.entries = append(b.entries, cacheEntry{key, value})
	c.mu.Unlock()
	if first {
		// While the commit before this one runs, others join the batch.
		c.committing.Lock()
		c.mu.Lock()
		c.gathering = nil
		c.mu.Unlock()
		b.err = c.explain("write", c.commit(context.WithoutCancel(ctx), b.entries))
		c.committing.Unlock()
		close(b.done)
	}
	<-b.done
	return b.err
}

// commit stores a batch in one transaction.
func (c *Cache) commit(ctx context.Context, entries []cacheEntry) error {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // goes back to the pool
	now := c.options.Now().Unix()
	err = within(ctx, conn, func() error {
		insert, err := conn.PrepareContext(ctx, "INSERT OR REPLACE INTO entry (key, at, sum, data) VALUES (?, ?, ?, ?)")
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }() // a statement that ran
		for _, e := range entries {
			if _, err := insert.ExecContext(ctx, e.key[:], now, cacheSum(e.key, e.data), e.data); err != nil {
				return err
			}
			c.sincePrune += int64(len(e.data))
		}
		return nil
	})
	if err != nil || c.options.MaxBytes < 0 || c.sincePrune < c.options.MaxBytes/32 {
		return err
	}
	_, err = c.makeRoom(ctx, conn)
	return err
}

// CacheStats describe what a cache holds.
type CacheStats struct {
	// Entries is the number of values, those that are too old included.
	Entries int64 `json:"entries"`
	// Bytes is the size of the file, less what is free in it.
	Bytes int64 `json:"bytes"`
	// Oldest and Newest are when the first and the last value were stored;
	// zero if there is none.
	Oldest time.Time `json:"oldest,omitzero"`
	Newest time.Time `json:"newest,omitzero"`
}

// Stats counts what the cache holds.
func (c *Cache) Stats(ctx context.Context) (CacheStats, error) {
	var s CacheStats
	var oldest, newest sql.NullInt64
	err := c.db.QueryRowContext(ctx, "SELECT count(*), min(at), max(at) FROM entry").Scan(&s.Entries, &oldest, &newest)
	if err == nil {
		s.Bytes, err = usedBytes(ctx, c.db)
	}
	if oldest.Valid {
		s.Oldest, s.Newest = time.Unix(oldest.Int64, 0).UTC(), time.Unix(newest.Int64, 0).UTC()
	}
	return s, c.explain("read", err)
}

func usedBytes(ctx context.Context, q queryer) (n int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size").Scan(&n)
	return n, err
}

// Prune removes what is too old and, if the file is too large, the oldest
// entries besides, and gives the space back. It returns how many it removed.
func (c *Cache) Prune(ctx context.Context) (removed int64, err error) {
	err = c.exclusively(ctx, func(conn *sql.Conn) (err error) {
		removed, err = c.makeRoom(ctx, conn)
		return err
	})
	return removed, err
}

// Clear removes every entry and gives the space back.
func (c *Cache) Clear(ctx context.Context) error {
	return c.exclusively(ctx, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "DELETE FROM entry"); err != nil {
			return err
		}
		return vacuum(ctx, conn)
	})
}

func (c *Cache) exclusively(ctx context.Context, fn func(*sql.Conn) error) error {
	c.committing.Lock()
	defer c.committing.Unlock()
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return c.explain("prune", err)
	}
	defer func() { _ = conn.Close() }() // goes back to the pool
	return c.explain("prune", fn(conn))
}

// pruneStep is how many entries are removed at once, so that other processes
// get their turn in between.
const pruneStep = 256

// makeRoom removes what is too old, and the oldest of what is too much, down
// to a sixteenth below the bound.
func (c *Cache) makeRoom(ctx context.Context, conn *sql.Conn) (removed int64, err error) {
	c.sincePrune = 0
	remove := func(step int, before int64) (int64, error) {
		const query = "DELETE FROM entry WHERE id IN (SELECT id FROM entry ORDER BY id LIMIT ?) AND at < ?"
		res, err := conn.ExecContext(ctx, query, step, before)
		if err != nil {
			return 0, err
		}
		n, err := res.RowsAffected()
		removed += n
		return n, err
	}
	for c.options.MaxAge > 0 {
		if n, err := remove(pruneStep, c.oldest()); err != nil || n == 0 {
			if err != nil {
				return removed, err
			}
			break
		}
	}
	used, err := usedBytes(ctx, conn)
	for tooMuch := c.options.MaxBytes >= 0 && used > c.options.MaxBytes; err == nil && tooMuch; {
		var entries, n int64
		if err = conn.QueryRowContext(ctx, "SELECT count(*) FROM entry").Scan(&entries); err != nil {
			break
		}
		n, err = remove(int(min(pruneStep, max(1, entries/16))), math.MaxInt64)
		if err == nil {
			used, err = usedBytes(ctx, conn)
		}
		tooMuch = n > 0 && used > c.options.MaxBytes-c.options.MaxBytes/16
	}
	if err == nil && removed > 0 {
		err = vacuum(ctx, conn)
	}
	return removed, err
}

// vacuum gives the free pages at the end of the file back.
func vacuum(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "PRAGMA incremental_vacuum")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // nothing is left to fail
	for rows.Next() {                   // a step gives back a page
		continue
	}
	return rows.Err()
}

// Close closes the cache. It must not be used any more.
func (c *Cache) Close() error {
	return errors.Join(c.get.Close(), c.db.Close())
}

// RemoveCache deletes the cache at path, also a damaged one that cannot be
// opened. It does not touch a file that is no cache ([ErrNotCache]) and finds
// nothing wrong with one that is missing.
func RemoveCache(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clear cache: %w", err)
	}
	mark := make([]byte, 4)
	_, err = f.ReadAt(mark, 68) // SQLite's application id
	if err := errors.Join(err, f.Close()); err != nil || [4]byte(mark) != [4]byte([]byte("GEPC")) {
		return fmt.Errorf("clear cache %s: %w: check the path; if it is the right one, delete the file yourself", path, ErrNotCache)
	}
	for _, name := range []string{path + "-wal", path + "-shm", path} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear cache: %w", err)
		}
	}
	return nil
}

// explain puts a failure in words: what was being done, to which file and what
// to do next.
func (c *Cache) explain(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	clearing := fmt.Sprintf("clear it: gepa cache clear, or delete %s (and -wal and -shm beside it)", c.path)
	switch code := primaryCode(err); {
	case errors.Is(err, ErrCacheCorrupt):
		return fmt.Errorf("%s cache %s: %w: %s", doing, c.path, err, clearing)
	case code == sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%s cache %s: %w: %w: %s", doing, c.path, ErrCacheCorrupt, err, clearing)
	case code == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%s cache %s: %w: %w: check the path; if it is the right one, delete the file", doing, c.path, ErrNotCache, err)
	}
	return fmt.Errorf("%s cache %s: %w%s", doing, c.path, err, remedyOf(err))
}
