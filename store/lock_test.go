package store_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gepa-go/gepa/store"
)

func writerOf(t *testing.T, path string) (store.WriterState, store.Owner) {
	t.Helper()
	state, owner, err := store.WriterOf(path)
	if err != nil {
		t.Fatal(err)
	}
	return state, owner
}

// Whether somebody writes, has closed, or died is told apart from outside.
func TestWriterOf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.db")
	if _, _, err := store.WriterOf(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no journal: %v", err)
	}
	j := journal(t, dir)
	if state, owner := writerOf(t, path); state != store.WriterActive || owner.PID != os.Getpid() {
		t.Errorf("while it is open: %v, %v", state, owner)
	}
	closed(t, j)
	if state, owner := writerOf(t, path); state != store.WriterClosed || owner != (store.Owner{}) {
		t.Errorf("after it was closed: %v, %v", state, owner)
	}
	pid := killed(t, path)
	if state, owner := writerOf(t, path); state != store.WriterDied || owner.PID != pid {
		t.Errorf("after process %d was killed: %v, %v", pid, state, owner)
	}
	closed(t, journal(t, dir))
	if state, _ := writerOf(t, path); state != store.WriterClosed {
		t.Errorf("after somebody went on and closed: %v", state)
	}
	// Older writers left the lock file, empty.
	write(t, path+".lock", "")
	if state, _ := writerOf(t, path); state != store.WriterClosed {
		t.Errorf("with an empty lock file: %v", state)
	}
}

// killed lets another process write to the journal and kills it.
func killed(t *testing.T, path string) (pid int) {
	t.Helper()
	cmd := again(t, self(t), "append", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	} else if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// However many open and close at once, while others look, there is one writer
// at a time, although the lock file comes and goes.
func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.db")
	make2(t, path)
	var writing, opened atomic.Int64
	done := make(chan struct{})
	var writers, lookers sync.WaitGroup
	for range 6 {
		writers.Go(func() {
			for range 8 {
				j, err := store.Open(t.Context(), path)
				if errors.Is(err, store.ErrLocked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				opened.Add(1)
				if n := writing.Add(1); n != 1 {
					t.Errorf("%d writers at once", n)
				}
				writing.Add(-1)
				closed(t, j)
			}
		})
	}
	for range 2 {
		lookers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if _, _, err := store.WriterOf(path); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	lookers.Wait()
	if opened.Load() < 6 {
		t.Errorf("the journal was opened %d times: the test shows nothing", opened.Load())
	}
	if got := listing(t, dir); got != "run.db" {
		t.Errorf("the folder holds %q", got)
	}
}
