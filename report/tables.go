package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"

	"github.com/gepa-go/gepa"
)

// Tables writes the run's candidates and proposals for people, as [Summary.Text]
// writes the rest.
func (s Summary) Tables(w io.Writer, o TextOptions) error {
	p := newPage(o)
	s.candidateSection(p)
	s.proposalSection(p)
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (s Summary) candidateSection(p *page) {
	if len(s.Candidates) == 0 {
		return
	}
	p.head("Candidates"+s.mark(), "by mean validation score")
	objectives := slices.Sorted(maps.Keys(s.Candidates[0].Objectives))
	rows := [][]string{slices.Concat([]string{"", "validation"}, objectives, []string{"parents", "making"})}
	for _, c := range s.Candidates {
		var marks []string
		if c.Frontier {
			marks = append(marks, "on the frontier")
		}
		if s.Winner != nil && c.ID == s.Winner.Candidate {
			marks = append(marks, "best")
		}
		how := "the base"
		if c.Proposal > 0 {
			how = fmt.Sprintf("proposal %d: %s", c.Proposal, listWords(c.Changed))
		}
		if len(marks) > 0 {
			how += " (" + strings.Join(marks, ", ") + ")"
		}
		row := []string{fmt.Sprint(c.ID), fmt.Sprintf("%.4f", c.Validation)}
		for _, name := range objectives {
			row = append(row, fmt.Sprintf("%.4g", c.Objectives[name]))
		}
		rows = append(rows, append(row, choose(len(c.Parents) == 0, "–", origin(c.Parents)), how))
	}
	p.table(rows, headed(p))
	p.line("")
}

func (s Summary) proposalSection(p *page) {
	if len(s.Proposals.History) == 0 {
		return
	}
	p.head("Proposals"+s.mark(), "sums of scores are those of the minibatch, or of a merge's screen")
	rows := [][]string{{"", "parents", "sums", "fate"}}
	for _, pr := range s.Proposals.History {
		sums := fmt.Sprintf("%.2f", pr.Before)
		switch pr.Fate {
		case FateAccepted, FateNoGain:
			sums += fmt.Sprintf(" → %.2f", pr.After)
		case FateUnfinished:
			sums = "–"
		default:
		}
		fate := pr.Reason
		if pr.Fate == FateAccepted {
			fate = fmt.Sprintf("accepted as candidate %d", pr.Candidate)
		}
		what := listWords(pr.Components)
		if pr.Kind != gepa.ProposalReflect {
			what = "merge"
		}
		rows = append(rows, []string{fmt.Sprint(pr.Number), origin(pr.Parents), sums, what + ": " + strings.TrimPrefix(fate, what+": ")})
	}
	p.table(rows, headed(p))
	p.line("")
}

// headed styles a table's first row.
func headed(p *page) func(row, column int, cell string) string {
	return func(row, _ int, cell string) string { return choose(row == 0, p.paint(dim, cell), cell) }
}

// SpendText writes what the run consumed for people.
func (s Summary) SpendText(w io.Writer, o TextOptions) error {
	p := newPage(o)
	s.spendSection(p)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// A CandidateView is one candidate beside its first parent: the object that
// "gepa show --candidate N --json" prints.
type CandidateView struct {
	// Format is the version of this form.
	Format int `json:"format"`
	Candidate
	// Components are the texts: Before is the first parent's, After the
	// candidate's own. The base has no parent: its texts are in both.
	Components []Component `json:"components"`
}

// View returns a candidate beside its first parent. It reports false if there
// is no such candidate.
func (s Summary) View(id int) (CandidateView, bool) {
	if id < 0 || id >= len(s.Candidates) {
		return CandidateView{}, false
	}
	v := CandidateView{Format: Format, Candidate: s.Candidates[id]}
	parent := v.Candidate
	if len(v.Parents) > 0 {
		parent = s.Candidates[v.Parents[0]]
	}
	for _, c := range s.Components {
		own := Component{Name: c.Name, Before: parent.Texts[c.Name], After: v.Texts[c.Name]}
		if own.Changed = own.Before != own.After; own.Changed {
			own.Diff = udiff.Unified(fmt.Sprintf("candidate %d", parent.ID), fmt.Sprintf("candidate %d", id), endLine(own.Before), endLine(own.After))
		}
		v.Components = append(v.Components, own)
	}
	return v, true
}

// Text writes the candidate for people: its texts in full and, where they
// differ from the first parent's, what differs.
func (v CandidateView) Text(w io.Writer, o TextOptions) error {
	p := newPage(o)
	p.head(fmt.Sprintf("Candidate %d", v.ID), fmt.Sprintf("validation %.4f, %s", v.Validation, Summary{}.making(v.Candidate)))
	p.line("")
	for _, c := range v.Components {
		p.line(p.paint(bold, c.Name))
		for line := range strings.SplitSeq(strings.TrimSuffix(c.After, "\n"), "\n") {
			p.line("  " + line) // as it is: to be copied
		}
		p.line("")
		if c.Changed {
			p.head("  What changed", fmt.Sprintf("- candidate %d, + candidate %d", v.Parents[0], v.ID))
			p.diff(c.Diff)
			p.line("")
		}
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}
