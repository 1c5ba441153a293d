package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
)

func newShow() *cobra.Command {
	const none = -1
	var asJSON, noColor, spend, settings bool
	candidate := none
	cmd := &cobra.Command{
		Use:   "show [RUN]",
		Short: "Show a run: result, candidates, proposals",
		Long: "Shows the run in the folder RUN (" + config.DefaultOut + "), finished or not, from its journal: the report that ends a run, the " +
			"candidates, and every proposal with its fate. It changes nothing and may look at a run that is at work.",
		Example: "  gepa show my-run\n  gepa show my-run --candidate 3\n  gepa show my-run --json | jq .winner",
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			given := 0
			for _, is := range []bool{cmd.Flags().Changed("candidate"), spend, settings} {
				if is {
					given++
				}
			}
			if given > 1 {
				return usagef("--candidate, --spend and --settings each show one thing: give one of them")
			}
			dir, err := config.Locate(argument(args, 0))
			if err != nil {
				return err
			}
			run, err := config.ReadKept(cmd.Context(), dir)
			if err != nil {
				return err
			}
			out, o := cmd.OutOrStdout(), textOptions(cmd.OutOrStdout(), noColor)
			if settings {
				if run.Settings == "" {
					return usagef("%s keeps no settings, as runs of earlier versions and of Go programs do not", dir)
				}
				_, err := io.WriteString(out, run.Settings)
				return err
			}
			s, err := run.Summary()
			if err != nil {
				return err
			}
			switch {
			case candidate != none:
				v, ok := s.View(candidate)
				if !ok {
					return usagef("--candidate %d: the run has candidates 0 to %d", candidate, len(s.Candidates)-1)
				}
				if asJSON {
					return printJSON(out, v)
				}
				return v.Text(out, o)
			case asJSON:
				return printJSON(out, s)
			case spend:
				if err := s.SpendText(out, o); err != nil {
					return err
				}
				return run.Account().Text(out, o)
			}
			if err := s.Text(out, o); err != nil {
				return err
			}
			if err := s.Tables(out, o); err != nil {
				return err
			}
			_, err = fmt.Fprintf(out, "%s: %s\n", dir, statusWords(run))
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Var(candidateFlag{&candidate}, "candidate", "show this candidate's texts, and what it changed")
	f.BoolVar(&spend, "spend", false, "show what the run consumed")
	f.BoolVar(&settings, "settings", false, "show how the run is configured, as JSON")
	f.BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	f.BoolVar(&noColor, "no-color", false, "use no colours; NO_COLOR in the environment does the same")
	return cmd
}

// candidateFlag is a flag for a candidate's id. Unlike [number] it may be 0.
type candidateFlag struct{ into *int }

func (c candidateFlag) String() string { return "" }
func (c candidateFlag) Type() string   { return "N" }

func (c candidateFlag) Set(text string) error { return number{c.into, 0}.Set(text) }

func textOptions(w io.Writer, noColor bool) report.TextOptions {
	return report.TextOptions{Width: min(columns(w), 120), Color: colorful(w, noColor)}
}

// statusWords says how a run stands, and what can be done about it.
func statusWords(run *config.Kept) string {
	text := string(run.Status)
	if run.Detail != "" {
		text += ": " + run.Detail
	}
	switch run.Status {
	case report.StatusInterrupted, report.StatusFailed, report.StatusCrashed:
		text += "; gepa resume " + run.Folder + " goes on"
	case report.StatusFinished, report.StatusRunning:
	}
	return text
}
