package gepa_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
)

// TestMergeFromAnAncestorThatScoresNothing: its mean of 0 is a score like any
// other.
func TestMergeFromAnAncestorThatScoresNothing(t *testing.T) {
	sys := newLandscape()
	var data gepa.Data
	for i, need := range []string{"a:x", "b:y", "a:x", "b:y", "a:x", "b:y"} {
		for set, examples := range map[string]*[]gepa.Example{"f": &data.Feedback, "v": &data.Validation} {
			*examples = append(*examples, gepa.Example{
				ID:     set + need + string(rune('0'+i)),
				Inputs: gepa.NewFields("question", set+string(rune('0'+i))),
				Labels: gepa.NewFields("needs", []string{need}),
			})
		}
	}
	merged := 0
	for seed := range uint64(5) {
		res, err := gepa.Optimize(t.Context(), sys, data, gepa.Options{
			Seed: seed, Minibatch: 6, InFlight: 2, Budget: gepa.Budget{Proposals: 8},
			Proposer: proposerFunc(func(_ context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
				if req.Proposal > 2 {
					return gepa.Reflection{Refused: "no idea"}, nil // and so only a merge can
				}
				name := req.Components[0]
				return gepa.Reflection{Texts: map[string]string{name: map[string]string{"a": "x", "b": "y"}[name]}}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if res.Pool[0].Mean != 0 {
			t.Fatalf("the seed scores %v: the test tests nothing", res.Pool[0].Mean)
		}
		if slices.ContainsFunc(res.History, func(p gepa.Proposal) bool {
			return p.Kind == gepa.ProposalMerge && p.Ancestor == 0 && p.Candidate > 0 && res.Pool[p.Candidate].Mean == 1
		}) {
			merged++
		}
	}
	if merged == 0 {
		t.Error("the two halves, both from a seed that scores 0, were never brought together")
	}
}

// TestMergeByModel: in a system of one component the proposer is shown two
// candidates and their ancestor, and the child must beat the better.
func TestMergeByModel(t *testing.T) {
	sys := newLandscape()
	sys.seeds = sys.seeds[:1]
	proposer := &asked{wordProposer: &wordProposer{}}
	res := optimize(t, sys, gepa.Options{
		Seed: 3, Minibatch: 4, MergeByModel: true, MaxMerges: 4, Proposer: proposer, Budget: gepa.Budget{Proposals: 60},
	})
	tried := 0
	for _, p := range res.History {
		if p.Kind == gepa.ProposalMerge {
			t.Errorf("proposal %d crosses candidates of one component", p.Proposal)
		}
		if p.Kind != gepa.ProposalMergeByModel {
			continue
		}
		tried++
		a, b, ancestor := res.Pool[p.Parents[0]], res.Pool[p.Parents[1]], res.Pool[p.Ancestor]
		at := slices.IndexFunc(proposer.requests, func(r gepa.ReflectRequest) bool { return r.Proposal == p.Proposal })
		if p.Proposal%5 == 0 && at < 0 {
			continue
		}
		req := proposer.requests[at]
		if req.Merge == nil || !req.Merge.A.Equal(a.Texts) || !req.Merge.B.Equal(b.Texts) || !req.Merge.Ancestor.Equal(ancestor.Texts) || !req.Candidate.Equal(a.Texts) {
			t.Errorf("proposal %d: the proposer was shown %+v", p.Proposal, req.Merge)
		}
		if p.Candidate < 0 {
			continue
		}
		if m := res.Pool[p.Candidate]; !slices.Equal(m.Parents, p.Parents) || p.Gate.Child <= p.Gate.Parent {
			t.Errorf("candidate %d comes from %v, its gate: %+v", m.ID, m.Parents, p.Gate)
		}
		for _, word := range strings.Fields(b.Texts["a"])[1:] {
			if text := res.Pool[p.Candidate].Texts["a"]; !strings.Contains(text, word) {
				t.Errorf("candidate %d, %q, lacks %q of its second parent", p.Candidate, text, word)
			}
		}
	}
	if tried == 0 || tried > 4 {
		t.Errorf("%d merges were tried, want 1 to 4", tried)
	}
	pairs := map[string]bool{}
	for _, p := range res.History {
		if p.Kind == gepa.ProposalMergeByModel {
			key := res.Pool[min(p.Parents[0], p.Parents[1])].Texts["a"] + "|" + res.Pool[max(p.Parents[0], p.Parents[1])].Texts["a"]
			if pairs[key] {
				t.Errorf("proposal %d merges a pair again", p.Proposal)
			}
			pairs[key] = true
		}
	}
}

// TestEveryMergeTriedCounts: those that are turned down use the cap up, too.
func TestEveryMergeTriedCounts(t *testing.T) {
	for _, most := range []int{1, 5, 12} {
		res := optimize(t, newLandscape(), gepa.Options{Minibatch: 4, InFlight: 6, MaxMerges: most, Budget: gepa.Budget{Proposals: 80}})
		tried, accepted := 0, 0
		for _, p := range res.History {
			if p.Kind == gepa.ProposalMerge {
				tried++
				if p.Candidate > 0 {
					accepted++
				}
			}
		}
		if tried != most {
			t.Errorf("%d merges were tried, want %d", tried, most)
		}
		if most == 12 && accepted == tried {
			t.Error("none was turned down: the test tests nothing")
		}
	}
}
