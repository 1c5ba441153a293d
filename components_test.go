package gepa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
)

func TestUntracedComponents(t *testing.T) {
	t.Run("traces that name no component are an error", func(t *testing.T) {
		sys := newLandscape()
		_, err := gepa.Optimize(t.Context(), renamed{sys}, someData(), gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}})
		var untraced *gepa.UntracedError
		if !errors.As(err, &untraced) || !errors.Is(err, gepa.ErrInvalid) {
			t.Fatalf("got %v, want an UntracedError", err)
		}
	})
	t.Run("a component that no trace shows is left alone", func(t *testing.T) {
		sys := newLandscape()
		res := optimize(t, extra{sys}, gepa.Options{Budget: gepa.Budget{Proposals: 10}})
		for _, p := range res.History {
			if slices.Contains(p.Components, "unused") {
				t.Errorf("proposal %d rewrites the component that nothing reads", p.Proposal)
			}
		}
	})
	t.Run("a system without traces is exempt", func(t *testing.T) {
		sys := newLandscape()
		sys.noTrace = true
		if res := optimize(t, sys, gepa.Options{Seed: 1, Minibatch: 5, Budget: gepa.Budget{Proposals: 20}}); res.Best.ID == 0 {
			t.Error("nothing was improved")
		}
	})
}

// renamed traces other names than it lists.
type renamed struct{ *landscape }

func (r renamed) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	out, err := r.landscape.Run(ctx, job)
	for i := range out.Trace {
		out.Trace[i].Component = fmt.Sprintf("other%d", i)
	}
	return out, err
}

// extra lists a component that it never uses.
type extra struct{ *landscape }

func (e extra) Components() []gepa.Component {
	return append([]gepa.Component{{Name: "unused", Text: "x"}}, e.seeds...)
}

func TestPerfectMinibatchIsNotReflectedOn(t *testing.T) {
	sys := newLandscape()
	data := gepa.Data{Feedback: needs("f", 8), Validation: needs("v", 8)}
	var all []string
	for w := range 6 {
		all = append(all, fmt.Sprintf("w%d", w))
	}
	text := strings.Join(all, " ")
	proposer := &wordProposer{}
	res, err := gepa.Optimize(t.Context(), sys, data, gepa.Options{
		Start: gepa.Candidate{"a": text, "b": text}, Proposer: proposer, Budget: gepa.Budget{Proposals: 4},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := proposer.calls.Load(); n != 0 || res.Best.ID != 0 || res.History[0].Gate.Passed {
		t.Errorf("%d reflections on a perfect candidate, best %d", n, res.Best.ID)
	}
}
