package propose

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sameWords reports whether texts differ in white space at most.
func sameWords(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }

func unchangedText(p Proposed) string {
	if sameWords(p.Text, p.Current) {
		return RuleUnchanged.words()
	}
	for _, source := range p.Sources {
		if sameWords(p.Text, source) {
			return "it only repeats one of the texts that it was to be made of"
		}
	}
	return ""
}

// knownTexts is the type of [gepa.ReflectRequest.Known].
type knownTexts = func(texts map[string]string) (what string, known bool)

// duplicateText says which earlier candidate texts make again.
func duplicateText(texts map[string]string, known knownTexts) string {
	if known == nil {
		return ""
	}
	what, yes := known(texts)
	if !yes {
		return ""
	}
	if what == "" {
		what = "an earlier candidate"
	}
	return "it was tried before: with it the program is " + what
}

func (l Linter) tooLong(p Proposed) string {
	most := max(l.MaxTokens, EstimateTokens(p.Current))
	for _, source := range p.Sources {
		most = max(most, EstimateTokens(source))
	}
	n := EstimateTokens(p.Text)
	return found(n > most, fmt.Sprintf("it is too long, with about %d tokens of %d allowed", n, most))
}

var namedBrace = regexp.MustCompile(`\{\{\s*[A-Za-z_][A-Za-z0-9_.]*\s*\}\}|\{[A-Za-z_][A-Za-z0-9_.]*\}`)

// placeholders returns the placeholders of a text, each once, in order.
func (l Linter) placeholders(text string) []string {
	var out []string
	pattern := l.Placeholder
	if pattern == nil {
		pattern = namedBrace
	}
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		if l.Placeholder == nil && at[0] > 0 && (isWordByte(text[at[0]-1]) || strings.IndexByte(`\}^{`, text[at[0]-1]) >= 0) {
			continue // \frac{x}{y}, x_{i}: a formula
		}
		if name := text[at[0]:at[1]]; name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (l Linter) lostPlaceholders(p Proposed) string {
	lost := slices.DeleteFunc(l.placeholders(p.Current), func(name string) bool { return strings.Contains(p.Text, name) })
	return found(len(lost) > 0, "it lacks what the program fills in and the current text has: "+strings.Join(lost, ", "))
}

// lockedSpans returns the locked spans of a text, marks included.
func (l Linter) lockedSpans(text string) []string {
	var out []string
	for {
		begin := strings.Index(text, l.LockBegin)
		if begin < 0 {
			return out
		}
		text = text[begin:]
		_, after, closed := strings.Cut(text[len(l.LockBegin):], l.LockEnd)
		if !closed {
			// What an extracted text loses at its end is white space.
			return append(out, strings.TrimSpace(text))
		}
		out = append(out, text[:len(text)-len(after)])
		text = after
	}
}

func (l Linter) lostSpans(p Proposed) string {
	rest := p.Text
	for _, span := range l.lockedSpans(p.Current) {
		before, after, kept := strings.Cut(rest, span)
		if !kept {
			return fmt.Sprintf("a locked span of the current text is lost or changed; it has to be there as it was, with its marks %s and %s", l.LockBegin, l.LockEnd)
		}
		// A span that is there twice has to be kept twice, in any order.
		rest = before + "\x00" + after
	}
	for _, text := range l.Keep[p.Component] {
		if !strings.Contains(p.Text, text) {
			return fmt.Sprintf("it lacks a text that has to stand in it as it is: %q", text)
		}
	}
	return ""
}

// keep are sentences by which a model knows before it writes what the linter
// will look for.
func (l Linter) keep(component, current string) []string {
	l = l.withDefaults()
	var out []string
	if names := l.placeholders(current); len(names) > 0 && l.Level(RulePlaceholder) != LevelOff {
		out = append(out, "Keep what the program fills in, exactly as it is written: "+strings.Join(names, ", ")+".")
	}
	if len(l.lockedSpans(current)) > 0 && l.Level(RuleLocked) != LevelOff {
		out = append(out, "Keep every span from "+l.LockBegin+" to "+l.LockEnd+" as it is, to the letter and with these marks.")
	}
	if kept := l.Keep[component]; len(kept) > 0 && l.Level(RuleLocked) != LevelOff {
		quoted := make([]string, len(kept))
		for i, text := range kept {
			quoted[i] = strconv.Quote(text)
		}
		out = append(out, "Keep these texts in it, to the letter: "+strings.Join(quoted, ", ")+".")
	}
	return out
}

// A metaPattern matches words of a text about its own making.
type metaPattern struct {
	*regexp.Regexp
	// topic is a word that makes such words innocent if the component itself
	// deals in it; "" if nothing does.
	topic string
	// examples says that the words are innocent after examples of the text's
	// own.
	examples bool
}

var (
	introduces = regexp.MustCompile(`(?i)\b(here is|here's|here are|below is|the following is)\b[^.:;\n]{0,40}\b(improved|revised|updated|rewritten|refined|new|better)\b[^.:;\n]{0,30}\b(instructions?|prompt)\b`)
	byFeedback = regexp.MustCompile(`(?i)\b(based on|according to|in light of|in response to|to address|addressing|as per) (the|this|that|your|all|all the|all of the) (provided |above |given |recorded |received |reviewer'?s? |judge'?s? )?feedback\b`)
	ofFeedback = regexp.MustCompile(`(?i)\bthe feedback (above|below|shown|provided|given|recorded|says|shows|indicates|suggests|points|mentions|notes)\b`)
	ofExamples = regexp.MustCompile(`(?i)\bexamples? (shown |given |provided |recorded )?above\b|\b(the )?(above|aforementioned|recorded) examples?\b`)
	asAnAI     = regexp.MustCompile(`(?i)\bas an ai (language )?model\b|\bas an ai[,;]|\bI am an ai\b|\bI'm an ai\b`)
	ofVersions = regexp.MustCompile(`(?i)\bthis (new|improved|revised|updated|rewritten|refined) (version of the )?(instructions?|prompt)\b|\b(than|unlike) the (old|previous|original|earlier) (version of the )?(instructions?|prompt)\b`)
	ofChanges  = regexp.MustCompile(`(?m)(^|[.!?] )I('ve| have) (added|updated|revised|improved|rewritten|included|incorporated|clarified|kept|removed)\b`)
	ofFields   = regexp.MustCompile(`\b(curr_instruction|input_output_feedbacks|rejected_edits|new_instruction)\b|<curr_param>|<side_info>`)
)

// metaPatterns are what texts of optimizers say about themselves.
func metaPatterns() []metaPattern {
	return []metaPattern{
		{Regexp: introduces},
		{Regexp: byFeedback, topic: "feedback"},
		{Regexp: ofFeedback, topic: "feedback"},
		{Regexp: ofExamples, topic: "example", examples: true},
		{Regexp: asAnAI},
		{Regexp: ofVersions},
		{Regexp: ofChanges},
		{Regexp: ofFields},
	}
}

var ownExamples = regexp.MustCompile(`(?i)\bexamples?\b|\be\.g\.|\bfor instance\b`)

// metaText finds words of a text about its own making.
func metaText(p Proposed, d *lintData) string {
	for _, m := range metaPatterns() {
		for _, at := range m.FindAllStringIndex(p.Text, -1) {
			words := p.Text[at[0]:at[1]]
			switch {
			case containsFold(p.Current, words) || slices.ContainsFunc(p.Sources, func(s string) bool { return containsFold(s, words) }):
			case at[0] > 0 && strings.HasSuffix(strings.TrimRight(p.Text[:at[0]], "("), `"`), strings.HasSuffix(p.Text[:at[0]], "'"),
				strings.HasSuffix(p.Text[:at[0]], "“"), strings.HasSuffix(p.Text[:at[0]], "`"):
				// It is quoted: what to say, or not to.
			case m.topic != "" && (containsFold(p.Current, m.topic) || d.hasField(m.topic)):
			case m.examples && ownExamples.MatchString(p.Text[:at[0]]):
			default:
				return "it speaks of its own making to a reader who will see nothing but the text: " + quoted(words)
			}
		}
	}
	return ""
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// quoted is a piece of a text in one short line.
func quoted(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return "“" + text + "”"
}
