package program

import (
	"fmt"
	"os"

	"github.com/gepa-go/gepa/internal/atomicfile"
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
func (s *State) Save(path string) error {
	if err := atomicfile.Write(path, s.Bytes()); err != nil {
		return fmt.Errorf("save program: %w", err)
	}
	return nil
}
