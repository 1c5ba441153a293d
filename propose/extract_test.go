package propose

import (
	"errors"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
)

func ruleOf(err error) Rule {
	if e, ok := errors.AsType[*RefusalError](err); ok {
		return e.Rule
	}
	return ""
}

func TestExtractFenced(t *testing.T) {
	tests := []struct {
		name, reply, want string
		rule              Rule
	}{
		{"plain block", "```\nA\n```", "A", ""},
		{"words around it", "Sure.\n\n```\nA\nB\n```\nGood luck!", "A\nB", ""},
		{"language", "```markdown\nA\n```", "A", ""},
		{"language with blanks and a carriage return", "``` text \r\nA\r\n```", "A", ""},
		{"a first word that is no language", "```Rules:\nbe nice\n```", "Rules:\nbe nice", ""},
		{"a first word on its own line", "```\nConcise\nbe nice\n```", "Concise\nbe nice", ""},
		{"the fence ends the line", "New instruction: ```\nA\n```", "A", ""},
		{"one line", "```be nice```", "be nice", ""},
		{"backticks within", "```\nDon't ``` me\n```", "Don't ``` me", ""},
		{"a block within", "```\nUse:\n```json\n{}\n```\nDone.\n```", "Use:\n```json\n{}\n```\nDone.", ""},
		{"longer fence", "````\nUse:\n```\n{}\n```\n````", "Use:\n```\n{}\n```", ""},
		{"inline code after the block", "```\nA\n```\nHere ```x``` is code.", "A", ""},
		{"reasoning before", "<think>\nMaybe ```no```?\n</think>\n```\nA\n```", "A", ""},
		{"reasoning whose begin is missing", "hm ```x```\n</think>\n```\nA\n```", "A", ""},
		{"reasoning is what the text is about", "```\nWrite <think>x</think> first.\n```", "Write <think>x</think> first.", ""},
		{"two reasonings", "<think>a</think><thinking>b</thinking>```\nA\n```", "A", ""},

		{"nothing", " \n", "", RuleEmpty},
		{"empty block", "```\n```", "", RuleEmpty},
		{"only a language", "```text\n```", "", RuleEmpty},
		{"only reasoning", "<think>all</think>  ", "", RuleThinking},
		{"endless reasoning", "<think>\n```\nA\n```", "", RuleThinking},
		{"only the end of reasoning", "hm\n</think>\n", "", RuleThinking},
		{"no fence", "Here is some advice.", "", RuleUnfenced},
		{"one fence within a line", "pre ``` mid", "", RuleUnfenced},
		{"code within a line", "Use ```final``` here", "", RuleInline},
		{"no end", "```text\nopen", "", RuleUnclosed},
		{"no end but backticks", "```\nDon't ``` me", "", RuleUnclosed},
		{"an inner block without end", "```\nA\n```json\n{}\n```", "", RuleUnclosed},
		{"two blocks", "```\nold\n```\nbecomes\n```\nnew\n```", "", RuleBlocks},
		{"two blocks with languages", "```text\nold\n```\nbecomes\n```text\nnew\n```", "", RuleBlocks},
		{"introduction within", "```\nHere is the improved instruction:\nA\n```", "", RuleChatter},
		{"label within", "```\n**New Instruction:**\nA\n```", "", RuleChatter},
		{"farewell within", "```\nA\n\nLet me know if it helps.\n```", "", RuleChatter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ExtractFenced(tt.reply)
			if got != tt.want || ruleOf(err) != tt.rule {
				t.Errorf("got %q, rule %q (%v); want %q, rule %q", got, ruleOf(err), err, tt.want, tt.rule)
			}
		})
	}
}

func TestExtractInstruction(t *testing.T) {
	const head, end = "[[ ## new_instruction ## ]]\n", "\n\n[[ ## completed ## ]]\n"
	tests := []struct {
		name, reply, want string
		rule              Rule
	}{
		{"as asked", head + "Do it.\n\nWell." + end, "Do it.\n\nWell.", ""},
		{"without the end marker", head + "Do it.", "Do it.", ""},
		{"words before the field", "Certainly!\n" + head + "Do it." + end, "Do it.", ""},
		{"on the header's line", "[[ ## new_instruction ## ]] Do it." + end, "Do it.", ""},
		{"fenced as a whole", head + "```\nDo it.\n```" + end, "Do it.", ""},
		{"with code in it", head + "Do it:\n```\nx\n```" + end, "Do it:\n```\nx\n```", ""},
		{"ends in code that begins it", head + "```\na\n```\nand\n```\nb\n```" + end, "```\na\n```\nand\n```\nb\n```", ""},
		{"after reasoning", "<think>[[ ## new_instruction ## ]] no</think>" + head + "Do it." + end, "Do it.", ""},
		{"about an introduction", head + "Here is how to answer: shortly." + end, "Here is how to answer: shortly.", ""},
		{"about prompts", head + "This prompt asks you to be brief." + end, "This prompt asks you to be brief.", ""},

		{"empty", "", "", RuleEmpty},
		{"empty field", head + end, "", RuleEmpty},
		{"placeholder", head + "{new_instruction}" + end, "", RuleEmpty},
		{"only reasoning", "<think>hm", "", RuleThinking},
		{"no field", "Do it.", "", RuleNoField},
		{"another field", "[[ ## answer ## ]]\nDo it." + end, "", RuleNoField},
		{"fenced, no field", "```\nDo it.\n```", "", RuleNoField},
		{"a header in the text", head + "Answer under\n[[ ## answer ## ]]\nshortly." + end, "", RuleHeaders},
		{"the field twice", head + "A" + "\n" + head + "B" + end, "", RuleHeaders},
		{"a misspelt header", head + "A\n[[ ##completed## ]]", "", RuleHeaders},
		{"introduction", head + "Here is the improved instruction:\n\nDo it." + end, "", RuleChatter},
		{"introduction on the same line", head + "Sure, here's the new instruction: Do it." + end, "", RuleChatter},
		{"label", head + "New instruction\nDo it." + end, "", RuleChatter},
		{"farewell", head + "Do it.\n\nThis revised instruction adds a rule about dates." + end, "", RuleChatter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := instructionTemplate{}.extract(tt.reply)
			if got != tt.want || ruleOf(err) != tt.rule {
				t.Errorf("got %q, rule %q (%v); want %q, rule %q", got, ruleOf(err), err, tt.want, tt.rule)
			}
		})
	}
}

func fuzzExtractor(f *testing.F, extract func(string) (string, error)) {
	f.Add("```\nA\n```")
	f.Add("<think>x</think>[[ ## new_instruction ## ]]\nA\n[[ ## completed ## ]]")
	f.Add("````md\r\n```\n````")
	f.Fuzz(func(t *testing.T, reply string) {
		text, err := extract(reply)
		switch {
		case err != nil && (ruleOf(err) == "" || text != "" || err.Error() == ""):
			t.Errorf("%q: %q, %v", reply, text, err)
		case err == nil && (text == "" || text != strings.TrimSpace(text)):
			t.Errorf("%q gave %q", reply, text)
		}
	})
}

func FuzzExtractFenced(f *testing.F)      { fuzzExtractor(f, ExtractFenced) }
func FuzzExtractInstruction(f *testing.F) { fuzzExtractor(f, instructionTemplate{}.extract) }

func FuzzRenderFenced(f *testing.F) {
	f.Add("cur <side_info>", `{"a":[1,2.5e3,{"b":null}],"c":{}}`)
	f.Fuzz(func(t *testing.T, current, record string) {
		var fields gepa.Fields
		if fields.UnmarshalJSON([]byte(record)) != nil {
			t.Skip()
		}
		got, err := RenderFenced("A<curr_param>B<side_info>C", current, []gepa.Fields{fields})
		if err != nil || !strings.HasPrefix(got, "A"+current+"B# Example 1\n") || !strings.HasSuffix(got, "C") {
			t.Errorf("%q, %v", got, err)
		}
	})
}
