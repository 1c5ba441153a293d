package sim

import "strings"

// check turns a proposed answer into the final one. Without guidance it mostly
// waves the proposal through, and sometimes dresses it up.
func (w *work) check() string {
	draft := strings.TrimSpace(w.parts.draft)
	if verdict, ok := w.verdict(); ok {
		return w.checkYesNo(draft, verdict)
	}
	own := w.ownAnswer()
	if own == nil {
		return draft
	}
	answer := draft
	if w.keeps(Checking) && w.doubtful(draft, own) {
		answer = own.text
	}
	return w.polish(answer, own)
}

func (w *work) checkYesNo(draft string, verdict bool) string {
	word := strings.ToLower(strings.Trim(strings.SplitN(draft+" ", " ", 2)[0], ",.!"))
	plain := word == "yes" || word == "no"
	if w.keeps(Checking) && (w.keeps(Comparing) || !plain && !takesSides(draft)) {
		draft, plain = yesNoWord(verdict), plain || w.keeps(PlainYesNo)
		word = draft
	}
	switch {
	case w.keeps(PlainYesNo):
		if word == "yes" || word == "no" {
			return word
		}
		return yesNoWord(!strings.Contains(strings.ToLower(draft), "not"))
	case !w.keeps(Bare) && plain:
		if word == "yes" {
			return "Yes, both of them are"
		}
		return "No, they are not"
	default:
		return draft
	}
}

// takesSides reports whether a text says, at length, yes or no.
func takesSides(text string) bool {
	low := strings.ToLower(text)
	return contains(low, "both") || contains(low, "not")
}

// ownAnswer reads the question again.
func (w *work) ownAnswer() *candidate {
	if para, ok := w.choice(); ok {
		if c := w.r.titleCandidate(para); c != nil {
			return c
		}
	}
	return w.r.likeliest(w.keeps(BothHops), w.keeps(RightKind))
}

// doubtful reports whether a checker would replace the draft by its own
// reading: where the material does not have the draft, or where the evidence
// for the checker's own answer is clearly stronger. Two readings that both may
// have missed a thing settle nothing between them.
func (w *work) doubtful(draft string, own *candidate) bool {
	if contains(draft, own.text) || contains(own.text, draft) {
		return false
	}
	theirs := w.r.core(draft, nil)
	if theirs == nil {
		return true
	}
	if w.r.q.either && theirs.title && own.title {
		return w.keeps(Comparing)
	}
	return w.r.rank(own) > w.r.rank(theirs)+clearly
}

// clearly is how much more evidence, in the units of rank, it takes to replace
// a draft that the material has.
const clearly = 0.5

// polish brings an answer into the form that the guidance asks for, or out of
// it.
func (w *work) polish(answer string, own *candidate) string {
	inner := w.r.core(answer, own)
	if w.keeps(Bare) {
		if inner != nil && len(inner.text) < len(answer) && (w.Guidance[Bare] > 0.5 || w.Dice.Draw(w.role+"trim") < 0.4) {
			answer = inner.text
		}
	} else if inner != nil && inner.text == answer {
		return wordily(inner, answer)
	}
	if w.Guidance[FullNames] > 0 && w.keeps(FullNames) && isFullName(own) && contains(own.text, answer) {
		return own.text
	}
	if w.Guidance[FullDates] > 0 && w.keeps(FullDates) && (own.form == formDate || own.form == formNumber) && contains(own.text, answer) {
		return own.text
	}
	if w.Guidance[Verbatim] > 0 && w.keeps(Verbatim) && inner != nil && !w.r.occurs(answer) {
		return inner.text
	}
	return answer
}

// contains reports whether the words of part occur in a row in whole.
func contains(whole, part string) bool {
	a, b := words(strings.ToLower(whole)), words(strings.ToLower(part))
	if len(b) == 0 {
		return false
	}
	for i := 0; i+len(b) <= len(a); i++ {
		j := 0
		for j < len(b) && a[i+j].text == b[j].text {
			j++
		}
		if j == len(b) {
			return true
		}
	}
	return false
}

// occurs reports whether the material has the text, in a title or a paragraph.
func (r *reading) occurs(text string) bool {
	low := strings.ToLower(strings.TrimSpace(text))
	if low == "" {
		return false
	}
	for i := range r.d.paras {
		if strings.Contains(strings.ToLower(r.d.paras[i].text), low) || strings.Contains(strings.ToLower(r.d.paras[i].title), low) {
			return true
		}
	}
	return false
}

// core returns the likeliest answer among the spans that lie within a text.
func (r *reading) core(text string, own *candidate) *candidate {
	if own != nil && contains(text, own.text) {
		return own
	}
	low := strings.ToLower(text)
	var best *candidate
	var top float64
	for i := range r.cands {
		c := &r.cands[i]
		if !strings.Contains(low, strings.ToLower(c.text)) || !contains(text, c.text) {
			continue
		}
		if v := r.rank(c); best == nil || v > top {
			best, top = c, v
		}
	}
	return best
}
