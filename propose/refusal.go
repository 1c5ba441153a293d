package propose

import (
	"regexp"
	"strings"
)

// Rule says by which rule a reply is no new text.
type Rule string

// The rules by which a reply is refused before its text is looked at by a
// [Linter], which has the others. Their meaning, and where gepa in
// Python takes such a reply instead, is in docs/deviations.md.
const (
	// RuleEmpty: there is no text.
	RuleEmpty Rule = "empty"
	// RuleThinking: the reply is only reasoning, or reasoning without end.
	RuleThinking Rule = "thinking"
	// RuleChatter: words to the reader where the text should be, such as
	// "Here is the improved instruction:".
	RuleChatter Rule = "chatter"
	// RuleUnchanged: the text is the current one.
	RuleUnchanged Rule = "unchanged"
	// RuleNoField: the chat format's field is missing.
	RuleNoField Rule = "no field"
	// RuleHeaders: other field headers make it unclear where the text ends.
	RuleHeaders Rule = "headers"
	// RuleUnfenced: no block is fenced off.
	RuleUnfenced Rule = "unfenced"
	// RuleInline: the first three backticks stand within a line.
	RuleInline Rule = "inline"
	// RuleUnclosed: the block has no end.
	RuleUnclosed Rule = "unclosed"
	// RuleBlocks: there are several blocks, or a block within the block that
	// is not told apart from its end.
	RuleBlocks Rule = "several blocks"
)

// A RefusalError says why a reply is not taken for a new text, in words that
// can be told to the model: they complete the sentence "The reply could not be
// used: …".
type RefusalError struct {
	Rule  Rule
	Words string
}

func (e *RefusalError) Error() string { return e.Words }

func refuseWith(r Rule, words string) error { return &RefusalError{Rule: r, Words: words} }

func refuse(r Rule) error { return refuseWith(r, r.words()) }

func (r Rule) words() string {
	switch r {
	case RuleEmpty:
		return "there is no text in it"
	case RuleThinking:
		return "it is only reasoning, without a reply after it"
	case RuleChatter:
		return "it holds words about the new text beside the text itself"
	case RuleUnchanged:
		return "its text is the same as the current one"
	case RuleNoField:
		return "the field is missing"
	case RuleHeaders:
		return "it has field headers that nobody asked for"
	case RuleUnfenced:
		return "its text is not within a block of three backticks"
	case RuleInline:
		return "its first three backticks stand in the middle of a line, where no block begins"
	case RuleUnclosed:
		return "its block of three backticks has no end"
	case RuleBlocks:
		return "it has more than one block of three backticks, so that it is unclear which text is meant"
	}
	return string(r)
}

var (
	thinkOpen   = regexp.MustCompile(`^\s*<(think|thinking|reasoning)>`)
	thinkOrphan = regexp.MustCompile(`(?m)^[ \t]*</think(?:ing)?>[ \t]*$`)
)

// withoutThinking drops the reasoning that some models put before a reply: a
// closed <think> block at the start, or all before a </think> on a line of its
// own that nothing opens.
func withoutThinking(reply string) (string, error) {
	for {
		if m := thinkOpen.FindStringSubmatch(reply); m != nil {
			_, rest, closed := strings.Cut(reply, "</"+m[1]+">")
			if !closed || strings.TrimSpace(rest) == "" {
				return "", refuse(RuleThinking)
			}
			reply = rest
			continue
		}
		if strings.TrimSpace(reply) == "" {
			return "", refuse(RuleEmpty)
		}
		at := thinkOrphan.FindStringIndex(reply)
		if at == nil || strings.Contains(reply[:at[0]], "<think") {
			return reply, nil
		}
		if strings.TrimSpace(reply[at[1]:]) == "" {
			return "", refuse(RuleThinking)
		}
		reply = reply[at[1]:]
	}
}

// Words to the reader, as models put them before and after a text.
var (
	introduction = regexp.MustCompile(`(?i)^[*_#\s]*((sure|certainly|of course|okay|ok|great|absolutely)\b[^\n]{0,120}\b(instructions?|prompt|version)\b[^\n]{0,80}:|(here is|here's|here are|below is|the following is)\b[^:\n]{0,120}\b(instructions?|prompt|version)\b[^:\n]{0,80}:)`)
	label        = regexp.MustCompile(`(?i)^[*_#\s]*((the )?(new|improved|updated|revised|rewritten|refined)[ _](instructions?|prompt)\b[*_\s]*(:|\n|$))`)
	farewell     = regexp.MustCompile(`(?i)\n[*_(\s]*(let me know\b|i hope (this|that|it)\b|feel free to\b|(this|the) (new|improved|updated|revised|rewritten) (instructions?|prompt|version) (now |also )?(is|adds?|addresses|includes?|incorporates|emphasi[sz]es|should|keeps?|ensures?|will|makes?)\b)[^\n]*$`)
)

// checkText returns a new text without surrounding white space, or refuses it
// for what no instruction should have in it.
func checkText(text string) (string, error) {
	text = strings.TrimSpace(unfence(strings.TrimSpace(text)))
	switch {
	case text == "":
		return "", refuse(RuleEmpty)
	case introduction.MatchString(text), label.MatchString(text), farewell.MatchString(text):
		return "", refuse(RuleChatter)
	}
	return text, nil
}

// unfence returns the inside of a text that is one fenced block as a whole,
// and any other text as it is.
func unfence(text string) string {
	if !strings.HasPrefix(text, "```") || !strings.HasSuffix(text, "```") {
		return text
	}
	if inner, err := fencedText(text); err == nil {
		return inner
	}
	return text
}
