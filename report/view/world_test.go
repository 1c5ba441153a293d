package view_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
)

// landscape is a system with a known structure: every example needs a few
// words, some in the text of component "a" and some in that of "b", and its
// score is the share of them that the candidate has.
type landscape struct {
	fail func() error // if set, runs first
}

func (*landscape) Components() []gepa.Component {
	return []gepa.Component{{Name: "a", Text: "start"}, {Name: "b", Text: "start"}}
}

func (l *landscape) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	if l.fail != nil {
		if err := l.fail(); err != nil {
			return gepa.Rollout{}, gepa.WithUsage(err, gepa.Usage{Calls: 1})
		}
	}
	var needs []string
	if err := job.Example.Labels.Decode("needs", &needs); err != nil {
		return gepa.Rollout{}, gepa.Fatal(err)
	}
	usage := gepa.Usage{Calls: 1, InputTokens: 10, OutputTokens: 1, Cost: gepa.Cost{Nanos: 1000}}
	r := gepa.Rollout{Usage: usage, Feedback: gepa.Feedback{Text: "words", ByComponent: map[string]string{}}, Output: gepa.NewFields("answer", "x")}
	met := 0
	for _, need := range needs {
		component, word, _ := strings.Cut(need, ":")
		if slices.Contains(strings.Fields(job.Candidate[component]), word) {
			met++
		} else {
			r.Feedback.ByComponent[component] += " " + word
		}
	}
	if r.Score = float64(met) / float64(len(needs)); met == 0 {
		r.Problem = "nothing was met"
	}
	r.Objectives = map[string]float64{"met": r.Score, "length": float64(len(job.Candidate["a"]) + len(job.Candidate["b"]))}
	for _, c := range l.Components() {
		r.Trace = append(r.Trace, gepa.Step{Component: c.Name, Inputs: job.Example.Inputs, Exchanges: []gepa.Exchange{{
			Messages: []gepa.Message{{Role: "user", Content: "exact message for " + c.Name}}, Reply: "reply", Usage: gepa.Usage{},
		}}})
	}
	return r, nil
}

// wordProposer adds one word that the feedback names; every fourth proposal it
// forgets one, and every fifth it is refused.
type wordProposer struct{}

func (wordProposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	if req.Proposal%5 == 0 {
		return gepa.Reflection{Refused: "the reply was cut off"}, nil
	}
	texts := map[string]string{}
	for _, component := range req.Components {
		_, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleJudge, Component: component, Attempt: req.Child}, func(context.Context) (gepa.Call, error) {
			return gepa.Call{Exchange: gepa.Exchange{Reply: "[[ ## feedback ## ]]\nadd words\n\n[[ ## completed ## ]]", Usage: gepa.Usage{Calls: 1, InputTokens: 5}}}, nil
		})
		if err != nil {
			return gepa.Reflection{}, err
		}
		call, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleReflection, Component: component, Item: req.Child}, func(context.Context) (gepa.Call, error) {
			var missing []string
			for _, x := range req.Examples {
				missing = append(missing, strings.Fields(x.Rollout.Feedback.ByComponent[component])...)
			}
			if len(missing) == 0 {
				missing = []string{"useless"}
			}
			words := strings.Fields(req.Candidate[component])
			if req.Proposal%4 == 0 && len(words) > 1 {
				words = words[1:]
			}
			words = append(words, missing[(req.Proposal+req.Child+len(req.Rejected))%len(missing)])
			return gepa.Call{Exchange: gepa.Exchange{
				Messages: []gepa.Message{{Role: "user", Content: "improve"}}, Reply: strings.Join(words, " "),
				Usage: gepa.Usage{Calls: 1, InputTokens: 100, OutputTokens: 10, Cost: gepa.Cost{Nanos: 5000}},
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
	return gepa.Data{Feedback: needs("f", 12), Validation: needs("v", 10), Test: needs("t", 6)}
}

// source reads single records of a journal.
type source []gepa.Record

func (s source) RecordAt(_ context.Context, number int64) (gepa.Record, error) {
	return s[number-1], nil
}

// records returns what a journal holds.
func records(tb testing.TB, j gepa.Journal) []gepa.Record {
	tb.Helper()
	var out []gepa.Record
	for r, err := range j.Records(context.Background()) {
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}
