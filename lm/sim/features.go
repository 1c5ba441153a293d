package sim

import (
	"math"
	"slices"
	"strings"
)

// emit is told the value of a feature; features not mentioned are zero.
type emit func(feature int, value float64)

func mark(e emit, f int, on bool) {
	if on {
		e(f, 1)
	}
}

// describe tells the features of a candidate.
func (r *reading) describe(c *candidate, e emit) {
	p := &r.d.paras[c.para]
	s := c.span.sent
	e(fParaShare, r.share[c.para])
	e(fParaTitle, r.title[c.para])
	e(fPair, r.pair[c.para])
	mark(e, fBestPair, c.para == r.best[0] || c.para == r.best[1])
	mark(e, fTopPara, c.para == r.first)
	e(fSentShare, r.sent[s])
	e(fSentNovel, r.novel[s])
	if !c.title {
		e(fAskShare, r.ask[s])
	}
	second := c.para != r.first && (c.para == r.best[0] || c.para == r.best[1])
	mark(e, fFullTitle, r.full[c.para])
	mark(e, fSecond, second)
	mark(e, fFirstOfPair, c.para == r.first && (c.para == r.best[0] || c.para == r.best[1]))
	mark(e, fFirstSentence, s.index == 0)
	e(fFormKind+int(r.q.kind)*int(forms)+int(c.form), 1)
	r.describeSpan(c, e)
	if c.title {
		mark(e, fFocusDefines, r.defines(p))
		if m := r.mate[c.para]; m >= 0 {
			mark(e, fTitleLinked, mentions(&r.d.paras[m], p.names))
		}
		e(fTitleAsked, r.title[c.para])
		return
	}
	r.describePlace(c, e)
}

// describeSpan tells what can be said of a candidate's own words.
func (r *reading) describeSpan(c *candidate, e emit) {
	keys, overlap := r.spanKeys(c)
	if len(keys) > 0 {
		e(fOverlap, overlap/float64(len(keys)))
		mark(e, fInside, int(overlap) == len(keys))
	}
	switch len(keys) {
	case 0, 1:
		e(fLength1, 1)
	case 2:
		e(fLength2, 1)
	case 3:
		e(fLength3, 1)
	case 4:
		e(fLength4, 1)
	default:
		e(fLengthMore, 1)
	}
	if n := len(r.q.focus); n > 0 && len(keys) > 0 {
		head := r.q.focus[n-1]
		mark(e, fFocusEnds, keys[len(keys)-1] == head && len(keys) > 1)
		if slices.Contains(keys, head) {
			e(fFocusIn, 1)
		}
	}
	if shared := r.sharedByPair(keys); shared {
		mark(e, fSharedBoth, r.q.both)
		mark(e, fShared, !r.q.both)
	}
	if n := r.freq[c.text]; n > 1 {
		e(fFrequency, math.Log(float64(n)))
	}
	r.describeType(c, e)
	person, place := r.people[c.text], r.places[c.text]
	mark(e, fPersonlike, person && r.q.kind != kindPerson)
	mark(e, fPersonAsked, person && r.q.kind == kindPerson)
	mark(e, fPlacelike, place && r.q.kind != kindPlace)
	mark(e, fPlaceAsked, place && r.q.kind == kindPlace)
}

// sharedByPair reports whether both paragraphs of the best pair have all of
// the keys.
func (r *reading) sharedByPair(keys []string) bool {
	if len(keys) == 0 || r.best[0] == r.best[1] {
		return false
	}
	return mentions(&r.d.paras[r.best[0]], keys) && mentions(&r.d.paras[r.best[1]], keys)
}

// describeType compares a name's generic word ("University", "River") with the
// noun that the question asks for.
func (r *reading) describeType(c *candidate, e emit) {
	if p, ok := r.titles[c.text]; ok && r.defines(&r.d.paras[p]) {
		e(fDefinedName, 1)
	}
	if len(r.q.nouns) == 0 || c.form == formDate || c.form == formYear || c.form == formNumber {
		return
	}
	want := generic(singular(r.q.nouns[len(r.q.nouns)-1]))
	if want == "" {
		return
	}
	ws := words(c.text)
	got := ""
	for _, w := range ws {
		if g := generic(strings.ToLower(w.text)); g != "" {
			got = g
		}
	}
	mark(e, fTypeNoun, got == want)
	mark(e, fNotTypeNoun, got != want)
}

// generic returns the class of nouns by which names of such things often say
// what they are, "" for other words.
func generic(noun string) string {
	switch noun {
	case "university", "college", "polytechnic", "school", "academy", "institute", "conservatory":
		return "school"
	case "prize", "award", "medal", "laurel", "trophy":
		return "prize"
	case "river", "creek", "stream":
		return "river"
	case "mountain", "mount", "peak", "hill", "fell", "ridge":
		return "mountain"
	case "museum", "gallery":
		return "museum"
	case "county", "battle", "lake", "bridge", "railway", "island", "club", "league", "church", "street", "hotel", "festival", "airport", "station", "castle", "war", "party", "valley", "bay", "sea", "ocean", "canal", "dynasty":
		return noun
	case "company", "corporation", "firm", "press", "brewery", "publisher":
		return "company"
	}
	return ""
}

func (r *reading) spanKeys(c *candidate) (keys []string, overlap float64) {
	if c.title {
		keys = r.d.paras[c.para].names
	} else {
		for _, w := range c.span.sent.words[c.span.from:c.span.to] {
			if !w.punct && !stopword(w.key) {
				keys = append(keys, w.key)
			}
		}
	}
	for _, k := range keys {
		if r.q.set[k] {
			overlap++
		}
	}
	return keys, overlap
}

// describePlace tells what surrounds a candidate in its sentence.
func (r *reading) describePlace(c *candidate, e emit) {
	s, from, to := c.span.sent, c.span.from, c.span.to
	ws := s.words
	var near, clause, ask, novel float64
	mate := r.mate[c.para]
	hits := r.near[s]
	for j, v := range hits {
		if v == 0 || j >= from && j < to {
			continue
		}
		gap := from - j
		if j >= to {
			gap = j - to + 1
		}
		near += v / (1 + float64(gap)/3)
		ask += r.q.ask[ws[j].key] / (1 + float64(gap)/3)
		if mate < 0 || r.d.paras[mate].keys[ws[j].key] == 0 {
			novel += v / (1 + float64(gap)/3)
		}
	}
	e(fNear, near/8)
	e(fAskNear, ask)
	e(fNearNovel, novel/6)
	r.describeDefinition(c, e)
	for j := from - 1; j >= 0 && j > from-9 && ws[j].text != "," && ws[j].text != ";"; j-- {
		clause += hits[j]
	}
	e(fSameClause, clause/6)
	for j := from - 1; j >= 0 && j > from-5; j-- {
		if hits[j] > 0 && !ws[j].name {
			e(fNearVerb, 1/float64(from-j))
			break
		}
	}
	r.describeNeighbours(c, e)
	if n := len(r.q.focus); n > 0 {
		head := r.q.focus[n-1]
		for j := max(0, from-3); j < from; j++ {
			if ws[j].key == head {
				e(fFocusBefore, 1)
				break
			}
		}
		for j := to; j < len(ws) && j < to+3; j++ {
			if ws[j].key == head {
				e(fFocusAfter, 1)
				break
			}
		}
	}
	if n := len(r.q.focus); n > 0 {
		for _, w := range ws {
			if w.key == r.q.focus[n-1] {
				e(fFocusSentence, 1)
				break
			}
		}
	}
	if last := low(ws, to-1); c.form == formPhrase {
		mark(e, fVerbish, participle(last))
	}
	names := r.d.paras[c.para].names
	if len(names) > 0 {
		all := true
		keys, _ := r.spanKeys(c)
		for _, k := range keys {
			if !containsKey(names, k) {
				all = false
			}
		}
		mark(e, fTopicName, all && len(keys) > 0)
		mark(e, fSubjectAsked, all && len(keys) > 0 && len(r.q.focus) > 0 && r.d.paras[c.para].keys[r.q.focus[len(r.q.focus)-1]] > 0 && !r.defines(&r.d.paras[c.para]))
	}
}

// describeDefinition tells whether a candidate stands in the part of an opening
// sentence that says what its subject is.
func (r *reading) describeDefinition(c *candidate, e emit) {
	s := c.span.sent
	if s.index != 0 {
		return
	}
	for j := c.span.from - 1; j >= 0; j-- {
		switch low(s.words, j) {
		case "is", "was", "are", "were":
			common := c.form == formPhrase && (r.q.kind == kindNoun || r.q.kind == kindCommon)
			mark(e, fDefinition, !common)
			mark(e, fDefinitionNoun, common)
			return
		case "in", "by", "of", "for", "to", "that", "who", "with":
			return
		}
	}
	mark(e, fFullRun, c.form == formName && c.span.from == 0 && c.span.to-c.span.from > len(r.d.paras[c.para].names))
}

func containsKey(keys []string, k string) bool {
	return slices.Contains(keys, k)
}

func (r *reading) describeNeighbours(c *candidate, e emit) {
	ws, from, to := c.span.sent.words, c.span.from, c.span.to
	if x := contextOf(low(ws, from-1)); x >= 0 {
		e(fPrevKind+int(r.q.kind)*contexts+x, 1)
	}
	switch low(ws, from-1) {
	case "by", "with":
		e(fAfterBy, 1)
	case "in", "at", "near", "from":
		e(fAfterIn, 1)
	case "the", "a", "an":
		e(fAfterThe, 1)
	case "of":
		e(fAfterOf, 1)
	case "is", "was", "are", "were":
		e(fAfterIs, 1)
	case "named", "called", "as", "title", "titled", "starring", "stars", "and":
		e(fAfterNamed, 1)
	case "(":
		e(fAfterParen, 1)
	case ",":
		mark(e, fAfterCommaPlace, from > 1 && ws[from-2].name)
	}
	switch low(ws, to) {
	case "(":
		e(fBeforeParen, 1)
	case ",":
		e(fBeforeComma, 1)
	case "is", "was", "are", "were":
		e(fBeforeIs, 1)
	}
	mark(e, fStarts, from == 0)
	if c.form == formName || c.form == formPhrase {
		mark(e, fPartOfName, from > 0 && ws[from-1].name && !ws[from-1].punct || to < len(ws) && ws[to].name)
		mark(e, fWhole, c.form == formPhrase && (to >= len(ws) || ws[to].punct || stopword(ws[to].text)) && (from == 0 || ws[from-1].punct || stopword(ws[from-1].text)))
	}
	if c.form == formDate || c.form == formYear {
		death := false
		born := false
		for j := from - 1; j >= 0 && j > from-8; j-- {
			death = death || ws[j].text == "–" || ws[j].key == "die"
			born = born || ws[j].text == "(" || ws[j].key == "born"
		}
		mark(e, fBornDate, r.q.set["born"] && born && !death)
		mark(e, fDeathDate, r.q.set["die"] && death)
	}
	if c.form == formNumber && to-from > 1 {
		keys, overlap := r.spanKeys(c)
		mark(e, fNumberUnit, overlap > 0 && len(keys) > 1)
	}
}

// contexts is how many kinds of word before a candidate are told apart.
const contexts = 11

// contextOf returns the class of the word before a candidate, -1 for none.
func contextOf(w string) int {
	switch w {
	case "by":
		return 0
	case "in", "at", "near":
		return 1
	case "from", "to", "into", "on":
		return 2
	case "the":
		return 3
	case "a", "an":
		return 4
	case "of", "for":
		return 5
	case "is", "was", "are", "were":
		return 6
	case "as", "named", "called", "born":
		return 7
	case "(", "–", "-":
		return 8
	case ",", ";":
		return 9
	case "and", "or", "with", "&":
		return 10
	}
	return -1
}

// defines reports whether a paragraph opens with "... is a <focus>".
func (r *reading) defines(p *paragraph) bool {
	n := len(r.q.focus)
	if n == 0 || len(p.sents) == 0 {
		return false
	}
	after := false
	for _, w := range p.sents[0].words {
		switch w.key {
		case "is", "was", "are", "were":
			after = true
		case r.q.focus[n-1]:
			if after {
				return true
			}
		}
	}
	return false
}

// rank scores a candidate.
func (r *reading) rank(c *candidate) float64 {
	var sum float64
	r.describe(c, func(f int, v float64) { sum += weights[f] * v })
	return sum
}
