package metric

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// A chooser finds the letter that a text chooses.
type chooser struct {
	letters string // in upper case
	input   string // the input that lists the texts of the choices; "" if none

	alone, stated, first, boxed, bracketed, standing *regexp.Regexp
}

func makeChoice(s Spec) (measure, gepa.Objective, error) {
	c := chooser{letters: "ABCDEFGHIJ"}
	switch {
	case s.Choices == "":
	case strings.Trim(s.Choices, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "":
		c.letters = s.Choices
	default:
		c.input = s.Choices
	}
	if len(c.letters) < 2 {
		return nil, gepa.Objective{}, fmt.Errorf(`the choices %q are too few: give the letters, such as "ABCD"`, s.Choices)
	}
	set := "[" + c.letters + strings.ToLower(c.letters) + "]"
	upper := "[" + c.letters + "]"
	c.alone = regexp.MustCompile(`^[^\pL\pN]*(` + set + `)[^\pL\pN]*$`)
	c.stated = regexp.MustCompile(`(?i:\b(?:answer|choice|option|choose|select|pick)s?\b(?:\s+(?:is|was|would be|should be))?(?:\s+(?:choice|option|letter))?)[\s:=\-"'(\[{]*(?:(` + upper + `)\b|(` + set + `)[)\].,;"']*\s*(?:$|\n))`)
	c.first = regexp.MustCompile(`^[^\pL\pN]*(` + set + `)\s*[).:\]]`)
	c.boxed = regexp.MustCompile(`\\boxed\{[^\pL]*(?:\\text\{)?(` + set + `)\}`)
	c.bracketed = regexp.MustCompile(`[(\[](` + set + `)[)\]]`)
	c.standing = regexp.MustCompile(`\b(` + upper + `)\b`)
	return c.measure, gepa.Objective{}, nil
}

func (c chooser) measure(in Input, t target) (float64, string, error) {
	texts, err := c.texts(in.Example)
	if err != nil {
		return 0, "", err
	}
	gold, err := c.gold(in.Example, t.label, texts)
	if err != nil {
		return 0, "", err
	}
	named := func(letter string) string {
		if i := strings.Index(c.letters, letter); i >= 0 && i < len(texts) {
			return letter + " (" + quote(texts[i]) + ")"
		}
		return letter
	}
	got := c.find(t.text, texts)
	switch got {
	case "":
		return 0, fmt.Sprintf("No choice can be made out in the output %s; the gold answer is %s. End with the letter of one choice.", quote(t.text), named(gold)), nil
	case gold:
		return 1, fmt.Sprintf("Correct: %s is the right choice.", named(got)), nil
	default:
		return 0, fmt.Sprintf("%s is the wrong choice: the gold answer is %s.", named(got), named(gold)), nil
	}
}

// texts returns the texts of the choices from the input that lists them: a
// list of texts, or an object with the list "text".
func (c chooser) texts(ex gepa.Example) ([]string, error) {
	if c.input == "" {
		return nil, nil
	}
	raw, ok := ex.Inputs.Get(c.input)
	if !ok {
		return nil, gepa.Fatal(fmt.Errorf("metric: example %q has no input %q that lists its choices (it has %s): name another one", ex.ID, c.input, quoteNames(ex.Inputs.Names())))
	}
	var list []string
	var object struct{ Text []string }
	switch {
	case json.Unmarshal(raw, &list) == nil:
	case json.Unmarshal(raw, &object) == nil:
		list = object.Text
	}
	if len(list) < 2 || len(list) > len(c.letters) {
		return nil, gepa.Fatal(fmt.Errorf("metric: example %q: input %q is %.*s, want a list of 2 to %d choices: correct the data", ex.ID, c.input, mostRunes, raw, len(c.letters)))
	}
	return list, nil
}

// gold returns the letter that a label means: a letter, the number of a choice
// from 0, or the text of one.
func (c chooser) gold(ex gepa.Example, label string, texts []string) (string, error) {
	raw, _ := ex.Labels.Get(label)
	var number int
	if json.Unmarshal(raw, &number) == nil {
		if number >= 0 && number < len(c.letters) && (texts == nil || number < len(texts)) {
			return c.letters[number : number+1], nil
		}
		return "", wrongLabel(ex, label, "the number of a choice, from 0")
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if i := matching(texts, text); i >= 0 {
			return c.letters[i : i+1], nil
		}
		if m := c.alone.FindStringSubmatch(text); m != nil {
			return strings.ToUpper(m[1]), nil
		}
	}
	return "", wrongLabel(ex, label, "the letter of a choice (one of "+c.letters+"), its number from 0, or its text")
}

// matching returns the number of the only choice whose text is the given one,
// -1 if there is none.
func matching(texts []string, text string) int {
	n := NormalizeText(text)
	found := -1
	for i, choice := range texts {
		if NormalizeText(choice) == n && n != "" {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

// find returns the letter that a text chooses, "" if that cannot be made out:
// a letter alone, one that is said to be the answer (the last if several), one
// that the text begins with as lists do, one alone in the last line or in
// brackets, the text of a choice, and at last the only letter that stands by
// itself.
func (c chooser) find(text string, texts []string) string {
	text = strings.NewReplacer("**", "", "__", "", "`", "", "$", "").Replace(strings.TrimSpace(text))
	if m := c.alone.FindStringSubmatch(text); m != nil {
		return strings.ToUpper(m[1])
	}
	if letter := last(c.boxed, text); letter != "" {
		return letter
	}
	if letter := c.lastStated(text); letter != "" {
		return letter
	}
	if m := c.first.FindStringSubmatch(text); m != nil {
		return strings.ToUpper(m[1])
	}
	lines := strings.Split(text, "\n")
	if m := c.alone.FindStringSubmatch(lines[len(lines)-1]); m != nil {
		return strings.ToUpper(m[1])
	}
	if i := matching(texts, text); i >= 0 {
		return c.letters[i : i+1]
	}
	if letter := only(c.bracketed.FindAllStringSubmatch(text, -1)); letter != "" {
		return letter
	}
	if i := mentioned(texts, text); i >= 0 {
		return c.letters[i : i+1]
	}
	return only(slices.DeleteFunc(c.standing.FindAllStringSubmatch(text, -1), func(m []string) bool {
		return m[1] == "A" || m[1] == "I" // words, too
	}))
}

// lastStated returns the last letter that is said to be the answer, and not
// said not to be.
func (c chooser) lastStated(text string) string {
	out := ""
	for _, m := range c.stated.FindAllStringSubmatch(text, -1) {
		if m[1] != "" {
			out = m[1]
		} else {
			out = strings.ToUpper(m[2])
		}
	}
	return out
}

func last(pattern *regexp.Regexp, text string) string {
	all := pattern.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return ""
	}
	return strings.ToUpper(all[len(all)-1][1])
}

// only returns the letter of the matches if they all have the same.
func only(matches [][]string) string {
	out := ""
	for _, m := range matches {
		letter := strings.ToUpper(m[1])
		if out != "" && out != letter {
			return ""
		}
		out = letter
	}
	return out
}

// mentioned returns the number of the only choice whose text occurs, -1 if
// none does or several do.
func mentioned(texts []string, text string) int {
	held := paragraph{text: " " + NormalizeText(text) + " "}
	found := -1
	for i, choice := range texts {
		if utf8.RuneCountInString(choice) > 1 && held.holds(choice) {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}
