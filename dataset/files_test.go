package dataset_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

func TestCSV(t *testing.T) {
	want := []gepa.Example{
		{ID: "1", Inputs: gepa.NewFields("q", "one, \"two\"\nthree", "n", "07"), Labels: gepa.NewFields("answer", "é")},
		{ID: "2", Inputs: gepa.NewFields("q", "", "n", "8"), Labels: gepa.NewFields("answer", "x")},
	}
	for name, tt := range map[string]struct {
		file, text string
		opts       dataset.Options
	}{
		"plain":          {"t.csv", "id,q,n,answer\n1,\"one, \"\"two\"\"\nthree\",07,é\n2,,8,x\n", dataset.Options{}},
		"mark, CRLF":     {"t.CSV", "\ufeffid,q,n,answer\r\n1,\"one, \"\"two\"\"\r\nthree\",07,é\r\n\r\n2,,8,x", dataset.Options{}},
		"tabs":           {"t.tsv", "id\tq\tn\tanswer\n1\t\"one, \"\"two\"\"\nthree\"\t07\té\n2\t\t8\tx\n", dataset.Options{}},
		"semicolons":     {"t.csv", "id;q;n;answer\n1;\"one, \"\"two\"\"\nthree\";07;é\n2;;8;x\n", dataset.Options{Separator: ";"}},
		"no header":      {"t.csv", "1,\"one, \"\"two\"\"\nthree\",07,é\n2,,8,x\n", dataset.Options{Columns: []string{"id", "q", "n", "answer"}}},
		"format by flag": {"t.txt", "id,q,n,answer\n1,\"one, \"\"two\"\"\nthree\",07,é\n2,,8,x\n", dataset.Options{Format: dataset.FormatCSV}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dataset.Read(strings.NewReader(tt.text), tt.file, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestCSVTypes(t *testing.T) {
	text := "n,yes,tags,,q\n1.50,Yes,\"[1, {\"\"a\"\":2}]\",x,a\n,,,y,b\n1_000,no,null,z,c"
	types := map[string]dataset.Type{"n": dataset.TypeNumber, "yes": dataset.TypeBoolean, "tags": dataset.TypeJSON}
	_, err := dataset.Read(strings.NewReader(text), "t.csv", dataset.Options{Types: types})
	if err == nil || err.Error() != `t.csv:4: field "n" is "1_000", not a number: correct the cell, or give the column another type` {
		t.Errorf("error %v", err)
	}
	got, err := dataset.Read(strings.NewReader(strings.Replace(text, "1_000", " 1e3", 1)), "t.csv", dataset.Options{Types: types})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, ex := range got {
		b, err := ex.Inputs.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(b))
	}
	want := []string{
		`{"n":1.50,"yes":true,"tags":[1,{"a":2}],"column 4":"x","q":"a"}`,
		`{"n":null,"yes":null,"tags":null,"column 4":"y","q":"b"}`,
		`{"n":1e3,"yes":false,"tags":null,"column 4":"z","q":"c"}`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMapping(t *testing.T) {
	const text = `{"id":"a","q":"?","choices":{"text":["x","y"],"label":["A","B"]},"answers":{"text":["gold","or"]},"a/b":1,"turns":[{"role":"u","content":"hi"},{"role":"a","content":"ho"}]}`
	got, err := dataset.Read(strings.NewReader(text), "t.jsonl", dataset.Options{
		Inputs: []string{"question=q", "/choices/text", "says=/turns/*/content", "last=/turns/-1/role", "odd=/a~1b"},
		Labels: []string{"answer=/answers/text/0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []gepa.Example{{
		ID: "a", Inputs: gepa.NewFields("question", "?", "text", []string{"x", "y"}, "says", []string{"hi", "ho"}, "last", "a", "odd", 1),
		Labels: gepa.NewFields("answer", "gold"),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFileErrors(t *testing.T) {
	for _, tt := range []struct {
		name, file, text string
		opts             dataset.Options
		want             string
	}{
		{"few cells", "t.csv", "id,q\n1,a\n2\n", dataset.Options{}, "t.csv:3: has 1 cell where the header has 2: put cells"},
		{"stray quote", "t.csv", "id,q\n1,a \"b\" c\n", dataset.Options{}, "t.csv:2:5: is not valid CSV: bare \" in non-quoted-field"},
		{"open quote", "t.csv", "id,q\n1,\"a\n2,b\n", dataset.Options{}, "(in the row that begins in line 2)"},
		{"empty", "t.csv", "", dataset.Options{}, "t.csv: holds no example: give a header"},
		{"header only", "t.csv", "id,q\n", dataset.Options{}, "nothing after its header"},
		{"semicolons", "t.csv", "id;q\n1;2\n", dataset.Options{}, "if a semicolon separates its columns, say so"},
		{"column twice", "t.csv", "q,id,q\n", dataset.Options{}, `t.csv:1: field "q" is the name of column 1 and of column 3`},
		{"unknown type", "t.csv", "q\n1\n", dataset.Options{Types: map[string]dataset.Type{"q": "date"}}, `column "q" has the type "date": choose`},
		{"type of no column", "t.csv", "q\n1\n", dataset.Options{Types: map[string]dataset.Type{"Q": dataset.TypeNumber}}, `field "Q" has a type but is no column (there is "q")`},
		{"separator", "t.csv", "q\n1\n", dataset.Options{Separator: "||"}, `separator "||": give one character`},
		{"unknown format", "t", "x", dataset.Options{Format: "xlsx"}, `t: is of the format "xlsx", which cannot be read: choose one of jsonl`},
		{"Parquet", "t", "PAR1xxxx", dataset.Options{}, "t: is a Parquet file, which this program was built without"},
		{"a document", "t.json", "{\"version\": 1,\n\"data\": [{\"q\": 1}]}", dataset.Options{}, `t.json:1:1: is one JSON object over several lines: if its examples are the list "data", give that as the key`},
		{"no such key", "t.json", "{\"data\": [{\"q\": 1}]}", dataset.Options{Key: "Data"}, `the document has no "Data" (there is "data"): give the place of the list`},
		{"key of no list", "t.json", "{\"data\": {\"a\": 1}}", dataset.Options{Key: "/data/a"}, `t.json:1:16: the value at /data/a is a number, want the list`},
		{"key in a list", "t.json", "[1]", dataset.Options{Key: "a"}, `the document is a list and has no "a"`},
		{"broken document", "t.json", "{\"data\": [}", dataset.Options{Key: "data"}, `t.json:1:11: is not valid JSON`},
		{"path", "t.jsonl", `{"a":{"b":[1]}}`, dataset.Options{Inputs: []string{"x=/a/b/1"}}, `field "a" has 1 item at /a/b, and none is number 1: add it`},
		{"path to nowhere", "t.jsonl", `{"a":{"b":1}}`, dataset.Options{Inputs: []string{"x=/a/b/c"}}, `field "a" is a number at /a/b, where an object`},
		{"path without number", "t.jsonl", `{"a":[1]}`, dataset.Options{Inputs: []string{"x=/a/b"}}, `"b" is neither a number nor *`},
		{"selector without name", "t.jsonl", `{"a":1}`, dataset.Options{Inputs: []string{"=a"}}, `field "=a" has no name`},
		{"selector of an item", "t.jsonl", `{"a":1}`, dataset.Options{Inputs: []string{"/a/0"}}, "needs a name: write NAME=/a/0"},
		{"filter that is no expression", "t.jsonl", `{"a":1}`, dataset.Options{Where: "a >"}, "filter: expression, line 1, column 3: unexpected token EOF"},
		{"filter that fails", "t.jsonl", "{\"a\":1}\n{\"a\":\"x\"}", dataset.Options{Where: "a > 0"}, "t.jsonl:2: the filter fails: expression, line 1, column 3: invalid operation"},
		{"filter that is no condition", "t.jsonl", `{"a":1}`, dataset.Options{Where: "a"}, "the filter gives 1, neither true nor false"},
		{"filter on no field", "t.jsonl", `{"topic":1}`, dataset.Options{Where: `Topic == 1`}, `the filter asks for "Topic", which no row has (there is "topic")`},
		{"nothing passes", "t.jsonl", `{"a":1}`, dataset.Options{Where: "a > 1"}, "none of 1 row passes the filter"},
		{"sample", "t.jsonl", `{"a":1}`, dataset.Options{Sample: 2}, "has 1 example, which is too few for a sample of 2"},
		{"negative", "t.jsonl", `{"a":1}`, dataset.Options{Limit: -1}, "neither may be negative"},
		{"form", "t.jsonl", `{"a":1}`, dataset.Options{Form: "squad"}, `there is no form "squad": choose fields or hotpotqa`},
		{"form and fields", "t.jsonl", `{"a":1}`, dataset.Options{Form: dataset.FormHotpotQA, Inputs: []string{"a"}}, "has its own id, inputs and labels"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := dataset.Read(strings.NewReader(tt.text), tt.file, tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%d examples, error %v, want %q", len(got), err, tt.want)
			}
		})
	}
}

func TestKey(t *testing.T) {
	for key, text := range map[string]string{
		"data":       ` {"data" : [ {"id":"a","q":1} ], "n": 1}`,
		"/rows/list": `{"x":{"list":[]},"rows":{"n":[1],"list":[{"id":"a","q":1}]}}`,
		"/a~1b":      `{"a/b":[{"id":"a","q":1}]}`,
	} {
		got, err := dataset.Read(strings.NewReader(text), "t.json", dataset.Options{Key: key})
		if err != nil || len(got) != 1 || got[0].ID != "a" {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadFiles(t *testing.T) {
	dir := t.TempDir()
	b := write(t, dir, "b.csv", "id,q\n1,one\n2,two\n")
	a := write(t, dir, "a.jsonl", `{"id":"3","q":"three"}`)
	odd := write(t, dir, "[odd].jsonl", `{"id":"4","q":"four"}`)
	stdin := strings.NewReader(`[{"id":"5","q":"five"}]`)
	got, err := dataset.LoadFiles([]string{b, filepath.Join(dir, "a*"), odd, "-"}, dataset.Options{Stdin: stdin})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{b, a, odd, "-"}, got.Files); diff != "" {
		t.Error(diff)
	}
	var ids []string
	for _, ex := range got.Examples {
		ids = append(ids, ex.ID)
	}
	if strings.Join(ids, "") != "12345" || got.Rows != 5 {
		t.Errorf("ids %v of %d rows", ids, got.Rows)
	}
	for _, tt := range []struct {
		paths []string
		want  string
	}{
		{nil, "no file is named"},
		{[]string{a, a}, "a.jsonl: is named twice"},
		{[]string{filepath.Join(dir, "*.txt")}, "matches no file: check the pattern"},
		{[]string{filepath.Join(dir, "[a-.x")}, "is no valid pattern"},
		{[]string{a, write(t, dir, "again.jsonl", `{"id":"3","q":"other"}`)}, `again.jsonl:1: example "3": the id is also that of line 1 of ` + a},
		{[]string{dir}, "is a folder: name the files in it"},
		{[]string{filepath.Join(dir, "absent")}, "no such file"},
	} {
		if _, err := dataset.LoadFiles(tt.paths, dataset.Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: error %v, want %q", tt.paths, err, tt.want)
		}
	}
}

func TestWhereDedupeLimitSample(t *testing.T) {
	var lines strings.Builder
	for i := range 40 {
		fmt.Fprintf(&lines, `{"q":%d,"kind name":"k%d","deep":{"x":[%d]}}`+"\n", i%20, i%3, i)
	}
	dir := t.TempDir()
	path := write(t, dir, "x.jsonl", lines.String())
	load := func(o dataset.Options) dataset.Loaded {
		t.Helper()
		l, err := dataset.LoadFiles([]string{path}, o)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if l := load(dataset.Options{Where: `deep.x[0] >= 10 and $env["kind name"] == "k1" and $env["absent"] == nil`, Limit: 5}); len(l.Examples) != 5 || l.Filtered == 0 {
		t.Error("the filter on nested fields")
	}
	l := load(dataset.Options{Inputs: []string{"q"}, Labels: []string{}, Dedupe: true, Where: "q >= 0"})
	if l.Rows != 40 || l.Repeated+len(l.Examples) != 40 {
		t.Errorf("%d rows, %d repeated, %d examples", l.Rows, l.Repeated, len(l.Examples))
	}
	// The sample does not depend on the order of rows.
	one := load(dataset.Options{Sample: 7, Seed: 3})
	var reversed []string
	for line := range strings.Lines(lines.String()) {
		reversed = append([]string{line}, reversed...)
	}
	other, err := dataset.Read(strings.NewReader(strings.Join(reversed, "")), "r.jsonl", dataset.Options{Sample: 7, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	for i := range one.Examples {
		if diff := cmp.Diff(one.Examples[i], other[len(other)-1-i]); diff != "" {
			t.Error(diff)
		}
	}
	if one.Unsampled != 33 || cmp.Equal(one.Examples, load(dataset.Options{Sample: 7, Seed: 4}).Examples) {
		t.Error("the seed changes nothing")
	}
}

// upside is a decoder of its own.
type upside struct{ err error }

func (upside) Format() dataset.Format        { return "upside" }
func (upside) Matches(beginning []byte) bool { return bytes.HasPrefix(beginning, []byte("UP")) }
func (u upside) Rows(f dataset.File) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		for i := range int(f.Size) - 2 {
			if !yield(dataset.Row{Number: i + 1, Fields: gepa.NewFields("q", i)}, nil) {
				return
			}
		}
		if u.err != nil {
			yield(dataset.Row{}, u.err)
		}
	}
}

func TestDecoder(t *testing.T) {
	opts := dataset.Options{Decoders: []dataset.Decoder{upside{}}}
	got, err := dataset.Read(strings.NewReader("UPxxx"), "t", opts)
	if err != nil || len(got) != 3 {
		t.Errorf("%d examples, %v", len(got), err)
	}
	if _, err := dataset.Read(strings.NewReader("UP"), "t", opts); err == nil || !strings.Contains(err.Error(), "it has no rows") {
		t.Errorf("error %v", err)
	}
	opts.Decoders[0] = upside{err: errors.New("is upside down")}
	if _, err := dataset.Read(strings.NewReader("UPx"), "t.upside", opts); err == nil || err.Error() != "t.upside: is upside down: write the file anew, or convert it to JSON lines" {
		t.Errorf("error %v", err)
	}
	opts.Inputs = []string{"r"}
	if _, err := dataset.Read(strings.NewReader("UPx"), "t", opts); err == nil || !strings.Contains(err.Error(), `t: row 1: field "r" is missing (there are "q")`) {
		t.Errorf("error %v", err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,q\n1,\"a\"\"b\"\n"), ",")
	f.Add([]byte("\ufeff\"x\ny\";z\r\n1;2\r\n"), ";")
	f.Fuzz(func(t *testing.T, data []byte, separator string) {
		examples, err := dataset.Read(bytes.NewReader(data), "t.csv", dataset.Options{Separator: separator})
		if err == nil && len(examples) == 0 {
			t.Fatal("no example and no error")
		}
	})
}

func FuzzSelect(f *testing.F) {
	f.Add("x=/a/*/b", "data", []byte(`{"data":[{"a":[{"b":1}]}]}`))
	f.Add("/a/-1~0", "/x/y", []byte(`{"x":{"y":[{"a":{}}]}}`))
	f.Fuzz(func(t *testing.T, selector, key string, data []byte) {
		examples, err := dataset.Read(bytes.NewReader(data), "t.json", dataset.Options{Inputs: []string{selector}, Key: key})
		if err == nil && len(examples) == 0 {
			t.Fatal("no example and no error")
		}
	})
}
