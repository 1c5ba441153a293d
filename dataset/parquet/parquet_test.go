package parquet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pq "github.com/parquet-go/parquet-go"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/dataset/parquet"
)

func options(form dataset.Form) dataset.Options {
	return dataset.Options{Form: form, Decoders: []dataset.Decoder{parquet.Decoder{}}}
}

// The files were written by pyarrow, as those of Hugging Face are.
func TestHotpotQAByPyarrow(t *testing.T) {
	official, err := dataset.HotpotQA(filepath.Join("testdata", "hotpot.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := dataset.Load(filepath.Join("testdata", "hotpot.parquet"), options(dataset.FormHotpotQA))
	if err != nil {
		t.Fatal(err)
	}
	equalExamples(t, official, got)
}

func equalExamples(t *testing.T, want, got []gepa.Example) {
	t.Helper()
	if len(want) == 0 || len(want) != len(got) {
		t.Fatalf("%d and %d examples", len(want), len(got))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the examples differ (-official +Parquet):\n%.2000s", diff)
	}
	for i := range want {
		if want[i].Hash() != got[i].Hash() {
			t.Errorf("the hashes of %s differ", want[i].ID)
		}
	}
}

// The embedded data set, written by parquet-go in row groups and pages of
// their own, reads as its JSON lines do.
func TestHotpotQAByGo(t *testing.T) {
	want, err := dataset.ReadHotpotQA(bytes.NewReader(demodata.Train()), "train.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]any, 0, len(want))
	for line := range bytes.Lines(demodata.Train()) {
		var ex struct {
			ID, Question, Answer, Type, Level string
			Facts                             [][2]any            `json:"supporting_facts"`
			Context                           [][]json.RawMessage `json:"context"`
		}
		if err := json.Unmarshal(line, &ex); err != nil {
			t.Fatal(err)
		}
		var titles, factTitles []string
		var sentences [][]string
		var factIDs []int32
		for _, p := range ex.Context {
			var title string
			var texts []string
			if err := errors.Join(json.Unmarshal(p[0], &title), json.Unmarshal(p[1], &texts)); err != nil {
				t.Fatal(err)
			}
			titles, sentences = append(titles, title), append(sentences, texts)
		}
		for _, f := range ex.Facts {
			factTitles, factIDs = append(factTitles, f[0].(string)), append(factIDs, int32(f[1].(float64)))
		}
		rows = append(rows, map[string]any{
			"id": ex.ID, "question": ex.Question, "answer": ex.Answer, "type": ex.Type, "level": ex.Level,
			"supporting_facts": map[string]any{"title": factTitles, "sent_id": factIDs},
			"context":          map[string]any{"title": titles, "sentences": sentences},
		})
	}
	text := func() pq.Node { return pq.Optional(pq.String()) }
	schema := pq.NewSchema("row", pq.Group{
		"id": text(), "question": text(), "answer": text(), "type": text(), "level": text(),
		"supporting_facts": pq.Optional(pq.Group{
			"title": pq.Optional(pq.List(text())), "sent_id": pq.Optional(pq.List(pq.Optional(pq.Int(32)))),
		}),
		"context": pq.Optional(pq.Group{
			"title":     pq.Optional(pq.List(text())),
			"sentences": pq.Optional(pq.List(pq.Optional(pq.List(text())))),
		}),
	})
	var file bytes.Buffer
	w := pq.NewGenericWriter[map[string]any](&file, schema, pq.Compression(&pq.Snappy), pq.PageBufferSize(4096), pq.MaxRowsPerRowGroup(70))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := dataset.Read(&file, "standard input", options(dataset.FormHotpotQA))
	if err != nil {
		t.Fatal(err)
	}
	equalExamples(t, want, got)
}

// rows returns what a file decodes to, one JSON object a line.
func rows(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for row, err := range (parquet.Decoder{}).Rows(dataset.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data))}) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Number != len(out)+1 {
			t.Errorf("row %d has the number %d", len(out)+1, row.Number)
		}
		line, err := row.Fields.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(line))
	}
	return out
}

// compact returns the lines of a file without insignificant space.
func compact(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		var fields gepa.Fields
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		for i, f := range fields {
			var b bytes.Buffer
			if err := json.Compact(&b, f.Value); err != nil {
				t.Fatal(err)
			}
			fields[i].Value = b.Bytes()
		}
		b, err := fields.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

func TestTypes(t *testing.T) {
	want := compact(t, filepath.Join("testdata", "types.jsonl"))
	if diff := cmp.Diff(want, rows(t, filepath.Join("testdata", "types.parquet"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCompressions(t *testing.T) {
	want := rows(t, filepath.Join("testdata", "types_none.parquet"))
	if len(want) != 3 || want[0] != `{"text":"a\"é\n","list":[1,null,3],"i64":-9223372036854775808}` {
		t.Fatalf("got %q", want)
	}
	for _, codec := range []string{"gzip", "brotli", "snappy"} {
		if diff := cmp.Diff(want, rows(t, filepath.Join("testdata", "types_"+codec+".parquet"))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", codec, diff)
		}
	}
}

// Lists of the old two-level kind, bare repeated columns, and names that JSON
// has to escape.
func TestOldLists(t *testing.T) {
	schema := pq.NewSchema("row", pq.Group{
		"bare":     pq.Repeated(pq.String()),
		"we\"ird":  pq.Required(pq.Int(64)),
		"repeated": pq.Repeated(pq.Group{"a": pq.Required(pq.Int(32)), "b": pq.Repeated(pq.Leaf(pq.DoubleType))}),
	})
	var file bytes.Buffer
	w := pq.NewGenericWriter[map[string]any](&file, schema)
	rows := []map[string]any{
		{"bare": []string{"x", "y"}, `we"ird`: int64(1), "repeated": []map[string]any{{"a": int32(1), "b": []float64{1, 2}}, {"a": int32(2), "b": []float64{}}}},
		{"bare": []string{}, `we"ird`: int64(2), "repeated": []map[string]any{}},
	}
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := dataset.Read(&file, "x", options(""))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"bare":["x","y"],"repeated":[{"a":1,"b":[1,2]},{"a":2,"b":[]}],"we\"ird":1}`,
		`{"bare":[],"repeated":[],"we\"ird":2}`,
	}
	for i, ex := range got {
		b, err := ex.Inputs.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != want[i] {
			t.Errorf("got %s, want %s", b, want[i])
		}
	}
}

func TestErrors(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "hotpot.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cut off":      whole[:len(whole)/2],
		"magic only":   []byte("PAR1"),
		"encrypted":    []byte("PARE" + strings.Repeat("x", 50) + "PARE"),
		"damaged page": append(append(bytes.Clone(whole[:200]), bytes.Repeat([]byte{0xff}, 900)...), whole[1100:]...),
	} {
		opts := options(dataset.FormHotpotQA)
		opts.Format = dataset.FormatParquet
		_, err := dataset.Read(bytes.NewReader(data), "x.parquet", opts)
		e, ok := errors.AsType[*dataset.Error](err)
		if !ok || e.File != "x.parquet" || e.Remedy == "" || !strings.Contains(e.Problem, "cannot be decoded") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := dataset.Load(filepath.Join("testdata", "types_lz4.parquet"), options("")); err == nil || !strings.Contains(err.Error(), "LZ4") {
		t.Errorf("LZ4: %v", err)
	}
	if _, err := dataset.Load(filepath.Join("testdata", "hotpot.parquet"), dataset.Options{}); err == nil || !strings.Contains(err.Error(), "dataset/parquet") {
		t.Errorf("without the decoder: %v", err)
	}
	opts := options("")
	opts.Inputs = []string{"question", "first=/context/sentences/0/0"}
	opts.Where = `id startsWith "5a02"`
	_, err = dataset.Load(filepath.Join("testdata", "hotpot.parquet"), opts)
	if err != nil {
		t.Errorf("a path into nested columns: %v", err)
	}
	opts.Inputs = []string{"x=/context/titel/0"}
	_, err = dataset.Load(filepath.Join("testdata", "hotpot.parquet"), opts)
	const want = `hotpot.parquet: row 2: example "5a02-1": field "context" has no "titel" at /context (there are "title", "sentences"): add it`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want …%s…", err, want)
	}
}
