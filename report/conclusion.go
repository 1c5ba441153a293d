package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// conclusion says what a test's figures support. The score is made of the
// objectives, so it is spoken of only where there are none.
func conclusion(t *Test, baseWon bool) string {
	if baseWon {
		return "No candidate was better than the base on the validation set: the program stays as it was."
	}
	return "On examples that it never saw, the optimized program is " + supported(t.Measures)
}

// supported ends a sentence: what the figures support and, where they show too
// little, what they could show. The score is made of the objectives, so it is
// spoken of only where there are none.
func supported(spoken []Measure) string {
	if len(spoken) > 1 {
		spoken = spoken[:len(spoken)-1]
	}
	byVerdict := map[stats.Verdict][]string{}
	for _, m := range spoken {
		byVerdict[m.Verdict] = append(byVerdict[m.Verdict], fmt.Sprintf("%s %s", m.Label(), m.difference()))
	}
	var parts []string
	for _, v := range []stats.Verdict{stats.Better, stats.Worse, stats.NotShown} {
		if list := byVerdict[v]; len(list) > 0 {
			parts = append(parts, v.String()+": "+strings.Join(list, ", "))
		}
	}
	text := strings.Join(parts, "; ") + "."
	for _, m := range spoken {
		if m.Verdict == stats.NotShown && m.Detectable > math.Abs(m.Difference) {
			return text + fmt.Sprintf(" %s show a difference in %s with 80 %% power only from %s on.", count(m.N, "example"), m.Label(), m.amount(m.Detectable))
		}
	}
	return text
}

// Label is the measure's name for people: "EM" for "em".
func (m Measure) Label() string {
	if len(m.Name) <= 3 {
		return strings.ToUpper(m.Name)
	}
	return m.Name
}

// value shows one of the measure's numbers.
func (m Measure) value(v float64) string {
	if m.Unit == UnitShare {
		return fmt.Sprintf("%.1f %%", 100*v)
	}
	return fmt.Sprintf("%.4g", v)
}

// amount shows the size of a difference.
func (m Measure) amount(v float64) string {
	if m.Unit == UnitShare {
		return fmt.Sprintf("%.1f points", 100*v)
	}
	return fmt.Sprintf("%.4g", v)
}

// difference shows the measure's difference with its sign.
func (m Measure) difference() string {
	if m.Unit == UnitShare {
		return signed(m.Difference, true) + " points"
	}
	return signed(m.Difference, false)
}

// signed shows a number with its sign, in points of a hundred or as it is.
func signed(v float64, points bool) string {
	switch {
	case math.IsInf(v, 1):
		return "+∞"
	case math.IsInf(v, -1):
		return "−∞"
	}
	text := fmt.Sprintf("%+.4g", v)
	if points {
		text = fmt.Sprintf("%+.1f", 100*v)
	}
	if strings.Trim(text, "+-0.") == "" {
		return strings.TrimLeft(text, "+-")
	}
	return strings.Replace(text, "-", "−", 1)
}

// interval shows the measure's 95 % interval.
func (m Measure) interval() string {
	points := m.Unit == UnitShare
	return signed(m.Interval.Low, points) + " to " + signed(m.Interval.High, points)
}

// pValue shows a p-value.
func pValue(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// improves reports whether a measure's change goes the right way.
func (m Measure) improves() bool {
	if m.Direction == gepa.Minimize {
		return m.Difference < 0
	}
	return m.Difference > 0
}
