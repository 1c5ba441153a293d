package sim

import (
	"strings"
)

// A Habit is a way of working that an instruction can ask for.
type Habit int

// The habits of the reader.
const (
	// Bare answers consist of the answer and nothing else.
	Bare Habit = iota
	// Verbatim answers are copied from the material.
	Verbatim
	// FullNames are given rather than parts of names.
	FullNames
	// PlainYesNo answers are one word.
	PlainYesNo
	// BothHops are followed: the answer is the last link of the chain.
	BothHops
	// RightKind answers are of the kind the question asks for.
	RightKind
	// Comparing looks up both sides before it decides.
	Comparing
	// FullDates are given, and numbers with their units.
	FullDates
	// Checking holds a proposed answer against the material.
	Checking
	// BriefReasons keeps explanations to a few lines.
	BriefReasons
	habits
)

// Guidance is what an instruction was understood to ask for: 1 is a clear
// demand, 0 none. What an instruction forbids counts like what it leaves out.
type Guidance [habits]float64

// clause is a stretch of an instruction that is read as one demand.
type clause struct {
	words   []string
	means   []concept
	negated []bool
}

// follows reads an instruction.
func (l lexicon) follows(instruction string) Guidance {
	var g Guidance
	sane, total := 0, 0
	known := func(low string) bool { return l.meaning(low) != 0 }
	var clauses []clause
	for _, s := range splitSentences(instruction) {
		good, checks := wellFormed(s, known)
		sane += good
		total += checks
		if checks-good >= 2 && float64(good) < 0.7*float64(checks) {
			continue
		}
		clauses = append(clauses, l.clause(s))
	}
	order := 1.0
	if total > 0 {
		order = ramp(float64(sane+4)/float64(total+4), 0.78, 0.88)
	}
	var forWeight, against [habits]float64
	for _, c := range clauses {
		l.readClause(c, &forWeight, &against)
	}
	length := dilution(len(strings.Fields(instruction)))
	for h := range g {
		if forWeight[h] == 0 {
			continue
		}
		agree := forWeight[h] / (forWeight[h] + 1.5*against[h])
		if against[h] >= forWeight[h] {
			agree *= 0.5
		}
		g[h] = agree * order * length
	}
	return g
}

// ramp is 0 below from, 1 above to, and straight between.
func ramp(x, from, to float64) float64 { return max(0, min(1, (x-from)/(to-from))) }

// dilution is what is left of every demand in an instruction of n words.
func dilution(n int) float64 {
	const free, half = 380, 1400
	if n <= free {
		return 1
	}
	return max(0.3, 1-0.5*float64(n-free)/half)
}

// splitSentences splits an instruction into sentences of lower-case words;
// marks of punctuation are words of their own. A line break ends a sentence.
func splitSentences(text string) [][]word {
	var out [][]word
	for line := range strings.Lines(text) {
		line = strings.NewReplacer("**", " ", "*", " ", "`", " ", "’", "'", "“", `"`, "”", `"`, "e.g.", "for example", "i.e.", "that is", "n't", " not", "word for word", "verbatim", "Word for word", "Verbatim", "word by word", "verbatim", "letter for letter", "verbatim", "letter by letter", "verbatim", "character by character", "verbatim", "character for character", "verbatim", "es-or-no", "es or no", "es/no", "es or no").Replace(line)
		toks := words(line)
		from := 0
		for i := range toks {
			end := sentenceEnd(toks, i) || toks[i].text == ";" || i == len(toks)-1
			if end {
				if s := trimMarks(toks[from : i+1]); len(s) > 0 {
					out = append(out, s)
				}
				from = i + 1
			}
		}
	}
	return out
}

// trimMarks drops bullets and numbering before a sentence.
func trimMarks(s []word) []word {
	for len(s) > 0 && (s[0].punct && s[0].text != `"` && s[0].text != "'" || s[0].digit && len(s) > 1 && s[1].punct && s[1].text != "-") {
		s = s[1:]
	}
	return s
}

// clause finds the meanings of a sentence's words and which of them are
// negated.
func (l lexicon) clause(s []word) clause {
	c := clause{words: make([]string, len(s)), means: make([]concept, len(s)), negated: make([]bool, len(s))}
	for i, w := range s {
		c.words[i] = strings.ToLower(w.text)
		if !w.punct {
			c.means[i] = l.meaning(c.words[i])
		}
	}
	c.nameQuestions()
	scope := 0
	flipped := false
	for i, w := range c.words {
		switch {
		case boundary(w), w == "to" && c.at(i-1) == "down", w == "before", w == "until":
			// "trimmed down to the name" keeps the name.
			scope, flipped = 0, false
		case c.negator(i):
			// What is left out, or kept from being left out, may itself be asked for.
			c.negated[i] = flipped && scope > 0
			flipped = !flipped || scope == 0 || w == "nor"
			scope = 14
			continue
		case scope > 0 && c.limit(i):
			// "not more than a few words" asks for few words.
			flipped = false
		}
		if scope > 0 {
			scope--
			c.negated[i] = flipped
			// What may not be changed is wanted as it is.
			flipped = flipped && c.means[i]&cAlter == 0
		}
	}
	c.condemn()
	return c
}

// nameQuestions takes "yes or no" before "question" for the name of a sort of
// question: it asks for nothing.
func (c clause) nameQuestions() {
	for i, w := range c.words {
		if w != "yes" {
			continue
		}
		for j := i + 1; j <= i+4; j++ {
			if strings.HasPrefix(c.at(j), "question") || strings.HasPrefix(c.at(j), "quer") {
				c.means[i] &^= cYes
			}
		}
	}
}

// condemn negates the subject of a sentence that turns it down: "long answers
// are not wanted", "full names must not be given", "checking is pointless".
func (c clause) condemn() {
	for i, w := range c.words {
		switch w {
		case "acceptable", "allowed", "permitted", "welcome", "wanted", "desired", "desirable", "needed", "necessary", "required", "okay":
			if c.at(i-1) == "not" {
				c.negateBefore(i)
			}
		case "unnecessary", "undesirable", "undesired", "unwanted", "forbidden", "prohibited", "discouraged", "pointless", "useless", "unacceptable", "wrong", "mistake":
			if c.isSaid(i) {
				c.negateBefore(i)
			}
		case "avoided", "omitted", "dropped", "skipped", "ignored":
			if c.at(i-1) == "be" && c.at(i-2) != "not" && c.at(i-2) != "never" {
				c.negateBefore(i)
			}
		case "not", "never":
			if modal(c.at(i-1)) && c.at(i+1) == "be" && c.negated[min(i+2, len(c.words)-1)] && !c.spoils(i+2) {
				c.negateBefore(i)
			}
		}
	}
}

// isSaid reports whether the word at i is said of something, and not as a
// condition: "is wrong", but not "if it is wrong" or "is wrong to".
func (c clause) isSaid(i int) bool {
	if c.at(i+1) == "to" {
		return false
	}
	said := false
	for j := i - 1; j >= 0 && !boundary(c.words[j]); j-- {
		switch w := c.words[j]; {
		case finite(w) || w == "be":
			said = said || i-j <= 2
		case conjunction(w) && w != "and" && w != "or" || w == "not":
			return false
		}
	}
	return said
}

// spoils reports whether what the verb at i does to a thing is to change it or
// to leave it out.
func (c clause) spoils(i int) bool {
	switch c.at(i) {
	case "left", "lost", "omitted", "dropped", "skipped", "ignored", "missing", "shortened", "abbreviated", "truncated":
		return true
	}
	return i < len(c.means) && c.means[i]&(cAlter|cOmit|cPart) != 0
}

func (c clause) negateBefore(i int) {
	for j := i - 1; j >= 0 && !boundary(c.words[j]); j-- {
		c.negated[j] = true
	}
}

func boundary(w string) bool {
	switch w {
	case ",", ";", ":", "(", ")", "—", "–", "but", "instead", "then", "unless", "because", "so", "even":
		return true
	}
	return false
}

func (c clause) at(i int) string {
	if i < 0 || i >= len(c.words) {
		return ""
	}
	return c.words[i]
}

// negator reports whether the word at i turns what follows into its opposite.
func (c clause) negator(i int) bool {
	switch c.words[i] {
	case "not", "cannot":
		return c.at(i+1) != "only" && c.at(i-1) != "or" && c.at(i-1) != "if" && c.at(i-1) != "whether"
	case "stop", "quit":
		return strings.HasSuffix(c.at(i+1), "ing")
	case "nobody", "refuse", "decline", "never", "avoid", "avoiding", "without", "refrain", "omit", "skip", "neither", "nor", "resist", "forbid", "ignore", "dispense", "exclude", "strip", "remove",
		"leave", "leaving", "omitting", "skipping", "excluding", "removing", "ignoring", "cut", "cutting", "drop", "dropping", "lose", "losing", "trim", "trimming":
		return true
	case "wrong", "mistake", "error", "unnecessary", "pointless", "useless", "forbidden", "needless":
		return c.at(i+1) == "to"
	case "free", "devoid":
		return c.at(i+1) == "of"
	case "no":
		for j := i - 3; j <= i+3; j++ {
			if c.at(j) == "yes" {
				return false
			}
		}
		return c.at(i+1) != "more" && c.at(i+1) != "longer" && i+1 < len(c.words) && !boundary(c.at(i+1)) && c.at(i+1) != "\""
	case "nothing":
		return modal(c.at(i + 1))
	case "rather":
		return c.at(i+1) == "than"
	case "of":
		return c.at(i-1) == "instead"
	}
	return false
}

// limit reports whether the negated word at i sets a limit: "not longer than",
// "no other than", "nothing but".
func (c clause) limit(i int) bool {
	switch c.words[i] {
	case "more", "longer", "other", "anything", "else", "further", "bigger", "beyond":
		for j := i; j <= i+3; j++ {
			if c.at(j) == "than" || c.at(j) == "but" || c.at(j) == "beyond" || c.at(j) == "except" {
				return true
			}
		}
	}
	return false
}
