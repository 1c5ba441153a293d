package gepa

import (
	"fmt"
	"math"
)

// Acceptance says when a child is better than its parent on the minibatch, so
// that its validation is worth its cost.
type Acceptance string

// The rules of acceptance.
const (
	// AcceptStrict asks for a higher summed score. It is the paper's rule, and
	// the default.
	AcceptStrict Acceptance = "strict"
	// AcceptEqual asks for a summed score that is at least as high.
	AcceptEqual Acceptance = "equal"
	// AcceptPaired looks at the differences example by example. A mean
	// difference of at least one standard error decides; otherwise child and
	// parent run on further examples, at most [Options.More], and a higher
	// summed score over all of them passes.
	AcceptPaired Acceptance = "paired"
)

// scoresOn returns a candidate's scores on feedback examples.
func (s *Search) scoresOn(hash string, at []int) []float64 {
	out := make([]float64, len(at))
	for k, i := range at {
		out[k] = s.state.rollouts[RolloutKey{Candidate: hash, Example: s.state.run.Feedback[i].Hash}].rollout.Score
	}
	return out
}

// perfect reports whether the parent has the best possible score on the whole
// minibatch: there is nothing to reflect on.
func (s *Search) perfect(p *Proposal) bool {
	if p.Kind == ProposalMergeByModel {
		return false
	}
	for _, score := range s.scoresOn(s.state.pool[p.Parents[0]].hash, p.Examples) {
		if score < s.state.run.Options.PerfectScore-scoreTie {
			return false
		}
	}
	return true
}

// reflectGate compares the best of a proposal's children with the parent. It
// reports true where the question needs further examples, and there are some.
func (s *Search) reflectGate(w *work, p *Proposal) (g GateDecided, undecided bool) {
	parent := s.state.pool[p.Parents[0]]
	g.Parent = sum(s.scoresOn(parent.hash, p.Examples))
	kept, found := "", false
	for _, k := range sortedChildren(p) {
		c, why := s.state.child(p, k)
		if why != "" {
			if !found && g.Reason == "" {
				g.Kept, g.Reason, g.Texts = k, why, s.refusedTexts(p, k)
			}
			continue
		}
		hash := c.Hash()
		if score := sum(s.scoresOn(hash, p.Examples)); !found || score > g.Child+scoreTie {
			g.Kept, g.Child, kept, found = k, score, hash, true
			g.Texts, g.Reason = changed(parent.Texts, c), ""
		}
	}
	if !found {
		return g, false
	}
	at := append(append([]int{}, p.Examples...), p.More[:w.more]...)
	before, after := s.scoresOn(parent.hash, at), s.scoresOn(kept, at)
	g.Parent, g.Child, g.More = sum(before), sum(after), w.more
	switch s.state.run.Options.Acceptance {
	case AcceptEqual:
		g.Passed = g.Child >= g.Parent-scoreTie
	case AcceptPaired:
		if w.more < len(p.More) && math.Abs(pairedT(before, after)) < 1 {
			return g, true
		}
		g.Passed = g.Child > g.Parent+scoreTie
	default:
		g.Passed = g.Child > g.Parent+scoreTie
	}
	if !g.Passed {
		g.Reason = fmt.Sprintf("the child's summed score on the minibatch, %.3f, is not above its parent's, %.3f", g.Child, g.Parent)
		if s.state.run.Options.Acceptance == AcceptEqual {
			g.Reason = fmt.Sprintf("the child's summed score on the minibatch, %.3f, is below its parent's, %.3f", g.Child, g.Parent)
		}
	}
	return g, false
}

// refusedTexts returns the texts of a child that was the same as another
// candidate, for the record.
func (s *Search) refusedTexts(p *Proposal, k int) map[string]string {
	r := p.children[k]
	if r.Refused != "" {
		return nil
	}
	var texts map[string]string
	for _, name := range p.Components {
		if text, ok := r.Texts[name]; ok && text != s.state.pool[p.Parents[0]].Texts[name] {
			if texts == nil {
				texts = map[string]string{}
			}
			texts[name] = text
		}
	}
	return texts
}

// changed returns the texts of c that differ from the parent's.
func changed(parent, c Candidate) map[string]string {
	out := map[string]string{}
	for name, text := range c {
		if text != parent[name] {
			out[name] = text
		}
	}
	return out
}

// pairedT returns the mean difference in standard errors: 0 where nothing
// differs, and infinite where all pairs differ by the same.
func pairedT(before, after []float64) float64 {
	n := len(before)
	diffs := make([]float64, n)
	for i := range diffs {
		diffs[i] = after[i] - before[i]
	}
	d := mean(diffs)
	if math.Abs(d) <= scoreTie {
		return 0
	}
	var squares float64
	for _, x := range diffs {
		squares += (x - d) * (x - d)
	}
	if n < 2 || squares == 0 {
		return math.Inf(int(math.Copysign(1, d)))
	}
	return d / math.Sqrt(squares/float64(n-1)/float64(n))
}

// mergeGate compares a merged child with its parents on the screen: it goes on
// if its summed score is at least that of the better parent.
func (s *Search) mergeGate(p *Proposal) GateDecided {
	a, b := s.state.pool[p.Parents[0]], s.state.pool[p.Parents[1]]
	child := s.state.mergeChild(p)
	g := GateDecided{Texts: map[string]string{}}
	for _, name := range p.Components {
		g.Texts[name] = child[name]
	}
	hash := child.Hash()
	var sumA, sumB float64
	for _, i := range p.Examples {
		sumA += a.Scores[i]
		sumB += b.Scores[i]
		g.Child += s.state.rollouts[RolloutKey{Candidate: hash, Example: s.state.run.Validation[i].Hash}].rollout.Score
	}
	g.Parent = max(sumA, sumB)
	g.Passed = g.Child >= g.Parent-scoreTie
	if !g.Passed {
		g.Reason = fmt.Sprintf("the merged child's summed score on the screen, %.3f, is below the better parent's, %.3f", g.Child, g.Parent)
	}
	return g
}

// mergeChild returns the child of a merge.
func (s *State) mergeChild(p *Proposal) Candidate {
	return crossover(s.pool[p.Ancestor], s.pool[p.Parents[0]], s.pool[p.Parents[1]])
}

func sum(values []float64) float64 {
	var total float64
	for _, v := range values {
		total += v
	}
	return total
}
