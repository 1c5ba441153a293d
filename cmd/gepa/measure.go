package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
)

func newEval() *cobra.Command {
	var e config.Eval
	var how subjectFlags
	var asJSON, noColor bool
	worst := defaultWorst
	cmd := &cobra.Command{
		Use:   "eval [NAME]",
		Short: "Measure a system on examples, the worst first",
		Long: "Measures a system on a set of its own data or on the examples of a file: means with 95 % intervals, and every example, the " +
			"worst first. " + subjectWords + " What a run measured itself is taken from its journal. See docs/compare.md.",
		Example: "  # the system of gepa.yaml, with its prompts as they are\n  gepa eval\n  gepa eval --data new.csv --worst 5\n\n" +
			"  # a run, and a saved program\n  gepa eval my-run --split test\n" +
			"  gepa eval program.json --data dev.jsonl --model openai/gpt-4.1-mini --json",
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			texts := e.Texts
			if e.Subject, err = how.subject(cmd, argument(args, 0)); err != nil {
				return err
			}
			e.Texts = texts
			result, err := e.Do(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), result)
			}
			return result.Text(cmd.OutOrStdout(), textOptions(cmd.OutOrStdout(), noColor), worst)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	addOn(f, &e.On)
	addTexts(f, &e.Texts)
	f.BoolVar(&e.Fresh, "fresh", false, "run every example, also those that the run has measured")
	f.Var(worstFlag{&worst}, "worst", fmt.Sprintf("examples to list; 0 for all (%d)", defaultWorst))
	addOutput(cmd, &asJSON, &noColor)
	how.add(f)
	addReading(f, &e.Reading)
	return cmd
}

const defaultWorst = 20

// oneName takes at most one argument: what is measured.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one name, and %q is one too many; see %s --help", cmd.CommandPath(), args[1], cmd.CommandPath())
	}
	return nil
}

// worstFlag is a flag for a number that may be 0.
type worstFlag struct{ into *int }

func (w worstFlag) String() string        { return "" }
func (w worstFlag) Type() string          { return "N" }
func (w worstFlag) Set(text string) error { return number{w.into, 0}.Set(text) }

func newCompare() *cobra.Command {
	var on config.On
	var how subjectFlags
	var modelA, modelB string
	var fresh, asJSON, noColor bool
	cmd := &cobra.Command{
		Use:   "compare [A] B [C…]",
		Short: "Say whether B is better than A, on the same examples",
		Long: "Compares systems example by example and says what the figures support: B is better, worse, or not shown to be better than A. " +
			"With more than two each is compared with the first, and p-values are corrected for that. " + subjectWords + " With one name, " +
			"A is the system of the gepa.yaml as it stands. One system with two models is a comparison, too (--model-b). Where runs have " +
			"measured the same examples, no call is made: on the test set if they all measured that, otherwise on the validation set. " +
			"See docs/compare.md.",
		Example: "  # the prompts as they are, against a run's winner\n  gepa compare my-run\n\n" +
			"  gepa compare my-run:0 my-run\n  gepa compare old.json my-run --data new.jsonl --model openai/gpt-4.1-mini\n" +
			"  gepa compare my-run:0 my-run:1 my-run:2 my-run:3\n" +
			"  gepa compare my-run --model-b openai/gpt-4.1 --data new.jsonl",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			subjects, err := compared(cmd, &how, args, modelA, modelB)
			if err != nil {
				return err
			}
			var result interface {
				Text(io.Writer, report.TextOptions) error
			}
			if len(subjects) > 2 {
				result, err = config.Contest{Base: subjects[0], Others: subjects[1:], On: on, Fresh: fresh}.Do(cmd.Context())
			} else {
				result, err = config.Compare{A: subjects[0], B: subjects[1], On: on, Fresh: fresh}.Do(cmd.Context())
			}
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), result)
			}
			return result.Text(cmd.OutOrStdout(), textOptions(cmd.OutOrStdout(), noColor))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	addOn(f, &on)
	f.BoolVar(&fresh, "fresh", false, "run every example, also those that the runs have measured")
	f.StringVar(&modelA, "model-a", "", "model that runs A alone")
	f.StringVar(&modelB, "model-b", "", "model that runs B alone")
	addOutput(cmd, &asJSON, &noColor)
	how.add(f)
	addReading(f, &on.Reading)
	return cmd
}

// compared returns what is compared, the base first: what is named, the system
// of the gepa.yaml before a single name, or one system with two models.
func compared(cmd *cobra.Command, how *subjectFlags, names []string, modelA, modelB string) ([]config.Subject, error) {
	models := modelA != "" || modelB != ""
	own, err := how.subject(cmd, "")
	if err != nil {
		return nil, err
	}
	switch {
	case len(names) > 2 && models:
		return nil, usagef("--model-a and --model-b are for two, and %d are named", len(names))
	case len(names) == 1 && models:
		names = append(names, names[0])
	case len(names) == 0 && models && own.Config != nil:
		names = []string{"", ""}
	case len(names) == 1 && own.Config != nil:
		names = append([]string{""}, names...)
	case len(names) < 2:
		return nil, usagef("%s takes two or more: A and B, each a run, RUN:CANDIDATE, a saved program or candidate, a folder of prompts or a %s; see %s --help",
			cmd.CommandPath(), config.FileName, cmd.CommandPath())
	}
	var subjects []config.Subject
	for i, name := range names {
		s := own
		s.Name = name
		if model := []string{modelA, modelB}[min(i, 1)]; model != "" {
			s.Setup.Model = model
		}
		subjects = append(subjects, s)
	}
	return subjects, nil
}
