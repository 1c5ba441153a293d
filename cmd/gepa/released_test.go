package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateReleased = flag.Bool("update-released", false, "write what is shown of the runs of released formats; their journals stay")

// testdata/format* are runs as released versions wrote them. Each can be shown
// and exported for ever, and comes to the same each time. Their journals and
// exports are never written anew.
func TestReleasedRunsAreRead(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("testdata", "format*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("%v, %v", folders, err)
	}
	for _, released := range folders {
		t.Run(filepath.Base(released), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "run"), os.DirFS(filepath.Join(released, "run"))); err != nil {
				t.Fatal(err)
			}
			before := fileText(t, filepath.Join(dir, "run", "journal.db"))
			exported := filepath.Join(released, "export.jsonl")
			for file, args := range map[string][]string{
				"show.json":    {"show", "run", "--json"},
				"show.txt":     {"show", "run"},
				"export.jsonl": {"export", "run"},
			} {
				out, err := gepaCommand(t, dir, args...).Output()
				if err != nil {
					t.Fatalf("gepa %v: %v", args, err)
				}
				golden := filepath.Join(released, file)
				if _, err := os.Stat(golden); *updateReleased && (file != "export.jsonl" || err != nil) {
					if err := os.WriteFile(golden, out, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(fileText(t, golden), string(out)); diff != "" {
					t.Errorf("gepa %v (-released +now):\n%.3000s", args, diff)
				}
			}
			if fileText(t, filepath.Join(dir, "run", "journal.db")) != before {
				t.Error("reading changed the journal")
			}
			full, err := filepath.Abs(exported)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := gepaCommand(t, dir, "import", full, "copy").CombinedOutput(); err != nil {
				t.Fatalf("import: %v\n%s", err, out)
			}
			again, err := gepaCommand(t, dir, "export", "copy").Output()
			if err != nil || string(again) != fileText(t, exported) {
				t.Errorf("imported and exported again it is another file (%v)", err)
			}
		})
	}
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
