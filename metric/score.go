package metric

import (
	"slices"
	"strings"
)

// ExactMatch reports whether pred equals one of the gold answers after
// [NormalizeText] (EM in DSPy). Without gold answers it is false.
func ExactMatch(pred string, golds ...string) bool {
	p := NormalizeText(pred)
	return slices.ContainsFunc(golds, func(gold string) bool { return p == NormalizeText(gold) })
}

// F1 returns the harmonic mean of precision and recall over the words of pred
// and of a gold answer after [NormalizeText], repeated words counted as often
// as both have them; the best over all gold answers, in 0..1. It is 0 where
// no word is shared, also where both sides have no word at all.
func F1(pred string, golds ...string) float64 {
	return best(pred, golds, f1)
}

// HotpotF1 is [F1] with HotpotQA's rule for closed answers: where pred or the
// gold answer is "yes", "no" or "noanswer" after [NormalizeText], anything but
// equality counts 0.
func HotpotF1(pred string, golds ...string) float64 {
	return best(pred, golds, hotpotF1)
}

// best returns the highest score of normalised pred against the normalised
// gold answers.
func best(pred string, golds []string, score func(pred, gold string) float64) float64 {
	p := NormalizeText(pred)
	top := 0.0
	for _, gold := range golds {
		top = max(top, score(p, NormalizeText(gold)))
	}
	return top
}

// f1 compares normalised texts.
func f1(pred, gold string) float64 {
	p, g := strings.Fields(pred), strings.Fields(gold)
	same := len(p) - len(without(p, g))
	if same == 0 {
		return 0
	}
	precision := float64(same) / float64(len(p))
	recall := float64(same) / float64(len(g))
	return (2 * precision * recall) / (precision + recall)
}

// hotpotF1 compares normalised texts.
func hotpotF1(pred, gold string) float64 {
	if pred != gold && (isClosed(pred) || isClosed(gold)) {
		return 0
	}
	return f1(pred, gold)
}

// isClosed reports whether a normalised answer is one of HotpotQA's closed
// answers.
func isClosed(answer string) bool {
	return answer == "yes" || answer == "no" || answer == "noanswer"
}

// without returns the words of a, in order, that remain when each word of b
// has taken away one of its like.
func without(a, b []string) []string {
	have := make(map[string]int, len(b))
	for _, w := range b {
		have[w]++
	}
	var out []string
	for _, w := range a {
		if have[w] > 0 {
			have[w]--
			continue
		}
		out = append(out, w)
	}
	return out
}
