package sim

import (
	"strings"
)

// subjects returns the paragraphs of the two things that a question compares:
// those whose titles it names, the closest first in the question's order.
func (r *reading) subjects() (a, b int, ok bool) {
	a, b = -1, -1
	for i := range r.d.paras {
		switch v := r.subjectScore(i); {
		case a < 0 || v > r.subjectScore(a):
			a, b = i, a
		case b < 0 || v > r.subjectScore(b):
			b = i
		}
	}
	if b < 0 || r.title[a] == 0 || r.title[b] == 0 {
		return a, b, false
	}
	if r.position(b) < r.position(a) {
		a, b = b, a
	}
	return a, b, true
}

func (r *reading) subjectScore(i int) float64 {
	n := float64(len(r.d.paras[i].names))
	return r.title[i]*(1+0.1*min(n, 4)) + 0.3*r.share[i]
}

// position returns where in the question a paragraph's title is named.
func (r *reading) position(para int) int {
	names := r.d.paras[para].names
	for i, w := range r.q.words {
		if containsKey(names, w.key) {
			return i
		}
	}
	return len(r.q.words)
}

// predicate returns the question's keys that do not name its subjects.
func (r *reading) predicate(a, b int) []string {
	var keys []string
	for _, k := range r.q.keys {
		if !containsKey(r.d.paras[a].names, k) && !containsKey(r.d.paras[b].names, k) && !comparing(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// comparing reports whether a key belongs to the frame of a comparison and
// not to what is compared.
func comparing(key string) bool {
	switch key {
	case "first", "earli", "earlier", "old", "oldest", "young", "youngest", "lat", "later", "recent", "common", "shar", "share", "typ", "type",
		"kind", "two", "locat", "consid", "considered", "different", "eith", "either", "neith", "large", "larg", "bigg", "long", "high", "tall":
		return true
	}
	return false
}

// yesNo answers a question that wants yes or no.
func (r *reading) yesNo() bool {
	a, b, ok := r.subjects()
	if !ok {
		return true
	}
	if r.q.has("same") || r.q.has("share") {
		return r.sameAttribute(a, b)
	}
	keys := r.predicate(a, b)
	if len(keys) == 0 {
		return true
	}
	return r.holds(a, keys) && r.holds(b, keys)
}

// holds reports whether a paragraph says of its subject what the keys say:
// its last key, the head of the predicate, and half of the others.
func (r *reading) holds(para int, keys []string) bool {
	got := 0
	p := &r.d.paras[para]
	for _, k := range keys {
		switch {
		case p.keys[k] > 0:
			got++
		case r.named(k):
			return false
		}
	}
	return float64(got) >= 0.5*float64(len(keys))
}

// named reports whether the question uses a key as a name.
func (r *reading) named(key string) bool {
	for _, run := range r.q.names {
		if containsKey(run, key) {
			return true
		}
	}
	return false
}

// sameAttribute reports whether two subjects have in common what the question
// asks about: nationality, year, or something with a name.
func (r *reading) sameAttribute(a, b int) bool {
	switch {
	case r.q.set["nationality"], r.q.set["country"], r.q.set["nation"]:
		x, y := r.origin(a), r.origin(b)
		return x != "" && x == y
	case r.q.has("year"), r.q.has("decade"):
		x, okx := r.when(a)
		y, oky := r.when(b)
		return okx && oky && x/10000 == y/10000
	}
	keys := r.predicate(a, b)
	x, y := r.attributes(a, keys), r.attributes(b, keys)
	for k := range x {
		if y[k] {
			return true
		}
	}
	if len(x) > 0 && len(y) > 0 {
		return false
	}
	return r.sharedNouns(a, b) > 0
}

// attributes returns the names in the sentences of a paragraph that have one
// of the keys, subject and adjectives of nationality aside; where no sentence
// has one, those in all of it.
func (r *reading) attributes(para int, keys []string) map[string]bool {
	all, some := map[string]bool{}, map[string]bool{}
	p := &r.d.paras[para]
	for _, c := range r.cands {
		if c.para != para || c.title || c.form != formName {
			continue
		}
		ws := c.span.sent.words
		if containsKey(p.names, ws[c.span.from].key) || c.span.to < len(ws) && !ws[c.span.to].punct && !stopword(ws[c.span.to].text) {
			continue
		}
		all[c.text] = true
		for _, w := range ws {
			if containsKey(keys, w.key) {
				some[c.text] = true
				break
			}
		}
	}
	if len(some) > 0 {
		return some
	}
	return all
}

// origin returns the first adjective of nationality after "is a" in the
// opening sentence, or else the name after the first "in" or "from".
func (r *reading) origin(para int) string {
	p := &r.d.paras[para]
	if len(p.sents) == 0 {
		return ""
	}
	ws := p.sents[0].words
	place := ""
	after := false
	for i, w := range ws {
		switch w.key {
		case "is", "was", "are", "were":
			after = true
		}
		if after && w.name && i > 0 && (stopword(ws[i-1].text) && !preposition(ws[i-1].text) || !ws[i-1].name && !ws[i-1].punct && !preposition(ws[i-1].text)) {
			return w.key
		}
		if after && place == "" && w.name && i > 0 && preposition(ws[i-1].text) {
			// The last part of "in Town, Region, Country" says the country.
			j := i
			for j+2 < len(ws) && ws[j+1].text == "," && ws[j+2].name {
				j += 2
			}
			place = ws[j].key
		}
	}
	return place
}

// sharedNouns counts the content words that both opening sentences have after
// their "is".
func (r *reading) sharedNouns(a, b int) int {
	x, y := r.definition(a), r.definition(b)
	n := 0
	for k := range x {
		if y[k] {
			n++
		}
	}
	return n
}

func (r *reading) definition(para int) map[string]bool {
	out := map[string]bool{}
	p := &r.d.paras[para]
	if len(p.sents) == 0 {
		return out
	}
	after := false
	for _, w := range p.sents[0].words {
		switch w.key {
		case "is", "was", "are", "were":
			after = true
		}
		if after && !w.punct && !w.name && !w.digit && !stopword(w.key) {
			out[w.key] = true
		}
	}
	return out
}

// when returns the first date of a paragraph as yyyymmdd.
func (r *reading) when(para int) (int, bool) {
	p := &r.d.paras[para]
	for i := range p.sents {
		ws := p.sents[i].words
		for j := range ws {
			if end := dateEnd(ws, j); end > 0 && isYear(ws[end-1]) {
				return dateValue(ws[j:end]), true
			}
			if isYear(ws[j]) {
				return atoi(ws[j].text) * 10000, true
			}
		}
	}
	return 0, false
}

func dateValue(ws []word) int {
	year, month, day := 0, 0, 0
	for _, w := range ws {
		switch {
		case isYear(w):
			year = atoi(w.text)
		case w.digit:
			day = atoi(w.text)
		case monthNumber(w.text) > 0:
			month = monthNumber(w.text)
		}
	}
	return year*10000 + month*100 + day
}

func atoi(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' {
			break
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// choose answers "which of the two"; ok is false where it cannot tell what is
// compared.
func (r *reading) choose() (para int, ok bool) {
	a, b, ok := r.subjects()
	if !ok {
		return 0, false
	}
	early := r.asks("first", "earlier", "older", "oldest", "earliest", "before")
	late := r.asks("later", "younger", "youngest", "recent", "recently", "newer", "latest", "last")
	if early || late {
		x, okx := r.when(a)
		y, oky := r.when(b)
		if okx && oky && x != y {
			if (x < y) == early {
				return a, true
			}
			return b, true
		}
	}
	if r.asks("more", "larger", "bigger", "longer", "higher", "taller", "greater", "most", "largest", "highest", "fewer", "smaller", "shorter", "lower", "less") {
		x, okx := r.quantity(a, b)
		y, oky := r.quantity(b, a)
		if okx && oky && x != y {
			few := r.asks("fewer", "smaller", "shorter", "lower", "less")
			if (x > y) != few {
				return a, true
			}
			return b, true
		}
	}
	keys := r.predicate(a, b)
	if r.weigh(a, keys) >= r.weigh(b, keys) {
		return a, true
	}
	return b, true
}

func (r *reading) asks(forms ...string) bool {
	for _, f := range forms {
		if r.q.has(f) {
			return true
		}
	}
	return false
}

// weigh returns how much of the keys a paragraph has, by rarity.
func (r *reading) weigh(para int, keys []string) float64 { return r.d.share(&r.d.paras[para], keys) }

// quantity returns the number in a paragraph that stands nearest to the words
// that the question asks about.
func (r *reading) quantity(para, other int) (float64, bool) {
	p := &r.d.paras[para]
	keys := map[string]bool{}
	for _, k := range r.predicate(para, other) {
		keys[k] = true
	}
	best, value, found := -1.0, 0.0, false
	for i := range p.sents {
		ws := p.sents[i].words
		for j, w := range ws {
			v, ok := quantityOf(w)
			if !ok {
				continue
			}
			score := 0.05
			for k := max(0, j-8); k < len(ws) && k < j+9; k++ {
				if keys[ws[k].key] {
					score += 1 / (1 + float64(max(k-j, j-k)))
				}
			}
			if score > best {
				best, value, found = score, v, true
			}
		}
	}
	return value, found
}

func quantityOf(w word) (float64, bool) {
	if w.punct || isYear(w) {
		return 0, false
	}
	if w.digit {
		return firstNumber(strings.ReplaceAll(w.text, ",", ""))
	}
	return numberWord(w.text)
}
