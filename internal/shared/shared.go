// Package shared finds the folder of files that tests share with other
// implementations: conformance cases and data sets. It is for tests only.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// File returns the path of a file in the shared folder, for instance
// "conformance/dspy.json". The folder is the one named by the environment
// variable GEPA_SHARED, or "shared" beside the repository. The test is skipped
// if the file is not there.
func File(tb testing.TB, name string) string {
	tb.Helper()
	folder := os.Getenv("GEPA_SHARED")
	if folder == "" {
		folder = filepath.Join(repositoryRoot(tb), "..", "shared")
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("SKIPPED, NOT TESTED: shared file %s is not there; set GEPA_SHARED to the shared folder: %v", name, err)
	}
	return path
}

func repositoryRoot(tb testing.TB) string {
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
			tb.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
