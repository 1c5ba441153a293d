package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
)

// addSubject adds the flags that say how something is run.
func addSubject(f *pflag.FlagSet, o *config.Optimize) {
	f.StringVar(&o.Model, "model", "", "model that runs it: provider/model, or sim (the run's)")
	f.StringVar(&o.BaseURL, "base-url", "", "endpoint of the model's provider")
	addParams(f, "", "the program's calls", &o.Params)
	f.Var(number{&o.Concurrency, 1}, "concurrency", "rollouts at a time (8); it changes no result")
	addCalls(f, o)
}

// addOn adds the flags that say on which examples.
func addOn(f *pflag.FlagSet, on *config.On) {
	f.StringVar(&on.Data.Path, "data", "", "file of examples (HotpotQA's JSON or JSON lines)")
	f.StringVar(&on.Split, "split", "", "or a set of the run: test, val or feedback (val)")
	f.Var(number{&on.Limit, 1}, "limit", "take only the first so many")
}

func newEval() *cobra.Command {
	var e config.Eval
	var asJSON, noColor bool
	worst := defaultWorst
	cmd := &cobra.Command{
		Use:   "eval [RUN|PROGRAM.json]",
		Short: "Measure a program on examples, the worst first",
		Long: "Measures the winner of the run in the folder RUN (RUN:3 is its candidate 3), or a saved program, on the examples of a file or " +
			"on a set of the run: means with 95 % intervals, and every example, the worst first. What the run measured itself is taken " +
			"from its journal. See docs/compare.md.",
		Example: "  gepa eval my-run --split test\n  gepa eval my-run:2 --data new.jsonl --worst 5\n" +
			"  gepa eval program.json --data dev.jsonl --model openai/gpt-4.1-mini --json",
		Args: oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			e.Name = argument(args, 0)
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
	f.StringArrayVar(&e.Texts, "texts", nil, "read texts from here: a folder, or COMPONENT=FILE, as gepa apply writes\nthem; may be given several times")
	f.BoolVar(&e.Fresh, "fresh", false, "run every example, also those that the run has measured")
	f.Var(worstFlag{&worst}, "worst", fmt.Sprintf("examples to list; 0 for all (%d)", defaultWorst))
	addOutput(cmd, &asJSON, &noColor)
	addSubject(f, &e.Setup)
	return cmd
}

const defaultWorst = 20

// worstFlag is a flag for a number that may be 0.
type worstFlag struct{ into *int }

func (w worstFlag) String() string        { return "" }
func (w worstFlag) Type() string          { return "N" }
func (w worstFlag) Set(text string) error { return number{w.into, 0}.Set(text) }

func newCompare() *cobra.Command {
	var c config.Compare
	var setup config.Optimize
	var modelA, modelB string
	var asJSON, noColor bool
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Say whether B is better than A, on the same examples",
		Long: "Compares two programs example by example and says what the figures support: B is better, worse, or not shown to be better. " +
			"A and B are runs (RUN is the winner, RUN:0 the base, RUN:3 candidate 3) or saved programs; one of them with two models " +
			"is a comparison, too. Where the runs have measured both on the same examples, no call is made: on the test set " +
			"if both were, otherwise on the validation set. See docs/compare.md.",
		Example: "  gepa compare my-run:0 my-run\n  gepa compare old.json my-run --data new.jsonl --model openai/gpt-4.1-mini\n" +
			"  gepa compare my-run my-run:3 --model-b openai/gpt-4.1 --data new.jsonl",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s takes two: A and B, each a run, RUN:CANDIDATE or a saved program; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c.A, c.B = config.Subject{Name: args[0], Setup: setup}, config.Subject{Name: args[1], Setup: setup}
			if modelA != "" {
				c.A.Setup.Model = modelA
			}
			if modelB != "" {
				c.B.Setup.Model = modelB
			}
			result, err := c.Do(cmd.Context())
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
	addOn(f, &c.On)
	f.BoolVar(&c.Fresh, "fresh", false, "run every example, also those that the runs have measured")
	f.StringVar(&modelA, "model-a", "", "model that runs A alone")
	f.StringVar(&modelB, "model-b", "", "model that runs B alone")
	addOutput(cmd, &asJSON, &noColor)
	addSubject(f, &setup)
	return cmd
}
