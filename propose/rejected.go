package propose

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/gepa-go/gepa"
)

// A rejectedEdit is an earlier edit as a prompt shows it.
type rejectedEdit struct {
	gepa.RejectedEdit
	// shown is what was edited and why it failed, cut to its budget.
	shown string
}

// rejectedEdits returns the edits of one component, written against its
// current text and cut to a budget of tokens altogether.
func rejectedEdits(edits []gepa.RejectedEdit, component, current string, tokens int) []rejectedEdit {
	var out []rejectedEdit
	var texts []string
	for _, e := range edits {
		if e.Component != component || sameWords(e.Text, "") || sameWords(e.Text, current) {
			continue
		}
		out = append(out, rejectedEdit{RejectedEdit: e})
		texts = append(texts, editText(current, e))
	}
	for i, text := range cutTexts(texts, tokens) {
		out[i].shown = text
	}
	return out
}

// editText writes what an edit would have made of the current text: the
// changed words, or the whole text where little of the old one is left.
func editText(current string, e gepa.RejectedEdit) string {
	text := e.Text
	form := "Text"
	if diff := wordDiff(current, e.Text); len(diff) < len(text)*3/4 {
		text, form = diff, "Change of the current instruction"
	}
	reason := e.Reason
	if reason == "" {
		reason = "(not recorded)"
	}
	return form + ":\n" + text + "\n\nRejected because:\n" + reason
}

// rejectedText lays out rejected edits for a prompt.
func rejectedText(edits []rejectedEdit, f fence) string {
	var b strings.Builder
	b.WriteString(f.label("what was tried"))
	b.WriteString("Removed words stand in [- -], added ones in {+ +}; scores are sums over a minibatch.\n")
	for i, e := range edits {
		fmt.Fprintf(&b, "\nEdit %d of %d, scored %s where the instruction it was to replace scored %s\n%s\n",
			i+1, len(edits), number(e.Child), number(e.Parent), f.around(e.shown))
	}
	return b.String()
}

// wordContext is how many unchanged words are shown about a change.
const wordContext = 4

// wordDiff writes a change as the words that went and came, in their place:
// "… the [-short-]{+complete+} name of …". It is "" if no word differs.
func wordDiff(from, to string) string {
	// The library compares lines: one word each, and a word of its own for
	// every line break.
	old, edited := wordLines(from), wordLines(to)
	edits := udiff.Lines(strings.Join(old, ""), strings.Join(edited, ""))
	var parts []string
	at, offset := 0, 0 // the next old word and where it begins
	unchanged := func(until int, last bool) {
		var same []string
		for ; at < len(old) && offset < until; at++ {
			offset += len(old[at])
			same = append(same, old[at])
		}
		first := len(parts) == 0
		switch {
		case first && last:
		case first && len(same) > wordContext:
			parts = append(append(parts, "…"), same[len(same)-wordContext:]...)
		case last && len(same) > wordContext:
			parts = append(append(parts, same[:wordContext]...), "…")
		case !first && !last && len(same) > 2*wordContext:
			parts = append(append(append(parts, same[:wordContext]...), "…"), same[len(same)-wordContext:]...)
		default:
			parts = append(parts, same...)
		}
	}
	for _, e := range edits {
		unchanged(e.Start, false)
		var gone []string
		for ; at < len(old) && offset < e.End; at++ {
			offset += len(old[at])
			gone = append(gone, old[at])
		}
		mark := ""
		if words := joinWords(gone); words != "" {
			mark += "[-" + words + "-]"
		}
		if words := joinWords(strings.SplitAfter(e.New, "\n")); words != "" {
			mark += "{+" + words + "+}"
		}
		if mark != "" {
			parts = append(parts, mark)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	unchanged(len(strings.Join(old, "")), true)
	return joinWords(parts)
}

// wordLines returns the words of a text, each with a line break after it; the
// text's own line breaks are the word ¶.
func wordLines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		for word := range strings.FieldsSeq(line) {
			out = append(out, word+"\n")
		}
		if strings.HasSuffix(line, "\n") {
			out = append(out, "¶\n")
		}
	}
	return out
}

// joinWords undoes [wordLines]; line breaks become a stroke.
func joinWords(words []string) string {
	var out []string
	for _, w := range words {
		if w = strings.TrimSuffix(w, "\n"); w == "¶" {
			w = "/"
		}
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
