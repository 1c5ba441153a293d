package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/internal/atomicfile"
	"github.com/gepa-go/gepa/report"
)

// checkError says that a check did not pass.
type checkError struct {
	code int
	text string
}

func (e *checkError) Error() string { return e.text }

func newCheck() *cobra.Command {
	c := config.BaselineCheck{Allowed: report.Allowed{Margin: config.DefaultMargin}}
	var how subjectFlags
	var write, asJSON, noColor, acceptUndecided bool
	var junit, markdown string
	cmd := &cobra.Command{
		Use:   "check [NAME]",
		Short: "Fail where a system is worse than a baseline, for CI",
		Long: "Runs a system on examples and compares it, example by example, with a baseline that is kept in the repository. It passes where " +
			"the mean score is shown to be at most --margin worse. " + subjectWords + " What is not given is the baseline's. Exit codes: 0 passed, 3 the score is shown to be worse or a limit is " +
			"exceeded, 4 the examples are too few to tell, 2 a mistake, 1 a failure such as an unreachable model. See docs/ci.md.",
		Example: "  # the system of gepa.yaml, with its prompts as they are\n  gepa check --write-baseline\n  gepa check\n\n" +
			"  # at most a fifth dearer\n  gepa check --max-cost-increase 20%\n\n" +
			"  gepa check program.json --data dev.jsonl --model openai/gpt-4.1-mini --write-baseline\n" +
			"  gepa check program.json --markdown comment.md --junit check.xml",
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			texts := c.Texts
			if c.Subject, err = how.subject(cmd, argument(args, 0)); err != nil {
				return err
			}
			c.Texts = texts
			out, o := cmd.OutOrStdout(), textOptions(cmd.OutOrStdout(), noColor)
			if write {
				e, err := c.Write(cmd.Context())
				if err != nil {
					return err
				}
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "baseline written to %s: keep it in the repository\n", c.BaselineFile())
				if asJSON {
					return printJSON(out, e)
				}
				return e.Text(out, o, defaultWorst)
			}
			result, err := c.Do(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(out, result)
			} else {
				err = result.Text(out, o)
			}
			return errors.Join(err, writeTo(junit, result.JUnit), writeTo(markdown, result.Markdown), failedCheck(result, acceptUndecided))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&c.Baseline, "baseline", "", "file of the baseline ("+config.DefaultBaseline+")")
	f.BoolVar(&write, "write-baseline", false, "measure, and write the baseline")
	addOn(f, &c.On)
	addTexts(f, &c.Texts)
	f.Var(share{&c.Allowed.Margin}, "margin", fmt.Sprintf("by how much the mean score may be worse (%g)", config.DefaultMargin))
	f.Var(dollars{&c.Allowed.CostNanos}, "max-cost-per-example", "most dollars that an example may cost, in the mean")
	f.Var(percent{&c.Allowed.CostIncrease}, "max-cost-increase", "by how much it may cost more than the baseline, in the mean: for instance 20%")
	f.Var(span{&c.Allowed.Latency}, "max-latency", "most time that 95 % of the examples may take, for instance 2s")
	f.Var(percent{&c.Allowed.LatencyIncrease}, "max-latency-increase", "by how much an example may take longer than the baseline's, in the mean")
	f.BoolVar(&acceptUndecided, "accept-undecided", false, "pass, too, where the examples are too few to tell")
	f.StringVar(&junit, "junit", "", "write JUnit's XML to this file")
	f.StringVar(&markdown, "markdown", "", "write a comment for a pull request to this file")
	addOutput(cmd, &asJSON, &noColor)
	how.add(f)
	addReading(f, &c.Reading)
	return cmd
}

// writeTo writes a report to a file, if one is named.
func writeTo(path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	return atomicfile.WriteBy(path, write)
}

// failedCheck is the error of a check that did not pass.
func failedCheck(c report.Check, acceptUndecided bool) error {
	switch c.Status {
	case report.CheckRegression:
		return &checkError{exitRegression, c.Conclusion}
	case report.CheckLimit:
		return &checkError{exitRegression, "a limit is exceeded; the report says which"}
	case report.CheckUndecided:
		if !acceptUndecided {
			return &checkError{exitUndecided, "undecided: the examples are too few to tell; the report says how few (--accept-undecided lets that pass)"}
		}
	case report.CheckPassed:
	}
	return nil
}

// percent is a flag for a share that is given in percent, 0 or more.
type percent struct{ into **float64 }

func (p percent) String() string { return "" }
func (p percent) Type() string   { return "X%" }

func (p percent) Set(text string) error {
	number, ok := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return errors.New("want a percentage such as 20%, 0% or more")
	}
	v /= 100
	*p.into = &v
	return nil
}

// share is a flag for a number from 0 on that is no infinity.
type share struct{ into *float64 }

func (s share) String() string { return "" }
func (s share) Type() string   { return "X" }

func (s share) Set(text string) error {
	var v float64
	if _, err := fmt.Sscanf(text, "%g", &v); err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return errors.New("want a number such as 0.05, 0 or more")
	}
	*s.into = v
	return nil
}
