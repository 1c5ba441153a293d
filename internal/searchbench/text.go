package searchbench

import (
	"slices"
	"strconv"
	"strings"
)

// A prompt is what a component's text says. Its written form is short, for
// instance
//
//	rules 3*2 17*3s cases f12 approach 1 style -1 junk 1 draft 8c1f
//
// and goes through the engine like any other text.
type prompt struct {
	rules    []clause // ascending by rule
	cases    []string // ids of examples whose answers the text gives away
	approach int      // how the task is framed; see Family.Approaches
	style    int      // how well it is written, -maxStyle to maxStyle
	junk     int      // useless paragraphs
	draft    uint64   // tells texts of equal meaning apart, as wording does
}

// A clause is a rule as a text states it.
type clause struct {
	rule     int
	strength int  // how clearly, 1 to maxStrength
	scoped   bool // the text says when the rule does not apply
}

const (
	maxStrength = 3
	maxStyle    = 3
)

func (p prompt) String() string {
	var b strings.Builder
	b.WriteString("rules")
	for _, c := range p.rules {
		b.WriteString(" " + strconv.Itoa(c.rule) + "*" + strconv.Itoa(c.strength))
		if c.scoped {
			b.WriteString("s")
		}
	}
	b.WriteString(" cases")
	for _, id := range p.cases {
		b.WriteString(" " + id)
	}
	b.WriteString(" approach " + strconv.Itoa(p.approach) + " style " + strconv.Itoa(p.style) + " junk " + strconv.Itoa(p.junk) + " draft " + strconv.FormatUint(p.draft, 16))
	return b.String()
}

// parsePrompt reads what String writes; words it does not know mean nothing.
func parsePrompt(s string) prompt {
	var p prompt
	section := ""
	for word := range strings.FieldsSeq(s) {
		switch word {
		case "rules", "cases", "approach", "style", "junk", "draft":
			section = word
			continue
		}
		switch section {
		case "rules":
			if c, ok := parseClause(word); ok {
				p.rules = append(p.rules, c)
			}
		case "cases":
			p.cases = append(p.cases, word)
		case "approach":
			p.approach, _ = strconv.Atoi(word)
		case "style":
			p.style, _ = strconv.Atoi(word)
		case "junk":
			p.junk, _ = strconv.Atoi(word)
		case "draft":
			p.draft, _ = strconv.ParseUint(word, 16, 64)
		}
	}
	return p
}

func parseClause(word string) (clause, bool) {
	body, scoped := strings.CutSuffix(word, "s")
	rule, strength, ok := strings.Cut(body, "*")
	r, err := strconv.Atoi(rule)
	s, err2 := strconv.Atoi(strength)
	return clause{rule: r, strength: s, scoped: scoped}, ok && err == nil && err2 == nil
}

// find returns the place of a rule and whether the prompt states it.
func (p *prompt) find(rule int) (int, bool) {
	return slices.BinarySearchFunc(p.rules, rule, func(c clause, r int) int { return c.rule - r })
}
