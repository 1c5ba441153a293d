package layers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tracked returns the names of the files in the repository.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("SKIPPED, NOT TESTED: no git checkout: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// moduleFile returns the path of a downloaded module's go.mod.
func moduleFile(t *testing.T, name, version string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "cache", "download", filepath.FromSlash(name), "@v", version+".mod")
}

// No file may depend on, or tell of, the machine it was written on.
func TestNoMachinePaths(t *testing.T) {
	folders := []string{"work", "tmp", "root", "home", "Users", "opt/pyref"}
	machine := regexp.MustCompile("(?m)(?:^|[\\s\"'`(=:,])/(?:" + strings.Join(folders, "|") + ")(?:/|\\b[^/\\w-])")
	for _, name := range tracked(t) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed and not yet committed
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		for _, at := range machine.FindAllIndex(text, -1) {
			line := 1 + bytes.Count(text[:at[0]+1], []byte{'\n'})
			t.Errorf("%s:%d names a path of somebody's machine: %q", name, line, text[at[0]:at[1]])
		}
	}
}
