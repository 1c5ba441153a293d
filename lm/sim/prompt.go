package sim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/lm"
)

// Format is the way in which a prompt wants its reply written.
type Format int

// The reply formats that a prompt can ask for.
const (
	// FormatFree has no stated fields: the reply is plain text.
	FormatFree Format = iota
	// FormatChat has a [[ ## name ## ]] line before every field.
	FormatChat
	// FormatJSON is one JSON object with a member for every field.
	FormatJSON
	// FormatXML wraps every field in a tag of its name.
	FormatXML
	// FormatFence is a text in a block of three backticks.
	FormatFence
)

// PromptField is one input or output that a prompt declares.
type PromptField struct {
	// Name is the field's name.
	Name string
	// Type is the declared type as the prompt writes it, for instance "str".
	Type string
	// Desc is the field's description; it may have several lines.
	Desc string
	// Note is the remark that the prompt puts beside an output's placeholder,
	// usually about the values it may have.
	Note string
}

// A Prompt is a request as the simulator understands it. It is made from the
// messages alone.
type Prompt struct {
	// Format is how the reply has to be written.
	Format Format
	// Inputs and Outputs are the declared fields, in order.
	Inputs, Outputs []PromptField
	// Instruction is the objective that the prompt states, without its
	// indentation.
	Instruction string
	// Text is the content of the user message that has the inputs.
	Text string
	// Review is what the last user message says about the reply to the one
	// before, which has the inputs; "" if it has them itself.
	Review string

	values map[string]string
}

// Value returns the text of an input field in the last user message.
func (p *Prompt) Value(name string) string { return p.values[name] }

// Output returns the output field of the given name and whether there is one.
func (p *Prompt) Output(name string) (PromptField, bool) { return fieldNamed(p.Outputs, name) }

// Input returns the input field of the given name and whether there is one.
func (p *Prompt) Input(name string) (PromptField, bool) { return fieldNamed(p.Inputs, name) }

func fieldNamed(fields []PromptField, name string) (PromptField, bool) {
	for _, f := range fields {
		if f.Name == name {
			return f, true
		}
	}
	return PromptField{}, false
}

var (
	fieldLine  = regexp.MustCompile("^\\d+\\. `([^`]+)` \\((.*?)\\):(?: (.*))?$")
	headerLine = regexp.MustCompile(`^\[\[ ## (\w+) ## \]\]\s*$`)
)

const (
	inputsHead    = "Your input fields are:"
	outputsHead   = "Your output fields are:"
	structureHead = "All interactions will be structured"
	objectiveHead = "In adhering to this structure, your objective is:"
	replyHead     = "Respond with "
)

// parsePrompt reads a request's messages.
func parsePrompt(messages []lm.Message) *Prompt {
	p := &Prompt{values: map[string]string{}}
	var system, user []string
	for _, m := range messages {
		switch m.Role {
		case "system", "developer":
			system = append(system, m.Content)
		case "user":
			user = append(user, m.Content)
		}
	}
	sys := strings.Join(system, "\n")
	p.readSystem(sys)
	read := p.readValues
	if len(p.Outputs) == 0 {
		p.Instruction = sys
		read = p.readFree
	}
	// The inputs are in the last message, or in the one before a review.
	for i, text := range slices.Backward(user) {
		if read(text); len(p.values) > 0 {
			p.Text = text
			if i < len(user)-1 {
				p.Review = user[len(user)-1]
			}
			return p
		}
	}
	if len(user) > 0 {
		p.Text = user[len(user)-1]
	}
	return p
}

func (p *Prompt) readSystem(sys string) {
	head, objective, found := cutLast(sys, objectiveHead)
	if found {
		p.Instruction = dedent(objective)
	}
	_, fields, ok := strings.Cut(head, inputsHead)
	if !ok {
		fields = head
	}
	in, rest, ok := strings.Cut(fields, outputsHead)
	if !ok {
		return
	}
	out, layout, _ := strings.Cut(rest, structureHead)
	p.Inputs = parseFields(in)
	p.Outputs = parseFields(out)
	switch {
	case strings.Contains(layout, "Outputs will be a JSON object"):
		p.Format = FormatJSON
	case strings.Contains(layout, "[[ ## "):
		p.Format = FormatChat
	case strings.Contains(layout, "<"):
		p.Format = FormatXML
	default:
		p.Format = FormatChat
	}
	for i := range p.Outputs {
		p.Outputs[i].Note = placeholderNote(layout, p.Outputs[i].Name)
	}
}

// placeholderNote returns the remark after "{name}" in the layout.
func placeholderNote(layout, name string) string {
	_, after, ok := strings.Cut(layout, "{"+name+"}")
	if !ok {
		return ""
	}
	line, _, _ := strings.Cut(after, "\n")
	_, note, ok := strings.Cut(line, "# note: ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(note, "\","))
}

func parseFields(text string) []PromptField {
	var fields []PromptField
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if m := fieldLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			fields = append(fields, PromptField{Name: m[1], Type: m[2], Desc: strings.TrimSpace(m[3])})
			continue
		}
		if n := len(fields); n > 0 && strings.TrimSpace(line) != "" {
			fields[n-1].Desc = strings.TrimSpace(fields[n-1].Desc + "\n" + strings.TrimSpace(line))
		}
	}
	return fields
}

// readValues takes the input values from a user message.
func (p *Prompt) readValues(body string) {
	if i := strings.LastIndex(body, "\n"+replyHead); i >= 0 {
		body = body[:i]
	}
	if p.Format == FormatXML {
		for _, f := range p.Inputs {
			_, rest, ok := strings.Cut(body, "<"+f.Name+">")
			if !ok {
				continue
			}
			if i := strings.LastIndex(rest, "</"+f.Name+">"); i >= 0 {
				p.values[f.Name] = unfenced(strings.TrimSpace(rest[:i]))
			}
		}
		return
	}
	name, value := "", []string(nil)
	flush := func() {
		if name != "" {
			p.values[name] = unfenced(strings.TrimSpace(strings.Join(value, "\n")))
		}
	}
	until := "" // the end of the fence that we are in
	for line := range strings.SplitSeq(body, "\n") {
		if m := fenceBegin.FindStringSubmatch(line); m != nil && until == "" {
			until = fenceEnd(m[1])
		} else if line == until {
			until = ""
		}
		// Only a declared input opens a section, and none in fenced data: they
		// may quote a header.
		if m := headerLine.FindStringSubmatch(line); m != nil && until == "" {
			if _, declared := p.Input(m[1]); declared && p.values[m[1]] == "" && m[1] != name {
				flush()
				name, value = m[1], nil
				continue
			}
		}
		value = append(value, line)
	}
	flush()
}

// fenceBegin matches the line that begins fenced data, with its marker.
var fenceBegin = regexp.MustCompile(`^<<<<< data (\w+)$`)

func fenceEnd(mark string) string { return "data " + mark + " >>>>>" }

// unfenced returns a value without the fence that is around the whole of it.
func unfenced(value string) string {
	first, rest, _ := strings.Cut(value, "\n")
	m := fenceBegin.FindStringSubmatch(first)
	if m == nil {
		return value
	}
	inner, whole := strings.CutSuffix(rest, fenceEnd(m[1]))
	if !whole {
		return value
	}
	return strings.TrimSpace(inner)
}

// readFree looks for a fenced text to be rewritten in a user message of a
// prompt without fields.
func (p *Prompt) readFree(text string) {
	lower := strings.ToLower(text)
	asksRewrite := strings.Contains(lower, "new instruction") || strings.Contains(lower, "improved instruction") ||
		strings.Contains(lower, "new prompt") || strings.Contains(lower, "improved prompt")
	if !asksRewrite || !strings.Contains(text, "```") {
		return
	}
	parts := strings.SplitN(text, "\n```", 3)
	if len(parts) < 3 {
		return
	}
	p.Format = FormatFence
	p.Outputs = []PromptField{{Name: instructionField, Type: "str"}}
	p.Inputs = []PromptField{{Name: "current"}, {Name: "feedback"}}
	p.values["current"] = strings.TrimSpace(strings.TrimPrefix(parts[1], "\n"))
	feedback, rejected, found := cutLast(parts[2], "\n# Rejected edits\n")
	p.values["feedback"] = feedback
	if found {
		p.Inputs = append(p.Inputs, PromptField{Name: "rejected"})
		p.values["rejected"] = rejected
	}
}

// cutLast is strings.Cut at the last occurrence of sep.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func dedent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimRight(line, " "), "        ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// Items splits the text of a list value into its items: the numbered «…» form,
// a JSON array (whose items may themselves be arrays, joined as "title |
// sentences"), or, failing both, its paragraphs.
func Items(value string) []string {
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "[1] «") {
		return numberedItems(value)
	}
	var raw []json.RawMessage
	if strings.HasPrefix(value, "[") && json.Unmarshal([]byte(value), &raw) == nil {
		items := make([]string, 0, len(raw))
		for _, r := range raw {
			items = append(items, jsonItem(r))
		}
		return items
	}
	if value == "" {
		return nil
	}
	items := strings.Split(value, "\n\n")
	if len(items) == 1 {
		items = strings.Split(value, "\n")
	}
	return items
}

func jsonItem(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var titled []json.RawMessage
	if json.Unmarshal(raw, &titled) == nil && len(titled) == 2 {
		var title string
		var sentences []string
		if json.Unmarshal(titled[0], &title) == nil && json.Unmarshal(titled[1], &sentences) == nil {
			return title + " | " + strings.Join(sentences, "")
		}
	}
	return string(raw)
}

var itemStart = regexp.MustCompile(`(?m)^\[\d+\] «`)

func numberedItems(value string) []string {
	starts := itemStart.FindAllStringIndex(value, -1)
	items := make([]string, 0, len(starts))
	for i, s := range starts {
		end := len(value)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		item := strings.TrimSpace(value[s[1]:end])
		item = strings.TrimSuffix(item, "»")
		if rest, ok := strings.CutPrefix(item, "««"); ok {
			item = dedentBlock(strings.TrimSuffix(rest, "»»"))
		}
		items = append(items, item)
	}
	return items
}

func dedentBlock(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "    ")
	}
	return strings.Join(lines, "\n")
}
