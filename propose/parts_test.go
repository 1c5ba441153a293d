package propose_test

import (
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/propose"
)

// What is addressed to a module is told to the writer of its field's
// description, too, who knows what the text is; a text that must stand in it is
// asked for, and a reply without it is repaired.
func TestPartsAndKeptTexts(t *testing.T) {
	for _, template := range []string{propose.TemplateInstruction, propose.TemplateGEPA} {
		reply := instruction
		if template == propose.TemplateGEPA {
			reply = func(text string) string { return "```\n" + text + "\n```" }
		}
		model := texts(reply("short answer span, at most four words"), reply("short answer <out/>, at most four words"))
		p := proposer(t, propose.Options{
			Model: model, Template: template,
			Parts:  map[string]propose.Part{"verify.answer": {Of: "verify", Is: "It describes the field answer."}},
			Linter: propose.Linter{Keep: map[string][]string{"verify.answer": {"<out/>"}}},
		})
		req := hotpot()
		req.Candidate = req.Candidate.With(map[string]string{"verify.answer": "short answer <out/> span"})
		req.Components = []string{"verify.answer"}
		req.Memo = newMemo()
		got, err := p.Propose(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if want := "short answer <out/>, at most four words"; got.Texts["verify.answer"] != want {
			t.Errorf("%s: got %+v, want %q", template, got, want)
		}
		var asked strings.Builder
		for _, r := range model.requests {
			for _, m := range r.Messages {
				asked.WriteString(m.Content)
			}
		}
		for _, want := range []string{"It describes the field answer.", "Give the field answer.", `Keep these texts in it, to the letter: "<out/>".`, `it lacks a text that has to stand in it as it is: "<out/>"`} {
			if !strings.Contains(asked.String(), want) {
				t.Errorf("%s: the writer is not told: %s", template, want)
			}
		}
	}
	l := propose.Linter{Keep: map[string][]string{"a": {"x"}}}
	if f := l.Lint(propose.Proposed{Component: "b", Text: "new text", Current: "x", Examples: []gepa.Reflected{}}); len(f) > 0 {
		t.Errorf("another component's text: %v", f)
	}
}
