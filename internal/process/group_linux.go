package process

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// reap waits for the program's end and kills what is left of its group while
// the group's number cannot belong to anybody else: the program is reaped last.
func (p *Process) reap() {
	for errors.Is(unix.Waitid(unix.P_PID, p.PID(), nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	signalGroup(p.cmd.Process, true)
	_ = p.cmd.Wait() // the process's state says how it ended
	p.reaped = true
}
