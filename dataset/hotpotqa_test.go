package dataset_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/internal/shared"
)

const (
	official = `[{
  "supporting_facts": [["Oru Bridge", 0], ["Mila Vant", 1]],
  "level": "hard", "type": "bridge", "_id": "5a01",
  "question": "Who built the Oru Bridge\u2019s twin?", "answer": "Mila Vant",
  "context": [["Oru Bridge", ["Oru Bridge is a bridge.", " It has a twin."]],
              ["Mila Vant", ["Mila Vant was born in 1901.", " She built the twin."]]]
}]`
	huggingFace = `{"id":"5a01","question":"Who built the Oru Bridge’s twin?","answer":"Mila Vant","type":"bridge","level":"hard",` +
		`"supporting_facts":{"title":["Oru Bridge","Mila Vant"],"sent_id":[0,1]},` +
		`"context":{"title":["Oru Bridge","Mila Vant"],"sentences":[["Oru Bridge is a bridge."," It has a twin."],["Mila Vant was born in 1901."," She built the twin."]]}}`
	lines = `{"id":"5a01","question":"Who built the Oru Bridge’s twin?","answer":"Mila Vant","type":"bridge","level":"hard",` +
		`"supporting_facts":[["Oru Bridge",0],["Mila Vant",1]],` +
		`"context":[["Oru Bridge",["Oru Bridge is a bridge."," It has a twin."]],["Mila Vant",["Mila Vant was born in 1901."," She built the twin."]]]}`
)

func TestHotpotQAForms(t *testing.T) {
	want := []gepa.Example{{
		ID: "5a01",
		Inputs: gepa.NewFields("question", "Who built the Oru Bridge’s twin?", "context", []string{
			"Oru Bridge | Oru Bridge is a bridge. It has a twin.",
			"Mila Vant | Mila Vant was born in 1901. She built the twin.",
		}),
		Labels: gepa.NewFields("answer", "Mila Vant", "type", "bridge", "level", "hard",
			"supporting_facts", [][]any{{"Oru Bridge", 0}, {"Mila Vant", 1}}),
	}}
	for name, text := range map[string]string{
		"official": official, "Hugging Face": huggingFace, "lines": lines,
		"Hugging Face in an array": "[" + huggingFace + "]",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := dataset.HotpotQA(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got[0].Hash() != want[0].Hash() {
				t.Error("the hash differs")
			}
		})
	}
}

func TestHotpotQAOptionalFields(t *testing.T) {
	got, err := dataset.ReadHotpotQA(strings.NewReader(
		`{"question":"q","answer":"a","type":null,"extra":1,"context":[["T",[]]]}`), "t")
	if err != nil {
		t.Fatal(err)
	}
	want := []gepa.Example{{ID: got[0].Hash()[:16], Inputs: gepa.NewFields("question", "q", "context", []string{"T | "}), Labels: gepa.NewFields("answer", "a")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestHotpotQAErrors(t *testing.T) {
	with := func(field, value string) string {
		row := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(lines), &row); err != nil {
			t.Fatal(err)
		}
		row[field] = json.RawMessage(value)
		if value == "" {
			delete(row, field)
		}
		b, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	tests := []struct{ name, text, field, problem string }{
		{"no answer", with("answer", ""), "answer", "is missing"},
		{"null answer", with("answer", "null"), "answer", "is missing"},
		{"empty answer", with("answer", `" "`), "answer", "is empty"},
		{"number as answer", with("answer", `1901`), "answer", "is a number, want a string"},
		{"no question", with("question", ""), "question", "is missing"},
		{"no context", with("context", ""), "context", "is missing"},
		{"empty context", with("context", "[]"), "context", "is empty"},
		{"empty columns", with("context", `{"title":[],"sentences":[]}`), "context", "is empty"},
		{"text as context", with("context", `"text"`), "context", "is a string"},
		{"paragraphs as texts", with("context", `["a","b"]`), "context", "string where list is wanted"},
		{"triple", with("context", `[["a",["b"],1]]`), "context", "3 items"},
		{"number as title", with("context", `[[1,["b"]]]`), "context", "number where string is wanted"},
		{"sentences as text", with("context", `{"title":["a"],"sentences":["b"]}`), "context", "string where list is wanted"},
		{"columns of unequal length", with("context", `{"title":["a","b"],"sentences":[["b"]]}`), "context", "2 titles for 1 paragraphs"},
		{"list as type", with("type", `[]`), "type", "is a list"},
		{"text as facts", with("supporting_facts", `"x"`), "supporting_facts", "are a string"},
		{"fact with a text as index", with("supporting_facts", `[["a","b"]]`), "supporting_facts", "string where whole number"},
		{"facts of unequal length", with("supporting_facts", `{"title":["a"],"sent_id":[1,2]}`), "supporting_facts", "1 titles for 2"},
		{"fact columns of wrong type", with("supporting_facts", `{"title":["a"],"sent_id":"x"}`), "supporting_facts", "string where list"},
	}
	good := strings.Replace(lines, "5a01", "5a00", 1)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			examples, err := dataset.ReadHotpotQA(strings.NewReader(good+"\n"+tt.text), "t.jsonl")
			checkError(t, examples, err, dataset.Error{Line: 2, ID: "5a01", Field: tt.field, Problem: tt.problem})
		})
	}
	t.Run("array", func(t *testing.T) {
		examples, err := dataset.ReadHotpotQA(strings.NewReader(strings.Replace(official, `"Mila Vant",
`, `"",
`, 1)), "t.jsonl")
		checkError(t, examples, err, dataset.Error{Line: 4, Column: 56, ID: "5a01", Field: "answer", Problem: "is empty"})
	})
	t.Run("id", func(t *testing.T) {
		examples, err := dataset.ReadHotpotQA(strings.NewReader(with("id", "[]")), "t.jsonl")
		checkError(t, examples, err, dataset.Error{Line: 1, Field: "id", Problem: "a list, not an id"})
	})
	t.Run("absent file", func(t *testing.T) {
		if _, err := dataset.HotpotQA(filepath.Join(t.TempDir(), "x")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
}

func TestParagraph(t *testing.T) {
	tests := []struct {
		name      string
		sentences []string
		want      string
	}{
		{"HotpotQA's own spaces", []string{"One.", " Two.", " Three."}, "T | One. Two. Three."},
		{"no spaces", []string{"One.", "Two.", "3 are three.", `"Four" is quoted.`, "(Five)"}, `T | One. Two. 3 are three. "Four" is quoted. (Five)`},
		{"sentences cut in two", []string{`She sang "Oliver!`, `" in London?`, ", which pleased.", "-1730)"}, `T | She sang "Oliver!" in London?, which pleased.-1730)`},
		{"spaces at both sides of a seam", []string{" One. ", " Two. ", "Three."}, "T | One. Two. Three."},
		{"spaces within", []string{"One.", "  Two."}, "T | One.  Two."},
		{"empty and blank sentences", []string{"", "One.", "", " ", " Two."}, "T | One. Two."},
		{"none", nil, "T | "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := dataset.Paragraph("T", tt.sentences); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The real files load in full and give equal examples in all three forms.
func TestHotpotQASharedData(t *testing.T) {
	for _, file := range []struct {
		name string
		n    int
	}{{"data/hotpotqa_train.jsonl", 598}, {"data/hotpotqa_dev.jsonl", 200}} {
		t.Run(file.name, func(t *testing.T) {
			data, err := os.ReadFile(shared.File(t, file.name))
			if err != nil {
				t.Fatal(err)
			}
			want, err := dataset.ReadHotpotQA(bytes.NewReader(data), file.name)
			if err != nil {
				t.Fatal(err)
			}
			if len(want) != file.n {
				t.Errorf("%d examples, want %d", len(want), file.n)
			}
			if file.n > 200 {
				return // one file is enough for the other forms
			}
			officialForm, rowForm := otherForms(t, data)
			for form, content := range map[string][]byte{"official": officialForm, "rows": rowForm} {
				got, err := dataset.ReadHotpotQA(bytes.NewReader(content), form)
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != len(want) {
					t.Fatalf("%s form: %d examples, want %d", form, len(got), len(want))
				}
				for i := range want { // cmp.Diff takes half a minute for all
					if !reflect.DeepEqual(want[i], got[i]) {
						t.Fatalf("%s form, example %d (-lines +%s)\n%s", form, i, form, cmp.Diff(want[i], got[i]))
					}
				}
			}
		})
	}
}

// otherForms converts JSON lines to the official array and to Hugging Face
// rows.
func otherForms(t *testing.T, jsonl []byte) (officialForm, rowForm []byte) {
	t.Helper()
	var array []map[string]any
	var rows bytes.Buffer
	for line := range bytes.Lines(jsonl) {
		var pairs, columns map[string]any
		if err := errors.Join(json.Unmarshal(line, &pairs), json.Unmarshal(line, &columns)); err != nil {
			t.Fatal(err)
		}
		pairs["_id"] = pairs["id"]
		delete(pairs, "id")
		array = append(array, pairs)
		for field, names := range map[string][2]string{"context": {"title", "sentences"}, "supporting_facts": {"title", "sent_id"}} {
			var first, second []any
			for _, p := range columns[field].([]any) {
				first, second = append(first, p.([]any)[0]), append(second, p.([]any)[1])
			}
			columns[field] = map[string]any{names[0]: first, names[1]: second}
		}
		b, err := json.Marshal(columns)
		if err != nil {
			t.Fatal(err)
		}
		rows.Write(append(b, '\n'))
	}
	officialForm, err := json.MarshalIndent(array, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return officialForm, rows.Bytes()
}

func FuzzReadHotpotQA(f *testing.F) {
	for _, s := range []string{official, huggingFace, lines} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		examples, err := dataset.ReadHotpotQA(bytes.NewReader(data), "t.jsonl")
		if err != nil {
			mustBeError(t, err)
			return
		}
		for _, ex := range examples {
			var paragraphs []string
			if err := ex.Inputs.Decode("context", &paragraphs); err != nil || len(paragraphs) == 0 || ex.ID == "" ||
				ex.Inputs.Text("question") == "" || ex.Labels.Text("answer") == "" {
				t.Fatalf("example %+v: %v", ex, err)
			}
		}
	})
}
