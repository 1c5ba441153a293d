package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/config/source"
)

func parse(t testing.TB, text string) source.Spec {
	t.Helper()
	s, err := source.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReplaceKeepsTheRest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, spec, file, text, fresh, want string }{
		{"whole file", "a.txt", "old\n\n", "old", "new\nlines\n", "new\nlines\n\n"},
		{"no break at the end", "a.txt", "old", "old", "new", "new"},
		{"windows", "a.txt", "\ufeffone\r\ntwo\r\n", "one\ntwo", "a\nb", "\ufeffa\r\nb\r\n"},
		{"front matter", "p.md", "---\nmodel: x\n---\n\nold\ntext\n", "old\ntext", "new", "---\nmodel: x\n---\n\nnew\n"},
		{"no front matter", "p.md", "# Title\n---\n", "# Title\n---", "new", "new\n"},
		{"empty", "p.md", "", "", "new", "new"},
		{"json", "a.json#/p/1/s", "{ \"p\" : [1, {\"s\":  \"o\\u006cd\\n\", \"k\": 1.50}]}\n", "old", "a \"b\"\n<c>", "{ \"p\" : [1, {\"s\":  \"a \\\"b\\\"\\n<c>\\n\", \"k\": 1.50}]}\n"},
		{"json escapes", "a.json#/a~1b/~0", `{"a/b": {"~": "x"}}`, "x", "y", `{"a/b": {"~": "y"}}`},
		{"plain", "a.yaml#/a/b", "# c\na:\n  b: old # why\n  c: [1,  2]\n", "old", "new one", "# c\na:\n  b: new one # why\n  c: [1,  2]\n"},
		{"plain to quotes", "a.yaml#/b", "b: old\nc: 1\n", "old", "yes: no", "b: \"yes: no\"\nc: 1\n"},
		{"plain number", "a.yaml#/b", "b: old\n", "old", "12", "b: \"12\"\n"},
		{"plain to block", "a.yaml#/a/0/b", "a:\n  - b: old\n    c: 1\n", "old", "x\n\n  y", "a:\n  - b: |-\n      x\n\n        y\n    c: 1\n"},
		{"single quotes", "a.yaml#/b", "b: 'it''s'   # c\n", "it's", "it's new", "b: 'it''s new'   # c\n"},
		{"double quotes", "a.yaml#/b", "b: \"a\\tb\"\nc: d\n", "a\tb", "x", "b: \"x\"\nc: d\n"},
		{"flow", "a.yaml#/b/c", "b: {c: old, d: 1}\n", "old", "x\ny", "b: {c: \"x\\ny\", d: 1}\n"},
		{"block", "a.yaml#/b", "b: |\n    one\n    two\n\n# c\nd: 1\n", "one\ntwo", "three", "b: |\n    three\n\n# c\nd: 1\n"},
		{"block strip", "a.yml#/b", "b: |-\n  one\nd: 1\n", "one", "x\n y", "b: |-\n  x\n   y\nd: 1\n"},
		{"folded", "a.yml#/b", "b: >\n  one\n  two\nd: 1\n", "one two", "x y", "b: |\n  x y\nd: 1\n"},
		{"block at the end", "a.yml#/b", "b: |\n  one", "one", "two", "b: |\n  two"},
		{"block with a comment", "a.yml#/b", "b: | # why\n  one\n", "one", "two\nthree", "b: | # why\n  two\n  three\n"},
		{"block to quotes", "a.yml#/b", "b: |\n  one\nc: 2\n", "one", "  two", "b: \"  two\\n\"\nc: 2\n"},
		{"not ascii", "a.yaml#/ü", "ä: ö\nü: {é: 1, è: \"è\"}\nx: y\n", "", "", ""},
		{"sequence", "a.yaml#/0", "- old\n- two\n", "old", "a\nb", "- |-\n  a\n  b\n- two\n"},
		{"region", "a.py::p", "x = 1\n# gepa:begin p\nold\n# gepa:end p\ny\n", "old", "a\nb", "x = 1\n# gepa:begin p\na\nb\n# gepa:end p\ny\n"},
		{"region by word", "a.py::marker p", "# gepa:begin q\n# gepa:end q\n# gepa:begin p\n# gepa:end p\n", "", "new", "# gepa:begin q\n# gepa:end q\n# gepa:begin p\nnew\n# gepa:end p\n"},
		{"inline", "a.html::p", "<b><!-- gepa:begin p -->old<!--gepa:end p--></b>\n", "old", "new", "<b><!-- gepa:begin p -->new<!--gepa:end p--></b>\n"},
		{"inline two", "a.html::q", "<!-- gepa:begin p -->a<!-- gepa:end p --> <!-- gepa:begin q -->b<!-- gepa:end q -->\n", "b", "c", "<!-- gepa:begin p -->a<!-- gepa:end p --> <!-- gepa:begin q -->c<!-- gepa:end q -->\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, c.spec)
			text, err := source.Extract(s, []byte(c.file))
			if c.want == "" {
				if err == nil {
					t.Fatalf("got %q, want an error", text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if text != c.text {
				t.Fatalf("text %q, want %q", text, c.text)
			}
			after, err := source.Replace(s, []byte(c.file), c.fresh)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(after)); diff != "" {
				t.Error(diff)
			}
			back, err := source.Replace(s, after, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := source.Extract(s, back); err != nil || again != c.text {
				t.Errorf("back: %q, %v", again, err)
			}
		})
	}
}

func TestWrongPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, file, want string }{
		{"", "", "is empty"},
		{"a.toml#/x", "", ".json, .yaml or .yml"},
		{"a.json#x", "", "begins with /"},
		{"a.json#/x~2", "", "~0"},
		{"a.py::", "", "want FILE::NAME"},
		{"a.py::a b", "", "want FILE::NAME"},
		{"a.json#/x", "{\n\"x\": \n}", "a.json:3: this is no JSON"},
		{"a.json#/x", "{\"y\": 1}", "there is no /x in it"},
		{"a.json#/x", "{\"x\": 1}", "/x is a number"},
		{"a.json#/x/y", "{\"x\": null}", "/x is null"},
		{"a.json#/2", "[1]", "the array is shorter"},
		{"a.json#/x", "[1]", "is no place in one"},
		{"a.yaml#/x", "y: 1\n", "there is no /x"},
		{"a.yaml#/x", "x: 1\n", "must be a string"},
		{"a.yaml#/x", "x: [\n", "this is no YAML"},
		{"a.yaml#/x", "x: a\n  b\n", "over several lines"},
		{"a.yaml#/x/3", "x: [a]\n", "a sequence of 1"},
		{"a.yaml#/y", "x: &a b\ny: *a\n", "must be a string"},
		{"p.md", "---\na: b\n", "p.md:1: the front matter is not closed"},
		{"a.py::p", "x\n", "mark one by a line"},
		{"a.py::p", "# gepa:begin q\n# gepa:end q\n", `no region "p" is marked in it; there are: q`},
		{"a.py::p", "# gepa:begin p\n", "is not closed"},
		{"a.py::p", "# gepa:end p\n# gepa:begin p\n", "ends before it begins"},
		{"a.py::p", "# gepa:begin p\n# gepa:begin p\n# gepa:end p\n", "a.py:2: region"},
	} {
		s, err := source.Parse(c.spec)
		if err == nil {
			_, err = source.Extract(s, []byte(c.file))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, source.ErrInvalid) {
			t.Errorf("%s in %q: %v, want an error with %q", c.spec, c.file, err, c.want)
		}
	}
}

// A text that would be read as another one, or that would break the file, is
// refused.
func TestReplaceRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, file, text string }{
		{"p.md", "old\n", "---\na: b\n---\nnew"},
		{"a.py::p", "# gepa:begin p\n# gepa:end p\n", "# gepa:end p"},
		{"a.html::p", "<!-- gepa:begin p -->x<!-- gepa:end p -->", "\nnew"},
		{"a.yaml#/x/y", "x: &a\n  y: old\nz: *a\n", "new"},
	} {
		after, err := source.Replace(parse(t, c.spec), []byte(c.file), c.text)
		if !errors.Is(err, source.ErrInvalid) {
			t.Errorf("%s: %q, %v, want an error", c.spec, after, err)
		}
	}
}

// Whatever is written is read back, and nothing else changes with it.
func TestAnyTextComesBack(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"a.json#/p/0":   `{"p": ["old"], "q": "other"}`,
		"a.yaml#/p/0/t": "p:\n  - t: old\n    u: x # c\nq: other\n",
		"b.yaml#/p":     "p: |\n  old\n\nq: other\n",
		"c.yaml#/p/x":   "p: {x: 'old', y: z}\nq: other\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.TrimRight(rapid.OneOf(rapid.String(), rapid.StringMatching("[a-z:#' \"\\n\\t-]{0,20}")).Draw(t, "text"), "\n")
		for spec, file := range files {
			s, err := source.Parse(spec)
			if err != nil {
				t.Fatal(err)
			}
			after, err := source.Replace(s, []byte(file), text)
			if err != nil {
				if errors.Is(err, source.ErrInvalid) && strings.ContainsAny(text, "\r") {
					continue
				}
				if strings.ContainsFunc(text, func(r rune) bool { return r < 32 || r > 126 }) {
					continue // refused rather than written wrong
				}
				t.Fatalf("%s: %v", spec, err)
			}
			got, err := source.Extract(s, after)
			if err != nil || got != strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
				t.Fatalf("%s: %q, %v, want %q in\n%s", spec, got, err, text, after)
			}
			if !strings.Contains(string(after), "other") {
				t.Fatalf("%s lost the rest:\n%s", spec, after)
			}
		}
	})
}

func FuzzExtract(f *testing.F) {
	f.Add("a.yaml#/a/0", "a:\n- |\n  b\n", "x\ny")
	f.Add("a.json#/a", `{"a":"b"}`, "x")
	f.Add("a.md", "---\n---\nx", "y")
	f.Add("a.py::p", "# gepa:begin p\nx\n# gepa:end p\n", "y")
	f.Fuzz(func(t *testing.T, spec, file, text string) {
		s, err := source.Parse(spec)
		if err != nil {
			return
		}
		if again, err := source.Parse(s.String()); err != nil || again != s {
			t.Fatalf("%q: %+v, then %+v, %v", spec, s, again, err)
		}
		after, err := source.Replace(s, []byte(file), text)
		if err != nil {
			return
		}
		if _, err := source.Extract(s, after); err != nil {
			t.Fatalf("%s cannot be read after it was written: %v\n%q", s, err, after)
		}
	})
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPlanAndWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.md": "one\n", "b.yaml": "x: two\ny: three\n"})
	if err := os.Symlink("a.md", filepath.Join(dir, "link.md")); err != nil {
		t.Fatal(err)
	}
	old := "one\n"
	edits := []source.Edit{
		{Spec: parse(t, "link.md").In(dir), Text: "1", Base: &old},
		{Spec: parse(t, "b.yaml#/x").In(dir), Text: "2"},
		{Spec: parse(t, "b.yaml#/y").In(dir), Text: "3x"},
	}
	changes, err := source.Plan(edits)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 2 || !strings.Contains(changes[0].Diff(), "-one\n+1\n") {
		t.Fatalf("%+v", changes)
	}
	if got := content(t, dir, "a.md"); got != "one\n" {
		t.Fatalf("Plan wrote %q", got)
	}
	if err := source.Write(changes); err != nil {
		t.Fatal(err)
	}
	if got := content(t, dir, "a.md") + content(t, dir, "b.yaml"); got != "1\nx: \"2\"\ny: 3x\n" {
		t.Errorf("%q", got)
	}
	info, err := os.Lstat(filepath.Join(dir, "link.md"))
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v %v", info, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "a.md")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info, err)
	}
	if again, err := source.Plan(edits); err != nil || len(again) != 0 {
		t.Errorf("what is done is to be done again: %v, %v", again, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestPlanTellsEveryError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.md": "changed\n"})
	old := "one"
	a := parse(t, "a.md").In(dir)
	_, err := source.Plan([]source.Edit{{Spec: a, Text: "1", Base: &old}, {Spec: parse(t, "none.md").In(dir)}, {Spec: a}})
	if err == nil || !errors.Is(err, source.ErrInvalid) {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*source.ChangedError](err); !ok {
		t.Error("no ChangedError in it:", err)
	}
	for _, want := range []string{"none.md: cannot be read", "is the place of two texts"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// Two names of one file are one file: no edit is lost.
func TestPlanKnowsAFileByAllItsNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": "x: one\ny: two\n"})
	if err := os.Symlink("a.yaml", filepath.Join(dir, "b.yaml")); err != nil {
		t.Fatal(err)
	}
	changes, err := source.Plan([]source.Edit{{Spec: parse(t, "a.yaml#/x").In(dir), Text: "1x"}, {Spec: parse(t, "b.yaml#/y").In(dir), Text: "2x"}})
	if err != nil || len(changes) != 1 {
		t.Fatal(changes, err)
	}
	if err := source.Write(changes); err != nil {
		t.Fatal(err)
	}
	if got := content(t, dir, "a.yaml"); got != "x: 1x\ny: 2x\n" {
		t.Errorf("%q", got)
	}
}

// A change that cannot be made leaves every file as it was.
func TestWriteAllOrNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.md": "one\n", "b.md": "two\n"})
	changes, err := source.Plan([]source.Edit{{Spec: parse(t, "a.md").In(dir), Text: "1"}, {Spec: parse(t, "b.md").In(dir), Text: "2"}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"b.md": "other\n"})
	if err := source.Write(changes); err == nil || !strings.Contains(err.Error(), "changed while") {
		t.Fatal(err)
	}
	if got := content(t, dir, "a.md"); got != "one\n" {
		t.Errorf("a.md holds %q", got)
	}
	// The last rename fails: its target is a folder that is not empty.
	blocked := filepath.Join(dir, "new", "c.md")
	changes = []source.Change{{Path: filepath.Join(dir, "a.md"), Before: []byte("one\n"), After: []byte("1\n")}, {Path: blocked, After: []byte("x")}}
	if err := source.Write(changes); err != nil {
		t.Fatal(err)
	}
	if err := source.Write(changes[1:]); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Error(err)
	}
	entries, err := filepath.Glob(filepath.Join(dir, ".gepa-*"))
	if err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}
