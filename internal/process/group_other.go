//go:build !unix

package process

import (
	"os"
	"syscall"
)

// There are no process groups here: what a program starts is not ended with it.

func groupAttr() *syscall.SysProcAttr { return nil }

func signalGroup(p *os.Process, _ bool) { _ = p.Kill() } // it fails only where it has ended

func (p *Process) reap() {
	_ = p.cmd.Wait() // the process's state says how it ended
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
}

func endOf(s *os.ProcessState) End { return End{Code: s.ExitCode()} }
