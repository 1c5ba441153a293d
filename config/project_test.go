package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
)

// files writes a project and goes into its folder.
func files(t *testing.T, texts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range texts {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const orders = `{"id": "1", "question": "a", "team": "x", "answer": "A"}
{"id": "2", "question": "b", "team": "y", "answer": "B"}
{"id": "3", "question": "c", "team": "x", "answer": "C"}
{"id": "4", "question": "d", "team": "y", "answer": "D"}
{"id": "5", "question": "e", "team": "x", "answer": "E"}
{"id": "6", "question": "f", "team": "y", "answer": "F"}
`

const tests = `{"id": "t1", "question": "g", "team": "x", "answer": "G"}
{"id": "t2", "question": "h", "team": "y", "answer": "H"}
`

// load returns what the gepa.yaml in this folder describes.
func load(t *testing.T) config.Optimize {
	t.Helper()
	l, err := config.Load(config.FileName, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := l.Optimize()
	o.NoCache, o.Getenv = true, func(string) string { return "" }
	return o
}

// carryOut runs it.
func carryOut(t *testing.T, o config.Optimize) (*report.Summary, error) {
	t.Helper()
	r, err := o.Build(t.Context())
	if err != nil {
		return nil, err
	}
	s, err := r.Do(t.Context())
	return s, errors.Join(err, r.Close())
}
