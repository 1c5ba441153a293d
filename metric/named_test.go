package metric_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
)

// named makes a metric of one line.
func named(t *testing.T, text string) *metric.Combined {
	t.Helper()
	specs, err := metric.ParseSpecs(text)
	if err != nil {
		t.Fatal(err)
	}
	m, err := metric.Named(specs...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMeasures(t *testing.T) {
	const schema = `{"type":"object","required":["name"],"properties":{"age":{"type":"integer","minimum":0}}}`
	tests := []struct {
		spec     string
		output   any
		label    any
		score    float64
		feedback string // a part
	}{
		{"exact", "The Mila Vant.", "mila vant", 1, "exactly right"},
		{"em", "Vant", []string{"x", "vant"}, 1, ""},
		{"exact", "Mila", "Mila Vant", 0, "incomplete"},
		{"equal", " Mila ", "Mila", 1, "exactly as wanted"},
		{"equal", "mila", "Mila", 0, "upper and lower case"},
		{"equal", "x", "Mila", 0, "character by character"},
		{"f1", "Mila", "Mila Vant", 2.0 / 3, "missing words"},
		{"contains", "It was Mila Vant, she said.", "the Mila Vant", 1, "holds"},
		{"contains", "It was Milan Vant", "Mila Vant", 0, "does not hold"},
		{"contains", "", "Mila", 0, "is empty"},
		{`regex(pattern="^[A-Z]{3}$")`, "ABC", nil, 1, "has the form"},
		{`regex(pattern="^[A-Z]{3}$")`, "ABCD", nil, 0, "does not have the form"},
		{"regex", "2024-02-29", `^\d{4}-\d\d-\d\d$`, 1, ""},
		{"rouge_l", "the cat sat", "the cat sat on the mat", 2.0 / 3, "missing"},
		{"rouge_l", "", "the cat", 0, "is empty"},
		{"rouge_l", "Żółw śpi", "żółw ŚPI!", 1, "in its order"},
		{"number", "So 3 + 4 = 7.", 7, 1, "gold number"},
		{"number", "The total is $1,234.50 today", "1234.5", 1, ""},
		{"number", "between 2019-12", 12, 1, ""},
		{"number", "−3", -3, 1, ""},
		{"number", "about 6.02e23 of them", 6.02e23, 1, ""},
		{"number", "none", 3, 0, "holds no number"},
		{"number", "0.25", 25, 0, "perhaps a percentage"},
		{"number", "-4", 4, 0, "the sign is wrong"},
		{"number", "5", 4, 0, "off by 25 %"},
		{"number(tolerance=0.5)", "4.4", 4, 1, "within 0.5"},
		{"number(tolerance=0.5)", "4.6", 4, 0, ""},
		{"number(relative=0.1)", "109", 100, 1, "within 10 %"},
		{"number", "0.3", 0.1 + 0.2, 1, ""},
		{"json_equal", `{"b": [1.0, 2], "a": "x"}`, map[string]any{"a": "x", "b": []int{1, 2}}, 1, "exactly right"},
		{"json_equal", map[string]any{"a": 1}, `{"a":1}`, 1, ""},
		{"json_equal", `{"a":2,"c":{"d":1},"e":[1]}`, `{"a":1,"b":"x","e":[1,2]}`, 0, `/a is 2, want 1; /b is missing, want "x"; /e has 1 items, want 2; /c should not be there`},
		{"json_equal", "```json\n{\"a\":1}\n```", `{"a":1}`, 0, "code fence"},
		{"json_equal", "Here: {}", `{}`, 0, "should begin with {"},
		{"json_equal", "{\"a\":", `{}`, 0, "not valid JSON: unexpected EOF"},
		{"json_equal", "{} {}", `{}`, 0, "goes on after the end"},
		{"json_equal", "", `{}`, 0, "empty"},
		{"json_equal", `[]`, `{}`, 0, "the whole is [], want {}"},
		{"json_equal", `"x"`, "x", 1, ""},
		{"json_fields", `{"a":1,"b":2,"c":3}`, `{"a":1,"b":2,"c":4,"d":5}`, 4.0 / 7, "2 of 4 values are right"},
		{"json_fields", `{"a":0}`, `{"a":1}`, 0, "/a is 0"},
		{`json_schema(schema="` + strings.ReplaceAll(schema, `"`, `\"`) + `")`, `{"name":"x","age":3}`, nil, 1, "as the schema wants"},
		{`json_schema(schema="` + strings.ReplaceAll(schema, `"`, `\"`) + `")`, `{"age":-1}`, nil, 0, "not as the schema wants it"},
		{"json_schema", `{"age":1}`, schema, 0, "name"},
		{"length(max=10)", "one two three four five", nil, 0.5, "5 words"},
		{"length(max=10, unit=characters)", "éé", nil, 0.8, "2 characters"},
		{"length(min=5,max=10)", "one", nil, 1, ""},
	}
	for _, tt := range tests {
		m := named(t, tt.spec)
		in := metric.Input{Example: gepa.Example{ID: "e"}, Output: gepa.NewFields("answer", tt.output)}
		if tt.label != nil {
			in.Example.Labels = gepa.NewFields("answer", tt.label)
		}
		r, err := m.Measure(t.Context(), in)
		if err != nil {
			t.Errorf("%s of %v: %v", tt.spec, tt.output, err)
			continue
		}
		if math.Abs(r.Score-tt.score) > 1e-12 || !strings.Contains(r.Feedback.Text, tt.feedback) || r.Feedback.Text == "" {
			t.Errorf("%s of %v against %v: %v, %q; want %v, …%q…", tt.spec, tt.output, tt.label, r.Score, r.Feedback.Text, tt.score, tt.feedback)
		}
	}
}

func TestChoice(t *testing.T) {
	texts := []string{"Paris", "London, UK", "Rome", "a dog"}
	for _, tt := range []struct{ output, want string }{
		{"B", "B"}, {"b", "B"}, {"(C)", "C"}, {"**D**", "D"}, {" A. ", "A"}, {"B) London", "B"}, {"c. Rome", "C"},
		{"The answer is B.", "B"}, {"The answer is (b).", "B"}, {"Answer: C", "C"}, {"answer: c", "C"}, {"I choose option D because it fits.", "D"},
		{"A good reason speaks for this.\n\nAnswer: **B**", "B"}, {"The answer is not clear at first. The correct answer is A", "A"},
		{`So $\boxed{C}$.`, "C"}, {`\boxed{\text{B}}`, "B"}, {"Some words.\nD", "D"}, {"I think (A) it is", "A"}, {"Rome", "C"}, {"rome.", "C"},
		{"It must be London UK, I think", "B"}, {"First A, then B", "B"}, {"A. No wait, answer: B", "B"}, {"Either C or D", ""}, {"no idea", ""}, {"", ""}, {"A cat", ""},
		{"Final answer: B) London, UK", "B"}, {"The answer is a city", ""},
	} {
		in := metric.Input{
			Example: gepa.Example{ID: "e", Inputs: gepa.NewFields("options", texts), Labels: gepa.NewFields("answer", "B")},
			Output:  gepa.NewFields("answer", tt.output),
		}
		r, err := named(t, "choice(choices=options)").Measure(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		switch {
		case r.Score == 1:
			got = "B"
		case strings.Contains(r.Feedback.Text, "is the wrong choice"):
			got = r.Feedback.Text[:1]
		}
		if got != tt.want {
			t.Errorf("%q: %q (%s), want %q", tt.output, got, r.Feedback.Text, tt.want)
		}
	}
	for _, tt := range []struct {
		spec   string
		inputs gepa.Fields
		label  any
		want   string // of the error; "" for none
	}{
		{"choice", nil, 1, ""},
		{"choice", nil, "b", ""},
		{"choice(choices=AB)", nil, "C", "want the letter of a choice (one of AB)"},
		{"choice(choices=AB)", nil, 2, "the number of a choice"},
		{"choice(choices=o)", gepa.NewFields("o", map[string]any{"text": texts}), "London UK", ""},
		{"choice(choices=o)", gepa.NewFields("o", []string{"x"}), "B", "want a list of 2"},
		{"choice(choices=o)", nil, "B", `no input "o"`},
	} {
		in := metric.Input{Example: gepa.Example{ID: "e", Inputs: tt.inputs, Labels: gepa.NewFields("answer", tt.label)}, Output: gepa.NewFields("answer", "B")}
		r, err := named(t, tt.spec).Measure(t.Context(), in)
		if tt.want == "" && (err != nil || r.Score != 1) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !gepa.IsFatal(err)) {
			t.Errorf("%s with label %v: %v, %v; want %q", tt.spec, tt.label, r.Score, err, tt.want)
		}
	}
}

// The cases were computed by rouge-score.
func TestRougeReference(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "rouge.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Pred, Gold string
		F          float64
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 50 {
		t.Fatal(len(cases), err)
	}
	m := named(t, "rouge_l")
	for _, c := range cases {
		r, err := m.Measure(t.Context(), metric.Input{
			Example: gepa.Example{Labels: gepa.NewFields("answer", c.Gold)}, Output: gepa.NewFields("answer", c.Pred),
		})
		if err != nil || math.Abs(r.Score-c.F) > 1e-12 {
			t.Errorf("%q against %q: %v, %v, want %v", c.Pred, c.Gold, r.Score, err, c.F)
		}
	}
}

func TestCombined(t *testing.T) {
	m := named(t, "0.7*f1(output=final, label=gold) + 0.3*exact(output=final,label=gold) + 0*latency + 0*cost(name=dollars) + 0*length(output=final)")
	want := []gepa.Objective{
		{Name: "f1", Weight: 0.7}, {Name: "exact", Weight: 0.3}, {Name: "latency", Direction: gepa.Minimize, Max: 60},
		{Name: "dollars", Direction: gepa.Minimize, Max: 1}, {Name: "length", Direction: gepa.Minimize, Max: 1000},
	}
	if diff := cmp.Diff(want, m.Objectives()); diff != "" {
		t.Error(diff)
	}
	in := metric.Input{
		Example: gepa.Example{ID: "e", Labels: gepa.NewFields("gold", "Mila Vant", "hint", "She is named twice.")},
		Output:  gepa.NewFields("final", "Mila", "x", 1),
		Usage:   gepa.Usage{Calls: 2, Cost: gepa.Cost{Nanos: 25_000_000}}, Elapsed: 1500 * time.Millisecond,
	}
	r, err := metric.WithFeedback(m, "hint").Measure(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	wantValues := map[string]float64{"f1": 2.0 / 3, "exact": 0, "latency": 1.5, "dollars": 0.025, "length": 1}
	if diff := cmp.Diff(wantValues, r.Objectives); diff != "" || math.Abs(r.Score-0.7*2/3) > 1e-12 {
		t.Error(r.Score, diff)
	}
	const text = `The answer "Mila" is incomplete: the gold answer is "Mila Vant"; missing words: "vant". Give the full span, such as full names and whole dates.
It took 1.50 s.
It cost $0.0250.
The output has 1 words.
She is named twice.`
	if diff := cmp.Diff(text, r.Feedback.Text); diff != "" {
		t.Error(diff)
	}
	// A program that fails, and one that leaves the field out, get the worst.
	in.Output = gepa.NewFields("other", 1)
	r, err = m.Measure(t.Context(), in)
	worst := m.Worst()
	if err != nil || r.Score != 0 || r.Objectives["f1"] != 0 || worst["length"] != 1000 || r.Objectives["length"] != 1000 || !strings.Contains(r.Feedback.Text, `no field "final"`) {
		t.Errorf("%+v, %v, %v", r, err, worst)
	}
	in.Usage.Cost.Unknown = 1
	if _, err := m.Measure(t.Context(), in); err == nil || !strings.Contains(err.Error(), "not known") || !gepa.IsFatal(err) {
		t.Errorf("unknown cost: %v", err)
	}
}

func TestNamedErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "column 1: want the name of a measure",
		"f2":                                   `there is no measure "f2": choose one of exact, equal, f1`,
		"0.5 f1":                               "column 5: want * after the weight 0.5",
		"1.2.3*f1":                             "is no weight",
		"f1 exact":                             "column 4: want + and another measure",
		"f1(output)":                           "want an option such as output=answer",
		"f1(colour=red)":                       `there is no option "colour"`,
		"f1(output=a":                          "want , or ) after the value",
		`regex(pattern="x)`:                    "the quotation mark is never closed",
		`regex(pattern="\d")`:                  `write \\ for a backslash`,
		`regex(pattern="(")`:                   "no regular expression",
		"number(tolerance=x)":                  "tolerance=x: want a number",
		"number(tolerance=-1)":                 "must not be negative",
		"f1(weight=x)":                         "weight=x: want a number",
		"f1 + f1":                              `two objectives are called "f1"`,
		"0*f1":                                 "every weight is 0",
		"latency":                              "give a max above min",
		"length(unit=lines,max=3)":             "neither words nor characters",
		"choice(choices=A)":                    "too few",
		"json_schema(schema=[)":                "the schema is not valid",
		"json_schema(schema_file=absent.json)": "cannot be read",
		"json_schema(schema=true, schema_file=x)": "both given",
		"f1(weight=-1)":                "no number of 0 or more",
		strings.Repeat("x", 300) + "(": "…",
	} {
		specs, err := metric.ParseSpecs(text)
		if err == nil {
			_, err = metric.Named(specs...)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.50q: error %v, want %q", text, err, want)
		}
	}
	if _, err := metric.Named(); err == nil {
		t.Error("no measure is accepted")
	}
	for spec, label := range map[string]any{"f1": 3, "number": "none", "regex": "(", "json_schema": "x"} {
		in := metric.Input{Example: gepa.Example{ID: "e7", Labels: gepa.NewFields("answer", label)}, Output: gepa.NewFields("answer", "{}")}
		if _, err := named(t, spec).Measure(t.Context(), in); err == nil || !gepa.IsFatal(err) || !strings.Contains(err.Error(), `example "e7"`) {
			t.Errorf("%s with the label %v: %v", spec, label, err)
		}
	}
	in := metric.Input{Example: gepa.Example{ID: "e7"}, Output: gepa.NewFields("answer", "x")}
	if _, err := named(t, "number").Measure(t.Context(), in); err == nil || !strings.Contains(err.Error(), `has no label "answer"`) {
		t.Errorf("no label: %v", err)
	}
}

func TestMeasureInfos(t *testing.T) {
	var names []string
	for _, m := range metric.Measures() {
		names = append(names, m.Name)
		if m.Doc == "" || len(m.Options) == 0 {
			t.Errorf("%+v", m)
		}
	}
	if len(names) != 14 {
		t.Errorf("measures: %v", names)
	}
}

func FuzzParseSpecs(f *testing.F) {
	for _, s := range []string{"0.7*f1 + 0.3*exact", `regex(pattern="^\\d")`, "number(tolerance=1,label=x)", "f1()", `json_schema(schema="{}")`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "schema_file") {
			return
		}
		specs, err := metric.ParseSpecs(text)
		if err != nil {
			return
		}
		m, err := metric.Named(specs...)
		if err != nil {
			return
		}
		in := metric.Input{Example: gepa.Example{Labels: gepa.NewFields("answer", text)}, Output: gepa.NewFields("answer", text)}
		if r, err := m.Measure(t.Context(), in); err == nil && !(r.Score >= 0 && r.Score <= 1) {
			t.Errorf("score %v", r.Score)
		}
	})
}

func FuzzMeasures(f *testing.F) {
	f.Add("The answer is (B) 7.5", "B 7.5")
	f.Add(`{"a":[1,{"b":null}]}`, `{"a":[1.0]}`)
	f.Add("\\boxed{C} −1,000", `{"type":"integer"}`)
	f.Fuzz(func(t *testing.T, output, label string) {
		for _, m := range metric.Measures() {
			spec := m.Name + "(max=3)"
			r, err := named(t, spec).Measure(t.Context(), metric.Input{
				Example: gepa.Example{Labels: gepa.NewFields("answer", label)}, Output: gepa.NewFields("answer", output),
			})
			if err == nil && (!(r.Score >= 0 && r.Score <= 1) || r.Feedback.Text == "") {
				t.Errorf("%s of %q: %+v", m.Name, output, r)
			}
		}
	})
}
