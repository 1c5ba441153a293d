package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/internal/atomicfile"
)

// formRun is the form of [newExport] that holds the whole run.
const formRun = "jsonl"

func newExport() *cobra.Command {
	var file, form, candidate string
	cmd := &cobra.Command{
		Use:   "export [RUN]",
		Short: "Write a run, or its texts, as one file",
		Long: "Writes the run in the folder RUN (" + config.DefaultOut + ") as JSON lines, the whole of it: gepa import makes a folder of the file " +
			"again, on any machine, where the run can be shown and resumed. The format is in docs/formats/export.md. The " +
			"data files are not in it, but what was sent to models is.\n\n" +
			"The other formats hold the texts of one candidate, the winner: dspy is a program's state as DSPy loads it, markdown is " +
			"for people, json an object with a text for each component, promptfoo a configuration of promptfoo (docs/compare.md).",
		Example: "  gepa export my-run -o my-run.jsonl\n  gepa export my-run --format dspy -o program.json\n" +
			"  gepa export my-run --format json | jq -r '.\"reason.predict\"'",
		Args: oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := config.Locate(argument(args, 0))
			if err != nil {
				return err
			}
			if forms := append([]string{formRun}, config.Forms()...); !slices.Contains(forms, form) {
				return usagef("--format %s: want one of %s%s", form, strings.Join(forms, ", "), config.DidYouMean(form, forms))
			}
			write := func(w io.Writer) error { return config.Export(cmd.Context(), dir, w) }
			if form != formRun {
				run, err := config.ReadKept(cmd.Context(), dir)
				if err != nil {
					return err
				}
				text, err := run.Texts(form, candidate)
				if err != nil {
					return err
				}
				write = func(w io.Writer) error { _, err := w.Write(text); return err }
			} else if candidate != "" {
				return usagef("--candidate means nothing without a --format of texts: jsonl holds the whole run")
			}
			if file == "" || file == "-" {
				return write(cmd.OutOrStdout())
			}
			return atomicfile.WriteBy(file, write)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&form, "format", formRun, "jsonl, the whole run; or its texts: dspy, markdown, json or promptfoo")
	f.StringVar(&candidate, "candidate", "", "candidate whose texts are written: a number, seed or winner (winner)")
	f.StringVarP(&file, "output", "o", "", "file to write (standard output)")
	return cmd
}

func newImport() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE [RUN]",
		Short: "Make a run's folder from an exported file",
		Long: "Makes the folder RUN (FILE's name without .jsonl) from a file that gepa export wrote; - is standard input. Every line is " +
			"checked before anything is there to be seen.",
		Example: "  gepa import my-run.jsonl\n  ssh host gepa export my-run | gepa import - my-run",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usagef("%s takes a file and, if you like, a folder; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			name, dir := args[0], argument(args, 1)
			in := cmd.InOrStdin()
			if name == "-" {
				if name = "standard input"; dir == "" {
					return usagef("from standard input the run needs a name: gepa import - RUN")
				}
			} else {
				f, err := os.Open(name)
				if err != nil {
					return usagef("import: %v", err)
				}
				defer func() { err = errors.Join(err, f.Close()) }()
				in = f
			}
			if dir == "" {
				if dir = strings.TrimSuffix(filepath.Base(name), ".jsonl"); dir == filepath.Base(name) {
					return usagef("%s does not end in .jsonl; name the run's folder: gepa import %s RUN", name, name)
				}
			}
			if err := config.Import(cmd.Context(), name, in, dir); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: imported; gepa show %s shows it\n", dir, dir)
			return err
		},
	}
}
