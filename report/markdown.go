package report

import (
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CommentLimit is the most characters that GitHub takes as a comment or as the
// text of a pull request.
const CommentLimit = 65_536

// MarkdownOptions say how a summary is written for a pull request.
type MarkdownOptions struct {
	// Run is the run's folder, as commands name it; "" if it is not kept.
	Run string
	// Command is the command line that began the run; "" if not known.
	Command string
	// Limit is the most characters. Defaults to CommentLimit.
	Limit int
}

// The most characters of what is not a diff.
const (
	nameLimit     = 120
	sentenceLimit = 2_000
	commandLimit  = 4_000
	measureLimit  = 40 // rows
	ticksLimit    = 60 // backticks in a row
)

// Markdown writes the summary as a comment on a pull request, in GitHub's
// dialect: what is shown, what changed, what it took, and how to do it again.
// It is no longer than the limit: long diffs are cut, each as much as it must
// be, and what is left out is said. What models and data wrote is shown as text:
// it makes no markup, links or mentions.
func (s Summary) Markdown(w io.Writer, o MarkdownOptions) error {
	if o.Limit == 0 {
		o.Limit = CommentLimit
	}
	head, tail := s.markdownHead(), s.markdownTail(o)
	room := o.Limit - utf8.RuneCountInString(head) - utf8.RuneCountInString(tail)
	_, err := io.WriteString(w, head+s.markdownChanges(room)+tail)
	return err
}

// markdownHead is the conclusion with its figures.
func (s Summary) markdownHead() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### gepa%s: %s\n\n", s.mark(), codeSpan(s.Program))
	switch {
	case s.Test != nil:
		fmt.Fprintf(&b, "**%s**\n\n", prose(s.Test.Conclusion))
	case s.Winner == nil:
		b.WriteString("**The base was not validated in full, so there is no result yet.**\n\n")
	case s.Winner.Candidate == 0:
		b.WriteString("**No candidate was better than the base on the validation set: the program stays as it was.**\n\n")
	default:
		b.WriteString("**The optimized program was not measured on examples that it never saw: nothing is shown.**\n\n")
	}
	if s.Status != StatusFinished {
		fmt.Fprintf(&b, "> The run did not come to its end (%s). This is the best so far.\n\n", s.Status)
	}
	if s.Simulated {
		fmt.Fprintf(&b, "> Simulated: %s the offline stand-in, which is no language model. These figures say nothing about a real one.\n\n", s.simulatedRoles())
	}
	s.markdownTest(&b)
	if v := s.Winner; v != nil && v.Candidate != 0 {
		fmt.Fprintf(&b, "Validation, %s on which candidate %d was chosen (which flatters it): %.4f, the base %.4f.\n\n",
			count(s.Data.Validation, "example"), v.Candidate, v.Validation, v.BaseValidation)
	}
	return b.String()
}

func (s Summary) markdownTest(b *strings.Builder) {
	t := s.Test
	if t == nil {
		return
	}
	read := "read once"
	if t.Readings > 1 {
		read = fmt.Sprintf("opened %d times, which makes its figures worth less", t.Readings)
	}
	fmt.Fprintf(b, "Sealed test set, %s, %s:\n\n", count(t.N, "example"), read)
	if s.Winner != nil && s.Winner.Candidate == 0 {
		b.WriteString("| | base |\n|---|---:|\n")
		for _, m := range t.Measures[:min(len(t.Measures), measureLimit)] {
			fmt.Fprintf(b, "| %s | %s |\n", prose(shortName(m.Label())), m.value(m.Base))
		}
	} else {
		b.WriteString("| | base | optimized | difference | 95 % interval | p |\n|---|---:|---:|---:|---:|---:|\n")
		for _, m := range t.Measures[:min(len(t.Measures), measureLimit)] {
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", prose(shortName(m.Label())), m.value(m.Base), m.value(m.Other), m.difference(), m.interval(), pValue(m.P))
		}
	}
	if more := len(t.Measures) - measureLimit; more > 0 {
		fmt.Fprintf(b, "\n%s more are left out.\n", count(more, "measure"))
	}
	b.WriteString("\n")
}

// A textChange is a component's diff as Markdown shows it.
type textChange struct {
	name  string
	lines []string
	size  int // characters of the diff
	// around is how many characters stand around the diff at most.
	around int
}

// markdownChanges shows the diffs within so many characters. They share what
// there is: the short ones are whole, the long ones equally long.
func (s Summary) markdownChanges(room int) string {
	var changes []textChange
	var same []string
	for _, c := range s.Components {
		if !c.Changed {
			same = append(same, codeSpan(c.Name))
			continue
		}
		changes = append(changes, newTextChange(c))
	}
	var b strings.Builder
	if len(changes) == 0 {
		return "No text changed.\n\n"
	}
	b.WriteString("**What changed**\n\n")
	closing := ""
	if len(same) > 0 {
		list := strings.Join(same[:min(len(same), 20)], ", ")
		if len(same) > 20 {
			list += fmt.Sprintf(" and %d more", len(same)-20)
		}
		closing = "Unchanged: " + list + ".\n\n"
	}
	const notes = 200 // what is said of what is left out
	room -= utf8.RuneCountInString(closing) + notes
	shown := 0
	for _, c := range changes {
		const least = 200 // characters of a diff that are worth a place
		if c.around+min(c.size, least) > room {
			break
		}
		room, shown = room-c.around, shown+1
	}
	allowed := share(changes[:shown], room)
	for i, c := range changes[:shown] {
		c.write(&b, allowed[i])
	}
	if more := len(changes) - shown; more > 0 {
		fmt.Fprintf(&b, "%s more changed; there is no room here to show how.\n\n", count(more, "component"))
	}
	return b.String() + closing
}

func newTextChange(c Component) textChange {
	longTicks := regexp.MustCompile("(`{" + strconv.Itoa(ticksLimit) + "})`+") // the fence is longer than any run
	ch := textChange{name: c.Name}
	lines := strings.Split(strings.TrimSuffix(c.Diff, "\n"), "\n")
	for _, l := range lines[min(2, len(lines)):] { // without the names of the two sides
		l = longTicks.ReplaceAllString(visible(l), "$1…")
		ch.lines = append(ch.lines, l)
		ch.size += utf8.RuneCountInString(l) + 1
	}
	ch.around = 160 + utf8.RuneCountInString(html.EscapeString(shortName(c.Name))) + 2*min(len(fenceOf(c.Diff)), ticksLimit+1)
	return ch
}

// share divides a number of characters among the changes.
func share(changes []textChange, room int) []int {
	order := make([]int, len(changes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return changes[a].size - changes[b].size })
	allowed := make([]int, len(changes))
	for k, i := range order {
		allowed[i] = min(changes[i].size, max(room/(len(order)-k), 0))
		room -= allowed[i]
	}
	return allowed
}

// write shows a change in at most so many characters of its diff.
func (c textChange) write(b *strings.Builder, limit int) {
	var kept []string
	left, added, removed := limit, 0, 0
	for _, l := range c.lines {
		switch {
		case strings.HasPrefix(l, "+"):
			added++
		case strings.HasPrefix(l, "-"):
			removed++
		}
	}
	for _, l := range c.lines {
		if size := utf8.RuneCountInString(l) + 1; size <= left {
			kept, left = append(kept, l), left-size
			continue
		}
		if left > 20 {
			kept = append(kept, string([]rune(l)[:left-2])+"…")
		}
		break
	}
	text := strings.Join(kept, "\n")
	fence := fenceOf(text)
	fmt.Fprintf(b, "<details><summary><code>%s</code>: %s added, %s removed</summary>\n\n%sdiff\n%s\n%s\n",
		html.EscapeString(shortName(c.name)), count(added, "line"), count(removed, "line"), fence, text, fence)
	if limit < c.size {
		fmt.Fprintf(b, "\nThe diff is cut here: %s of %s are shown.\n", thousands(int64(limit)), count(c.size, "character"))
	}
	b.WriteString("\n</details>\n\n")
}

// markdownTail says what the run took, and how to do it again.
func (s Summary) markdownTail(o MarkdownOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**What it took**: %s made, %d accepted; %s.", count(s.Proposals.Made, "proposal"), s.Proposals.Accepted, count(s.Rollouts, "rollout"))
	if s.Stop.Detail != "" {
		fmt.Fprintf(&b, " Stopped: %s.", prose(strings.TrimSuffix(s.Stop.Detail, ".")))
	}
	b.WriteString("\n\n| | calls | from the cache | tokens in | tokens out | cost |\n|---|---:|---:|---:|---:|---:|\n")
	for _, r := range []usageRow{
		{"task, search", s.Spend.Task}, {"task, test set", s.Spend.Test}, {"judge", s.Spend.Judge},
		{"reflection", s.Spend.Reflection}, {"failed attempts", s.Spend.Failed}, {"total", s.Spend.Total},
	} {
		if r.none() && r.name != "total" {
			continue
		}
		in, out := r.tokens()
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.name, thousands(r.Calls), thousands(r.Usage.Cached), in, out, r.Cost)
	}
	b.WriteString("\n<details><summary>How to do it again</summary>\n\n")
	var list []string
	for _, r := range []struct {
		role string
		m    Model
	}{{"task", s.Models.Task}, {"reflection", s.Models.Reflection}, {"judge", s.Models.Judge}} {
		if r.m.Name != "" {
			list = append(list, r.role+" "+codeSpan(r.m.Name))
		}
	}
	if len(list) > 0 {
		fmt.Fprintf(&b, "Models: %s. ", strings.Join(list, ", "))
	}
	fmt.Fprintf(&b, "Data: %d feedback, %d validation and %d test examples. Seed %d.\n", s.Data.Feedback, s.Data.Validation, s.Data.Test, s.Seed)
	var commands []string
	if o.Command != "" {
		commands = append(commands, clip(visible(unbroken(o.Command)), commandLimit))
	}
	if o.Run != "" {
		run := shellWord(o.Run)
		commands = append(commands, "gepa show "+run, "gepa diff "+run, "gepa apply "+run)
	}
	if len(commands) > 0 {
		text := strings.Join(commands, "\n")
		fence := fenceOf(text)
		fmt.Fprintf(&b, "\n%ssh\n%s\n%s\n", fence, text, fence)
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// unbroken puts a text on one line.
func unbroken(text string) string { return strings.Join(strings.Fields(text), " ") }

func shortName(text string) string { return clip(visible(unbroken(text)), nameLimit) }

// shellWord quotes a word for a shell where it must be.
func shellWord(word string) string {
	word = clip(visible(unbroken(word)), 400)
	plain := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("./_-", r) }
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// clip cuts a text to so many characters.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	n := 0
	for at := range text {
		if n == limit {
			return text[:at] + "…"
		}
		n++
	}
	return text
}

// visible puts a sign in the place of each character that is not to be seen:
// controls and what turns the direction of writing. Tabs and line breaks stay.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return utf8.RuneError
		}
		return r
	}, text)
}

// prose writes a sentence so that Markdown sees no markup in it, and GitHub
// neither mentions, references nor links.
func prose(text string) string {
	var b strings.Builder
	for _, r := range clip(visible(unbroken(text)), sentenceLimit) {
		switch {
		case r == '@' || r == '#':
			b.WriteString("\\" + string(r) + "\u2060") // keeps the name or number behind it from being one
		case strings.ContainsRune("\\`*_{}[]<>|~&$!", r):
			b.WriteString("\\" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	// Addresses are links without any markup.
	return strings.NewReplacer("://", "\\://", "www.", "www\\.", "WWW.", "WWW\\.").Replace(b.String())
}

// codeSpan writes a name as code. It is fit for a cell of a table.
func codeSpan(text string) string {
	text = strings.ReplaceAll(shortName(text), "|", "¦")
	if text == "" {
		return "(no name)"
	}
	ticks := strings.Repeat("`", longest(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// fenceOf returns a fence that a text does not hold.
func fenceOf(text string) string { return strings.Repeat("`", max(3, longest(text, '`')+1)) }

// longest returns the length of the longest run of a character.
func longest(text string, of rune) int {
	most, run := 0, 0
	for _, r := range text {
		if r != of {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}
