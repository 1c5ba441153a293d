package sim

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// demand writes one instruction for each module out of the i-th way of asking
// for every habit.
func demanding(i int) cand {
	var reason, verify []string
	for h := range habits {
		texts := append(append([]string(nil), paraphrases[h]...), moreParaphrases[h]...)
		text := texts[i%len(texts)]
		if h != Checking {
			reason = append(reason, text)
		}
		if h != BriefReasons {
			verify = append(verify, text)
		}
	}
	return cand{strings.Join(reason, "\n"), strings.Join(verify, "\n")}
}

// within3 fails the test if two results are more than three points apart.
func within3(t *testing.T, what string, f1, em, wantF1, wantEM float64) {
	t.Helper()
	if math.Abs(f1-wantF1) > 0.03 || math.Abs(em-wantEM) > 0.03 {
		t.Errorf("%s: F1 %.3f, EM %.3f; want within three points of %.3f, %.3f", what, f1, em, wantF1, wantEM)
	}
}

func TestScoresFollowTheInstruction(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("counts points over thousands of calls, one at a time")
	}
	xs := devExamples(t, 120)
	m := New(Options{Seed: 1})
	base := cand{baseReason, baseVerify}
	baseF1, baseEM := evaluate(m, base, xs)
	bestF1, bestEM := evaluate(m, demanding(0), xs)
	t.Logf("base F1 %.3f EM %.3f, all habits F1 %.3f EM %.3f", baseF1, baseEM, bestF1, bestEM)
	if bestF1 < baseF1+0.15 || bestEM < baseEM+0.15 {
		t.Errorf("asking for every habit gives F1 %.3f, EM %.3f; base %.3f, %.3f", bestF1, bestEM, baseF1, baseEM)
	}
	t.Run("blog beats seed", func(t *testing.T) {
		f1, em := evaluate(m, cand{blogInstruction, baseVerify}, xs)
		t.Logf("F1 %.3f EM %.3f", f1, em)
		if f1 < baseF1+0.05 || em <= baseEM {
			t.Errorf("F1 %.3f, EM %.3f; base %.3f, %.3f", f1, em, baseF1, baseEM)
		}
	})
	t.Run("paraphrases", func(t *testing.T) {
		for i := 1; i < 6; i++ {
			f1, em := evaluate(m, demanding(i), xs)
			within3(t, "paraphrase", f1, em, bestF1, bestEM)
		}
	})
	t.Run("shuffled", func(t *testing.T) {
		for i := range 3 {
			c := demanding(i)
			rng := rand.New(rand.NewPCG(uint64(i), 2))
			c.reason, c.verify = shuffled(rng, c.reason), shuffled(rng, c.verify)
			f1, em := evaluate(m, c, xs)
			within3(t, "shuffled", f1, em, baseF1, baseEM)
		}
	})
	t.Run("negated", func(t *testing.T) {
		var no []string
		for h := range habits {
			no = append(no, negations[h]...)
		}
		text := strings.Join(no, "\n")
		f1, em := evaluate(m, cand{text, text}, xs)
		within3(t, "negated", f1, em, baseF1, baseEM)
	})
	t.Run("empty", func(t *testing.T) {
		f1, em := evaluate(m, cand{}, xs)
		within3(t, "empty", f1, em, baseF1, baseEM)
	})
}

func shuffled(rng *rand.Rand, text string) string {
	ws := strings.Fields(text)
	rng.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
	return strings.Join(ws, " ")
}

func TestOverlongAndContradictoryInstructionsWeaken(t *testing.T) {
	l := newLexicon()
	short := "Copy the answer verbatim from the context."
	plain := l.follows(short)[Verbatim]
	long := l.follows(short + strings.Repeat("\nThe weather in the mountains was pleasant for most of the year.", 80))[Verbatim]
	if long >= plain || long == 0 {
		t.Errorf("in an overlong text the demand has %.2f, alone %.2f", long, plain)
	}
	torn := l.follows(short + "\nNever copy the answer verbatim from the context.")[Verbatim]
	if torn >= plain/2 {
		t.Errorf("contradicted, the demand has %.2f, alone %.2f", torn, plain)
	}
}

// TestRolesShareNoPhrases holds the reader's vocabulary and the writers' apart:
// whatever the reflector writes, the reader knows only single words of it.
func TestRolesShareNoPhrases(t *testing.T) {
	for w := range newLexicon() {
		if strings.ContainsAny(w, " \t") {
			t.Errorf("the lexicon has the phrase %q", w)
		}
	}
}

// TestEachHabitMatters asks for one habit alone and expects a gain.
func TestEachHabitMatters(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("counts points over thousands of calls, one at a time")
	}
	xs := devExamples(t, 100)
	m := New(Options{Seed: 2})
	base, _ := evaluate(m, cand{baseReason, baseVerify}, xs)
	// Dates, copying and the like touch too few examples to show alone.
	for _, h := range []Habit{Bare, FullNames, BothHops, RightKind} {
		text := paraphrases[h][0]
		if f1, _ := evaluate(m, cand{text, baseVerify}, xs); f1 <= base {
			t.Errorf("asking for habit %d alone: F1 %.3f, base %.3f", h, f1, base)
		}
	}
}
