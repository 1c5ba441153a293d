package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
)

// subjectWords says in help texts what can be named.
const subjectWords = "What is measured is named: a run's folder (its winner; RUN:3 is candidate 3), a saved program or candidate (.json), " +
	"a folder of prompt files, or a gepa.yaml; without a name it is the system of the gepa.yaml in this folder as it stands. " +
	"Prompts and saved files are run on that system, too."

// subjectFlags are the flags that say how something is run.
type subjectFlags struct {
	file  string
	setup config.Optimize
}

func (s *subjectFlags) add(f *pflag.FlagSet) {
	o := &s.setup
	f.StringVar(&s.file, "config", "", "file that describes the system; a run then gives its texts only\n(gepa.yaml, if it is there)")
	f.StringVar(&o.Program, "program", "", "built-in program in the place of that system: hotpotqa")
	f.StringVar(&o.Model, "model", "", "model that runs it: provider/model, or sim (the run's, or the file's)")
	f.StringVar(&o.BaseURL, "base-url", "", "endpoint of the model's provider")
	addParams(f, "", "the program's calls", &o.Params)
	f.Var(number{&o.Concurrency, 1}, "concurrency", "rollouts at a time (8); it changes no result")
	addCalls(f, o)
}

// subject returns what is named.
func (s *subjectFlags) subject(cmd *cobra.Command, name string) (config.Subject, error) {
	loaded, err := findConfig(cmd, s.file, "")
	if err != nil {
		return config.Subject{}, err
	}
	if s.file != "" && s.setup.Program != "" {
		return config.Subject{}, usagef("--config %s and --program %s: give one of them", s.file, s.setup.Program)
	}
	return config.Subject{Name: name, Config: loaded, Forced: s.file != "", Setup: s.setup, Given: cmd.Flags().Changed}, nil
}

// addTexts adds the flag for texts in the place of a subject's own.
func addTexts(f *pflag.FlagSet, texts *[]string) {
	f.StringArrayVar(texts, "texts", nil, "read texts from here: a folder, or COMPONENT=FILE, as gepa apply writes\nthem; may be given several times")
}

// addOn adds the flags that say on which examples.
func addOn(f *pflag.FlagSet, on *config.On) {
	f.StringVar(&on.Data.Path, "data", "", "file of examples, read as the run or the gepa.yaml reads its own")
	f.StringVar(&on.Split, "split", "", "or a set of the run or the gepa.yaml: test, val or feedback (val)")
	f.Var(number{&on.Limit, 1}, "limit", "take only the first so many")
}
