package dataset_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

func read(t *testing.T, text string, opts dataset.Options) []gepa.Example {
	t.Helper()
	examples, err := dataset.Read(strings.NewReader(text), "t.jsonl", opts)
	if err != nil {
		t.Fatal(err)
	}
	return examples
}

func TestRead(t *testing.T) {
	two := []gepa.Example{
		{ID: "a", Inputs: gepa.NewFields("q", "one"), Labels: gepa.NewFields("answer", "1")},
		{ID: "b", Inputs: gepa.NewFields("q", "two"), Labels: gepa.NewFields("answer", "2")},
	}
	tests := []struct {
		name string
		text string
		opts dataset.Options
		want []gepa.Example
	}{
		{"lines", `{"id":"a","q":"one","answer":"1"}` + "\n" + `{"id":"b","q":"two","answer":"2"}` + "\n", dataset.Options{}, two},
		{"no newline at the end", `{"id":"a","q":"one","answer":"1"}` + "\n" + `{"id":"b","q":"two","answer":"2"}`, dataset.Options{}, two},
		{"blank lines, CRLF, byte order mark", "\ufeff\r\n" + `{"id":"a","q":"one","answer":"1"}` + "\r\n\r\n  \n" + `{"id":"b","q":"two","answer":"2"}`, dataset.Options{}, two},
		{"array", ` [ {"id":"a","q":"one","answer":"1"},` + "\n" + `{"id":"b","q":"two","answer":"2"} ] `, dataset.Options{}, two},
		{"array with byte order mark", "\ufeff" + `[{"id":"a","q":"one","answer":"1"},{"id":"b","q":"two","answer":"2"}]`, dataset.Options{}, two},
		{"_id", `{"_id":"a","q":"one","answer":"1"}` + "\n" + `{"_id":"b","q":"two","answer":"2"}`, dataset.Options{}, two},
		{
			"integer id in a field of another name", `{"q":"one","nr":12345678901234567890}`,
			dataset.Options{ID: "nr"}, []gepa.Example{{ID: "12345678901234567890", Inputs: gepa.NewFields("q", "one")}},
		},
		{
			"inputs named: the others are labels", `{"id":1,"x":1,"y":2,"answer":3}`,
			dataset.Options{Inputs: []string{"y"}},
			[]gepa.Example{{ID: "1", Inputs: gepa.NewFields("y", 2), Labels: gepa.NewFields("x", 1, "answer", 3)}},
		},
		{
			"labels named: the others are inputs", `{"id":1,"x":1,"y":2,"answer":3}`,
			dataset.Options{Labels: []string{"y"}},
			[]gepa.Example{{ID: "1", Inputs: gepa.NewFields("x", 1, "answer", 3), Labels: gepa.NewFields("y", 2)}},
		},
		{
			"both named: in the order named, the others dropped, the id an input too", `{"id":1,"x":1,"y":2,"answer":3,"z":4}`,
			dataset.Options{Inputs: []string{"z", "id"}, Labels: []string{"x"}},
			[]gepa.Example{{ID: "1", Inputs: gepa.NewFields("z", 4, "id", 1), Labels: gepa.NewFields("x", 1)}},
		},
		{
			"values keep their shape", `{"id":"a","q":{"z": 1.50, "a": [1e2, null, "\u00e9\/\u003c"]}}`,
			dataset.Options{},
			[]gepa.Example{{ID: "a", Inputs: gepa.Fields{{Name: "q", Value: json.RawMessage(`{"z":1.50,"a":[1e2,null,"é/<"]}`)}}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := read(t, tt.text, tt.opts)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDerivedIDs(t *testing.T) {
	a := read(t, `{"q":"é","n":1}`+"\n"+`{"q":"other","n":1}`, dataset.Options{})
	b := read(t, `[{"n": 1, "q": "\u00e9"}]`, dataset.Options{})
	if a[0].ID != b[0].ID || a[0].Hash() != b[0].Hash() {
		t.Errorf("equal content, spelled differently: %q and %q", a[0].ID, b[0].ID)
	}
	if a[0].ID == a[1].ID || len(a[0].ID) != 16 {
		t.Errorf("ids %q, %q", a[0].ID, a[1].ID)
	}
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("word ", 1<<18)
	got := read(t, `{"id":"a","q":"`+long+`"}`+"\n"+`{"id":"b","q":"short"}`, dataset.Options{})
	if len(got) != 2 || got[0].Inputs.Text("q") != long {
		t.Errorf("got %d examples", len(got))
	}
}

func TestReadErrors(t *testing.T) {
	tests := []struct {
		name string
		text string
		opts dataset.Options
		want dataset.Error // File and Err aside; Problem and Remedy are parts
	}{
		{"empty", "", dataset.Options{}, dataset.Error{Problem: "holds no example", Remedy: "JSON lines"}},
		{"blank", "\n \n\ufeff"[:3], dataset.Options{}, dataset.Error{Problem: "holds no example"}},
		{"empty array", " []\n", dataset.Options{}, dataset.Error{Problem: "array is empty"}},
		{"CSV", "\nid,question\n", dataset.Options{}, dataset.Error{Line: 2, Column: 1, Problem: `begins with "id,question`, Remedy: "JSON lines"}},
		{"broken line", "{\"q\":1}\n\n{\"q\":é}\n", dataset.Options{}, dataset.Error{Line: 3, Column: 6, Problem: "not valid JSON", Remedy: "correct"}},
		{"cut line", "{\"q\":1}\n{\"q\":\"on", dataset.Options{}, dataset.Error{Line: 2, Column: 8, Problem: "unexpected end"}},
		{"two objects on a line", `{"q":1} {"q":2}`, dataset.Options{}, dataset.Error{Line: 1, Column: 9, Problem: "not valid JSON"}},
		{"pretty object", "{\n \"q\": 1\n}\n", dataset.Options{}, dataset.Error{Line: 1, Column: 1, Problem: "over several lines", Remedy: "one object a line"}},
		{"a line that is no object", "{\"q\":1}\n[1]\n", dataset.Options{}, dataset.Error{Line: 2, Problem: "want a JSON object, got a list"}},
		{"a null line", "{\"q\":1}\nnull\n", dataset.Options{}, dataset.Error{Line: 2, Problem: "got null"}},
		{"broken array", "[{\"q\":1},\n {\"q\":é}]", dataset.Options{}, dataset.Error{Line: 2, Column: 7, Problem: "not valid JSON"}},
		{"array without commas", "[{\"q\":1}\n {\"q\":2}]", dataset.Options{}, dataset.Error{Line: 2, Column: 2, Problem: "not valid JSON"}},
		{"array without end", "[{\"q\":1}", dataset.Options{}, dataset.Error{Line: 1, Column: 8, Problem: "unexpected end"}},
		{"array with a tail", "[{\"q\":1}]\n[2]", dataset.Options{}, dataset.Error{Line: 2, Column: 1, Problem: "after the end"}},
		{"array of strings", "[{\"q\":1},\n  \"x\"]", dataset.Options{}, dataset.Error{Line: 2, Column: 3, Problem: "got a string"}},
		{"field twice", "{\"q\":1,\"q\":2}", dataset.Options{}, dataset.Error{Line: 1, Problem: `"q" occurs twice`}},
		{"UTF-16", "\xff\xfe{\x00", dataset.Options{}, dataset.Error{Problem: "UTF-16", Remedy: "UTF-8"}},
		{"gzip", "\x1f\x8b\x08", dataset.Options{}, dataset.Error{Problem: "gzip", Remedy: "decompress"}},
		{"Latin-1", "{\"q\":1}\n{\"q\":\"caf\xe9\"}", dataset.Options{}, dataset.Error{Line: 2, Column: 10, Problem: "0xe9", Remedy: "UTF-8"}},
		{"no input", `{"id":"a","answer":"1"}`, dataset.Options{}, dataset.Error{Line: 1, ID: "a", Problem: "no input"}},
		{"missing input", "[{\"id\":\"a\",\"q\":1},\n{\"id\":\"b\"}]", dataset.Options{Inputs: []string{"q"}}, dataset.Error{Line: 2, Column: 1, ID: "b", Field: "q", Problem: "is missing", Remedy: "add it"}},
		{"missing label", `{"id":"a","q":1}`, dataset.Options{Labels: []string{"gold"}}, dataset.Error{Line: 1, ID: "a", Field: "gold", Problem: "is missing"}},
		{"missing id", `{"q":1}`, dataset.Options{ID: "key"}, dataset.Error{Line: 1, Field: "key", Problem: "is missing", Remedy: "id field"}},
		{"empty id", `{"id":"","q":1}`, dataset.Options{}, dataset.Error{Line: 1, Field: "id", Problem: "is empty"}},
		{"fractional id", "[{\"q\":1,\n \"id\":1.5}]", dataset.Options{}, dataset.Error{Line: 2, Column: 2, Field: "id", Problem: "a number, not an id", Remedy: "string or an integer"}},
		{"null id", `{"id":null,"q":1}`, dataset.Options{}, dataset.Error{Line: 1, Field: "id", Problem: "null, not an id"}},
		{"same id", "{\"id\":\"a\",\"q\":1}\n{\"id\":\"b\",\"q\":2}\n{\"id\":\"a\",\"q\":3}", dataset.Options{}, dataset.Error{Line: 3, ID: "a", Problem: "line 1", Remedy: "id of its own"}},
		{"same content without ids", "{\"q\":1}\n{\"q\": 1}", dataset.Options{}, dataset.Error{Line: 2, Problem: "repeats the one of line 1", Remedy: "remove"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			examples, err := dataset.Read(strings.NewReader(tt.text), "t.jsonl", tt.opts)
			checkError(t, examples, err, tt.want)
		})
	}
}

// checkError compares an error with the one wanted, whose Problem and Remedy
// are parts.
func checkError(t *testing.T, examples []gepa.Example, err error, want dataset.Error) {
	t.Helper()
	var got *dataset.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %d examples and error %v", len(examples), err)
	}
	if !strings.HasPrefix(err.Error(), "t.jsonl:") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error text %q", err)
	}
	if got.File != "t.jsonl" || got.Line != want.Line || got.Column != want.Column || got.ID != want.ID || got.Field != want.Field ||
		!strings.Contains(got.Problem, want.Problem) || !strings.Contains(got.Remedy, want.Remedy) || got.Problem == "" || got.Remedy == "" {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
}

func TestErrorText(t *testing.T) {
	err := &dataset.Error{File: "a.json", Line: 3, Column: 4, ID: "x", Field: "answer", Problem: "is missing", Remedy: "add it"}
	if got, want := err.Error(), `a.json:3:4: example "x": field "answer" is missing: add it`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOptionsThatContradict(t *testing.T) {
	for _, opts := range []dataset.Options{
		{Inputs: []string{"q"}, Labels: []string{"q"}},
		{Inputs: []string{"q", "q"}},
		{Labels: []string{"q", "q"}},
	} {
		if _, err := dataset.Read(strings.NewReader(`{"q":1}`), "t", opts); err == nil || !strings.Contains(err.Error(), `"q"`) {
			t.Errorf("%+v: error %v", opts, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.jsonl")
	if err := os.WriteFile(path, []byte(`{"id":"a","q":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := dataset.Load(path, dataset.Options{})
	if err != nil || len(got) != 1 || got[0].ID != "a" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := dataset.Load(filepath.Join(dir, "absent"), dataset.Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "check the path") {
		t.Errorf("absent file: %v", err)
	}
	var e *dataset.Error
	if _, err := dataset.Load(dir, dataset.Options{}); !errors.As(err, &e) {
		t.Errorf("a folder: %v", err)
	}
	broken := errors.New("broken pipe")
	if _, err := dataset.Read(failingReader{broken}, "stdin", dataset.Options{}); !errors.Is(err, broken) {
		t.Errorf("failing reader: %v", err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// Lines and array hold the same; the values that come back are those that went
// in.
func TestReadProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.MapOfN(rapid.StringN(1, 5, -1), rapid.String(), 1, 5), 1, 5).Draw(t, "rows")
		var lines bytes.Buffer
		for i, row := range rows {
			delete(row, "_id")
			delete(row, "")
			row["id"], row["question"] = string(rune('a'+i)), "?"
			b, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(b, '\n'))
		}
		array, err := json.MarshalIndent(rows, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		fromLines, err := dataset.Read(&lines, "l", dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		fromArray, err := dataset.Read(bytes.NewReader(array), "a", dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fromLines, fromArray); diff != "" {
			t.Fatalf("lines and array differ: %s", diff)
		}
		for i, ex := range fromLines {
			fields := append(append(gepa.Fields{}, ex.Inputs...), ex.Labels...)
			if len(fields) != len(rows[i])-1 {
				t.Fatalf("%d fields of %v", len(fields), rows[i])
			}
			for _, f := range fields {
				if got := fields.Text(f.Name); got != rows[i][f.Name] {
					t.Fatalf("field %q: got %q, want %q", f.Name, got, rows[i][f.Name])
				}
			}
		}
	})
}

// mustBeError stops the test unless err is a [dataset.Error] that says
// something.
func mustBeError(t *testing.T, err error) {
	t.Helper()
	var e *dataset.Error
	if !errors.As(err, &e) || e.Problem == "" {
		t.Fatalf("error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"id":"a","q":"\ud800","answer":[1,{"x":"\\\""}]}` + "\n{\"q\":1}", `[{"q":1},{"q":2.0}]`, "\ufeff{}", "[1", "{\n}", "[[]]", "{\"\xff\":1}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		examples, err := dataset.Read(bytes.NewReader(data), "t.jsonl", dataset.Options{})
		if err != nil {
			mustBeError(t, err)
			return
		}
		ids := map[string]bool{}
		for _, ex := range examples {
			if ex.ID == "" || ids[ex.ID] || len(ex.Inputs) == 0 {
				t.Fatalf("example %+v", ex)
			}
			ids[ex.ID] = true
			b, err := json.Marshal(ex)
			if err != nil {
				t.Fatal(err)
			}
			var back gepa.Example
			if err := json.Unmarshal(b, &back); err != nil || back.Hash() != ex.Hash() {
				t.Fatalf("%s does not come back: %v", b, err)
			}
		}
	})
}
