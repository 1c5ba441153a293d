package main

import (
	"errors"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
)

// number is a flag for a whole number from some least value on.
type number struct {
	into  *int
	least int
}

func (n number) String() string {
	if n.into == nil || *n.into == 0 {
		return ""
	}
	return strconv.Itoa(*n.into)
}

func (n number) Type() string { return "N" }

func (n number) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < n.least {
		return errors.New("want a whole number, " + strconv.Itoa(n.least) + " or more")
	}
	*n.into = v
	return nil
}

// optional is a flag for a whole number, 0 or more, that may be left to a
// preset.
type optional struct{ into **int }

func (n optional) String() string {
	if n.into == nil || *n.into == nil {
		return ""
	}
	return strconv.Itoa(**n.into)
}

func (n optional) Type() string { return "N" }

func (n optional) Set(text string) error {
	var v int
	if err := (number{&v, 0}).Set(text); err != nil {
		return err
	}
	*n.into = &v
	return nil
}

// addSearch adds the flags that say how a run searches.
func addSearch(f *pflag.FlagSet, s *config.Search) {
	f.StringVar(&s.Preset, "search", s.Preset, "preset for the search options below: paper or recommended\n(docs/search.md; paper)")
	f.Var(number{&s.Minibatch, 1}, "minibatch", "examples on which parent and child are compared (7; the paper has 3)")
	f.Var(number{&s.InFlight, 1}, "in-flight", "proposals in flight at once (1)")
	f.Var(optional{&s.PerMember}, "per-member", "at most so many of them for each candidate found so far; 0 for no such limit")
	f.StringVar(&s.Parent, "parent", s.Parent, "what proposals start from: pareto, best, epsilon_greedy or top_k (pareto)")
	f.Float64Var(&s.Epsilon, "epsilon", s.Epsilon, "chance of any candidate, with --parent epsilon_greedy (0.1)")
	f.Var(number{&s.TopK, 1}, "top-k", "candidates to draw from, with --parent top_k (5)")
	f.StringVar(&s.Frontier, "frontier", s.Frontier, "what candidates survive by: the best on each example, on each objective,\nor both (example)")
	f.StringVar(&s.Dominance, "dominance", s.Dominance, "which candidates count as dominated: subset (the paper's) or cover\n(gepa's in Python) (subset)")
	f.StringVar(&s.Components, "components", s.Components, "instructions to rewrite at a time: round_robin or all (round_robin)")
	f.StringVar(&s.Sampling, "sampling", s.Sampling, "minibatches: epoch, or failures to prefer examples that the parent\nfails (epoch)")
	f.StringVar(&s.Acceptance, "acceptance", s.Acceptance, "when a child is validated: strict (better on the minibatch), equal, or\npaired (more examples where that is undecided) (strict)")
	f.Var(number{&s.More, 1}, "more", "most further examples, with --acceptance paired (twice the minibatch)")
	f.Var(number{&s.Children, 1}, "children", "texts to try a proposal; the best goes on (1)")
	f.Var(optional{&s.Memory}, "memory", "rejected edits to show the reflection model (0)")
	f.Var(optional{&s.Merges}, "merges", "merges that may be tried; 0 for none (5)")
	f.BoolVar(&s.MergeByModel, "merge-by-model", s.MergeByModel, "let the reflection model merge candidates of programs with one\ninstruction")
	f.Var(optional{&s.Staged}, "staged", "validate candidates in stages, the first of so many examples, and give up\nthose that can hardly be the best; 0 for full validation (0)")
	f.Float64Var(&s.StagedGrowth, "staged-growth", s.StagedGrowth, "by how much each stage is larger than the one before (2)")
	f.Float64Var(&s.StagedZ, "staged-z", s.StagedZ, "standard errors below the best at which one is given up (1)")
	f.Float64Var(&s.PerfectScore, "perfect-score", s.PerfectScore, "best score that there is; minibatches that reach it teach nothing (1)")
}

// addProposing adds the flags that say what new texts are written from and may
// be.
func addProposing(f *pflag.FlagSet, o *config.Optimize) {
	p := &o.Proposing
	f.Var(textFile{&o.Prompt}, "reflection-prompt", "file with a reflection prompt of your own, in the place of --template; it\nholds <curr_param> and <side_info>")
	f.StringVar(&o.Fence, "fence", o.Fence, "fence text from data and models in prompts: auto, always or never (auto)")
	f.StringVar(&o.Lint, "lint", o.Lint, "proposed texts with a finding (docs/proposer.md): refuse, warn or off (refuse)")
	f.Var(levels{&p.Rules}, "lint-rule", "RULE=LEVEL, a level for one rule of the linter; may be given several times")
	f.Var(list{(*[]string)(&p.Allow)}, "allow", "a value that texts may name although it is an expected answer, such as a\nclass; may be given several times")
	f.Var(number{&p.TextTokens, 1}, "text-tokens", "most tokens of a new text, unless the present one has more (4000)")
	f.Var(number{&p.CopiedWords, 2}, "copied-words", "so many words in a row are a passage copied from an example (10)")
	f.StringVar(&p.Placeholder, "placeholder", p.Placeholder, "regular expression of what is filled into a text, which new texts must\nhold (a name in braces)")
	f.Var(number{&p.RecordTokens, 1}, "record-tokens", "most tokens of recorded data in one reflection prompt (24000)")
	f.Var(number{&p.RejectedTokens, 1}, "rejected-tokens", "most tokens of rejected edits in one reflection prompt (2000)")
}

// textFile is a flag for the text of a file.
type textFile struct{ into *string }

func (t textFile) String() string { return "" }
func (t textFile) Type() string   { return "FILE" }

func (t textFile) Set(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	*t.into = string(raw)
	return nil
}

// list is a flag for several texts, which come beside those of the file.
type list struct{ into *[]string }

func (l list) String() string { return "" }
func (l list) Type() string   { return "TEXT" }

func (l list) Set(text string) error {
	*l.into = append(*l.into, text)
	return nil
}

// levels is a flag for the levels of single rules.
type levels struct{ into *map[string]string }

func (l levels) String() string { return "" }
func (l levels) Type() string   { return "RULE=LEVEL" }

func (l levels) Set(text string) error {
	rule, level, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("want RULE=LEVEL, for instance gold=warn")
	}
	all := maps.Clone(*l.into)
	if all == nil {
		all = map[string]string{}
	}
	all[rule] = level
	*l.into = all
	return nil
}

// examples is a flag for a file of examples, which takes the place of several
// and of how they were read.
type examples struct{ into *config.Source }

func (e examples) Type() string { return "string" }

func (e examples) String() string {
	if e.into == nil {
		return ""
	}
	return e.into.Path
}

func (e examples) Set(path string) error {
	*e.into = config.Source{Path: path}
	return nil
}

// validation is a flag for the validation set.
type validation struct{ into *config.Optimize }

func (v validation) Type() string { return "string" }

func (v validation) String() string {
	if v.into == nil {
		return ""
	}
	return v.into.Val
}

func (v validation) Set(text string) error {
	v.into.Val, v.into.ValFiles = text, config.Source{}
	return nil
}

// span is a flag for a duration above zero.
type span struct{ into *time.Duration }

func (s span) String() string {
	if s.into == nil || *s.into == 0 {
		return ""
	}
	return s.into.String()
}

func (s span) Type() string { return "D" }

func (s span) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil || v <= 0 {
		return errors.New("want a duration such as 90s, 15m or 2h")
	}
	*s.into = v
	return nil
}

// show are the flags that say what is printed, and how.
type show struct {
	json, noColor, quiet, plain bool
	log                         string
	ui                          uiMode
}

func (s *show) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.json, "json", false, "print the result as one JSON object (docs/formats/cli-json.md)")
	f.BoolVar(&s.noColor, "no-color", false, "use no colours; NO_COLOR in the environment does the same")
	f.StringVar(&s.log, "log", "", "add what happens to this file, every call included, as JSON lines (docs/models.md)")
	f.BoolVar(&s.plain, "plain", false, "print lines only, on a terminal, too (docs/terminal.md)")
	f.BoolVar(&s.quiet, "quiet", false, "say nothing but warnings while it runs")
	f.Var(&s.ui, "ui", "serve the run's dashboard (docs/dashboard.md) while it works, or with --ui=stay until Ctrl-C")
	f.Lookup("ui").NoOptDefVal = string(uiRun)
}
