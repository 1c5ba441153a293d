package gepa_test

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

// referee reads a journal and holds every decision to the rules as the options
// state them, computed naively from the results.
type referee struct {
	*rapid.T

	state       *gepa.State
	opts        gepa.Options
	data        gepa.Data
	rollouts    map[gepa.RolloutKey]gepa.Rollout
	reflections map[int]map[int]gepa.ReflectionDone
	used        map[gepa.RolloutKey]bool // by committed proposals
	merges      int
	undecided   int
}

func newReferee(r *rapid.T, t *testing.T, journal gepa.Journal, data gepa.Data) *referee {
	f := &referee{
		T: r, state: gepa.NewState(), data: data,
		rollouts: map[gepa.RolloutKey]gepa.Rollout{}, reflections: map[int]map[int]gepa.ReflectionDone{}, used: map[gepa.RolloutKey]bool{},
	}
	for e := range eventsOf(t, journal) {
		switch e := e.(type) {
		case gepa.RolloutDone:
			f.rollouts[e.Job] = e.Rollout
		case gepa.ReflectionDone:
			if f.reflections[e.Proposal] == nil {
				f.reflections[e.Proposal] = map[int]gepa.ReflectionDone{}
			}
			f.reflections[e.Proposal][e.Child] = e
		}
	}
	return f
}

// follow applies the journal's events, each after it was judged.
func (f *referee) follow(t *testing.T, journal gepa.Journal) {
	for e := range eventsOf(t, journal) {
		switch e := e.(type) {
		case gepa.ProposalPlanned:
			f.plan(e)
		case gepa.GateDecided:
			f.gate(e)
		}
		if err := f.state.Apply(e); err != nil {
			f.Fatal(err)
		}
		if e, opens := e.(gepa.RunStarted); opens {
			f.opts = e.Options
		}
		if e, ends := e.(gepa.ProposalCommitted); ends {
			f.commit(e)
		}
	}
}

func (f *referee) on(c gepa.Candidate, ex gepa.Example) (gepa.RolloutKey, float64, bool) {
	key := gepa.Job{Candidate: c, Example: ex}.Key()
	r, ok := f.rollouts[key]
	return key, r.Score, ok
}

func (f *referee) scores(c gepa.Candidate, at []int) []float64 {
	out := make([]float64, len(at))
	for k, i := range at {
		var ok bool
		if _, out[k], ok = f.on(c, f.data.Feedback[i]); !ok {
			f.Fatalf("the gate decided without a rollout on feedback example %d", i)
		}
	}
	return out
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// lineage returns a candidate and all that it descends from.
func (f *referee) lineage(id int) map[int]bool {
	out := map[int]bool{id: true}
	for _, p := range f.state.Pool()[id].Parents {
		for a := range f.lineage(p) {
			out[a] = true
		}
	}
	return out
}

func (f *referee) plan(p gepa.ProposalPlanned) {
	o, s := f.opts, f.state
	if p.After != s.Committed() || s.InFlight() >= o.InFlight || o.PerMember > 0 && s.InFlight() >= o.PerMember*len(s.Pool()) {
		f.Fatalf("proposal %d is planned after %d with %d in flight", p.Proposal, p.After, s.InFlight())
	}
	seen := map[int]bool{}
	for _, i := range slices.Concat(p.Examples, p.More) {
		if seen[i] {
			f.Fatalf("proposal %d meets example %d twice", p.Proposal, i)
		}
		seen[i] = true
	}
	if p.Kind != gepa.ProposalReflect {
		f.merge(p)
	}
	if p.Kind == gepa.ProposalMerge {
		return
	}
	if want := min(o.Minibatch, len(f.data.Feedback)); len(p.Examples) != want {
		f.Fatalf("proposal %d has a minibatch of %d, want %d", p.Proposal, len(p.Examples), want)
	}
	parent := s.Pool()[p.Parents[0]]
	if o.Sampling == gepa.SampleFailures {
		solved := func(i int) bool {
			key, score, ok := f.on(parent.Texts, f.data.Feedback[i])
			return ok && f.used[key] && score >= o.PerfectScore
		}
		if slices.ContainsFunc(p.Examples, solved) {
			for i := range f.data.Feedback {
				if !slices.Contains(p.Examples, i) && !solved(i) {
					f.Fatalf("proposal %d meets a solved example and leaves example %d out", p.Proposal, i)
				}
			}
		}
	}
	if p.Kind == gepa.ProposalMergeByModel {
		return
	}
	best, _ := s.Best()
	var full []gepa.Member
	for _, m := range s.Pool() {
		if m.Full {
			full = append(full, m)
		}
	}
	slices.SortStableFunc(full, func(a, b gepa.Member) int { return cmp.Compare(b.Mean, a.Mean) })
	ok := true
	switch o.Parent {
	case gepa.ParentBest:
		ok = parent.ID == best.ID
	case gepa.ParentTopK:
		ok = slices.ContainsFunc(full[:min(o.TopK, len(full))], func(m gepa.Member) bool { return m.ID == parent.ID })
	case gepa.ParentPareto:
		ok = slices.Contains(f.frontier(), parent.ID)
	}
	if !ok {
		f.Fatalf("proposal %d starts from candidate %d against the rule %q", p.Proposal, parent.ID, o.Parent)
	}
	components := len(s.Run().Components)
	if o.Components == gepa.ComponentRoundRobin {
		components = 1
	}
	if len(p.Components) != components {
		f.Fatalf("proposal %d rewrites %v under %q", p.Proposal, p.Components, o.Components)
	}
}

func (f *referee) merge(p gepa.ProposalPlanned) {
	if f.merges++; f.merges > f.opts.MaxMerges {
		f.Fatalf("proposal %d is merge number %d, at most %d may be tried", p.Proposal, f.merges, f.opts.MaxMerges)
	}
	pool := f.state.Pool()
	a, b := p.Parents[0], p.Parents[1]
	if f.lineage(a)[b] || f.lineage(b)[a] || !f.lineage(a)[p.Ancestor] || !f.lineage(b)[p.Ancestor] {
		f.Fatalf("proposal %d merges %d and %d from %d", p.Proposal, a, b, p.Ancestor)
	}
	for _, id := range []int{a, b, p.Ancestor} {
		if !pool[id].Full {
			f.Fatalf("proposal %d merges from candidate %d, which was validated in part", p.Proposal, id)
		}
	}
	if pool[p.Ancestor].Mean > min(pool[a].Mean, pool[b].Mean)+1e-9 {
		f.Fatalf("proposal %d: the ancestor is better than a parent", p.Proposal)
	}
	if p.Kind == gepa.ProposalMergeByModel && pool[b].Mean > pool[a].Mean {
		f.Fatalf("proposal %d: the worse parent comes first", p.Proposal)
	}
}

// children returns the children of a proposal that its gate may keep.
func (f *referee) children(p gepa.ProposalPlanned) map[int]gepa.Candidate {
	parent := f.state.Pool()[p.Parents[0]].Texts
	out := map[int]gepa.Candidate{}
	for k, r := range f.reflections[p.Proposal] {
		c := parent.With(r.Texts)
		known := slices.ContainsFunc(f.state.Pool(), func(m gepa.Member) bool { return m.Proposal <= p.After && m.Texts.Equal(c) })
		if r.Refused == "" && !known {
			out[k] = c
		}
	}
	return out
}

// t is the mean difference in standard errors.
func studentT(before, after []float64) float64 {
	n := float64(len(before))
	var sum, squares float64
	for i := range before {
		sum += after[i] - before[i]
	}
	d := sum / n
	for i := range before {
		x := after[i] - before[i] - d
		squares += x * x
	}
	if d == 0 {
		return 0
	}
	return d / math.Sqrt(squares/(n-1)/n)
}

func (f *referee) gate(g gepa.GateDecided) {
	p := f.state.Proposals()[g.Proposal-1]
	if p.Kind == gepa.ProposalMerge {
		return
	}
	parent := f.state.Pool()[p.Parents[0]].Texts
	children := f.children(p.ProposalPlanned)
	perfect := !slices.ContainsFunc(f.scores(parent, p.Examples), func(x float64) bool { return x < f.opts.PerfectScore })
	if len(children) == 0 {
		if g.Passed || g.Reason == "" || !perfect && len(f.reflections[p.Proposal]) == 0 {
			f.Fatalf("proposal %d has no child and its gate says %+v", g.Proposal, g)
		}
		return
	}
	best := math.Inf(-1)
	for _, c := range children {
		best = max(best, total(f.scores(c, p.Examples)))
	}
	kept, ok := children[g.Kept]
	if !ok || total(f.scores(kept, p.Examples)) < best-1e-9 || !parent.With(g.Texts).Equal(kept) {
		f.Fatalf("proposal %d keeps child %d of %d, not the best", g.Proposal, g.Kept, len(children))
	}
	at := append(slices.Clone(p.Examples), p.More[:g.More]...)
	before, after := f.scores(parent, at), f.scores(kept, at)
	passed := total(after) > total(before)+1e-9
	switch f.opts.Acceptance {
	case gepa.AcceptEqual:
		passed = total(after) >= total(before)-1e-9
	case gepa.AcceptPaired:
		if step := len(p.Examples); g.More > 0 {
			f.undecided++
			earlier := len(p.Examples) + (g.More-1)/step*step
			if x := studentT(before[:earlier], after[:earlier]); math.Abs(x) > 1+1e-9 {
				f.Fatalf("proposal %d drew %d more examples though t was %v", g.Proposal, g.More, x)
			}
		}
		if x := studentT(before, after); g.More < len(p.More) && math.Abs(x) < 1-1e-9 {
			f.Fatalf("proposal %d decided after %d of %d more examples with t = %v", g.Proposal, g.More, len(p.More), x)
		}
	}
	if g.Passed != passed || math.Abs(g.Parent-total(before))+math.Abs(g.Child-total(after)) > 1e-9 || (g.Reason == "") != g.Passed {
		f.Fatalf("proposal %d: parent %v, child %v under %q; its gate says %+v", g.Proposal, before, after, f.opts.Acceptance, g)
	}
}

func (f *referee) commit(e gepa.ProposalCommitted) {
	pool := f.state.Pool()
	if e.Proposal > 0 {
		f.use(f.state.Proposals()[e.Proposal-1])
	}
	if !e.Accepted {
		return
	}
	m := pool[len(pool)-1]
	if slices.ContainsFunc(pool[:len(pool)-1], func(other gepa.Member) bool { return other.Texts.Equal(m.Texts) }) {
		f.Fatalf("candidate %d is in the pool twice", m.ID)
	}
	ran, sum := 0, 0.0
	for i, score := range m.Scores {
		if math.IsNaN(score) {
			continue
		}
		ran++
		sum += score
		if _, want, ok := f.on(m.Texts, f.data.Validation[i]); !ok || score != want {
			f.Fatalf("candidate %d scores %v on validation example %d, its rollout says %v (%v)", m.ID, score, i, want, ok)
		}
	}
	want := e.Validated
	if want == 0 {
		want = len(m.Scores)
	}
	if ran != want || m.Validated != want || m.Full != (want == len(m.Scores)) || math.Abs(m.Mean-sum/float64(ran)) > 1e-9 {
		f.Fatalf("candidate %d ran on %d, validated %d, full %v, mean %v; the commit says %d", m.ID, ran, m.Validated, m.Full, m.Mean, e.Validated)
	}
	best, _ := f.state.Best()
	if !best.Full {
		f.Fatalf("candidate %d is the best and was validated in part", best.ID)
	}
	for _, other := range pool {
		if other.Full && other.Mean > best.Mean {
			f.Fatalf("candidate %d is the best, %d is better", best.ID, other.ID)
		}
	}
	if d := diff.Diff(f.frontier(), f.state.Frontier()); d != "" {
		f.Fatalf("the frontier after candidate %d (-naive +state):\n%s", m.ID, d)
	}
}

// use notes the feedback rollouts that a committed proposal made use of.
func (f *referee) use(p gepa.Proposal) {
	if p.Kind == gepa.ProposalMerge {
		return
	}
	note := func(c gepa.Candidate, at []int) {
		for _, i := range at {
			key, _, _ := f.on(c, f.data.Feedback[i])
			f.used[key] = true
		}
	}
	parent := f.state.Pool()[p.Parents[0]].Texts
	note(parent, slices.Concat(p.Examples, p.More[:p.Gate.More]))
	for _, c := range f.children(p.ProposalPlanned) {
		note(c, p.Examples)
	}
	note(parent.With(p.Gate.Texts), p.More[:p.Gate.More])
}

// frontier is made anew, of what was run.
func (f *referee) frontier() []int {
	var rows, points [][]float64
	var ids []int
	for _, m := range f.state.Pool() {
		row := slices.Clone(m.Scores)
		if f.opts.Frontier == gepa.FrontierByBoth {
			for k, o := range f.opts.Objectives {
				v := m.Objectives[k]
				if o.Direction == gepa.Minimize {
					v = -v
				}
				if !m.Full {
					v = math.NaN()
				}
				row = append(row, v)
			}
		}
		rows = append(rows, row)
		if m.Full {
			points, ids = append(points, m.Objectives), append(ids, m.ID)
		}
	}
	if f.opts.Frontier == gepa.FrontierByObjective {
		front := gepa.ParetoFront(points, f.opts.Objectives)
		for i, at := range front {
			front[i] = ids[at]
		}
		return front
	}
	if f.opts.Frontier == gepa.FrontierByBoth && f.opts.Dominance == gepa.DominanceCover {
		return f.state.Frontier() // which goes by mean scores, and those of the rows are others
	}
	return gepa.SelectByExample(rows, f.opts.Dominance).Survivors
}

// asked notes what a proposer was given.
type asked struct {
	*wordProposer

	mu       sync.Mutex
	requests []gepa.ReflectRequest
}

func (a *asked) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	a.mu.Lock()
	a.requests = append(a.requests, req)
	a.mu.Unlock()
	return a.wordProposer.Propose(ctx, req)
}

// memory holds what the proposer was told of rejected edits to the journal.
func (f *referee) memory(requests []gepa.ReflectRequest) (told int) {
	proposals := f.state.Proposals()
	for _, req := range requests {
		p := proposals[req.Proposal-1]
		var want []gepa.RejectedEdit
		line := f.lineage(p.Parents[0])
		for n := p.After; n >= 1; n-- {
			q := proposals[n-1]
			if q.Kind != gepa.ProposalReflect || q.Gate.Passed || !line[q.Parents[0]] {
				continue
			}
			for _, name := range p.Components {
				if text, tried := q.Gate.Texts[name]; tried {
					want = append(want, gepa.RejectedEdit{
						Proposal: n, Component: name, Text: text, Reason: q.Gate.Reason, Parent: q.Gate.Parent, Child: q.Gate.Child,
					})
				}
			}
		}
		want = want[:min(len(want), f.opts.Memory)]
		if d := diff.Diff(want, req.Rejected, diffEmpty); d != "" {
			f.Fatalf("proposal %d was told of other rejected edits (-want +told):\n%s", req.Proposal, d)
		}
		told += len(want)
	}
	return told
}

var diffEmpty = diff.Transformer("empty", func(edits []gepa.RejectedEdit) []gepa.RejectedEdit {
	if len(edits) == 0 {
		return nil
	}
	return edits
})

// TestDecisionsFollowTheRules: whatever the options, every plan, gate and
// commit of a run is what the options' rules make of its results.
func TestDecisionsFollowTheRules(t *testing.T) {
	t.Parallel()
	var merges, undecided, told, partial int
	rapid.Check(t, func(r *rapid.T) {
		opts, single := anyOptions(r), rapid.Bool().Draw(r, "single")
		opts.Budget = anyBudget(r)
		opts.Journal = gepa.NewMemoryJournal()
		proposer := &asked{wordProposer: &wordProposer{}}
		opts.Proposer = proposer
		sys := newLandscape()
		if single {
			sys.seeds = sys.seeds[:1]
		}
		data := someData()
		data.Test = nil
		res, err := gepa.Optimize(t.Context(), sys, data, opts)
		if err != nil {
			r.Fatal(err)
		}
		f := newReferee(r, t, opts.Journal, data)
		f.follow(t, opts.Journal)
		told += f.memory(proposer.requests)
		merges += f.merges
		undecided += f.undecided
		for _, m := range res.Pool {
			if !m.Full {
				partial++
			}
		}
	})
	if merges == 0 || undecided == 0 || told == 0 || partial == 0 {
		t.Errorf("%d merges, %d undecided gates, %d rejected edits told of, %d candidates validated in part: the runs tested too little",
			merges, undecided, told, partial)
	}
}
