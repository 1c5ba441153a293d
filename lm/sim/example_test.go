package sim_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/sim"
)

// sentiment is a skill for prompts with an input "review" and an output
// "sentiment". It counts words; with an instruction that speaks of negation it
// minds "not" as well.
type sentiment struct{}

func (sentiment) Name() string { return "sentiment" }

func (sentiment) CanHandle(p *sim.Prompt) bool {
	_, in := p.Input("review")
	_, out := p.Output("sentiment")
	return in && out
}

func (sentiment) Answer(t sim.Task) sim.Answer {
	minds := strings.Contains(strings.ToLower(t.Prompt.Instruction), "negat")
	score, sign := 0, 1
	for word := range strings.FieldsSeq(strings.ToLower(t.Prompt.Value("review"))) {
		switch strings.Trim(word, ".,!") {
		case "not", "never":
			if minds {
				sign = -1
			}
		case "good", "great", "lovely":
			score += sign
		case "bad", "dull", "awful":
			score -= sign
		}
	}
	label := "positive"
	if score < 0 {
		label = "negative"
	}
	return sim.Answer{Fields: map[string]string{"sentiment": label}}
}

// A skill of one's own takes the prompts that it recognises; all others go to
// the built-in ones.
func ExampleSkill() {
	model := sim.New(sim.Options{Skills: []sim.Skill{sentiment{}}})
	for _, instruction := range []string{"Classify the review.", "Classify the review. Mind negations."} {
		reply, err := model.Complete(context.Background(), lm.Request{Messages: []lm.Message{
			{Role: "system", Content: "Your input fields are:\n1. `review` (str):\nYour output fields are:\n1. `sentiment` (str):\n" +
				"All interactions will be structured in the following way, with the appropriate values filled in.\n\n" +
				"[[ ## review ## ]]\n{review}\n\n[[ ## sentiment ## ]]\n{sentiment}\n\n[[ ## completed ## ]]\n" +
				"In adhering to this structure, your objective is: \n        " + instruction},
			{Role: "user", Content: "[[ ## review ## ]]\nThis was not good."},
		}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(strings.Split(reply.Text, "\n")[1])
	}
	// Output:
	// positive
	// negative
}
