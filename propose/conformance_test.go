package propose_test

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/shared"
	"github.com/gepa-go/gepa/propose"
)

type conformanceCases struct {
	Render []struct {
		Current  string        `json:"current"`
		Records  []gepa.Fields `json:"records"`
		Prompt   string        `json:"prompt"`
		Template *string       `json:"template"`
	} `json:"render"`
	Extract []struct {
		In  string `json:"in"`
		Out string `json:"out"`
	} `json:"extract"`
}

func loadCases(t *testing.T) conformanceCases {
	t.Helper()
	data, err := os.ReadFile(shared.File(t, "conformance/gepa.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases conformanceCases
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Render) == 0 || len(cases.Extract) == 0 {
		t.Fatal("the file has no cases of the groups render and extract")
	}
	return cases
}

// TestRenderConformance: byte for byte, but for a current text that holds
// <side_info>. There, the difference must be exactly that it was not expanded.
func TestRenderConformance(t *testing.T) {
	const place = "<side_info>"
	for i, c := range loadCases(t).Render {
		template := propose.GEPATemplate
		if c.Template != nil {
			template = *c.Template
		}
		got, err := propose.RenderFenced(template, c.Current, c.Records)
		if err != nil {
			t.Errorf("case %d: %v", i, err)
			continue
		}
		if !strings.Contains(c.Current, place) {
			if diff := cmp.Diff(c.Prompt, got); diff != "" {
				t.Errorf("case %d (-want +got):\n%s", i, diff)
			}
			continue
		}
		if !strings.Contains(got, c.Current) {
			t.Errorf("case %d: the current text was changed in %q", i, got)
		}
		records, err := propose.RenderFenced("<side_info><curr_param>", "", c.Records)
		if err != nil {
			t.Fatal(err)
		}
		expanded := strings.ReplaceAll(c.Current, place, records)
		if diff := cmp.Diff(c.Prompt, strings.ReplaceAll(got, c.Current, expanded)); diff != "" {
			t.Errorf("case %d differs in more than the placeholder (-want +got):\n%s", i, diff)
		}
	}
}

// TestExtractConformance: equal, or deviating in a way that docs/deviations.md
// describes and that the input's form proves.
func TestExtractConformance(t *testing.T) {
	for i, c := range loadCases(t).Extract {
		got, err := propose.ExtractFenced(c.In)
		if err == nil && got == c.Out {
			continue
		}
		if why := undocumented(c.In, c.Out, got, err); why != "" {
			t.Errorf("case %d: %q gave %q, %v; the original gives %q: %s", i, c.In, got, err, c.Out, why)
		}
	}
}

var (
	runs       = regexp.MustCompile("`{3,}")
	fenceLines = regexp.MustCompile("(?m)^[ \t]*`{3,}")
	tagLines   = regexp.MustCompile("(?m)`{3,}[ \t]*([A-Za-z+#0-9_]+)[ \t\r]*$")
	chatWords  = regexp.MustCompile(`(?i)\b(instructions?|prompt|version|hope|let me know|feel free)\b`)
	emptyBlock = regexp.MustCompile(`^[\s\p{Z}]*[A-Za-z+#0-9_]*[\s\p{Z}]*$`)
	infoWord   = regexp.MustCompile(`^[ \t\p{Z}]*([^\s\p{Z}]+)[ \t\r\p{Z}]*\n`)
)

// undocumented says why a difference is not one of the documented ones, and ""
// if it is. It looks at the form of the input and at nothing else.
func undocumented(in, original, got string, err error) string {
	reasoning := strings.Contains(in, "<think") || strings.Contains(in, "</think") || strings.Contains(in, "<reasoning>")
	found := runs.FindAllStringIndex(in, -1)
	long := strings.Contains(in, "````")
	if err == nil {
		word := ""
		if strings.HasSuffix(got, original) {
			word = strings.TrimSpace(got[:len(got)-len(original)])
		}
		switch {
		case reasoning && strings.Contains(in, got), long && strings.Contains(in, got):
			return ""
		case len(found) > 2 && len(runs.FindAllString(after(in[found[0][1]:], got), -1)) > 1:
			return "" // what follows the block has backticks of its own
		case word != "" && !strings.ContainsAny(word, " \n"):
			if w := infoWord.FindStringSubmatch(in[found[0][1]:]); w == nil || w[1] != word {
				return "the kept word does not stand after the fence"
			}
			return "" // a first word that is no language
		case strings.HasSuffix(original, got) && infoWord.MatchString(original):
			return "" // a language name with blanks about it
		}
		return "no rule gives this text"
	}
	refusal, ok := errors.AsType[*propose.RefusalError](err)
	if !ok {
		return "the error is no refusal"
	}
	holds := false
	switch refusal.Rule {
	case propose.RuleEmpty:
		holds = original == "" || len(found) > 1 && emptyBlock.MatchString(in[found[0][1]:found[1][0]])
	case propose.RuleThinking:
		holds = reasoning
	case propose.RuleChatter:
		holds = chatWords.MatchString(original) || chatWords.MatchString(in)
	case propose.RuleUnfenced:
		holds = len(found) == 0 || len(found) == 1 && !fenceLines.MatchString(in)
	case propose.RuleInline:
		line := in[strings.LastIndexByte(in[:found[0][0]], '\n')+1 : found[0][0]]
		holds = strings.TrimSpace(line) != ""
	case propose.RuleUnclosed:
		rest, _, _ := strings.Cut(in[found[len(found)-1][1]:], "\n")
		holds = len(found)%2 == 1 || strings.TrimSpace(rest) != "" || long || tagLines.MatchString(original)
	case propose.RuleBlocks:
		holds = len(fenceLines.FindAllString(in, -1)) >= 3 || len(found) >= 3
	case propose.RuleUnchanged, propose.RuleNoField, propose.RuleHeaders:
		return "the rule is not about fenced replies"
	}
	if !holds && !reasoning {
		return "the input is not of the form that rule " + string(refusal.Rule) + " is about"
	}
	return ""
}

// after returns what follows the first occurrence of a part.
func after(text, part string) string {
	_, rest, _ := strings.Cut(text, part)
	return rest
}
