package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gepa-go/gepa/store/internal/flock"
)

// lockSuffix is what a journal's lock file adds to its name. The lock is in a
// file of its own because closing any descriptor of the journal itself would
// drop the locks that SQLite holds on it.
const lockSuffix = ".lock"

// acquire takes the writer's lock on the journal at path and writes down who
// took it. The operating system releases the lock when the file is closed or
// the process ends, so there is no such thing as a stale lock; the file itself
// stays, because removing it would let two processes lock two different files.
func acquire(path string) (*os.File, error) {
	name := path + lockSuffix
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock journal %s: %w: a journal's writer must be able to write to its folder", path, err)
	}
	if err := flock.Try(f); err != nil {
		owner := readOwner(f)
		_ = f.Close() // nothing was written
		if errors.Is(err, flock.ErrHeld) {
			return nil, &LockedError{Path: path, Owner: owner}
		}
		return nil, fmt.Errorf("lock journal %s: %w: put the journal on a file system that supports locks", path, err)
	}
	if err := writeOwner(f); err != nil {
		return nil, errors.Join(fmt.Errorf("lock journal %s: %w", path, err), f.Close())
	}
	return f, nil
}

// release gives the lock back.
func release(f *os.File) error {
	// The owner's name is for people; that it could not be erased harms nobody.
	_ = f.Truncate(0)
	return f.Close()
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
