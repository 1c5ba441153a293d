package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
)

// sound makes a journal of many records at path and returns them.
func sound(t *testing.T, path string) []gepa.Record {
	t.Helper()
	j, err := store.Create(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		data := fmt.Sprintf(`{"n":%d,"text":%q}`, i, strings.Repeat(fmt.Sprint("word", i, " "), i*9))
		if err := j.Append(t.Context(), record("plan", "", fmt.Sprint(i)), record("rollout", fmt.Sprint(i), data)); err != nil {
			t.Fatal(err)
		}
	}
	all := records(t, j)
	closed(t, j)
	return all
}

// readAll opens and reads a journal and returns what came before any error. It
// fails the test if that is not the beginning of what was written.
func readAll(t *testing.T, path string, want []gepa.Record) (n int, err error) {
	t.Helper()
	j, err := store.OpenReadOnly(context.Background(), path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = j.Close() }() // of a damaged file
	for r, err := range j.Records(context.Background()) {
		if err != nil {
			return n, err
		}
		if n >= len(want) || r.Kind != want[n].Kind || r.Key != want[n].Key || string(r.Data) != string(want[n].Data) || !r.At.Equal(want[n].At) {
			t.Fatalf("record %d was read as {%s %q %.60s}, which nobody wrote", n, r.Kind, r.Key, r.Data)
		}
		n++
	}
	return n, nil
}

// known reports whether an error is one of those that the package promises for
// files that are not what they were.
func known(err error) bool {
	for _, is := range []error{store.ErrCorrupt, store.ErrNotJournal, store.ErrNewer, fs.ErrPermission} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// Bytes that change anywhere in the file are found: what is read is what was
// written, or there is a clear error; nothing ever panics, and nothing is
// silently missing.
func TestRandomDamage(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	want := sound(t, whole)
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 4))
	found, harmless := 0, 0
	for round := range 120 {
		bad := append([]byte(nil), good...)
		at := r.IntN(len(bad))
		if round%10 == 0 {
			at = r.IntN(200) // the header is small and everything rests on it
		}
		for i := range 1 + r.IntN(8) {
			bad[min(at+i, len(bad)-1)] ^= byte(1 + r.IntN(255))
		}
		path := filepath.Join(dir, "bad.db")
		write(t, path, string(bad))
		n, err := readAll(t, path, want)
		switch {
		case err == nil && n == len(want):
			harmless++ // in a page's unused part
		case err == nil:
			t.Errorf("round %d: %d of %d records are there, after a change at byte %d, without a word", round, n, len(want), at)
		case !known(err) || !strings.Contains(err.Error(), path):
			t.Errorf("round %d, byte %d: the error is not clear: %v", round, at, err)
		default:
			found++
		}
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(path + suffix) // some are not there
		}
	}
	t.Logf("%d found, %d harmless", found, harmless)
	if found < 30 {
		t.Errorf("only %d changes did any harm: the test shows nothing", found)
	}
}

// A file that is cut off anywhere is damaged, and never a shorter run.
func TestTruncatedFile(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	want := sound(t, whole)
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 5))
	for range 25 {
		size := 1 + r.IntN(len(good)-1)
		path := filepath.Join(dir, "cut.db")
		write(t, path, string(good[:size]))
		if n, err := readAll(t, path, want); !known(err) {
			t.Errorf("cut to %d of %d bytes: %d records, %v", size, len(good), n, err)
		}
		if j, err := store.Open(t.Context(), path); err == nil {
			// It may open where the damage is behind what opening reads.
			_, err := readAll(t, path, want)
			if !known(err) {
				t.Errorf("cut to %d bytes and opened for writing: %v", size, err)
			}
			_ = j.Close()
		} else if !known(err) {
			t.Errorf("cut to %d bytes, opening for writing: %v", size, err)
		}
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(path + suffix) // some are not there
		}
	}
}

// A write-ahead log that lost its end, as by a power failure before a commit was
// acknowledged, costs whole calls from the end and nothing else.
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir)
	const batch = 3
	for i := range 40 {
		var records []gepa.Record
		for k := range batch {
			records = append(records, record("plan", "", fmt.Sprintf(`{"n":%d,"text":%q}`, batch*i+k, strings.Repeat(fmt.Sprint(i, " "), 200))))
		}
		if err := j.Append(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
	}
	want := records(t, j)
	file, err := os.ReadFile(j.Path())
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(j.Path() + "-wal") // the writer is still there
	if err != nil || len(log) < 40_000 {
		t.Fatalf("a log of %d bytes, %v", len(log), err)
	}
	r := rand.New(rand.NewPCG(7, 7))
	shorter := 0
	for range 40 {
		path := filepath.Join(t.TempDir(), "run.db")
		write(t, path, string(file))
		write(t, path+"-wal", string(log[:r.IntN(len(log))]))
		n, err := readAll(t, path, want)
		if err != nil && !errors.Is(err, store.ErrNotJournal) { // its making was not in the log
			t.Errorf("after %d records: %v", n, err)
		}
		if n%batch != 0 {
			t.Errorf("%d records are there, in calls of %d", n, batch)
		}
		if n < len(want) {
			shorter++
		}
	}
	if shorter < 30 {
		t.Errorf("%d of 40 logs were shorter: the test shows nothing", shorter)
	}
}
