// Package shared finds the files that tests share but the repository does not
// hold: conformance cases and data under a licence of their own.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// File returns the path of a file in the shared folder, for instance
// "conformance/dspy.json". The folder is the environment variable GEPA_SHARED
// where that is set, else the folder "shared" beside the repository. Where the
// file is absent the test is skipped.
func File(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("GEPA_SHARED")
	if dir == "" {
		dir = filepath.Join(root(tb), "..", "shared")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("SKIPPED, NOT TESTED: shared file %s is not there (set GEPA_SHARED to the shared folder): %v", name, err)
	}
	return path
}

// root returns the folder that holds go.mod, at or above the test's own.
func root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod at or above the test's folder")
		}
		dir = parent
	}
}
