package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
)

// The variables by which the test program, run again as another process, is
// told what to be.
const (
	roleVar = "GEPA_STORE_TEST_ROLE"
	pathVar = "GEPA_STORE_TEST_PATH"
)

func TestMain(m *testing.M) {
	role, path := os.Getenv(roleVar), os.Getenv(pathVar)
	switch role {
	case "":
		os.Exit(m.Run())
	case "append":
		appendForever(path)
	case "read-only":
		checkReadOnly(path)
	}
	fmt.Fprintln(os.Stderr, "unknown role", role)
	os.Exit(2)
}

// again returns a command that runs this program in a role.
func again(t *testing.T, program, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), roleVar+"="+role, pathVar+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

func self(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

const (
	crashWriters = 4
	crashBatch   = 3
)

// appendForever appends from several goroutines and prints, after each call,
// what was acknowledged. It runs until it is killed.
func appendForever(path string) {
	ctx := context.Background()
	j, err := store.OpenOrCreate(ctx, path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex // one line at a time
	var wg sync.WaitGroup
	for range crashWriters {
		wg.Go(func() {
			for {
				id := rand.Uint64()
				batch := make([]gepa.Record, crashBatch)
				for i := range batch {
					batch[i] = gepa.Record{Kind: "plan", Data: json.RawMessage(fmt.Sprintf(`"%016x %s"`, id, strings.Repeat("x", i*700)))}
				}
				batch[1].Key = fmt.Sprintf("%016x", id)
				if err := j.Append(ctx, batch...); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				mu.Lock()
				fmt.Printf("%016x\n", id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// A process that is killed while it appends loses nothing that it was told is
// stored, and leaves no half of a call; its lock dies with it.
func TestKilledWhileAppending(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.db")
	acknowledged := map[string]bool{}
	for round := range 6 {
		cmd := again(t, self(t), "append", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == 0 {
				testHeldByOther(t, path, cmd.Process.Pid)
			}
			if n == 20+round*37 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended by itself")
		}
		j, err := store.Open(t.Context(), path)
		if err != nil {
			t.Fatalf("after kill %d: %v", round, err)
		}
		stored := map[string]int{}
		for _, r := range records(t, j) {
			stored[string(r.Data[1:17])]++
		}
		for id := range acknowledged {
			if stored[id] == 0 {
				t.Errorf("after kill %d: %s was acknowledged and is gone", round, id)
			}
		}
		for id, n := range stored {
			if n != crashBatch {
				t.Errorf("after kill %d: %d of the %d records of call %s are there", round, n, crashBatch, id)
			}
		}
		closed(t, j)
	}
	if len(acknowledged) < 300 {
		t.Errorf("only %d calls were acknowledged; the test shows nothing", len(acknowledged))
	}
}

// testHeldByOther checks that the journal of another process cannot be opened
// for writing but can be read.
func testHeldByOther(t *testing.T, path string, pid int) {
	t.Helper()
	_, err := store.Open(t.Context(), path)
	var locked *store.LockedError
	if !errors.As(err, &locked) || locked.Owner.PID != pid {
		t.Errorf("journal of process %d: %v", pid, err)
	}
	r, err := store.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Errorf("reading beside the writer: %v", err)
		return
	}
	if len(records(t, r)) == 0 {
		t.Error("the reader sees nothing of what was acknowledged")
	}
	closed(t, r)
}

// Files and folders that may not be written give one clear error to a writer
// and are no obstacle to a reader. The superuser may write everything, so the
// check runs as another user then.
func TestReadOnlyPlaces(t *testing.T) {
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
	for _, d := range []string{file, folder} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		make2(t, filepath.Join(d, "run.db"))
	}
	program := self(t)
	if os.Getuid() == 0 {
		program = share(t, dir)
	}
	for path, mode := range map[string]fs.FileMode{
		filepath.Join(file, "run.db"): 0o444, file: 0o777,
		filepath.Join(folder, "run.db"): 0o666, folder: 0o555,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700) }) // so that it can be removed
	for _, place := range []string{file, folder} {
		cmd := again(t, program, "read-only", filepath.Join(place, "run.db"))
		cmd.Dir = dir
		asNobody(t, cmd)
		if out, err := cmd.Output(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(place), err, out)
		}
	}
}

// share copies the test program to where every user can run it.
func share(t *testing.T, dir string) string {
	t.Helper()
	program, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "program")
	for _, err := range []error{
		os.WriteFile(copied, program, 0o755),
		os.Chmod(copied, 0o755),
		os.Chmod(dir, 0o755),
		os.Chmod(filepath.Dir(dir), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

// checkReadOnly ends the process with status 0 if the journal at path, which
// may not be written, behaves as it should.
func checkReadOnly(path string) {
	ctx := context.Background()
	_, err := store.Open(ctx, path)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "writ") {
		fmt.Println("opening for writing:", err)
		os.Exit(1)
	}
	j, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		fmt.Println("opening for reading:", err)
		os.Exit(1)
	}
	n := 0
	for _, err := range j.Records(ctx) {
		if err != nil {
			fmt.Println("reading:", err)
			os.Exit(1)
		}
		n++
	}
	if err := j.Close(); err != nil || n != 2 {
		fmt.Println(n, "records, want 2;", err)
		os.Exit(1)
	}
	os.Exit(0)
}
