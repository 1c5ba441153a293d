package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gepa-go/gepa/store/internal/flock"
)

// lockSuffix is what a journal's lock file adds to its name. The lock is in a
// file of its own because closing any descriptor of the journal itself would
// drop the locks that SQLite holds on it.
const lockSuffix = ".lock"

// A held lock is tried again for a moment: [WriterOf] holds it while it looks.
const (
	lockTries = 20
	lockPause = 5 * time.Millisecond
)

// A lock is the writer's lock on a journal.
type lock struct {
	name string
	file *os.File
}

// acquire takes the writer's lock on the journal at path and writes down who
// took it. The operating system releases the lock when the file is closed or
// the process ends, so there is no such thing as a stale lock. A lock file that
// nobody has locked is left by a writer that did not come to close it.
//
// The one who holds the lock removes the file before giving it back. Another
// process may have opened the file by then, and would lock one that no third
// can find: so a lock counts only if the file is still at its place.
func acquire(ctx context.Context, path string) (*lock, error) {
	l := &lock{name: path + lockSuffix}
	for tries := 1; ; {
		f, err := os.OpenFile(l.name, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, fmt.Errorf("lock journal %s: %w: a journal's writer must be able to write to its folder", path, err)
		}
		l.file = f
		err = flock.Try(f)
		switch {
		case errors.Is(err, flock.ErrHeld):
			owner := readOwner(f)
			_ = f.Close() // nothing was written
			if tries++; tries > lockTries {
				return nil, &LockedError{Path: path, Owner: owner}
			}
			select {
			case <-time.After(lockPause):
			case <-ctx.Done():
				return nil, fmt.Errorf("lock journal %s: %w", path, ctx.Err())
			}
		case err != nil:
			_ = f.Close()
			return nil, fmt.Errorf("lock journal %s: %w: put the journal on a file system that supports locks", path, err)
		case !l.inPlace():
			_ = f.Close() // and take the one that is there now
		default:
			if err := writeOwner(f); err != nil {
				return nil, errors.Join(fmt.Errorf("lock journal %s: %w", path, err), f.Close())
			}
			return l, nil
		}
	}
}

// inPlace reports whether the open file is the one that its name leads to.
func (l *lock) inPlace() bool {
	mine, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(l.name)
	return err == nil && os.SameFile(mine, there)
}

// release gives the lock back.
func (l *lock) release() error {
	if !l.inPlace() || os.Remove(l.name) != nil {
		// Windows keeps open files. An empty one says that its writer closed it.
		_ = l.file.Truncate(0)
	}
	return l.file.Close()
}

// WriterState says what is known of a journal's last writer.
type WriterState int

// The states of a writer.
const (
	// WriterClosed: nobody writes, and the last one closed the journal.
	WriterClosed WriterState = iota
	// WriterActive: somebody has the journal open for writing.
	WriterActive
	// WriterDied: nobody writes, and the last one ended without closing the
	// journal: it was killed, or the machine stopped.
	WriterDied
)

// WriterOf says whether anybody writes to the journal at path, and who: the
// active writer, or the one that died. It changes nothing.
func WriterOf(path string) (WriterState, Owner, error) {
	path, err := locate(path, existing)
	if err != nil {
		return WriterClosed, Owner{}, err
	}
	f, err := os.Open(path + lockSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return WriterClosed, Owner{}, nil
	}
	if err != nil {
		return WriterClosed, Owner{}, fmt.Errorf("look at the lock of journal %s: %w", path, err)
	}
	defer func() { _ = f.Close() }() // it was read at most
	owner := readOwner(f)
	switch err := flock.TryShared(f); {
	case errors.Is(err, flock.ErrHeld):
		return WriterActive, owner, nil
	case err != nil:
		return WriterClosed, Owner{}, fmt.Errorf("look at the lock of journal %s: %w", path, err)
	case owner == Owner{}:
		return WriterClosed, Owner{}, nil
	}
	return WriterDied, owner, nil
}

func writeOwner(f *os.File) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	o := Owner{PID: os.Getpid(), Host: host, Program: filepath.Base(os.Args[0]), Since: time.Now().UTC().Truncate(time.Second)}
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(b, '\n'), 0)
	return err
}

// readOwner returns who wrote the lock file, or the zero Owner where that
// cannot be told.
func readOwner(f *os.File) Owner {
	var o Owner
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<16))
	if err != nil || json.Unmarshal(b, &o) != nil {
		return Owner{}
	}
	return o
}
