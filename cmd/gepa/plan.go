package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
)

func newPlan() *cobra.Command {
	o := config.Optimize{Out: config.DefaultOut}
	t := config.Trial{Examples: config.DefaultTrialExamples, Reflections: config.DefaultTrialReflections, Repeats: config.DefaultTrialRepeats}
	var s show
	var file string
	cmd := &cobra.Command{
		Use:   "plan [FILE]",
		Short: "Say what a run will use, before it is made",
		Long: "Runs the seed on a few examples and makes a few proposals in earnest, then simulates the whole run many times and shows, with ranges, " +
			"how many proposals the budget buys, and the rollouts, calls, tokens, money and time that it takes. It warns where " +
			"the seed solves too much or nothing, and advises the minibatch, the splits and the budget. It takes the flags of " +
			"gepa optimize. The sealed test set is not read, and nothing is kept but in the cache of calls: a run with the cache does not " +
			"pay again for what the trial paid. See docs/plan.md.",
		Example: "  # what gepa.yaml in this folder will use\n  gepa plan\n\n" +
			"  # with another budget, by a larger trial\n  gepa plan --rollouts 2000 --trial 40 --trial-reflections 3\n\n" +
			"  # for other programs\n  gepa plan --json | jq '.roles[] | {role, tokens}'",
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := findConfig(cmd, file, argument(args, 0))
			if err != nil {
				return err
			}
			if l != nil {
				o = l.Optimize()
				if err := replay(cmd.Flags(), &o); err != nil {
					return err
				}
			}
			t.Optimize = o
			err = carryOut(cmd, t, s)
			if l != nil {
				err = l.Locate(err, cmd.Flags().Changed)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	addTrial(f, &t)
	f.StringVar(&file, "config", "", "file that describes all (gepa.yaml, if it is there and no --program is given)")
	addOptimize(f, &o)
	record(f)
	s.add(cmd)
	return cmd
}

// addTrial adds the flags of a trial.
func addTrial(f *pflag.FlagSet, t *config.Trial) {
	f.Var(number{&t.Examples, 1}, "trial", "validation examples that the seed is run on")
	f.Var(number{&t.Reflections, 0}, "trial-reflections", "proposals that are made in earnest; 0 for none")
	f.Var(number{&t.Repeats, 0}, "trial-repeats", "examples that are run twice more, to see noise; 0 for none")
	f.Var(dollars{&t.Nanos}, "trial-cost", "most that the trial may cost, in dollars (1, where prices and longest replies are known)")
	f.Var(count{&t.Calls}, "trial-calls", fmt.Sprintf("most model calls that it may make (%d)", config.DefaultTrialCalls))
}

// carryOut makes the trial and prints the forecast.
func carryOut(cmd *cobra.Command, t config.Trial, s show) (err error) {
	ctx := cmd.Context()
	watch := newWatcher(cmd.ErrOrStderr(), s)
	logger, closeLog, err := startLog(watch, s.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	t.Logger = logger
	t.Tell = func(text string) { watch.say("trial      %s", text) }
	f, spent, err := t.Do(ctx)
	switch {
	case interrupted(ctx):
		watch.say("interrupted: the trial spent %s; with a cache, another does not pay for it again", spentWords(spent))
		return err
	case err != nil:
		if spent.Calls > 0 && !errors.Is(err, config.ErrUsage) {
			watch.say("the trial spent %s", spentWords(spent))
		}
		return err
	case s.json:
		data, err := f.Encode()
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(data)
		if err != nil {
			return err
		}
	default:
		if err := f.Text(cmd.OutOrStdout(), textOptions(cmd.OutOrStdout(), s.noColor)); err != nil {
			return err
		}
	}
	if f.Refused != "" {
		return usagef("%s", f.Refused)
	}
	return nil
}

// spentWords says what a trial consumed.
func spentWords(u gepa.Usage) string {
	return fmt.Sprintf("%d calls, %d tokens, %s", u.Calls, u.Tokens(), u.Cost)
}
