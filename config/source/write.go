package source

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"
)

// An Edit asks for a new text in one place.
type Edit struct {
	Spec Spec
	Text string
	// Base, if not nil, is the text that is expected there. Another one, that
	// is not Text either, is an error of [Plan]; see [ChangedError].
	Base *string
}

// A ChangedError says that a place holds another text than expected.
type ChangedError struct{ Spec Spec }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s: the text is not the one that is expected there: it was changed since", e.Spec)
}

// Unwrap makes it match [ErrInvalid].
func (e *ChangedError) Unwrap() error { return ErrInvalid }

// A Change is what becomes of one file.
type Change struct {
	// Path is the file's.
	Path string
	// Before is its content; nil if it is not there. After is the new one.
	Before, After []byte
}

// Diff returns the change as a unified diff; "" if there is none.
func (c Change) Diff() string {
	name := filepath.ToSlash(c.Path)
	if c.Before == nil {
		return udiff.Unified("/dev/null", "b/"+name, "", string(c.After))
	}
	return udiff.Unified("a/"+name, "b/"+name, string(c.Before), string(c.After))
}

// Plan reads the files of all edits and returns what becomes of those that
// change, in the order in which edits first name them. Nothing is written. Its
// error names every edit that cannot be made.
func Plan(edits []Edit) ([]Change, error) {
	var changes []Change
	var errs []error
	for i, e := range edits {
		if twice := slices.IndexFunc(edits[:i], func(o Edit) bool { return o.Spec == e.Spec }); twice >= 0 {
			errs = append(errs, invalidf("%s is the place of two texts", e.Spec))
			continue
		}
		// One file may have several names.
		at := slices.IndexFunc(changes, func(c Change) bool { return sameFile(c.Path, e.Spec.Path) })
		if at < 0 {
			data, err := os.ReadFile(e.Spec.Path)
			if err != nil {
				errs = append(errs, unreadable(err))
				continue
			}
			at = len(changes)
			changes = append(changes, Change{Path: e.Spec.Path, Before: data, After: data})
		}
		after, err := e.apply(changes[at].After)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		changes[at].After = after
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(changes, func(c Change) bool { return bytes.Equal(c.Before, c.After) }), nil
}

func sameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	two, err := os.Stat(b)
	return err == nil && os.SameFile(one, two)
}

func (e Edit) apply(data []byte) ([]byte, error) {
	text, err := Extract(e.Spec, data)
	if err != nil {
		return nil, err
	}
	if e.Base != nil && text != trimmed(*e.Base) && text != trimmed(e.Text) {
		return nil, &ChangedError{e.Spec}
	}
	return Replace(e.Spec, data, e.Text)
}

// trimmed returns a text as [Extract] would.
func trimmed(text string) string {
	return strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

// Write carries changes out, all or none: the new contents are on the disk
// before the first file is replaced, each is replaced in one step, and where
// one cannot be, those before it get their old content back. A file that is
// not as [Plan] read it is an error, and nothing is written. Only a process
// that ends in the middle can leave some files with the new content, and each
// whole. Files keep their mode, and links stay links.
func Write(changes []Change) (err error) {
	staged := make([]stage, 0, len(changes))
	defer func() {
		for _, s := range staged {
			_ = os.Remove(s.temporary) // there is none after it was renamed
		}
	}()
	for _, c := range changes {
		s, err := prepare(c)
		if err != nil {
			return err
		}
		staged = append(staged, s)
	}
	for i, s := range staged {
		if err := os.Rename(s.temporary, s.path); err != nil {
			errs := []error{fmt.Errorf("write %s: %w", s.Path, err)}
			for _, done := range staged[:i] {
				errs = append(errs, done.undo())
			}
			return errors.Join(errs...)
		}
	}
	return nil
}

// stage is a change whose new content lies ready.
type stage struct {
	Change
	path      string // with links followed
	temporary string
	mode      os.FileMode
}

func prepare(c Change) (s stage, err error) {
	s = stage{Change: c, path: c.Path, mode: 0o644}
	if c.Before == nil {
		if _, err := os.Lstat(c.Path); err == nil {
			return s, invalidf("%s: is there already", c.Path)
		}
		if err := os.MkdirAll(filepath.Dir(c.Path), 0o755); err != nil { //nolint:gosec // as the user's umask says
			return s, invalidf("%s: %w", c.Path, err)
		}
	} else {
		if s.path, err = filepath.EvalSymlinks(c.Path); err != nil {
			return s, unreadable(err)
		}
		now, err := os.ReadFile(s.path)
		if err != nil {
			return s, unreadable(err)
		}
		if !bytes.Equal(now, c.Before) {
			return s, invalidf("%s: changed while it was to be written", c.Path)
		}
		info, err := os.Stat(s.path)
		if err != nil {
			return s, unreadable(err)
		}
		s.mode = info.Mode().Perm()
	}
	s.temporary, err = written(s.path, c.After, s.mode)
	if err != nil {
		return s, fmt.Errorf("write %s: %w", c.Path, err)
	}
	return s, nil
}

// undo gives a file its old content back.
func (s stage) undo() error {
	if s.Before == nil {
		return os.Remove(s.path)
	}
	old, err := written(s.path, s.Before, s.mode)
	if err == nil {
		err = os.Rename(old, s.path)
	}
	if err != nil {
		return fmt.Errorf("%s has its new content, and the old one could not be put back: %w", s.Path, err)
	}
	return nil
}

// written writes a content to a file of its own beside path.
func written(path string, data []byte, mode os.FileMode) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".gepa-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Chmod(f.Name(), mode)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
