//go:build unix && !linux

package process

import "syscall"

func groupAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// reap waits for the program's end and kills what is left of its group.
func (p *Process) reap() {
	_ = p.cmd.Wait() // the process's state says how it ended
	p.mu.Lock()
	defer p.mu.Unlock()
	signalGroup(p.cmd.Process, true)
	p.reaped = true
}
