package hotpotqa_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
)

// scripted is a model that gives replies in order and keeps what it was sent.
type scripted struct {
	replies []string
	sent    [][]gepa.Message
}

func (*scripted) Name() string { return "scripted" }

func (m *scripted) Complete(_ context.Context, req lm.Request) (lm.Reply, error) {
	text := m.replies[len(m.sent)]
	m.sent = append(m.sent, req.Messages)
	return lm.Reply{Text: text, Finish: lm.FinishStop, Usage: gepa.Usage{Calls: 1}}, nil
}

// golden is what DSPy sent and returned, recorded for invented paragraphs.
type golden struct {
	Question string
	Context  []string
	Cases    []struct {
		Name      string
		Replies   []string
		Messages  [][]gepa.Message
		Output    gepa.Fields
		State     string
		Candidate gepa.Candidate
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "dspy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestSendsWhatDSPySends(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Cases {
		t.Run(c.Name, func(t *testing.T) {
			p := hotpotqa.New()
			if c.State != "" {
				state, err := program.ParseState([]byte(c.State))
				if err != nil {
					t.Fatal(err)
				}
				if p, err = p.Apply(state); err != nil {
					t.Fatal(err)
				}
				if got := string(p.State(p.Seed()).Bytes()); got != c.State {
					t.Errorf("saved again, the state changed:\n%s", cmp.Diff(c.State, got))
				}
			}
			model := &scripted{replies: c.Replies}
			out, err := p.Run(t.Context(), program.Runtime{Model: model}, c.Candidate,
				gepa.NewFields("question", g.Question, "context", g.Context))
			if err != nil {
				t.Fatal(err)
			}
			if out.Failure != nil {
				t.Fatal(out.Failure)
			}
			if diff := cmp.Diff(c.Messages, model.sent); diff != "" {
				t.Errorf("messages (-DSPy +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.Output, out.Output); diff != "" {
				t.Errorf("output (-DSPy +got):\n%s", diff)
			}
			if len(out.Trace) != 2 || out.Trace[0].Component != hotpotqa.Reason || out.Trace[1].Component != hotpotqa.Verify {
				t.Errorf("trace: %+v", out.Trace)
			}
			if n := out.Usage.Calls; n != int64(len(c.Messages)) {
				t.Errorf("usage counts %d calls of %d", n, len(c.Messages))
			}
		})
	}
}

// The golden file was loaded by DSPy with module.load, which then sent the
// messages of the case "instructions".
func TestSavedForDSPy(t *testing.T) {
	var candidate gepa.Candidate
	for _, c := range readGolden(t).Cases {
		if c.Name == "instructions" {
			candidate = c.Candidate
		}
	}
	state, err := hotpotqa.New().State(candidate).WithMetadata("gepa", map[string]int{"format": 1})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "saved.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(state.Bytes())); diff != "" {
		t.Errorf("saved program (-want +got):\n%s", diff)
	}
}

func TestComponents(t *testing.T) {
	want := []gepa.Component{
		{Name: "reason.predict", Text: "From HotpotQA context, identify the bridge fact(s) and propose an answer.\nKeep rationale to 2-4 lines. 'candidate' is a SHORT span."},
		{Name: "verify", Text: "Verify or correct the candidate using the context and rationale.\nOutput ONLY the final short answer span."},
	}
	if diff := cmp.Diff(want, hotpotqa.New().Components()); diff != "" {
		t.Error(diff)
	}
}

func TestFailuresOfEitherModule(t *testing.T) {
	good := readGolden(t).Cases[0].Replies
	for name, c := range map[string]struct {
		replies   []string
		component string
	}{
		"reason": {[]string{"no", "no"}, hotpotqa.Reason},
		"verify": {[]string{good[0], "no", "no"}, hotpotqa.Verify},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := hotpotqa.New().Run(t.Context(), program.Runtime{Model: &scripted{replies: c.replies}}, nil,
				gepa.NewFields("question", "q", "context", []string{"a | b"}))
			if err != nil {
				t.Fatal(err)
			}
			if out.Failure == nil || out.Failure.Component != c.component {
				t.Errorf("failure: %+v", out.Failure)
			}
		})
	}
}
