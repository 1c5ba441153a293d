package sim

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A word is a token of a text: a word, a number, or one punctuation mark.
type word struct {
	text       string // as written
	key        string // what it is matched by
	start, end int    // byte offsets in the text
	upper      bool   // starts with a capital letter
	digit      bool   // starts with a digit
	punct      bool   // is a punctuation mark (or a possessive ending)
	first      bool   // first word of its sentence
	name       bool   // part of a name, as far as capitals tell
}

func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// words splits a text into tokens. A possessive ending is a mark of its own,
// initials keep their full stop, numbers keep theirs and their commas.
func words(text string) []word {
	out := make([]word, 0, len(text)/5)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) {
			i += size
			continue
		}
		if !wordRune(r) {
			out = append(out, word{text: text[i : i+size], start: i, end: i + size, punct: true})
			i += size
			continue
		}
		end := wordEnd(text, i)
		w := word{text: text[i:end], start: i, end: end, upper: unicode.IsUpper(r), digit: unicode.IsDigit(r)}
		out = append(out, w)
		i = end
		if n := possessive(text[i:]); n > 0 {
			out = append(out, word{text: text[i : i+n], start: i, end: i + n, punct: true})
			i += n
		}
	}
	return out
}

func wordEnd(text string, start int) int {
	i := start
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if wordRune(r) {
			i += size
			continue
		}
		if i == start || !joins(text, start, i, r, size) {
			break
		}
		i += size
	}
	return i
}

// joins reports whether the mark r at i belongs inside the word around it.
func joins(text string, start, i int, r rune, size int) bool {
	next, _ := utf8.DecodeRuneInString(text[i+size:])
	prev, _ := utf8.DecodeLastRuneInString(text[:i])
	switch r {
	case '-':
		return wordRune(next)
	case '\'', '’':
		return unicode.IsLetter(next) && possessive(text[i:]) == 0
	case '.':
		if unicode.IsDigit(prev) && unicode.IsDigit(next) {
			return true
		}
		initial := utf8.RuneCountInString(text[start:i]) == 1 || strings.Contains(text[start:i], ".")
		return initial && unicode.IsUpper(prev) && (i+size == len(text) || !unicode.IsLetter(next) || unicode.IsUpper(next))
	case ',':
		return unicode.IsDigit(prev) && unicode.IsDigit(next)
	default:
		return false
	}
}

// possessive returns the length of a possessive ending at the start of text.
func possessive(text string) int {
	for _, mark := range []string{"'s", "’s"} {
		if rest, ok := strings.CutPrefix(text, mark); ok {
			r, _ := utf8.DecodeRuneInString(rest)
			if rest == "" || !wordRune(r) {
				return len(mark)
			}
		}
	}
	return 0
}

// stem cuts a lower-case English word to a form that its inflections and
// nearest derivations share. It is rough: it only has to be the same for
// "directed", "director" and "directing".
func stem(w string) string {
	if s, ok := irregular(w); ok {
		return s
	}
	n := len(w)
	if n <= 3 {
		return w
	}
	switch {
	case strings.HasSuffix(w, "ies") && n > 4:
		w = w[:n-3] + "y"
	case strings.HasSuffix(w, "sses"):
		w = w[:n-2]
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us"):
		w = w[:n-1]
	}
	for _, suffix := range []string{"ation", "ment", "ing", "ion", "ed", "er", "or", "al", "ly"} {
		if rest, ok := strings.CutSuffix(w, suffix); ok && len(rest) >= 3 && strings.ContainsAny(rest, "aeiouy") {
			w = rest
			break
		}
	}
	w = strings.TrimSuffix(w, "e")
	if n := len(w); n > 3 && w[n-1] == w[n-2] && !strings.ContainsRune("aeiousl", rune(w[n-1])) {
		w = w[:n-1]
	}
	return w
}

// irregular returns the common key of words that an ending does not tie
// together: irregular forms, and words by which English speaks of one relation.
func irregular(w string) (string, bool) {
	switch w {
	case "wrote", "written", "write", "writes", "writer", "writers", "writing", "author", "authors", "authored", "novelist", "poet":
		return "writ", true
	case "birth", "birthplace", "birthday", "born", "grew":
		return "born", true
	case "death", "died", "dies", "die", "dead":
		return "die", true
	case "won", "winner", "winning", "wins", "win", "winners", "received", "receive", "recipient", "awarded":
		return "win", true
	case "award", "awards", "prize", "prizes", "medal":
		return "prize", true
	case "led", "leader", "leads", "leading", "lead":
		return "lead", true
	case "sang", "sung", "sings", "singer", "singing", "sing", "singers", "vocalist", "vocals", "fronted", "frontman":
		return "sing", true
	case "built", "build", "builds", "builder", "constructed", "construction":
		return "build", true
	case "held", "hold", "holds", "collection", "objects", "exhibits":
		return "hold", true
	case "men", "man":
		return "man", true
	case "women", "woman":
		return "woman", true
	case "actress", "actresses", "actor", "actors", "acting", "acted", "star", "stars", "starring", "starred", "cast", "plays", "played", "appear", "appeared", "appears", "role":
		return "act", true
	case "movie", "movies", "film", "films":
		return "film", true
	case "series", "news", "species":
		return w, true
	case "founded", "founder", "founders", "founding", "established", "establish", "establishment", "formed", "created":
		return "found", true
	case "located", "location", "situated", "lies", "lie", "stands", "headquartered", "headquarters", "based":
		return "locat", true
	case "married", "marry", "marriage", "wife", "husband", "spouse", "wedding", "wed":
		return "marry", true
	case "taught", "teach", "teacher", "teaches", "mentor", "pupil", "apprentice", "tutor", "learn", "learned", "learnt":
		return "teach", true
	case "studied", "study", "studies", "educated", "education", "attended", "attend", "graduated", "graduate", "enrolled", "alumnus", "scholarship":
		return "study", true
	case "music", "score", "composer", "composed", "soundtrack", "compose":
		return "music", true
	case "population", "inhabitants", "residents", "people":
		return "people", true
	case "employed", "employs", "employees", "employ", "workforce", "staff":
		return "employ", true
	case "elevation", "high", "height", "altitude", "tall", "highest", "higher":
		return "high", true
	case "shot", "filmed", "filming", "shooting":
		return "shot", true
	case "premiere", "premiered", "debut", "performed":
		return "premier", true
	case "flow", "flows", "empties", "empty", "runs", "flowing":
		return "flow", true
	case "based-on", "adapted", "adaptation", "taken":
		return "adapt", true
	case "climbed", "ascent", "climb", "ascended", "climbing":
		return "climb", true
	case "name", "named", "names", "called", "known":
		return "name", true
	case "painted", "painter", "painting", "paintings":
		return "paint", true
	case "designed", "designer", "design", "architect":
		return "design", true
	default:
		return "", false
	}
}

// sentenceEnd reports whether the mark at i of toks ends a sentence.
func sentenceEnd(toks []word, i int) bool {
	switch toks[i].text {
	case ".", "!", "?":
	default:
		return false
	}
	j := i + 1
	for j < len(toks) && toks[j].punct && (toks[j].text == `"` || toks[j].text == ")" || toks[j].text == "”") && toks[j].start == toks[j-1].end {
		j++
	}
	if j >= len(toks) {
		return true
	}
	if toks[j].start == toks[j-1].end {
		return false
	}
	if i > 0 && abbreviation(toks[i-1].text) {
		return false
	}
	return toks[j].upper || toks[j].punct || toks[j].digit
}

func abbreviation(w string) bool {
	switch w {
	case "Dr", "Mr", "Mrs", "Ms", "St", "Jr", "Sr", "vs", "v", "No", "Vol", "Mt", "Ft", "Lt", "Col", "Gen", "Capt", "Sgt", "Rev", "Prof", "approx", "ca", "c", "Inc", "Co", "Ltd", "Bros":
		return true
	}
	return false
}

// stopword reports whether a lower-case word says nothing about the subject.
func stopword(w string) bool {
	switch w {
	case "a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "by", "with", "as", "and", "or", "but", "nor", "so",
		"is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "do", "does", "did", "will", "would",
		"can", "could", "may", "might", "shall", "should", "must", "it", "its", "he", "she", "his", "her", "him", "they",
		"them", "their", "this", "that", "these", "those", "there", "here", "what", "which", "who", "whom", "whose", "when",
		"where", "how", "why", "not", "no", "also", "than", "then", "into", "onto", "over", "under", "up", "down", "out",
		"about", "after", "before", "between", "during", "while", "both", "each", "such", "same", "other", "another", "any",
		"some", "all", "more", "most", "many", "much", "one", "name", "named", "called", "known", "if", "i", "you", "we", "our",
		"your", "my", "me", "us", "who's", "s", "upon", "through", "within", "without", "against", "among", "along",
		"because", "however", "only", "very", "just", "too", "own", "well", "it's", "per", "via", "off", "ever":
		return true
	}
	return false
}
