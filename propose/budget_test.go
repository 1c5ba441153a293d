package propose

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

// drawText is text of several scripts, of most any length.
func drawText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		piece := rapid.SampledFrom([]string{"word ", "Ürümqi ", "日本語", "🙂", "x", "a\nb ", "[… 3 characters left out …]"}).Draw(t, "piece")
		return strings.Repeat(piece, rapid.IntRange(0, 80).Draw(t, "times")) + rapid.StringN(0, 20, -1).Draw(t, "tail")
	})
}

func drawFields(t *rapid.T, most int) gepa.Fields {
	var out gepa.Fields
	for i := range rapid.IntRange(0, most).Draw(t, "fields") {
		out = append(out, gepa.NewFields("field"+strconv.Itoa(i), drawText().Draw(t, "value"))...)
	}
	return out
}

func drawRecord(t *rapid.T) record {
	r := record{traced: true, feedback: drawText().Draw(t, "feedback"), problem: rapid.StringN(0, 40, -1).Draw(t, "problem")}
	for i := range rapid.IntRange(0, 4).Draw(t, "calls") {
		r.calls = append(r.calls, callRecord{
			number: i + 1, inputs: drawFields(t, 4), outputs: drawFields(t, 2), reply: rapid.StringN(0, 40, -1).Draw(t, "reply"),
		})
	}
	if r.made = len(r.calls); r.made == 0 {
		r.inputs = drawFields(t, 3)
	}
	r.output = drawFields(t, 1)
	return r
}

// recordOverhead is what a record adds to a prompt beside what is recorded:
// titles, blank lines and the fence.
const recordOverhead = 128

func TestFitKeepsToTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := make([]record, rapid.IntRange(1, 5).Draw(t, "records"))
		total := 0
		for i := range records {
			records[i] = drawRecord(t)
			total += records[i].size()
		}
		before := append([]record(nil), records...)
		tokens := rapid.IntRange(1, 1500).Draw(t, "tokens")
		fitted := fit(records, tokens)
		if !reflect.DeepEqual(before, records) {
			t.Fatal("the records themselves were changed")
		}
		if !reflect.DeepEqual(fitted, fit(records, tokens)) {
			t.Fatal("twice is not the same")
		}
		if total <= tokens*bytesPerToken && !reflect.DeepEqual(fitted, records) {
			t.Fatal("what fits was cut")
		}
		size := 0
		for i, r := range fitted {
			size += r.size()
			if r.feedback == "" && records[i].feedback != "" {
				t.Fatalf("example %d is not represented: %+v", i, r)
			}
			for _, text := range []string{r.body(), markdown([]gepa.Fields{r.fields()})} {
				if !utf8.ValidString(text) {
					t.Fatalf("a character was cut in two: %q", text)
				}
			}
		}
		if most := tokens*bytesPerToken + len(records)*(leastRecord+noteSize+leastText); size > most {
			t.Fatalf("%d bytes, budget %d, most %d", size, tokens*bytesPerToken, most)
		}
	})
}

// The prompt itself keeps to the budget, whatever the minibatch and however
// many calls and fields a record has.
func TestPromptNeverExplodes(t *testing.T) {
	long, many := strings.Repeat("0123456789", 2_000), gepa.Fields{}
	for i := range 40 {
		many = append(many, gepa.NewFields(strings.Repeat("name", 30)+strconv.Itoa(i), "a short value")...)
	}
	for _, n := range []int{1, 10, 100} {
		records := make([]record, n)
		for i := range records {
			records[i] = record{traced: true, made: 6, feedback: long}
			for k := range records[i].made {
				records[i].calls = append(records[i].calls, callRecord{number: k + 1, inputs: many, outputs: gepa.NewFields("answer", long)})
			}
		}
		const tokens = 5_000
		prompt := fencedRecords(fit(records, tokens), fence{"0123456789ab"})
		if most := tokens*bytesPerToken*5/4 + n*(leastRecord+recordOverhead) + 500; len(prompt) > most {
			t.Errorf("%d records: %d bytes, most %d", n, len(prompt), most)
		}
		if got := strings.Count(prompt, "Feedback:"); got != n {
			t.Errorf("%d of %d records have their feedback", got, n)
		}
	}
}

// Within a record, no text is cut while a longer one is not; and a record is
// cut only if no record that is larger is left whole.
func TestFitCutsTheLongestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := make([]record, rapid.IntRange(1, 5).Draw(t, "records"))
		for i := range records {
			records[i] = record{traced: true, made: 1, feedback: drawText().Draw(t, "feedback"), calls: []callRecord{{
				number: 1, inputs: gepa.NewFields("a", drawText().Draw(t, "a"), "b", drawText().Draw(t, "b")),
			}}}
		}
		fitted := fit(records, rapid.IntRange(len(records)*100, 1000).Draw(t, "tokens"))
		texts := func(r record) (out []string) {
			r.edit(unchanged, func(s string) string { out = append(out, s); return s })
			return out
		}
		for i, r := range fitted {
			old, cut := texts(records[i]), texts(r)
			for k := range cut {
				for j := range cut {
					// Cutting by less than the note on it would be no gain.
					if cut[k] != old[k] && cut[j] == old[j] && len(old[j]) > len(old[k])+noteSize+leastText {
						t.Fatalf("a text of %d bytes is cut to %d, one of %d is not", len(old[k]), len(cut[k]), len(old[j]))
					}
				}
			}
			for j, whole := range fitted {
				if !reflect.DeepEqual(r, records[i]) && reflect.DeepEqual(whole, records[j]) && records[j].size() > records[i].size()+4*(noteSize+leastText) {
					t.Fatalf("record %d of %d bytes is cut, record %d of %d is not", i, records[i].size(), j, records[j].size())
				}
			}
		}
	})
}

func TestFitLeavesShortRecordsAlone(t *testing.T) {
	long := record{feedback: strings.Repeat("x", 5000), inputs: gepa.NewFields("n", 7)}
	short := record{feedback: "short", inputs: gepa.NewFields("list", []string{"a", "b"})}
	got := fit([]record{long, short}, 250)
	if got[1].feedback != "short" || string(got[1].inputs[0].Value) != `["a","b"]` {
		t.Errorf("the short record was changed: %+v", got[1])
	}
	if n := len(got[0].feedback); n < 900 || n > 1000 || string(got[0].inputs[0].Value) != "7" {
		t.Errorf("the long record has %d bytes of feedback", n)
	}
	if len(long.feedback) != 5000 {
		t.Error("the record itself was changed")
	}
}

func TestThinSaysWhatIsLeftOut(t *testing.T) {
	r := record{traced: true, made: 20, feedback: "f"}
	for i := range 20 {
		r.calls = append(r.calls, callRecord{number: i + 1, inputs: gepa.NewFields("a", strings.Repeat("x", 900)), reply: "r"})
	}
	body := fit([]record{r}, 300)[0].body()
	for _, want := range []string{"Inputs of call 1 of 20:", "Inputs of call 20 of 20:", "characters left out", "Feedback:\nf"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in:\n%s", want, body)
		}
	}
	if strings.Contains(body, "call 10 of") {
		t.Errorf("the middle was not left out:\n%s", body)
	}
	wide := record{made: 0, feedback: "f"}
	for i := range 200 {
		wide.inputs = append(wide.inputs, gepa.NewFields("name"+strconv.Itoa(i), "a value of some length, but not much")...)
	}
	if body := fit([]record{wide}, 500)[0].body(); !strings.Contains(body, "fields left out") || !strings.Contains(body, "name0:") || !strings.Contains(body, "name199:") {
		t.Errorf("fields were not left out from the middle:\n%s", body)
	}
	if body := fit([]record{r}, 1)[0].body(); !strings.Contains(body, "left out for want of room") || len(body) > 200 {
		t.Errorf("a record without room:\n%s", body)
	}
}

var cutNote = regexp.MustCompile(`^(?s)(.*) \[… (\d+) characters left out …\] (.*)$`)

func TestCutMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawText().Draw(t, "text")
		n := rapid.IntRange(0, 2000).Draw(t, "n")
		got := cutMiddle(text, n)
		if got == text {
			if len(text) > max(n, noteSize+leastText)+noteSize+leastText {
				t.Fatalf("%d bytes were left at %d", len(text), n)
			}
			return
		}
		if len(got) > max(n, noteSize+leastText) {
			t.Fatalf("%d bytes for %d", len(got), n)
		}
		m := cutNote.FindStringSubmatch(got)
		if m == nil || !strings.HasPrefix(text, m[1]) || !strings.HasSuffix(text, m[3]) {
			t.Fatalf("%q of %q", got, text)
		}
		left, err := strconv.Atoi(m[2])
		if err != nil || utf8.RuneCountInString(m[1])+left+utf8.RuneCountInString(m[3]) != utf8.RuneCountInString(text) {
			t.Fatalf("%q does not count what is left out of %d characters", got, utf8.RuneCountInString(text))
		}
	})
}

func TestEstimateTokens(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 1, "word": 1, "words": 2, "日本語": 3} {
		if got := EstimateTokens(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
