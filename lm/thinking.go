package lm

import "strings"

const thinkOpen, thinkClose = "<think>", "</think>"

// SplitThinking takes the thinking that some models write into their reply's
// text, <think>…</think>, out of it. Only a block at the start counts, or
// several after each other: tags further on are the reply's own. A block whose
// opening tag is in the prompt, as some chat templates have it, ends with a
// line that is nothing but the closing tag.
//
// An unclosed block means that there is no answer: text is empty then, and
// open is true.
func SplitThinking(reply string) (text, thinking string, open bool) {
	text = reply
	var thoughts []string
	note := func(thought string) {
		if thought = strings.TrimSpace(thought); thought != "" {
			thoughts = append(thoughts, thought)
		}
	}
	if thought, after, found := cutAtLine(text, thinkClose); found && !strings.Contains(thought, thinkOpen) {
		note(thought)
		text = strings.TrimSpace(after)
	}
	for {
		rest, found := strings.CutPrefix(strings.TrimSpace(text), thinkOpen)
		if !found {
			return text, strings.Join(thoughts, "\n\n"), false
		}
		thought, after, closed := strings.Cut(rest, thinkClose)
		note(thought)
		if !closed {
			return "", strings.Join(thoughts, "\n\n"), true
		}
		text = strings.TrimSpace(after)
	}
}

// cutAtLine cuts s at the first line that is nothing but sep and white space.
func cutAtLine(s, sep string) (before, after string, found bool) {
	at := 0
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) == sep {
			return s[:at], s[at+len(line):], true
		}
		at += len(line)
	}
	return s, "", false
}
