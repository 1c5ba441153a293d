package program

import (
	"context"
	"fmt"

	"github.com/gepa-go/gepa"
)

// Predict is a [Predictor] over Go structs; see [SignatureOf] for how structs
// become signatures.
type Predict[In, Out any] struct{ *Predictor }

// PredictOf returns a typed predictor. It panics if In or Out is not fit for a
// signature, which is a mistake in code.
func PredictOf[In, Out any](instructions string, opts ...Option) *Predict[In, Out] {
	return &Predict[In, Out]{NewPredict(mustSignatureOf[In, Out](instructions), opts...)}
}

// Call asks the model; see [Predictor.Call].
func (p *Predict[In, Out]) Call(ctx context.Context, in In) (Out, error) {
	out, _, err := typedCall[Out](ctx, p.Predictor, in)
	return out, err
}

// ChainOfThought is a [Predictor] over Go structs that reasons before it
// answers.
type ChainOfThought[In, Out any] struct{ *Predictor }

// ChainOfThoughtOf returns a typed chain of thought. It panics as [PredictOf]
// does.
func ChainOfThoughtOf[In, Out any](instructions string, opts ...Option) *ChainOfThought[In, Out] {
	return &ChainOfThought[In, Out]{NewChainOfThought(mustSignatureOf[In, Out](instructions), opts...)}
}

// A Thought is an answer with the reasoning before it.
type Thought[Out any] struct {
	Reasoning string
	Answer    Out
}

// Call asks the model and returns the answer; see [Predictor.Call].
func (c *ChainOfThought[In, Out]) Call(ctx context.Context, in In) (Out, error) {
	out, _, err := typedCall[Out](ctx, c.Predictor, in)
	return out, err
}

// Think is Call with the reasoning.
func (c *ChainOfThought[In, Out]) Think(ctx context.Context, in In) (Thought[Out], error) {
	out, fields, err := typedCall[Out](ctx, c.Predictor, in)
	return Thought[Out]{Reasoning: fields.Text("reasoning"), Answer: out}, err
}

func mustSignatureOf[In, Out any](instructions string) Signature {
	sig, err := SignatureOf[In, Out](instructions)
	if err != nil {
		panic("program: " + err.Error())
	}
	return sig
}

func typedCall[Out any](ctx context.Context, p *Predictor, in any) (Out, gepa.Fields, error) {
	var out Out
	inputs, err := encodeStruct(in)
	if err != nil {
		return out, nil, err
	}
	fields, err := p.Call(ctx, inputs)
	if err != nil {
		return out, nil, err
	}
	if err := decodeStruct(fields, &out); err != nil {
		problem := fmt.Sprintf("the outputs do not fit %T: %v", out, err)
		return out, nil, &Failure{Problem: oneLine(problem), Feedback: problem, Err: err}
	}
	return out, fields, nil
}
