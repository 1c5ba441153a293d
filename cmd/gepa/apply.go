package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/config/source"
)

// applyFormat is the version of the object that --json prints.
const applyFormat = 1

// applied is that object.
type applied struct {
	Format int `json:"format"`
	// Written is false for a dry run.
	Written bool           `json:"written"`
	Changes []appliedWhere `json:"changes"`
}

type appliedWhere struct {
	Path string `json:"path"`
	// Created says that the file was not there.
	Created bool   `json:"created"`
	Diff    string `json:"diff"`
}

func newApply() *cobra.Command {
	var a config.Apply
	var dryRun, asJSON, noColor bool
	cmd := &cobra.Command{
		Use:   "apply [RUN]",
		Short: "Write the winner's texts back into your files",
		Long: "Writes the texts of the winner of the run in the folder RUN (" + config.DefaultOut + ") into files, all or none, and shows what " +
			"changes as a unified diff. Without --to they go back to where the run had its own from: the files that its gepa.yaml " +
			"names, or the gepa.yaml. A PLACE is a folder, with a file COMPONENT.md for each text, or COMPONENT=FILE: a file (in " +
			"Markdown the front matter stays), FILE#/json/pointer into JSON or YAML, or FILE::NAME, a region marked by gepa:begin NAME " +
			"and gepa:end NAME. A text that is not the one that the run began with is left alone, and nothing is written, unless " +
			"--force is given. See docs/compare.md.",
		Example: "  gepa apply --dry-run\n  gepa apply my-run --to prompts\n" +
			"  gepa apply my-run --to reason.predict=prompts/reason.md --to verify=agent.yaml#/prompts/verify",
		Args: oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := readRun(cmd, args)
			if err != nil {
				return err
			}
			changes, err := run.PlanApply(a)
			if err != nil {
				return err
			}
			if !asJSON {
				if err := printChanges(cmd.OutOrStdout(), changes, noColor); err != nil {
					return err
				}
			}
			if !dryRun {
				if err := source.Write(changes); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), appliedAs(changes, !dryRun))
			}
			return tellApplied(cmd.ErrOrStderr(), len(changes), dryRun)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&a.To, "to", nil, "where texts go: a folder, or COMPONENT=FILE; may be given several times\n(where the run had them from)")
	f.StringVar(&a.Candidate, "candidate", "", "candidate whose texts are written: a number, seed or winner (winner)")
	f.BoolVar(&dryRun, "dry-run", false, "show the change and write nothing")
	f.BoolVar(&a.Force, "force", false, "replace texts, too, that are not those that the run began with")
	addOutput(cmd, &asJSON, &noColor)
	return cmd
}

func appliedAs(changes []source.Change, written bool) applied {
	out := applied{Format: applyFormat, Written: written, Changes: []appliedWhere{}}
	for _, c := range changes {
		out.Changes = append(out.Changes, appliedWhere{c.Path, c.Before == nil, c.Diff()})
	}
	return out
}

func tellApplied(w io.Writer, n int, dryRun bool) error {
	text := fmt.Sprintf("%d files written", n)
	switch {
	case n == 0:
		text = "nothing to write: the files hold these texts already"
	case dryRun:
		text = "nothing written; without --dry-run this is"
	case n == 1:
		text = "1 file written"
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// printChanges prints a unified diff.
func printChanges(w io.Writer, changes []source.Change, noColor bool) error {
	colors := map[string]string{"+": "32", "-": "31", "@": "36"}
	for _, c := range changes {
		for line := range strings.Lines(c.Diff()) {
			text := strings.TrimSuffix(line, "\n")
			if color := colors[text[:min(1, len(text))]]; color != "" && colorful(w, noColor) {
				text = "\x1b[" + color + "m" + text + "\x1b[0m"
			}
			if _, err := fmt.Fprintln(w, text); err != nil {
				return err
			}
		}
	}
	return nil
}
