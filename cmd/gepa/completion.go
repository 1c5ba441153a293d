package main

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
)

func newCompletion() *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write a script that lets a shell complete commands",
		Long: "Writes the script with which bash, zsh, fish or PowerShell complete gepa's commands, flags, runs, candidates, templates and " +
			"models. docs/shell.md says where it goes. gepa man writes the manual page.",
		Example: "  # bash, for this session\n  source <(gepa completion bash)\n\n" +
			"  # zsh, for good\n  gepa completion zsh > \"${fpath[1]}/_gepa\"\n\n" +
			"  # fish, for good\n  gepa completion fish > ~/.config/fish/completions/gepa.fish\n\n" +
			"  # PowerShell, for this session\n  gepa completion powershell | Out-String | Invoke-Expression",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return usagef("%s takes a shell: %s", cmd.CommandPath(), strings.Join(shells, ", "))
			case !slices.Contains(shells, args[0]):
				return usagef("there is no shell %q: want %s%s", args[0], orWords(shells), config.DidYouMean(args[0], shells))
			}
			return nil
		},
		ValidArgsFunction: words(shells...),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			write := map[string]func(io.Writer) error{
				"bash":       func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
				"fish":       func(w io.Writer) error { return root.GenFishCompletion(w, true) },
				"powershell": root.GenPowerShellCompletionWithDesc,
				"zsh":        root.GenZshCompletion,
			}
			return write[args[0]](cmd.OutOrStdout())
		},
	}
}

// orWords joins words with commas and an or.
func orWords(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
