package metric_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
)

// bridge is a question whose answer stands in the paragraph "Oru Bridge".
func bridge(labels ...any) gepa.Example {
	if labels == nil {
		labels = []any{"answer", "Mila Vant", "supporting_facts", [][]any{{"Oru Bridge", 0}, {"Teln", 1}, {"Teln", 2}}}
	}
	return gepa.Example{
		ID: "5a01",
		Inputs: gepa.NewFields("question", "Who built the bridge of the city on the Sarn?", "context", []string{
			"Oru Bridge | The Oru Bridge in Teln was built by Mila Vant.",
			"Teln | Teln is a city on the Sarn.",
			"Kesh Tower | Kesh Tower was built by Doro Lim.",
		}),
		Labels: gepa.NewFields(labels...),
	}
}

func measure(t *testing.T, m metric.Metric, in metric.Input) metric.Result {
	t.Helper()
	r, err := m.Measure(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHotpotQA(t *testing.T) {
	const gold = `The gold answer stands in the paragraph "Oru Bridge". The facts needed are in the paragraphs "Oru Bridge", "Teln".`
	yes := bridge("answer", "yes", "supporting_facts", [][]any{{"Teln", 0}})
	tests := []struct {
		name   string
		ex     gepa.Example
		answer any // nil: no such field
		em, f1 float64
		words  string
	}{
		{"right", bridge(), "mila vant.", 1, 1, `Correct: the answer "mila vant." is exactly right.`},
		{"extra words", bridge(), "It was  Mila Vant", 0, 2.0 * 2 / 4 / (2.0/4 + 1), `The answer "It was Mila Vant" holds the gold answer "Mila Vant" but has extra words: "it", "was". Give the short answer span and nothing else.`},
		{"missing words", bridge(), "Vant", 0, 2.0 / 3, `The answer "Vant" is incomplete: the gold answer is "Mila Vant"; missing words: "mila". Give the full span, such as full names and whole dates. ` + gold},
		{"partly right", bridge(), "Doro Vant", 0, 0.5, `The answer "Doro Vant" only partly matches the gold answer "Mila Vant"; missing words: "mila"; extra words: "doro". ` + gold},
		{"another order", bridge(), "Vant, Mila", 0, 1, `The answer "Vant, Mila" has the words of the gold answer "Mila Vant", but in another order. ` + gold},
		{"empty", bridge(), " ", 0, 0, `The answer is empty; the gold answer is "Mila Vant". Always commit to an answer. ` + gold},
		{"null", bridge(), (*int)(nil), 0, 0, `The answer is empty; the gold answer is "Mila Vant". Always commit to an answer. ` + gold},
		{"absent", bridge(), nil, 0, 0, `The program returned no field "answer"; the fields it returned: "other". The gold answer is "Mila Vant". ` + gold},
		{"a distractor's entity", bridge(), "Doro Lim", 0, 0, `The answer "Doro Lim" is wrong: the gold answer is "Mila Vant". The gold answer stands in the paragraph "Oru Bridge". The answer given comes from the paragraph "Kesh Tower", which the question is not about. The facts needed are in the paragraphs "Oru Bridge", "Teln".`},
		{"a needed paragraph's entity", bridge(), "Sarn", 0, 0, `The answer "Sarn" is wrong: the gold answer is "Mila Vant". The gold answer stands in the paragraph "Oru Bridge". The answer given stands in the paragraph "Teln". The facts needed are in the paragraphs "Oru Bridge", "Teln".`},
		{"made up, no supporting facts", bridge("answer", "Vala Orm"), "Zed", 0, 0, `The answer "Zed" is wrong: the gold answer is "Vala Orm". The gold answer stands word for word in no paragraph of the context. The answer given stands word for word in no paragraph.`},
		{"a number", bridge("answer", "1901"), 1901, 1, 1, `Correct: the answer "1901" is exactly right.`},
		{"yes for a name", bridge(), "Yes", 0, 0, `The answer "Yes" is wrong: the question does not ask for yes or no; the gold answer is "Mila Vant". ` + gold},
		{"yes", yes, "Yes.", 1, 1, `Correct: the answer "Yes." is exactly right.`},
		{"no for yes", yes, "no", 0, 0, `The answer "no" is wrong: the gold answer is "yes". Check the facts about both sides before deciding. The facts needed are in the paragraph "Teln".`},
		{"a sentence that begins with yes", yes, "Yes, both are.", 0, 0, `The answer "Yes, both are." begins rightly but goes on: the gold answer is the bare word "yes". Answer a yes/no question with yes or no and nothing else. The facts needed are in the paragraph "Teln".`},
		{"a sentence that begins with no", yes, "No, only one.", 0, 0, `The answer "No, only one." comes to the opposite conclusion and is a sentence: the gold answer is the bare word "yes". Answer a yes/no question with yes or no and nothing else. The facts needed are in the paragraph "Teln".`},
		{"a sentence", yes, "Both are.", 0, 0, `The answer "Both are." does not say yes or no: the gold answer is the bare word "yes". Answer a yes/no question with yes or no and nothing else. The facts needed are in the paragraph "Teln".`},
		{"noanswer", bridge("answer", "noanswer"), "Vant", 0, 0, `The answer "Vant" is wrong: the question cannot be answered, and the gold answer is exactly "noanswer".`},
		{"several gold answers", bridge("answer", []string{"Lim", "Vant Mila", "Mila Vant"}), "Mila Vant", 1, 1, `Correct: the answer "Mila Vant" is exactly right.`},
		{"the nearest of several", bridge("answer", []string{"Doro Lim", "Mila Vant"}), "Vant", 0, 2.0 / 3, `The answer "Vant" is incomplete: the gold answer is "Mila Vant"; missing words: "mila". Give the full span, such as full names and whole dates. The gold answer stands in the paragraph "Oru Bridge".`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			output := gepa.NewFields("other", 1)
			if tt.answer != nil {
				output = gepa.NewFields("answer", tt.answer)
			}
			got := measure(t, metric.HotpotQA(), metric.Input{Example: tt.ex, Output: output})
			want := metric.Result{
				Score:      0.7*tt.f1 + 0.3*tt.em,
				Objectives: map[string]float64{metric.ObjectiveEM: tt.em, metric.ObjectiveF1: tt.f1},
				Feedback:   gepa.Feedback{Text: tt.words},
			}
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-15 })
			if diff := cmp.Diff(want, got, near); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if tt.em == 1 && got.Score != 1 {
				t.Errorf("a right answer scores %v", got.Score)
			}
		})
	}
}

// trace is that of the two-module program: what Reason proposes, what Verify
// makes of it.
func trace(rationale, candidate, answer string) []gepa.Step {
	return []gepa.Step{
		{Component: "reason.predict", Outputs: gepa.NewFields("reasoning", "…", "rationale", rationale, "candidate", candidate)},
		{Component: "verify", Inputs: gepa.NewFields("candidate", candidate), Outputs: gepa.NewFields("answer", answer)},
	}
}

func TestHotpotQAByComponent(t *testing.T) {
	type words = map[string]string
	repeated := make([]gepa.Step, 0, 5)
	for range 5 {
		repeated = append(repeated, gepa.Step{Component: "ask", Outputs: gepa.NewFields("answer", "Mila Vant")})
	}
	tests := []struct {
		name  string
		ex    gepa.Example
		final string
		trace []gepa.Step
		want  words
	}{
		{"no trace", bridge(), "x", nil, nil},
		{"both right", bridge(), "Mila Vant", trace("", "Mila Vant", "Mila Vant"), words{
			"reason.predict": `Its candidate "Mila Vant" is exactly right.`,
			"verify":         `It kept the right candidate "Mila Vant".`,
		}},
		{"spoiled", bridge(), "Doro Lim", trace("", "Mila Vant", "Doro Lim"), words{
			"reason.predict": `Its candidate "Mila Vant" is exactly right. A later step spoiled it to "Doro Lim".`,
			"verify":         `It was given the right candidate "Mila Vant" and spoiled it: its answer "Doro Lim" is wrong.`,
		}},
		{"mended", bridge(), "Mila Vant", trace("Mila Vant built it", "the builder Mila Vant", "Mila Vant"), words{
			"reason.predict": `Its candidate "the builder Mila Vant" is right but with extra words. A later step mended it to "Mila Vant". Its rationale names the gold answer.`,
			"verify":         `It mended the candidate "the builder Mila Vant" (right but with extra words) to "Mila Vant", which is exactly right.`,
		}},
		{"both wrong", bridge(), "Doro Lim", trace("The tower is Lim's.", "Doro Lim", "Doro Lim"), words{
			"reason.predict": `Its candidate "Doro Lim" is wrong. None of its other outputs names the gold answer.`,
			"verify":         `It was given the candidate "Doro Lim" (wrong) and did not mend it: its answer "Doro Lim" is wrong.`,
		}},
		{"worse", bridge(), "Doro", trace("", "Vant", "Doro"), words{
			"reason.predict": `Its candidate "Vant" is incomplete. A later step spoiled it to "Doro". None of its other outputs names the gold answer.`,
			"verify":         `It made the candidate "Vant" worse: its answer "Doro" is wrong.`,
		}},
		{"better", bridge(), "Vant", trace("", "", "Vant"), words{
			"reason.predict": `Its candidate "" is empty. A later step mended it to "Vant". None of its other outputs names the gold answer.`,
			"verify":         `It made the candidate "" better, but its answer "Vant" is still incomplete.`,
		}},
		{"yes or no", bridge("answer", "no"), "yes", trace("no, no", "Both are", "yes"), words{
			"reason.predict": `Its candidate "Both are" is not the bare word that is wanted.`,
			"verify":         `It was given the candidate "Both are" (not the bare word that is wanted) and did not mend it: its answer "yes" is not the bare word that is wanted.`,
		}},
		{"a reply that could not be parsed", bridge(), "", []gepa.Step{{Component: "verify", Problem: "no field\n\"answer\""}}, words{
			"verify": `Its reply could not be used: "no field \"answer\"".`,
		}},
		{"a step without an answer", bridge(), "", []gepa.Step{
			{Component: "query", Outputs: gepa.NewFields("query", "bridge of Mila Vant")},
			{Component: "empty"},
		}, words{"query": `Its query names the gold answer.`}},
		{"called often", bridge(), "Mila Vant", repeated, words{
			"ask": "Call 1: Its answer \"Mila Vant\" is exactly right.\nCall 2: Its answer \"Mila Vant\" is exactly right.\nCall 3: Its answer \"Mila Vant\" is exactly right.\nIt was called 2 more times.",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := measure(t, metric.HotpotQA(), metric.Input{Example: tt.ex, Output: gepa.NewFields("answer", tt.final), Trace: tt.trace})
			if diff := cmp.Diff(tt.want, r.Feedback.ByComponent); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What the program saw counts, not what the example holds.
func TestHotpotQAContextOfTrace(t *testing.T) {
	in := metric.Input{
		Example: bridge("answer", "Mila Vant"),
		Output:  gepa.NewFields("answer", "Zed"),
		Trace: []gepa.Step{
			{Component: "a", Inputs: gepa.NewFields("context", []string{"Found | By Mila Vant.", "Again | Mila Vant too."})},
			{Component: "b", Inputs: gepa.NewFields("context", "Vant, Mila Vant, and Zed without a title")},
		},
	}
	got := measure(t, metric.HotpotQA(), in).Feedback.Text
	want := `The answer "Zed" is wrong: the gold answer is "Mila Vant". The gold answer stands in the paragraphs "Found", "Again", "". The answer given stands in a paragraph without title.`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTextMatch(t *testing.T) {
	renamed := metric.F1On("reply")
	renamed.Label = "answer"
	ex := gepa.Example{ID: "1", Labels: gepa.NewFields("answer", "yes", "reply", []string{"Mila Vant", "Vant"})}
	tests := []struct {
		name   string
		metric metric.Metric
		output gepa.Fields
		score  float64
		words  string
	}{
		{"exact", metric.ExactMatchOn("reply"), gepa.NewFields("reply", "vant"), 1, "exactly right"},
		{"not exact", metric.ExactMatchOn("reply"), gepa.NewFields("reply", "Mila"), 0, `missing words: "vant"`},
		{"F1", metric.F1On("reply"), gepa.NewFields("reply", "Mila"), 2.0 / 3, `missing words: "vant"`},
		{"F1 has no rule for yes and no", metric.F1On("answer"), gepa.NewFields("answer", "yes it is"), 0.5, "goes on"},
		{"another label", renamed, gepa.NewFields("reply", "yes"), 1, "exactly right"},
		{"absent", metric.F1On("reply"), nil, 0, `no field "reply"; the fields it returned: none`},
		{"empty", metric.ExactMatchOn("reply"), gepa.NewFields("reply", ""), 0, "is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := measure(t, tt.metric, metric.Input{Example: ex, Output: tt.output})
			if math.Abs(got.Score-tt.score) > 1e-15 || !strings.Contains(got.Feedback.Text, tt.words) {
				t.Errorf("got %v, %q; want %v, %q", got.Score, got.Feedback.Text, tt.score, tt.words)
			}
		})
	}
	t.Run("absent where the gold answer is empty", func(t *testing.T) {
		in := metric.Input{Example: gepa.Example{Labels: gepa.NewFields("reply", "")}}
		if got := measure(t, metric.ExactMatchOn("reply"), in); got.Score != 0 {
			t.Errorf("scores %v", got.Score)
		}
	})
}

func TestLabelErrors(t *testing.T) {
	tests := []struct {
		name   string
		labels []any
		want   []string
	}{
		{"missing", []any{"gold", "x"}, []string{`no label "answer"`, `it has "gold"`}},
		{"no labels", []any{"answer", nil}, []string{`no label "answer"`}},
		{"number", []any{"answer", 42}, []string{`label "answer" is 42, want a string or a list of strings`}},
		{"empty list", []any{"answer", []string{}}, []string{`label "answer" is []`}},
		{"list with a null", []any{"answer", []any{"x", nil}}, []string{`label "answer" is ["x",null]`}},
		{"long", []any{"answer", map[string]string{"x": strings.Repeat("y", 1000)}}, []string{`label "answer" is {"x":"yyy`}},
		{"facts no list", []any{"answer", "x", "supporting_facts", 1}, []string{`label "supporting_facts" is 1, want a list of`}},
		{"facts no pairs", []any{"answer", "x", "supporting_facts", [][]any{{"a"}}}, []string{`label "supporting_facts" is [["a"]]`}},
		{"facts without title", []any{"answer", "x", "supporting_facts", [][]any{{1, 2}}}, []string{`label "supporting_facts" is [[1,2]]`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			metrics := []metric.Metric{metric.HotpotQA()}
			if !strings.Contains(tt.name, "facts") {
				metrics = append(metrics, metric.F1On("answer"))
			}
			for _, m := range metrics {
				_, err := m.Measure(t.Context(), metric.Input{Example: bridge(tt.labels...), Output: gepa.NewFields("answer", "x")})
				if err == nil || !gepa.IsFatal(err) || len(err.Error()) > 400 {
					t.Fatalf("error %v", err)
				}
				for _, want := range append(tt.want, `example "5a01"`) {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("error %q lacks %q", err, want)
					}
				}
			}
		})
	}
}

// Whatever a program answers, feedback is short, printable and the same each
// time, and the score is in range.
func TestHotpotQAProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grow := rapid.IntRange(1, 200)
		text := rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(answers().Draw(t, "text")+" ", grow.Draw(t, "times"))
		})
		in := metric.Input{
			Example: bridge("answer", rapid.SliceOfN(text, 1, 3).Draw(t, "gold"), "supporting_facts", [][]any{{text.Draw(t, "title"), 0}}),
			Output:  gepa.NewFields("answer", text.Draw(t, "answer")),
			Trace:   trace(text.Draw(t, "rationale"), text.Draw(t, "candidate"), text.Draw(t, "verified")),
		}
		r, err := metric.HotpotQA().Measure(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if r.Score < 0 || r.Score > 1 || len(r.Objectives) != 2 || len(r.Feedback.ByComponent) != 2 {
			t.Fatalf("result %+v", r)
		}
		for _, words := range append([]string{r.Feedback.Text}, r.Feedback.ByComponent["reason.predict"], r.Feedback.ByComponent["verify"]) {
			if words == "" || !utf8.ValidString(words) || strings.Contains(words, "\n") || utf8.RuneCountInString(words) > 4000 {
				t.Fatalf("feedback of %d characters: %q", utf8.RuneCountInString(words), words)
			}
		}
		again, err := metric.HotpotQA().Measure(t.Context(), in)
		if diff := cmp.Diff(r, again); err != nil || diff != "" {
			t.Fatalf("measured again: %v %s", err, diff)
		}
	})
}
