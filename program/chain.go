package program

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
)

// Chain returns the program that calls predictors one after the other, wired
// by field name: each gets the fields its signature names from the program's
// inputs and from the outputs before it, of equal names the latest. The
// program returns the outputs of all.
//
// inputs are the names of the program's inputs. A field that nothing before it
// supplies is an error, as are repeated names.
func Chain(inputs []string, modules ...NamedPart) (*Program, error) {
	known := slices.Clone(inputs)
	var predictors []*Predictor
	for _, m := range modules {
		parts := m.Part.parts()
		if _, isProgram := m.Part.(*Program); isProgram || len(parts) != 1 {
			return nil, fmt.Errorf("module %q: a chain is made of predictors", m.Name)
		}
		pred := parts[0].predictor
		for _, f := range pred.sig.Inputs {
			if f.required() && !slices.Contains(known, f.Name) {
				return nil, fmt.Errorf("module %q needs the field %q, which neither the inputs nor an earlier module supplies; there are: %s",
					m.Name, f.Name, strings.Join(known, ", "))
			}
		}
		for _, name := range names(pred.sig.Outputs) {
			if !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
		predictors = append(predictors, pred)
	}
	return newProgram(chainForward(predictors), modules)
}

func chainForward(predictors []*Predictor) Forward {
	return func(ctx context.Context, inputs gepa.Fields) (gepa.Fields, error) {
		all, outputs := inputs, gepa.Fields{}
		for _, p := range predictors {
			out, err := p.Call(ctx, all)
			if err != nil {
				return nil, err
			}
			for _, f := range out {
				all = all.Set(f.Name, f.Value)
				outputs = outputs.Set(f.Name, f.Value)
			}
		}
		return outputs, nil
	}
}
