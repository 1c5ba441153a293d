package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gepa-go/gepa"
)

func newJournal(t *testing.T) *Journal {
	t.Helper()
	j, err := Create(context.Background(), filepath.Join(t.TempDir(), "run.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return j
}

func rec(data string) gepa.Record { return gepa.Record{Kind: "plan", Data: json.RawMessage(data)} }

// contents returns the data of all records, in order.
func contents(t *testing.T, j *Journal) string {
	t.Helper()
	var all []string
	for r, err := range j.Records(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(r.Data))
	}
	return strings.Join(all, " ")
}

func TestDurabilitySettings(t *testing.T) {
	j := newJournal(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "trusted_schema": "0"} {
		var got string
		if err := j.writer.conn.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
}

// limit bounds the length of what the writer may store, so that longer records
// fail inside SQLite.
func limit(t *testing.T, j *Journal, length int) {
	t.Helper()
	if _, err := sqlite.Limit(j.writer.conn, sqlite3.SQLITE_LIMIT_LENGTH, length); err != nil {
		t.Fatal(err)
	}
}

// unpacked returns records that are stored as they are.
func unpacked(records ...gepa.Record) []entry { return new(packer).entries(records, formatPlain) }

// One request that cannot be stored does not sink those it shares a commit
// with, and nothing of it is stored.
func TestGroupSurvivesOneFailure(t *testing.T) {
	j := newJournal(t)
	limit(t, j, 1000)
	group := []*request{
		{entries: unpacked(rec("1"), rec("2"))},
		{entries: unpacked(rec("3"), rec(`"`+strings.Repeat("x", 2000)+`"`))},
		{entries: unpacked(rec("4"))},
	}
	for _, r := range group {
		r.done = make(chan error, 1)
	}
	j.writer.serve(group)
	for i, r := range group {
		err := <-r.done
		if (err != nil) != (i == 1) {
			t.Errorf("request %d: %v", i, err)
		}
		if i == 1 && primaryCode(err) != sqlite3.SQLITE_TOOBIG {
			t.Errorf("request %d: %v, want SQLITE_TOOBIG", i, err)
		}
	}
	if got := contents(t, j); got != "1 2 4" {
		t.Errorf("the journal holds %s, want 1 2 4", got)
	}
}

// On a full disk nothing of the call is stored, the error says so, and once
// there is space the journal works on.
func TestFullDisk(t *testing.T) {
	j := newJournal(t)
	ctx := context.Background()
	pages := func(n int) {
		if err := j.writer.exec(fmt.Sprintf("PRAGMA max_page_count=%d", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Append(ctx, rec("1")); err != nil {
		t.Fatal(err)
	}
	pages(1) // SQLite takes it as: not one page more
	err := j.Append(ctx, rec("2"), rec(noise(100_000)))
	if primaryCode(err) != sqlite3.SQLITE_FULL || !strings.Contains(err.Error(), "free some space") || !strings.Contains(err.Error(), j.Path()) {
		t.Errorf("append to a full disk: %v", err)
	}
	if got := contents(t, j); got != "1" {
		t.Errorf("the journal holds %s, want 1", got)
	}
	pages(100_000)
	if err := j.Append(ctx, rec("3")); err != nil {
		t.Errorf("append after making space: %v", err)
	}
	if got := contents(t, j); got != "1 3" {
		t.Errorf("the journal holds %s, want 1 3", got)
	}
}

// After a commit whose outcome is unknown the journal takes nothing more, and
// opening it again settles what happened.
func TestFailedCommitBreaksJournal(t *testing.T) {
	ctx := context.Background()
	for name, happened := range map[string]bool{"was stored": true, "was not stored": false} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run.db")
			j, err := Create(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			disk := errors.New("the disk is on fire")
			commit := j.writer.commit
			j.writer.commit = func() error {
				if happened {
					return errors.Join(disk, commit())
				}
				return disk
			}
			if err := j.Append(ctx, rec("1")); !errors.Is(err, ErrBroken) || !errors.Is(err, disk) {
				t.Fatalf("append: %v, want ErrBroken and the disk's error", err)
			}
			j.writer.commit = commit
			if err := j.Append(ctx, rec("2")); !errors.Is(err, ErrBroken) {
				t.Errorf("append to a broken journal: %v, want ErrBroken", err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if j, err = Open(ctx, path); err != nil {
				t.Fatal(err)
			}
			if err := j.Append(ctx, rec("3")); err != nil {
				t.Fatal(err)
			}
			want := map[bool]string{true: "1 3", false: "3"}[happened]
			if got := contents(t, j); got != want {
				t.Errorf("the journal holds %s, want %s", got, want)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
	goleak.VerifyNone(t)
}

// While one commit is at work, a waiting append can be given up, and then
// nothing of it is stored; closing refuses those that still wait.
func TestGivingUpTheWait(t *testing.T) {
	synctest.Test(t, testGivingUpTheWait)
}

func testGivingUpTheWait(t *testing.T) {
	j := newJournal(t)
	leave := make(chan struct{})
	commit := j.writer.commit
	j.writer.commit = func() error {
		<-leave
		return commit()
	}
	ctx, cancel := context.WithCancel(context.Background())
	outcome := func(ctx context.Context, data string) chan error {
		c := make(chan error, 1)
		go func() { c <- j.Append(ctx, rec(data)) }()
		return c
	}
	first := outcome(ctx, "1")
	synctest.Wait() // the first is in its commit
	second := outcome(ctx, "2")
	third := outcome(context.Background(), "3")
	synctest.Wait() // the others wait
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the append that was given up: %v, want context.Canceled", err)
	}
	closing := make(chan error, 1)
	go func() { closing <- j.Close() }()
	if err := <-third; !errors.Is(err, ErrClosed) {
		t.Errorf("the append that waited for a closing journal: %v, want ErrClosed", err)
	}
	leave <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("the append whose commit had begun: %v, want success although its context ended", err)
	}
	if err := <-closing; err != nil {
		t.Fatal(err)
	}
	r, err := OpenReadOnly(context.Background(), j.Path())
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, r); got != "1" {
		t.Errorf("the journal holds %s, want 1", got)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// Appends that wait at the same time share a commit.
func TestWaitingAppendsShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		const n = 20
		commits, leave := 0, make(chan struct{})
		commit := j.writer.commit
		j.writer.commit = func() error {
			commits++
			<-leave
			return commit()
		}
		outcomes := make(chan error, n+1)
		offer := func() { outcomes <- j.Append(context.Background(), rec("1")) }
		go offer()
		synctest.Wait() // the first is in its commit
		for range n {
			go offer()
		}
		synctest.Wait() // all others wait
		close(leave)
		for range n + 1 {
			if err := <-outcomes; err != nil {
				t.Error(err)
			}
		}
		if commits != 2 {
			t.Errorf("one append and then %d at once took %d commits, want 2", n, commits)
		}
	})
}
