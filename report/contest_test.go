package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// wins are n examples of which those in right are solved.
func wins(n int, right func(i int) bool) Rollouts {
	var out []ScoredExample
	for i := range n {
		score := 0.0
		if right(i) {
			score = 1
		}
		out = append(out, ScoredExample{fmt.Sprint("ex-", i), fmt.Sprint("hash", i), gepa.Rollout{Score: score}})
	}
	return Rollouts{Examples: out, Made: n, Usage: gepa.Usage{Calls: int64(n)}}
}

// With several comparisons what looks better alone may no longer be shown to be.
func TestContestCorrects(t *testing.T) {
	t.Parallel()
	base := Side{Measured{Name: "base"}, wins(100, func(i int) bool { return i < 40 })}
	side := func(name string, won, lost int) Side {
		return Side{Measured{Name: name}, wins(100, func(i int) bool { return i < 40-lost || i >= 40 && i < 40+won })}
	}
	// McNemar, exact, two-sided: 8 to 1 is p = 0.0391, 15 to 0 is 2^-14.
	small, large, none, bad := side("small", 8, 1), side("large", 15, 0), side("none", 0, 0), side("bad", 0, 15)
	alone, err := NewContest(base, []Side{small}, "data")
	if err != nil {
		t.Fatal(err)
	}
	if o := alone.Others[0]; o.Verdict != stats.Better || o.P != o.Score().P {
		t.Errorf("alone: %s, p %v", o.Verdict, o.P)
	}
	c, err := NewContest(base, []Side{small, large, none, bad}, "data")
	if err != nil {
		t.Fatal(err)
	}
	want := []stats.Verdict{stats.NotShown, stats.Better, stats.NotShown, stats.Worse}
	for i, o := range c.Others {
		if o.Verdict != want[i] {
			t.Errorf("%s: %s with p %v, corrected %v; want %s", o.System.Name, o.Verdict, o.Score().P, o.P, want[i])
		}
	}
	if p := c.Others[0].P; math.Abs(p-2*20.0/512) > 1e-9 { // the third smallest of four
		t.Errorf("8 to 1 is corrected to %v", p)
	}
	for _, says := range []string{"large is better", "bad is worse", "small and none are not shown to be better", "corrected for 4 comparisons"} {
		if !strings.Contains(c.Conclusion, says) {
			t.Errorf("the conclusion lacks %q: %s", says, c.Conclusion)
		}
	}
	var text bytes.Buffer
	if err := c.Text(&text, TextOptions{Width: 120}); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"Against base", "corrected", "15/0", "500 rollouts made now"} {
		if !strings.Contains(text.String(), says) {
			t.Errorf("the text lacks %q:\n%s", says, text.String())
		}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), `"p_corrected"`) || !strings.Contains(string(raw), `"correction":"Holm"`) {
		t.Errorf("%s", raw)
	}
}

// The blog post's claim, 11 of 20 before and 14 of 20 after, is not shown by its
// figures, however the examples were paired; the report says so with its p.
func TestTheSeedsClaimIsNotShown(t *testing.T) {
	t.Parallel()
	for lost := range 7 { // as many as can be: 3 + lost are won among 9
		a := wins(20, func(i int) bool { return i < 11 })
		b := wins(20, func(i int) bool { return i >= lost && i < 14+lost })
		v, err := Oppose(Measured{Name: "seed"}, Measured{Name: "optimized"}, "20 examples", a, b)
		if err != nil {
			t.Fatal(err)
		}
		m := v.Score()
		if v.Verdict != stats.NotShown || m.Base != 0.55 || m.Other != 0.7 || m.P < 0.25 || len(v.Lost) != lost || len(v.Won) != lost+3 {
			t.Errorf("%d lost: %s, %v to %v, p %v, won %d", lost, v.Verdict, m.Base, m.Other, m.P, len(v.Won))
		}
		var text bytes.Buffer
		if err := v.Text(&text, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, says := range []string{"not shown to be better: score +15.0 points", pValue(m.P), "55.0 %", "70.0 %"} {
			if !strings.Contains(strings.Join(strings.Fields(text.String()), " "), says) {
				t.Errorf("%d lost: the text lacks %q:\n%s", lost, says, text.String())
			}
		}
	}
}
