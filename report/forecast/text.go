package forecast

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/gepa-go/gepa/report"
)

// Text writes the forecast for people.
func (f Forecast) Text(w io.Writer, o report.TextOptions) error {
	p := &page{width: choose(o.Width > 0, o.Width, 80), color: o.Color}
	mark := ""
	if f.Simulated {
		mark = " (a simulated model plays: its figures say nothing about a language model)"
	}
	p.head("The trial" + mark)
	p.para("  ", f.trialWords())
	p.para("  ", f.seedWords())
	if words := f.noiseWords(); words != "" {
		p.para("  ", words)
	}
	p.para("  ", fmt.Sprintf("It took %s and %s.", f.spentWords(), seconds(f.Trial.Seconds)))
	p.line("")
	p.head(fmt.Sprintf("The run: %.0f %% of %d simulated ones lie in the ranges", 100*f.Level, f.Runs))
	p.counts(f)
	p.line("")
	p.roles(f)
	p.line("")
	p.para("  ", f.stopWords())
	p.findings(f.Findings)
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (f Forecast) trialWords() string {
	t := f.Trial
	text := fmt.Sprintf("The seed ran on %s of the feedback and validation sets", count(t.Examples, "example"))
	if t.Repeats > 0 {
		text += fmt.Sprintf(", %s more to see noise", count(t.Repeats, "time"))
	}
	text += fmt.Sprintf("; %s wrote %s", count(t.Proposals, "proposal"), count(t.Reflections, "new text"))
	if t.Reflections > 0 {
		text += fmt.Sprintf(", of which %d did better on the minibatch", t.Improved)
	}
	return text + "."
}

func (f Forecast) seedWords() string {
	s := f.Seen
	text := fmt.Sprintf("It scores %.3f on average", s.Mean)
	if s.Interval.Low < s.Interval.High {
		text += fmt.Sprintf(" [%.3f, %.3f]", s.Interval.Low, s.Interval.High)
	}
	text += fmt.Sprintf(" and solves %s [%.0f, %.0f]; of minibatches of %d, %s hold nothing to learn from.",
		percent(s.Solved), 100*s.SolvedInterval.Low, 100*s.SolvedInterval.High, f.Minibatch, percent(s.Idle))
	if f.Data.Test > 0 && s.Detectable > 0 {
		text += fmt.Sprintf(" The %d test examples can show a difference of %.2f.", f.Data.Test, s.Detectable)
	}
	return text
}

func (f Forecast) noiseWords() string {
	s := f.Seen
	switch {
	case s.Repeated == 0:
		return ""
	case s.NoiseSD == 0:
		return fmt.Sprintf("Repeated on %s it scored the same every time.", count(s.Repeated, "example"))
	}
	return fmt.Sprintf("Repeated on %s its scores differ: noise is %s of their variance (standard deviation %.2f). A text that changes nothing passes the gate in %s of cases.",
		count(s.Repeated, "example"), percent(s.Noise), s.NoiseSD, percent(s.Lucky))
}

func (f Forecast) spentWords() string {
	u := f.Trial.Spent
	text := fmt.Sprintf("%s, %s tokens, %s", count(int(u.Calls), "call"), thousands(float64(u.InputTokens+u.OutputTokens)), u.Cost)
	if u.Cached > 0 {
		text += fmt.Sprintf("; the cache answered %d more", u.Cached)
	}
	return text
}

// counts writes the table of counts and times.
func (p *page) counts(f Forecast) {
	rows := [][]string{{"", "expected", "at least", "at most"}}
	number := func(name string, r Range) {
		rows = append(rows, []string{name, thousands(r.Expected), thousands(r.Low), thousands(r.High)})
	}
	number("proposals", f.Proposals)
	number("of which accepted", f.Accepted)
	number("rollouts, search", f.Rollouts)
	number("reflections", f.Reflections)
	clock := func(name string, r Range) {
		rows = append(rows, []string{name, seconds(r.Expected), seconds(r.Low), seconds(r.High)})
	}
	clock(fmt.Sprintf("time, search (%d at once)", f.Concurrency), f.SearchSeconds)
	if f.Data.Test > 0 {
		number("rollouts, test set", f.TestRollouts)
		clock("time, test set", f.TestSeconds)
	}
	p.table(rows, true)
}

// roles writes the table of what calls consume.
func (p *page) roles(f Forecast) {
	rows := [][]string{{"", "calls", "tokens in", "tokens out", "cost"}}
	for _, r := range f.Roles {
		name := map[string]string{"task": "task, search", "test": "task, test set"}[r.Role]
		rows = append(rows, []string{choose(name == "", r.Role, name), short(r.Calls), short(r.Input), short(r.Output), r.Cost})
	}
	p.table(rows, false)
}

func (f Forecast) stopWords() string {
	words := map[string]string{
		"proposals": "the proposals are made", "rollouts": "the rollouts are used", "time": "the time is over", "target": "the target is reached",
		"no_improvement": "nothing better is found", "exhausted": "nothing is left to try", "cost": "a cap is reached",
	}
	var parts []string
	for _, s := range f.Stops {
		parts = append(parts, fmt.Sprintf("%s (%s)", words[string(s.Reason)], percent(s.Share)))
	}
	return "It ends when " + strings.Join(parts, ", or ") + ". Without a cache; calls that the trial made are not paid again with one."
}

func (p *page) findings(list []Finding) {
	for _, kind := range []struct{ name, style string }{{Warning, "33"}, {Advice, "32"}} {
		for _, f := range list {
			if f.Kind == kind.name {
				p.line("")
				p.hanging(p.paint(kind.style, kind.name+":")+" ", len(kind.name)+2, f.Text)
			}
		}
	}
}

// page collects text that fits a width.
type page struct {
	text  strings.Builder
	width int
	color bool
}

func (p *page) paint(style, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

func (p *page) line(text string) { p.text.WriteString(strings.TrimRight(text, " ") + "\n") }
func (p *page) head(text string) { p.line(p.paint("1", text)) }

func (p *page) para(indent, text string) { p.hanging(indent, len(indent), text) }

// hanging writes a text in lines that begin below each other.
func (p *page) hanging(first string, indent int, text string) {
	line, used := first, indent
	begun := false
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if begun && used+1+n > p.width {
			p.line(line)
			line, used, begun = strings.Repeat(" ", indent), indent, false
		}
		if begun {
			line, used = line+" ", used+1
		}
		line, used, begun = line+word, used+n, true
	}
	p.line(line)
}

func (p *page) table(rows [][]string, right bool) {
	var b strings.Builder
	flags := choose(right, uint(tabwriter.AlignRight), uint(0))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', flags)
	longest := 0
	for _, row := range rows {
		longest = max(longest, utf8.RuneCountInString(row[0]))
	}
	for _, row := range rows {
		row[0] += strings.Repeat(" ", longest-utf8.RuneCountInString(row[0]))
		fmt.Fprintln(t, strings.Join(row, "\t")+choose(right, "\t", ""))
	}
	_ = t.Flush() // into memory
	for line := range strings.Lines(b.String()) {
		p.line(choose(right, "", "  ") + strings.TrimRight(line, "\n"))
	}
}

func count(n int, noun string) string {
	return fmt.Sprintf("%s %s%s", thousands(float64(n)), noun, choose(n == 1, "", "s"))
}

// thousands writes a whole number: 12,345.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", math.Round(v))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short writes a range of large numbers: "12.3k (10.1k to 15.0k)".
func short(r Range) string {
	one := func(v float64) string {
		switch {
		case v >= 1e6:
			return fmt.Sprintf("%.2fM", v/1e6)
		case v >= 1e4:
			return fmt.Sprintf("%.1fk", v/1e3)
		default:
			return thousands(v)
		}
	}
	if one(r.Low) == one(r.High) {
		return one(r.Expected)
	}
	return fmt.Sprintf("%s (%s to %s)", one(r.Expected), one(r.Low), one(r.High))
}

// seconds writes a time as precisely as it is known.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Second:
		return "under 1s"
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		d = d.Round(10 * time.Second)
	default:
		d = d.Round(time.Minute)
	}
	if d%time.Minute == 0 {
		return strings.TrimSuffix(d.String(), "0s")
	}
	return d.String()
}

// Encode returns the forecast as JSON, for people to read, too.
func (f Forecast) Encode() ([]byte, error) { return report.Indented(f) }
