package sim

import (
	"slices"
	"strings"
)

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
	kindOrg
	kindNoun   // a common noun: an occupation, a genre
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
	nouns  []string           // the focus as lower-case words
	ask    map[string]float64 // how near a key stands to the question word
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
		q.focus, q.nouns = q.focusAfter(wh)
	}
	q.ask = map[string]float64{}
	for i, w := range q.words {
		if w.punct || w.name || stopword(w.key) || wh < 0 {
			continue
		}
		gap := max(i-wh, wh-i)
		q.ask[w.key] = max(q.ask[w.key], 1/(1+float64(gap)/3))
	}
	for i := range q.words {
		if q.at(i) == "or" && q.offered(i) {
			q.either = true
		}
	}
	q.kind = q.kindAt(wh)
}

// offered reports whether the "or" at i stands between two names.
func (q *query) offered(i int) bool {
	before, after := false, false
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		before = before || q.words[j].name || q.words[j].upper && j > 0
	}
	for j := i + 1; j < len(q.words) && j <= i+3; j++ {
		after = after || q.words[j].name || q.words[j].upper
	}
	return before && after
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
	k := q.kindOfFocus()
	if q.has("in", "common") || q.both && !q.either && (k == kindNoun || len(q.nouns) == 0) {
		return kindCommon
	}
	if len(q.nouns) == 0 && wh > 0 && wh >= len(q.words)-2 && preposition(q.at(wh-1)) && q.at(wh) == "what" {
		return kindNoun
	}
	return k
}

func (q *query) kindOfFocus() kind {
	for _, v := range slices.Backward(q.nouns) {
		if k := kindOfNoun(singular(v)); k != kindThing {
			return k
		}
	}
	return kindThing
}

func singular(w string) string {
	switch {
	case strings.HasSuffix(w, "ies") && len(w) > 5:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && w != "series":
		return w[:len(w)-1]
	}
	return w
}

// kindOfNoun returns the kind of answer that a noun asks for.
func kindOfNoun(noun string) kind {
	switch noun {
	case "year":
		return kindYear
	case "date", "day", "month":
		return kindDate
	case "city", "country", "state", "town", "village", "county", "place", "location", "region", "province", "district",
		"continent", "island", "valley", "borough", "suburb", "nation", "area", "neighborhood", "neighbourhood", "harbour", "port", "capital":
		return kindPlace
	case "nationality":
		return kindNation
	case "person", "man", "woman", "actor", "actress", "director", "singer", "writer", "player", "politician", "king", "queen", "president",
		"composer", "producer", "artist", "musician", "coach", "father", "mother", "wife", "husband", "son", "daughter", "brother", "sister",
		"scientist", "poet", "novelist", "architect", "painter", "general", "emperor", "leader", "founder", "driver", "comedian", "rapper",
		"philosopher", "engineer", "explorer", "host", "character", "senator", "governor", "minister", "mayor", "inventor", "navigator",
		"mentor", "teacher", "spouse", "author", "designer", "botanist", "mountaineer", "playwright", "star", "guitarist", "footballer", "namesake":
		return kindPerson
	case "film", "movie", "book", "novel", "song", "album", "show", "series", "opera", "game", "magazine", "musical", "single", "poem",
		"painting", "story", "program", "sitcom", "documentary", "title":
		return kindWork
	case "number", "percentage", "population", "height", "length", "age", "distance", "amount", "elevation":
		return kindNumber
	case "university", "college", "school", "company", "band", "museum", "prize", "award", "medal", "river", "mountain", "club", "team",
		"organization", "organisation", "airline", "newspaper", "label", "studio", "network", "league", "group", "shipyard", "publisher", "railway", "battle", "war", "lake":
		return kindOrg
	case "occupation", "profession", "genre", "product", "kind", "type", "field", "colour", "color", "language", "sport", "rock", "instrument", "job", "trade", "position", "religion", "material", "style":
		return kindNoun
	}
	return kindThing
}

// focusAfter returns the keys of the noun phrase that follows the question
// word.
func (q *query) focusAfter(wh int) (keys, nouns []string) {
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
			keys, nouns = keys[:0], nouns[:0]
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
		keys, nouns = append(keys, k), append(nouns, low)
	}
	return keys, nouns
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
	case "of", "the", "de", "la", "le", "von", "van", "der", "den", "del", "di", "da", "du", "and", "&", "al", "for", "to", "in", "on", "y", "bin", "ibn":
		return true
	}
	return false
}
