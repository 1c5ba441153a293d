package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa/config"
)

// changes are what may be otherwise in a further session of a run.
type changes struct {
	iterations, rollouts, time *bound
	o                          config.Optimize // what flags were given
}

func newResume() *cobra.Command {
	c := changes{iterations: numberBound(), rollouts: numberBound(), time: timeBound()}
	var s show
	cmd := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Go on with a run where it stopped",
		Long: "Goes on with the run in the folder RUN (" + config.DefaultOut + ") where it was stopped, by Ctrl-C, by a crash or by a failure. " +
			"Everything is as it was configured; nothing that was finished is done or paid again. With a larger budget a " +
			"search that came to its end goes on, and the test set is read again for a new winner, which is counted and shown.\n\n" +
			"Flags change what may change: budget, limits, and where the data files are. The data themselves, the models and the " +
			"search stay what they were; a difference is shown and refused.",
		Example: "  gepa resume my-run\n\n  # twenty iterations more than before\n  gepa resume my-run --iterations +20\n\n" +
			"  # the data were moved\n  gepa resume my-run --train data/train.jsonl --dev data/dev.jsonl",
		Args: oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := config.Locate(argument(args, 0))
			if err != nil {
				return err
			}
			o, err := config.Stored(cmd.Context(), dir)
			if err != nil {
				return err
			}
			if err := c.apply(cmd.Flags(), &o); err != nil {
				return err
			}
			return perform(cmd, o, s, func(v *watcher) { resumeHint(v, o) })
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Var(c.iterations, "iterations", "budget in proposals: a new total, or +N for N more")
	f.Var(c.rollouts, "rollouts", "budget in rollouts, in the same way")
	f.Var(c.time, "time", "budget in time, in the same way")
	f.Float64Var(&c.o.Target, "target", 0, "stop at this mean validation score")
	f.Var(number{&c.o.Patience, 1}, "patience", "stop after so many proposals without a better candidate")
	f.Var(dollars{&c.o.Caps.Nanos}, "max-cost", "most dollars that the run may cost, earlier sessions included")
	f.Var(count{&c.o.Caps.Tokens}, "max-tokens-total", "most tokens that it may use, in and out")
	f.Var(count{&c.o.Caps.Calls}, "max-calls", "most calls that it may send, failed ones included")
	f.Var(number{&c.o.Concurrency, 1}, "concurrency", "rollouts at a time; it changes no result")
	f.Var(number{&c.o.Attempts, 1}, "attempts", "how often a call is tried that fails for a passing reason")
	f.Var(span{&c.o.CallTimeout}, "call-timeout", "time for one attempt of a call")
	f.Var(number{&c.o.MaxConcurrentCalls, 1}, "max-concurrent-calls", "most calls in flight to an endpoint")
	f.Var(number{&c.o.RPM, 1}, "rpm", "requests a minute that an endpoint takes")
	f.Var(number{&c.o.TPM, 1}, "tpm", "tokens a minute that an endpoint takes")
	f.StringVar(&c.o.Cache, "cache", "", "file that keeps replies")
	f.BoolVar(&c.o.NoCache, "no-cache", false, "keep no replies and use none that are kept")
	f.StringVar(&c.o.BaseURL, "base-url", "", "endpoint of the model's provider, if it moved")
	f.Var(examples{&c.o.Train}, "train", "file of training examples, if it was moved")
	f.Var(examples{&c.o.Dev}, "dev", "file of the sealed test set, if it was moved")
	f.StringVar(&c.o.Val, "val", "", "file of the validation set, if it was moved")
	f.StringVar(&c.o.Replay, "replay", "", "the recording that answers the run's calls, if it was moved")
	s.add(cmd)
	return cmd
}

// apply changes the run's configuration as the flags say.
func (c changes) apply(f *pflag.FlagSet, o *config.Optimize) error {
	for _, b := range []struct {
		flag  string
		bound *bound
		now   int64
		set   func(int64)
	}{
		{"iterations", c.iterations, int64(o.Iterations), func(n int64) { o.Iterations = int(n) }},
		{"rollouts", c.rollouts, int64(o.Rollouts), func(n int64) { o.Rollouts = int(n) }},
		{"time", c.time, int64(o.Time), func(n int64) { o.Time = time.Duration(n) }},
	} {
		n, err := b.bound.apply(b.flag, b.now)
		if err != nil {
			return err
		}
		b.set(n)
	}
	for flag, set := range map[string]func(){
		"target":               func() { o.Target = c.o.Target },
		"patience":             func() { o.Patience = c.o.Patience },
		"max-cost":             func() { o.Caps.Nanos = c.o.Caps.Nanos },
		"max-tokens-total":     func() { o.Caps.Tokens = c.o.Caps.Tokens },
		"max-calls":            func() { o.Caps.Calls = c.o.Caps.Calls },
		"concurrency":          func() { o.Concurrency = c.o.Concurrency },
		"attempts":             func() { o.Attempts = c.o.Attempts },
		"call-timeout":         func() { o.CallTimeout = c.o.CallTimeout },
		"max-concurrent-calls": func() { o.MaxConcurrentCalls = c.o.MaxConcurrentCalls },
		"rpm":                  func() { o.RPM = c.o.RPM },
		"tpm":                  func() { o.TPM = c.o.TPM },
		"cache":                func() { o.Cache, o.NoCache = c.o.Cache, false },
		"no-cache":             func() { o.Cache, o.NoCache = "", c.o.NoCache },
		"base-url":             func() { o.BaseURL = c.o.BaseURL },
		"train":                func() { o.Train = moved(o.Train, c.o.Train.Path) },
		"dev":                  func() { o.Dev = moved(o.Dev, c.o.Dev.Path) },
		"val":                  func() { moveVal(o, c.o.Val) },
		"replay":               func() { o.Replay = c.o.Replay },
	} {
		if f.Changed(flag) {
			set()
		}
	}
	if f.Changed("cache") && c.o.NoCache {
		return usagef("--cache and --no-cache: give one of them")
	}
	return nil
}

// moved returns a set of examples in another file, read as before.
func moved(s config.Source, path string) config.Source {
	return config.Source{Path: path, Reading: s.Reading}
}

func moveVal(o *config.Optimize, path string) {
	if o.ValFiles.Path != "" {
		o.ValFiles = moved(o.ValFiles, path)
		return
	}
	o.Val = path
}

func resumeHint(v *watcher, o config.Optimize) {
	v.say("go on:         gepa resume %s --iterations +20", o.Out)
}
