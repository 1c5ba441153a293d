package sim

import (
	"fmt"
	"sort"
	"strings"
)

// instructionField is the output that makes a prompt one for the reflector.
const instructionField = "new_instruction"

// reflector is the skill of writing a better instruction from feedback. It
// reads the feedback as English and writes advice in words of its own; what
// the reader will make of that advice it cannot know.
type reflector struct{}

// Name returns "reflector".
func (reflector) Name() string { return "reflector" }

// CanHandle reports whether a new instruction is asked for.
func (reflector) CanHandle(p *Prompt) bool {
	for _, f := range p.Outputs {
		if nameHas(strings.ToLower(f.Name), "instruction", "new_prompt", "improved_prompt") {
			return true
		}
	}
	return false
}

// The reflector's failings, as chances.
const (
	chanceForget  = 0.12 // a lesson is seen and left out
	chanceDrop    = 0.06 // an existing sentence gets lost
	chanceOverfit = 0.12 // a case is made into a rule
	chanceBotched = 0.07 // the reply is not in the form asked for
	chanceVague   = 0.10 // nothing but good intentions
	mostLessons   = 4    // lessons taken from one reflection
	enoughAdvice  = 16   // sentences, from which on old ones are merged away
	chanceRewrite = 0.30 // the old instruction is recast as a list
)

// Answer writes the new instruction.
func (r reflector) Answer(t Task) Answer {
	m := r.material(t.Prompt)
	dice := t.Dice
	dice.shape = shapeOf(m.current, m.reports)
	if t.Prompt.Review != "" {
		// Told that a text will not do, it thinks again.
		dice.shape ^= shapeOf(t.Prompt.Review) | 1
	}
	out := map[string]string{}
	field := r.field(t.Prompt)
	write := r.revise
	if m.second != "" {
		write = r.merge
	}
	text := withoutQuoted(write(m, dice), t.Prompt.Review)
	out[field] = text
	for _, f := range t.Prompt.Outputs {
		if f.Name != field {
			out[f.Name] = "The feedback points at a few recurring faults; the new text addresses them."
		}
	}
	form := fmt.Sprint("form ", t.Prompt.Format, " ", shapeOf(t.Prompt.Text), " ")
	if dice.Draw(form+"botched") < chanceBotched {
		return r.botch(t.Prompt, out, field, dice.Draw(form+"how"))
	}
	return Answer{Fields: out}
}

func (reflector) field(p *Prompt) string {
	for _, f := range p.Outputs {
		if nameHas(strings.ToLower(f.Name), "instruction", "new_prompt", "improved_prompt") {
			return f.Name
		}
	}
	return instructionField
}

// rewriting is what a prompt for a new instruction gives to work with.
type rewriting struct {
	// current is the instruction to rewrite, or the first of two to merge.
	current string
	// second and ancestor are the other one of a merge and what both come from.
	second, ancestor string
	// reports say how the current instruction did.
	reports string
	// rejected are earlier edits that did not help.
	rejected string
	// review says what was wrong with the last attempt.
	review string
}

// material finds the parts of the prompt among its inputs.
func (reflector) material(p *Prompt) rewriting {
	m := rewriting{review: p.Review}
	var rest []string
	for _, f := range p.Inputs {
		name, value := strings.ToLower(f.Name), p.Value(f.Name)
		switch {
		case nameHas(name, "rejected"):
			m.rejected = value
		case nameHas(name, "ancestor"):
			m.ancestor = value
		case nameHas(name, "second"):
			m.second = value
		case m.current == "" && nameHas(name, "instr", "current", "prompt") && !nameHas(name, "feedback"):
			m.current = value
		default:
			rest = append(rest, value)
		}
	}
	m.reports = strings.Join(rest, "\n")
	return m
}

// botch spoils the form of a reply: no field at all, an empty one, or an
// opening remark in place of the text.
func (reflector) botch(p *Prompt, out map[string]string, field string, how float64) Answer {
	text := out[field]
	switch {
	case how < 0.4:
		return Answer{Text: "Sure! Here is a better instruction for this module:\n\n" + text}
	case how < 0.7:
		out[field] = "Here is the improved instruction:"
		return Answer{Fields: out}
	case p.Format == FormatFence:
		return Answer{Text: "I would change it like this:\n" + text}
	default:
		out[field] = "```\n" + text + "\n```"
		return Answer{Fields: out}
	}
}

// revise returns the new text.
func (r reflector) revise(m rewriting, dice Dice) string {
	current, reports := m.current, m.reports
	checking := givenDrafts(reports)
	lessons := r.lessons(m, checking, dice)
	base := sentencesOf(current)
	var kept []string
	for i, s := range base {
		if len(base) > 1 && dice.Draw(fmt.Sprint("drop ", i)) < chanceDrop {
			continue
		}
		if len(base) > enoughAdvice && dice.Draw(fmt.Sprint("merge ", i)) < 0.25 {
			continue
		}
		kept = append(kept, s)
	}
	if len(kept) == 0 && current == "" {
		kept = []string{"Do the task as described by the fields."}
	}
	var added []string
	if dice.Draw("vague") < chanceVague || len(lessons) == 0 {
		added = append(added, intentions()[dice.Pick("intention", len(intentions()))])
		if len(lessons) > 1 {
			lessons = lessons[:1]
		}
	}
	for _, l := range lessons {
		if dice.Draw(fmt.Sprint("forget ", int(l))) < chanceForget {
			continue
		}
		forms := advice(l, checking)
		s := forms[dice.Pick(fmt.Sprint("advice ", int(l)), len(forms))]
		if !alreadySaid(kept, s) {
			added = append(added, s)
		}
	}
	if name := mostNamed(reports); name != "" && m.review == "" && dice.Draw("overfit") < chanceOverfit {
		added = append(added, fmt.Sprintf("When %s comes up, look there first.", name))
	}
	return layOut(kept, added, dice.Draw("layout"))
}

// givenDrafts reports whether the component is one that is given proposed
// answers: a draft stands among its inputs.
func givenDrafts(reports string) bool {
	inputs := false
	for line := range strings.Lines(reports) {
		low := strings.Trim(strings.ToLower(strings.TrimSpace(line)), "#*[] ")
		switch {
		case strings.HasPrefix(low, "input"):
			inputs = true
		case strings.HasPrefix(low, "output"), strings.HasPrefix(low, "generated output"), strings.HasPrefix(low, "raw reply"), strings.HasPrefix(low, "feedback"):
			inputs = false
		case inputs && nameHas(low[:min(len(low), 16)], "candidate", "draft", "proposed"):
			return true
		}
	}
	return false
}

// layOut writes old and new sentences as prose or as a list.
func layOut(kept, added []string, how float64) string {
	head := strings.Join(kept, "\n")
	if len(added) == 0 {
		return head
	}
	switch {
	case how < 0.5:
		return head + "\n- " + strings.Join(added, "\n- ")
	case how < 0.8:
		return head + "\n" + strings.Join(added, "\n")
	default:
		return head + "\n" + strings.Join(added, " ")
	}
}

// sentencesOf splits an instruction into its lines.
func sentencesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// alreadySaid reports whether a line says nearly the same words.
func alreadySaid(lines []string, s string) bool {
	mine := bareWords(s)
	for _, l := range lines {
		if 10*overlapCount(bareWords(l), mine) >= 9*len(mine) {
			return true
		}
	}
	return false
}

// mostNamed returns a name that stands often in the reports: the kind of thing
// an over-eager writer makes a rule of.
func mostNamed(reports string) string {
	count := map[string]int{}
	var order []string
	ws := words(reports)
	for i := 0; i+1 < len(ws); i++ {
		a, b := ws[i], ws[i+1]
		if a.upper && b.upper && !a.punct && !b.punct && len(a.text) > 1 && b.start == a.end+1 && !stopword(strings.ToLower(a.text)) && strings.ToUpper(a.text) != a.text {
			name := a.text + " " + b.text
			if count[name] == 0 {
				order = append(order, name)
			}
			count[name]++
		}
	}
	best := ""
	for _, name := range order {
		if count[name] > 2 && (best == "" || count[name] > count[best]) {
			best = name
		}
	}
	return best
}

// lesson is something to be learnt from feedback.
type lesson int

const (
	learnBrevity lesson = iota
	learnCopying
	learnWholeForms
	learnYesNo
	learnChain
	learnSort
	learnBothSides
	learnTesting
	learnRestraint
	lessonCount
)

// lessons weighs what the reports complain about and returns the lessons to
// write down, the weightiest first, with some luck in the order.
//
// What the instruction says already weighs little, and so does what was tried
// and did not help.
func (r reflector) lessons(m rewriting, checking bool, dice Dice) []lesson {
	var weight [lessonCount]float64
	for _, line := range complaints(m.reports) {
		for l, n := range r.hear(line, checking) {
			weight[l] += n
		}
	}
	var out []lesson
	for l := range lessonCount {
		if weight[l] >= 1 {
			out = append(out, l)
			weight[l] *= 0.4 + 1.2*dice.Draw(fmt.Sprint("weight ", int(l)))
			if taught(m.current, l, checking) {
				weight[l] *= 0.15
			}
			if taught(m.rejected, l, checking) {
				weight[l] *= 0.3
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return weight[out[i]] > weight[out[j]] })
	return out[:min(len(out), 2+dice.Pick("lessons", mostLessons-1))]
}

// taught reports whether a text has a lesson already, in this writer's words.
func taught(text string, l lesson, checking bool) bool {
	for _, form := range advice(l, checking) {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// complaints returns the lines of the reports that are feedback: those after a
// heading or label that says so, or all of them where there is none.
func complaints(reports string) []string {
	var out, all []string
	inside := false
	reports = strings.ReplaceAll(reports, `\n`, "\n")
	for line := range strings.Lines(reports) {
		line = strings.TrimSpace(line)
		low := strings.ToLower(line)
		all = append(all, low)
		head := strings.Trim(low, "#*[]:_\"'- ")
		switch {
		case strings.Contains(low, "feedback") && len(strings.Fields(head)) <= 3 || strings.HasPrefix(head, "feedback") || strings.Contains(low, `feedback":`):
			inside = true
			out = append(out, low)
		case inside && (strings.HasPrefix(line, "#") || strings.HasPrefix(line, "[[") || strings.HasPrefix(line, "===") || strings.HasSuffix(line, ">>>>>") || strings.HasPrefix(line, "Example ") || strings.HasPrefix(line, "Inputs") || strings.HasPrefix(low, `"inputs`)):
			inside = false
		case inside:
			out = append(out, low)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}
