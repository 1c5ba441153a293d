package sim

import "strings"

// The features of a candidate answer. None looks at how a name is spelled:
// they are counts, positions, overlaps and the English words around.
const (
	fParaShare = iota
	fParaTitle
	fPair
	fBestPair
	fTopPara
	fSentShare
	fSentNovel
	fNear
	fNearVerb
	fFirstSentence
	fOverlap
	fInside
	fFocusEnds
	fFocusIn
	fFocusBefore
	fFocusAfter
	fFocusDefines
	fTitleLinked
	fTitleAsked
	fFrequency
	fSpread
	fPersonlike
	fPersonAsked
	fPlacelike
	fPlaceAsked
	fAfterBy
	fAfterIn
	fAfterThe
	fAfterOf
	fAfterIs
	fAfterNamed
	fAfterParen
	fBeforeParen
	fBeforeComma
	fBeforeIs
	fAfterCommaPlace
	fBornDate
	fDeathDate
	fNumberUnit
	fWhole
	fPartOfName
	fStartsThe
	fLength1
	fLength2
	fLength3
	fLength4
	fLengthMore
	fOtherPara
	fTopicName
	fStarts
	fSameClause
	fAskShare
	fAskNear
	fNearNovel
	fTypeNoun
	fNotTypeNoun
	fDefinedName
	fDefinition
	fDefinitionNoun
	fSecond
	fFirstOfPair
	fFullRun
	fFocusSentence
	fVerbish
	fShared
	fSharedBoth
	fSubjectAsked
	fFullTitle
	fPrevKind // + kind*contexts + context
)

// Feature blocks that cross the kind of the question with something else.
const (
	fFormKind = fPrevKind + int(kinds)*contexts
	features  = fFormKind + int(kinds)*int(forms)
)

// reading is one question read against one document.
type reading struct {
	q      *query
	d      *document
	share  []float64 // per paragraph: share of the question's keys
	title  []float64 // per paragraph: share of the title's keys in the question
	full   []bool    // per paragraph: whether the question says its title
	pair   []float64 // per paragraph: the best it reaches with a partner
	mate   []int     // that partner, or -1
	first  int       // the paragraph that fits the question best by itself
	best   [2]int    // the two paragraphs that together fit best
	cands  []candidate
	freq   map[string]int // in how many paragraphs a candidate's text occurs
	near   map[*sentence][]float64
	sent   map[*sentence]float64
	novel  map[*sentence]float64
	ask    map[*sentence]float64
	titles map[string]int // paragraph by title
	people,
	places map[string]bool
}

func read(question string, items []string) *reading {
	q := readQuestion(question)
	d := newDocument(items, q.words)
	q.understand(d)
	r := &reading{q: q, d: d}
	r.weighParagraphs()
	r.cands = d.candidates()
	r.noteNames()
	r.weighSentences()
	return r
}

func (r *reading) weighParagraphs() {
	n := len(r.d.paras)
	r.share, r.title = make([]float64, n), make([]float64, n)
	r.pair, r.mate = make([]float64, n), make([]int, n)
	r.full = make([]bool, n)
	top := -1.0
	for i := range r.d.paras {
		p := &r.d.paras[i]
		r.share[i] = r.d.share(p, r.q.keys)
		for _, k := range p.names {
			if r.q.set[k] {
				r.title[i] += 1 / float64(len(p.names))
			}
		}
		r.full[i] = says(r.q.words, p.names)
		v := r.share[i] + 0.3*r.title[i]
		if r.full[i] {
			v += 0.3
		}
		if v > top {
			top, r.first = v, i
		}
		r.mate[i] = -1
	}
	best := -1.0
	r.best = [2]int{r.first, r.first}
	for i := range r.d.paras {
		for j := range r.d.paras {
			if i == j {
				continue
			}
			v := r.together(i, j)
			if v > r.pair[i] {
				r.pair[i], r.mate[i] = v, j
			}
			if v > best {
				best, r.best = v, [2]int{i, j}
			}
		}
	}
}

// together says how well two paragraphs answer the question as a chain.
func (r *reading) together(i, j int) float64 {
	a, b := &r.d.paras[i], &r.d.paras[j]
	var got, all float64
	for _, k := range r.q.keys {
		w := r.d.idf(k)
		all += w
		if a.keys[k] > 0 || b.keys[k] > 0 {
			got += w
		}
	}
	if all > 0 {
		got /= all
	}
	v := got + 0.1*(r.title[i]+r.title[j])
	if r.full[i] {
		v += 0.15
	}
	if r.full[j] {
		v += 0.15
	}
	if tells(a, b.names) || tells(b, a.names) {
		v += 0.3
	}
	return v
}

// noteNames counts names and guesses which are people or places from the
// words around them.
func (r *reading) noteNames() {
	r.freq = map[string]int{}
	r.people, r.places = map[string]bool{}, map[string]bool{}
	last := map[string]int{}
	for _, c := range r.cands {
		if c.form != formName && c.form != formTitle {
			continue
		}
		if p, seen := last[c.text]; !seen || p != c.para {
			r.freq[c.text]++
			last[c.text] = c.para
		}
		if c.title {
			if bornParagraph(&r.d.paras[c.para]) {
				r.people[c.text] = true
			}
			continue
		}
		ws := c.span.sent.words
		before, after := low(ws, c.span.from-1), low(ws, c.span.to)
		if before == "in" || before == "near" || before == "at" || before == "," && c.span.from > 1 && ws[c.span.from-2].name {
			r.places[c.text] = true
		}
		if after == "(" && (low(ws, c.span.to+1) == "born" || dateEnd(ws, c.span.to+1) > 0 && c.span.from == 0) ||
			after == "who" || low(ws, c.span.to+1) == "who" || before == "actor" || before == "actress" || before == "singer" || before == "director" {
			r.people[c.text] = true
		}
	}
}

// bornParagraph reports whether a paragraph opens like a person's article.
func bornParagraph(p *paragraph) bool {
	if len(p.sents) == 0 {
		return false
	}
	ws := p.sents[0].words
	for i := range ws {
		if i > 25 {
			return false
		}
		if low(ws, i) == "born" || ws[i].text == "(" && dateEnd(ws, i+1) > 0 {
			return true
		}
	}
	return false
}

func low(ws []word, i int) string {
	if i < 0 || i >= len(ws) {
		return ""
	}
	return strings.ToLower(ws[i].text)
}

func (r *reading) weighSentences() {
	r.near = map[*sentence][]float64{}
	r.sent, r.novel, r.ask = map[*sentence]float64{}, map[*sentence]float64{}, map[*sentence]float64{}
	r.titles = map[string]int{}
	for i := range r.d.paras {
		r.titles[r.d.paras[i].title] = i
	}
	var all float64
	for _, k := range r.q.keys {
		all += r.d.idf(k)
	}
	if all == 0 {
		all = 1
	}
	for p := range r.d.paras {
		par := &r.d.paras[p]
		var other *paragraph
		if m := r.mate[p]; m >= 0 {
			other = &r.d.paras[m]
		}
		for i := range par.sents {
			s := &par.sents[i]
			hits := make([]float64, len(s.words))
			seen := map[string]bool{}
			for j, w := range s.words {
				if w.punct || !r.q.set[w.key] {
					continue
				}
				v := r.d.idf(w.key)
				hits[j] = v
				if !seen[w.key] {
					seen[w.key] = true
					r.sent[s] += v / all
					r.ask[s] += r.q.ask[w.key]
					if other == nil || other.keys[w.key] == 0 {
						r.novel[s] += v / all
					}
				}
			}
			r.near[s] = hits
		}
	}
}
