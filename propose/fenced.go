package propose

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/gepa-go/gepa"
)

// GEPATemplate is the reflection prompt of gepa 0.1.4 in Python (MIT licence,
// Lakshya A Agrawal and the GEPA contributors), kept to the byte so that
// results can be compared.
const GEPATemplate = "I provided an assistant with the following instructions to perform a task for me:\n" +
	"```\n" + currentPlace + "\n```\n\n" +
	"The following are examples of different task inputs provided to the assistant along with the assistant's response for each of them, and some feedback on how the assistant's response could be better:\n" +
	"```\n" + recordsPlace + "\n```\n\n" +
	"Your task is to write a new instruction for the assistant.\n\n" +
	"Read the inputs carefully and identify the input format and infer detailed task description about the task I wish to solve with the assistant.\n\n" +
	"Read all the assistant responses and the corresponding feedback. Identify all niche and domain specific factual information about the task and include it in the instruction, as a lot of it may not be available to the assistant in the future. The assistant may have utilized a generalizable strategy to solve the task, if so, include that in the instruction as well.\n\n" +
	"Provide the new instructions within ``` blocks."

// The placeholders of fenced templates.
const (
	currentPlace = "<curr_param>"
	recordsPlace = "<side_info>"
)

func checkTemplate(text string) error {
	var missing []string
	for _, place := range []string{currentPlace, recordsPlace} {
		if !strings.Contains(text, place) {
			missing = append(missing, place)
		}
	}
	if missing != nil {
		return fmt.Errorf("template %.40q is neither %q nor %q, and as a text of its own it lacks %s",
			text, TemplateInstruction, TemplateGEPA, strings.Join(missing, " and "))
	}
	return nil
}

// RenderFenced fills in a template in the manner of gepa in Python: the
// current text for <curr_param>, and for <side_info> the records as Markdown,
// a heading for every example, field and nested key. The error names the
// placeholder that the template lacks.
//
// Unlike there, the texts put in are left as they are: a current text that
// itself holds <side_info> does not get the records in its middle.
func RenderFenced(template, current string, records []gepa.Fields) (string, error) {
	if err := checkTemplate(template); err != nil {
		return "", err
	}
	return fillIn(template, current, markdown(records)), nil
}

// fillIn puts texts in the place of a template's placeholders, in one pass:
// what is put in is not looked at.
func fillIn(template, current, records string) string {
	return strings.NewReplacer(currentPlace, current, recordsPlace, records).Replace(template)
}

// markdown lays out records as gepa in Python does.
func markdown(records []gepa.Fields) string {
	parts := make([]string, len(records))
	for i, r := range records {
		var b strings.Builder
		fmt.Fprintf(&b, "# Example %d\n", i+1)
		for _, f := range r {
			b.WriteString("## " + f.Name + "\n")
			writeMarkdown(&b, f.Value, 3)
		}
		parts[i] = b.String()
	}
	return strings.Join(parts, "\n\n")
}

// writeMarkdown writes a value whose keys get headings of the given level.
func writeMarkdown(b *strings.Builder, raw json.RawMessage, level int) {
	heading := func(title string, value json.RawMessage) {
		b.WriteString(strings.Repeat("#", level) + " " + title + "\n")
		writeMarkdown(b, value, min(level+1, 6))
	}
	var object gepa.Fields
	var list []json.RawMessage
	switch text := strings.TrimSpace(string(raw)); {
	case strings.HasPrefix(text, "{") && json.Unmarshal(raw, &object) == nil:
		for _, f := range object {
			heading(f.Name, f.Value)
		}
		if len(object) == 0 {
			b.WriteByte('\n')
		}
	case strings.HasPrefix(text, "[") && json.Unmarshal(raw, &list) == nil:
		for i, item := range list {
			heading("Item "+strconv.Itoa(i+1), item)
		}
		if len(list) == 0 {
			b.WriteByte('\n')
		}
	default:
		b.WriteString(strings.TrimFunc(pythonText(text), isPythonSpace) + "\n\n")
	}
}

// isPythonSpace is Python's str.isspace, which counts four control characters
// more than Unicode does.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || (r >= 0x1c && r <= 0x1f) }

// pythonText writes a JSON scalar as Python's str would.
func pythonText(raw string) string {
	switch raw {
	case "", "null":
		return "None"
	case "true":
		return "True"
	case "false":
		return "False"
	case "-0":
		return "0"
	}
	var s string
	if json.Unmarshal([]byte(raw), &s) == nil {
		return s
	}
	if !strings.ContainsAny(raw, ".eE") {
		return raw // a whole number, of any size
	}
	f, err := strconv.ParseFloat(raw, 64)
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case err != nil:
		return raw
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// fencedTemplate asks with a prompt in the manner of gepa in Python.
type fencedTemplate struct{ text string }

func (fencedTemplate) format() string { return "fenced" }

func (t fencedTemplate) fences() bool { return t.text != GEPATemplate }

func (t fencedTemplate) messages(m material) ([]gepa.Message, error) {
	rendered := make([]gepa.Fields, len(m.records))
	for i, r := range m.records {
		rendered[i] = r.fields()
	}
	shown := markdown(rendered)
	if m.fence.mark != "" {
		shown = m.fence.label("the assistant") + m.fence.around(strings.TrimRight(shown, "\n"))
	}
	prompt := fillIn(t.text, m.current, shown)
	if len(m.rejected) > 0 {
		prompt += "\n\n# Rejected edits\n" + strings.TrimSuffix(rejectedText(m.rejected, m.memoryFence), "\n") +
			"\n\nThese edits of the instructions were tried and did not help. Do not make one of them again, in these or in other words: find what they missed."
	}
	if len(m.rules) > 0 {
		prompt += "\n\n" + strings.Join(m.rules, "\n")
	}
	if len(m.rejected)+len(m.rules) > 0 {
		prompt += "\n\n" + t.form()
	}
	return []gepa.Message{{Role: "user", Content: prompt}}, nil
}

func (fencedTemplate) extract(reply string) (string, error) { return ExtractFenced(reply) }

func (fencedTemplate) form() string {
	return "Give the whole new text within one block that begins and ends with a line of three backticks, and nothing but the text in it."
}

// ExtractFenced takes the new text from a reply that should hold it in one
// fenced block, by the rules of gepa in Python where the reply has that form:
// from the first fence to the last, without the language name after the first,
// stripped of white space. A reply that is not of that form is refused with a
// [*RefusalError], where gepa in Python would take some of it.
//
// Other than there, the fence may be longer than three backticks, and the word
// after it is dropped only if it is the name of a language or format: a text
// may begin with "Rules:" there.
func ExtractFenced(reply string) (string, error) {
	reply, err := withoutThinking(reply)
	if err != nil {
		return "", err
	}
	text, err := fencedText(reply)
	if err != nil {
		return "", err
	}
	return checkBlock(text)
}

// checkBlock is [checkText] for a text that stood in a fence already: one that
// is fenced within is meant to be.
func checkBlock(text string) (string, error) {
	if strings.HasPrefix(text, "```") {
		return text, nil
	}
	return checkText(text)
}

var fenceRun = regexp.MustCompile("`{3,}")

// fencedText returns the inside of the one fenced block in a text.
func fencedText(text string) (string, error) {
	runs := fenceRun.FindAllStringIndex(text, -1)
	if len(runs) == 0 {
		return "", refuse(RuleUnfenced)
	}
	open := runs[0]
	size := open[1] - open[0]
	info, _, _ := strings.Cut(text[open[1]:], "\n")
	atStart := startsLine(text, open[0])
	if !atStart && strings.TrimSpace(info) != "" && !isLanguage(info) {
		if len(runs) == 1 {
			return "", refuse(RuleUnfenced)
		}
		return "", refuse(RuleInline)
	}
	end := -1
	for _, r := range runs[1:] {
		if r[1]-r[0] >= size && (startsLine(text, r[0]) && !opensBlock(text, r[1]) || endsLine(text, r[1])) {
			end = r[0]
		}
	}
	if end < 0 {
		return "", refuse(RuleUnclosed)
	}
	inside := text[open[1]:end]
	if err := checkNesting(inside, size); err != nil {
		return "", err
	}
	if first, rest, more := strings.Cut(inside, "\n"); more && isLanguage(first) {
		inside = rest
	}
	inside = strings.TrimSpace(inside)
	if inside == "" {
		return "", refuse(RuleEmpty)
	}
	return inside, nil
}

func startsLine(text string, at int) bool {
	line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
	return strings.TrimSpace(line) == ""
}

func endsLine(text string, at int) bool {
	line, _, _ := strings.Cut(text[at:], "\n")
	return strings.TrimSpace(line) == ""
}

// opensBlock reports whether a fence that ends at the given place has one word
// after it, as those have that begin a block.
func opensBlock(text string, at int) bool {
	line, _, _ := strings.Cut(text[at:], "\n")
	return isLanguage(line)
}

// checkNesting makes sure that the fences inside a block belong to blocks of
// their own: each is opened with a language name and closed without.
func checkNesting(inside string, size int) error {
	depth := 0
	lines := strings.Split(inside, "\n")
	for _, line := range lines[1:] { // the first is the fence's own
		line = strings.TrimSpace(line)
		run := len(line) - len(strings.TrimLeft(line, "`"))
		switch {
		case run < size:
		case isLanguage(line[run:]):
			depth++
		case line[run:] != "":
			// Words after a fence: it is part of the text.
		case depth > 0:
			depth--
		default:
			return refuse(RuleBlocks)
		}
	}
	if depth > 0 {
		return refuse(RuleUnclosed)
	}
	return nil
}

// isLanguage reports whether the word after a fence is the name of a language
// or format, as opposed to the first word of the text.
func isLanguage(word string) bool {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "text", "txt", "plain", "plaintext", "markdown", "md", "mdx", "rst", "asciidoc", "latex", "tex",
		"prompt", "instruction", "instructions", "new_instruction",
		"html", "xml", "json", "jsonl", "json5", "yaml", "yml", "toml", "ini", "csv", "tsv", "diff", "regex",
		"python", "py", "python3", "pycon", "javascript", "js", "jsx", "typescript", "ts", "tsx", "java", "kotlin",
		"scala", "c", "cpp", "c++", "csharp", "cs", "c#", "go", "golang", "rust", "rs", "swift", "ruby", "rb", "php",
		"perl", "r", "julia", "lua", "haskell", "sql", "graphql", "css", "scss", "dockerfile", "makefile",
		"bash", "sh", "shell", "zsh", "console", "powershell", "jinja", "jinja2", "mermaid", "none":
		return true
	}
	return false
}
