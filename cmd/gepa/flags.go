package main

import (
	"errors"
	"strconv"
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
