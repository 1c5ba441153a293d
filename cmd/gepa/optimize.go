package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
)

func newOptimize() *cobra.Command {
	var o config.Optimize
	var s show
	cmd := &cobra.Command{
		Use:   "optimize",
		Short: "Improve a program's prompts on your data with your models",
		Long: "Improves the instructions of a program. --train is split into feedback examples, on which a model " +
			"reflects, and validation examples, on which candidates are compared. --dev is sealed: it is read once, " +
			"after the search, for the base and the winner. Before anything is spent the most that the run can use " +
			"is shown. Keys come from the environment only (OPENAI_API_KEY, OPENROUTER_API_KEY, …); gepa doctor says " +
			"which are there.\n\n" +
			"The run is kept in --out. The same command goes on where it stopped, by Ctrl-C or by accident, and pays " +
			"for nothing twice; with a larger budget it goes on from its end.",
		Example: "  # the blog post's run: 15 iterations, minibatches of 7\n" +
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
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return perform(cmd, o, s, func(v *watcher) { optimizeHint(v, o) })
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Program, "program", "", "program to optimize: hotpotqa")
	f.StringVar(&o.Train.Path, "train", "", "file of training examples: HotpotQA as JSON, JSON lines or Parquet")
	f.StringVar(&o.Dev.Path, "dev", "", "file of the sealed test set")
	f.StringVar(&o.Val, "val", "", "validation set: so many of the training examples, or a file\n(a third of --train, at most 100)")
	f.Var(number{&o.Limit, 1}, "limit", "use only the first so many examples of --train and --dev")
	f.Var(number{&o.LimitTrain, 1}, "limit-train", "the same for --train alone")
	f.Var(number{&o.LimitDev, 1}, "limit-dev", "the same for --dev alone")

	f.StringVar(&o.Model, "model", "", "model that runs the program: provider/model, or sim")
	f.StringVar(&o.ReflectionModel, "reflection-model", "", "model that writes new instructions (the same)")
	f.StringVar(&o.JudgeModel, "judge-model", "", "model that gives feedback (the same)")
	f.StringVar(&o.BaseURL, "base-url", "", "endpoint of the model's provider, for instance http://localhost:8000/v1")
	addParams(f, "", "the program's calls", &o.Params)
	addParams(f, "reflection-", "the reflection model", &o.ReflectionParams)
	addParams(f, "judge-", "the judge", &o.JudgeParams)
	f.StringVar(&o.Feedback, "feedback", "both", "whose words reflection reads: metric, judge or both")
	f.StringVar(&o.Template, "template", "instruction", "reflection prompt: instruction (the blog's) or gepa (Python's)")

	f.StringVar(&o.Fence, "fence", "auto", "fence text from data and models in prompts: auto, always or never")
	f.StringVar(&o.Lint, "lint", "refuse", "proposed texts with a finding (docs/proposer.md): refuse, warn or off")

	f.Var(number{&o.Iterations, 1}, "iterations", "budget in proposals (15 if no budget is given)")
	f.Var(number{&o.Rollouts, 1}, "rollouts", "budget in rollouts of the search")
	f.StringVar(&o.Auto, "auto", "", "budget in rollouts by DSPy's levels: light, medium or heavy")
	f.Var(span{&o.Time}, "time", "budget in time, for instance 30m")
	f.Float64Var(&o.Target, "target", 0, "stop at this mean validation score")
	f.Var(number{&o.Patience, 1}, "patience", "stop after so many proposals without a better candidate")

	addCalls(f, &o)

	addSearch(f, &o.Search)
	f.Var(number{&o.Concurrency, 1}, "concurrency", "rollouts at a time (8); it changes no result")
	f.StringVar(&o.Start, "start", "", "start from a saved program, or from the winner in this folder")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of all random decisions")

	f.StringVar(&o.Out, "out", "gepa-out", "folder that keeps the run and the optimized program")
	s.add(cmd)
	return cmd
}

func optimizeHint(v *watcher, o config.Optimize) {
	v.say("use it:        program.load(%q) in DSPy", filepath.Join(o.Out, config.ProgramFile))
	v.say("go on:         the same command with a larger budget, or a new run with --start %s", o.Out)
}
