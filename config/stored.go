package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gepa-go/gepa/store"
)

// DefaultOut is the folder of a run where none is named.
const DefaultOut = "gepa-out"

// StartFile is the copy of the saved program that a run started from.
const StartFile = "start.json"

// Locate returns the folder of the run that a user named: by its folder, or by
// the journal in it; "" means [DefaultOut]. Its errors match ErrUsage.
func Locate(name string) (dir string, err error) {
	dir = orDefault(name, DefaultOut)
	if filepath.Base(dir) == JournalFile {
		dir = filepath.Dir(dir)
	}
	_, err = os.Stat(filepath.Join(dir, JournalFile))
	switch {
	case err == nil:
		return dir, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", usagef("%s: %w", dir, plain(err))
	}
	return "", usagef("there is no run in %s: the folder holds no %s%s; gepa runs lists the runs there are",
		dir, JournalFile, DidYouMean(dir, Folders(filepath.Dir(dir))))
}

// Folders returns the folders that hold runs: top itself and those directly
// in it, in the order of their names.
func Folders(top string) []string {
	var dirs []string
	holds := func(dir string) {
		if info, err := os.Stat(filepath.Join(dir, JournalFile)); err == nil && info.Mode().IsRegular() {
			dirs = append(dirs, dir)
		}
	}
	holds(top)
	entries, _ := os.ReadDir(top) // what cannot be read holds no run that could be used
	for _, e := range entries {
		holds(filepath.Join(top, e.Name()))
	}
	return dirs
}

// Stored returns the configuration of the run kept in a folder, so that
// building it goes on with the run: with Out set, and everything else as it
// was resolved. What may be changed before it is built: Concurrency, the
// limits, Caps, the budget, BaseURL, and the places of the data files. Its
// errors match ErrUsage.
func Stored(ctx context.Context, dir string) (_ Optimize, err error) {
	j, err := store.OpenReadOnly(ctx, filepath.Join(dir, JournalFile))
	if err != nil {
		return Optimize{}, unreadable(dir, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	meta, err := j.Meta(ctx)
	if err != nil {
		return Optimize{}, unreadable(dir, err)
	}
	if _, ok := meta[metaSettings]; !ok {
		if n, err := j.Len(ctx); err == nil && n == 0 {
			return Optimize{}, usagef("the run in %s was stopped before it began: start it again by the command that began it", dir)
		}
	}
	return stored(dir, meta)
}

func stored(dir string, meta map[string]string) (Optimize, error) {
	text, ok := meta[metaSettings]
	if !ok {
		hint := "its program has to be run again to go on with it"
		if c := meta[store.MetaCommand]; c != "" {
			hint = "repeat its command to go on with it: " + c
		}
		return Optimize{}, usagef("%s keeps no settings, as runs of earlier versions and of Go programs do not: %s", dir, hint)
	}
	s, err := decodeSettings(text)
	if err != nil {
		return Optimize{}, usagef("%s: %w", dir, err)
	}
	o, err := s.optimize()
	if err != nil {
		return Optimize{}, usagef("%s: %w", dir, err)
	}
	if _, err := os.Stat(filepath.Join(dir, StartFile)); err == nil {
		o.Start = filepath.Join(dir, StartFile)
	}
	o.Out, o.resumed, o.startedFrom = dir, true, s.Start
	if s.Data.Train.Memory || s.Data.Dev.Memory {
		return Optimize{}, usagef("%s was made by a Go program from examples in its memory: only that program can go on with it", dir)
	}
	return o, nil
}

// unreadable says what is wrong with a run's journal. A damaged one, or a disk
// that fails, is no mistake of the user's.
func unreadable(dir string, err error) error {
	for _, mendable := range []error{store.ErrLocked, store.ErrNotJournal, store.ErrNewer, fs.ErrPermission, fs.ErrNotExist} {
		if errors.Is(err, mendable) {
			return usagef("run %s: %w", dir, err)
		}
	}
	return fmt.Errorf("run %s: %w", dir, err)
}
