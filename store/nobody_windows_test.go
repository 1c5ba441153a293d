package store_test

import (
	"os/exec"
	"testing"
)

// asNobody skips the test: file modes do not keep anybody out on Windows.
func asNobody(t *testing.T, _ *exec.Cmd) {
	t.Helper()
	t.Skip("file modes do not keep anybody out on Windows")
}
