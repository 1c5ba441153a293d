package flock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gepa-go/gepa/store/internal/flock"
)

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // some tests close it first
	return f
}

func TestTry(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, name), open(t, name)
	if err := flock.Try(first); err != nil {
		t.Fatal(err)
	}
	if _, err := first.WriteString("owner"); err != nil {
		t.Fatal(err)
	}
	if err := flock.Try(second); !errors.Is(err, flock.ErrHeld) {
		t.Errorf("second lock: %v, want ErrHeld", err)
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "owner" {
		t.Errorf("reading a locked file: %q, %v", b, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := flock.Try(second); err != nil {
		t.Errorf("after the first was closed: %v", err)
	}
}

func TestTryShared(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	writer, one, two := open(t, name), open(t, name), open(t, name)
	if err := flock.Try(writer); err != nil {
		t.Fatal(err)
	}
	if err := flock.TryShared(one); !errors.Is(err, flock.ErrHeld) {
		t.Errorf("beside an exclusive lock: %v, want ErrHeld", err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{one, two} {
		if err := flock.TryShared(f); err != nil {
			t.Errorf("alone, or beside a shared lock: %v", err)
		}
	}
	if err := flock.Try(open(t, name)); !errors.Is(err, flock.ErrHeld) {
		t.Errorf("exclusive beside shared: %v, want ErrHeld", err)
	}
}

func TestTryClosedFile(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "lock"))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := flock.Try(f); err == nil || errors.Is(err, flock.ErrHeld) {
		t.Errorf("locking a closed file: %v, want the system's error", err)
	}
}
