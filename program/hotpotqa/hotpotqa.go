// Package hotpotqa is the program for the HotpotQA data set from the blog post
// that this project started from: one module reasons over the paragraphs and
// proposes an answer, a second one verifies it.
package hotpotqa

import (
	"context"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program"
)

// The names of the program's components.
const (
	Reason = "reason.predict"
	Verify = "verify"
)

// Inputs are what the program is given.
type Inputs struct {
	Question string `json:"question"`
	// Context has one string a paragraph: its title, " | ", and its sentences.
	// The field is text to the model, so the paragraphs are shown numbered.
	Context []string `json:"context" type:"str"`
}

// Outputs are what the program returns.
type Outputs struct {
	Rationale string `json:"rationale"`
	Candidate string `json:"candidate"`
	// Answer is the verified answer without white space at its ends.
	Answer string `json:"answer"`
}

// Reasoned is what the first module produces, after its reasoning.
type Reasoned struct {
	Rationale string `json:"rationale" desc:"2-4 concise lines showing hops"`
	Candidate string `json:"candidate" desc:"short answer span"`
}

// Proposed is what the second module is given.
type Proposed struct {
	Inputs
	Rationale string `json:"rationale"`
	Candidate string `json:"candidate"`
}

// Verified is what the second module produces.
type Verified struct {
	Answer string `json:"answer" desc:"short answer span"`
}

const (
	reasonInstructions = "From HotpotQA context, identify the bridge fact(s) and propose an answer.\n" +
		"Keep rationale to 2-4 lines. 'candidate' is a SHORT span."
	verifyInstructions = "Verify or correct the candidate using the context and rationale.\n" +
		"Output ONLY the final short answer span."
)

// New returns the program. Its inputs are those of [Inputs], its outputs those
// of [Outputs].
func New() *program.Program {
	reason := program.ChainOfThoughtOf[Inputs, Reasoned](reasonInstructions)
	verify := program.PredictOf[Proposed, Verified](verifyInstructions)
	forward := func(ctx context.Context, inputs gepa.Fields) (gepa.Fields, error) {
		r, err := reason.Predictor.Call(ctx, inputs)
		if err != nil {
			return nil, err
		}
		proposed := inputs
		for _, name := range []string{"rationale", "candidate"} {
			v, _ := r.Get(name)
			proposed = proposed.Set(name, v)
		}
		v, err := verify.Predictor.Call(ctx, proposed)
		if err != nil {
			return nil, err
		}
		return gepa.NewFields(
			"rationale", r.Text("rationale"),
			"candidate", r.Text("candidate"),
			"answer", strings.TrimSpace(v.Text("answer")),
		), nil
	}
	return program.New(forward, program.Module("reason", reason), program.Module("verify", verify))
}
