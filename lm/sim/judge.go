package sim

import (
	"fmt"
	"strings"
)

// judge is the skill of saying what was wrong with an answer, from the inputs
// of a feedback prompt alone.
type judge struct{}

// Name returns "judge".
func (judge) Name() string { return "judge" }

// CanHandle reports whether feedback is asked for.
func (judge) CanHandle(p *Prompt) bool {
	for _, f := range p.Outputs {
		if nameHas(strings.ToLower(f.Name), "feedback", "critique") {
			return true
		}
	}
	return false
}

// finding is one thing that a judge notices; it is not a text.
type finding int

const (
	foundWordy finding = iota
	foundShortened
	foundNotYesNo
	foundWrongVerdict
	foundWrongEntity
	foundHalfway
	foundAbsent
	foundSpoiled
	foundUnchecked
	foundLoose
	foundRambling
	foundFine
)

// verdictInput is the material of a feedback prompt.
type verdictInput struct {
	question, context, output, final, gold, module string
}

// Answer writes one to three bullets.
func (judge) Answer(t Task) Answer {
	in := judged(t.Prompt)
	t.Dice.shape = shapeOf(in.question, in.context, in.output, in.final, in.module)
	var bullets []string
	for i, f := range notice(in) {
		if i == 3 {
			break
		}
		// A judge now and then overlooks what is not the main fault.
		if i > 0 && t.Dice.Draw(fmt.Sprint("overlook ", int(f))) < 0.25 {
			continue
		}
		forms := remark(f)
		bullets = append(bullets, "- "+forms[t.Dice.Pick(fmt.Sprint("wording ", int(f)), len(forms))])
	}
	out := map[string]string{}
	for _, f := range t.Prompt.Outputs {
		if nameHas(strings.ToLower(f.Name), "feedback", "critique") {
			out[f.Name] = strings.Join(bullets, "\n")
		}
	}
	return Answer{Fields: out}
}

func judged(p *Prompt) verdictInput {
	var in verdictInput
	for _, f := range p.Inputs {
		v := strings.TrimSpace(p.Value(f.Name))
		switch name := strings.ToLower(f.Name); {
		case nameHas(name, "gold", "expected", "reference", "label"):
			in.gold = v
		case nameHas(name, "final", "prediction"):
			in.final = v
		case nameHas(name, "question", "query"):
			in.question = v
		case nameHas(name, "context", "passage", "document"):
			in.context = v
		case nameHas(name, "output"):
			in.output = v
		case nameHas(name, "module", "component"):
			in.module = v
		}
	}
	return in
}

// notice compares what was answered with what was wanted, the main fault
// first.
func notice(in verdictInput) []finding {
	final, gold := bareWords(in.final), bareWords(in.gold)
	drafted := bareWords(in.output)
	var out []finding
	add := func(f finding, when bool) {
		if when {
			out = append(out, f)
		}
	}
	same := strings.Join(final, " ") == strings.Join(gold, " ")
	if same {
		add(foundRambling, len(drafted) > 170)
		return append(out, foundFine)
	}
	common := overlapCount(final, gold)
	if isCheckingModule(in) {
		if subsequence(drafted, gold) || subsequence(bareWords(in.module), gold) {
			add(foundSpoiled, true)
		} else if common == 0 {
			add(foundUnchecked, true)
		}
	}
	closed := len(gold) == 1 && (gold[0] == "yes" || gold[0] == "no")
	switch {
	case closed && len(final) > 0 && (final[0] == "yes" || final[0] == "no") && len(final) == 1:
		add(foundWrongVerdict, true)
	case closed:
		add(foundNotYesNo, true)
	case common == len(gold) && len(final) > len(gold):
		add(foundWordy, len(final) > len(gold)+2)
		add(foundLoose, len(final) <= len(gold)+2 || !inText(in.context, in.final))
		add(foundWordy, len(final) <= len(gold)+2)
	case common > 0 && common == len(final):
		add(foundShortened, true)
	case common > 0:
		add(foundLoose, !inText(in.context, in.final))
		add(foundShortened, len(gold) > common)
		add(foundWordy, len(final) > len(gold)+2)
	default:
		add(foundAbsent, !inText(in.context, in.final))
		add(foundHalfway, overlapCount(drafted, bareWords(in.question)) > 3)
		add(foundWrongEntity, true)
		add(foundWordy, len(final) > 8)
	}
	return out
}

func isCheckingModule(in verdictInput) bool {
	return nameHas(strings.ToLower(in.module), "verif", "check", "review", "final")
}

func inText(context, part string) bool {
	return part != "" && strings.Contains(strings.ToLower(context), strings.ToLower(part))
}

// bareWords lower-cases a text and drops its marks and articles.
func bareWords(s string) []string {
	var out []string
	for _, w := range words(strings.ToLower(s)) {
		if !w.punct && w.text != "a" && w.text != "an" && w.text != "the" {
			out = append(out, w.text)
		}
	}
	return out
}

func overlapCount(a, b []string) int {
	have := map[string]int{}
	for _, w := range a {
		have[w]++
	}
	n := 0
	for _, w := range b {
		if have[w] > 0 {
			have[w]--
			n++
		}
	}
	return n
}

func subsequence(text, part []string) bool {
	for i := 0; len(part) > 0 && i+len(part) <= len(text); i++ {
		j := 0
		for j < len(part) && text[i+j] == part[j] {
			j++
		}
		if j == len(part) {
			return true
		}
	}
	return false
}

// remark returns the ways in which this judge puts a finding.
func remark(f finding) []string {
	switch f {
	case foundWordy:
		return []string{
			"Too long: the right words are in there, buried among others. Trim everything that is not the answer.",
			"The reply is wordier than what was wanted; it should have been cut down to the bare answer.",
			"Correct at heart but padded with surplus words, which costs exact match.",
		}
	case foundShortened:
		return []string{
			"Incomplete: a part of the name, date or quantity was dropped. The complete form was wanted.",
			"The answer is cut short; give names, dates and amounts in full, as the paragraphs have them.",
			"Some of the answer's words are missing, for instance a first name, a day or a unit.",
		}
	case foundNotYesNo:
		return []string{
			"This is a yes/no question and was answered with something else.",
			"A plain yes or no was expected here, not a remark about the two things.",
			"The question can only be answered by yes or no, and the reply is neither.",
		}
	case foundWrongVerdict:
		return []string{
			"The verdict is the wrong way round; it looks as if only one of the two things compared was looked up.",
			"Yes and no were confused: both sides of the comparison need their own fact.",
		}
	case foundWrongEntity:
		return []string{
			"Wrong entity: it is not what the question is after.",
			"The answer names something else than the thing asked about; mind what sort of thing is asked for.",
			"Not the right answer; for a comparison, look up both sides before picking one.",
		}
	case foundHalfway:
		return []string{
			"It seems to have stopped at the first hop; the answer sits in the paragraph that the first one leads to.",
			"The chain was left halfway: the intermediate fact was taken for the answer.",
		}
	case foundAbsent:
		return []string{
			"The answer given is nowhere in the context.",
			"No paragraph contains these words; the answer has to come from the paragraphs.",
		}
	case foundSpoiled:
		return []string{
			"The right words came in and were spoiled on the way out.",
			"The candidate was fine before this step rewrote it; a good candidate should be left as it is.",
		}
	case foundUnchecked:
		return []string{
			"A wrong candidate was waved through without a look at the paragraphs.",
			"The candidate went unchecked; it should have been tested against the context and corrected.",
		}
	case foundLoose:
		return []string{
			"The wording is its own instead of the context's; words were added that the source lacks.",
			"Not copied faithfully: the paragraph puts it differently.",
		}
	case foundRambling:
		return []string{"The rationale rambles; a few lines would do."}
	default:
		return []string{"Correct; keep doing this.", "This is right as it is.", "Exact match, nothing to add."}
	}
}
