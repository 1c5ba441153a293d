package searchbench

import (
	"fmt"

	"github.com/gepa-go/gepa"
)

// fromPaper changes one option of paper mode at a time.
func fromPaper(s Setting) []Setting {
	return append([]Setting{
		s.with("8 in flight", func(o *gepa.Options) { o.InFlight = 8 }),
		s.with("8 in flight, 1 a member", func(o *gepa.Options) { o.InFlight, o.PerMember = 8, 1 }),
		s.with("minibatch 5", func(o *gepa.Options) { o.Minibatch = 5 }),
		s.with("minibatch 10", func(o *gepa.Options) { o.Minibatch = 10 }),
		s.with("minibatch 20", func(o *gepa.Options) { o.Minibatch = 20 }),
		s.with("staged validation 10, 2, 0.5", func(o *gepa.Options) { o.Staged = gepa.Staged{First: 10, Growth: 2, Z: 0.5} }),
		s.with("all components", func(o *gepa.Options) { o.Components = gepa.ComponentAll }),
	}, searchChoices(s)...)
}

// fromRecommended changes one option of the recommended ones at a time.
func fromRecommended(s Setting) []Setting {
	return append([]Setting{
		s.with("minibatch 3", func(o *gepa.Options) { o.Minibatch = 3 }),
		s.with("1 in flight", func(o *gepa.Options) { o.InFlight, o.PerMember = 1, 0 }),
		s.with("full validation", func(o *gepa.Options) { o.Staged = gepa.Staged{} }),
		s.with("round robin", func(o *gepa.Options) { o.Components = gepa.ComponentRoundRobin }),
	}, searchChoices(s)...)
}

// searchChoices are the changes that are of interest from anywhere.
func searchChoices(s Setting) []Setting {
	return []Setting{
		s.with("parent: best", func(o *gepa.Options) { o.Parent = gepa.ParentBest }),
		s.with("parent: epsilon-greedy, 0.1", func(o *gepa.Options) { o.Parent = gepa.ParentEpsilonGreedy }),
		s.with("parent: epsilon-greedy, 0.3", func(o *gepa.Options) { o.Parent, o.Epsilon = gepa.ParentEpsilonGreedy, 0.3 }),
		s.with("parent: top 5", func(o *gepa.Options) { o.Parent = gepa.ParentTopK }),
		s.with("dominance: cover", func(o *gepa.Options) { o.Dominance = gepa.DominanceCover }),
		s.with("acceptance: equal", func(o *gepa.Options) { o.Acceptance = gepa.AcceptEqual }),
		s.with("acceptance: paired", func(o *gepa.Options) { o.Acceptance = gepa.AcceptPaired }),
		s.with("2 children", func(o *gepa.Options) { o.Children = 2 }),
		s.with("3 children", func(o *gepa.Options) { o.Children = 3 }),
		s.with("sampling: failures", func(o *gepa.Options) { o.Sampling = gepa.SampleFailures }),
		s.with("memory of 5", func(o *gepa.Options) { o.Memory = 5 }),
		s.with("no merges", func(o *gepa.Options) { o.MaxMerges = -1 }),
		s.with("20 merges", func(o *gepa.Options) { o.MaxMerges = 20 }),
		s.with("merge by model", func(o *gepa.Options) { o.MergeByModel = true }),
	}
}

func depths(s Setting) []Setting {
	var out []Setting
	for _, d := range [][2]int{{1, 0}, {2, 0}, {4, 0}, {8, 0}, {8, 1}, {8, 2}, {16, 0}, {16, 1}, {16, 2}, {16, 3}, {32, 0}, {32, 4}} {
		name := fmt.Sprintf("%d in flight", d[0])
		if d[1] > 0 {
			name += fmt.Sprintf(", %d a member", d[1])
		}
		out = append(out, s.with(name, func(o *gepa.Options) { o.InFlight, o.PerMember = d[0], d[1] }))
	}
	return out
}

func minibatches(s Setting) []Setting {
	var out []Setting
	for _, n := range []int{3, 5, 8, 10, 16, 20} {
		out = append(out, s.with(fmt.Sprintf("minibatch %d", n), func(o *gepa.Options) { o.Minibatch = n }))
	}
	return out
}
