package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// writeReply puts the answers into the form that the prompt asks for. Every
// declared output is written; one without an answer gets a harmless value of
// its type.
func writeReply(p *Prompt, answers map[string]string) string {
	switch p.Format {
	case FormatJSON:
		return writeJSON(p, answers)
	case FormatXML:
		var b strings.Builder
		for _, f := range p.Outputs {
			fmt.Fprintf(&b, "<%s>\n%s\n</%s>\n\n", f.Name, fieldText(f, answers), f.Name)
		}
		return strings.TrimSpace(b.String())
	case FormatFence:
		return "```\n" + answers[instructionField] + "\n```"
	case FormatChat:
		var b strings.Builder
		for _, f := range p.Outputs {
			fmt.Fprintf(&b, "[[ ## %s ## ]]\n%s\n\n", f.Name, fieldText(f, answers))
		}
		return b.String() + "[[ ## completed ## ]]"
	default:
		return answers[freeField]
	}
}

// freeField holds the answer to a prompt that declares no fields.
const freeField = ""

func writeJSON(p *Prompt, answers map[string]string) string {
	var out gepa.Fields
	for _, f := range p.Outputs {
		text := fieldText(f, answers)
		raw := json.RawMessage(text)
		if isTextType(f) || !json.Valid(raw) {
			switch text {
			case "True", "False":
				raw = json.RawMessage(strings.ToLower(text))
			case "None":
				raw = json.RawMessage("null")
			default:
				raw, _ = gepa.EncodeValue(text)
			}
		}
		out = append(out, gepa.Field{Name: f.Name, Value: raw})
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return "{}"
	}
	return string(b)
}

func isTextType(f PromptField) bool {
	return f.Type == "" || f.Type == "str" || f.Type == "string" || len(choices(f)) > 0
}

// fieldText returns an output's value in its declared type.
func fieldText(f PromptField, answers map[string]string) string {
	text := strings.TrimSpace(answers[f.Name])
	switch {
	case isTextType(f):
		if opts := choices(f); len(opts) > 0 {
			for _, o := range opts {
				if strings.EqualFold(o, text) {
					return o
				}
			}
			return opts[0]
		}
		return text
	case f.Type == "bool":
		return boolText(text)
	case f.Type == "int":
		if n, ok := firstNumber(text); ok {
			return strconv.FormatInt(int64(n), 10)
		}
		return boundText(f, "0")
	case f.Type == "float":
		if n, ok := firstNumber(text); ok {
			return strconv.FormatFloat(n, 'f', -1, 64)
		}
		return "0.0"
	case strings.HasPrefix(f.Type, "list["), strings.Contains(f.Note, `"type": "array"`):
		return listText(f, text)
	case strings.HasPrefix(f.Type, "dict["):
		return "{}"
	case strings.Contains(f.Note, `"null"`):
		if text == "" || !strings.Contains(f.Note, `"string"`) {
			return "null"
		}
		return text
	case strings.Contains(f.Note, `"type": "object"`):
		return objectText(f.Note, text)
	default:
		return text
	}
}

func listText(f PromptField, text string) string {
	if f.Type == "list[str]" && text != "" {
		if b, err := gepa.EncodeValue([]string{text}); err == nil {
			return string(b)
		}
	}
	return "[]"
}

// objectText fills the required members of a JSON schema's object.
func objectText(note, text string) string {
	_, schema, ok := strings.Cut(note, "JSON schema: ")
	if !ok {
		return "{}"
	}
	var s struct {
		Properties map[string]struct {
			Type string `json:"type"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	if json.Unmarshal([]byte(schema), &s) != nil {
		return "{}"
	}
	out := gepa.Fields{}
	for _, name := range s.Required {
		var v any
		switch s.Properties[name].Type {
		case "string":
			v = text
		case "integer", "number":
			v = 0
		case "boolean":
			v = false
		case "array":
			v = []string{}
		default:
			v = struct{}{}
		}
		raw, err := gepa.EncodeValue(v)
		if err != nil {
			return "{}"
		}
		out = append(out, gepa.Field{Name: name, Value: raw})
	}
	b, err := json.Marshal(out)
	if err != nil {
		return "{}"
	}
	return string(b)
}

func boolText(text string) string {
	switch strings.ToLower(strings.Trim(text, ".! ")) {
	case "yes", "true", "1":
		return "True"
	default:
		return "False"
	}
}

// boundText honours a lower bound that the description states in words.
func boundText(f PromptField, text string) string {
	_, after, ok := strings.Cut(f.Desc, "greater than or equal to: ")
	if !ok {
		return text
	}
	if n, ok := firstNumber(after); ok {
		return strconv.Itoa(int(n))
	}
	return text
}

func firstNumber(text string) (float64, bool) {
	for word := range strings.FieldsSeq(text) {
		word = strings.ReplaceAll(strings.Trim(word, ".,;:()\"'"), ",", "")
		if n, err := strconv.ParseFloat(word, 64); err == nil {
			return n, true
		}
	}
	return 0, false
}

// choices lists the values that an output is limited to, if it is.
func choices(f PromptField) []string {
	for _, mark := range []string{"one of: "} {
		if _, list, ok := strings.Cut(f.Note, mark); ok {
			parts := strings.Split(list, ";")
			for i := range parts {
				parts[i] = strings.TrimSpace(parts[i])
			}
			return parts
		}
	}
	return nil
}
