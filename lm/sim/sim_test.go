package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gepa-go/gepa/lm"
)

func complete(t *testing.T, m *Model, req lm.Request) lm.Reply {
	t.Helper()
	r, err := m.Complete(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func questionPrompt(t *testing.T) []lm.Message {
	x := devExamples(t, 1)[0]
	return chat(baseReason,
		[]sigField{{"question", "str", "", x.Question}, {"context", "list[str]", "", listValue(x.items())}},
		[]sigField{{"rationale", "str", "", ""}, {"candidate", "str", "short answer span", ""}})
}

func TestEqualRequestsGetEqualReplies(t *testing.T) {
	req := lm.Request{Messages: questionPrompt(t)}
	m := New(Options{Seed: 3})
	want := complete(t, New(Options{Seed: 3}), req)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := m.Complete(context.Background(), req); err != nil || got.Text != want.Text {
				t.Errorf("got %q, %v; want %q", got.Text, err, want.Text)
			}
		})
	}
	wg.Wait()
	if u := want.Usage; u.Calls != 1 || u.InputTokens == 0 || u.OutputTokens == 0 || !u.Cost.Known() || u.Cost.Nanos != 0 {
		t.Errorf("usage is %+v", u)
	}
}

func TestSeedsAndRepeatsDiffer(t *testing.T) {
	req := lm.Request{Messages: questionPrompt(t)}
	seen := map[string]bool{}
	for i := range 40 {
		req.Repeat = i
		seen[complete(t, New(Options{Seed: 1}), req).Text] = true
	}
	if len(seen) < 2 {
		t.Error("forty repeats got one reply")
	}
	req.Repeat = 0
	for i := range uint64(40) {
		seen[complete(t, New(Options{Seed: i}), req).Text] = true
	}
	if len(seen) < 2 {
		t.Error("forty seeds got one reply")
	}
}

func TestContextEndsCall(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New(Options{}).Complete(ctx, lm.Request{Messages: questionPrompt(t)}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestTokenLimitCutsReply(t *testing.T) {
	r := complete(t, New(Options{}), lm.Request{Messages: questionPrompt(t), Params: lm.Params{MaxTokens: 5}})
	if r.Finish != lm.FinishLength || len(r.Text) > 20 {
		t.Errorf("finish %q, text %q", r.Finish, r.Text)
	}
}

const jsonSystem = "Your input fields are:\n1. `question` (str): \n2. `context` (str):\nYour output fields are:\n1. `reasoning` (str): \n2. `answer` (str): \n3. `sure` (bool):\n4. `n` (int):\n5. `tags` (list[str]):\n" +
	"All interactions will be structured in the following way, with the appropriate values filled in.\n\nInputs will have the following structure:\n\n[[ ## question ## ]]\n{question}\n\n[[ ## context ## ]]\n{context}\n\n" +
	"Outputs will be a JSON object with the following fields.\n\n{\n  \"reasoning\": \"{reasoning}\",\n  \"answer\": \"{answer}\",\n  \"sure\": \"{sure}        # note: the value you produce must be True or False\"\n}\n" +
	"In adhering to this structure, your objective is: \n        Given the fields `question`, `context`, produce the fields `answer`."

func TestJSONPromptGetsJSON(t *testing.T) {
	user := "[[ ## question ## ]]\nWho painted the Mona Lisa?\n\n[[ ## context ## ]]\n[1] «Mona Lisa | The Mona Lisa was painted by Leonardo da Vinci.»\n[2] «««\n    Louvre | A museum\n    in Paris.\n»»»\n\nRespond with a JSON object in the following order of fields: `reasoning`, then `answer`."
	r := complete(t, New(Options{}), lm.Request{Messages: []lm.Message{{Role: "system", Content: jsonSystem}, {Role: "user", Content: user}}})
	var got struct {
		Reasoning, Answer *string
		Sure              *bool
		N                 *int
		Tags              []string
	}
	if err := json.Unmarshal([]byte(r.Text), &got); err != nil || got.Reasoning == nil || got.Answer == nil || got.Sure == nil || got.N == nil || got.Tags == nil {
		t.Fatalf("%v in %s", err, r.Text)
	}
	if !strings.Contains(*got.Answer, "Vinci") {
		t.Errorf("answer %q", *got.Answer)
	}
}

func TestXMLPromptGetsXML(t *testing.T) {
	system := "Your input fields are:\n1. `question` (str):\nYour output fields are:\n1. `answer` (str):\nAll interactions will be structured in the following way, with the appropriate values filled in.\n\n<question>\n{question}\n</question>\n\n<answer>\n{answer}\n</answer>\nIn adhering to this structure, your objective is: \n        Answer."
	r := complete(t, New(Options{}), lm.Request{Messages: []lm.Message{{Role: "system", Content: system}, {Role: "user", Content: "<question>\nWho?\n</question>\n\nRespond with the corresponding output fields wrapped in XML tags `<answer>`."}}})
	if !strings.HasPrefix(r.Text, "<answer>\n") || !strings.HasSuffix(r.Text, "\n</answer>") {
		t.Errorf("reply %q", r.Text)
	}
}

func TestEveryOutputIsFilled(t *testing.T) {
	out := []sigField{{"answer", "str", "", ""}, {"ok", "bool", "", ""}, {"k", "int", "", ""}, {"f", "float", "", ""}, {"d", "dict[str, int]", "", ""}}
	got := ask(New(Options{}), chat("Answer.", []sigField{{"question", "str", "", "What is the capital of the state?"}}, out))
	for name, want := range map[string]string{"ok": "False", "k": "0", "f": "0.0", "d": "{}"} {
		if got[name] != want {
			t.Errorf("field %s is %q, want %q", name, got[name], want)
		}
	}
	if got["answer"] == "" {
		t.Error("no answer")
	}
}

func TestFencedTemplateGetsFence(t *testing.T) {
	prompt := "I provided an assistant with the following instructions to perform a task for me:\n```\nDo it.\n```\n\nExamples with feedback:\n```\n# Example 1\n## Inputs\nq\n\n## Generated Outputs\na\n\n## Feedback\nThe answer is right but has extra words. Trim it.\n\n```\n\nProvide the new instructions within ``` blocks."
	fenced := 0
	for seed := range uint64(20) {
		r := complete(t, New(Options{Seed: seed}), lm.Request{Messages: []lm.Message{{Role: "user", Content: prompt}}})
		if strings.HasPrefix(r.Text, "```\nDo it.") && strings.HasSuffix(r.Text, "\n```") {
			fenced++
		}
	}
	if fenced < 15 {
		t.Errorf("only %d of 20 replies were fenced", fenced)
	}
}

// TestJudgeKeepsTheGoldAnswerToItself reads feedback on many answers.
func TestJudgeKeepsTheGoldAnswerToItself(t *testing.T) {
	m := New(Options{Seed: 4})
	for i, x := range devExamples(t, 60) {
		gold := strings.ToLower(strings.Trim(x.Answer, ". "))
		if gold == "yes" || gold == "no" || len(gold) < 5 {
			continue
		}
		for _, final := range []string{x.Answer, "It is " + x.Answer + " as the paragraph says in so many words", "nobody", x.Question, strings.Fields(x.Answer)[0]} {
			fb := ask(m, judgePrompt(x, final))["feedback"]
			if fb == "" || strings.Count(fb, "\n") > 2 {
				t.Errorf("example %d, answer %q: feedback %q", i, final, fb)
			}
			if strings.Contains(strings.ToLower(fb), gold) {
				t.Errorf("example %d: the gold answer %q stands in %q", i, x.Answer, fb)
			}
		}
	}
}

func judgePrompt(x rawExample, final string) []lm.Message {
	return chat("Give feedback.", []sigField{
		{"module_name", "str", "", "verify"}, {"instruction", "str", "", baseVerify}, {"question", "str", "", x.Question},
		{"context", "list[str]", "", listValue(x.items())}, {"module_output", "str", "", "answer: " + final},
		{"final_answer", "str", "", final}, {"gold_answer", "str", "", x.Answer}, {"em", "float", "", "0"}, {"f1", "float", "", "0.5"},
	}, []sigField{{"feedback", "str", "1-3 short bullets", ""}})
}

// TestReflectorLearnsFromStrangersWords gives it feedback in words that neither
// the judge nor the metric uses.
func TestReflectorLearnsFromStrangersWords(t *testing.T) {
	l := newLexicon()
	for habit, feedback := range map[Habit]string{
		Bare:       "The reply is far too long; a shorter one was wanted.",
		PlainYesNo: "This should simply say yes or no.",
		FullNames:  "The full name was needed; the answer is incomplete.",
		BothHops:   "It stopped after the first hop.",
		Verbatim:   "The reply paraphrases the text and uses outside knowledge.",
		Comparing:  "Only one of the two was looked at in this comparison; use both sides.",
	} {
		learnt := 0
		for seed := range uint64(20) {
			text := ask(New(Options{Seed: seed}), chat("Improve it.", []sigField{{"curr_instruction", "str", "", "Answer the question."},
				{"input_output_feedbacks", "str", "", strings.Repeat("Inputs:\nquestion: q\nOutputs:\nanswer: a\nFeedback:\n"+feedback+"\n\n", 3)}},
				[]sigField{{"new_instruction", "str", "", ""}}))["new_instruction"]
			if l.follows(text)[habit] > 0.5 {
				learnt++
			}
		}
		if learnt < 10 || learnt == 20 {
			t.Errorf("habit %d was learnt by %d of 20 seeds; want most, not all", habit, learnt)
		}
	}
}

func FuzzParsePrompt(f *testing.F) {
	f.Add(jsonSystem, "[[ ## question ## ]]\nq\n\nRespond with")
	f.Add("", "new instruction\n```\na\n```\nb")
	f.Add("Your output fields are:\n1. `a` (list[str]): x", "[[ ## a ## ]]")
	f.Add("Your output fields are:\n1. `rationale` (str):", "")
	m := New(Options{})
	f.Fuzz(func(t *testing.T, system, user string) {
		r, err := m.Complete(context.Background(), lm.Request{Messages: []lm.Message{{Role: "system", Content: system}, {Role: "user", Content: user}}})
		if err != nil {
			t.Fatal(err)
		}
		again, _ := m.Complete(context.Background(), lm.Request{Messages: []lm.Message{{Role: "system", Content: system}, {Role: "user", Content: user}}})
		if r.Text != again.Text {
			t.Errorf("two replies to one request: %q and %q", r.Text, again.Text)
		}
	})
}

func FuzzItems(f *testing.F) {
	f.Add("[1] «a | b»\n[2] «««\n    c\n»»»")
	f.Add(`[["T", ["s1.", " s2."]], "x"]`)
	f.Fuzz(func(t *testing.T, value string) {
		for _, item := range Items(value) {
			if len(item) > 4*len(value)+8 {
				t.Errorf("item of %d bytes from %d", len(item), len(value))
			}
		}
	})
}

func BenchmarkComplete(b *testing.B) {
	xs := devExamples(b, 50)
	m := New(Options{})
	var reqs []lm.Request
	for _, x := range xs {
		reqs = append(reqs, lm.Request{Messages: chat(baseReason,
			[]sigField{{"question", "str", "", x.Question}, {"context", "list[str]", "", listValue(x.items())}},
			[]sigField{{"candidate", "str", "short answer span", ""}})})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := m.Complete(context.Background(), reqs[i%len(reqs)]); err != nil {
			b.Fatal(err)
		}
	}
}

func TestStopSequencesEndReply(t *testing.T) {
	r := complete(t, New(Options{}), lm.Request{Messages: questionPrompt(t), Params: lm.Params{Stop: []string{"[[ ## candidate"}}})
	if strings.Contains(r.Text, "[[ ## candidate") {
		t.Errorf("reply goes on after the stop sequence: %q", r.Text)
	}
}

func TestInstructionMemoryIsBounded(t *testing.T) {
	m := New(Options{})
	for i := range 3 * knownInstructions {
		m.guidance(fmt.Sprint("Answer ", i))
	}
	if n := len(m.known.known); n != knownInstructions {
		t.Errorf("%d instructions are remembered, want %d", n, knownInstructions)
	}
}
