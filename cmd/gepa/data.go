package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

func newData() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Look at examples and check them",
		Long:  "Reads examples as a run does (JSON lines, JSON, CSV, TSV, Parquet; docs/data.md), without running anything.",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDataCheck(), newDataShow())
	return cmd
}

// dataCheck is what gepa data check prints with --json.
type dataCheck struct {
	Format int `json:"format"`
	dataset.Report
	// Refused is the number of pairs for which a run would refuse the data.
	Refused int `json:"refused"`
}

func newDataCheck() *cobra.Command {
	var d dataFlags
	var opts dataset.CheckOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [NAME=]FILE…",
		Short: "Check examples before they cost money",
		Long: "Reads every file as a set of its own and looks for examples that repeat others, exactly or nearly, within sets " +
			"and across them; for labels that contradict each other or are empty; for fields that are missing and lengths that " +
			"are odd. It shows how labels are distributed, and what a minibatch will see of that. The exit code is 2 where a run " +
			"would refuse the data.",
		Example: "  gepa data check train.jsonl dev.jsonl\n" +
			"  gepa data check --form hotpotqa train=hotpot_train_v1.1.json 'dev=data/*.parquet'\n" +
			"  gepa data check tickets.csv --inputs text --labels team --minibatch 5",
		Args: files,
		RunE: func(cmd *cobra.Command, args []string) error {
			sets, err := d.sets(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			report, err := dataset.Check(sets, opts)
			if err != nil {
				return usagef("%v", err)
			}
			refused := report.Refused()
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), dataCheck{1, report, refused})
			} else {
				_, err = io.WriteString(cmd.OutOrStdout(), report.String())
			}
			if err == nil && refused > 0 {
				err = usagef("a run refuses these data: %d of the examples are in two sets, or have an id that another set has; take them out of one", refused)
			}
			return err
		},
	}
	d.add(cmd)
	f := cmd.Flags()
	f.Var(number{&opts.Minibatch, 1}, "minibatch", "size of a minibatch (3)")
	f.Float64Var(&opts.SolveRate, "solve-rate", 0, "share of examples that the program solves, if known")
	f.Float64Var(&opts.Similarity, "similarity", 0, "from where on texts are nearly the same, 0 to 1 (0.8)")
	f.StringSliceVar(&opts.Fields, "compare", nil, "inputs by which near duplicates are found (all)")
	f.BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	return cmd
}

// dataShow is what gepa data show prints with --json.
type dataShow struct {
	Format    int            `json:"format"`
	Files     []string       `json:"files"`
	Rows      int            `json:"rows"`
	Filtered  int            `json:"filtered"`
	Repeated  int            `json:"repeated"`
	Unsampled int            `json:"unsampled"`
	Examples  []gepa.Example `json:"examples"`
}

func newDataShow() *cobra.Command {
	var d dataFlags
	var asJSON bool
	first := 3
	cmd := &cobra.Command{
		Use:   "show FILE…",
		Short: "Show examples as a run sees them",
		Long:  "Reads the files one after the other and shows the first examples: what the program will see, and what only metrics will.",
		Example: "  gepa data show train.parquet --form hotpotqa\n" +
			"  gepa data show qa.json --key /data --inputs 'question,context=/passage/text' --labels 'answer=/answers/0'\n" +
			"  head -n 100 big.jsonl | gepa data show -",
		Args: files,
		RunE: func(cmd *cobra.Command, args []string) error {
			loaded, err := d.load(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), dataShow{1, loaded.Files, loaded.Rows, loaded.Filtered, loaded.Repeated, loaded.Unsampled, loaded.Examples})
			}
			return showExamples(cmd.OutOrStdout(), loaded, first)
		},
	}
	d.add(cmd)
	cmd.Flags().Var(number{&first, 1}, "first", "examples to show")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print all examples as one JSON object (docs/formats/cli-json.md)")
	return cmd
}

func showExamples(w io.Writer, l dataset.Loaded, first int) error {
	var b strings.Builder
	fmt.Fprintln(&b, counted(l))
	for _, ex := range l.Examples[:min(first, len(l.Examples))] {
		fmt.Fprintf(&b, "\nexample %q\n", ex.ID)
		writeFields(&b, "input", ex.Inputs)
		writeFields(&b, "label", ex.Labels)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeFields writes fields, each in a line of at most so many characters.
func writeFields(b *strings.Builder, role string, fields gepa.Fields) {
	const most = 160
	for _, f := range fields {
		text := string(f.Value)
		var s string
		if json.Unmarshal(f.Value, &s) == nil {
			text = s
		}
		text = strings.Join(strings.Fields(text), " ")
		if r := []rune(text); len(r) > most {
			text = string(r[:most]) + "…"
		}
		fmt.Fprintf(b, "  %s %s: %s\n", role, f.Name, text)
	}
}
