package gepa_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gepa-go/gepa"
)

// landscape is a system with a known structure: every example needs a few
// words, some in the text of component "a" and some in that of "b", and its
// score is the share of them that the candidate has.
type landscape struct {
	runs    atomic.Int64
	seeds   []gepa.Component
	noTrace bool
	// before, if set, runs first and may fail a rollout.
	before func(ctx context.Context, job gepa.Job) error
}

func newLandscape() *landscape {
	return &landscape{seeds: []gepa.Component{{Name: "a", Text: "start"}, {Name: "b", Text: "start"}}}
}

func (l *landscape) Components() []gepa.Component { return l.seeds }

func (l *landscape) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	l.runs.Add(1)
	if l.before != nil {
		if err := l.before(ctx, job); err != nil {
			return gepa.Rollout{}, err
		}
	}
	var needs []string
	if err := job.Example.Labels.Decode("needs", &needs); err != nil {
		return gepa.Rollout{}, gepa.Fatal(err)
	}
	r := gepa.Rollout{
		Usage:    gepa.Usage{Calls: 1, InputTokens: 10, OutputTokens: 1},
		Feedback: gepa.Feedback{ByComponent: map[string]string{}},
	}
	met := 0
	for _, need := range needs {
		component, word, _ := strings.Cut(need, ":")
		if slices.Contains(strings.Fields(job.Candidate[component]), word) {
			met++
		} else {
			r.Feedback.ByComponent[component] += " " + word
		}
	}
	r.Score = float64(met) / float64(len(needs))
	r.Objectives = map[string]float64{"met": r.Score, "length": float64(len(job.Candidate["a"]) + len(job.Candidate["b"]))}
	if !l.noTrace {
		for _, c := range l.seeds {
			r.Trace = append(r.Trace, gepa.Step{Component: c.Name, Inputs: job.Example.Inputs})
		}
	}
	return r, nil
}

// wordProposer adds one word that the feedback names; every fourth proposal it
// forgets a word, and every fifth it is refused.
type wordProposer struct {
	calls atomic.Int64
	fail  func(req gepa.ReflectRequest) error
}

func (p *wordProposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	if req.Proposal%5 == 0 {
		return gepa.Reflection{Refused: "the reply was cut off"}, nil
	}
	texts := map[string]string{}
	for _, component := range req.Components {
		call, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleReflection, Component: component, Item: req.Child}, func(context.Context) (gepa.Call, error) {
			p.calls.Add(1)
			if p.fail != nil {
				if err := p.fail(req); err != nil {
					return gepa.Call{}, err
				}
			}
			var missing []string
			for _, x := range req.Examples {
				missing = append(missing, strings.Fields(x.Rollout.Feedback.For(component))...)
			}
			if len(missing) == 0 {
				missing = []string{"useless"}
			}
			words := strings.Fields(req.Candidate[component])
			if req.Proposal%4 == 0 && len(words) > 1 {
				words = words[1:]
			}
			if req.Merge != nil {
				words = append(words, strings.Fields(req.Merge.B[component])...)
			}
			words = append(words, missing[(req.Proposal+req.Child+len(req.Rejected))%len(missing)])
			return gepa.Call{Exchange: gepa.Exchange{
				Reply: strings.Join(words, " "),
				Usage: gepa.Usage{Calls: 1, InputTokens: 100, OutputTokens: 10},
			}}, nil
		})
		if err != nil {
			return gepa.Reflection{}, err
		}
		texts[component] = call.Text()
	}
	return gepa.Reflection{Texts: texts}, nil
}

// needs makes n examples, each with three needs drawn from twelve words.
func needs(set string, n int) []gepa.Example {
	out := make([]gepa.Example, n)
	for i := range out {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s/%d", set, i)
		bits := h.Sum64()
		var list []string
		for k := range 3 {
			component := []string{"a", "b"}[bits>>(8*k+7)&1]
			list = append(list, fmt.Sprintf("%s:w%d", component, bits>>(8*k)%6))
		}
		out[i] = gepa.Example{
			ID:     fmt.Sprintf("%s%d", set, i),
			Inputs: gepa.NewFields("question", fmt.Sprintf("%s question %d", set, i)),
			Labels: gepa.NewFields("needs", list),
		}
	}
	return out
}

func someData() gepa.Data {
	return gepa.Data{Feedback: needs("f", 20), Validation: needs("v", 15), Test: needs("t", 10)}
}

var errDown = errors.New("the model cannot be reached")

// pass lets time pass: a test's bubble's, which nobody waits for.
func pass(d time.Duration) { <-time.After(d) }
