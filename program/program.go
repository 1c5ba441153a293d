package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gepa-go/gepa"
)

// A Forward is a program's own code: it calls predictors and returns outputs.
// It must be safe for concurrent use; it must pass its context, or one made
// from it, to the predictors.
type Forward func(ctx context.Context, inputs gepa.Fields) (gepa.Fields, error)

// A Part is what a program is made of: a [*Predictor], a typed [*Predict] or
// [*ChainOfThought], or another [*Program].
type Part interface {
	parts() []namedPredictor
}

// A namedPredictor is a predictor and how it behaves in the part it comes
// from: a loaded program's predictors are not as they were made.
type namedPredictor struct {
	setting
	predictor *Predictor
}

// A NamedPart is a part under its name in a program.
type NamedPart struct {
	Name string
	Part Part
}

// Module names a part of a program, as an attribute of a DSPy module does. A
// plain predictor's component has that name; a chain of thought's is the name
// with ".predict" after it.
func Module(name string, part Part) NamedPart { return NamedPart{name, part} }

// A Program is a compound program: code that calls predictors, each of which
// is a component with a name. One Program runs many candidates at once,
// without copies: what changes from run to run travels in the context.
//
// A Program never changes and is safe for concurrent use if its code is.
type Program struct {
	forward  Forward
	settings []setting
	index    map[*Predictor]int
	state    *State // the state the program was loaded from, if any
}

// New returns the program of some code and the parts it calls. It panics if a
// name is empty or repeated, or a predictor has two names: mistakes in code.
func New(forward Forward, modules ...NamedPart) *Program {
	p, err := newProgram(forward, modules)
	if err != nil {
		panic("program: " + err.Error())
	}
	return p
}

// Of is [New] for code over Go structs. Inputs are decoded and outputs encoded
// by the rules of encoding/json; Out must encode as a JSON object.
func Of[In, Out any](forward func(ctx context.Context, in In) (Out, error), modules ...NamedPart) *Program {
	return New(func(ctx context.Context, inputs gepa.Fields) (gepa.Fields, error) {
		var in In
		if err := decodeStruct(inputs, &in); err != nil {
			return nil, &Failure{Problem: oneLine("the inputs do not fit the program: " + err.Error()), Err: err}
		}
		out, err := forward(ctx, in)
		if err != nil {
			return nil, err
		}
		return encodeStruct(out)
	}, modules...)
}

// Single returns the program that is nothing but one part. As in DSPy, the
// component of a plain predictor is then called "self", that of a chain of
// thought "predict".
func Single(part Part) *Program {
	predictors := part.parts()
	if len(predictors) != 1 {
		panic("program: Single needs one predictor")
	}
	pred := predictors[0]
	if pred.name == "" {
		pred.name = bareName
	}
	p, err := build(pred.predictor.Call, []namedPredictor{pred})
	if err != nil {
		panic("program: " + err.Error())
	}
	return p
}

// bareName is DSPy's name for the predictor that is the whole program.
const bareName = "self"

func newProgram(forward Forward, modules []NamedPart) (*Program, error) {
	var all []namedPredictor
	for _, m := range modules {
		if m.Name == "" {
			return nil, errors.New("a module has no name")
		}
		for _, pred := range m.Part.parts() {
			pred.name = joinNames(m.Name, pred.name)
			all = append(all, pred)
		}
	}
	return build(forward, all)
}

func joinNames(module, part string) string {
	if part == "" || part == bareName {
		return module
	}
	return module + "." + part
}

func build(forward Forward, predictors []namedPredictor) (*Program, error) {
	p := &Program{forward: forward, index: map[*Predictor]int{}}
	if len(predictors) == 0 {
		return nil, errors.New("a program needs a module: there would be nothing to optimize")
	}
	for _, pred := range predictors {
		if i, ok := p.index[pred.predictor]; ok {
			return nil, fmt.Errorf("modules %q and %q are the same predictor; make two", p.settings[i].name, pred.name)
		}
		if slices.ContainsFunc(p.settings, func(s setting) bool { return s.name == pred.name }) {
			return nil, fmt.Errorf("two modules are called %q", pred.name)
		}
		p.index[pred.predictor] = len(p.settings)
		p.settings = append(p.settings, pred.setting)
	}
	seen := map[string]bool{}
	for _, c := range p.Components() {
		if seen[c.Name] {
			return nil, fmt.Errorf("two components are called %q: rename a module", c.Name)
		}
		seen[c.Name] = true
	}
	return p, nil
}

// parts makes a program a part of another.
func (p *Program) parts() []namedPredictor {
	out := make([]namedPredictor, len(p.settings))
	for pred, i := range p.index {
		out[i] = namedPredictor{p.settings[i], pred}
	}
	return out
}

// Components returns the program's components, in the order of its modules,
// each with its instructions, and after it those that are descriptions of its
// fields; see [WithDescriptions].
func (p *Program) Components() []gepa.Component {
	var out []gepa.Component
	for _, s := range p.settings {
		out = append(out, s.components()...)
	}
	return out
}

// PartOf returns the component of the predictor that a component describes a
// field of, and that field; ok is false for a predictor's own component.
func (p *Program) PartOf(component string) (predictor, field string, ok bool) {
	for _, s := range p.settings {
		for _, name := range s.described {
			if component == s.name+"."+name {
				return s.name, name, true
			}
		}
	}
	return "", "", false
}

// Seed returns the candidate of the program's own instructions.
func (p *Program) Seed() gepa.Candidate { return gepa.Seed(p.Components()) }

// Signature returns the signature of a predictor's component and whether there
// is such a one.
func (p *Program) Signature(component string) (Signature, bool) {
	for _, s := range p.settings {
		if s.name == component {
			return s.sig, true
		}
	}
	return Signature{}, false
}

// Call runs the program within another one, in the context of that.
func (p *Program) Call(ctx context.Context, inputs gepa.Fields) (gepa.Fields, error) {
	return p.forward(ctx, inputs)
}

// An Outcome is what a run of a program came to.
type Outcome struct {
	// Output is what the program returned; nil if it failed.
	Output gepa.Fields
	// Trace lists the predictors' calls, in the order they were made.
	Trace []gepa.Step
	// Usage is what all of them consumed.
	Usage gepa.Usage
	// Failure says why the program failed; nil if it did not.
	Failure *Failure
}

// Run runs the program on some inputs with a candidate's texts; components
// that the candidate leaves out keep their own. The error is one of the world
// (the model, the context) and is returned even if the program went on
// without the answer; the trace then holds what was done before. A program
// that returned an error or panicked is an Outcome with a Failure.
func (p *Program) Run(ctx context.Context, rt Runtime, candidate gepa.Candidate, inputs gepa.Fields) (Outcome, error) {
	for _, name := range candidate.Names() {
		if !slices.ContainsFunc(p.Components(), func(c gepa.Component) bool { return c.Name == name }) {
			return Outcome{}, gepa.Fatal(fmt.Errorf("the candidate has a text for %q, which is no component of the program", name))
		}
	}
	r := newRun(rt, p, candidate)
	output, err := protect(withRun(ctx, r), p.forward, inputs)
	var out Outcome
	var world error
	out.Trace, out.Usage, world = r.trace()
	if world != nil {
		return out, world
	}
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	if err != nil {
		out.Failure = asFailure(err)
		return out, nil
	}
	out.Output = output
	return out, nil
}

// protect turns a panic of the program into an error.
func protect(ctx context.Context, forward Forward, inputs gepa.Fields) (out gepa.Fields, err error) {
	defer func() {
		if v := recover(); v != nil {
			problem := fmt.Sprintf("the program panicked: %v", v)
			out, err = nil, &Failure{Problem: oneLine(problem), Feedback: oneLine(problem), Err: newPanicError(v)}
		}
	}()
	return forward(ctx, inputs)
}

func asFailure(err error) *Failure {
	if failure, ok := errors.AsType[*Failure](err); ok {
		return failure
	}
	return &Failure{Problem: oneLine(err.Error()), Feedback: shorten(err.Error(), maxQuote), Err: err}
}

func decodeStruct(fields gepa.Fields, into any) error {
	raw, err := fields.MarshalJSON()
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

func encodeStruct(v any) (gepa.Fields, error) {
	raw, err := gepa.EncodeValue(v)
	if err == nil {
		var fields gepa.Fields
		if err = fields.UnmarshalJSON(raw); err == nil {
			return fields, nil
		}
	}
	return nil, fmt.Errorf("a %T does not encode as a JSON object: %w", v, err)
}
