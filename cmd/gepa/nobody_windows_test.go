package main

import "os/exec"

// asNobody does nothing: the read-only folder of the test is one for everybody.
func asNobody(*exec.Cmd) {}
