package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
)

// tamper runs SQL on a file behind the store's back.
func tamper(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func record(kind, key, data string) gepa.Record {
	return gepa.Record{Kind: kind, Key: key, Data: json.RawMessage(data)}
}

// make2 makes a journal of two records at path and closes it.
func make2(t *testing.T, path string) {
	t.Helper()
	j, err := store.Create(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(context.Background(), record("plan", "", "1"), record("rollout", "k", "2")); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

type opener func(context.Context, string) (*store.Journal, error)

// Every way in which a path can be wrong gives one error that can be told
// apart, names the path and says what to do, and leaves nothing behind.
func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		path    string // below the test's folder
		arrange func(t *testing.T, path string)
		open    []opener
		is      error
		says    string
	}{
		{"missing", "run.db", nil, []opener{store.Open, store.OpenReadOnly}, fs.ErrNotExist, "check the path"},
		{"missing folder", "no/run.db", nil, []opener{store.Open, store.Create, store.OpenOrCreate, store.OpenReadOnly}, fs.ErrNotExist, "create it first"},
		{"folder", "dir", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, []opener{store.Open, store.Create, store.OpenOrCreate, store.OpenReadOnly}, store.ErrNotJournal, "give the path of the file in it"},
		{"in the way", "run.db", make2, []opener{store.Create}, fs.ErrExist, "choose another path"},
		{"no database", "notes.txt", func(t *testing.T, path string) {
			write(t, path, strings.Repeat("These are notes. ", 500))
		}, []opener{store.Open, store.OpenOrCreate, store.OpenReadOnly}, store.ErrNotJournal, "check the path"},
		{"short text", "notes.txt", func(t *testing.T, path string) {
			write(t, path, "hello\n")
		}, []opener{store.Open, store.OpenOrCreate, store.OpenReadOnly}, store.ErrNotJournal, "check the path"},
		{"another program's database", "places.sqlite", func(t *testing.T, path string) {
			tamper(t, path, "CREATE TABLE places (url TEXT)")
		}, []opener{store.Open, store.OpenOrCreate, store.OpenReadOnly}, store.ErrNotJournal, "another program"},
		{"newer", "run.db", func(t *testing.T, path string) {
			make2(t, path)
			tamper(t, path, "PRAGMA user_version=99")
		}, []opener{store.Open, store.OpenOrCreate, store.OpenReadOnly}, store.ErrNewer, "update gepa"},
		{"impossible version", "run.db", func(t *testing.T, path string) {
			make2(t, path)
			tamper(t, path, "PRAGMA user_version=-1")
		}, []opener{store.Open, store.OpenReadOnly}, store.ErrCorrupt, "from a copy"},
		{"empty", "run.db", func(t *testing.T, path string) {
			write(t, path, "")
		}, []opener{store.OpenReadOnly}, store.ErrNotJournal, "start the run again"},
		{"truncated", "run.db", func(t *testing.T, path string) {
			make2(t, path)
			if err := os.Truncate(path, 4096); err != nil {
				t.Fatal(err)
			}
		}, []opener{store.Open, store.OpenReadOnly}, store.ErrCorrupt, "from a copy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, open := range c.open {
				dir := t.TempDir()
				path := filepath.Join(dir, c.path)
				if c.arrange != nil {
					c.arrange(t, path)
				}
				before := listing(t, dir)
				j, err := open(context.Background(), path)
				if err == nil {
					_ = j.Close()
					t.Fatal("no error")
				}
				if !errors.Is(err, c.is) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %q; want one that is %q, names %s and says %q", err, c.is, path, c.says)
				}
				if after := listing(t, dir); after != before {
					t.Errorf("the folder held %q before and %q after", before, after)
				}
			}
		})
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// A file whose making was interrupted is completed by the next writer.
func TestUnfinishedFileIsCompleted(t *testing.T) {
	for name, arrange := range map[string]func(t *testing.T, path string){
		"nothing in it":       func(t *testing.T, path string) { write(t, path, "") },
		"only write-ahead on": func(t *testing.T, path string) { tamper(t, path, "PRAGMA journal_mode=WAL") },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run.db")
			arrange(t, path)
			j, err := store.Open(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, j)
			if err := j.Append(context.Background(), record("plan", "", "1")); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func closed(t *testing.T, j io.Closer) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// A closed journal is one file, so that it can be copied.
func TestClosedJournalIsOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.db")
	make2(t, path)
	if got := listing(t, dir); got != "run.db" {
		t.Errorf("folder holds %q", got)
	}
	j, err := store.OpenReadOnly(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(records(t, j)); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
	closed(t, j)
	if got := listing(t, dir); got != "run.db" {
		t.Errorf("after reading the folder holds %q", got)
	}
}

func TestPathsWithSpecialCharacters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20é&mode=memory")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "run?.db")
	make2(t, path)
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("%v, %v: the journal is not where it should be", info, err)
	}
}

func TestOneWriter(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "run.db")
	make2(t, path)
	j, err := store.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "latest.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		_, err = store.Open(ctx, p)
		var locked *store.LockedError
		if !errors.As(err, &locked) || !errors.Is(err, store.ErrLocked) {
			t.Fatalf("second writer on %s: %v, want a LockedError", p, err)
		}
		if locked.Owner.PID != os.Getpid() || locked.Owner.Host == "" || locked.Owner.Since.IsZero() {
			t.Errorf("owner is %+v, want this process", locked.Owner)
		}
		if !strings.Contains(err.Error(), j.Path()) || !strings.Contains(err.Error(), "process ") {
			t.Errorf("error %q does not name the file and the owner", err)
		}
	}
	closed(t, j)
	j, err = store.Open(ctx, link)
	if err != nil {
		t.Fatalf("after the first writer closed: %v", err)
	}
	closed(t, j)
}

func TestReaderBesideWriter(t *testing.T) {
	ctx := context.Background()
	w := journal(t, t.TempDir())
	r, err := store.OpenReadOnly(ctx, w.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, r)
	for i := range 3 {
		if n := len(records(t, r)); n != i {
			t.Errorf("the reader sees %d records, want %d", n, i)
		}
		if err := w.Append(ctx, record("plan", "", "1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Append(ctx, record("plan", "", "1")); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("append to a reader: %v, want ErrReadOnly", err)
	}
	if err := r.SetMeta(ctx, map[string]string{"a": "b"}); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("metadata to a reader: %v, want ErrReadOnly", err)
	}
	closed(t, w)
	if n := len(records(t, r)); n != 3 {
		t.Errorf("after the writer closed the reader sees %d records, want 3", n)
	}
}

func TestMeta(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	j := journal(t, dir)
	for _, kv := range [][2]string{{store.MetaRunID, "first"}, {store.MetaRunID, "brave-otter"}, {store.MetaCommand, "gepa demo"}} {
		if err := j.SetMeta(ctx, map[string]string{kv[0]: kv[1]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.SetMeta(ctx, map[string]string{"good": "1", "": "x"}); err == nil {
		t.Error("a value without a name was accepted")
	}
	closed(t, j)
	j = journal(t, dir)
	meta, err := j.Meta(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if meta[store.MetaRunID] != "brave-otter" || meta[store.MetaCommand] != "gepa demo" || meta[store.MetaCreated] == "" || len(meta) != 3 {
		t.Errorf("metadata is %v", meta)
	}
	closed(t, j)
	if _, err := j.Meta(ctx); !errors.Is(err, store.ErrClosed) {
		t.Errorf("metadata of a closed journal: %v, want ErrClosed", err)
	}
}

// A change to any part of any record is found, and the records before it are
// still given.
func TestDamageIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		sql  string
		good int
	}{
		"data":            {"UPDATE record SET data='3' WHERE seq=2", 1},
		"kind":            {"UPDATE record SET kind='gate' WHERE seq=1", 0},
		"key":             {"UPDATE record SET key='other' WHERE seq=2", 1},
		"time":            {"UPDATE record SET at='2026-01-01T00:00:00Z' WHERE seq=1", 0},
		"first is gone":   {"DELETE FROM record WHERE seq=1", 0},
		"middle is gone":  {"DELETE FROM record WHERE seq=2", 1},
		"swapped":         {"UPDATE record SET seq=-seq; UPDATE record SET seq=3+seq", 0},
		"times exchanged": {"UPDATE record SET at='nonsense'", 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run.db")
			j, err := store.Create(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			if err := j.Append(context.Background(), record("plan", "", "1"), record("rollout", "k", "2"), record("gate", "", "3")); err != nil {
				t.Fatal(err)
			}
			closed(t, j)
			tamper(t, path, c.sql)
			j, err = store.OpenReadOnly(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, j)
			good, last := 0, error(nil)
			for _, err := range j.Records(context.Background()) {
				if last = err; err == nil {
					good++
				}
			}
			if !errors.Is(last, store.ErrCorrupt) || good != c.good {
				t.Errorf("%d records, then %v; want %d, then ErrCorrupt", good, last, c.good)
			}
		})
	}
}
