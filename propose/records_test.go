package propose

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func TestSharesAreFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOf(rapid.IntRange(0, 1000)).Draw(t, "sizes")
		total := rapid.IntRange(0, 5000).Draw(t, "total")
		got := shares(sizes, total)
		sum, need := 0, 0
		for i, g := range got {
			if g < 0 || g > sizes[i] {
				t.Fatalf("part %d of %d gets %d", i, sizes[i], g)
			}
			sum += g
			need += sizes[i]
		}
		if sum > total || (need <= total && sum != need) || (need > total && total-sum >= len(sizes)) {
			t.Fatalf("%d of %d given for %v: %v", sum, total, sizes, got)
		}
		for i := range got {
			for j := range got {
				// Whoever is cut has as much as anybody, but for rounding.
				if got[i] < sizes[i] && got[j] > got[i]+1 {
					t.Fatalf("part %d is cut to %d while %d has %d", i, got[i], j, got[j])
				}
			}
		}
	})
}

func TestFitKeepsToTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 400, -1)
		budget := rapid.IntRange(1, 3000).Draw(t, "budget")
		records := make([]record, rapid.IntRange(1, 4).Draw(t, "records"))
		for i := range records {
			records[i] = record{
				feedback: text.Draw(t, "feedback"),
				calls:    []callRecord{{inputs: gepa.NewFields("a", text.Draw(t, "a"), "list", []string{text.Draw(t, "b")}), reply: text.Draw(t, "reply")}},
			}
		}
		size := 0
		fitted := fit(records, budget)
		for i, r := range fitted {
			if !strings.HasSuffix(r.feedback, lastRune(records[i].feedback)) && budget > 100 && len(r.feedback) > noteSize {
				t.Fatalf("the end of %q is lost: %q", records[i].feedback, r.feedback)
			}
			r.eachText(func(s string) string {
				size += utf8.RuneCountInString(s)
				return s
			})
		}
		if most := budget + len(records)*4*noteSize; size > most {
			t.Fatalf("%d characters, budget %d", size, budget)
		}
	})
}

func lastRune(s string) string {
	_, n := utf8.DecodeLastRuneInString(s)
	return s[len(s)-n:]
}

func TestFitLeavesShortRecordsAlone(t *testing.T) {
	long := record{feedback: strings.Repeat("x", 5000), inputs: gepa.NewFields("n", 7)}
	short := record{feedback: "short", inputs: gepa.NewFields("list", []string{"a", "b"})}
	got := fit([]record{long, short}, 1000)
	if got[1].feedback != "short" || string(got[1].inputs[0].Value) != `["a","b"]` {
		t.Errorf("the short record was changed: %+v", got[1])
	}
	if n := len(got[0].feedback); n < 900 || n > 1100 || string(got[0].inputs[0].Value) != "7" {
		t.Errorf("the long record has %d bytes of feedback", n)
	}
	if len(long.feedback) != 5000 {
		t.Error("the record itself was changed")
	}
}

func TestMarkerIsAbsent(t *testing.T) {
	first := marker([]string{"data"})
	if first != marker([]string{"data"}) || first == marker([]string{"other"}) {
		t.Error("the marker is not a function of the data")
	}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOf(rapid.String()).Draw(t, "texts")
		if m := marker(texts); m == "" || strings.Contains(strings.Join(texts, ""), m) {
			t.Fatalf("marker %q of %q", m, texts)
		}
	})
}

func TestPythonText(t *testing.T) {
	for raw, want := range map[string]string{
		"": "None", "null": "None", "true": "True", "false": "False", `"a\n"`: "a\n",
		"1": "1", "-0": "0", "123456789012345678901234567890": "123456789012345678901234567890",
		"1.0": "1.0", "1e5": "100000.0", "1e16": "1e+16", "0.0001": "0.0001", "0.00001": "1e-05",
		"-2.50": "-2.5", "-0.0": "-0.0", "1e999": "inf", "-1e999": "-inf", "1e-999": "0.0",
	} {
		if got := pythonText(raw); got != want {
			t.Errorf("pythonText(%s) = %q, want %q", raw, got, want)
		}
	}
}
