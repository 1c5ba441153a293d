package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/printable"
)

// TextOptions say how a summary is rendered.
type TextOptions struct {
	// Width is the number of columns to fit; 0 means 80.
	Width int
	// Color allows ANSI colours.
	Color bool
}

// Text writes the summary for people.
func (s Summary) Text(w io.Writer, o TextOptions) error {
	p := newPage(o)
	switch s.Status {
	case StatusFinished:
	case StatusRunning:
		p.para(p.paint(warn, "The run is still at work. This is the best so far."))
		p.line("")
	default:
		p.para(p.paint(warn, fmt.Sprintf("The run did not come to its end (%s). This is the best so far.", s.Status)))
		p.line("")
	}
	s.testSection(p)
	s.winnerSection(p)
	s.instructionSection(p)
	s.searchSection(p)
	s.spendSection(p)
	s.outputSection(p)
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (s Summary) testSection(p *page) {
	t := s.Test
	if t == nil {
		return
	}
	read := "read once"
	if t.Readings > 1 {
		read = fmt.Sprintf("opened %d times, which makes its figures worth less", t.Readings)
	}
	p.head(fmt.Sprintf("Sealed test set%s", s.mark()), fmt.Sprintf("%d examples, %s", t.N, read))
	rows := [][]string{{"", "base", "optimized", "difference", "95 % interval", "p"}}
	baseWon := s.Winner != nil && s.Winner.Candidate == 0
	if baseWon { // there is nothing to compare it with
		rows[0] = rows[0][:2]
	}
	for _, m := range t.Measures {
		row := []string{m.Label(), m.value(m.Base), m.value(m.Other), m.difference(), m.interval(), pValue(m.P)}
		rows = append(rows, row[:len(rows[0])])
	}
	p.table(rows, func(row, column int, cell string) string {
		if row > 0 && column == 3 && t.Measures[row-1].Difference != 0 {
			return p.paint(choose(t.Measures[row-1].improves(), good, bad), cell)
		}
		return choose(row == 0, p.paint(dim, cell), cell)
	})
	p.line("")
	p.para(p.paint(bold, t.Conclusion))
	if s.Simulated {
		p.para(p.paint(warn, "Simulated: "+s.simulatedRoles()+" the offline stand-in, which is no language model. "+
			"These figures show that the search works, not what a real model would gain."))
	}
	p.line("")
}

// mark labels figures that a simulated model made.
func (s Summary) mark() string {
	if s.Simulated {
		return " (simulated)"
	}
	return ""
}

func (s Summary) simulatedRoles() string {
	var roles []string
	for _, r := range []struct {
		name string
		m    Model
	}{{"the task model", s.Models.Task}, {"the reflection model", s.Models.Reflection}, {"the judge", s.Models.Judge}} {
		if r.m.Simulated {
			roles = append(roles, r.name)
		}
	}
	verb := " is"
	if len(roles) > 1 {
		verb = " are"
	}
	return listWords(roles) + verb
}

func listWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func (s Summary) winnerSection(p *page) {
	w := s.Winner
	if w == nil {
		p.para("The base was not validated in full, so there is no result yet.")
		p.line("")
		return
	}
	p.head("Validation"+s.mark(), fmt.Sprintf("%d examples, on which the winner was chosen", s.Data.Validation))
	rows := [][]string{}
	for _, id := range w.Lineage {
		c := s.Candidates[id]
		row := []string{fmt.Sprintf("candidate %d", id), fmt.Sprintf("%.4f", c.Validation), s.making(c)}
		if id == w.Candidate {
			row[2] += choose(id == 0, ", still the best", ", the winner")
		}
		rows = append(rows, row)
	}
	p.table(rows, func(row, _ int, cell string) string {
		if w.Lineage[row] == w.Candidate {
			return p.paint(bold, cell)
		}
		return cell
	})
	p.line("")
}

// making says how a candidate was made.
func (s Summary) making(c Candidate) string {
	switch len(c.Parents) {
	case 0:
		return "the base"
	case 2:
		return fmt.Sprintf("from %d and %d: proposal %d merged them", c.Parents[0], c.Parents[1], c.Proposal)
	default:
		return fmt.Sprintf("from %d: proposal %d rewrote %s", c.Parents[0], c.Proposal, listWords(c.Changed))
	}
}

func (s Summary) instructionSection(p *page) {
	if s.Winner == nil {
		return
	}
	p.head("Instructions", "- base, + optimized")
	for _, c := range s.Components {
		if !c.Changed {
			p.line("  " + p.paint(bold, c.Name) + p.paint(dim, "  unchanged"))
			continue
		}
		p.line("  " + p.paint(bold, c.Name))
		p.diff(c.Diff)
	}
	p.line("")
}

func (s Summary) searchSection(p *page) {
	text := fmt.Sprintf("%s made, %d accepted", count(s.Proposals.Made, "proposal"), s.Proposals.Accepted)
	var why []string
	for _, f := range s.Proposals.ByFate {
		if f.Fate != FateAccepted {
			why = append(why, fmt.Sprintf("%d %s", f.Count, f.Fate.words()))
		}
	}
	if len(why) > 0 {
		text += "; " + strings.Join(why, ", ")
	}
	p.head("Search", "")
	p.hanging("  ", fmt.Sprintf("%s. %s.", text, count(s.Rollouts, "rollout")))
	stop := s.Stop.Detail
	if s.Stop.Reason == gepa.StopInterrupted {
		stop = "interrupted"
	}
	if stop != "" {
		p.hanging("  ", "Stopped: "+strings.TrimSuffix(stop, ".")+".")
	}
	if s.Status == StatusFinished && s.Test == nil && s.Data.Test > 0 {
		p.hanging("  ", "The sealed test set was not read to its end: the spending cap left no room for it. With a higher cap "+
			"the same command reads it.")
	}
	p.line("")
}

func (s Summary) spendSection(p *page) {
	p.head("Spend", "")
	p.usages("", []usageRow{
		{"task, search", s.Spend.Task},
		{"task, test set", s.Spend.Test},
		{"judge", s.Spend.Judge},
		{"reflection", s.Spend.Reflection},
		{"failed attempts", s.Spend.Failed},
		{"total", s.Spend.Total},
	}, s.Spend.Total.Cached > 0)
	if s.Spend.AllCached() {
		p.hanging("  ", "Every call was answered by the cache: nothing was paid.")
	}
	if !s.Spend.Accepted.none() || !s.Spend.Rejected.none() {
		p.hanging("  ", fmt.Sprintf("Judge and reflection: %s for accepted proposals at %s, %s for rejected ones at %s.",
			s.Spend.Accepted.asked(), s.Spend.Accepted.Cost, s.Spend.Rejected.asked(), s.Spend.Rejected.Cost))
	}
	p.line("")
}

// usageRow is a line of a table of usages.
type usageRow struct {
	name string
	Usage
}

// usages writes a table of usages without the rows that are nothing, but for a
// total.
func (p *page) usages(title string, of []usageRow, cached bool) {
	rows := [][]string{{title, "calls", "cached", "tokens in", "tokens out", "cost"}}
	for _, r := range of {
		if r.none() && r.name != "total" {
			continue
		}
		in, out := r.tokens()
		rows = append(rows, []string{r.name, thousands(r.Calls), thousands(r.Usage.Cached), in, out, strings.Replace(r.Cost, "calls of unknown price", "unpriced", 1)})
	}
	if !cached {
		for i, row := range rows {
			rows[i] = slices.Delete(row, 2, 3)
		}
	}
	p.table(rows, func(row, _ int, cell string) string { return choose(row == 0, p.paint(dim, cell), cell) })
}

// asked counts the calls, answered by the cache or not.
func (u Usage) asked() string { return count(int(u.Calls+u.Cached), "call") }

// none reports whether nothing was asked.
func (u Usage) none() bool { return u.Calls == 0 && u.Cached == 0 && u.Unmeasured == 0 }

// tokens shows the tokens in and out, as far as they are known.
func (u Usage) tokens() (in, out string) {
	in, out = thousands(u.InputTokens), thousands(u.OutputTokens)
	switch {
	case u.Unmeasured == 0:
		return in, out
	case u.InputTokens+u.OutputTokens == 0:
		return "unknown", "unknown"
	default:
		return "≥ " + in, "≥ " + out
	}
}

func (s Summary) outputSection(p *page) {
	if s.Output == nil {
		return
	}
	p.head("Saved", "")
	rows := [][]string{}
	saved := "the optimized program, as DSPy saves one"
	if len(s.Models.Task.Name) == 0 {
		saved = "the optimized texts" // of a system that is no program of ours
	}
	for _, row := range [][]string{
		{s.Output.Program, saved},
		{s.Output.Result, "this report as JSON"},
		{s.Output.Journal, "the run itself, for resuming it"},
	} {
		if row[0] != "" {
			rows = append(rows, row)
		}
	}
	p.table(rows, func(_, _ int, cell string) string { return cell })
	p.line("")
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(int64(n)) + " " + noun
}

func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func choose[T any](cond bool, yes, no T) T {
	if cond {
		return yes
	}
	return no
}

// The styles of a page, as ANSI parameters.
const (
	bold = "1"
	dim  = "2"
	good = "32"
	bad  = "31"
	warn = "33"
)

// page collects text that fits a width.
type page struct {
	text  strings.Builder
	width int
	color bool
}

func newPage(o TextOptions) *page {
	return &page{width: choose(o.Width > 0, o.Width, 80), color: o.Color}
}

func (p *page) paint(style, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// line writes a line. Whatever stands in it, text is all that comes out, and the
// page's own styles.
func (p *page) line(text string) {
	text = strings.TrimRight(text, " ")
	open := false
	for text != "" {
		start, end, reset := nextStyle(text)
		p.text.WriteString(printable.Text(text[:start]))
		if p.color && end > start {
			p.text.WriteString(text[start:end])
			open = !reset
		}
		text = text[end:]
	}
	if open {
		p.text.WriteString("\x1b[0m")
	}
	p.text.WriteString("\n")
}

// nextStyle finds the first escape sequence in a text that is one of a page's,
// and says whether it ends a style.
func nextStyle(text string) (start, end int, reset bool) {
	for at := 0; ; {
		i := strings.Index(text[at:], "\x1b[")
		if i < 0 {
			return len(text), len(text), false
		}
		at += i
		for _, code := range []string{"0", bold, dim, good, bad, warn, bad + ";9"} {
			if strings.HasPrefix(text[at+2:], code+"m") {
				return at, at + 2 + len(code) + 1, code == "0"
			}
		}
		at += 2
	}
}

// head writes a section's title with a remark behind it.
func (p *page) head(title, remark string) {
	if remark == "" {
		p.line(p.paint(bold, title))
		return
	}
	p.line(p.paint(bold, title) + p.paint(dim, ": "+remark))
}

// para writes a paragraph, wrapped.
func (p *page) para(text string) { p.hanging("", text) }

func (p *page) hanging(indent, text string) {
	for _, l := range wrap(text, p.width-width(indent)) {
		p.line(indent + l)
	}
}

// table writes rows in aligned columns: the first and last to the left, the
// others to the right. Style sees each padded cell.
func (p *page) table(rows [][]string, style func(row, column int, cell string) string) {
	if len(rows) == 0 {
		return
	}
	last := len(rows[0]) - 1
	widths := make([]int, last+1)
	for _, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], width(cell))
		}
	}
	for r, row := range rows {
		var b strings.Builder
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-width(cell))
			switch {
			case c == last:
			case c == 0 || last < 3:
				cell += pad
			default:
				cell = pad + cell
			}
			b.WriteString("  " + style(r, c, cell))
		}
		p.line(b.String())
	}
}

// diff writes a unified diff without its headers, long lines wrapped.
func (p *page) diff(unified string) {
	const indent = "    "
	for i, l := range strings.Split(strings.TrimSuffix(printable.Lines(unified), "\n"), "\n") {
		switch {
		case i < 2: // the names of the two sides
		case strings.HasPrefix(l, "@@"):
			if i > 2 {
				p.line(indent + p.paint(dim, "…"))
			}
		case strings.HasPrefix(l, `\`): // no newline at the end
		default:
			sign, text := l[:1], l[1:]
			style := map[string]string{"+": good, "-": bad}[sign]
			body := strings.TrimLeft(text, " \t")
			lead := text[:len(text)-len(body)]
			for n, part := range wrap(body, p.width-width(indent)-2-width(lead)) {
				mark := choose(n == 0 || style != "", sign, " ")
				p.line(indent + p.styled(style, mark+" "+lead+part))
			}
		}
	}
}

func (p *page) styled(style, text string) string {
	if style == "" {
		return text
	}
	return p.paint(style, strings.TrimRight(text, " "))
}

// width returns the number of columns a text takes, ANSI colours left out.
func width(text string) int {
	n := 0
	for {
		start := strings.Index(text, "\x1b[")
		if start < 0 {
			return n + utf8.RuneCountInString(text)
		}
		n += utf8.RuneCountInString(text[:start])
		end := strings.IndexByte(text[start:], 'm')
		if end < 0 {
			return n
		}
		text = text[start+end+1:]
	}
}

// wrap breaks a text between words into lines of at most so many columns; a
// longer word gets a line of its own. Colours are kept on every line.
func wrap(text string, columns int) []string {
	style, reset := "", ""
	if strings.HasPrefix(text, "\x1b[") && strings.HasSuffix(text, "\x1b[0m") {
		end := strings.IndexByte(text, 'm') + 1
		style, reset = text[:end], "\x1b[0m"
		text = text[end : len(text)-len(reset)]
	}
	lines := folded(text, columns)
	return slices.Collect(func(yield func(string) bool) {
		for _, l := range lines {
			if !yield(style + l + reset) {
				return
			}
		}
	})
}

// folded breaks a text between words into lines of at most so many columns.
func folded(text string, columns int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && width(line)+1+width(word) > columns {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
