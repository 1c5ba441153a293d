package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// A page is what the live region shows.
type page int

const (
	pageOverview page = iota
	pageCandidates
	pageProposals
	pageNotes
	pages // their number
)

func (p page) name() string { return []string{"overview", "candidates", "proposals", "log"}[p] }

// content returns a page's rows. The row that is selected, of those that the
// page lists, is in view; it counts from the top.
func (p picture) content(which page, selected, rows int) []line {
	switch which {
	case pageCandidates:
		return p.candidates(selected, rows)
	case pageProposals:
		return p.proposals(selected, rows)
	case pageNotes:
		return p.notes(selected, rows)
	case pageOverview, pages:
	}
	return p.overview(rows)
}

// listed is how many rows a page lists.
func (p picture) listed(which page) int {
	switch which {
	case pageCandidates:
		return len(p.run.Candidates)
	case pageProposals:
		return len(p.run.Proposals)
	case pageNotes:
		return len(p.run.Head.Notes)
	case pageOverview, pages:
	}
	return 0
}

// window returns the part of a list that shows the selected row.
func visible(n, selected, rows int) (from, to int) {
	from = min(max(0, selected-rows/2), max(0, n-rows))
	return from, min(n, from+max(rows, 0))
}

// cursor marks the selected row.
func cursor(on bool) span {
	if on {
		return span{accent, "› "}
	}
	return span{normal, "  "}
}

// candidates lists the candidates, the best first, and shows the edit of the
// selected one.
func (p picture) candidates(selected, rows int) []line {
	list := slices.Clone(p.run.Candidates)
	slices.SortStableFunc(list, func(a, b view.Candidate) int {
		switch {
		case a.Best != b.Best:
			return choose(a.Best, -1, 1)
		case a.Full != b.Full:
			return choose(a.Full, -1, 1)
		case a.Validation > b.Validation:
			return -1
		case a.Validation < b.Validation:
			return 1
		}
		return a.ID - b.ID
	})
	if len(list) == 0 {
		return []line{styled(faint, "no candidate yet: the base is being validated")}
	}
	detail := 0
	if rows >= 8 {
		detail = rows / 2
	}
	out := []line{styled(faint, "  id    score   wins  from     changed")}
	from, to := visible(len(list), selected, rows-1-detail)
	for i := from; i < to; i++ {
		c := list[i]
		l := line{cursor(i == selected)}
		l.add(choose(c.Best, strong, normal), fmt.Sprintf("%-4d  %6s  %4d  ", c.ID, figure(float64(c.Validation)), c.Wins))
		l.add(normal, padded(choose(len(c.Parents) > 0, ancestry(c.Parents), "base"), 7)+"  ")
		if c.Best {
			l.add(good, "best ")
		} else if c.Frontier {
			l.add(accent, "frontier ")
		}
		if !c.Full {
			l.add(warning, fmt.Sprintf("on %d only ", c.Validated))
		}
		l.add(faint, strings.Join(c.Changed, ", "))
		out = append(out, l)
	}
	if detail > 0 && selected < len(list) {
		if c := list[selected]; len(c.Parents) > 0 {
			out = append(out, p.editOf(c, detail)...)
		}
	}
	return out
}

// proposals lists the proposals, the last first.
func (p picture) proposals(selected, rows int) []line {
	n := len(p.run.Proposals)
	if n == 0 {
		return []line{styled(faint, "no proposal yet")}
	}
	out := []line{}
	from, to := visible(n, selected, rows)
	for i := from; i < to; i++ {
		pr := p.run.Proposals[n-1-i]
		l := line{cursor(i == selected)}
		l.add(strong, fmt.Sprintf("%-4d", pr.Number))
		l.add(normal, padded(ancestry(pr.Parents), 6)+" ")
		l.add(normal, padded(target(pr), choose(p.columns < 60, 8, 16))+" ")
		if pr.Before.Known() {
			l = append(l, beforeAfter(float64(pr.Before), float64(pr.After))...)
		}
		l.add(normal, "  ")
		switch {
		case pr.Stage != view.StageCommitted:
			l.add(accent, string(pr.Stage))
		case pr.Fate == report.FateAccepted:
			l.add(good, fmt.Sprintf("candidate %d", pr.Candidate))
		case pr.Reason != "":
			l.add(faint, pr.Reason)
		default:
			l.add(faint, strings.ReplaceAll(string(pr.Fate), "_", " "))
		}
		out = append(out, l)
	}
	return out
}

// notes lists what was worth telling, the last first.
func (p picture) notes(selected, rows int) []line {
	all := p.run.Head.Notes
	if len(all) == 0 {
		return []line{styled(faint, "nothing out of the ordinary yet: failed attempts and their causes come here")}
	}
	out := []line{}
	from, to := visible(len(all), selected, rows)
	for i := from; i < to; i++ {
		n := all[len(all)-1-i]
		l := line{cursor(i == selected)}
		l.add(faint, n.At.In(p.now.Location()).Format("15:04:05 "))
		l.add(choose(n.Level == view.LevelWarn, warning, normal), n.Text)
		out = append(out, l)
	}
	return out
}

func choose[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}
