package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/internal/atomicfile"
)

func newExport() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "export [RUN]",
		Short: "Write a run as one portable file",
		Long: "Writes the run in the folder RUN (" + config.DefaultOut + ") as JSON lines, the whole of it: gepa import makes a folder of the file " +
			"again, on any machine, where the run can be shown and resumed. The format is in docs/formats/export.md. The " +
			"data files are not in it, but what was sent to models is.",
		Example: "  gepa export my-run -o my-run.jsonl\n  gepa export my-run | jq -c 'select(.kind == \"gate\") | .data'",
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := config.Locate(argument(args, 0))
			if err != nil {
				return err
			}
			if file == "" || file == "-" {
				return config.Export(cmd.Context(), dir, cmd.OutOrStdout())
			}
			return atomicfile.WriteBy(file, func(w io.Writer) error { return config.Export(cmd.Context(), dir, w) })
		},
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "file to write (standard output)")
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
