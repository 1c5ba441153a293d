package main

import (
	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
)

func newDemo() *cobra.Command {
	o := config.Optimize{
		Program:    "hotpotqa",
		Train:      config.DemoTrain(),
		Dev:        config.DemoDev(),
		Model:      config.SimModel,
		Iterations: config.DefaultIterations,
		Search:     config.Search{Minibatch: config.DefaultMinibatch},
	}
	var s show
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch it improve a two-module program: no key, no network",
		Long: "Optimizes the two-module HotpotQA program on examples that are built in, with a simulated model in " +
			"place of a language model, and compares the result with the original on examples that the search " +
			"never saw. Everything is real but the model: it follows rules, and its figures say nothing about a " +
			"language model. Nothing is written unless --out is given.",
		Example: "  gepa demo\n  gepa demo --seed 3 --out my-run\n  gepa demo --json | jq '.test.measures[] | {name, base, other}'",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return perform(cmd, o, s, func(v *watcher) { demoHint(v, o) })
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Uint64Var(&o.Seed, "seed", 0, "seed of all random decisions, the simulated model's included")
	f.Var(number{&o.Iterations, 1}, "iterations", "number of proposals")
	f.Var(number{&o.Minibatch, 1}, "minibatch", "examples on which a parent and its child are compared")
	f.Var(number{&o.Limit, 1}, "limit", "use only the first so many examples of both sets")
	f.Var(number{&o.Concurrency, 1}, "concurrency", "rollouts at a time (8); it changes no result")
	f.StringVar(&o.Out, "out", "", "keep the run and the optimized program in this folder")
	s.add(cmd)
	return cmd
}

func demoHint(v *watcher, o config.Optimize) {
	v.say("")
	if o.Out == "" {
		v.say("keep it:       gepa demo --seed %d --out my-run", o.Seed)
	}
	v.say("for real:      export OPENROUTER_API_KEY=…")
	v.say("               gepa optimize --program hotpotqa \\")
	v.say("                 --train train.jsonl --dev dev.jsonl \\")
	v.say("                 --model openrouter/google/gemini-2.5-flash-lite")
}
