package flock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Locks on Windows keep others from reading what is locked, so the locked byte
// lies far behind all that a file may hold.
func try(f *os.File, exclusive bool) error {
	var how uint32 = windows.LOCKFILE_FAIL_IMMEDIATELY
	if exclusive {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	return err
}
