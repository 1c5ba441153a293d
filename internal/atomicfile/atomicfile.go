// Package atomicfile writes files in one step.
package atomicfile

import (
	"os"
	"path/filepath"
)

// Write replaces the file at path, or makes it: whoever reads it sees the old
// content or the new, and never a part. The content is on the disk before the
// old one is gone. After an error the old content stands.
func Write(path string, data []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".gepa-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name()) // the first error is the one to report
		}
	}()
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}
