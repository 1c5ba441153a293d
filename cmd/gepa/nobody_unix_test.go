//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// asNobody makes a command run as a user without rights, if this one has all.
func asNobody(cmd *exec.Cmd) {
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}
