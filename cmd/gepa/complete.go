package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm/price"
)

// addCompletion lets shells complete what commands take: runs and their
// candidates, templates, formats, models, and the choices of flags.
func addCompletion(root *cobra.Command) {
	choices := flagChoices()
	args := map[string]cobra.CompletionFunc{
		"gepa show": runArgument, "gepa watch": runArgument, "gepa diff": runArgument, "gepa apply": runArgument, "gepa resume": runArgument, "gepa export": runArgument,
		"gepa plot": runArgument, "gepa report": runArgument,
		"gepa eval": subjectArgument(1), "gepa check": subjectArgument(1), "gepa metric check": subjectArgument(1), "gepa compare": subjectArgument(0),
		"gepa init": templateArgument, "gepa optimize": configArgument, "gepa config show": configArgument,
	}
	var add func(*cobra.Command)
	add = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			add(sub)
		}
		if f := args[c.CommandPath()]; f != nil {
			c.ValidArgsFunction = f
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			complete := completeFlag(f.Name, choices)
			if f.Name == "format" && c.Name() == "export" {
				complete = words(append([]string{formRun}, config.Forms()...)...)
			}
			if own := figureChoices(c.Name(), f.Name); own != nil {
				complete = words(own...)
			}
			if complete == nil {
				return
			}
			if err := c.RegisterFlagCompletionFunc(f.Name, complete); err != nil {
				panic(fmt.Sprintf("complete --%s of %s: %v", f.Name, c.CommandPath(), err)) // twice, which a test would see
			}
		})
	}
	add(root)
}

// completeFlag returns what completes a flag's value; nil for a file, or for
// nothing that is known.
func completeFlag(name string, choices map[string][]string) cobra.CompletionFunc {
	switch {
	case name == "split":
		return words(config.Splits()...)
	case name == "candidate" || name == "against":
		return candidates
	case name == "out" || name == "to":
		return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	case name == "model" || strings.HasPrefix(name, "model-") && name != "model-seed" || strings.HasSuffix(name, "-model"):
		return models
	case len(choices[name]) > 0:
		return words(choices[name]...)
	}
	return nil
}

// flagChoices are the values of the flags that take one of several, by flag.
func flagChoices() map[string][]string {
	out := map[string][]string{}
	for _, k := range config.FileKeys(config.File{}) {
		if k.Flag != "" && len(k.Choices) > 0 {
			out[k.Flag] = k.Choices
		}
		if section, key, ok := strings.Cut(k.Path, "."); ok && section == "data" && len(k.Choices) > 0 {
			out[key] = k.Choices
		}
	}
	return out
}

func words(list ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
}

// models are those whose prices are known, and the simulated one.
func models(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	out := []cobra.Completion{cobra.CompletionWithDesc(config.SimModel, "offline, no language model")}
	for _, m := range listModels(price.Default(), "").Models {
		out = append(out, m.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// runArgument completes the folder of a run.
func runArgument(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if runs := runFolders(begun); len(runs) > 0 {
		return runs, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// runFolders are the folders of runs beside what was begun to type.
func runFolders(begun string) []string {
	top := filepath.Dir(begun)
	if begun == "" {
		top = "."
	}
	var out []string
	for _, dir := range config.Folders(top) {
		if dir != "." && strings.HasPrefix(dir, begun) {
			out = append(out, dir)
		}
	}
	return out
}

// candidates are those of the run that is the command's argument.
func candidates(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	out := []cobra.Completion{"seed", "winner"}
	if cmd.Name() == "diff" {
		out = append(out, "parent")
	}
	return append(out, candidatesOf(cmd.Context(), argument(args, 0))...), cobra.ShellCompDirectiveNoFileComp
}

// candidatesOf are the numbers of a run's candidates, each with its score.
func candidatesOf(ctx context.Context, run string) []cobra.Completion {
	dir, err := config.Locate(run)
	if err != nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background() // as shells ask, without one
	}
	kept, err := config.ReadKept(ctx, dir)
	if err != nil {
		return nil
	}
	var out []cobra.Completion
	for _, m := range kept.Story.State.Pool() {
		out = append(out, cobra.CompletionWithDesc(fmt.Sprint(m.ID), fmt.Sprintf("validation %.4f", m.Mean)))
	}
	return out
}

// subjectArgument completes what is measured, most of them so many times; 0
// means any number: runs, their candidates after a colon, saved files, folders.
func subjectArgument(most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if run, _, colon := strings.Cut(begun, ":"); colon {
			var out []cobra.Completion
			for _, c := range append([]cobra.Completion{"seed", "winner"}, candidatesOf(cmd.Context(), run)...) {
				out = append(out, run+":"+c)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		}
		return append(runFolders(begun), named(begun, ".json", ".yaml", ".yml")...), cobra.ShellCompDirectiveDefault
	}
}

// named are the files with one of some extensions, and the folders, beside what
// was begun to type.
func named(begun string, extensions ...string) []string {
	dir := filepath.Dir(begun)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case !strings.HasPrefix(path, begun) || strings.HasPrefix(e.Name(), ".") || exists(filepath.Join(path, config.JournalFile)):
		case e.IsDir():
			out = append(out, path+string(filepath.Separator))
		case slices.Contains(extensions, filepath.Ext(path)):
			out = append(out, path)
		}
	}
	return out
}

func templateArgument(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return config.Templates(), cobra.ShellCompDirectiveNoFileComp
}

func configArgument(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}
