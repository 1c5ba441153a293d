package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/internal/printable"
	"github.com/gepa-go/gepa/lm"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // the world failed: a model, a disk
	exitUsage       = 2   // the user can mend it
	exitRegression  = 3   // gepa check: worse than the baseline, or over a limit
	exitUndecided   = 4   // gepa check: too few examples to tell
	exitInterrupted = 130 // as shells have it for an interrupt
)

// run runs the command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	// fang asks the terminal for its colours before it passes an error on, and
	// waits where that does not answer: our own errors go around it.
	var failed error
	var around func(*cobra.Command)
	around = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			around(sub)
		}
		check, carryOut := c.Args, c.RunE
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if failed = check(cmd, args); failed == nil {
				failed = carryOut(cmd, args)
			}
			return nil
		}
	}
	around(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		failed = flagError(cmd, err)
		return nil
	})
	err := fang.Execute(ctx, root,
		fang.WithVersion(versionText()),
		fang.WithErrorHandler(func(_ io.Writer, _ fang.Styles, err error) { tell(ctx, stderr, err) }),
		fang.WithColorSchemeFunc(fang.AnsiColorScheme),
	)
	if failed != nil {
		tell(ctx, stderr, failed)
		err = failed
	}
	return exitCode(ctx, err)
}

func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(context.Cause(ctx), errInterrupted):
		return exitInterrupted
	case errors.Is(err, config.ErrUsage):
		return exitUsage
	}
	if check, ok := errors.AsType[*checkError](err); ok {
		return check.code
	}
	return exitFailed
}

// tell prints the error that ends the command. An interrupt was told of where
// it was met.
func tell(ctx context.Context, w io.Writer, err error) {
	if errors.Is(context.Cause(ctx), errInterrupted) {
		return
	}
	label := "error:"
	if colorful(w, false) {
		label = "\x1b[31merror:\x1b[0m"
	}
	text := printable.Lines(lm.Redact(err.Error(), config.Secrets(os.Getenv)...))
	fmt.Fprintln(w, label, strings.ReplaceAll(text, "\n", "\n       "))
}

// usageError is a mistake in the command line.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }
func (e usageError) Unwrap() error { return config.ErrUsage }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gepa",
		Short: "Better prompts by reflection and Pareto search",
		Long: "gepa improves the prompts of a compound AI system: it runs the system on examples, lets a model " +
			"reflect on what went wrong, keeps the new prompts that do better, and says in the end whether they " +
			"really are better, by how much, and how sure that is (GEPA, arXiv 2507.19457).",
		Example: "  # watch it work: no key, no network\n  gepa demo\n\n" +
			"  # the same on your data with a real model\n" +
			"  gepa optimize --program hotpotqa --train train.jsonl --dev dev.jsonl \\\n" +
			"  --model openrouter/google/gemini-2.5-flash-lite",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			var names []string
			for _, c := range cmd.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return usagef("there is no command %q%s; gepa help lists them", args[0], config.DidYouMean(args[0], names))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(newDemo(), newOptimize(), newPlan(), newResume(), newRuns(), newShow(), newWatch(), newDiff(), newServe(), newPlot(), newReport(),
		newApply(), newEval(), newCompare(), newCheck(),
		newExport(), newImport(), newData(), newMetric(), newConfig(), newInit(), newDoctor(), newModels(), newCache(), newCompletion(), newVersion())
	addCompletion(root)
	return root
}

// flagError makes a usage error of what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usagef("%s; see %s --help", err, cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := config.Nearest(unknown.GetSpecifiedName(), names); near != "" {
		return usagef("there is no flag --%s (did you mean --%s?); see %s --help", unknown.GetSpecifiedName(), near, cmd.CommandPath())
	}
	return usagef("there is no flag --%s; see %s --help", unknown.GetSpecifiedName(), cmd.CommandPath())
}

// noArguments refuses what is no flag.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes flags only, and %q is none; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

// commandLine returns the command as it was typed, for the record.
func commandLine() string {
	return lm.Redact(strings.Join(os.Args, " "), config.Secrets(os.Getenv)...)
}
