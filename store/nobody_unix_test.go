//go:build unix

package store_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// asNobody makes the command run as a user without rights, if this one has all.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}
