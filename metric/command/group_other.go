//go:build !unix

package command

import "os/exec"

// There are no process groups here: what a command starts is not ended with
// it.

func ownGroup(*exec.Cmd) {}

func killGroup(*exec.Cmd) {}

func isEPIPE(error) bool { return false }
