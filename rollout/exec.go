package rollout

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/process"
)

// An Exec is a program to run.
type Exec struct {
	// Argv is the program and its arguments. No shell looks at them.
	Argv []string
	// Dir is the folder to run it in. Defaults to this process's.
	Dir string
	// Env holds settings "NAME=value" that are added to this process's
	// environment, or replace what is there.
	Env []string
}

func (e Exec) environment(more ...string) []string {
	return slices.Concat(os.Environ(), e.Env, more)
}

// start starts a program. That there is no such program is fatal.
func start(o process.Options) (*process.Process, error) {
	p, err := process.Start(o)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || len(o.Argv) == 0 {
		err = gepa.Fatal(err)
	}
	return p, err
}
