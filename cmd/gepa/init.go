package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
)

func newInit() *cobra.Command {
	return &cobra.Command{
		Use:   "init TEMPLATE [DIR]",
		Short: "Write a small project that runs at once",
		Long: "Writes a gepa.yaml with prompts, data and a README into the folder DIR (this one). It runs at once and offline, with " +
			"the simulated model. The templates: " + strings.Join(config.Templates(), ", ") + ".",
		Example: "  gepa init classify my-project\n  cd my-project\n  gepa optimize",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("name a template: %s", strings.Join(config.Templates(), ", "))
			case len(args) > 2:
				return usagef("%s takes a template and a folder, and %q is one too many", cmd.CommandPath(), args[2])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := argument(args, 1)
			if dir == "" {
				dir = "."
			}
			paths, err := config.Init(args[0], dir)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			for _, p := range paths {
				fmt.Fprintln(w, p)
			}
			if dir != "." {
				_, err = fmt.Fprintf(w, "\nnext: cd %s && gepa optimize\n", dir)
			} else {
				_, err = fmt.Fprintln(w, "\nnext: gepa optimize")
			}
			return err
		},
	}
}
