package terminal

import (
	"fmt"
	"math"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report/view"
)

// inFlight are the proposals under way, each in a row, in at most so many.
func (p picture) inFlight(most int) []line {
	var flying []view.Proposal
	for _, pr := range p.run.Proposals {
		if pr.Stage != view.StageCommitted {
			flying = append(flying, pr)
		}
	}
	if len(flying) == 0 {
		return nil
	}
	over := 0
	if len(flying) > most {
		over = len(flying) - most + 1
		flying = flying[:most-1]
	}
	wide := 0
	for _, pr := range flying {
		wide = max(wide, columnsOf(clipped(target(pr), 24)))
	}
	var rows []line
	for i, pr := range flying {
		l := p.labelled("", "")
		if i == 0 {
			l = p.labelled("in flight", "now")
		}
		rows = append(rows, append(l, p.flying(pr, wide)...))
	}
	if over > 0 {
		l := p.labelled("", "")
		l.add(faint, fmt.Sprintf("and %d more", over))
		rows = append(rows, l)
	}
	return rows
}

// flying is one proposal under way.
func (p picture) flying(pr view.Proposal, wide int) line {
	var l line
	l.add(strong, fmt.Sprintf("%-3d ", pr.Number))
	narrow := p.columns < 60
	if !narrow {
		l.add(normal, padded(target(pr), wide)+" ")
		l.add(faint, padded("from "+ancestry(pr.Parents), 11)+" ")
	}
	stages := []view.Stage{view.StageMinibatch, view.StageReflection, view.StageGate, view.StageValidation}
	reached := 0
	for i, s := range stages {
		if s == pr.Stage {
			reached = i + 1
		}
	}
	l.add(accent, strings.Repeat("●", reached))
	l.add(faint, strings.Repeat("○", len(stages)-reached))
	l.add(normal, " "+padded(string(pr.Stage), 10))
	if pr.Before.Known() {
		l.add(normal, " ")
		l = append(l, beforeAfter(float64(pr.Before), float64(pr.After))...)
	}
	if narrow && p.columns >= 45 {
		l.add(faint, " "+target(pr))
	}
	if pr.Began.IsZero() || p.now.Before(pr.Began) {
		return l
	}
	return beside(l, styled(faint, about(p.now.Sub(pr.Began))), p.columns-1-p.label())
}

// target says what a proposal rewrites.
func target(pr view.Proposal) string {
	if pr.Kind != gepa.ProposalReflect {
		return "merge"
	}
	return strings.Join(pr.Components, "+")
}

// ancestry says what a proposal starts from.
func ancestry(parents []int) string {
	var texts []string
	for _, id := range parents {
		texts = append(texts, fmt.Sprint(id))
	}
	return strings.Join(texts, " × ")
}

// beforeAfter shows the sums of scores on a minibatch, with as many digits, two
// at least, as tell them apart. An after that is not known yet is "…".
func beforeAfter(before, after float64) line {
	digits := 2
	if gap := math.Abs(before - after); gap > 1e-9 && gap < 0.01 {
		digits = 4
	}
	var l line
	l.add(normal, fmt.Sprintf("%.*f", digits, before))
	switch {
	case math.IsNaN(after):
		l.add(faint, " → …")
	case after > before+1e-9:
		l.add(good, fmt.Sprintf(" → %.*f", digits, after))
	case after < before-1e-9:
		l.add(bad, fmt.Sprintf(" → %.*f", digits, after))
	default:
		l.add(faint, fmt.Sprintf(" → %.*f", digits, after))
	}
	return l
}
