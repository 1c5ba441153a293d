package store

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers can tell apart with [errors.Is]. Besides these, a file
// that is missing gives [io/fs.ErrNotExist], one that is in the way
// [io/fs.ErrExist], and one that may not be touched [io/fs.ErrPermission].
var (
	// ErrLocked: another writer has the journal; see [LockedError].
	ErrLocked = errors.New("journal is in use")
	// ErrNotJournal: the file is not a journal.
	ErrNotJournal = errors.New("not a gepa journal")
	// ErrNewer: the journal was written by a newer version of this module.
	ErrNewer = errors.New("journal format is newer than this program")
	// ErrReadOnly: the journal was opened by [OpenReadOnly].
	ErrReadOnly = errors.New("journal is open read-only")
	// ErrCorrupt: what is stored is not what was written.
	ErrCorrupt = errors.New("journal is damaged")
	// ErrBroken: a commit failed in a way that leaves its outcome unknown.
	// The journal accepts nothing more until it is closed and opened again.
	ErrBroken = errors.New("journal must be reopened")
	// ErrClosed: the journal was closed.
	ErrClosed = errors.New("journal is closed")
)

// An Owner says who writes to a journal.
type Owner struct {
	// PID is the process id on Host.
	PID int `json:"pid"`
	// Host is the name of the machine.
	Host string `json:"host"`
	// Program is the base name of the executable.
	Program string `json:"program"`
	// Since is when the journal was opened.
	Since time.Time `json:"since"`
}

// String describes the owner in words.
func (o Owner) String() string {
	if o.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("%s (process %d on %s, since %s)", o.Program, o.PID, o.Host, o.Since.Format(time.RFC3339))
}

// A LockedError says that another writer has the journal. It is [ErrLocked].
type LockedError struct {
	// Path is the journal's file.
	Path string
	// Owner is who has it; the zero value if that could not be read.
	Owner Owner
}

// Error names the file, the owner and the remedy.
func (e *LockedError) Error() string {
	return fmt.Sprintf("journal %s is in use by %s: wait until it ends, or stop it; reading beside it is possible", e.Path, e.Owner)
}

// Is reports whether target is [ErrLocked].
func (e *LockedError) Is(target error) bool { return target == ErrLocked }
