package program

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// Runtime is what predictors need from outside to run.
type Runtime struct {
	// Model answers the predictors' requests.
	Model lm.Model
	// Params are the generation parameters of every request.
	Params lm.Params
	// Format is the wire format; nil means [ChatFormat].
	Format Format
	// Repeat tells apart repeated runs on the same inputs, see [lm.Request].
	Repeat int
}

// NewContext returns a context in which predictors can be called outside a
// program: with their own instructions, and without a trace.
func NewContext(ctx context.Context, rt Runtime) context.Context {
	return withRun(ctx, newRun(rt, nil, nil))
}

// A setting is how a predictor behaves in a program: under which name, with
// which signature (the instructions are the component's starting text),
// demonstrations, and fields whose descriptions are components, too.
type setting struct {
	name      string
	sig       Signature
	demos     []gepa.Fields
	described []string
}

// components lists the predictor's texts.
func (s setting) components() []gepa.Component {
	out := []gepa.Component{{Name: s.name, Text: s.sig.Instructions}}
	for _, name := range s.described {
		for _, f := range s.sig.Fields() {
			if f.Name == name {
				out = append(out, gepa.Component{Name: s.name + "." + name, Text: f.Description()})
			}
		}
	}
	return out
}

// with returns the setting with a candidate's texts, as far as it has them.
func (s setting) with(candidate gepa.Candidate) setting {
	if text, ok := candidate[s.name]; ok {
		s.sig = s.sig.WithInstructions(text)
	}
	for _, name := range s.described {
		text, ok := candidate[s.name+"."+name]
		if !ok {
			continue
		}
		s.sig.Inputs, s.sig.Outputs = slices.Clone(s.sig.Inputs), slices.Clone(s.sig.Outputs)
		for _, fields := range [][]Field{s.sig.Inputs, s.sig.Outputs} {
			for i := range fields {
				if fields[i].Name == name {
					fields[i].Desc = text
				}
			}
		}
	}
	return s
}

// A run is one execution of a program with one candidate. It travels in the
// context.
type run struct {
	runtime   Runtime
	program   *Program // nil outside a program
	candidate gepa.Candidate

	mu    sync.Mutex
	steps []*step
	world error
}

// A step is one call of a predictor. Fields whose descriptions are components
// have steps of their own, without exchanges, which are the call's.
type step struct {
	run *run
	gepa.Step
	described []*step
	field     string // that is described; "" for the call itself
}

func newRun(rt Runtime, p *Program, candidate gepa.Candidate) *run {
	if rt.Format == nil {
		rt.Format = ChatFormat{}
	}
	return &run{runtime: rt, program: p, candidate: candidate}
}

type runKey struct{}

func withRun(ctx context.Context, r *run) context.Context {
	return context.WithValue(ctx, runKey{}, r)
}

func runFrom(ctx context.Context) *run {
	r, _ := ctx.Value(runKey{}).(*run)
	return r
}

// settingOf returns how the predictor behaves in this run. One that is not
// part of the program behaves as it was made, under no name.
func (r *run) settingOf(p *Predictor) setting {
	if r.program != nil {
		if i, ok := r.program.index[p]; ok {
			return r.program.settings[i].with(r.candidate)
		}
	}
	return setting{sig: p.sig, demos: p.demos}
}

// begin opens a step, so that steps are in the order of their calls.
func (r *run) begin(called setting, inputs gepa.Fields) *step {
	s := &step{run: r, Step: gepa.Step{Component: called.name, Inputs: inputs}}
	for _, field := range called.described {
		s.described = append(s.described, &step{run: r, field: field, Step: gepa.Step{Component: called.name + "." + field, Inputs: inputs}})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(append(r.steps, s), s.described...)
	return s
}

func (s *step) finish(outputs gepa.Fields, exchanges []gepa.Exchange, err error) {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	s.Outputs, s.Exchanges = outputs, exchanges
	if failure, ok := errors.AsType[*Failure](err); ok {
		s.Problem = failure.Problem
	} else if err != nil {
		s.Problem = err.Error()
	}
	for _, d := range s.described {
		d.Outputs, d.Problem = outputs, s.Problem
		if value, ok := outputs.Get(d.field); ok {
			d.Outputs = gepa.Fields{{Name: d.field, Value: value}}
		}
	}
}

// worldFailed keeps the first error of the world, so that no program can turn
// it into an answer.
func (r *run) worldFailed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.world == nil {
		r.world = err
	}
}

// trace returns the steps so far, what they used, and the world's error.
func (r *run) trace() ([]gepa.Step, gepa.Usage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	steps := make([]gepa.Step, len(r.steps))
	var usage gepa.Usage
	for i, s := range r.steps {
		steps[i] = s.Step
		for _, x := range s.Exchanges {
			usage = usage.Add(x.Usage)
		}
	}
	return steps, usage, r.world
}
