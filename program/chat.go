package program

import (
	"regexp"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program/internal/py"
)

// ChatFormat is DSPy's default format: every field under a header
// [[ ## name ## ]].
type ChatFormat struct{}

// Name returns "chat".
func (ChatFormat) Name() string { return "chat" }

// Messages implements [Format].
func (ChatFormat) Messages(sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error) {
	return render(chatWire{}, sig, demos, inputs)
}

var chatHeader = regexp.MustCompile(`^\[\[ ## ([\p{L}\p{N}_]+) ## \]\]`)

// Parse implements [Format]. Text before the first header and under unknown
// ones is ignored; the first of two equal headers counts.
func (f ChatFormat) Parse(sig Signature, reply string) (gepa.Fields, error) {
	parsed := values{}
	for _, s := range chatSections(reply) {
		field, ok := sig.output(s.name)
		if _, seen := parsed[s.name]; !ok || seen {
			continue
		}
		v, problem := parseValue(s.text, field.Type)
		if problem != nil {
			return nil, &ParseError{
				Format:   f.Name(),
				Reason:   "the value of field `" + s.name + "` is wrong: " + problem.Error() + ".",
				Expected: chatWire{}.request(sig),
				Reply:    reply,
				dspyKind: "AdapterParseError",
				dspyHead: firstLine("Failed to parse field " + s.name + " with value " + s.text +
					" from the LM response. Error message: " + problem.head),
			}
		}
		parsed[s.name] = v
	}
	return finish(f.Name(), "ChatAdapter", chatWire{}, sig, reply, parsed)
}

type section struct{ name, text string }

// chatSections splits a reply at its headers.
func chatSections(reply string) []section {
	var sections []section
	name := ""
	var lines []string
	flush := func() {
		if name != "" {
			sections = append(sections, section{name, py.Strip(strings.Join(lines, "\n"))})
		}
	}
	for _, line := range py.SplitLines(reply) {
		m := chatHeader.FindStringSubmatch(py.Strip(line))
		if m == nil {
			lines = append(lines, line)
			continue
		}
		flush()
		name, lines = m[1], nil
		// As in DSPy, the header's length is counted from the line's start
		// even where white space comes before the header.
		rest := []rune(line)[len([]rune(m[0])):]
		if text := py.Strip(string(rest)); text != "" {
			lines = append(lines, text)
		}
	}
	flush()
	return sections
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

type chatWire struct{}

func chatField(name, text string) string { return "[[ ## " + name + " ## ]]\n" + text }

// chatLayout shows fields with placeholders for their values.
func chatLayout(fields []Field, output bool) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = chatField(f.Name, placeholder(f, output))
	}
	return py.Strip(strings.Join(parts, "\n\n"))
}

const layoutIntro = "All interactions will be structured in the following way, with the appropriate values filled in."

func (chatWire) structure(sig Signature) string {
	return py.Strip(strings.Join([]string{
		layoutIntro, chatLayout(sig.Inputs, false), chatLayout(sig.Outputs, true), "[[ ## completed ## ]]\n",
	}, "\n\n"))
}

func (chatWire) user(sig Signature, in values, prefix, request string) string {
	parts := []string{prefix}
	for _, f := range sig.Inputs {
		if v, ok := in[f.Name]; ok {
			parts = append(parts, chatField(f.Name, formatValue(f.Type, v)))
		}
	}
	if request != "" {
		parts = append(parts, request)
	}
	return py.Strip(strings.Join(parts, "\n\n"))
}

func (chatWire) assistant(sig Signature, out values, missing py.Value) string {
	parts := make([]string, len(sig.Outputs))
	for i, f := range sig.Outputs {
		v, ok := out[f.Name]
		if !ok {
			v = missing
		}
		parts[i] = chatField(f.Name, formatValue(f.Type, v))
	}
	return py.Strip(strings.Join(parts, "\n\n")) + "\n\n[[ ## completed ## ]]\n"
}

func (chatWire) request(sig Signature) string {
	parts := make([]string, len(sig.Outputs))
	for i, f := range sig.Outputs {
		parts[i] = "`[[ ## " + f.Name + " ## ]]`" + typeHint(f.Type)
	}
	return "Respond with the corresponding output fields, starting with the field " +
		strings.Join(parts, ", then ") + ", and then ending with the marker for `[[ ## completed ## ]]`."
}

// typeHint says which type a value must have, unless it is text.
func typeHint(t Type) string {
	if t.kind() == kindStr {
		return ""
	}
	return " (must be formatted as a valid Python " + t.String() + ")"
}
