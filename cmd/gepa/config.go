package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Look at gepa.yaml: what it comes to, and its schema",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigShow(), newConfigSchema())
	return cmd
}

// configShow is what gepa config show prints with --json.
type configShow struct {
	Format int         `json:"format"`
	File   string      `json:"file"`
	Keys   []configKey `json:"keys"`
}

type configKey struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	// From is "file", "flag" or "default".
	From string `json:"from"`
	// Line is where the file has it.
	Line int `json:"line,omitempty"`
	// Flag takes the key's place.
	Flag string `json:"flag,omitempty"`
}

func newConfigShow() *cobra.Command {
	o := config.Optimize{Out: config.DefaultOut}
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show [FILE]",
		Short: "Show every key with its value and where that comes from",
		Long: "Reads a gepa.yaml (the one in this folder) and shows every key with its value and where that comes from: a line of the " +
			"file, a flag, or the default. It takes the flags of gepa optimize. Nothing is run.",
		Example: "  gepa config show\n  gepa config show other/gepa.yaml --minibatch 3",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := findConfig(cmd, file, orFileName(argument(args, 0)))
			if err != nil {
				return err
			}
			out := configShow{1, l.Path, resolved(l, cmd.Flags())}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(out)
			}
			return showKeys(cmd.OutOrStdout(), out)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&file, "config", "", "the file (gepa.yaml)")
	addOptimize(f, &o)
	record(f)
	f.BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	return cmd
}

// resolved returns every key with what it comes to.
func resolved(l *config.Loaded, flags *pflag.FlagSet) []configKey {
	var out []configKey
	for _, k := range config.FileKeys(l.File) {
		shown := configKey{Key: k.Path, Value: k.Value, From: "file", Line: l.Line(k.Path), Flag: k.Flag}
		switch {
		case k.Flag != "" && flags.Changed(k.Flag):
			shown.From, shown.Line, shown.Value = "flag", 0, flags.Lookup(k.Flag).Value.String()
		case shown.Line == 0 && k.Value != "" && strings.HasSuffix(k.Path, "text"):
			shown.Line = l.Line(strings.TrimSuffix(k.Path, "text") + "file")
		case shown.Line == 0 && k.Value == "":
			shown.From, shown.Value = "default", k.Default
			if k.Default == "" || k.Special {
				continue
			}
		case shown.Line == 0:
			shown.From = "default"
		}
		out = append(out, shown)
	}
	return out
}

func showKeys(w io.Writer, c configShow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	const most = 70
	for _, k := range c.Keys {
		from := k.From
		switch k.From {
		case "file":
			from = fmt.Sprintf("%s:%d", c.File, k.Line)
		case "flag":
			from = "--" + k.Flag
		}
		value := fmt.Sprintf("%.*q", most, k.Value)
		fmt.Fprintf(t, "%s\t%s\t%s\n", k.Key, value[1:len(value)-1], from)
	}
	return t.Flush()
}

func newConfigSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of gepa.yaml, for editors",
		Example: "  gepa config schema > gepa.schema.json\n\n" +
			"  # as the first line of gepa.yaml, for completion in editors\n  # yaml-language-server: $schema=gepa.schema.json",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			raw, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(raw)
			return err
		},
	}
}

// findConfig loads the file that is named, or the one in this folder where
// there is one and no program is named by a flag; nil if there is none.
func findConfig(cmd *cobra.Command, flag, argument string) (*config.Loaded, error) {
	if flag != "" && argument != "" && argument != config.FileName {
		return nil, usagef("--config %s and %s: give one file", flag, argument)
	}
	path := flag
	if path == "" {
		path = argument
	}
	if path == "" {
		if cmd.Flags().Changed("program") || !exists(config.FileName) {
			return nil, nil //nolint:nilnil // flags say it all
		}
		path = config.FileName
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, config.FileName)
	}
	return config.Load(path, nil)
}

func orFileName(name string) string {
	if name == "" {
		return config.FileName
	}
	return name
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// oneFile takes at most one argument.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one file, and %q is one too many; see %s --help", cmd.CommandPath(), args[1], cmd.CommandPath())
	}
	return nil
}

// A recorded value keeps the texts that a flag was given.
type recorded struct {
	pflag.Value
	texts []string
}

// Set keeps the text.
func (r *recorded) Set(text string) error {
	r.texts = append(r.texts, text)
	return r.Value.Set(text)
}

// record makes every flag keep what it was given, for [replay].
func record(f *pflag.FlagSet) {
	f.VisitAll(func(flag *pflag.Flag) { flag.Value = &recorded{Value: flag.Value} })
}

// replay gives the flags of one command line to another configuration.
func replay(given *pflag.FlagSet, o *config.Optimize) error {
	again := pflag.NewFlagSet("", pflag.ContinueOnError)
	addOptimize(again, o)
	var failed error
	given.Visit(func(flag *pflag.Flag) {
		r, ok := flag.Value.(*recorded)
		if !ok || again.Lookup(flag.Name) == nil {
			return
		}
		for _, text := range r.texts {
			if err := again.Set(flag.Name, text); err != nil && failed == nil {
				failed = usagef("%v", err)
			}
		}
	})
	return failed
}
