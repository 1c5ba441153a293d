package sim

import "strings"

// kind is what sort of answer a question asks for.
type kind int

const (
	kindThing kind = iota
	kindPerson
	kindPlace
	kindDate
	kindYear
	kindNumber
	kindYesNo
	kindNation
	kindWork
	kindCommon // what several things have in common
	kinds      // how many kinds there are
)

// A query is a question as the reader understands it.
type query struct {
	words  []word
	keys   []string        // distinct content keys, in order
	set    map[string]bool // the same as a set
	kind   kind
	focus  []string // keys of the noun after "what" or "which", head last
	either bool     // offers a choice: "X or Y"
	both   bool     // speaks of two things at once
	names  [][]string
}

func readQuestion(text string) *query {
	return &query{words: words(text), set: map[string]bool{}}
}

// understand completes the reading once the document is known, which tells
// names from other words.
func (q *query) understand(d *document) {
	d.annotate(q.words)
	for _, w := range q.words {
		if w.punct || stopword(w.key) || q.set[w.key] {
			continue
		}
		q.set[w.key] = true
		q.keys = append(q.keys, w.key)
	}
	for i := 0; i < len(q.words); i++ {
		if !q.words[i].name {
			continue
		}
		j := i
		var run []string
		for j < len(q.words) && (q.words[j].name || j+1 < len(q.words) && connector(q.words[j].text) && q.words[j+1].name) {
			run = append(run, q.words[j].key)
			j++
		}
		q.names = append(q.names, run)
		i = j
	}
	q.classify()
}

func (q *query) at(i int) string {
	if i < 0 || i >= len(q.words) {
		return ""
	}
	return strings.ToLower(q.words[i].text)
}

// has reports whether the lower-case words occur in the question in a row.
func (q *query) has(phrase ...string) bool {
	for i := range q.words {
		ok := true
		for j, p := range phrase {
			if q.at(i+j) != p {
				ok = false
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

func (q *query) classify() {
	q.both = q.has("both") || q.has("in", "common") || q.has("share") || q.has("same")
	wh := -1
	for i := range q.words {
		switch q.at(i) {
		case "who", "whom", "whose", "what", "which", "when", "where", "how":
			// A relative pronoun inside the question is not the question word,
			// unless there is no other.
			relative := i > 0 && (q.at(i) == "who" || q.at(i) == "whose" || q.at(i) == "which" || q.at(i) == "where" || q.at(i) == "when") &&
				!preposition(q.at(i-1)) && q.at(i-1) != ","
			if wh < 0 || !relative && q.weak(wh) {
				wh = i
			}
		}
	}
	if wh >= 0 {
		q.focus = q.focusAfter(wh)
	}
	for i := range q.words {
		if q.at(i) == "or" && i > 0 {
			q.either = true
		}
	}
	q.kind = q.kindAt(wh)
}

// weak reports whether the question word at i reads as a relative pronoun.
func (q *query) weak(i int) bool {
	if i == 0 || preposition(q.at(i-1)) {
		return false
	}
	switch q.at(i) {
	case "who", "whose", "which", "where", "when":
		return true
	}
	return false
}

func (q *query) kindAt(wh int) kind {
	if auxiliary(q.at(0)) && (wh < 0 || q.weak(wh)) {
		return kindYesNo
	}
	if wh < 0 {
		return kindThing
	}
	switch q.at(wh) {
	case "who", "whom":
		return kindPerson
	case "whose":
		return kindPerson
	case "when":
		return kindDate
	case "where":
		return kindPlace
	case "how":
		switch q.at(wh + 1) {
		case "many", "much", "old", "long", "tall", "far", "large", "high", "big", "deep", "wide", "often":
			return kindNumber
		}
		return kindThing
	}
	if q.has("in", "common") || q.both && !q.either && len(q.names) >= 2 {
		return kindCommon
	}
	return q.kindOfFocus()
}

func (q *query) kindOfFocus() kind {
	for i := len(q.focus) - 1; i >= 0; i-- {
		if k := kindOfNoun(q.focus[i]); k != kindThing {
			return k
		}
	}
	return kindThing
}

// kindOfNoun returns the kind of answer that a noun, given by its key, asks
// for.
func kindOfNoun(key string) kind {
	switch key {
	case "year":
		return kindYear
	case "date", "day", "month":
		return kindDate
	case "city", "country", "stat", "state", "town", "village", "county", "place", "locat", "region", "province", "district",
		"continent", "island", "river", "valley", "borough", "suburb", "nation", "area", "neighborhood", "neighbourhood", "harbour", "port", "capit", "capital":
		return kindPlace
	case "nationality":
		return kindNation
	case "person", "man", "woman", "act", "director", "direct", "sing", "writ", "play", "politician", "king", "queen", "president",
		"compos", "produc", "artist", "musician", "coach", "father", "moth", "wife", "husband", "son", "daught", "brother", "broth", "sist",
		"scientist", "poet", "novelist", "architect", "paint", "gener", "emperor", "emp", "lead", "found", "driv", "player", "comedian", "rapp",
		"philosoph", "engine", "explor", "host", "character", "charact", "senat", "governor", "govern", "minist", "mayor", "inventor", "invent", "navigat":
		return kindPerson
	case "film", "book", "novel", "song", "album", "show", "series", "opera", "oper", "gam", "magazin", "musical", "music", "single", "singl", "poem", "painting", "story", "program", "sitcom", "documentary", "title", "titl":
		return kindWork
	case "number", "numb", "percentag", "population", "populat", "height", "length", "ag", "distanc", "amount":
		return kindNumber
	}
	return kindThing
}

// focusAfter returns the keys of the noun phrase that follows the question
// word.
func (q *query) focusAfter(wh int) []string {
	var keys []string
	for i := wh + 1; i < len(q.words) && len(keys) < 6; i++ {
		w := q.words[i]
		low := q.at(i)
		if w.punct {
			if len(keys) == 0 && w.text == `"` {
				continue
			}
			break
		}
		if auxiliary(low) && len(keys) == 0 {
			// "What is the name of the city ..."
			continue
		}
		if low == "of" && len(keys) > 0 && focusWrapper(keys[len(keys)-1]) {
			keys = keys[:0]
			continue
		}
		if auxiliary(low) || preposition(low) || low == "that" || low == "who" || low == "which" || low == "or" {
			if low == "of" && len(keys) == 0 {
				continue
			}
			break
		}
		if stopword(low) && low != "name" {
			continue
		}
		if strings.HasSuffix(low, "ed") && len(keys) > 0 && !w.upper {
			break
		}
		k := w.key
		if low == "name" {
			k = "name"
		}
		keys = append(keys, k)
	}
	return keys
}

// focusWrapper reports whether a noun only introduces the real one: "the name
// of the city".
func focusWrapper(key string) bool {
	switch key {
	case "name", "typ", "type", "kind", "sort", "title", "titl":
		return true
	}
	return false
}

func auxiliary(w string) bool {
	switch w {
	case "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "be", "been", "should":
		return true
	}
	return false
}

func preposition(w string) bool {
	switch w {
	case "of", "in", "on", "at", "to", "for", "from", "by", "with", "as", "into", "near", "under", "during", "after", "before",
		"between", "through", "against", "along", "over", "about", "within", "alongside", "since", "until", "than", "like", "via":
		return true
	}
	return false
}

// connector reports whether a lower-case word may stand inside a name.
func connector(w string) bool {
	switch w {
	case "of", "the", "de", "la", "le", "von", "van", "der", "den", "del", "di", "da", "du", "and", "&", "al", "for", "to", "in", "on", "for the", "y", "bin", "ibn":
		return true
	}
	return false
}
