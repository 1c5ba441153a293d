// Package flock takes the operating system's locks on files. They end with the
// open file that took them, and so with its process at the latest.
package flock

import (
	"errors"
	"os"
)

// ErrHeld says that somebody else holds the lock.
var ErrHeld = errors.New("lock is held")

// Try takes an exclusive lock on an open file without waiting. The lock belongs
// to the open file and not to the process, so it also keeps out others in the
// same process. It does not keep anybody from reading the file. The error is
// [ErrHeld] if another open file has it, and the system's own where locks do
// not work.
func Try(f *os.File) error { return try(f, true) }

// TryShared takes a lock that any number of open files may have at once, while
// none has an exclusive one. It is for finding out whether one has.
func TryShared(f *os.File) error { return try(f, false) }
