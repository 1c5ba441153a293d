package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

type asked struct {
	Question string   `json:"question"`
	Context  []string `json:"context" type:"str" desc:"retrieved passages"`
}

type answered struct {
	Answer     string   `json:"answer" desc:"short span"`
	Confidence float64  `json:"confidence"`
	Kind       string   `json:"kind" enum:"yes,no,span"`
	Notes      []string `json:"notes"`
}

func TestTypedProgram(t *testing.T) {
	think := ChainOfThoughtOf[asked, answered]("Think.")
	check := PredictOf[answered, struct {
		OK bool `json:"ok"`
	}]("")
	type verdict struct {
		Answer    string `json:"answer"`
		Reasoning string `json:"reasoning"`
		OK        bool   `json:"ok"`
	}
	p := Of(func(ctx context.Context, in asked) (verdict, error) {
		thought, err := think.Think(ctx, in)
		if err != nil {
			return verdict{}, err
		}
		ok, err := check.Call(ctx, thought.Answer)
		return verdict{thought.Answer.Answer, thought.Reasoning, ok.OK}, err
	}, Module("think", think), Module("check", check))
	if diff := cmp.Diff([]string{"check", "think.predict"}, p.Seed().Names()); diff != "" {
		t.Error(diff)
	}
	model, sent := script(t,
		chatReply("reasoning", "Because.", "answer", "42", "confidence", "1", "kind", "'span'", "notes", "[\"a\"]"),
		chatReply("ok", "yes"))
	out, err := p.Run(t.Context(), Runtime{Model: model}, nil, gepa.NewFields("question", "Q", "context", []string{"x", "y"}))
	if err != nil || out.Failure != nil {
		t.Fatal(out.Failure, err)
	}
	if diff := cmp.Diff(gepa.NewFields("answer", "42", "reasoning", "Because.", "ok", true), out.Output); diff != "" {
		t.Error(diff)
	}
	if got := (*sent)[0].Messages[1].Content; !strings.Contains(got, "[1] «x»\n[2] «y»") {
		t.Error(got)
	}
	if got := (*sent)[1].Messages[0].Content; !strings.Contains(got, "`kind` (Literal['yes', 'no', 'span'])") || !strings.Contains(got, "Given the fields `answer`, `confidence`, `kind`, `notes`, produce the fields `ok`.") {
		t.Error(got)
	}
	// The plain Call of a chain of thought leaves the reasoning out.
	model, _ = script(t, chatReply("reasoning", "r", "answer", "1", "confidence", "0.5", "kind", "no", "notes", "[]"))
	answer, err := think.Call(NewContext(t.Context(), Runtime{Model: model}), asked{})
	if err != nil || answer.Answer != "1" || answer.Confidence != 0.5 {
		t.Error(answer, err)
	}
}

func TestTypedMismatch(t *testing.T) {
	p := Of(func(context.Context, asked) (asked, error) { return asked{}, nil }, Module("m", NewPredict(MustSignature("q -> a", ""))))
	out, err := p.Run(t.Context(), Runtime{}, nil, gepa.NewFields("question", 5))
	if err != nil || out.Failure == nil || !strings.Contains(out.Failure.Problem, "do not fit") {
		t.Errorf("inputs: %v %v", out.Failure, err)
	}
	list := Of(func(context.Context, asked) ([]int, error) { return []int{1}, nil }, Module("m", NewPredict(MustSignature("q -> a", ""))))
	if out, err := list.Run(t.Context(), Runtime{}, nil, nil); err != nil || out.Failure == nil {
		t.Errorf("outputs: %+v %v", out, err)
	}
	narrow := PredictOf[asked, struct {
		N int8 `json:"n"`
	}]("")
	model, _ := script(t, chatReply("n", "1000"))
	_, err = narrow.Call(NewContext(t.Context(), Runtime{Model: model}), asked{})
	if f, ok := errors.AsType[*Failure](err); !ok || !strings.Contains(f.Problem, "do not fit") {
		t.Errorf("narrow: %v", err)
	}
}

func TestNames(t *testing.T) {
	sig := MustSignature("q -> a", "")
	inner := New(nil, Module("plan", NewChainOfThought(sig)), Module("act", NewPredict(sig)))
	outer := New(nil, Module("sub", inner), Module("one", Single(NewPredict(sig))), Module("two", Single(NewChainOfThought(sig))))
	var got []string
	for _, c := range outer.Components() {
		got = append(got, c.Name)
	}
	if diff := cmp.Diff([]string{"sub.plan.predict", "sub.act", "one", "two.predict"}, got); diff != "" {
		t.Error(diff)
	}
	if got := Single(NewChainOfThought(sig)).Components()[0].Name; got != "predict" {
		t.Error(got)
	}
	if _, ok := outer.Signature("sub.act"); !ok {
		t.Error("no signature for sub.act")
	}
}

func TestNestedProgramRuns(t *testing.T) {
	pred := NewPredict(MustSignature("q -> a", "Seed."))
	inner := New(pred.Call, Module("act", pred))
	outer := New(inner.Call, Module("sub", inner))
	model, sent := script(t, chatReply("a", "b"))
	out, err := outer.Run(t.Context(), Runtime{Model: model}, gepa.Candidate{"sub.act": "Better."}, gepa.NewFields("q", "x"))
	if err != nil || out.Trace[0].Component != "sub.act" || !strings.Contains((*sent)[0].Messages[0].Content, "Better.") {
		t.Errorf("%+v %v", out, err)
	}
}

func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	f()
}

func TestMistakesInCode(t *testing.T) {
	sig := MustSignature("q -> a", "")
	pred := NewPredict(sig)
	mustPanic(t, "same predictor", func() { New(nil, Module("a", pred), Module("b", pred)) })
	mustPanic(t, `two modules are called "a"`, func() { New(nil, Module("a", pred), Module("a", NewPredict(sig))) })
	mustPanic(t, "no name", func() { New(nil, Module("", pred)) })
	mustPanic(t, "needs a module", func() { New(nil) })
	mustPanic(t, "needs one predictor", func() { Single(New(nil, Module("a", NewPredict(sig)), Module("b", NewPredict(sig)))) })
	mustPanic(t, "no output field", func() { NewPredict(Signature{}) })
	mustPanic(t, "Unknown name", func() { MustSignature("a -> b: Foo", "") })
	mustPanic(t, "is none", func() { PredictOf[int, asked]("") })
	mustPanic(t, "cannot be a", func() { Literal(1.5) })
	mustPanic(t, "needs a type", func() { Union() })
}

func TestChain(t *testing.T) {
	draft := NewChainOfThought(MustSignature("question -> answer", ""))
	verify := NewPredict(MustSignature("question, answer, hint: Optional[str] -> answer2, ok: bool", ""))
	p, err := Chain([]string{"question"}, Module("draft", draft), Module("verify", verify))
	if err != nil {
		t.Fatal(err)
	}
	model, sent := script(t, chatReply("reasoning", "r", "answer", "A"), chatReply("answer2", "B", "ok", "true"))
	out, err := p.Run(t.Context(), Runtime{Model: model}, nil, question)
	if err != nil || out.Failure != nil {
		t.Fatal(out.Failure, err)
	}
	if diff := cmp.Diff(gepa.NewFields("reasoning", "r", "answer", "A", "answer2", "B", "ok", true), out.Output); diff != "" {
		t.Error(diff)
	}
	if got := (*sent)[1].Messages[1].Content; !strings.Contains(got, "[[ ## answer ## ]]\nA\n") {
		t.Error(got)
	}
	model, _ = script(t, stop("no"), stop("no"))
	if out, err := p.Run(t.Context(), Runtime{Model: model}, nil, question); err != nil || out.Failure.Component != "draft.predict" {
		t.Errorf("%+v %v", out, err)
	}
	for want, modules := range map[string][]NamedPart{
		`module "verify" needs the field "answer"`: {Module("verify", verify)},
		"made of predictors":                       {Module("p", p)},
		"two modules are called":                   {Module("a", draft), Module("a.predict", NewPredict(MustSignature("question -> b", "")))},
	} {
		if _, err := Chain([]string{"question"}, modules...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestSignatureOf(t *testing.T) {
	type base struct {
		ID int `json:"id"`
	}
	type item struct {
		Name  string   `json:"name" desc:"what it is called"`
		Price *float64 `json:"price"`
	}
	type in struct {
		base
		Items  []item         `json:"items"`
		Counts map[string]int `json:"counts"`
		Raw    json.RawMessage
		Extra  gepa.Fields `json:"extra"`
		Any    any         `json:"any"`
		Bytes  []byte      `json:"bytes"`
		Hidden string      `json:"-"`
		secret string
	}
	type out struct {
		Best *item `json:"best" desc:"the best one"`
		OK   bool  `json:"ok"`
	}
	sig, err := SignatureOf[in, out]("")
	if err != nil {
		t.Fatal(err)
	}
	_ = in{secret: ""}
	got := map[string]string{}
	for _, f := range sig.Fields() {
		got[f.Name] = f.Type.String() + " " + f.Description()
	}
	want := map[string]string{
		"id": "int ${id}", "items": "list[item] ${items}", "counts": "dict[str, int] ${counts}", "Raw": "Any ${Raw}",
		"extra": "dict[str, Any] ${extra}", "any": "Any ${any}", "bytes": "str ${bytes}",
		"best": "Union[item, NoneType] the best one", "ok": "bool ${ok}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := string(sig.Outputs[0].Type.Schema()); !strings.Contains(got, `"name": {"type": "string", "description": "what it is called", "title": "Name"}`) || !strings.Contains(got, `"required": ["name"]`) {
		t.Error(got)
	}
	type self struct {
		Next []self `json:"next"`
	}
	for name, f := range map[string]func() error{
		"contains itself": func() error { _, err := SignatureOf[self, out](""); return err },
		"cannot be sent":  func() error { _, err := SignatureOf[struct{ C chan int }, out](""); return err },
		"must be strings": func() error { _, err := SignatureOf[struct{ M map[int]int }, out](""); return err },
		"Unknown name: Foo": func() error {
			_, err := SignatureOf[struct {
				S string `type:"Foo"`
			}, out]("")
			return err
		},
		"is for strings": func() error {
			_, err := SignatureOf[struct {
				N int `enum:"a"`
			}, out]("")
			return err
		},
		"occurs twice": func() error { _, err := SignatureOf[out, out](""); return err },
		"not an identifier": func() error {
			_, err := SignatureOf[struct {
				S string `json:"a-b"`
			}, out]("")
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want %q", err, name)
		}
	}
}

func TestSignatureByHand(t *testing.T) {
	sig := Signature{Inputs: []Field{{Name: "q"}}, Outputs: []Field{{Name: "a", Type: Int(), Constraints: []Constraint{AtLeast(1), AtMost(2.0), GreaterThan(0), LessThan(3), MultipleOf(1)}}}}
	if got := sig.WithInstructions("Do.").Instructions; got != "Do." || sig.Instructions != "" {
		t.Error(got)
	}
	if got, want := describe(sig.Outputs), "1. `a` (int): \nConstraints: greater than or equal to: 1, less than or equal to: 2.0, greater than: 0, less than: 3, a multiple of the given number: 1"; got != want {
		t.Error(got)
	}
	if got := describe([]Field{{Name: "s", Constraints: []Constraint{MinLength(1), MaxLength(9)}}}); !strings.Contains(got, "minimum length: 1, maximum length: 9") {
		t.Error(got)
	}
	bad := Signature{Inputs: []Field{{Name: "a b"}}, Outputs: []Field{{Name: "x", Default: json.RawMessage("{")}, {Name: "x"}}}
	err := bad.Validate()
	for _, want := range []string{"not an identifier", "occurs twice", "not JSON"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}
