package gepa

import (
	"encoding/json"
	"strings"
	"testing"
)

// validated returns a state whose seed is validated: two components, one
// validation example.
func validated(t testing.TB) *State {
	t.Helper()
	seed := Candidate{"a": "x", "b": "y"}
	s := NewState()
	for _, e := range []Event{
		RunStarted{
			Format: 1, Components: []Component{{"a", "x"}, {"b", "y"}}, Options: Options{Minibatch: 1},
			Feedback: []ExampleRef{{"f", "hf"}}, Validation: []ExampleRef{{"v", "hv"}},
		},
		RolloutDone{Job: RolloutKey{Candidate: seed.Hash(), Example: "hv"}, Rollout: Rollout{Score: 0.5}},
		ProposalCommitted{Accepted: true},
	} {
		if err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestApplyRefuses: events that cannot follow are refused, in words, and leave
// the state as it was.
func TestApplyRefuses(t *testing.T) {
	plan := ProposalPlanned{Proposal: 1, Kind: ProposalReflect, Parents: []int{0}, Components: []string{"a"}, Examples: []int{0}}
	changed := func(change func(*ProposalPlanned)) ProposalPlanned {
		p := plan
		change(&p)
		return p
	}
	tests := []struct {
		name   string
		before []Event
		event  Event
		want   string
	}{
		{"the run again", nil, RunStarted{Format: 1, Components: []Component{{"a", ""}}}, "opened twice"},
		{"the seed again", nil, ProposalCommitted{Accepted: true}, "committed once"},
		{"a plan out of turn", nil, changed(func(p *ProposalPlanned) { p.Proposal = 3 }), "planned after proposal 0"},
		{"a plan of another kind", nil, changed(func(p *ProposalPlanned) { p.Kind = "x" }), `kind "x"`},
		{"a plan without parents", nil, changed(func(p *ProposalPlanned) { p.Parents = nil }), "0 parents"},
		{"a merge with one parent", nil, changed(func(p *ProposalPlanned) { p.Kind = ProposalMerge }), "1 parents"},
		{"a plan from a stranger", nil, changed(func(p *ProposalPlanned) { p.Parents = []int{7} }), "candidate 7"},
		{"a plan without components", nil, changed(func(p *ProposalPlanned) { p.Components = nil }), "names no component"},
		{"a plan of a strange component", nil, changed(func(p *ProposalPlanned) { p.Components = []string{"c"} }), `"c" is no component`},
		{"a plan on no example", nil, changed(func(p *ProposalPlanned) { p.Examples = []int{1} }), "example 1"},
		{"a gate without plan", nil, GateDecided{Proposal: 1}, "not under way"},
		{"a gate twice", []Event{plan, GateDecided{Proposal: 1}}, GateDecided{Proposal: 1}, "decides twice"},
		{"a gate with a strange text", []Event{plan}, GateDecided{Proposal: 1, Texts: map[string]string{"c": ""}}, `"c"`},
		{"a commit without gate", []Event{plan}, ProposalCommitted{Proposal: 1, Accepted: true, Seen: []string{"a"}}, "against its gate"},
		{"a commit against the gate", []Event{plan, GateDecided{Proposal: 1}}, ProposalCommitted{Proposal: 1, Accepted: true}, "against its gate"},
		{
			"a commit of more examples than there are",
			[]Event{plan, GateDecided{Proposal: 1, Passed: true, Texts: map[string]string{"a": "z"}}},
			ProposalCommitted{Proposal: 1, Validated: 2, Reason: "x"}, "2 of 1 validation examples",
		},
		{
			"a commit of fewer examples than none",
			[]Event{plan, GateDecided{Proposal: 1, Passed: true, Texts: map[string]string{"a": "z"}}},
			ProposalCommitted{Proposal: 1, Validated: -1, Reason: "x"}, "-1 of 1 validation examples",
		},
		{
			"a gate that drew on more than the plan has",
			[]Event{plan},
			GateDecided{Proposal: 1, More: 1}, "1 further examples of 0",
		},
		{"a reflection without plan", nil, ReflectionDone{Proposal: 1}, "not under way"},
		{"a reflection with a strange text", []Event{plan}, ReflectionDone{Proposal: 1, Texts: map[string]string{"c": ""}}, `"c"`},
		{
			"a child without rollouts",
			[]Event{plan, GateDecided{Proposal: 1, Passed: true, Texts: map[string]string{"a": "z"}}},
			ProposalCommitted{Proposal: 1, Accepted: true, Seen: []string{"a"}, Traced: true}, `validation example "v"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := validated(t)
			for _, e := range tt.before {
				if err := s.Apply(e); err != nil {
					t.Fatal(err)
				}
			}
			err := s.Apply(tt.event)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
			if len(s.seen) > 0 || s.traced || len(s.pool) != 1 || s.done > 0 {
				t.Error("the refused event changed the state")
			}
		})
	}
	for _, first := range []Event{RunStarted{Format: 99, Components: []Component{{"a", ""}}}, RunStarted{Format: 1}, plan} {
		if err := NewState().Apply(first); err == nil {
			t.Errorf("%T %+v opened a run", first, first)
		}
	}
}

// FuzzApply: whatever a journal holds after a valid beginning, it is applied
// or refused.
func FuzzApply(f *testing.F) {
	f.Add("plan", []byte(`{"proposal":1,"kind":"reflect","parents":[0],"components":["a"],"examples":[0]}`), "commit", []byte(`{"proposal":1,"accepted":true}`))
	f.Add("plan", []byte(`{"proposal":1,"kind":"merge","parents":[0],"components":[]}`), "gate", []byte(`{"proposal":1,"passed":true}`))
	f.Add("plan", []byte(`{"proposal":1,"kind":"merge_by_model","parents":[0,0],"components":["a"]}`), "reflection", []byte(`{"proposal":1,"child":7,"texts":{"a":"z"}}`))
	f.Add("gate", []byte(`{"proposal":1,"passed":true}`), "commit", []byte(`{"proposal":1,"validated":3,"reason":"x"}`))
	f.Add("rollout", []byte(`{"job":{"candidate":"x","example":"hv"},"rollout":{"trace":[{"component":"z"}]}}`), "call", []byte(`{}`))
	f.Fuzz(func(t *testing.T, kind1 string, data1 []byte, kind2 string, data2 []byte) {
		s := validated(t)
		for _, r := range []Record{{Kind: kind1, Data: json.RawMessage(data1)}, {Kind: kind2, Data: json.RawMessage(data2)}} {
			e, err := DecodeRecord(r)
			if err != nil {
				continue
			}
			_ = s.Apply(e)
		}
		s.Frontier()
		if _, err := nextPlan(s); err != nil && !strings.Contains(err.Error(), "no trace names") {
			t.Fatal(err)
		}
	})
}
