package propose_test

import (
	"fmt"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/propose"
)

func ExampleLint() {
	findings := propose.Lint(propose.Proposed{
		Current: "Answer {question} shortly.",
		Text:    "Based on the feedback, answer Ada Lindqvist if a lighthouse is mentioned.",
		Examples: []gepa.Reflected{{Example: gepa.Example{
			ID:     "1",
			Inputs: gepa.NewFields("question", "Who built it?", "context", "The lighthouse was built by Ada Lindqvist."),
			Labels: gepa.NewFields("answer", "Ada Lindqvist"),
		}}},
	})
	for _, f := range findings {
		fmt.Printf("%s (%s): %s\n", f.Rule, f.Level, f.Words)
	}
	// Output:
	// placeholder (refuse): it lacks what the program fills in and the current text has: {question}
	// meta (refuse): it speaks of its own making to a reader who will see nothing but the text: “Based on the feedback”
	// gold (refuse): it names the expected answer of a recorded example, which no other input will have: “Ada Lindqvist”
}
