package propose

import (
	"context"
	"fmt"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program"
)

// mergeInstructions is the signature of a merge by model.
func mergeInstructions() program.Signature {
	return program.Signature{
		Name: "MergeInstructions",
		Instructions: strings.Join([]string{
			"You merge two instructions of one component of a larger program.",
			"Both come from `ancestor_instruction`, each was changed in its own way, and each does better than the other on some inputs. `first_instruction` does better on the whole. `input_output_feedbacks` records what the component did by it on examples where the two differ.",
			"",
			"Write the one instruction that takes the place of both:",
			"- Find out what each has gained over the ancestor, and keep both gains.",
			"- Where they contradict each other, decide by the records; say when which rule holds if both are needed.",
			"- Say what they have in common once. Do not set one text after the other.",
			textRules,
		}, "\n"),
		Inputs: []program.Field{
			{Name: "ancestor_instruction", Desc: "the instruction that both come from"},
			{Name: "first_instruction", Desc: "the better of the two on the whole"},
			{Name: "second_instruction", Desc: "the other one"},
			{Name: recordsField, Desc: "recorded inputs, outputs and feedback by the first instruction, where the two differ"},
		},
		Outputs: []program.Field{{Name: newInstruction, Desc: "the merged instruction's text and nothing else" + noChatter}},
	}
}

// other returns the candidate that is merged into the request's.
func other(req gepa.ReflectRequest) gepa.Candidate {
	if req.Merge.A.Equal(req.Candidate) {
		return req.Merge.B
	}
	return req.Merge.A
}

// takeOver divides the components of a merge: where only the other candidate
// has changed the ancestor's text, its text is taken over; where both have,
// the component is open; what the request's candidate has already is left out.
func takeOver(req gepa.ReflectRequest) (taken map[string]string, open []string) {
	taken = map[string]string{}
	theirs := other(req)
	for _, name := range req.Components {
		switch a, b := req.Candidate[name], theirs[name]; {
		case a == b, b == req.Merge.Ancestor[name]:
		case a == req.Merge.Ancestor[name]:
			taken[name] = b
		default:
			open = append(open, name)
		}
	}
	return taken, open
}

// merge asks for one component's text from those of two candidates. It asks in
// DSPy's chat format whatever the template is.
func (p *Proposer) merge(ctx context.Context, req gepa.ReflectRequest, component string, feedback []string) (answer, error) {
	current, second, ancestor := req.Candidate[component], other(req)[component], req.Merge.Ancestor[component]
	records := p.records(req, component, feedback)
	f := newFence(p.fences(true), bodies(records), current, second, ancestor)
	sig := withRules(mergeInstructions(), p.rules(req, component))
	messages, err := program.ChatFormat{}.Messages(sig, nil, gepa.NewFields(
		"ancestor_instruction", ancestor,
		"first_instruction", current,
		"second_instruction", second,
		recordsField, fencedRecords(records, f),
	))
	if err != nil {
		return answer{}, fmt.Errorf("proposal %d, merge of component %q: %w", req.Proposal, component, err)
	}
	q := p.question(req, component, messages)
	q.format, q.form = program.ChatFormat{}.Name(), chatForm
	q.read = func(reply string) (string, error) { return chatInstruction(sig, reply) }
	q.lint = p.lint(req, component, Proposed{Current: current, Sources: []string{second, ancestor}, Fence: f.mark})
	return ask(ctx, req.Memo, q)
}
