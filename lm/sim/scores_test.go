package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func wholeSet(s [6]string) cand {
	return cand{strings.Join(s[:5], "\n"), strings.Join(s[:], "\n")}
}

// TestWholeInstructionsScoreByMeaning holds whole instructions, as a program
// has them, to their scores.
func TestWholeInstructionsScoreByMeaning(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("counts points over thousands of calls, one at a time")
	}
	xs := devExamples(t, 100)
	m := New(Options{Seed: 1})
	base, _ := evaluate(m, cand{baseReason, baseVerify}, xs)
	low, high := 1.0, 0.0
	for i, s := range slices.Concat(wholeSets[:], freshSets[:], latestSets[:]) {
		f1, _ := evaluate(m, wholeSet(s), xs)
		t.Logf("paraphrase %d: F1 %.3f, base %.3f", i, f1, base)
		low, high = min(low, f1), max(high, f1)
	}
	if high-low > mostSpread || low < base+0.15 {
		t.Errorf("paraphrases score F1 %.3f to %.3f; want at most %.2f between them, and far above the base, %.3f", low, high, mostSpread, base)
	}
	for i, s := range negatedSets {
		fallsBack(t, m, xs, fmt.Sprint("negated ", i), wholeSet(s), base)
	}
	for i := range 5 {
		c := wholeSet(wholeSets[2*i])
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		fallsBack(t, m, xs, fmt.Sprint("shuffled ", i), cand{shuffled(rng, c.reason), shuffled(rng, c.verify)}, base)
	}
}

// mostSpread is how far apart paraphrases may score, in F1.
const mostSpread = 0.03

func fallsBack(t *testing.T, m *Model, xs []rawExample, what string, c cand, base float64) {
	t.Helper()
	f1, _ := evaluate(m, c, xs)
	t.Logf("%s: F1 %.3f, base %.3f", what, f1, base)
	if f1 > base+0.03 {
		t.Errorf("%s: F1 %.3f, base %.3f; want at most three points above", what, f1, base)
	}
}
