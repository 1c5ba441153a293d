package view

import "math"

// scoreTie is the difference below which two scores are equal, as the frontier
// sees it.
const scoreTie = 1e-9

// holding counts on how many examples each candidate has the best score, alone
// or with others, as candidates come.
type holding struct {
	scores  [][]float64
	best    []float64 // by example
	holders [][]int   // by example
	wins    []int     // by candidate
}

// add adds the next candidate's scores, NaN where it was not run.
func (h *holding) add(scores []float64) {
	for len(h.best) < len(scores) {
		h.best, h.holders = append(h.best, math.Inf(-1)), append(h.holders, nil)
	}
	id := len(h.scores)
	h.scores, h.wins = append(h.scores, scores), append(h.wins, 0)
	for i, score := range scores {
		if math.IsNaN(score) || score < h.best[i]-scoreTie {
			continue
		}
		if score > h.best[i] {
			h.best[i] = score
			var stay []int
			for _, c := range h.holders[i] {
				if h.scores[c][i] < score-scoreTie {
					h.wins[c]--
				} else {
					stay = append(stay, c)
				}
			}
			h.holders[i] = stay
		}
		h.holders[i] = append(h.holders[i], id)
		h.wins[id]++
	}
}
