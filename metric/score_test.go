package metric_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/internal/shared"
	"github.com/gepa-go/gepa/metric"
)

// Every case was observed with DSPy 3.3.1 on Python 3.11.
func TestNormalizeText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "",
		"The  Oru\tBridge!":                     "oru bridge",
		"a an the THE An":                       "",
		"the-a":                                 "thea",
		"th.e":                                  "",
		"the_a":                                 "thea",
		"another atheist":                       "another atheist",
		"théa a":                                "\u0301",
		"l'A":                                   "la",
		"x\x1c\x1dy\u0085z\u00a0\u2003\u3000w":  "x y z w",
		"x\u200by":                              "x\u200by",
		"ΑΣ ΣΑ ΑΣΑ Σ":                           "ας σα ασα σ",
		"ΑΣ. ΑΣ.Α":                              "ας ασα",
		"İ":                                     "i\u0307",
		"각":                                     "\u1100\u1161\u11a8",
		"①the Ⅷa":                               "①the ⅷa",
		"a中 a\u0301":                            "a中 \u0301",
		"“the” «a»":                             "“ ” « »",
		"e\u0301\u0327":                         "e\u0327\u0301",
		strings.Repeat("\u0301", 40) + "\u0327": "\u0327" + strings.Repeat("\u0301", 40),
	} {
		if got := metric.NormalizeText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestScores(t *testing.T) {
	tests := []struct {
		pred         string
		golds        []string
		em           bool
		f1, hotpotF1 float64
	}{
		{"Mila Vant", []string{"the mila vant."}, true, 1, 1},
		{"Mila", []string{"Mila Vant"}, false, 2.0 / 3, 2.0 / 3},
		{"Vant Mila", []string{"Mila Vant"}, false, 1, 1},
		{"x y x", []string{"x z x"}, false, 2.0 / 3, 2.0 / 3},
		{"Yes.", []string{"yes"}, true, 1, 1},
		{"yes they are", []string{"yes"}, false, 0.5, 0},
		{"no", []string{"no one"}, false, 2.0 / 3, 0},
		{"noanswer", []string{"noanswer x"}, false, 2.0 / 3, 0},
		{"no answer", []string{"noanswer"}, false, 0, 0},
		{"", []string{"The"}, true, 0, 0},
		{"Mila", []string{"Oru", "Mila Vant", "mila"}, true, 1, 1},
		{"Mila", nil, false, 0, 0},
	}
	for _, tt := range tests {
		if em := metric.ExactMatch(tt.pred, tt.golds...); em != tt.em {
			t.Errorf("ExactMatch(%q, %q) = %v", tt.pred, tt.golds, em)
		}
		if f1 := metric.F1(tt.pred, tt.golds...); f1 != tt.f1 {
			t.Errorf("F1(%q, %q) = %v, want %v", tt.pred, tt.golds, f1, tt.f1)
		}
		if f1 := metric.HotpotF1(tt.pred, tt.golds...); f1 != tt.hotpotF1 {
			t.Errorf("HotpotF1(%q, %q) = %v, want %v", tt.pred, tt.golds, f1, tt.hotpotF1)
		}
	}
}

func TestConformance(t *testing.T) {
	data, err := os.ReadFile(shared.File(t, "conformance/dspy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		NormalizeText map[string]string `json:"normalize_text"`
		QAMetrics     []struct {
			Pred     string  `json:"pred"`
			Gold     string  `json:"gold"`
			EM       bool    `json:"em"`
			F1       float64 `json:"f1"`
			HotpotF1 float64 `json:"hotpot_f1"`
		} `json:"qa_metrics"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.NormalizeText) == 0 || len(cases.QAMetrics) == 0 {
		t.Error("a group of cases is empty")
	}
	for in, want := range cases.NormalizeText {
		if got := metric.NormalizeText(in); got != want {
			t.Errorf("normalize_text %q: got %q, want %q", in, got, want)
		}
	}
	for _, c := range cases.QAMetrics {
		em, f1, hotpot := metric.ExactMatch(c.Pred, c.Gold), metric.F1(c.Pred, c.Gold), metric.HotpotF1(c.Pred, c.Gold)
		if em != c.EM || f1 != c.F1 || hotpot != c.HotpotF1 {
			t.Errorf("qa_metrics %q, %q: got %v %v %v, want %v %v %v", c.Pred, c.Gold, em, f1, hotpot, c.EM, c.F1, c.HotpotF1)
		}
	}
}

// answers draws texts that collide often.
func answers() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{"a", "The", "yes", "No", "noanswer", "Mila", "Vant", "1901", "Σ", "é", "-", "'s"})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "any") {
			return rapid.String().Draw(t, "text")
		}
		return strings.Join(rapid.SliceOfN(word, 0, 5).Draw(t, "words"), " ")
	})
}

func TestScoreProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := answers().Draw(t, "a"), answers().Draw(t, "b"), answers().Draw(t, "c")
		for name, f := range map[string]func(string, ...string) float64{"F1": metric.F1, "HotpotF1": metric.HotpotF1} {
			ab := f(a, b)
			if ab != f(b, a) {
				t.Fatalf("%s is not symmetric", name)
			}
			if ab < 0 || ab > 1 {
				t.Fatalf("%s = %v", name, ab)
			}
			if f(a, b, c) != max(ab, f(a, c)) {
				t.Fatalf("%s is not the best over the gold answers", name)
			}
			if metric.ExactMatch(a, b) && metric.NormalizeText(a) != "" && ab != 1 {
				t.Fatalf("exact match but %s = %v", name, ab)
			}
		}
		if metric.HotpotF1(a, b) > metric.F1(a, b) {
			t.Fatal("HotpotF1 is above F1")
		}
		if metric.ExactMatch(a, b) != (metric.NormalizeText(a) == metric.NormalizeText(b)) {
			t.Fatal("exact match is not equality after normalisation")
		}
	})
}

func FuzzNormalizeText(f *testing.F) {
	for _, s := range []string{"The,  Oru  Bridge!", "e\u0301.\u0327", "ΑΣ'", "\xff\xfea", "00000\xf4ǜ", "각the", "\u0344", "x\x1fa\x85the"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := metric.NormalizeText(s)
		if !utf8.ValidString(n) || strings.TrimSpace(n) != n || strings.Contains(n, "  ") || strings.ContainsAny(n, "!\"_~\x1c") {
			t.Fatalf("%q normalises to %q", s, n)
		}
		for word := range strings.FieldsSeq(n) {
			if word == "a" || word == "an" || word == "the" {
				t.Fatalf("%q keeps an article: %q", s, n)
			}
		}
		// Removing what stood between combining marks can leave them in an
		// order that a second pass changes, as in Python.
		if !strings.ContainsFunc(n, unicode.IsMark) && metric.NormalizeText(n) != n {
			t.Fatalf("%q normalises to %q, and that to %q", s, n, metric.NormalizeText(n))
		}
	})
}

func BenchmarkNormalizeText(b *testing.B) {
	text := strings.Repeat("The Oru Bridge was built by Mila Vänt, an engineer, in 1901. ", 10)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		metric.NormalizeText(text)
	}
}
