package program_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/program"
)

// inTurn answers with texts in order, whatever is asked, and counts.
type inTurn struct {
	replies []string
	calls   int
	last    string
}

func (*inTurn) Name() string { return "in turn" }

func (m *inTurn) Complete(_ context.Context, req lm.Request) (lm.Reply, error) {
	m.last = req.Messages[len(req.Messages)-1].Content
	text := m.replies[m.calls]
	m.calls++
	return lm.Reply{Text: text, Finish: lm.FinishStop}, nil
}

func chat(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString("[[ ## " + pairs[i] + " ## ]]\n" + pairs[i+1] + "\n\n")
	}
	return b.String() + "[[ ## completed ## ]]"
}

func draftAndCheck(repeat *program.Repeat) program.Declaration {
	return program.Declaration{Modules: []program.ModuleDeclaration{
		{Name: "draft", Signature: "question, verdict -> answer"},
		{Name: "check", Signature: "question, answer -> verdict", When: `answer != "skip"`, Repeat: repeat},
	}}
}

func TestDeclaredRounds(t *testing.T) {
	rounds := &program.Repeat{Times: 3, Until: `verdict == "good"`, From: "draft"}
	for name, c := range map[string]struct {
		replies []string
		want    gepa.Fields
		calls   int
	}{
		"at once":     {[]string{chat("answer", "a"), chat("verdict", "good")}, gepa.NewFields("answer", "a", "verdict", "good"), 2},
		"second time": {[]string{chat("answer", "a"), chat("verdict", "bad"), chat("answer", "b"), chat("verdict", "good")}, gepa.NewFields("answer", "b", "verdict", "good"), 4},
		"never": {[]string{
			chat("answer", "a"), chat("verdict", "bad"), chat("answer", "b"), chat("verdict", "bad"), chat("answer", "c"), chat("verdict", "bad"),
		}, gepa.NewFields("answer", "c", "verdict", "bad"), 6},
		"left out": {[]string{chat("answer", "skip"), chat("answer", "skip"), chat("answer", "skip")}, gepa.NewFields("answer", "skip"), 3},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := draftAndCheck(rounds).New()
			if err != nil {
				t.Fatal(err)
			}
			m := &inTurn{replies: c.replies}
			out, err := p.Run(t.Context(), program.Runtime{Model: m}, nil, gepa.NewFields("question", "q"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.Output); diff != "" || m.calls != c.calls {
				t.Errorf("%d calls, want %d; outputs (-want +got):\n%s%v", m.calls, c.calls, diff, out.Failure)
			}
		})
	}
}

func TestDeclarationNeeds(t *testing.T) {
	if got := draftAndCheck(&program.Repeat{Times: 2, From: "draft"}).Needs(); !cmp.Equal(got, []string{"question"}) {
		t.Errorf("with rounds it needs %v", got)
	}
	if got := draftAndCheck(nil).Needs(); !cmp.Equal(got, []string{"question", "verdict"}) {
		t.Errorf("without it needs %v", got)
	}
}

func TestConditionThatIsNone(t *testing.T) {
	d := draftAndCheck(nil)
	d.Modules[1].When = "answer"
	p, err := d.New()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Run(t.Context(), program.Runtime{Model: &inTurn{replies: []string{chat("answer", "a")}}}, nil, gepa.NewFields("question", "q", "verdict", ""))
	if err != nil || out.Failure == nil || !strings.Contains(out.Failure.Problem, "neither true nor false") {
		t.Errorf("%v, %v", err, out.Failure)
	}
}

func TestDeclarationRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*program.Declaration)
		field  string
		want   string
	}{
		"no module":    {func(d *program.Declaration) { d.Modules = nil }, "modules", "give at least one"},
		"no name":      {func(d *program.Declaration) { d.Modules[0].Name = "" }, "name", "give the module a name"},
		"no signature": {func(d *program.Declaration) { d.Modules[0].Signature = "" }, "signature", "it is missing"},
		"reasoning": {func(d *program.Declaration) {
			d.Modules[0].Kind, d.Modules[0].Signature = "chain_of_thought", "question -> reasoning"
		}, "signature", "leave it out"},
		"one round":     {func(d *program.Declaration) { d.Modules[1].Repeat = &program.Repeat{Times: 1} }, "repeat.times", "2 or more"},
		"later module":  {func(d *program.Declaration) { d.Modules[0].Repeat = &program.Repeat{Times: 2, From: "check"} }, "repeat.from", "before it"},
		"bad until":     {func(d *program.Declaration) { d.Modules[1].Repeat = &program.Repeat{Times: 2, Until: "verdic"} }, "repeat.until", "no variable verdic"},
		"no such field": {func(d *program.Declaration) { d.Outputs = []string{"answr"} }, "outputs", `no module gives the field "answr"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := draftAndCheck(nil)
			c.change(&d)
			_, err := d.New()
			bad, ok := errors.AsType[*program.DeclarationError](err)
			if !ok || bad.Field != c.field || !strings.Contains(bad.Problem, c.want) {
				t.Errorf("got %v, want %s: %s", err, c.field, c.want)
			}
			if d.Needs() != nil {
				t.Error("it needs something")
			}
		})
	}
}
