package program

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/lm"
)

// capable is a model that says what it supports.
type capable struct {
	lm.Model
	features []lm.Feature
}

func (c capable) Supports(f lm.Feature) bool {
	return slices.Contains(c.features, f)
}

func TestStructuredFormat(t *testing.T) {
	refused := &lm.Error{Kind: lm.KindBadRequest, Words: "Invalid schema for response_format", Usage: lm.Usage{Calls: 1}}
	down := &lm.Error{Kind: lm.KindOverloaded, Usage: lm.Usage{Calls: 1}}
	all := []lm.Feature{lm.FeatureSchema, lm.FeatureTool, lm.FeatureJSON}
	good, bad := stop(`{"n": 3}`), stop(`three`)
	tests := map[string]struct {
		features []lm.Feature
		answers  []any // lm.Reply or *lm.Error
		want     string
		formats  []string
		problem  string // of the failure
		world    error
	}{
		"by parameter":                   {all, []any{good}, "3", []string{"json_schema"}, "", nil},
		"by tool":                        {[]lm.Feature{lm.FeatureTool}, []any{good}, "3", []string{"json_tool"}, "", nil},
		"by JSON mode":                   {[]lm.Feature{lm.FeatureJSON}, []any{good}, "3", []string{"json"}, "", nil},
		"by words":                       {nil, []any{good}, "3", []string{"json_prompt"}, "", nil},
		"a refused schema":               {all, []any{refused, good}, "3", []string{"json_schema", "json"}, "", nil},
		"nothing but words is taken":     {all, []any{refused, refused, good}, "3", []string{"json_schema", "json", "json_prompt"}, "", nil},
		"even words are refused":         {all, []any{refused, refused, refused}, "", []string{"json_schema", "json"}, "", refused},
		"a reply that cannot be read":    {all, []any{bad, good}, "3", []string{"json_schema", "json"}, "", nil},
		"two of them":                    {all, []any{bad, bad}, "", []string{"json_schema", "json"}, "there is no JSON object in it", nil},
		"refused, then not to be read":   {all, []any{refused, bad, good}, "3", []string{"json_schema", "json", "json_prompt"}, "", nil},
		"a value of the wrong type":      {all, []any{stop(`{"n": "few"}`), stop(`{"n": "few"}`)}, "", []string{"json_schema", "json"}, "whole number", nil},
		"cut off":                        {all, []any{lm.Reply{Text: `{"n": 3`, Finish: lm.FinishLength}}, "", []string{"json_schema"}, "cut off", nil},
		"the world fails":                {all, []any{down}, "", nil, "", down},
		"the world fails after a refuse": {all, []any{refused, down}, "", []string{"json_schema"}, "", down},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var sent []lm.Request
			model := capable{modelFunc(func(r lm.Request) (lm.Reply, error) {
				sent = append(sent, r)
				switch a := tt.answers[len(sent)-1].(type) {
				case *lm.Error:
					return lm.Reply{}, a
				default:
					return a.(lm.Reply), nil
				}
			}), tt.features}
			p := Single(NewPredict(MustSignature("question -> n: int", "")))
			out, err := p.Run(t.Context(), Runtime{Model: model, Format: StructuredFormat{}}, nil, question)
			if tt.world != nil {
				if !errors.Is(err, tt.world) {
					t.Fatalf("got %v, want %v", err, tt.world)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if got := out.Output.Text("n"); got != tt.want {
				t.Errorf("n = %q, want %q", got, tt.want)
			}
			if (out.Failure != nil) != (tt.problem != "") || out.Failure != nil && !strings.Contains(out.Failure.Problem, tt.problem) {
				t.Errorf("failure %v, want %q", out.Failure, tt.problem)
			}
			var formats []string
			for _, x := range out.Trace[0].Exchanges {
				formats = append(formats, x.Format)
			}
			if diff := cmp.Diff(tt.formats, formats); diff != "" {
				t.Errorf("formats (-want +got):\n%s", diff)
			}
			if len(sent) != len(tt.answers) {
				t.Errorf("%d requests, want %d", len(sent), len(tt.answers))
			}
			for i, r := range sent {
				last := r.Messages[len(r.Messages)-1].Content
				words := strings.Contains(last, `"additionalProperties"`)
				if forms := boolsSet(r.Schema != nil, r.JSON, words); forms != 1 {
					t.Errorf("request %d asks in %d ways for JSON", i, forms)
				}
			}
		})
	}
}

// A form that the provider refuses is sent once; what the trace shows of it
// stays the same, but for its price.
func TestRefusedFormIsRemembered(t *testing.T) {
	refusing := true
	var sent []string
	model := capable{modelFunc(func(r lm.Request) (lm.Reply, error) {
		if r.Schema != nil {
			sent = append(sent, "schema")
			return lm.Reply{}, &lm.Error{Kind: lm.KindBadRequest, Words: "no such schema", Usage: lm.Usage{Calls: 1}}
		}
		sent = append(sent, "json")
		if refusing {
			return lm.Reply{}, &lm.Error{Kind: lm.KindBadRequest, Words: "a bad day", Usage: lm.Usage{Calls: 1}}
		}
		return stop(`{"n": 3}`), nil
	}), []lm.Feature{lm.FeatureSchema}}
	p := Single(NewPredict(MustSignature("question -> n: int", "")))
	chained := lm.RememberForms(model)
	ask := func() Outcome {
		out, err := p.Run(t.Context(), Runtime{Model: chained, Format: StructuredFormat{}}, nil, question)
		if err != nil && !refusing {
			t.Fatal(err)
		}
		return out
	}
	// Nothing passes: it may not be the form.
	ask()
	refusing = false
	first := ask()
	second := ask()
	if diff := cmp.Diff([]string{"schema", "json", "schema", "json", "json"}, sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	a, b := first.Trace[0].Exchanges, second.Trace[0].Exchanges
	if b[0].Usage != (lm.Usage{}) || a[0].Usage.Calls != 1 {
		t.Errorf("usage %+v, then %+v", a[0].Usage, b[0].Usage)
	}
	b[0].Usage = a[0].Usage
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the trace differs (-first +second):\n%s", diff)
	}
}

func boolsSet(bs ...bool) int {
	n := 0
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}
