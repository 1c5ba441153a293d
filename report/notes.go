package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/gepa-go/gepa"
)

// Notes tell what happens in a run, in a line for everything that is worth
// keeping.
type Notes struct {
	state  *gepa.State
	budget gepa.Budget // of the present session
}

// NewNotes returns the notes of a run whose events are applied to a state.
func NewNotes(state *gepa.State) *Notes { return &Notes{state: state} }

// A Note is a line to keep about something that happened.
type Note struct {
	Text string
	// Tone says whether it is good news.
	Tone Tone
}

// Tone is how a [Note] is coloured.
type Tone int

// The tones.
const (
	Neutral Tone = iota
	Good
	Muted
)

// Note returns what there is to keep about an event, and false if there is
// nothing to tell. The event must have been applied.
func (n *Notes) Note(e gepa.Event) (Note, bool) {
	switch e := e.(type) {
	case gepa.SessionStarted:
		n.budget = e.Budget
	case gepa.ProposalCommitted:
		if e.Proposal > 0 {
			return n.proposalNote(n.state.Proposals()[e.Proposal-1]), true
		}
		base := n.state.Pool()[0]
		return Note{Text: fmt.Sprintf("base: validation %.4f on %s", base.Mean, count(len(base.Scores), "example"))}, true
	case gepa.Stopped:
		return Note{Text: "search over: " + e.Detail}, true
	case gepa.TestOpened:
		return Note{Text: fmt.Sprintf("reading the sealed test set: %s × %s", count(len(e.Candidates), "candidate"), count(len(n.state.Run().Test), "example"))}, true
	}
	return Note{}, false
}

// Header returns the names of the columns of the notes about proposals.
func (n *Notes) Header() string {
	return n.columns("proposal", "parent", "component", "minibatch", "result on validation")
}

// columns lines up what is kept of a proposal.
func (n *Notes) columns(number, parents, component, sums, result string) string {
	what := len("component")
	for _, c := range n.state.Run().Components {
		what = max(what, width(c.Name))
	}
	line := fmt.Sprintf("%-8s  %-6s  %-*s  %-11s  %s", number, parents, what, component, sums, result)
	return strings.TrimRight(line, " ")
}

// proposalNote is what is kept of a finished proposal.
func (n *Notes) proposalNote(pr gepa.Proposal) Note {
	fate := FateOf(pr, n.state.Pool(), perfectScore(n.state.Run().Options))
	number := fmt.Sprint(pr.Proposal)
	if n.budget.Proposals > 0 {
		number = fmt.Sprintf("%*d/%d", len(fmt.Sprint(n.budget.Proposals)), pr.Proposal, n.budget.Proposals)
	}
	what := strings.Join(pr.Components, "+")
	if pr.Kind != gepa.ProposalReflect {
		what = "merge"
	}
	sums := fmt.Sprintf("%.2f", pr.Gate.Parent)
	if len(pr.Gate.Texts) > 0 {
		sums = change(pr.Gate.Parent, pr.Gate.Child)
	}
	if fate != FateAccepted {
		return Note{Text: n.columns(number, origin(pr.Parents), what, sums, rejection(pr, fate)), Tone: Muted}
	}
	m := n.state.Pool()[pr.Candidate]
	result := fmt.Sprintf("candidate %d scores %.4f", m.ID, m.Mean)
	if best, _ := n.state.Best(); best.ID == m.ID {
		return Note{Text: n.columns(number, origin(pr.Parents), what, sums, result+", best"), Tone: Good}
	}
	return Note{Text: n.columns(number, origin(pr.Parents), what, sums, result)}
}

// change shows two sums of scores with as few digits, two at least, as tell them
// apart.
func change(before, after float64) string {
	digits := 2
	if gap := math.Abs(before - after); gap > scoreTie && gap < 0.01 {
		digits = 4
	}
	return fmt.Sprintf("%.*f → %.*f", digits, before, digits, after)
}

// rejection says why there is no new candidate, in a few words.
func rejection(pr gepa.Proposal, fate Fate) string {
	switch {
	case fate == FatePartial:
		return fmt.Sprintf("candidate %d %s", pr.Candidate, oneLine(fate.Reason(pr)))
	case fate == FatePerfect:
		return "skipped: nothing to learn here"
	case fate == FateNoGain && pr.Kind == gepa.ProposalMerge:
		return "rejected: worse than a parent"
	case fate == FateNoGain:
		return "rejected: no better"
	}
	why := oneLine(fate.Reason(pr))
	if len(pr.Components) == 1 {
		why = strings.TrimPrefix(why, pr.Components[0]+": ")
	}
	return "rejected: " + strings.TrimPrefix(why, "the reply could not be used: ")
}

// oneLine cuts a text to one line of a readable length.
func oneLine(text string) string {
	const most = 160
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
