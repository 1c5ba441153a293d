package program

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/expression"
)

// A Declaration is a program as data: modules that run one after the other,
// wired by field name. Each module gets the fields that its signature names,
// from the program's inputs and from the modules before it, of equal names the
// latest.
type Declaration struct {
	// Inputs are the names of the program's inputs. Defaults to the fields that
	// modules need and no earlier module gives.
	Inputs []string
	// Modules run in this order. At least one is required.
	Modules []ModuleDeclaration
	// Outputs are the fields that the program returns. Defaults to the outputs
	// of all modules.
	Outputs []string
}

// The kinds of declared modules.
const (
	KindPredict        = "predict"
	KindChainOfThought = "chain_of_thought"
)

// A ModuleDeclaration is one step of a [Declaration].
type ModuleDeclaration struct {
	// Name is the module's, see [Module]. Required.
	Name string
	// Kind is KindPredict or KindChainOfThought. Defaults to the first.
	Kind string
	// Signature is read by [ParseSignature]. Required.
	Signature string
	// Instructions are the component's starting text. Defaults to DSPy's.
	Instructions string
	// Descriptions describe fields of the signature to the model, by name.
	Descriptions map[string]string
	// Optimize names fields whose descriptions are components, too; see
	// [WithDescriptions]. Each needs a description to start from.
	Optimize []string
	// Demos are demonstrations, see [WithDemos]. Each has fields of the
	// signature, and at least one of its outputs.
	Demos []gepa.Fields
	// When is an expression (the language of expr-lang.org) over the fields
	// there are: where it is not true the module is left out, and its outputs
	// stay what they were, or are empty texts. Defaults to always.
	When string
	// Repeat runs the module again. Defaults to once.
	Repeat *Repeat
}

// A Repeat goes back to a module until something holds. In the first round
// the outputs of later modules are empty texts.
type Repeat struct {
	// Times is the most rounds in all, 2 or more.
	Times int
	// Until is an expression over the fields: no further round where it is
	// true. Defaults to none: there are always Times rounds.
	Until string
	// From is the module to go back to. Defaults to the module itself.
	From string
}

// A DeclarationError says what is wrong with a declaration.
type DeclarationError struct {
	// Module is the index of the module, -1 for the program as a whole.
	Module int
	// Field is the part that is wrong: "name", "kind", "signature",
	// "descriptions", "optimize", "demos[N]", "when", "repeat.times", "repeat.until", "repeat.from",
	// "modules" or "outputs".
	Field string
	// Problem says what is wrong and what to do.
	Problem string
}

func (e *DeclarationError) Error() string {
	if e.Module < 0 {
		return "program: " + e.Field + ": " + e.Problem
	}
	return fmt.Sprintf("program: module %d: %s: %s", e.Module+1, e.Field, e.Problem)
}

// declared is a module that is ready to run.
type declared struct {
	predictor   *Predictor
	outputs     []string
	when, until *expression.Program // nil for none
	times, from int
}

// steps makes the modules, and wires them.
func (d Declaration) steps() ([]declared, []NamedPart, error) {
	if len(d.Modules) == 0 {
		return nil, nil, &DeclarationError{-1, "modules", "there is none: give at least one"}
	}
	var modules []NamedPart
	steps := make([]declared, len(d.Modules))
	for i, m := range d.Modules {
		p, err := m.predictor()
		switch {
		case m.Name == "":
			err = &DeclarationError{Field: "name", Problem: "it is missing: give the module a name"}
		case slices.ContainsFunc(modules, func(p NamedPart) bool { return p.Name == m.Name }):
			err = &DeclarationError{Field: "name", Problem: fmt.Sprintf("two modules are called %q: rename one", m.Name)}
		case m.Kind != "" && m.Kind != KindPredict && m.Kind != KindChainOfThought:
			err = &DeclarationError{Field: "kind", Problem: fmt.Sprintf("want %s or %s, got %q", KindPredict, KindChainOfThought, m.Kind)}
		}
		if err != nil {
			err.Module = i
			return nil, nil, err
		}
		steps[i].predictor, steps[i].outputs = p, names(p.sig.Outputs)
		modules = append(modules, Module(m.Name, p))
	}
	return steps, modules, d.wire(steps)
}

// Needs returns the fields that the program must be given, whatever Inputs
// says; nil for a declaration that New refuses.
func (d Declaration) Needs() []string {
	steps, _, err := d.steps()
	if err != nil {
		return nil
	}
	return needed(steps)
}

// Gives returns the fields of the program's output; nil for a declaration that
// New refuses.
func (d Declaration) Gives() []string {
	steps, _, err := d.steps()
	if err != nil {
		return nil
	}
	if d.Outputs != nil {
		return slices.Clone(d.Outputs)
	}
	var out []string
	for _, name := range given(steps, len(steps)) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// New returns the program. The error is a [*DeclarationError].
func (d Declaration) New() (*Program, error) {
	steps, modules, err := d.steps()
	if err != nil {
		return nil, err
	}
	p, err := newProgram(declaredForward(steps, d.Outputs), modules)
	if err != nil {
		return nil, &DeclarationError{-1, "modules", err.Error()}
	}
	return p, nil
}

func (m ModuleDeclaration) predictor() (*Predictor, *DeclarationError) {
	if m.Signature == "" {
		return nil, &DeclarationError{Field: "signature", Problem: `it is missing: give the fields, as in "question, context -> answer"`}
	}
	sig, err := ParseSignature(m.Signature)
	if err != nil {
		reason := err.Error()
		if bad, ok := errors.AsType[*SignatureError](err); ok {
			reason = bad.Reason
		}
		return nil, &DeclarationError{Field: "signature", Problem: reason + ` Write it as in "question, context -> answer".`}
	}
	if m.Instructions != "" {
		sig.Instructions = m.Instructions
	}
	for _, fields := range [][]Field{sig.Inputs, sig.Outputs} {
		for i := range fields {
			fields[i].Desc = m.Descriptions[fields[i].Name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Descriptions)) {
		if !slices.Contains(names(sig.Fields()), name) {
			return nil, &DeclarationError{Field: "descriptions", Problem: fmt.Sprintf(
				"the signature has no field %q; it has %s", name, strings.Join(names(sig.Fields()), ", "))}
		}
	}
	if err := m.check(sig); err != nil {
		return nil, err
	}
	opts := []Option{WithDemos(m.Demos...), WithDescriptions(m.Optimize...)}
	if m.Kind == KindChainOfThought {
		if slices.Contains(names(sig.Fields()), "reasoning") {
			return nil, &DeclarationError{Field: "signature", Problem: `a chain of thought adds the field "reasoning" itself: leave it out`}
		}
		return NewChainOfThought(sig, opts...), nil
	}
	return NewPredict(sig, opts...), nil
}

// check refuses descriptions and demonstrations that do not fit the signature.
func (m ModuleDeclaration) check(sig Signature) *DeclarationError {
	fields := names(sig.Fields())
	for i, name := range m.Optimize {
		problem := ""
		switch {
		case !slices.Contains(fields, name):
			problem = fmt.Sprintf("the signature has no field %q; it has %s", name, strings.Join(fields, ", "))
		case slices.Contains(m.Optimize[:i], name):
			problem = fmt.Sprintf("%q is named twice: name it once", name)
		case m.Descriptions[name] == "":
			problem = fmt.Sprintf("%q has no description to start from: give it one under descriptions", name)
		}
		if problem != "" {
			return &DeclarationError{Field: "optimize", Problem: problem}
		}
	}
	outputs := names(sig.Outputs)
	if m.Kind == KindChainOfThought {
		fields = append(fields, "reasoning")
	}
	for i, demo := range m.Demos {
		field := fmt.Sprintf("demos[%d]", i)
		for _, name := range demo.Names() {
			if !slices.Contains(fields, name) {
				return &DeclarationError{Field: field, Problem: fmt.Sprintf("the signature has no field %q; it has %s", name, strings.Join(fields, ", "))}
			}
		}
		if !slices.ContainsFunc(outputs, func(name string) bool { _, ok := demo.Get(name); return ok }) {
			return &DeclarationError{Field: field, Problem: "it shows no output: give at least one of " + strings.Join(outputs, ", ")}
		}
	}
	return nil
}

// wire checks that every field comes from somewhere, and compiles conditions.
func (d Declaration) wire(steps []declared) error {
	for i, m := range d.Modules {
		if err := wireRepeat(d.Modules, steps, i, m.Repeat); err != nil {
			return err
		}
	}
	inputs := d.Inputs
	if inputs == nil {
		inputs = needed(steps)
	}
	for i, m := range d.Modules {
		known := slices.Concat(inputs, given(steps, i))
		for _, f := range steps[i].predictor.sig.Inputs {
			if f.required() && !slices.Contains(known, f.Name) {
				return &DeclarationError{i, "signature", fmt.Sprintf(
					"nothing gives the field %q: neither the program's inputs nor an earlier module; there are %s", f.Name, strings.Join(known, ", "))}
			}
		}
		var err error
		if m.When != "" {
			if steps[i].when, err = expression.Compile(m.When, known...); err != nil {
				return &DeclarationError{i, "when", err.Error()}
			}
		}
		if m.Repeat != nil && m.Repeat.Until != "" {
			if steps[i].until, err = expression.Compile(m.Repeat.Until, slices.Concat(known, steps[i].outputs)...); err != nil {
				return &DeclarationError{i, "repeat.until", err.Error()}
			}
		}
	}
	all := given(steps, len(steps))
	for _, name := range d.Outputs {
		if !slices.Contains(all, name) {
			return &DeclarationError{-1, "outputs", fmt.Sprintf("no module gives the field %q; there are %s", name, strings.Join(all, ", "))}
		}
	}
	return nil
}

// given returns the fields that a module may find: those of earlier modules
// and, within a round that is repeated, those of later ones, too.
func given(steps []declared, i int) []string {
	var out []string
	for j := range steps {
		if j < i || inRound(steps, i, j) {
			out = append(out, steps[j].outputs...)
		}
	}
	return out
}

// needed returns the fields that modules must be given from outside.
func needed(steps []declared) []string {
	var out []string
	for i, s := range steps {
		for _, f := range s.predictor.sig.Inputs {
			if f.required() && !slices.Contains(given(steps, i), f.Name) && !slices.Contains(out, f.Name) {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

func wireRepeat(modules []ModuleDeclaration, steps []declared, i int, r *Repeat) error {
	steps[i].times, steps[i].from = 1, i
	if r == nil {
		return nil
	}
	if r.Times < 2 {
		return &DeclarationError{i, "repeat.times", fmt.Sprintf("want 2 or more rounds in all, got %d", r.Times)}
	}
	steps[i].times = r.Times
	if r.From != "" {
		j := slices.IndexFunc(modules, func(m ModuleDeclaration) bool { return m.Name == r.From })
		if j < 0 || j > i {
			return &DeclarationError{i, "repeat.from", fmt.Sprintf("want the name of this module or of one before it, got %q", r.From)}
		}
		steps[i].from = j
	}
	return nil
}

// inRound reports whether a repeated round holds both modules.
func inRound(steps []declared, i, j int) bool {
	for end, s := range steps {
		if s.times > 1 && s.from <= min(i, j) && max(i, j) <= end {
			return true
		}
	}
	return false
}

func declaredForward(steps []declared, outputs []string) Forward {
	return func(ctx context.Context, inputs gepa.Fields) (gepa.Fields, error) {
		all, outs := inputs, gepa.Fields{}
		rounds := make([]int, len(steps))
		for i := 0; i < len(steps); {
			s := steps[i]
			run, err := holds(ctx, s.when, steps, all, true)
			if err != nil {
				return nil, err
			}
			if run {
				out, err := s.predictor.Call(ctx, withEmpty(all, names(s.predictor.sig.Inputs), steps))
				if err != nil {
					return nil, err
				}
				for _, f := range out {
					all, outs = all.Set(f.Name, f.Value), outs.Set(f.Name, f.Value)
				}
			}
			rounds[i]++
			done, err := holds(ctx, s.until, steps, all, false)
			if err != nil {
				return nil, err
			}
			if rounds[i] < s.times && !done {
				// Rounds within this one begin anew.
				for j := s.from; j < i; j++ {
					rounds[j] = 0
				}
				i = s.from
				continue
			}
			i++
		}
		if outputs == nil {
			return outs, nil
		}
		chosen := gepa.Fields{}
		for _, f := range withEmpty(outs, outputs, steps) {
			if slices.Contains(outputs, f.Name) {
				chosen = chosen.Set(f.Name, f.Value)
			}
		}
		return chosen, nil
	}
}

// withEmpty adds an empty text for every field of names that is not there and
// that some module gives.
func withEmpty(all gepa.Fields, names []string, steps []declared) gepa.Fields {
	for _, name := range names {
		if _, ok := all.Get(name); !ok && slices.ContainsFunc(steps, func(s declared) bool { return slices.Contains(s.outputs, name) }) {
			all = all.Set(name, []byte(`""`))
		}
	}
	return all
}

// holds evaluates a condition; otherwise is the result without one.
func holds(ctx context.Context, p *expression.Program, steps []declared, fields gepa.Fields, otherwise bool) (bool, error) {
	if p == nil {
		return otherwise, nil
	}
	env := map[string]any{}
	for _, f := range withEmpty(fields, p.Names(), steps) {
		env[f.Name] = expression.Decode(f.Value)
	}
	result, err := p.Run(ctx, env)
	if err != nil {
		return false, &Failure{Problem: oneLine(err.Error()), Feedback: err.Error(), Err: err}
	}
	yes, ok := result.(bool)
	if !ok {
		problem := fmt.Sprintf("the condition %q gives %v, which is neither true nor false", p.Source(), result)
		return false, &Failure{Problem: oneLine(problem), Feedback: problem, Err: errors.New(problem)}
	}
	return yes, nil
}
