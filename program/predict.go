package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A Predictor asks a model for a signature's outputs. It is DSPy's Predict,
// and the working half of its ChainOfThought. Its instructions are a component
// of the program it is part of: a candidate's text takes their place.
//
// A Predictor never changes and is safe for concurrent use. Predictors are
// told apart by identity: two with equal signatures are two components.
type Predictor struct {
	sig   Signature
	demos []gepa.Fields
	// part is the name of the predictor within its module: "predict" in a
	// chain of thought, "" where it is the module.
	part string
	// described are the fields whose descriptions are components.
	described []string
}

// An Option changes a predictor at its making.
type Option func(*Predictor)

// WithDemos gives the predictor demonstrations: fields of the signature, shown
// to the model as earlier turns.
func WithDemos(demos ...gepa.Fields) Option {
	return func(p *Predictor) { p.demos = append(p.demos, demos...) }
}

// WithDescriptions makes components of the descriptions of fields, beside the
// instructions: the component NAME.FIELD is the description of FIELD, where
// NAME is the predictor's own component. The predictor's making panics where
// the signature has no such field.
func WithDescriptions(fields ...string) Option {
	return func(p *Predictor) { p.described = append(p.described, fields...) }
}

// NewPredict returns a predictor for a signature. It panics if the signature
// is not valid; check with [Signature.Validate] where it comes from outside.
func NewPredict(sig Signature, opts ...Option) *Predictor {
	return newPredictor(sig, "", opts)
}

// NewChainOfThought returns a predictor that first produces a field
// "reasoning". It panics as [NewPredict] does.
func NewChainOfThought(sig Signature, opts ...Option) *Predictor {
	return newPredictor(sig.withReasoning(), "predict", opts)
}

func newPredictor(sig Signature, part string, opts []Option) *Predictor {
	if err := sig.Validate(); err != nil {
		panic("program: " + err.Error())
	}
	p := &Predictor{sig: sig, part: part}
	for _, opt := range opts {
		opt(p)
	}
	for i, name := range p.described {
		if !slices.Contains(names(sig.Fields()), name) || slices.Contains(p.described[:i], name) {
			panic("program: there is no field " + name + " to describe, or it is named twice")
		}
	}
	return p
}

// Signature returns the signature the predictor was made with, "reasoning"
// included.
func (p *Predictor) Signature() Signature { return p.sig }

func (p *Predictor) parts() []namedPredictor {
	return []namedPredictor{{setting{p.part, p.sig, p.demos, p.described}, p}}
}

// Call asks the model of the context (see [NewContext]) and returns the
// signature's outputs. Inputs that the signature does not have are ignored.
//
// As in DSPy, a reply that cannot be read, or an empty one, is asked for once
// more in the JSON format. The error is a [*Failure] where the program failed;
// an error of the model is returned as it is, and then ends the run. Not so if
// ctx is one that the program made and only that one has ended, for instance
// by [context.WithTimeout]: then the program may go on without the answer.
func (p *Predictor) Call(ctx context.Context, inputs gepa.Fields) (gepa.Fields, error) {
	r := runFrom(ctx)
	if r == nil {
		return nil, errors.New("a predictor was called without a model: run the program through Program.Run or NewSystem, or put a model into the context with program.NewContext")
	}
	c := call{run: r, setting: r.settingOf(p)}
	given, missing := c.setting.sig.takeInputs(inputs)
	step := r.begin(c.setting, given)
	ctx, end := gepa.BeginStep(ctx, c.setting.name)
	var err error
	defer func() { end(err) }() // also past a panic
	outputs, exchanges, err := c.answer(ctx, given, missing)
	step.finish(outputs, exchanges, err)
	return outputs, err
}

// takeInputs returns the signature's inputs, defaults filled in, and the names
// of required ones that are not given.
func (s Signature) takeInputs(inputs gepa.Fields) (given gepa.Fields, missing []string) {
	given = gepa.Fields{}
	for _, f := range s.Inputs {
		v, ok := inputs.Get(f.Name)
		switch {
		case ok && len(v) == 0:
			given = append(given, gepa.Field{Name: f.Name, Value: json.RawMessage("null")})
		case ok:
			given = append(given, gepa.Field{Name: f.Name, Value: v})
		case len(f.Default) > 0:
			given = append(given, gepa.Field{Name: f.Name, Value: f.Default})
		case f.required() && f.Type.kind() != kindHistory:
			missing = append(missing, f.Name)
		}
	}
	return given, missing
}

// A call is one question to a predictor.
type call struct {
	run     *run
	setting setting
}

// answer asks in the ways of the run's format until a reply can be read, but
// reads no more than two. A failure is the first reply's: it is about what the
// instruction led to.
func (c call) answer(ctx context.Context, inputs gepa.Fields, missing []string) (gepa.Fields, []gepa.Exchange, error) {
	if missing != nil {
		return nil, nil, c.failure("the program did not give the input "+strings.Join(missing, ", "), nil)
	}
	var (
		exchanges []gepa.Exchange
		first     *Failure
		refused   []refusal
	)
	ways := c.ways()
	for i, w := range ways {
		last := i+1 == len(ways)
		outputs, x, err := c.ask(ctx, w, last, inputs)
		exchanges = append(exchanges, x...)
		if !last && w.refusedForm(err) {
			refused = append(refused, refusal{w, lm.AsError(err, "")})
			continue
		}
		failure, failed := errors.AsType[*Failure](err)
		if _, unanswered := errors.AsType[*lm.Error](err); !unanswered {
			c.refuse(refused)
		}
		switch {
		case failed && first != nil:
			first.Problem += "; asked again in the " + w.format.Name() + " format: " + failure.Problem
			return nil, exchanges, first
		case failed && !last && isParseError(err):
			first = failure
			continue
		}
		return outputs, exchanges, err
	}
	return nil, exchanges, errors.New("there is no way to ask") // not reached: the last way returns
}

// A refusal is a way that the provider refused.
type refusal struct {
	way way
	err *lm.Error
}

// refuse lets the model remember ways that it refused, now that another got a
// reply to the same question.
func (c call) refuse(refused []refusal) {
	for _, r := range refused {
		lm.RefuseForm(c.run.runtime.Model, lm.Request{JSON: r.way.json, Schema: r.way.schema}, r.err)
	}
}

func isParseError(err error) bool {
	_, ok := errors.AsType[*ParseError](err)
	return ok
}

// ask makes one model call and reads the reply. Unless the way is the last
// one, a provider's refusal of the form it is asked for is an exchange and an
// error, but no failure of the world.
func (c call) ask(ctx context.Context, w way, last bool, inputs gepa.Fields) (gepa.Fields, []gepa.Exchange, error) {
	messages, err := w.format.Messages(c.setting.sig, c.setting.demos, inputs)
	if err != nil {
		return nil, nil, c.failure("the messages could not be written: "+err.Error(), err)
	}
	rt := c.run.runtime
	reply, err := rt.Model.Complete(ctx, lm.Request{
		Messages: messages, Params: rt.Params, Repeat: rt.Repeat, JSON: w.json, Schema: w.schema,
	})
	x := gepa.Exchange{Format: w.name, Messages: messages, Reply: reply.Text, Usage: reply.Usage}
	if refused, ok := errors.AsType[*lm.Error](err); ok {
		x.Problem, x.Usage = refused.Error(), refused.Usage
		if refused.Kind == lm.KindTooLong {
			// An instruction can grow until nothing fits; that is its own failure.
			return nil, []gepa.Exchange{x}, c.failure("the messages do not fit the model's context window", err)
		}
		if !last && w.refusedForm(err) {
			return nil, []gepa.Exchange{x}, err
		}
	}
	if err != nil && abandoned(ctx, err) {
		// What was spent must not be lost if the program goes on.
		x.Problem, x.Usage = err.Error(), gepa.UsageOf(err)
		return nil, []gepa.Exchange{x}, err
	}
	if err != nil {
		c.run.worldFailed(err)
		return nil, nil, err
	}
	outputs, err := c.read(w.format, reply)
	if failure, ok := errors.AsType[*Failure](err); ok {
		x.Problem = failure.Problem
	}
	return outputs, []gepa.Exchange{x}, err
}

// abandoned reports whether a model's error is that the call's own context
// ended. A program may have given the call a time limit and may go on without
// the answer; whether the run's context ended, too, is for [Program.Run] to
// say. A model that took too long by its own limit is a failure of the world.
func abandoned(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (lm.AsError(err, "").Kind == lm.KindCancelled || errors.Is(err, context.Cause(ctx)))
}

func (c call) read(format Format, reply lm.Reply) (gepa.Fields, error) {
	switch reply.Finish {
	case lm.FinishLength:
		return nil, c.unusable(format, reply, "the reply was cut off at the token limit")
	case lm.FinishFiltered:
		return nil, c.unusable(format, reply, "the provider's content filter withheld or cut the reply")
	case lm.FinishTools:
		return nil, c.unusable(format, reply, "the model asked for a tool in place of answering")
	}
	outputs, err := format.Parse(c.setting.sig, reply.Text)
	if parse, ok := errors.AsType[*ParseError](err); ok {
		problem := "the reply could not be read in the " + parse.Format + " format: " + parse.Reason
		if strings.TrimSpace(reply.Text) == "" {
			problem = "the reply was empty"
		}
		return nil, c.failure(problem, err)
	}
	if err != nil {
		return nil, c.failure(err.Error(), err)
	}
	return outputs, nil
}

// unusable is the failure for a reply that is not worth reading, nor asking
// for again.
func (c call) unusable(format Format, reply lm.Reply, problem string) error {
	f := c.failure(problem, nil)
	f.Feedback = fmt.Sprintf("%s.\nThe reply was:\n%s", problem, shorten(reply.Text, maxQuote))
	if w, ok := wires(format); ok {
		f.Feedback += "\nExpected structure:\n" + w.request(c.setting.sig)
	}
	return f
}

func (c call) failure(problem string, err error) *Failure {
	f := &Failure{Component: c.setting.name, Problem: oneLine(problem), Feedback: problem, Err: err}
	if err != nil {
		f.Feedback = err.Error()
	}
	return f
}

func wires(f Format) (wire, bool) {
	switch f.(type) {
	case ChatFormat:
		return chatWire{}, true
	case JSONFormat, StructuredFormat, promptedFormat:
		return jsonWire{}, true
	case XMLFormat:
		return xmlWire{}, true
	}
	return nil, false
}
