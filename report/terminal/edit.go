package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gepa-go/gepa/internal/printable"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// An edit is what a candidate changed in the text of a component.
type edit struct {
	component string
	words     []report.Words
}

// The most of a text that is compared, and of what stayed the same around a
// change that is shown, in bytes and in columns.
const (
	maxCompared = 4 << 10
	around      = 24
)

// editsBetween returns the edits that lead from one candidate's texts to
// another's, in the order of the components.
func editsBetween(components []view.Text, before, after map[string]string) []edit {
	var out []edit
	for _, c := range components {
		if old, fresh := before[c.Name], after[c.Name]; old != fresh {
			out = append(out, edit{c.Name, report.WordDiff(window(old, fresh))})
		}
	}
	return out
}

// window cuts two texts down to the part around their first difference, however
// long they are.
func window(before, after string) (string, string) {
	same := 0
	for same < len(before) && same < len(after) && before[same] == after[same] {
		same++
	}
	from := max(0, same-4*around)
	for from > 0 && !utf8.RuneStart(before[from]) {
		from--
	}
	cut := func(text string) string {
		text = text[from:]
		if len(text) <= maxCompared {
			return text
		}
		end := maxCompared
		for !utf8.RuneStart(text[end]) {
			end--
		}
		return text[:end]
	}
	return cut(before), cut(after)
}

// edit shows the last accepted candidate and its edit in at most so many rows.
func (p picture) edit(rows int) []line {
	n := len(p.run.Candidates)
	if n < 2 || rows < 2 {
		return nil
	}
	return p.editOf(p.run.Candidates[n-1], rows)
}

// editOf shows a candidate and its edit.
func (p picture) editOf(c view.Candidate, rows int) []line {
	l := p.labelled("accepted", "new")
	l.add(strong, fmt.Sprintf("candidate %d", c.ID))
	if c.Best {
		l.add(good, " best")
	}
	if i := c.Proposal - 1; i >= 0 && i < len(p.run.Proposals) {
		pr := p.run.Proposals[i]
		l.add(faint, "  proposal "+fmt.Sprint(pr.Number)+", "+target(pr))
		if pr.Before.Known() && p.columns >= 60 {
			l.add(normal, "  ")
			l = append(l, beforeAfter(float64(pr.Before), float64(pr.After))...)
		}
	}
	out := []line{l}
	if rows < 2 {
		return out
	}
	edits := p.edits(c.ID)
	var text line
	for i, e := range edits {
		if i > 0 {
			text.add(normal, " ")
		}
		if len(edits) > 1 {
			text.add(accent, e.component+":")
			text.add(normal, " ")
		}
		text = append(text, p.excerpt(e.words)...)
	}
	indent := p.label()
	for _, l := range wrapped(text, p.columns-1-indent, rows-1) {
		out = append(out, append(line{{normal, strings.Repeat(" ", indent)}}, l...))
	}
	return out
}

// excerpt shows a difference with little of what stayed the same: in colours,
// or between signs where there are none.
func (p picture) excerpt(words []report.Words) line {
	var l line
	for i, w := range words {
		text := flat(w.Text, maxCompared)
		lead, trail := ends(w.Text)
		switch {
		case w.Change == report.WordsKept:
			l.add(faint, kept(w.Text, i > 0, i < len(words)-1))
		case w.Change == report.WordsRemoved && p.color:
			l.add(removed, lead+text+trail)
		case w.Change == report.WordsRemoved:
			l.add(removed, "[-"+lead+text+trail+"-]")
		case p.color:
			l.add(added, lead+text+trail)
		default:
			l.add(added, "{+"+lead+text+trail+"+}")
		}
	}
	return l
}

// ends returns a space for each end of a text at which there is white space.
func ends(text string) (lead, trail string) {
	const white = " \n\t"
	if strings.TrimLeft(text, white) != text {
		lead = " "
	}
	if strings.TrimRight(text, white) != text && strings.Trim(text, white) != "" {
		trail = " "
	}
	return lead, trail
}

// kept shortens a text that stayed the same to its ends that are beside a
// change.
func kept(text string, changeBefore, changeAfter bool) string {
	all := flat(text, maxCompared)
	lead, trail := ends(text)
	runes := []rune(all)
	if len(runes) <= 2*around+3 && changeBefore && changeAfter || len(runes) <= around {
		return lead + all + trail
	}
	out := ""
	if changeBefore {
		head := string(runes[:min(around, len(runes))])
		if at := strings.LastIndexByte(head, ' '); at > 0 {
			head = head[:at+1]
		}
		out = lead + head
	}
	out += "…"
	if changeAfter {
		tail := string(runes[max(0, len(runes)-around):])
		if at := strings.IndexByte(tail, ' '); at >= 0 && at < len(tail)-1 {
			tail = tail[at:]
		}
		out += tail + trail
	}
	return out
}

// flat makes one line of a text.
func flat(text string, columns int) string {
	shown, _ := printable.Fit(text, columns)
	return strings.Trim(shown, " ")
}

// wrapped breaks a line between words into rows of at most so many columns, and
// ends with an ellipsis if they are not enough.
func wrapped(l line, columns, rows int) []line {
	if columns < 4 || rows < 1 {
		return nil
	}
	var out []line
	var now line
	used := 0
	for _, piece := range pieces(l, columns) {
		text := piece.text
		if used == 0 {
			text = strings.TrimLeft(text, " ")
		}
		w := columnsOf(text)
		if used > 0 && used+columnsOf(strings.TrimRight(text, " ")) > columns {
			if len(out) == rows-1 {
				now.add(faint, "…")
				return append(out, now)
			}
			out, now, used = append(out, now), nil, 0
			text = strings.TrimLeft(text, " ")
			w = columnsOf(text)
		}
		if used+w > columns { // a space hangs over
			text = strings.TrimRight(text, " ")
			w = columnsOf(text)
		}
		if text == "" {
			continue
		}
		if n := len(now); n > 0 && now[n-1].style == piece.style {
			now[n-1].text += text
		} else {
			now.add(piece.style, text)
		}
		used += w
	}
	if used > 0 {
		out = append(out, now)
	}
	return out
}

// pieces cuts a line into words with the space behind them, none wider than so
// many columns.
func pieces(l line, columns int) []span {
	var out []span
	for _, s := range l {
		text, _ := printable.Fit(s.text, 2*maxCompared)
		for text != "" {
			end := strings.IndexByte(strings.TrimLeft(text, " "), ' ')
			word := text
			if end >= 0 {
				lead := len(text) - len(strings.TrimLeft(text, " "))
				word = text[:lead+end]
				for strings.HasPrefix(text[len(word):], " ") {
					word = text[:len(word)+1]
				}
			}
			if columnsOf(word) > columns {
				head, _ := printable.Fit(word, columns)
				word = word[:len(head)]
			}
			out = append(out, span{s.style, word})
			text = text[len(word):]
		}
	}
	return out
}
