package propose

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
)

// The rules of a [Linter], beside RuleEmpty and RuleUnchanged. Their
// thresholds, defaults and reasons are in docs/proposer.md.
const (
	// RuleDuplicate: the text makes an earlier candidate again.
	RuleDuplicate Rule = "duplicate"
	// RuleTooLong: the text has more tokens than allowed.
	RuleTooLong Rule = "too long"
	// RulePlaceholder: a {placeholder} of the current text is lost.
	RulePlaceholder Rule = "placeholder"
	// RuleLocked: a locked span of the current text is lost or changed, or a
	// text that the linter is to keep.
	RuleLocked Rule = "locked"
	// RuleMeta: the text speaks of its own making, to whoever asked for it.
	RuleMeta Rule = "meta"
	// RuleGold: the text names the expected answer of an example.
	RuleGold Rule = "gold"
	// RuleCopied: the text repeats a passage of an example.
	RuleCopied Rule = "copied"
	// RuleInjected: the text repeats an order that stands in the data, or a
	// mark of the fence around them, or holds characters that nobody sees.
	RuleInjected Rule = "injected"
)

// LintRules returns the rules of a [Linter], in the order of their findings.
func LintRules() []Rule {
	return []Rule{
		RuleEmpty, RuleUnchanged, RuleDuplicate, RuleTooLong, RulePlaceholder, RuleLocked,
		RuleMeta, RuleGold, RuleCopied, RuleInjected,
	}
}

// A Level says what follows from a finding.
type Level string

// The levels.
const (
	// LevelOff: the rule is not looked at.
	LevelOff Level = "off"
	// LevelWarn: the finding is reported, the text is used.
	LevelWarn Level = "warn"
	// LevelRefuse: the text is not used.
	LevelRefuse Level = "refuse"
)

// A Linter looks for what no proposed text should have in it. The zero value
// has every rule at LevelRefuse. A Linter is safe for concurrent use as long
// as nobody changes it.
type Linter struct {
	// Levels holds the levels of single rules.
	Levels map[Rule]Level
	// Default is the level of all other rules. "" means LevelRefuse.
	Default Level
	// MaxTokens is the most that a text may have, by [EstimateTokens]; a text
	// no longer than the current one is never too long. 0 means 4,000.
	MaxTokens int
	// Placeholder matches what the program replaces in a text before it uses
	// it. Nil means a name in braces, single or double, that does not follow a
	// letter, a digit or one of \ } _ ^, as it would in code and formulas.
	Placeholder *regexp.Regexp
	// LockBegin and LockEnd stand about a span that must survive byte for byte,
	// the marks included. A span without an end ends with the text. Both ""
	// means "<!-- gepa:lock -->" and "<!-- gepa:unlock -->".
	LockBegin, LockEnd string
	// Keep lists, by component, texts that stand in it and must stand, byte for
	// byte, in every new one. Defaults to none.
	Keep map[string][]string
	// CopiedWords is how many words in a row make a copied passage. 0 means 10.
	CopiedWords int
	// Allow lists values that a text may name although they are expected
	// answers, such as the classes of a classifier. Case does not count.
	Allow []string
}

const (
	defaultMaxTokens   = 4000
	defaultCopiedWords = 10
	defaultLockBegin   = "<!-- gepa:lock -->"
	defaultLockEnd     = "<!-- gepa:unlock -->"
)

// A Proposed is a text to lint, with what it is compared with.
type Proposed struct {
	// Text is the new text.
	Text string
	// Current is the text that it is to replace.
	Current string
	// Sources are other texts that it may draw on, such as those that a merge
	// is made of. What stands in Current or in one of them is nothing new.
	Sources []string
	// Examples are the minibatch that the writer saw, with its rollouts.
	Examples []gepa.Reflected
	// Component is the text's component, by which Known is asked.
	Component string
	// Known reports whether texts, by component, make an earlier candidate
	// again, and which; see [gepa.ReflectRequest]. Nil means that nobody knows.
	Known func(texts map[string]string) (what string, known bool)
	// Fence is the marker of the fences in the writer's prompt; "" for none.
	Fence string
}

// A Finding is what a rule found. Words complete the sentence "This text
// cannot be used: …". They never repeat what may have come from the data as an
// order, so that they can be told to a model.
type Finding struct {
	Rule  Rule
	Level Level
	Words string
}

// Lint looks at a text by the default rules, see [Linter.Lint].
func Lint(p Proposed) []Finding { return Linter{}.Lint(p) }

// Lint returns what the rules find in a text, in the order of [LintRules], at
// most one finding a rule. An empty text has no other finding.
func (l Linter) Lint(p Proposed) []Finding {
	l = l.withDefaults()
	var out []Finding
	look := l.looks(p)
	for _, rule := range LintRules() {
		level := l.Level(rule)
		if level == LevelOff {
			continue
		}
		if words := look[rule](); words != "" {
			out = append(out, Finding{Rule: rule, Level: level, Words: words})
		}
		if strings.TrimSpace(p.Text) == "" {
			break
		}
	}
	return out
}

// looks returns what each rule does: why the text breaks it, "" if it does not.
func (l Linter) looks(p Proposed) map[Rule]func() string {
	// What is known of the data is worked out once, by the first rule that asks.
	var data *lintData
	about := func() *lintData {
		if data == nil {
			data = newLintData(p)
		}
		return data
	}
	return map[Rule]func() string{
		RuleEmpty:       func() string { return found(sameWords(p.Text, ""), "there is no text in it") },
		RuleUnchanged:   func() string { return unchangedText(p) },
		RuleDuplicate:   func() string { return duplicateText(map[string]string{p.Component: p.Text}, p.Known) },
		RuleTooLong:     func() string { return l.tooLong(p) },
		RulePlaceholder: func() string { return l.lostPlaceholders(p) },
		RuleLocked:      func() string { return l.lostSpans(p) },
		RuleMeta:        func() string { return metaText(p, about()) },
		RuleGold:        func() string { return l.goldAnswer(about()) },
		RuleCopied:      func() string { return l.copiedPassage(p, about()) },
		RuleInjected:    func() string { return injected(p, about()) },
	}
}

func found(yes bool, words string) string {
	if yes {
		return words
	}
	return ""
}

// Level returns the level of a rule.
func (l Linter) Level(r Rule) Level {
	if level, ok := l.Levels[r]; ok {
		return level
	}
	if l.Default != "" {
		return l.Default
	}
	return LevelRefuse
}

func (l Linter) withDefaults() Linter {
	if l.MaxTokens == 0 {
		l.MaxTokens = defaultMaxTokens
	}
	if l.CopiedWords == 0 {
		l.CopiedWords = defaultCopiedWords
	}
	if l.LockBegin == "" && l.LockEnd == "" {
		l.LockBegin, l.LockEnd = defaultLockBegin, defaultLockEnd
	}
	return l
}

// Validate returns an error that lists everything that is wrong with the
// linter's fields.
func (l Linter) Validate() error {
	var problems []error
	levels := []Level{LevelOff, LevelWarn, LevelRefuse}
	for _, rule := range slices.Sorted(maps.Keys(l.Levels)) {
		if !slices.Contains(LintRules(), rule) {
			problems = append(problems, fmt.Errorf("lint: there is no rule %q, only %q", rule, LintRules()))
		}
		if !slices.Contains(levels, l.Levels[rule]) {
			problems = append(problems, fmt.Errorf("lint: level %q of rule %q is none of %q", l.Levels[rule], rule, levels))
		}
	}
	if l.Default != "" && !slices.Contains(levels, l.Default) {
		problems = append(problems, fmt.Errorf("lint: level %q is none of %q", l.Default, levels))
	}
	if l.MaxTokens < 0 || l.CopiedWords < 0 {
		problems = append(problems, errors.New("lint: a limit is negative"))
	}
	if (l.LockBegin == "") != (l.LockEnd == "") || l.LockBegin != "" && l.LockBegin == l.LockEnd {
		problems = append(problems, errors.New("lint: the marks of a locked span are to be two different texts"))
	}
	return errors.Join(problems...)
}

// refusals returns the words of the findings that refuse a text, as one
// sentence; "" if none does.
func refusals(findings []Finding) string {
	var words []string
	for _, f := range findings {
		if f.Level == LevelRefuse {
			words = append(words, f.Words)
		}
	}
	return strings.Join(words, "; ")
}
