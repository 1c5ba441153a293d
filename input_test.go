package gepa_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
)

func TestInvalidInput(t *testing.T) {
	good := someData()
	twice := someData()
	twice.Test = append(slices.Clone(twice.Test), good.Feedback[0])
	sameContent := someData()
	copied := good.Feedback[1]
	copied.ID = "copy"
	sameContent.Validation = append(slices.Clone(sameContent.Validation), copied)
	valid := gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}}
	with := func(change func(*gepa.Options)) gepa.Options {
		o := valid
		change(&o)
		return o
	}
	tests := []struct {
		name string
		data gepa.Data
		opts gepa.Options
		want []string
	}{
		{"everything at once", gepa.Data{}, gepa.Options{Minibatch: -1}, []string{"Proposer is missing", "Minibatch is -1", "no bound is set", "feedback set is empty", "validation set is empty"}},
		{"an id in two sets", twice, valid, []string{`example "f0" is in the feedback set and again in the test set`}},
		{"a content in two sets", sameContent, valid, []string{`example "copy" of the validation set has the same content as "f1" of the feedback set`}},
		{"a frontier of objectives without any", good, with(func(o *gepa.Options) { o.Frontier = gepa.FrontierByObjective }), []string{"no Objectives are declared"}},
		{"unknown names", good, with(func(o *gepa.Options) { o.Dominance, o.Components, o.Frontier = "x", "y", "z" }), []string{`Dominance is "x"`, `Components is "y"`, `Frontier is "z"`}},
		{"a start without a component", good, with(func(o *gepa.Options) { o.Start = gepa.Candidate{"a": "x"} }), []string{`no text for component "b"`}},
		{"a start with a stranger", good, with(func(o *gepa.Options) { o.Start = gepa.Candidate{"a": "", "b": "", "c": ""} }), []string{`"c", which is no component`}},
		{"objectives", good, with(func(o *gepa.Options) {
			o.Objectives = []gepa.Objective{{Name: "x", Min: 2, Max: 1}, {Name: "x"}}
		}), []string{"max 1 is not above min 2", `"x" is declared twice`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := gepa.Optimize(t.Context(), newLandscape(), tt.data, tt.opts)
			if res != nil || !errors.Is(err, gepa.ErrInvalid) {
				t.Fatalf("got %v, %v; want ErrInvalid", res, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q:\n%v", want, err)
				}
			}
		})
	}
}
