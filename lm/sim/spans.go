package sim

import "strings"

// form is what a candidate span looks like.
type form int

const (
	formName   form = iota // a run of capitalised words
	formQuoted             // between quotation marks
	formDate               // day, month and year, or month and year
	formYear
	formNumber // a number, alone or with its unit
	formPhrase // a lower-case noun phrase
	formTitle  // a paragraph's title
	formPeople // an adjective of nationality, by its position
	forms
)

// candidate is a possible answer.
type candidate struct {
	span  span
	form  form
	para  int
	title bool // the span is the paragraph's title, not a place in its text
	text  string
}

// maxCandidates bounds the work for one call.
const maxCandidates = 1500

// candidates lists the possible answers in the document, in reading order.
func (d *document) candidates() []candidate {
	var out []candidate
	for p := range d.paras {
		par := &d.paras[p]
		if par.title != "" && len(par.sents) > 0 {
			out = append(out, candidate{span: span{sent: &par.sents[0]}, form: formTitle, para: p, title: true, text: par.title})
		}
		for s := range par.sents {
			sent := &par.sents[s]
			out = appendSpans(out, sent)
			if len(out) > maxCandidates {
				return out
			}
		}
	}
	return out
}

func appendSpans(out []candidate, s *sentence) []candidate {
	add := func(from, to int, f form) {
		if to > from {
			sp := span{s, from, to}
			out = append(out, candidate{span: sp, form: f, para: s.para, text: sp.text()})
		}
	}
	ws := s.words
	for i, w := range ws {
		if w.text == `"` || w.text == "“" {
			if j := quoteEnd(ws, i); j > 0 {
				add(i+1, j, formQuoted)
			}
			continue
		}
		if w.punct {
			continue
		}
		if to := dateEnd(ws, i); to > i && !(i > 0 && dateEnd(ws, i-1) == to) {
			add(i, to, formDate)
		}
		switch {
		case insideDate(ws, i) && !isYear(w):
		case isYear(w):
			add(i, i+1, formYear)
			if j := rangeEnd(ws, i); j > 0 {
				add(i, j, formDate)
			}
		case isNumber(w):
			add(i, i+1, formNumber)
			for j := i + 1; j < len(ws) && j <= i+3 && !ws[j].punct && !stopword(ws[j].text); j++ {
				add(i, j+1, formNumber)
			}
		}
		if w.name && (i == 0 || !ws[i-1].name) {
			appendNames(ws, i, add)
		}
		appendPhrases(ws, i, add)
	}
	return out
}

// appendNames adds the names that start at i: the run of capitalised words and
// its extensions over "of", "and" and the like.
func appendNames(ws []word, i int, add func(from, to int, f form)) {
	j := i
	for j < len(ws) && ws[j].name {
		j++
	}
	add(i, j, formName)
	if i > 0 && ws[i-1].digit && j-i < 5 {
		add(i-1, j, formName)
	}
	if j == i+1 && i > 0 {
		if low := ws[i-1].text; low == "a" || low == "an" || low == "the" {
			if j < len(ws) && !ws[j].punct && !stopword(ws[j].text) && !ws[j].digit {
				add(i, j, formPeople)
			}
		}
	}
	for range 2 {
		k := j
		for k < len(ws) && k < j+2 && (connector(ws[k].text) || ws[k].text == "," || isPossessive(ws[k]) || ws[k].text == "." && k+1 < len(ws) && ws[k+1].name && ws[k].end+1 == ws[k+1].start) {
			k++
		}
		if k == j || k >= len(ws) || !ws[k].name && !ws[k].digit {
			return
		}
		for k < len(ws) && (ws[k].name || ws[k].digit) {
			k++
		}
		j = k
		add(i, j, formName)
	}
}

// insideDate reports whether the word at i belongs to a date.
func insideDate(ws []word, i int) bool {
	for j := max(0, i-3); j <= i; j++ {
		if dateEnd(ws, j) > i {
			return true
		}
	}
	return false
}

func isPossessive(w word) bool { return w.text == "'s" || w.text == "’s" }

// appendPhrases adds the lower-case noun phrases that start at i.
func appendPhrases(ws []word, i int, add func(from, to int, f form)) {
	if ws[i].name || ws[i].upper || stopword(ws[i].text) || ws[i].digit {
		if !ws[i].name {
			return
		}
	}
	lower := false
	for j := i; j < len(ws) && j < i+4; j++ {
		if ws[j].punct || stopword(ws[j].text) && ws[j].text != "of" {
			break
		}
		if !ws[j].name {
			lower = true
		}
		if ws[j].text == "of" {
			if j == i {
				break
			}
			continue
		}
		if lower {
			add(i, j+1, formPhrase)
		}
	}
}

func quoteEnd(ws []word, i int) int {
	for j := i + 1; j < len(ws) && j < i+16; j++ {
		if ws[j].text == `"` || ws[j].text == "”" {
			if j == i+1 {
				return 0
			}
			return j
		}
	}
	return 0
}

func isYear(w word) bool {
	if len(w.text) != 4 || !w.digit {
		return false
	}
	for _, r := range w.text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return w.text[0] == '1' || w.text[0] == '2'
}

func isNumber(w word) bool {
	if w.digit {
		return true
	}
	_, ok := numberWord(w.text)
	return ok
}

// numberWord returns the value of a number written as one word.
func numberWord(w string) (float64, bool) {
	switch strings.ToLower(w) {
	case "two":
		return 2, true
	case "three":
		return 3, true
	case "four":
		return 4, true
	case "five":
		return 5, true
	case "six":
		return 6, true
	case "seven":
		return 7, true
	case "eight":
		return 8, true
	case "nine":
		return 9, true
	case "ten":
		return 10, true
	case "eleven":
		return 11, true
	case "twelve":
		return 12, true
	case "twenty":
		return 20, true
	case "thirty":
		return 30, true
	case "hundred":
		return 100, true
	}
	return 0, false
}

// monthNumber returns 1 to 12 for the English name of a month, else 0.
func monthNumber(w string) int {
	switch strings.ToLower(w) {
	case "january":
		return 1
	case "february":
		return 2
	case "march":
		return 3
	case "april":
		return 4
	case "may":
		return 5
	case "june":
		return 6
	case "july":
		return 7
	case "august":
		return 8
	case "september":
		return 9
	case "october":
		return 10
	case "november":
		return 11
	case "december":
		return 12
	}
	return 0
}

// dateEnd returns where a date that starts at i ends, or 0.
func dateEnd(ws []word, i int) int {
	at := func(j int) word {
		if j < len(ws) {
			return ws[j]
		}
		return word{}
	}
	j := i
	switch {
	case at(i).upper && monthNumber(at(i).text) > 0:
		j++
		if at(j).digit && len(at(j).text) <= 2 {
			j++
		}
	case at(i).digit && len(at(i).text) <= 2 && at(i+1).upper && monthNumber(at(i+1).text) > 0:
		j += 2
	default:
		return 0
	}
	if at(j).text == "," && isYear(at(j+1)) {
		return j + 2
	}
	if isYear(at(j)) {
		return j + 1
	}
	if j > i+1 {
		return j
	}
	return 0
}

// rangeEnd returns where a span of years that starts at i ends, or 0.
func rangeEnd(ws []word, i int) int {
	if i+2 < len(ws) && (isYear(ws[i+2]) || ws[i+2].digit && len(ws[i+2].text) == 2 && dateEnd(ws, i+2) == 0) {
		switch ws[i+1].text {
		case "–", "-", "to", "until", "and":
			return i + 3
		}
	}
	return 0
}
