//go:build unix

package process

import (
	"os"
	"syscall"
)

func signalGroup(p *os.Process, kill bool) {
	sig := syscall.SIGTERM
	if kill {
		sig = syscall.SIGKILL
	}
	_ = syscall.Kill(-p.Pid, sig) // it fails only where nobody is left
}

func endOf(s *os.ProcessState) End {
	status, ok := s.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return End{Code: s.ExitCode()}
	}
	switch sig := status.Signal(); sig {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return End{Code: -1, Signal: sig.String(), Outside: true}
	default:
		return End{Code: -1, Signal: sig.String()}
	}
}
