package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/metric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// modelFunc is a model made of a function.
type modelFunc func(req lm.Request) (lm.Reply, error)

func (modelFunc) Name() string { return "test" }

func (f modelFunc) Complete(_ context.Context, req lm.Request) (lm.Reply, error) { return f(req) }

// script returns a model that gives the replies in order, and the requests it
// was sent.
func script(t *testing.T, replies ...lm.Reply) (lm.Model, *[]lm.Request) {
	t.Helper()
	var sent []lm.Request
	return modelFunc(func(req lm.Request) (lm.Reply, error) {
		if len(sent) == len(replies) {
			return lm.Reply{}, errors.New("the script is over")
		}
		sent = append(sent, req)
		r := replies[len(sent)-1]
		r.Usage = gepa.Usage{Calls: 1, InputTokens: 10}
		return r, nil
	}), &sent
}

func stop(text string) lm.Reply { return lm.Reply{Text: text, Finish: lm.FinishStop} }

func chatReply(nameAndText ...string) lm.Reply {
	var b strings.Builder
	for i := 0; i < len(nameAndText); i += 2 {
		b.WriteString("[[ ## " + nameAndText[i] + " ## ]]\n" + nameAndText[i+1] + "\n\n")
	}
	return stop(b.String() + "[[ ## completed ## ]]")
}

var question = gepa.NewFields("question", "Why?")

func TestPredictorReplies(t *testing.T) {
	good := chatReply("n", "3")
	tests := map[string]struct {
		replies  []lm.Reply
		want     string // the output n, "" for a failure
		problem  string
		formats  []string
		feedback []string
	}{
		"good":          {replies: []lm.Reply{good}, want: "3", formats: []string{"chat"}},
		"fall back":     {replies: []lm.Reply{stop("three"), stop(`{"n": 4}`)}, want: "4", formats: []string{"chat", "json"}},
		"empty":         {replies: []lm.Reply{stop(" "), stop(`{"n": 5}`)}, want: "5", formats: []string{"chat", "json"}},
		"both bad":      {replies: []lm.Reply{stop("three"), stop("3!")}, problem: "could not be read in the chat format", formats: []string{"chat", "json"}, feedback: []string{"three", "[[ ## n ## ]]", "`n`"}},
		"wrong type":    {replies: []lm.Reply{chatReply("n", "few"), stop(`{"n": "few"}`)}, problem: "a whole number is needed", formats: []string{"chat", "json"}, feedback: []string{"few", "valid Python int"}},
		"cut off":       {replies: []lm.Reply{{Text: "[[ ## n ## ]]\n3", Finish: lm.FinishLength}}, problem: "cut off", formats: []string{"chat"}, feedback: []string{"token limit", "[[ ## n ## ]]"}},
		"filtered":      {replies: []lm.Reply{{Finish: lm.FinishFiltered}}, problem: "filter", formats: []string{"chat"}},
		"wants a tool":  {replies: []lm.Reply{{Finish: lm.FinishTools}}, problem: "tool", formats: []string{"chat"}},
		"then cut off":  {replies: []lm.Reply{stop("three"), {Text: "{", Finish: lm.FinishLength}}, problem: "asked again in the json format: the reply was cut off", formats: []string{"chat", "json"}},
		"empty, empty":  {replies: []lm.Reply{stop(""), stop("")}, problem: "the reply was empty", formats: []string{"chat", "json"}},
		"lacks a field": {replies: []lm.Reply{chatReply("m", "3"), stop("{}")}, problem: "the field `n` could not be found", formats: []string{"chat", "json"}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			model, sent := script(t, c.replies...)
			p := Single(NewPredict(MustSignature("question -> n: int", "")))
			out, err := p.Run(t.Context(), Runtime{Model: model, Repeat: 7}, nil, question)
			if err != nil {
				t.Fatal(err)
			}
			step := out.Trace[0]
			if step.Component != "self" || len(out.Trace) != 1 {
				t.Fatalf("trace: %+v", out.Trace)
			}
			var formats []string
			for i, x := range step.Exchanges {
				formats = append(formats, x.Format)
				if (*sent)[i].JSON != (x.Format == "json") || (*sent)[i].Repeat != 7 {
					t.Errorf("request %d: %+v", i, (*sent)[i])
				}
				if i < len(step.Exchanges)-1 && x.Problem == "" {
					t.Errorf("exchange %d has no problem, and it was not used", i)
				}
			}
			if diff := cmp.Diff(c.formats, formats); diff != "" {
				t.Error(diff)
			}
			if out.Usage.Calls != int64(len(c.formats)) {
				t.Errorf("usage: %+v", out.Usage)
			}
			if c.want != "" {
				if got := out.Output.Text("n"); got != c.want || out.Failure != nil || step.Problem != "" {
					t.Errorf("output %q, failure %v, problem %q", got, out.Failure, step.Problem)
				}
				return
			}
			if out.Failure == nil || !strings.Contains(out.Failure.Problem, c.problem) || out.Failure.Component != "self" {
				t.Fatalf("failure: %v, want %q", out.Failure, c.problem)
			}
			if strings.Contains(out.Failure.Problem, "\n") || step.Problem != out.Failure.Problem || step.Outputs != nil {
				t.Errorf("step: %+v", step)
			}
			for _, want := range c.feedback {
				if !strings.Contains(out.Failure.Feedback, want) {
					t.Errorf("feedback lacks %q:\n%s", want, out.Failure.Feedback)
				}
			}
		})
	}
}

func TestFormatOfChoice(t *testing.T) {
	model, sent := script(t, stop("<a>x &amp; y</a>"), stop(`{"a": "z"}`), stop("nothing"))
	sig := MustSignature("question -> a", "")
	p := Single(NewPredict(sig))
	for _, c := range []struct {
		format Format
		want   string
	}{{XMLFormat{}, "x & y"}, {JSONFormat{}, "z"}} {
		out, err := p.Run(t.Context(), Runtime{Model: model, Format: c.format}, nil, question)
		if err != nil || out.Output.Text("a") != c.want {
			t.Errorf("%s: %v %v %v", c.format.Name(), out.Output, out.Failure, err)
		}
	}
	// The JSON format has nothing to fall back on.
	out, err := p.Run(t.Context(), Runtime{Model: model, Format: JSONFormat{}}, nil, question)
	if err != nil || out.Failure == nil || len(*sent) != 3 {
		t.Errorf("%v %v, %d requests", out.Failure, err, len(*sent))
	}
}

func TestPredictorOutsideProgram(t *testing.T) {
	pred := NewPredict(MustSignature("question, hint: Optional[str] -> a", "Say it."), WithDemos(gepa.NewFields("question", "Who?", "hint", "h", "a", "Me")))
	if _, err := pred.Call(t.Context(), question); err == nil || !strings.Contains(err.Error(), "NewContext") {
		t.Errorf("without a model: %v", err)
	}
	model, sent := script(t, chatReply("a", "b"))
	out, err := pred.Call(NewContext(t.Context(), Runtime{Model: model}), question)
	if err != nil || out.Text("a") != "b" {
		t.Fatal(out, err)
	}
	if m := (*sent)[0].Messages; len(m) != 4 || m[2].Content != "[[ ## a ## ]]\nMe\n\n[[ ## completed ## ]]\n" {
		t.Errorf("messages: %+v", m)
	}
	_, err = pred.Call(NewContext(t.Context(), Runtime{Model: model}), nil)
	var failure *Failure
	if !errors.As(err, &failure) || !strings.Contains(failure.Problem, "question") {
		t.Errorf("missing input: %v", err)
	}
}

func TestDefaultsOfFields(t *testing.T) {
	sig := MustSignature("question, k: int -> a, score: float", "")
	sig.Inputs[1].Default = json.RawMessage("5")
	sig.Outputs[1].Default = json.RawMessage("0.5")
	model, sent := script(t, chatReply("a", "b"))
	out, err := NewPredict(sig).Call(NewContext(t.Context(), Runtime{Model: model}), question)
	if err != nil || out.Text("score") != "0.5" {
		t.Fatal(out, err)
	}
	if m := (*sent)[0].Messages[1].Content; !strings.Contains(m, "[[ ## k ## ]]\n5") {
		t.Error(m)
	}
}

func TestBadInputValues(t *testing.T) {
	model, _ := script(t)
	sig := MustSignature("question, history: dspy.History -> a", "")
	for name, in := range map[string]gepa.Fields{
		"not JSON":   {{Name: "question", Value: json.RawMessage("{")}},
		"no history": gepa.NewFields("question", "q", "history", "yesterday"),
	} {
		_, err := NewPredict(sig).Call(NewContext(t.Context(), Runtime{Model: model}), in)
		if _, ok := errors.AsType[*Failure](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One program runs many candidates at once; equal signatures share nothing.
func TestCandidatesDoNotMix(t *testing.T) {
	sig := MustSignature("question -> a", "Seed.")
	first, second := NewPredict(sig), NewPredict(sig)
	p := New(func(ctx context.Context, in gepa.Fields) (gepa.Fields, error) {
		a, err := first.Call(ctx, in)
		if err != nil {
			return nil, err
		}
		b, err := second.Call(ctx, in)
		if err != nil {
			return nil, err
		}
		return gepa.NewFields("a", a.Text("a")+b.Text("a")), nil
	}, Module("first", first), Module("second", second))
	echo := modelFunc(func(req lm.Request) (lm.Reply, error) {
		_, instruction, _ := strings.Cut(req.Messages[0].Content, "your objective is: \n        ")
		return chatReply("a", instruction), nil
	})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c := gepa.Candidate{"first": fmt.Sprintf("one %d", i), "second": fmt.Sprintf("two %d", i)}
			out, err := p.Run(t.Context(), Runtime{Model: echo}, c, question)
			if err != nil || out.Output.Text("a") != c["first"]+c["second"] {
				t.Errorf("run %d: %v %v", i, out.Output, err)
				return
			}
			for j, name := range []string{"first", "second"} {
				if s := out.Trace[j]; s.Component != name || s.Outputs.Text("a") != c[name] {
					t.Errorf("run %d, step %d: %+v", i, j, s)
				}
			}
		})
	}
	wg.Wait()
}

func exact(t *testing.T) metric.Metric {
	t.Helper()
	return metric.Func(func(_ context.Context, in metric.Input) (metric.Result, error) {
		r := metric.Result{Feedback: gepa.Feedback{Text: "gold is " + in.Example.Labels.Text("answer")}}
		if in.Output.Text("a") == in.Example.Labels.Text("answer") {
			r.Score = 1
		}
		return r, nil
	})
}

var example = gepa.Example{ID: "e1", Inputs: question, Labels: gepa.NewFields("answer", "b")}

func TestSystem(t *testing.T) {
	var seen gepa.Fields
	pred := NewPredict(MustSignature("question -> a", "Seed."))
	p := New(func(ctx context.Context, in gepa.Fields) (gepa.Fields, error) {
		seen = in
		return pred.Call(ctx, in)
	}, Module("only", pred))
	model, sent := script(t, chatReply("a", "b"))
	temperature := 0.5
	s := NewSystem(p, model, exact(t), SystemOptions{Params: lm.Params{Temperature: &temperature}})
	if diff := cmp.Diff([]gepa.Component{{Name: "only", Text: "Seed."}}, s.Components()); diff != "" {
		t.Error(diff)
	}
	r, err := s.Run(t.Context(), gepa.Job{Candidate: gepa.Candidate{"only": "New."}, Example: example, Repeat: 2})
	if err != nil {
		t.Fatal(err)
	}
	if r.Score != 1 || r.Feedback.Text != "gold is b" || r.Output.Text("a") != "b" || r.Problem != "" || r.Usage.InputTokens != 10 || len(r.Trace) != 1 {
		t.Errorf("rollout: %+v", r)
	}
	if diff := cmp.Diff(question, seen); diff != "" {
		t.Errorf("the program saw more than the inputs:\n%s", diff)
	}
	req := (*sent)[0]
	if req.Repeat != 2 || *req.Params.Temperature != 0.5 || !strings.Contains(req.Messages[0].Content, "New.") {
		t.Errorf("request: %+v", req)
	}
}

func TestSystemFailures(t *testing.T) {
	pred := NewPredict(MustSignature("question -> n: int", ""))
	errWorld := errors.New("unreachable")
	down := modelFunc(func(lm.Request) (lm.Reply, error) { return lm.Reply{}, errWorld })
	babble := modelFunc(func(lm.Request) (lm.Reply, error) { return stop("three"), nil })
	forwards := map[string]Forward{
		"returns": pred.Call,
		"wraps": func(ctx context.Context, in gepa.Fields) (gepa.Fields, error) {
			out, err := pred.Call(ctx, in)
			if err != nil {
				err = fmt.Errorf("step one: %w", err)
			}
			return out, err
		},
		"handles": func(ctx context.Context, in gepa.Fields) (gepa.Fields, error) {
			if _, err := pred.Call(ctx, in); err != nil {
				return gepa.NewFields("a", "b"), nil
			}
			return nil, nil
		},
		"panics":   func(context.Context, gepa.Fields) (gepa.Fields, error) { panic("index 7\nout of range") },
		"own":      func(context.Context, gepa.Fields) (gepa.Fields, error) { return nil, errors.New("no route") },
		"ignoring": func(context.Context, gepa.Fields) (gepa.Fields, error) { return gepa.NewFields("a", "x"), nil },
	}
	run := func(t *testing.T, forward string, model lm.Model) (gepa.Rollout, error) {
		p := New(forwards[forward], Module("only", pred))
		s := NewSystem(p, model, exact(t), SystemOptions{FailureScore: -1, FailureObjectives: map[string]float64{"cost": 9}})
		return s.Run(t.Context(), gepa.Job{Candidate: p.Seed(), Example: example})
	}
	for _, forward := range []string{"returns", "wraps", "handles"} {
		if _, err := run(t, forward, down); !errors.Is(err, errWorld) {
			t.Errorf("%s: an error of the world became %v", forward, err)
		}
	}
	for _, forward := range []string{"returns", "wraps"} {
		r, err := run(t, forward, babble)
		if err != nil || r.Score != -1 || r.Objectives["cost"] != 9 || !strings.Contains(r.Problem, "only: the reply could not be read") {
			t.Errorf("%s: %+v %v", forward, r, err)
		}
		for _, want := range []string{"three", "[[ ## n ## ]]"} {
			if !strings.Contains(r.Feedback.ByComponent["only"], want) {
				t.Errorf("%s: feedback lacks %q: %+v", forward, want, r.Feedback)
			}
		}
	}
	if r, err := run(t, "handles", babble); err != nil || r.Score != 1 || r.Problem != "" || r.Trace[0].Problem == "" {
		t.Errorf("handled: %+v %v", r, err)
	}
	r, err := run(t, "panics", babble)
	if err != nil || r.Problem != "the program panicked: index 7 out of range" || strings.Contains(r.Feedback.Text, ".go") {
		t.Errorf("panic: %+v %v", r, err)
	}
	if r, err := run(t, "own", babble); err != nil || r.Problem != "no route" || r.Feedback.Text != "no route" || r.Score != -1 {
		t.Errorf("own error: %+v %v", r, err)
	}
	if r, err := run(t, "ignoring", babble); err != nil || r.Score != 0 || len(r.Trace) != 0 {
		t.Errorf("ignoring: %+v %v", r, err)
	}
}

func TestSystemWorldErrors(t *testing.T) {
	model, _ := script(t, chatReply("a", "b"), chatReply("a", "b"))
	p := Single(NewPredict(MustSignature("question -> a", "")))
	noLabel := metric.Func(func(context.Context, metric.Input) (metric.Result, error) {
		return metric.Result{}, errors.New("no label")
	})
	if _, err := NewSystem(p, model, noLabel, SystemOptions{}).Run(t.Context(), gepa.Job{Example: example}); err == nil || !strings.Contains(err.Error(), "no label") {
		t.Errorf("metric: %v", err)
	}
	s := NewSystem(p, model, exact(t), SystemOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, gepa.Job{Example: example}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	if _, err := s.Run(t.Context(), gepa.Job{Example: example, Candidate: gepa.Candidate{"other": "x"}}); !gepa.IsFatal(err) {
		t.Errorf("unknown component: %v", err)
	}
}

func TestPanicKeepsStack(t *testing.T) {
	p := New(func(context.Context, gepa.Fields) (gepa.Fields, error) { panic("no") }, Module("m", NewPredict(MustSignature("q -> a", ""))))
	out, err := p.Run(t.Context(), Runtime{}, nil, nil)
	var pe *PanicError
	if err != nil || !errors.As(out.Failure, &pe) || pe.Value != "no" || !strings.Contains(string(pe.Stack), "TestPanicKeepsStack") {
		t.Errorf("%v %v", out.Failure, err)
	}
}
