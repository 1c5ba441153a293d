package main

import (
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
)

func newOptimize() *cobra.Command {
	o := config.Optimize{Out: config.DefaultOut}
	var s show
	var file string
	cmd := &cobra.Command{
		Use:   "optimize [FILE]",
		Short: "Improve a system's prompts on your data with your models",
		Long: "Improves the instructions of a program, the prompts of an agent, or any text that can be measured. " +
			"A gepa.yaml describes all of it (docs/formats/gepa-yaml.md); flags take the place of its keys. --train is split into feedback examples, on which a model " +
			"reflects, and validation examples, on which candidates are compared. --dev is sealed: it is read once, " +
			"after the search, for the base and the winner. Before anything is spent the most that the run can use " +
			"is shown. Keys come from the environment only (OPENAI_API_KEY, OPENROUTER_API_KEY, …); gepa doctor says " +
			"which are there.\n\n" +
			"The run is kept in --out. The same command goes on where it stopped, by Ctrl-C or by accident, and pays " +
			"for nothing twice; with a larger budget it goes on from its end.",
		Example: "  # what gepa.yaml in this folder describes, with a smaller budget\n  gepa optimize --iterations 5\n\n" +
			"  # the blog post's run: 15 iterations, minibatches of 7\n" +
			"  gepa optimize --program hotpotqa --train train.jsonl --dev dev.jsonl \\\n" +
			"  --model openrouter/google/gemini-2.5-flash-lite --reflection-model openai/gpt-4.1\n\n" +
			"  # a model on this machine, and a budget in rollouts\n" +
			"  gepa optimize --program hotpotqa --train train.jsonl --dev dev.jsonl \\\n" +
			"  --model ollama/llama3.2 --rollouts 1000 --val 40 --limit-dev 100\n\n" +
			"  # two dollars and no more\n" +
			"  gepa optimize --program hotpotqa --train train.jsonl --dev dev.jsonl --model openai/gpt-4.1-mini \\\n" +
			"  --max-cost 2 --max-tokens 1000 --reflection-max-tokens 4000 --judge-max-tokens 1000\n\n" +
			"  # offline, with the simulated model\n" +
			"  gepa optimize --program hotpotqa --train train.jsonl --dev dev.jsonl --model sim",
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := findConfig(cmd, file, argument(args, 0))
			if err != nil {
				return err
			}
			if l != nil {
				o = l.Optimize()
				if err := replay(cmd.Flags(), &o); err != nil {
					return err
				}
			}
			err = perform(cmd, o, s, func(v *watcher) { optimizeHint(v, o) })
			if l != nil {
				err = l.Locate(err, cmd.Flags().Changed)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&file, "config", "", "file that describes all (gepa.yaml, if it is there and no --program is given)")
	addOptimize(f, &o)
	record(f)
	s.add(cmd)
	return cmd
}

// addOptimize adds the flags that describe a run. What o holds is what they
// default to.
func addOptimize(f *pflag.FlagSet, o *config.Optimize) {
	f.StringVar(&o.Program, "program", o.Program, "program to optimize: hotpotqa")
	f.Var(examples{&o.Train}, "train", "file of training examples (docs/data.md); - is standard input")
	f.Var(examples{&o.Dev}, "dev", "file of the sealed test set")
	f.Var(validation{o}, "val", "validation set: so many of the training examples, or a file\n(a third of --train, at most 100)")
	f.StringVar(&o.Stratify, "stratify", o.Stratify, "label or input whose values feedback and validation get in proportion")
	f.Var(number{&o.Limit, 1}, "limit", "use only the first so many examples of --train and --dev")
	f.Var(number{&o.LimitTrain, 1}, "limit-train", "the same for --train alone")
	f.Var(number{&o.LimitDev, 1}, "limit-dev", "the same for --dev alone")

	f.StringVar(&o.Model, "model", o.Model, "model that runs the program: provider/model, or sim")
	f.StringVar(&o.ReflectionModel, "reflection-model", o.ReflectionModel, "model that writes new instructions (the same)")
	f.StringVar(&o.JudgeModel, "judge-model", o.JudgeModel, "model that gives feedback (the same)")
	f.StringVar(&o.BaseURL, "base-url", o.BaseURL, "endpoint of the model's provider, for instance http://localhost:8000/v1")
	f.StringVar(&o.ReflectionBaseURL, "reflection-base-url", o.ReflectionBaseURL, "endpoint of the reflection model")
	f.StringVar(&o.JudgeBaseURL, "judge-base-url", o.JudgeBaseURL, "endpoint of the judge")
	addParams(f, "", "the program's calls", &o.Params)
	addParams(f, "reflection-", "the reflection model", &o.ReflectionParams)
	addParams(f, "judge-", "the judge", &o.JudgeParams)
	f.StringVar(&o.Feedback, "feedback", o.Feedback, "whose words reflection reads: metric, judge or both\n(both for the built-in program, else metric)")
	f.StringVar(&o.Template, "template", o.Template, "reflection prompt: instruction (the blog's) or gepa (Python's)\n(instruction)")
	addProposing(f, o)

	f.Var(number{&o.Iterations, 1}, "iterations", "budget in proposals (15 if no budget is given)")
	f.Var(number{&o.Rollouts, 1}, "rollouts", "budget in rollouts of the search")
	f.StringVar(&o.Auto, "auto", o.Auto, "budget in rollouts by DSPy's levels: light, medium or heavy")
	f.Var(span{&o.Time}, "time", "budget in time, for instance 30m")
	f.Float64Var(&o.Target, "target", o.Target, "stop at this mean validation score")
	f.Var(number{&o.Patience, 1}, "patience", "stop after so many proposals without a better candidate")

	addCalls(f, o)

	addSearch(f, &o.Search)
	f.Var(number{&o.Concurrency, 1}, "concurrency", "rollouts at a time (8); it changes no result")
	f.StringVar(&o.Start, "start", o.Start, "start from a saved program, or from the winner in this folder")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed of all random decisions")

	f.StringVar(&o.Out, "out", o.Out, "folder that keeps the run and the optimized program")
}

func optimizeHint(v *watcher, o config.Optimize) {
	if path := filepath.Join(o.Out, config.ProgramFile); exists(path) {
		v.say("use it:        program.load(%q) in DSPy", path)
	} else {
		v.say("use it:        the texts are in %s", filepath.Join(o.Out, config.CandidateFile))
	}
	v.say("go on:         the same command with a larger budget, or a new run with --start %s", o.Out)
}
