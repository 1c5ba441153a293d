package main

import (
	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
)

func newDiff() *cobra.Command {
	var candidate, against string
	var asJSON, noColor bool
	cmd := &cobra.Command{
		Use:   "diff [RUN]",
		Short: "Show what changed in the texts, and what it won and lost",
		Long: "Shows how the winner of the run in the folder RUN (" + config.DefaultOut + ") differs from the base, word by word, and for every " +
			"change the validation examples that it won and lost. Removed words are red and added ones green, without " +
			"colours [-removed-] and {+added+}. See docs/compare.md.",
		Example: "  gepa diff my-run\n  gepa diff my-run --candidate 3 --against parent\n  gepa diff my-run --json | jq '.components[].steps[].validation.lost'",
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := readRun(cmd, args)
			if err != nil {
				return err
			}
			d, err := run.Diff(candidate, against)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return d.Text(cmd.OutOrStdout(), textOptions(cmd.OutOrStdout(), noColor))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&candidate, "candidate", "", "candidate to show: a number, or winner (winner)")
	f.StringVar(&against, "against", "", "what it is compared with: a number, seed or parent (seed)")
	addOutput(cmd, &asJSON, &noColor)
	return cmd
}

// addOutput adds the flags that say how a result is printed.
func addOutput(cmd *cobra.Command, asJSON, noColor *bool) {
	f := cmd.Flags()
	f.BoolVar(asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	f.BoolVar(noColor, "no-color", false, "use no colours; NO_COLOR in the environment does the same")
}

// readRun reads the run that is the command's argument.
func readRun(cmd *cobra.Command, args []string) (*config.Kept, error) {
	dir, err := config.Locate(argument(args, 0))
	if err != nil {
		return nil, err
	}
	return config.ReadKept(cmd.Context(), dir)
}
