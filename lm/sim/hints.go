package sim

import (
	"fmt"
	"slices"
	"strings"
)

// mender is the skill of taking advice: where the feedback holds lines that
// begin with "Hint:", it adds one of those that the text does not hold yet,
// word for word, and nothing else. It never writes two at once.
type mender struct{}

// Name returns "mender".
func (mender) Name() string { return "mender" }

// CanHandle reports whether a new text is asked for and there are hints.
func (mender) CanHandle(p *Prompt) bool {
	return reflector{}.CanHandle(p) && len(hintsIn(reflector{}.material(p).reports)) > 0
}

// Answer writes the text with one hint more.
func (mender) Answer(t Task) Answer {
	m := reflector{}.material(t.Prompt)
	text := strings.TrimRight(m.current, "\n")
	var open []string
	for _, h := range hintsIn(m.reports) {
		if !slices.Contains(strings.Split(text, "\n"), h) {
			open = append(open, h)
		}
	}
	if len(open) > 0 {
		dice := t.Dice
		dice.shape = shapeOf(m.current, m.reports)
		text += "\n" + open[dice.Pick(fmt.Sprint("hint ", len(open)), len(open))]
	}
	out := map[string]string{}
	for _, f := range t.Prompt.Outputs {
		out[f.Name] = "The feedback says what is missing."
	}
	out[reflector{}.field(t.Prompt)] = text
	return Answer{Fields: out}
}

// hintsIn returns the different hints in a text, in their order.
func hintsIn(reports string) []string {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(reports, `\n`, "\n")) {
		_, hint, ok := strings.Cut(line, "Hint: ")
		hint = strings.TrimSpace(hint)
		if ok && hint != "" && !slices.Contains(out, hint) {
			out = append(out, hint)
		}
	}
	return out
}

// sorter is the skill of putting messages into classes. It knows nothing but
// the rules that the instruction states, one a line, in the form
//
//	A message that mentions "refund" is billing.
//
// and answers "other" where none of them applies.
type sorter struct{}

// Name returns "sorter".
func (sorter) Name() string { return "sorter" }

// CanHandle reports whether a message has to be given a label.
func (sorter) CanHandle(p *Prompt) bool {
	_, in := p.Input("message")
	_, out := p.Output("label")
	return in && out
}

// Answer follows the first rule that applies.
func (sorter) Answer(t Task) Answer {
	message := strings.ToLower(t.Prompt.Value("message"))
	for line := range strings.Lines(t.Prompt.Instruction) {
		_, rest, ok := strings.Cut(line, `mentions "`)
		word, rest, closed := strings.Cut(rest, `" is `)
		if ok && closed && strings.Contains(message, strings.ToLower(word)) {
			return Answer{Fields: map[string]string{"label": strings.TrimRight(strings.TrimSpace(rest), ".")}}
		}
	}
	return Answer{Fields: map[string]string{"label": "other"}}
}

// extractor is the skill of writing the facts of an order as JSON: "3 lamps for
// Mila Vant by 2 May" has a number, an item, a name and a date. It writes a
// field only where the instruction names it.
type extractor struct{}

// Name returns "extractor".
func (extractor) Name() string { return "extractor" }

// CanHandle reports whether an order has to be written as JSON.
func (extractor) CanHandle(p *Prompt) bool {
	_, in := p.Input("order")
	_, out := p.Output("json")
	return in && out
}

// Answer writes the fields that are asked for.
func (extractor) Answer(t Task) Answer {
	order := strings.TrimRight(strings.TrimSpace(t.Prompt.Value("order")), ".")
	order, date, _ := strings.Cut(order, " by ")
	order, name, _ := strings.Cut(order, " for ")
	number, item, _ := strings.Cut(order, " ")
	var parts []string
	for _, f := range []struct{ field, value string }{{"quantity", number}, {"item", item}, {"customer", name}, {"due", date}} {
		if !strings.Contains(t.Prompt.Instruction, `"`+f.field+`"`) {
			continue
		}
		value := fmt.Sprintf("%q", f.value)
		if f.field == "quantity" && strings.Contains(t.Prompt.Instruction, "as a number") {
			value = f.value
		}
		parts = append(parts, fmt.Sprintf("%q: %s", f.field, value))
	}
	return Answer{Fields: map[string]string{"json": "{" + strings.Join(parts, ", ") + "}"}}
}
