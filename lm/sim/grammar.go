package sim

import "strings"

// wellFormed checks the order of a sentence's function words against a few
// rules of English: how many checks it made and how many passed. Sentences
// pass almost all; the same words shuffled fail about every second.
func wellFormed(s []word, known func(low string) bool) (good, checks int) {
	note := func(ok bool) {
		checks++
		if ok {
			good++
		}
	}
	at := func(i int) string {
		if i < 0 || i >= len(s) || s[i].punct && s[i].text != `"` && s[i].text != "'" {
			return ""
		}
		return strings.ToLower(s[i].text)
	}
	for i, w := range s {
		low := at(i)
		if low == "" || w.punct {
			if w.text == "." && i+1 < len(s) && !s[i+1].punct {
				note(false) // a full stop and no new sentence
			}
			continue
		}
		j := i + 1
		for j < len(s) && (s[j].text == `"` || s[j].text == "'") {
			j++
		}
		next, prev := at(j), at(i-1)
		switch {
		case article(low), low == "your", low == "their", low == "every":
			note(next != "" && !article(next) && !preposition(next) && !conjunction(next) && !auxiliary(next) && !modal(next) && !orderVerb(next) && !pronoun(next) && next != "not" && next != "to")
		case modal(low):
			note(next == "" && pronoun(prev) || next != "" && !article(next) && !preposition(next) && !conjunction(next) && !modal(next))
		case preposition(low) && low != "as" && low != "to" && low != "than" && low != "like" && low != "after" && low != "before":
			note((next != "" || verbBefore(prev)) && !conjunctionOnly(next) && !modal(next) && !finite(next) && !(orderVerb(next) && low != "about") && (!preposition(next) || next == "within" || next == "between" || low == "from" || next == "to" || next == "in" || next == "as"))
		case conjunction(low) && low != "if" && low != "when" && low != "that" && low != "then" && low != "so":
			note(next != "" && !conjunctionOnly(next) || prev == "yes")
		case low == "not" || low == "never":
			note(next != "" && !finite(next))
		case low == "to":
			note(next == "" || !preposition(next) && !conjunctionOnly(next) && !modal(next) && !finite(next))
		case low == "than":
			note(comparative(i, at))
		case finite(low) && !w.upper:
			note(i > 0 && next != "" && next != "of")
		}
		if orderVerb(low) {
			note(orderPosition(s, i, prev))
		}
		if i > 0 && w.upper && !finite(low) && (functionWord(low) || orderVerb(low)) && w.text != strings.ToUpper(w.text) {
			note(s[i-1].punct)
		} else if i > 0 && w.upper && len(w.text) > 1 && w.text != strings.ToUpper(w.text) && !s[i-1].punct && !s[i-1].upper && known(low) {
			note(false)
		}
		if i == 0 && !w.upper && !w.digit && low == "of" {
			note(false)
		}
	}
	last := s[len(s)-1]
	if last.punct && len(s) > 1 {
		last = s[len(s)-2]
	}
	if f := strings.ToLower(last.text); article(f) || conjunctionOnly(f) || modal(f) || f == "your" || f == "every" {
		note(false)
	}
	return good, checks
}

func comparative(i int, at func(int) string) bool {
	for j := i - 1; j >= 0 && j > i-7; j-- {
		w := at(j)
		if w == "rather" || w == "other" || w == "more" || w == "less" || w == "else" || strings.HasSuffix(w, "er") && len(w) > 4 {
			return true
		}
	}
	return false
}

// orderPosition reports whether a verb that gives an order stands where one
// can: at the start, after a mark, a conjunction, an auxiliary, an adverb.
func orderPosition(s []word, i int, prev string) bool {
	if prev == "" {
		return true
	}
	return conjunction(prev) || auxiliary(prev) || modal(prev) || pronoun(prev) || strings.HasSuffix(prev, "ly") || len(s) > i && s[i-1].punct ||
		prev == "to" || prev == "not" || prev == "never" || prev == "always" || prev == "please" || prev == "just" || prev == "also" ||
		prev == "first" || prev == "finally" || prev == "next" || prev == "and" || prev == "rather" || prev == "only" || prev == "that" || prev == "paragraphs" || prev == "questions" || prev == "than" ||
		prev == "names" || prev == "facts" || prev == "instead" || prev == "again" || prev == "help" || prev == "otherwise"
}

func verbBefore(prev string) bool {
	return strings.HasSuffix(prev, "ed") || strings.HasSuffix(prev, "s") || prev == "ask" || prev == "comes" || prev == "rely" || prev == "begin" || prev == "look"
}

func article(w string) bool { return w == "a" || w == "an" || w == "the" }

func modal(w string) bool {
	switch w {
	case "must", "should", "shall", "can", "could", "will", "would", "may", "might", "cannot":
		return true
	}
	return false
}

func finite(w string) bool {
	switch w {
	case "is", "are", "was", "were", "has":
		return true
	}
	return false
}

func conjunction(w string) bool {
	switch w {
	case "and", "or", "but", "if", "when", "because", "so", "then", "that", "unless", "while", "until", "whether", "where", "nor":
		return true
	}
	return false
}

func conjunctionOnly(w string) bool { return w == "and" || w == "or" || w == "but" || w == "because" }

func pronoun(w string) bool {
	switch w {
	case "you", "it", "they", "we", "he", "she", "them", "i":
		return true
	}
	return false
}

func functionWord(w string) bool {
	return article(w) || preposition(w) || conjunction(w) || modal(w) || finite(w) || pronoun(w)
}

// orderVerb reports whether a word is, nearly always, a verb in its base form.
func orderVerb(w string) bool {
	switch w {
	case "keep", "give", "provide", "ensure", "avoid", "identify", "follow", "verify", "choose", "include", "return", "write", "make",
		"find", "compare", "confirm", "locate", "determine", "select", "prefer", "emphasize", "propose", "explain", "read", "add", "be",
		"remove", "replace", "trace", "decide", "respond", "infer", "extract", "contain", "preserve", "omit", "consider":
		return true
	}
	return false
}
