package sim

import (
	"fmt"
	"strings"
)

// merge puts two instructions into one: the first one's sentences, and those
// of the second that say something else. Like [reflector.revise], it may lose
// a sentence on the way.
func (reflector) merge(m rewriting, dice Dice) string {
	kept := sentencesOf(m.current)
	for i, s := range sentencesOf(m.second) {
		if alreadySaid(kept, s) || dice.Draw(fmt.Sprint("lose ", i)) < chanceDrop {
			continue
		}
		kept = append(kept, s)
	}
	return strings.Join(kept, "\n")
}

// withoutQuoted returns a text without the lines that hold what a review of it
// quotes; where that leaves nothing, the text as it is.
func withoutQuoted(text, review string) string {
	var quotes []string
	for {
		_, rest, open := strings.Cut(review, "“")
		quote, after, closed := strings.Cut(rest, "”")
		if !open || !closed {
			break
		}
		quotes = append(quotes, strings.TrimSuffix(quote, "…"))
		review = after
	}
	if len(quotes) == 0 {
		return text
	}
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		found := false
		for _, q := range quotes {
			found = found || q != "" && strings.Contains(strings.ToLower(line), strings.ToLower(q))
		}
		if !found {
			kept = append(kept, line)
		}
	}
	if out := strings.TrimSpace(strings.Join(kept, "\n")); out != "" {
		return out
	}
	return text
}
