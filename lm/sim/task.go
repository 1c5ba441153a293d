package sim

import (
	"slices"
	"strings"
)

// reader is the skill of answering questions about paragraphs, and of checking
// an answer that another call proposed.
type reader struct {
	lex   lexicon
	known *memory[page, *reading]
}

// page is what a reading is made of.
type page struct{ question, material string }

func newReader(l lexicon) reader {
	return reader{l, newMemory[page, *reading](knownReadings)}
}

// Name returns "reader".
func (reader) Name() string { return "reader" }

// CanHandle is true: every prompt gets an answer.
func (reader) CanHandle(*Prompt) bool { return true }

// habitual is the chance that a habit is kept without being asked for, and
// that it is kept when it is.
type habitual struct{ unasked, asked float64 }

func chance(h Habit) habitual {
	switch h {
	case Bare:
		return habitual{0.72, 0.99}
	case Verbatim:
		return habitual{0.87, 0.99}
	case FullNames:
		return habitual{0.78, 0.99}
	case PlainYesNo:
		return habitual{0.50, 0.99}
	case BothHops:
		return habitual{0.58, 0.98}
	case RightKind:
		return habitual{0.66, 0.98}
	case Comparing:
		return habitual{0.50, 0.97}
	case FullDates:
		return habitual{0.72, 0.99}
	case Checking:
		return habitual{0.25, 0.95}
	default:
		return habitual{0.40, 0.95}
	}
}

// work is one call of the reader.
type work struct {
	Task
	role  string
	parts parts
	r     *reading
	bare  float64 // chance to keep answers bare unasked
}

// keeps decides whether a habit is kept in this call.
func (w *work) keeps(h Habit) bool {
	c := chance(h)
	if h == Bare {
		c.unasked = w.bare
	}
	return w.Dice.Draw(w.role+habitName(h)) < c.unasked+(c.asked-c.unasked)*w.Guidance[h]
}

func habitName(h Habit) string { return string(rune('A' + int(h))) }

// parts are the roles that a prompt's fields play.
type parts struct {
	question, material, draft string
	hasDraft                  bool
	answer                    string   // the output that is the answer
	reasons                   []string // outputs that explain
}

// Answer reads, decides and writes.
func (s reader) Answer(t Task) Answer {
	w := &work{Task: t, parts: assign(t.Prompt), role: "propose "}
	w.r = s.known.get(page{w.parts.question, w.parts.material}, func() *reading {
		return read(w.parts.question, Items(w.parts.material))
	})
	w.bare = 0.25
	if f, ok := t.Prompt.Output(w.parts.answer); ok && s.asksShort(f.Desc) || s.asksShort(t.Prompt.Instruction) {
		w.bare = chance(Bare).unasked
	}
	var answer string
	var from *candidate
	if w.parts.hasDraft {
		w.role = "check "
		answer = w.check()
	} else {
		answer, from = w.propose()
	}
	out := map[string]string{w.parts.answer: answer}
	for _, f := range t.Prompt.Outputs {
		if f.Name != w.parts.answer {
			out[f.Name] = ""
		}
	}
	for _, name := range w.parts.reasons {
		out[name] = w.explain(answer, from)
	}
	return Answer{Fields: out}
}

// asksShort reports whether a text mentions brevity of answers at all.
func (s reader) asksShort(text string) bool {
	for _, sent := range splitSentences(text) {
		c := s.lex.clause(sent)
		for i, m := range c.means {
			if m&cShort != 0 && !c.negated[i] && c.nearest(cAnswer, []int{i}, demand{reach: 8}) >= 0 {
				return true
			}
		}
	}
	return false
}

// assign finds out which field is what by its name, and where names do not
// tell, by its place and length.
func assign(p *Prompt) parts {
	var a parts
	for _, f := range p.Inputs {
		v := p.Value(f.Name)
		switch name := strings.ToLower(f.Name); {
		case nameHas(name, "question", "query"):
			a.question = v
		case nameHas(name, "candidate", "draft", "proposed", "proposal", "guess", "answer", "prediction"):
			a.draft, a.hasDraft = v, true
		case nameHas(name, "context", "passage", "document", "paragraph", "text", "article", "evidence"):
			if len(v) >= len(a.material) {
				a.material = v
			}
		}
	}
	if a.question == "" && len(p.Inputs) > 0 {
		a.question = p.Value(p.Inputs[0].Name)
	}
	if a.question == "" {
		a.question = p.Text
	}
	for _, f := range p.Outputs {
		switch name := strings.ToLower(f.Name); {
		case nameHas(name, "rationale", "reason", "explan", "thought", "justif", "evidence", "fact", "quote", "support"):
			a.reasons = append(a.reasons, f.Name)
		case a.answer == "" || nameHas(name, "answer") && !nameHas(strings.ToLower(a.answer), "answer"):
			a.answer = f.Name
		}
	}
	if a.answer == "" && len(p.Outputs) > 0 {
		a.answer = p.Outputs[len(p.Outputs)-1].Name
		a.reasons = a.reasons[:len(a.reasons)-1]
	}
	return a
}

func nameHas(name string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(name, p) {
			return true
		}
	}
	return false
}

// propose answers the question from the material.
func (w *work) propose() (string, *candidate) {
	if verdict, ok := w.verdict(); ok {
		if w.keeps(PlainYesNo) {
			return yesNoWord(verdict), nil
		}
		if verdict {
			return "Both of them are", nil
		}
		return "They are not the same", nil
	}
	if para, ok := w.choice(); ok {
		if c := w.r.titleCandidate(para); c != nil {
			return w.phrase(c), c
		}
	}
	c := w.r.likeliest(w.keeps(BothHops), w.keeps(RightKind))
	if c == nil {
		return "unknown", nil
	}
	return w.phrase(c), c
}

// verdict answers a yes/no question; ok is false for other questions.
func (w *work) verdict() (verdict, ok bool) {
	if w.r.q.kind != kindYesNo || w.r.q.either {
		return false, false
	}
	verdict = w.r.yesNo()
	if !w.keeps(Comparing) {
		// Who looks at one side only takes it for both.
		verdict = w.Dice.Draw(w.role+"one side") < 0.6
	}
	return verdict, true
}

// choice answers a question that offers two things.
func (w *work) choice() (para int, ok bool) {
	if !w.r.q.either {
		return 0, false
	}
	para, ok = w.r.choose()
	if ok && !w.keeps(Comparing) {
		if a, b, two := w.r.subjects(); two {
			para = a
			if w.Dice.Draw(w.role+"side") < 0.5 {
				para = b
			}
		}
	}
	return para, ok
}

func yesNoWord(verdict bool) string {
	if verdict {
		return "yes"
	}
	return "no"
}

// phrase writes a candidate down, well or badly.
func (w *work) phrase(c *candidate) string {
	text := c.text
	switch {
	case c.form == formDate && !w.keeps(FullDates):
		text = yearOf(c)
	case c.form == formNumber && !w.keeps(FullDates):
		text, _, _ = strings.Cut(text, " ")
	case isFullName(c) && !w.keeps(FullNames):
		text = text[strings.LastIndex(text, " ")+1:]
	}
	if !w.keeps(Verbatim) {
		text = loosely(c, text)
	}
	if !w.keeps(Bare) {
		text = wordily(c, text)
	}
	return text
}

func yearOf(c *candidate) string {
	for _, x := range c.span.sent.words[c.span.from:c.span.to] {
		if isYear(x) {
			return x.text
		}
	}
	return c.text
}

func isFullName(c *candidate) bool {
	return (c.form == formName || c.form == formTitle) && strings.Contains(c.text, " ")
}

// loosely retells a span instead of copying it.
func loosely(c *candidate, text string) string {
	switch c.form {
	case formDate, formYear:
		return "around " + text
	case formNumber:
		return "about " + text
	default:
		return text + " and others"
	}
}

// wordily puts a span back among the words it stands in.
func wordily(c *candidate, text string) string {
	if c.title {
		return text + " is the answer to the question"
	}
	ws := c.span.sent.words
	to := c.span.to
	for to < len(ws) && to < c.span.to+6 && ws[to].text != "." && ws[to].text != ";" {
		to++
	}
	tail := ""
	if to > c.span.to {
		tail = c.span.sent.text[ws[c.span.to-1].end:ws[to-1].end]
	}
	return "It is " + text + tail
}

// explain writes the reasons: the sentences that bear most on the question.
func (w *work) explain(answer string, c *candidate) string {
	var lines []string
	add := func(s *sentence) {
		if s == nil || len(s.words) == 0 {
			return
		}
		line := span{s, 0, len(s.words)}.text()
		if slices.Contains(lines, line) {
			return
		}
		lines = append(lines, line)
	}
	for _, p := range w.r.best {
		if p < len(w.r.d.paras) {
			add(w.r.topSentence(p))
		}
	}
	if c != nil {
		add(c.span.sent)
	}
	if !w.keeps(BriefReasons) && len(w.r.d.paras) > 0 {
		for i := range w.r.d.paras[w.r.first].sents {
			add(&w.r.d.paras[w.r.first].sents[i])
		}
	}
	return strings.Join(append(lines, "So the answer is "+answer+"."), "\n")
}

func (r *reading) topSentence(para int) *sentence {
	var best *sentence
	for i := range r.d.paras[para].sents {
		if s := &r.d.paras[para].sents[i]; best == nil || r.sent[s] > r.sent[best] {
			best = s
		}
	}
	return best
}
