package metric

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of what feedback quotes, so that a runaway answer cannot fill the
// reflection prompt.
const (
	mostRunes = 100 // of a quoted text
	mostItems = 6   // of a list of words or titles
)

// A verdict says how an answer relates to the gold answer.
type verdict int

const (
	exact        verdict = iota // equal after normalisation
	empty                       // no word at all
	closedGold                  // the gold answer is yes, no or noanswer, the answer is not
	closedPred                  // the other way round
	extraWords                  // all of the gold answer and more
	missingWords                // a part of the gold answer and nothing else
	partial                     // some words shared
	wrong                       // no word shared
)

// A comparison is what is known about one answer and one gold answer.
type comparison struct {
	pred, gold string // as given
	verdict    verdict
	em         bool
	f1         float64
	extra      []string // words of the answer that the gold answer lacks
	missing    []string // and the other way round
}

// compare compares an answer with the gold answers. EM and F1 are each the
// best over all of them; the words are about the one that is nearest.
func compare(pred string, golds []string, score func(pred, gold string) float64) comparison {
	p := NormalizeText(pred)
	var top comparison
	nearest := -1.0
	for _, gold := range golds {
		g := NormalizeText(gold)
		s := score(p, g)
		top.f1 = max(top.f1, s)
		near := s
		if p == g {
			top.em = true
			near = 2
		}
		if near > nearest {
			nearest = near
			top.pred, top.gold = pred, gold
			predWords, goldWords := strings.Fields(p), strings.Fields(g)
			top.extra, top.missing = without(predWords, goldWords), without(goldWords, predWords)
			top.verdict = verdictOn(p, g, len(predWords)-len(top.extra), len(top.extra), len(top.missing))
		}
	}
	return top
}

// verdictOn returns the verdict on normalised texts that share so many words.
func verdictOn(pred, gold string, same, extra, missing int) verdict {
	switch {
	case pred == gold:
		return exact
	case pred == "":
		return empty
	case isClosed(gold):
		return closedGold
	case isClosed(pred):
		return closedPred
	case same == 0:
		return wrong
	case missing == 0 && extra > 0:
		return extraWords
	case extra == 0 && missing > 0:
		return missingWords
	default:
		return partial
	}
}

// String says in one or two sentences what is right or wrong with the answer.
func (c comparison) String() string {
	pred, gold := quote(c.pred), quote(c.gold)
	switch c.verdict {
	case exact:
		return fmt.Sprintf("Correct: the answer %s is exactly right.", pred)
	case empty:
		return fmt.Sprintf("The answer is empty; the gold answer is %s. Always commit to an answer.", gold)
	case closedGold:
		return c.closedWords()
	case closedPred:
		return fmt.Sprintf("The answer %s is wrong: the question does not ask for yes or no; the gold answer is %s.", pred, gold)
	case extraWords:
		return fmt.Sprintf("The answer %s holds the gold answer %s but has extra words: %s. Give the short answer span and nothing else.",
			pred, gold, quoteList(c.extra))
	case missingWords:
		return fmt.Sprintf("The answer %s is incomplete: the gold answer is %s; missing words: %s. Give the full span, such as full names and whole dates.",
			pred, gold, quoteList(c.missing))
	case partial:
		if len(c.extra) == 0 {
			return fmt.Sprintf("The answer %s has the words of the gold answer %s, but in another order.", pred, gold)
		}
		return fmt.Sprintf("The answer %s only partly matches the gold answer %s; missing words: %s; extra words: %s.",
			pred, gold, quoteList(c.missing), quoteList(c.extra))
	default:
		return fmt.Sprintf("The answer %s is wrong: the gold answer is %s.", pred, gold)
	}
}

// closedWords is String where the gold answer is yes, no or noanswer.
func (c comparison) closedWords() string {
	pred, gold := quote(c.pred), NormalizeText(c.gold)
	if gold == "noanswer" {
		return fmt.Sprintf("The answer %s is wrong: the question cannot be answered, and the gold answer is exactly %q.", pred, gold)
	}
	words := strings.Fields(NormalizeText(c.pred))
	opposite := map[string]string{"yes": "no", "no": "yes"}[gold]
	head := fmt.Sprintf("The answer %s does not say yes or no", pred)
	switch {
	case len(words) == 1 && words[0] == opposite:
		return fmt.Sprintf("The answer %s is wrong: the gold answer is %q. Check the facts about both sides before deciding.", pred, gold)
	case words[0] == gold:
		head = fmt.Sprintf("The answer %s begins rightly but goes on", pred)
	case words[0] == opposite:
		head = fmt.Sprintf("The answer %s comes to the opposite conclusion and is a sentence", pred)
	}
	return fmt.Sprintf("%s: the gold answer is the bare word %q. Answer a yes/no question with yes or no and nothing else.", head, gold)
}

// short says in a few words how an answer fails, for the sentence "its
// candidate X was …".
func (c comparison) short() string {
	switch c.verdict {
	case exact:
		return "exactly right"
	case empty:
		return "empty"
	case closedGold:
		return "not the bare word that is wanted"
	case closedPred:
		return "a yes or no where a name, date or phrase is wanted"
	case extraWords:
		return "right but with extra words"
	case missingWords:
		return "incomplete"
	case partial:
		return "only partly right"
	default:
		return "wrong"
	}
}

// quote returns a text in quotation marks, in one line and cut to mostRunes.
func quote(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	n := 0
	for i := range s {
		if n == mostRunes {
			return strconv.Quote(s[:i] + "…")
		}
		n++
	}
	return strconv.Quote(s)
}

// quoteList quotes the first items of a list and counts the others.
func quoteList(items []string) string {
	var b strings.Builder
	for i, item := range items {
		if i == mostItems {
			fmt.Fprintf(&b, " and %d more", len(items)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(item))
	}
	return b.String()
}

// quoteNames is quoteList with a word for the empty list.
func quoteNames(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return quoteList(names)
}
