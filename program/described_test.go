package program_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program"
)

func described() program.Declaration {
	return program.Declaration{Modules: []program.ModuleDeclaration{{
		Name: "sort", Kind: program.KindChainOfThought, Signature: "question -> team, sure",
		Descriptions: map[string]string{"team": "a team", "question": "what was asked"}, Optimize: []string{"team", "question"},
		Demos: []gepa.Fields{gepa.NewFields("question", "q", "reasoning", "r", "team", "x")},
	}}}
}

// Descriptions of fields are components: a candidate's stand in the messages and
// in the saved state, and the trace shows what each did.
func TestDescribedFields(t *testing.T) {
	p, err := described().New()
	if err != nil {
		t.Fatal(err)
	}
	want := []gepa.Component{
		{Name: "sort.predict", Text: "Given the fields `question`, produce the fields `team`, `sure`."},
		{Name: "sort.predict.team", Text: "a team"}, {Name: "sort.predict.question", Text: "what was asked"},
	}
	if diff := cmp.Diff(want, p.Components()); diff != "" {
		t.Fatalf("components (-want +got):\n%s", diff)
	}
	if of, field, ok := p.PartOf("sort.predict.team"); of != "sort.predict" || field != "team" || !ok {
		t.Error(of, field, ok)
	}
	if _, _, ok := p.PartOf("sort.predict"); ok {
		t.Error("a predictor is no part of another")
	}
	if diff := cmp.Diff([]string{"reasoning", "team", "sure"}, described().Gives()); diff != "" {
		t.Errorf("gives (-want +got):\n%s", diff)
	}
	model := &inTurn{replies: []string{chat("reasoning", "r", "team", "x", "sure", "1")}}
	texts := gepa.Candidate{"sort.predict": "Sort.", "sort.predict.team": "one of x, y"}
	out, err := p.Run(t.Context(), program.Runtime{Model: model}, texts, gepa.NewFields("question", "q"))
	if err != nil || out.Failure != nil {
		t.Fatal(err, out.Failure)
	}
	system := out.Trace[0].Exchanges[0].Messages[0].Content
	if !strings.Contains(system, "one of x, y") || strings.Contains(system, "a team") || !strings.Contains(system, "what was asked") {
		t.Errorf("the model was told:\n%s", system)
	}
	var calls []string
	for _, s := range out.Trace {
		calls = append(calls, s.Component+": "+strings.Join(s.Outputs.Names(), " "))
	}
	if diff := cmp.Diff([]string{"sort.predict: reasoning team sure", "sort.predict.team: team", "sort.predict.question: reasoning team sure"}, calls); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
	// The state holds the descriptions, and so does a program that was loaded.
	for range 2 {
		state := p.State(texts)
		saved, err := state.Predictor("sort.predict")
		if err != nil {
			t.Fatal(err)
		}
		if got := saved.Fields[2].Description; got != "one of x, y" || len(saved.Demos) != 1 {
			t.Errorf("saved: %q, %d demonstrations", got, len(saved.Demos))
		}
		again, err := program.ParseState(state.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if p, err = p.Apply(again); err != nil {
			t.Fatal(err)
		}
		if got := p.Components()[1].Text; got != "one of x, y" {
			t.Errorf("loaded: %q", got)
		}
	}
	if _, err := p.Run(t.Context(), program.Runtime{Model: model}, gepa.Candidate{"sort.predict.sure": "x"}, nil); err == nil {
		t.Error("a text for a field that is no component was taken")
	}
	p, err = described().New()
	if err != nil {
		t.Fatal(err)
	}
	failed, err := p.Run(t.Context(), program.Runtime{Model: &inTurn{replies: []string{"?", "?"}}}, nil, gepa.NewFields("question", "q"))
	if err != nil || failed.Failure == nil || failed.Trace[1].Problem == "" {
		t.Errorf("a reply that cannot be read: %v, %+v", err, failed)
	}
}

func TestDescribedFieldsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*program.ModuleDeclaration){
		`optimize: the signature has no field "x"`: func(m *program.ModuleDeclaration) { m.Optimize = []string{"x"} },
		`optimize: "sure" has no description`:      func(m *program.ModuleDeclaration) { m.Optimize = []string{"sure"} },
		`optimize: "team" is named twice`:          func(m *program.ModuleDeclaration) { m.Optimize = []string{"team", "team"} },
		`demos[0]: the signature has no field "x"`: func(m *program.ModuleDeclaration) {
			m.Demos = []gepa.Fields{{{Name: "x", Value: json.RawMessage("1")}}}
		},
		`demos[0]: it shows no output: give at least one`: func(m *program.ModuleDeclaration) { m.Demos = []gepa.Fields{{}} },
	} {
		d := described()
		change(&d.Modules[0])
		_, err := d.New()
		var bad *program.DeclarationError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if d.Gives() != nil {
			t.Error("a wrong declaration gives something")
		}
	}
	twice := program.Declaration{Modules: []program.ModuleDeclaration{
		{Name: "a", Signature: "q -> b", Descriptions: map[string]string{"b": "b"}, Optimize: []string{"b"}}, {Name: "a.b", Signature: "b -> c"},
	}}
	if _, err := twice.New(); err == nil || !strings.Contains(err.Error(), `two components are called "a.b"`) {
		t.Errorf("components of one name: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a field that is not there was described")
		}
	}()
	sig, err := program.ParseSignature("q -> a")
	if err != nil {
		t.Fatal(err)
	}
	program.NewPredict(sig, program.WithDescriptions("x"))
}
