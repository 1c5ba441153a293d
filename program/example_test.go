package program_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/program"
)

// echo is a model that always gives one reply.
type echo string

func (echo) Name() string { return "echo" }

func (e echo) Complete(context.Context, lm.Request) (lm.Reply, error) {
	return lm.Reply{Text: string(e), Finish: lm.FinishStop}, nil
}

// A program is Go code over typed predictors.
func ExampleOf() {
	type Question struct {
		Question string `json:"question"`
	}
	type Answer struct {
		Answer string  `json:"answer" desc:"a short span"`
		Sure   float64 `json:"sure"`
	}
	solve := program.ChainOfThoughtOf[Question, Answer]("Answer the question.")
	p := program.Of(func(ctx context.Context, q Question) (Answer, error) {
		a, err := solve.Call(ctx, q)
		a.Answer = strings.TrimSuffix(a.Answer, ".")
		return a, err
	}, program.Module("solve", solve))

	model := echo("[[ ## reasoning ## ]]\nTwo and two.\n\n[[ ## answer ## ]]\n4.\n\n[[ ## sure ## ]]\n0.9\n\n[[ ## completed ## ]]")
	out, err := p.Run(context.Background(), program.Runtime{Model: model}, p.Seed(), gepa.NewFields("question", "2 + 2?"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Components()[0].Name, out.Output.Text("answer"), out.Output.Text("sure"))
	// Output: solve.predict 4 0.9
}

// Modules can be wired by the names of their fields.
func ExampleChain() {
	draft := program.NewPredict(program.MustSignature("question -> answer", "Answer briefly."))
	check := program.NewPredict(program.MustSignature("question, answer -> ok: bool", ""))
	p, err := program.Chain([]string{"question"}, program.Module("draft", draft), program.Module("check", check))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range p.Components() {
		fmt.Printf("%s: %s\n", c.Name, c.Text)
	}
	// Output:
	// draft: Answer briefly.
	// check: Given the fields `question`, `answer`, produce the fields `ok`.
}

func ExampleParseSignature() {
	sig, err := program.ParseSignature("question, context: list[str] -> answer: float")
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := program.ChatFormat{}.Messages(sig, nil, gepa.NewFields("question", "How high?", "context", []string{"A | 5 m."}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(messages[1].Content)
	// Output:
	// [[ ## question ## ]]
	// How high?
	//
	// [[ ## context ## ]]
	// ["A | 5 m."]
	//
	// Respond with the corresponding output fields, starting with the field `[[ ## answer ## ]]` (must be formatted as a valid Python float), and then ending with the marker for `[[ ## completed ## ]]`.
}
