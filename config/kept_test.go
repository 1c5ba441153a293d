package config_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/report"
)

// kept makes a small run from files and returns its folder and its summary.
func kept(t *testing.T, change func(*config.Optimize)) (string, report.Summary) {
	t.Helper()
	o := small()
	o.Train = config.Source{Path: write(t, "train.jsonl", string(lines(demodata.Train())))}
	o.Dev = config.Source{Path: write(t, "dev.jsonl", string(lines(demodata.Dev())))}
	o.Out = filepath.Join(t.TempDir(), "run")
	if change != nil {
		change(&o)
	}
	return o.Out, *do(t, o)
}

func readKept(t *testing.T, dir string) *config.Kept {
	t.Helper()
	k, err := config.ReadKept(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What a folder tells is what the run told, and what it is resumed as is what
// it was.
func TestKeptRunIsTheRun(t *testing.T) {
	dir, want := kept(t, nil)
	k := readKept(t, dir)
	if k.Status != report.StatusFinished || k.Created.IsZero() || !k.Simulated() {
		t.Errorf("it is %s, created %v", k.Status, k.Created)
	}
	got, err := k.Summary()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-told +kept):\n%s", diff)
	}
	o, err := config.Stored(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	o.Getenv = func(string) string { return "" }
	if diff := cmp.Diff(want, *do(t, o)); diff != "" {
		t.Errorf("(-told +resumed):\n%s", diff)
	}
	o.Iterations = 1
	run, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Open(t.Context()); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "has made 2 already") {
		t.Errorf("with less than was used: %v", err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRunFromMemoryIsTheProgramsOwn(t *testing.T) {
	dir, _ := kept(t, func(o *config.Optimize) { o.Train = small().Train })
	if _, err := config.Stored(t.Context(), dir); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "only that program") {
		t.Errorf("%v", err)
	}
}

func export(t *testing.T, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := config.Export(t.Context(), dir, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExportAndImport(t *testing.T) {
	dir, want := kept(t, nil)
	file := export(t, dir)
	copied := filepath.Join(t.TempDir(), "runs", "copy")
	if err := config.Import(t.Context(), "run.jsonl", bytes.NewReader(file), copied); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(export(t, copied), file) {
		t.Error("exported again it is another file")
	}
	got, err := readKept(t, copied).Summary()
	if err != nil {
		t.Fatal(err)
	}
	want.Output, got.Output = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-original +copy):\n%s", diff)
	}
	if err := config.Import(t.Context(), "run.jsonl", bytes.NewReader(file), copied); !errors.Is(err, config.ErrUsage) {
		t.Errorf("over a run that is there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := config.Import(ctx, "run.jsonl", bytes.NewReader(file), copied+"2"); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(copied)); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

// Whatever a file holds, importing it makes a run that exports as the same
// bytes do, or nothing.
func FuzzImport(f *testing.F) {
	head := `{"gepa_run":1,"records":2,"meta":{"created":"2026-01-31T09:30:00Z"},"files":{"prices.json":"{}"}}`
	run := `{"seq":1,"kind":"run","at":"2026-01-31T09:30:00Z","data":{"format":2,"components":[{"name":"a","text":"x"}],"options":{},"feedback":[],"validation":[]}}`
	session := `{"seq":2,"kind":"session","key":"1","at":"2026-01-31T09:30:00Z","data":{"number":1,"budget":{}}}`
	f.Add([]byte(head + "\n" + run + "\n" + session + "\n"))
	f.Add([]byte(head + "\n" + run + "\n" + run + "\n"))
	f.Add([]byte(head + "\n" + run + "\n"))
	f.Add([]byte(`{"gepa_run":1,"records":0,"meta":{}}`))
	f.Add([]byte(`{"gepa_run":1,"records":-1,"meta":{"":""}}` + "\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		top := t.TempDir()
		dir := filepath.Join(top, "run")
		err := config.Import(t.Context(), "fuzz.jsonl", bytes.NewReader(file), dir)
		entries, rerr := os.ReadDir(top)
		if rerr != nil {
			t.Fatal(rerr)
		}
		if err != nil {
			if len(entries) > 0 || !strings.Contains(err.Error(), "fuzz.jsonl") {
				t.Fatalf("%v; there is %v", err, entries)
			}
			return
		}
		first := export(t, dir)
		again := filepath.Join(top, "again")
		if err := config.Import(t.Context(), "again.jsonl", bytes.NewReader(first), again); err != nil {
			t.Fatalf("what was exported cannot be imported: %v", err)
		}
		if !bytes.Equal(export(t, again), first) {
			t.Fatal("exported again it is another file")
		}
	})
}
