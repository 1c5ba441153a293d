package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/gepa-go/gepa"
	root   = "../.."
)

// rooms lists the module's top-level packages from the bottom up. A package
// may import what stands in an earlier row, and anything below its own folder
// or beside it there; packages in one row do not know each other. docs/
// architecture.md says what each is for. A new room is added here on purpose.
var rooms = [][]string{
	{""}, // the root: the algorithm
	{"stats"},
	{"store"},
	{"dataset", "metric"},
	{"lm"},
	{"rollout"},
	{"program"},
	{"propose"},
	{"report"},
	{"config"},
	{"cmd", bench},
}

// bench runs the algorithm from below internal: it is a program of its own, and
// no helper.
const bench = "internal/searchbench"

// helpers may be imported from anywhere and import nothing of the module.
const helpers = "internal"

// goFiles maps each package's folder, relative to the root, to the imports of
// its files by file name. Tests are left out: an external test may look up.
func goFiles(t *testing.T) map[string]map[string][]string {
	t.Helper()
	found := map[string]map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || slices.Contains([]string{"testdata", "node_modules", "bin"}, base)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(rel))
		if found[dir] == nil {
			found[dir] = map[string][]string{}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[dir][base] = append(found[dir][base], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found["."]) == 0 || len(found["store"]) == 0 {
		t.Fatal("the module's packages were not found; the test shows nothing")
	}
	return found
}

// room returns the top-level package that a folder or import belongs to.
func room(dir string) string {
	if dir == "." {
		return ""
	}
	if within(dir, bench) {
		return bench
	}
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// level returns the row that a room stands in, or -1.
func level(room string) int {
	return slices.IndexFunc(rooms, func(row []string) bool { return slices.Contains(row, room) })
}

// Imports point down only.
func TestImportsPointDown(t *testing.T) {
	for dir, files := range goFiles(t) {
		from := room(dir)
		if level(from) < 0 && from != helpers {
			t.Errorf("package %s is in no layer: give it a place in this test and in docs/architecture.md", dir)
			continue
		}
		for file, imports := range files {
			for _, imported := range imports {
				if !within(imported, module) {
					continue
				}
				to := room(strings.TrimPrefix(strings.TrimPrefix(imported, module), "/"))
				switch {
				case to == from, to == helpers:
				case from == helpers:
					t.Errorf("%s/%s imports %s: packages under internal import nothing of the module", dir, file, imported)
				case level(to) < 0:
					t.Errorf("%s/%s imports %s, which is in no layer", dir, file, imported)
				case level(to) >= level(from):
					t.Errorf("%s/%s imports %s: arrows point down only", dir, file, imported)
				}
			}
		}
	}
}

// The algorithm can be used, and read, without anything but Go.
func TestRootImportsOnlyTheStandardLibrary(t *testing.T) {
	for file, imports := range goFiles(t)["."] {
		for _, imported := range imports {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s, which is not in the standard library", file, imported)
			}
		}
	}
}

func TestNoCgo(t *testing.T) {
	for dir, files := range goFiles(t) {
		for file, imports := range files {
			if slices.Contains(imports, "C") {
				t.Errorf("%s/%s uses cgo", dir, file)
			}
		}
	}
}

func within(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

// SQLite's Go port works with exactly the C library that it was made with, and
// nothing but this test keeps an upgrade of one from going without the other.
func TestSQLiteHasItsOwnLibc(t *testing.T) {
	ours := required(t, filepath.Join(root, "go.mod"), "modernc.org/libc")
	version := required(t, filepath.Join(root, "go.mod"), "modernc.org/sqlite")
	theirs := required(t, moduleFile(t, "modernc.org/sqlite", version), "modernc.org/libc")
	if ours != theirs {
		t.Errorf("go.mod asks for modernc.org/libc %s, and modernc.org/sqlite %s for %s: they must be equal", ours, version, theirs)
	}
}

// required returns the version of a dependency that a go.mod file asks for.
func required(t *testing.T, file, dependency string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require ")); len(f) >= 2 && f[0] == dependency {
			return f[1]
		}
	}
	t.Fatalf("%s does not ask for %s", file, dependency)
	return ""
}
