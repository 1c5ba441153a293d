package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/otel"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/terminal"
)

// perform builds a run, tells its plan, carries it out and prints the result.
// Hint, if not nil, is told the end.
func perform(cmd *cobra.Command, o config.Optimize, s show, hint func(*watcher)) (err error) {
	ctx := cmd.Context()
	watch := newWatcher(cmd.ErrOrStderr(), s)
	o.Command = commandLine()
	logger, closeLog, err := startLog(watch, s.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	o.Logger = logger
	o.Observer = watch.observe
	o.Control = gepa.NewControl()
	stop, err := startTracing(ctx, watch, &o)
	if err != nil {
		return err
	}
	defer stop()
	run, err := o.Build(ctx)
	if err != nil {
		return err
	}
	var ui *runDashboard
	defer func() { // when the run is closed
		if ui != nil {
			err = errors.Join(err, ui.end(s))
		}
	}()
	defer func() { err = errors.Join(err, run.Close()) }()
	if err := run.Open(ctx); err != nil {
		return err
	}
	fold, resumed := run.Fold()
	tellPlan(watch, run, o)
	if resumed {
		tellResumed(watch, fold.Story().State, o.Out)
	}
	ui = newRunDashboard(cmd, run)
	if s.ui != "" {
		address, err := ui.start()
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "dashboard  %s\n", address)
	}
	started := time.Now()
	watch.begin(fold, terminal.Options{
		Controls: o.Control, Dashboard: ui.open, Interrupt: interruptionOf(ctx).interrupt,
	}, interruptionOf(ctx))
	defer watch.end()
	unwatch := context.AfterFunc(ctx, func() {
		watch.say("stopping: calls in flight are given up, what is done is kept; interrupt again to end at once")
	})
	defer unwatch()
	summary, err := run.Do(ctx)
	watch.end()
	if summary != nil {
		if perr := printSummary(cmd.OutOrStdout(), *summary, s); perr != nil {
			return errors.Join(err, perr)
		}
		watch.say("took %s", time.Since(started).Round(100*time.Millisecond))
	}
	switch {
	case interrupted(ctx) && o.Out != "":
		watch.say("interrupted: gepa resume %s goes on where this stopped", o.Out)
	case interrupted(ctx):
		watch.say("interrupted: nothing was kept; with --out DIR it could go on from here")
	case err != nil && summary != nil && o.Out != "":
		watch.say("what was done is kept: once the cause is mended, gepa resume %s goes on where this stopped", o.Out)
	case err == nil && hint != nil:
		hint(watch)
	}
	return err
}

// startLog returns a logger that tells warnings and, if a file is named, writes
// everything to it.
func startLog(v *watcher, path string) (_ *slog.Logger, closeLog func() error, err error) {
	if path == "" {
		return slog.New(v), func() error { return nil }, nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, usagef("--log: %v", err)
	}
	file := slog.NewJSONHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug})
	return slog.New(slog.NewMultiHandler(v, file)), f.Close, nil
}

// tracingGrace is how long the last spans may take to be sent.
const tracingGrace = 5 * time.Second

// startTracing exports the run's spans where the standard variables ask for it.
func startTracing(ctx context.Context, v *watcher, o *config.Optimize) (stop func(), err error) {
	if !otel.Wanted(os.Getenv) {
		return func() {}, nil
	}
	tracer, shutdown, err := exportTraces(ctx)
	if err != nil {
		return nil, err
	}
	o.Tracer = tracer
	return func() {
		// An interrupted run's spans are sent, too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracingGrace)
		defer cancel()
		if err := shutdown(ctx); err != nil {
			v.say("warning: not all traces were sent: %s", lm.Redact(err.Error()))
		}
	}, nil
}

func interrupted(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errInterrupted) }

func printSummary(w io.Writer, s report.Summary, how show) error {
	if how.json {
		data, err := s.Encode()
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
	return s.Text(w, report.TextOptions{Width: min(columns(w), 120), Color: colorful(w, how.noColor)})
}

// tellPlan says what is about to happen and what it can use at most.
func tellPlan(v *watcher, run *config.Run, o config.Optimize) {
	p := run.Plan()
	var names []string
	for _, c := range run.System.Components() {
		names = append(names, c.Name)
	}
	v.say("program    %s: %s", run.ProgramName, strings.Join(names, ", "))
	v.say("models     %s", modelWords(run.Models))
	v.say("data       %d feedback, %d validation, %d sealed test examples", p.Feedback, p.Validation, p.Test)
	v.say("budget     %s", budgetWords(p, run.BudgetNote))
	v.say("at most    %s", mostWords(p))
	tellForecast(v, p.Forecast)
	tellSpending(v, run)
	switch cache := run.CachePath(); {
	case o.Replay != "":
		v.say("replayed   from %s: nothing is sent and nothing is paid", o.Replay)
	case cache != "":
		v.say("cached in  %s", cache)
	}
	if o.Record != "" {
		v.say("recorded   in %s, at the end", o.Record)
	}
	if o.Out != "" {
		v.say("kept in    %s", o.Out)
	}
}

func modelWords(m report.Models) string {
	word := func(m report.Model) string {
		if m.Simulated {
			return m.Name + " (simulated, no language model)"
		}
		return m.Name
	}
	if m.Task.Name == "" {
		text := "reflection " + word(m.Reflection)
		if m.Judge.Name != "" {
			text += ", judge " + word(m.Judge)
		}
		return text
	}
	if m.Reflection.Name == m.Task.Name && (m.Judge.Name == m.Task.Name || m.Judge.Name == "") {
		return word(m.Task) + " in every role"
	}
	text := "task " + word(m.Task) + ", reflection " + word(m.Reflection)
	if m.Judge.Name != "" {
		text += ", judge " + word(m.Judge)
	}
	return text
}

func budgetWords(p config.Plan, note string) string {
	var parts []string
	add := func(on bool, format string, args ...any) {
		if on {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	b := p.Budget
	add(b.Proposals == 1, "%d iteration", b.Proposals)
	add(b.Proposals > 1, "%d iterations", b.Proposals)
	add(b.Rollouts > 0, "%d rollouts", b.Rollouts)
	add(b.Time > 0, "%v", b.Time)
	add(b.TargetScore > 0, "until a mean validation score of %g", b.TargetScore)
	add(b.NoImprovement > 0, "until %d iterations bring nothing better", b.NoImprovement)
	text := strings.Join(parts, ", ")
	if note != "" {
		text += " (" + note + ")"
	}
	return text
}

func mostWords(p config.Plan) string {
	reading := fmt.Sprintf("+ 2 × %d on the test set", p.Test)
	if p.Search == 0 {
		return "as many rollouts as the time allows, " + reading
	}
	sum := ""
	if n := p.Budget.Proposals; n > 0 && p.Search == p.Validation+n*p.Forecast.Most {
		each := fmt.Sprintf("(2 × %d + %d)", p.Minibatch, p.Validation)
		if p.Forecast.Most != 2*p.Minibatch+p.Validation {
			each = fmt.Sprint(p.Forecast.Most)
		}
		sum = fmt.Sprintf("%d + %d × %s = ", p.Validation, n, each)
	}
	return fmt.Sprintf("%s%d rollouts, %s", sum, p.Search, reading)
}

// tellForecast says what the search will probably use, where that is not what
// it can use at most, and warns of a budget that buys little.
func tellForecast(v *watcher, f gepa.Forecast) {
	if f.Proposals == (gepa.Range{}) {
		return
	}
	proposals := fmt.Sprintf("%d", f.Proposals.Expected)
	if f.Proposals.Low != f.Proposals.High {
		proposals = fmt.Sprintf("%d (%d to %d)", f.Proposals.Expected, f.Proposals.Low, f.Proposals.High)
	}
	v.say("expected   %s proposals, %d rollouts (%d to %d), %d reflections (%d to %d)", proposals,
		f.Rollouts.Expected, f.Rollouts.Low, f.Rollouts.High, f.Reflections.Expected, f.Reflections.Low, f.Reflections.High)
	if few := 3; f.Sure < few {
		v.say("warning: the budget is sure to pay for %d proposals only; a search needs a few: raise it, or make the validation set smaller", f.Sure)
	}
}

func tellResumed(v *watcher, s *gepa.State, out string) {
	best, ok := s.Best()
	switch {
	case s.Stop() != nil && ok:
		v.say("resumed    %s holds this run, its search over after %d proposals", out, len(s.Proposals()))
	case ok:
		v.say("resumed    %s holds this run: %d proposals planned, best validation %.4f", out, len(s.Proposals()), best.Mean)
	default:
		v.say("resumed    %s holds this run: %d rollouts done", out, s.Rollouts())
	}
}
