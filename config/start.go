package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/atomicfile"
	"github.com/gepa-go/gepa/program"
)

// CandidateFile holds the winner of a run whose system is no program: an
// object with a text for each component.
const CandidateFile = "candidate.json"

// A start is what a run starts from, where that is not the system's own texts.
type start struct {
	raw       []byte
	candidate gepa.Candidate // nil for a saved program
}

// startFrom reads what the run starts from; nil if it starts from the system's
// own texts. A program is replaced by one in that state.
func (o Optimize) startFrom(sub *subject) (*start, error) {
	if o.Start == "" {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	name := CandidateFile
	if sub.program != nil {
		name = ProgramFile
	}
	path := o.Start
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, name)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil, usagef("--start %s: the folder holds no %s, so it is no finished run of such a system", o.Start, name)
		}
	}
	if sub.program == nil {
		return o.startCandidate(path, sub.system)
	}
	state, err := program.LoadState(path)
	if err != nil {
		return nil, usagef("--start: %w", err)
	}
	if sub.program, err = sub.program.Apply(state); err != nil {
		return nil, usagef("--start %s: not a saved %s program: %w", path, o.System.name(), err)
	}
	return &start{raw: state.Bytes()}, nil
}

func (o Optimize) startCandidate(path string, sys gepa.System) (*start, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--start: %w", err)
	}
	var c gepa.Candidate
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, usagef("--start %s: not an object with a text for each component: %w", path, err)
	}
	for _, component := range sys.Components() {
		if _, ok := c[component.Name]; !ok || len(c) != len(sys.Components()) {
			return nil, usagef("--start %s: its components are %v, and the system's are other ones, such as %q", path, c.Names(), component.Name)
		}
	}
	return &start{raw, c}, nil
}

// save keeps a copy.
func (s *start) save(path string) error { return atomicfile.Write(path, s.raw) }

// writeCandidate keeps the winner of a system that is no program.
func writeCandidate(path string, c gepa.Candidate) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(raw, '\n'))
}

func (o Optimize) systemOptions(m measured) program.SystemOptions {
	return program.SystemOptions{Params: o.Params, FailureObjectives: m.worst}
}
