package report

import (
	"fmt"
	"io"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// A Side is one system with what it did.
type Side struct {
	System   Measured
	Rollouts Rollouts
}

// A Contest compares several systems with one base on the same examples: the
// object that "gepa compare --json" prints for more than two.
type Contest struct {
	// Format is the version of this form.
	Format int      `json:"format"`
	Base   Measured `json:"base"`
	Data   string   `json:"data"`
	// Others are in the order in which they were named.
	Others []Contestant `json:"others"`
	// Correction names how p-values are corrected for the number of
	// comparisons.
	Correction string `json:"correction"`
	// Conclusion is what the figures support, in a sentence or two.
	Conclusion string `json:"conclusion"`
	// Made counts the rollouts that were made for this.
	Made  int      `json:"made"`
	Usage Usage    `json:"usage"`
	Notes []string `json:"notes"`
}

// A Contestant is one system beside the base of a [Contest]. Differences are
// its own minus the base's.
type Contestant struct {
	System Measured `json:"system"`
	Pairing
	// P is the p-value of the score, corrected. The p-values and intervals of
	// the measures are not.
	P float64 `json:"p_corrected"`
	// Verdict is the score's, by the corrected p-value.
	Verdict stats.Verdict `json:"verdict"`
}

// holm is the name of the correction.
const holm = "Holm"

// NewContest compares systems with a base.
func NewContest(base Side, others []Side, data string) (Contest, error) {
	c := Contest{Format: Format, Base: base.System, Data: data, Others: []Contestant{}, Correction: holm, Notes: []string{}}
	all := Rollouts{Made: base.Rollouts.Made, Usage: base.Rollouts.Usage, Chosen: base.Rollouts.Chosen, Sealed: base.Rollouts.Sealed}
	simulated, anySimulated := base.System.Simulated, base.System.Simulated
	var ps []float64
	unpaired := 0
	for _, o := range others {
		p, err := Pair(base.Rollouts.Examples, o.Rollouts.Examples, nil)
		if err != nil {
			return c, err
		}
		c.Others = append(c.Others, Contestant{System: o.System, Pairing: p})
		ps = append(ps, p.Score().P)
		all.Made, all.Usage = all.Made+o.Rollouts.Made, all.Usage.Add(o.Rollouts.Usage)
		simulated, anySimulated = simulated && o.System.Simulated, anySimulated || o.System.Simulated
		unpaired = max(unpaired, p.Unpaired)
	}
	for i, p := range stats.Holm(ps) {
		o := &c.Others[i]
		corrected := o.Score().Comparison
		corrected.P = p
		o.P, o.Verdict = p, corrected.Verdict()
	}
	c.Made, c.Usage = all.Made, UsageOf(all.Usage, simulated)
	c.Conclusion = c.concluded() + choose(anySimulated, " (Simulated figures.)", "")
	c.Notes = append(c.Notes, notes(all)...)
	if unpaired > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("Up to %s left out of a comparison: only one of the two ran on them.", count(unpaired, "example")))
	}
	if anySimulated {
		c.Notes = append(c.Notes, simulatedNote)
	}
	return c, nil
}

// concluded says what the figures support of each.
func (c Contest) concluded() string {
	by := map[stats.Verdict][]string{}
	for _, o := range c.Others {
		by[o.Verdict] = append(by[o.Verdict], o.System.Name)
	}
	text := ""
	for _, v := range []stats.Verdict{stats.Better, stats.Worse, stats.NotShown} {
		if names := by[v]; len(names) > 0 {
			text += choose(text == "", fmt.Sprintf("Compared with %s, ", c.Base.Name), "; ") + listWords(names) + choose(len(names) == 1, " is ", " are ") + v.String()
		}
	}
	return fmt.Sprintf("%s (p-values corrected for %d comparisons).", text, len(c.Others))
}

// Text writes the contest for people.
func (c Contest) Text(w io.Writer, o TextOptions) error {
	p := newPage(o)
	simulated := c.Base.Simulated
	for _, other := range c.Others {
		simulated = simulated || other.System.Simulated
	}
	p.head("Against "+c.Base.Name+choose(simulated, " (simulated)", ""), fmt.Sprintf("%s; p-values corrected for %d comparisons (%s)", c.Data, len(c.Others), c.Correction))
	p.hanging("  ", "base: "+c.Base.words())
	p.line("")
	rows := [][]string{{"", "score", "difference", "95 % interval", "p", "corrected", "won/lost", "n"}}
	for _, other := range c.Others {
		m := other.Score()
		rows = append(rows, []string{
			other.System.words(), m.value(m.Other), m.difference(), m.interval(), pValue(m.P), pValue(other.P),
			fmt.Sprintf("%d/%d", len(other.Won), len(other.Lost)), fmt.Sprint(m.N),
		})
	}
	if len(c.Others) > 0 {
		m := c.Others[0].Score()
		rows = append(rows[:1], append([][]string{{"base", m.value(m.Base), "", "", "", "", "", fmt.Sprint(m.N)}}, rows[1:]...)...)
	}
	p.table(rows, headed(p))
	p.line("")
	p.para(p.paint(bold, c.Conclusion))
	for _, note := range c.Notes {
		p.para(p.paint(warn, note))
	}
	p.line("")
	p.para(made(c.Made, c.Usage))
	_, err := io.WriteString(w, p.text.String())
	return err
}

// made says what a comparison cost.
func made(rollouts int, u Usage) string {
	if rollouts == 0 {
		return "No call was made: the runs had measured it all."
	}
	return fmt.Sprintf("%s made now: %s, %s.", count(rollouts, "rollout"), u.asked(), u.Cost)
}

// calls reports whether a usage is of calls that all reached a model, and whose
// price is known.
func calls(u gepa.Usage) bool { return u.Calls > 0 && u.Cached == 0 && u.Cost.Known() }
