package sim

import (
	"math"
	"strings"
)

// A document is the reading material of one call, split into paragraphs and
// sentences, with the links between paragraphs.
type document struct {
	paras []paragraph
	lower map[string]bool // words that occur in lower case: no name by themselves
	df    map[string]int  // in how many paragraphs a key occurs
}

type paragraph struct {
	title string // without a parenthesised disambiguation
	names []string
	text  string
	sents []sentence
	keys  map[string]int
	words int
}

type sentence struct {
	para, index int
	text        string // the paragraph's text, which offsets refer to
	words       []word
}

// span is a run of words within a sentence.
type span struct {
	sent     *sentence
	from, to int
}

func (s span) text() string {
	w := s.sent.words
	return s.sent.text[w[s.from].start:w[s.to-1].end]
}

// newDocument reads the paragraphs; question only helps to tell names from
// other capitalised words.
func newDocument(items []string, question []word) *document {
	d := &document{df: map[string]int{}, lower: map[string]bool{}}
	for _, item := range items {
		title, body, ok := strings.Cut(item, " | ")
		if !ok {
			title, body = "", item
		}
		p := paragraph{title: plainTitle(title), text: strings.TrimSpace(body), keys: map[string]int{}}
		p.sents = sentences(p.text, len(d.paras))
		for i := range p.sents {
			for _, w := range p.sents[i].words {
				d.noteLower(w)
			}
		}
		d.paras = append(d.paras, p)
	}
	for _, w := range question {
		d.noteLower(w)
	}
	for i := range d.paras {
		p := &d.paras[i]
		p.names = d.titleKeys(p.title)
		for _, k := range p.names {
			p.keys[k]++
		}
		for j := range p.sents {
			d.annotate(p.sents[j].words)
			for _, w := range p.sents[j].words {
				if !w.punct {
					p.keys[w.key]++
					p.words++
				}
			}
		}
		for k := range p.keys {
			d.df[k]++
		}
	}
	return d
}

func (d *document) noteLower(w word) {
	if !w.punct && !w.upper {
		d.lower[w.text] = true
	}
}

// annotate sets the keys and the name marks of a sentence's words.
func (d *document) annotate(ws []word) {
	first := true
	for i := range ws {
		w := &ws[i]
		if w.punct {
			w.key = w.text
			if w.text == `"` || w.text == "“" || w.text == ":" {
				first = first || w.text == ":"
			}
			continue
		}
		w.first = first
		if first && i+1 < len(ws) && participle(strings.ToLower(w.text)) && preposition(ws[i+1].text) {
			w.key, first = stem(strings.ToLower(w.text)), false
			continue
		}
		first = false
		w.key, w.name = d.key(*w)
	}
}

// key returns what a word is matched by, and whether it belongs to a name.
// Names are matched as they are: cutting endings off them would make a match
// depend on how a name happens to end.
func (d *document) key(w word) (string, bool) {
	low := strings.ToLower(w.text)
	if !w.upper {
		return stem(low), false
	}
	if stopword(low) {
		return low, false
	}
	if d.lower[low] {
		return stem(low), !w.first
	}
	if w.first && commonOpening(low) {
		return stem(low), false
	}
	return low, true
}

// participle reports whether a word looks like one: "situated", "lying".
func participle(w string) bool {
	return len(w) > 4 && (strings.HasSuffix(w, "ed") || strings.HasSuffix(w, "ing"))
}

// commonOpening reports whether a word often opens an English sentence and is
// no name there.
func commonOpening(w string) bool {
	switch w {
	case "directed", "written", "produced", "released", "born", "located", "founded", "although", "since", "originally",
		"currently", "later", "following", "starring", "based", "set", "first", "formerly", "once", "today", "despite",
		"like", "unlike", "until", "several", "two", "three", "built", "recorded", "published", "inspired", "raised":
		return true
	}
	return false
}

func (d *document) titleKeys(title string) []string {
	ws := words(title)
	keys := make([]string, 0, len(ws))
	for i := range ws {
		if ws[i].punct {
			continue
		}
		k, _ := d.key(ws[i])
		if !stopword(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func plainTitle(title string) string {
	title = strings.ReplaceAll(strings.TrimSpace(title), "&amp;", "&")
	if i := strings.LastIndex(title, " ("); i > 0 && strings.HasSuffix(title, ")") {
		title = title[:i]
	}
	return title
}

// sentences splits a paragraph.
func sentences(text string, para int) []sentence {
	toks := words(text)
	var out []sentence
	from := 0
	for i := range toks {
		if sentenceEnd(toks, i) || i == len(toks)-1 {
			to := i + 1
			for to < len(toks) && closing(toks[to]) && toks[to].start == toks[to-1].end {
				to++
			}
			if to > from {
				out = append(out, sentence{para: para, index: len(out), text: text, words: toks[from:to]})
				from = to
			}
		}
	}
	return out
}

func closing(w word) bool { return w.text == `"` || w.text == ")" || w.text == "”" }

// idf weighs a key by how few paragraphs have it.
func (d *document) idf(key string) float64 {
	return math.Log(float64(len(d.paras)+1)/(float64(d.df[key])+0.5)) + 0.15
}

// has reports which share of keys occurs in the paragraph, weighted by rarity.
func (d *document) share(p *paragraph, keys []string) float64 {
	var got, all float64
	for _, k := range keys {
		w := d.idf(k)
		all += w
		if p.keys[k] > 0 {
			got += w
		}
	}
	if all == 0 {
		return 0
	}
	return got / all
}

// says reports whether keys occur in the words in order, at most one other
// word between two of them, the first as a name or within quotation marks.
func says(ws []word, keys []string) bool {
	if len(keys) == 0 {
		return false
	}
	for i := range ws {
		if ws[i].key != keys[0] || !ws[i].upper && !ws[i].digit {
			continue
		}
		j, gap := i+1, 0
		k := 1
		for k < len(keys) && j < len(ws) && gap <= 1 {
			switch {
			case ws[j].key == keys[k]:
				k, gap = k+1, 0
			case ws[j].punct || stopword(ws[j].key):
			default:
				gap++
			}
			j++
		}
		if k == len(keys) {
			return true
		}
	}
	return false
}

// tells reports whether a paragraph's sentences say the keys.
func tells(p *paragraph, keys []string) bool {
	if !mentions(p, keys) {
		return false
	}
	for i := range p.sents {
		if says(p.sents[i].words, keys) {
			return true
		}
	}
	return false
}

// mentions reports whether all keys occur in the paragraph's own text.
func mentions(p *paragraph, keys []string) bool {
	if len(keys) == 0 {
		return false
	}
	for _, k := range keys {
		if p.keys[k] == 0 {
			return false
		}
	}
	return true
}
