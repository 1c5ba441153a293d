package forecast

import "slices"

// A run begins as its trial did, as far as models say the same again or a cache
// answers: its first proposals are of the same parent on the same minibatches.
// A simulated run therefore begins with the trial's own edits.

// trialEdits is the number of the trial's first edit; others count from 1.
const trialEdits = 1 << 30

// retrace finds out which of the trial's edits each of its proposals started
// from, and what each of its candidates scored.
func (m *measures) retrace() {
	of := map[string][]int{m.start.Hash(): nil}
	for i, p := range m.in.Trial.Proposals {
		chain, known := of[p.Parent.Hash()]
		if !known {
			chain = []int{-1} // of no candidate that is known here: it is never repeated
		}
		m.chains = append(m.chains, chain)
		if child := p.Parent.With(p.Texts).Hash(); known && len(p.Texts) > 0 && of[child] == nil {
			of[child] = append(slices.Clone(chain), trialEdits+i)
		}
	}
	m.scores = map[int]map[string]float64{}
	for _, r := range m.in.Trial.Rollouts {
		chain := of[r.Texts.Hash()]
		if len(chain) == 0 || r.Repeat > 0 {
			continue
		}
		last := chain[len(chain)-1]
		if m.scores[last] == nil {
			m.scores[last] = map[string]float64{}
		}
		m.scores[last][r.Example] = r.Rollout.Score
	}
}

// measured returns what a candidate of the trial scored on an example.
func (m *measures) measured(t texts, example string) (float64, bool) {
	n := len(t.edits)
	if n == 0 || t.edits[n-1] < trialEdits || !slices.Equal(t.edits[:n-1], m.chains[t.edits[n-1]-trialEdits]) {
		return 0, false
	}
	score, ok := m.scores[t.edits[n-1]][example]
	return score, ok
}

// tried returns what the trial showed of an edit.
func (m *measures) tried(number int) (edit, bool) {
	i := slices.IndexFunc(m.edits, func(e edit) bool { return trialEdits+e.proposal == number })
	if i < 0 {
		return edit{}, false
	}
	return m.edits[i], true
}
