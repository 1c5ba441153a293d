package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
)

// Progress folds a run's events into what a user wants to see meanwhile. It is
// not safe for concurrent use.
type Progress struct {
	state  *gepa.State
	budget gepa.Budget
	pace   Pace
}

// NewProgress returns the progress of a run that has not begun.
func NewProgress(budget gepa.Budget) *Progress {
	return &Progress{state: gepa.NewState(), budget: budget}
}

// Apply folds one event.
func (p *Progress) Apply(e gepa.Event) error {
	if err := p.state.Apply(e); err != nil {
		return err
	}
	p.pace.Note(p.state, e)
	return nil
}

// State returns the state folded so far.
func (p *Progress) State() *gepa.State { return p.state }

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
func (p *Progress) Note(e gepa.Event) (Note, bool) {
	switch e := e.(type) {
	case gepa.ProposalCommitted:
		if e.Proposal > 0 {
			return p.proposalNote(p.state.Proposals()[e.Proposal-1]), true
		}
		base := p.state.Pool()[0]
		return Note{Text: fmt.Sprintf("base: validation %.4f on %s", base.Mean, count(len(base.Scores), "example"))}, true
	case gepa.Stopped:
		return Note{Text: "search over: " + e.Detail}, true
	case gepa.TestOpened:
		return Note{Text: fmt.Sprintf("reading the sealed test set: %s × %s", count(len(e.Candidates), "candidate"), count(len(p.state.Run().Test), "example"))}, true
	}
	return Note{}, false
}

// Header returns the names of the columns of the notes about proposals.
func (p *Progress) Header() string {
	return p.columns("proposal", "parent", "component", "minibatch", "result on validation")
}

// columns lines up what is kept of a proposal.
func (p *Progress) columns(number, parents, component, sums, result string) string {
	what := len("component")
	for _, c := range p.state.Run().Components {
		what = max(what, width(c.Name))
	}
	line := fmt.Sprintf("%-8s  %-6s  %-*s  %-11s  %s", number, parents, what, component, sums, result)
	return strings.TrimRight(line, " ")
}

// proposalNote is what is kept of a finished proposal.
func (p *Progress) proposalNote(pr gepa.Proposal) Note {
	fate := FateOf(pr, p.state.Pool(), perfectScore(p.state.Run().Options))
	number := fmt.Sprint(pr.Proposal)
	if p.budget.Proposals > 0 {
		number = fmt.Sprintf("%*d/%d", len(fmt.Sprint(p.budget.Proposals)), pr.Proposal, p.budget.Proposals)
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
		return Note{Text: p.columns(number, origin(pr.Parents), what, sums, rejection(pr, fate)), Tone: Muted}
	}
	m := p.state.Pool()[pr.Candidate]
	result := fmt.Sprintf("candidate %d scores %.4f", m.ID, m.Mean)
	if best, _ := p.state.Best(); best.ID == m.ID {
		return Note{Text: p.columns(number, origin(pr.Parents), what, sums, result+", best"), Tone: Good}
	}
	return Note{Text: p.columns(number, origin(pr.Parents), what, sums, result)}
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

// Line returns what is going on in at most so many columns: what matters less
// is left out first. Elapsed is the time since this session began.
func (p *Progress) Line(elapsed time.Duration, columns int) string {
	type segment struct {
		text string
		rank int // what is dropped first has the highest
	}
	var segs []segment
	add := func(rank int, format string, args ...any) {
		segs = append(segs, segment{fmt.Sprintf(format, args...), rank})
	}
	run := p.state.Run()
	if run == nil {
		return "starting"
	}
	s := p.state
	switch {
	case len(s.Pool()) == 0:
		add(0, "validating the base %d/%d", s.Rollouts(), len(run.Validation))
	case s.Stop() != nil && p.pace.TestTotal > 0:
		add(0, "test set %d/%d", p.pace.TestDone, p.pace.TestTotal)
	case p.budget.Proposals > 0:
		add(0, "proposal %d/%d", len(s.Proposals()), p.budget.Proposals)
	default:
		add(0, "proposal %d", len(s.Proposals()))
	}
	if best, ok := s.Best(); ok {
		add(4, "%s", count(len(s.Pool()), "candidate"))
		add(1, "best %.4f", best.Mean)
	}
	rollouts := fmt.Sprint(s.Rollouts())
	if p.budget.Rollouts > 0 {
		rollouts += fmt.Sprintf("/%d", p.budget.Rollouts)
	}
	add(3, "%s rollouts", rollouts)
	total := s.Spend().Total()
	add(6, "%s tokens", short(total.Tokens()))
	add(5, "%s", total.Cost)
	if left, ok := p.pace.Left(s, p.budget, elapsed); ok {
		add(2, "%s left", about(left))
	} else {
		add(2, "%s", about(elapsed))
	}
	for {
		texts := make([]string, len(segs))
		drop := 0
		for i, seg := range segs {
			texts[i] = seg.text
			if seg.rank > segs[drop].rank {
				drop = i
			}
		}
		line := strings.Join(texts, " · ")
		if width(line) <= columns {
			return line
		}
		if len(segs) == 1 {
			return string([]rune(line)[:max(columns, 0)])
		}
		segs = append(segs[:drop], segs[drop+1:]...)
	}
}

// short shows a number with two or three digits: "950", "12.3k", "4.5M".
func short(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	default:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
}

// about shows a duration as people say it: "8s", "3m20s", "2h05m".
func about(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	}
}
