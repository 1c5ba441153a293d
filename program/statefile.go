package program

import (
	"fmt"
	"os"
	"path/filepath"
)

// LoadState reads a saved program's file.
func LoadState(path string) (*State, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load program: %w", err)
	}
	s, err := ParseState(data)
	if err != nil {
		return nil, fmt.Errorf("load program: %s: %w", path, err)
	}
	return s, nil
}

// Save writes the state to a file that DSPy loads with module.load; its name
// should end in ".json". The file is replaced in one step: whoever reads it
// sees the old one or the new one.
func (s *State) Save(path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("save program: %w", err)
		}
	}()
	tmp, err := os.CreateTemp(filepath.Dir(path), ".program-*.json")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name()) // the first error is the one to report
		}
	}()
	if _, err = tmp.Write(s.Bytes()); err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(tmp.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
