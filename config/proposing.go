package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/propose"
)

// proposer makes what writes new texts.
func (o Optimize) proposer(r roles, p *program.Program) (*propose.Proposer, error) {
	linter, err := o.linter()
	if err != nil {
		return nil, err
	}
	parts := map[string]propose.Part{}
	if p != nil {
		for _, c := range p.Components() {
			if predictor, field, ok := p.PartOf(c.Name); ok {
				parts[c.Name] = propose.Part{Of: predictor, Is: fmt.Sprintf("The text is no instruction of the module, but the description of its field %q, "+
					"which the model is shown beside the instruction: write a description of that field, in a line or a few.", field)}
			}
		}
	}
	proposer, err := propose.New(propose.Options{
		Model: r.reflection, Params: o.ReflectionParams, Judge: o.feedbackJudge(r), JudgeParams: o.JudgeParams,
		Feedback: propose.FeedbackSource(o.feedback()), Template: o.template(), Concurrency: o.Concurrency,
		Fence: propose.Fence(o.fence()), Linter: linter, Parts: parts,
		RecordTokens: o.Proposing.RecordTokens, RejectedTokens: o.Proposing.RejectedTokens, Logger: o.Logger,
	})
	if err != nil {
		return nil, usage{err}
	}
	return proposer, nil
}

func (o Optimize) linter() (propose.Linter, error) {
	p := o.Proposing
	l := propose.Linter{
		Default: propose.Level(o.lint()), MaxTokens: p.TextTokens, CopiedWords: p.CopiedWords, Allow: p.Allow,
		LockBegin: p.LockBegin, LockEnd: p.LockEnd, Keep: o.System.keep(),
	}
	for rule, level := range p.Rules {
		if l.Levels == nil {
			l.Levels = map[propose.Rule]propose.Level{}
		}
		l.Levels[propose.Rule(rule)] = propose.Level(level)
	}
	if p.Placeholder != "" {
		pattern, err := regexp.Compile(p.Placeholder)
		if err != nil {
			return l, usagef("--placeholder: want a regular expression: %w", err)
		}
		l.Placeholder = pattern
	}
	return l, nil
}

// checkReflection refuses settings of the proposer that have no meaning.
func (o Optimize) checkReflection() error {
	p := o.Proposing
	known := words(propose.LintRules()...)
	levels := words(propose.LevelRefuse, propose.LevelWarn, propose.LevelOff)
	for _, rule := range slices.Sorted(maps.Keys(p.Rules)) {
		if !slices.Contains(known, rule) {
			return usagef("--lint-rule: there is no rule %q%s; there are %s", rule, DidYouMean(rule, known), listed(known))
		}
		if level := p.Rules[rule]; !slices.Contains(levels, level) {
			return usagef("--lint-rule: %s: want %s, got %q%s", rule, orWords(levels), level, DidYouMean(level, levels))
		}
	}
	switch {
	case (p.LockBegin == "") != (p.LockEnd == ""):
		return atf("reflection.lock_begin", "a locked span has two marks: give lock_begin and lock_end")
	case p.LockBegin != "" && p.LockBegin == p.LockEnd:
		return atf("reflection.lock_end", "both marks of a locked span are %q: give two different ones", p.LockEnd)
	case o.Prompt != "" && o.Template != "" && !o.resumed:
		return usagef("--template %s and --reflection-prompt are both given: keep one of them", o.Template)
	case o.Prompt != "" && !(strings.Contains(o.Prompt, "<curr_param>") && strings.Contains(o.Prompt, "<side_info>")):
		return usagef("--reflection-prompt: the text holds no <curr_param> or no <side_info>: write them where the present text and the records are to stand")
	}
	_, err := o.linter()
	return err
}

// identity lists what gives a run its meaning, by flag.
func (p Proposing) identity(prompt string) []any {
	var f []any
	for _, given := range []struct {
		name  string
		value any
		set   bool
	}{
		{"reflection-prompt", prompt, prompt != ""},
		{"record-tokens", p.RecordTokens, p.RecordTokens != 0},
		{"rejected-tokens", p.RejectedTokens, p.RejectedTokens != 0},
		{"text-tokens", p.TextTokens, p.TextTokens != 0},
		{"copied-words", p.CopiedWords, p.CopiedWords != 0},
		{"allow", []string(p.Allow), len(p.Allow) > 0},
		{"lint-rule", gepa.NewFields(sortedPairs(p.Rules)...), len(p.Rules) > 0},
		{"placeholder", p.Placeholder, p.Placeholder != ""},
		{"lock-begin", p.LockBegin, p.LockBegin != ""},
		{"lock-end", p.LockEnd, p.LockEnd != ""},
	} {
		if given.set {
			f = append(f, given.name, given.value)
		}
	}
	return f
}

func sortedPairs(m map[string]string) []any {
	var out []any
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, name, m[name])
	}
	return out
}
