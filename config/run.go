package config

import (
	"context"
	"errors"
	"fmt"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/otel"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// A Run is an optimization with everything wired. It is for one goroutine.
type Run struct {
	// ProgramName is what the system is called. Program is nil if it is none.
	ProgramName string
	Program     *program.Program
	System      gepa.System
	Models      report.Models
	Data        gepa.Data
	// Options are complete but for the journal, which [Run.Open] sets.
	Options gepa.Options
	// BudgetNote says where the budget comes from, if not from its flags.
	BudgetNote string
	// Caps are what the run may spend, and Bound what it can cost without one
	// on dollars.
	Caps  Caps
	Bound Bound

	calls    *calls
	reserve  *reserve    // nil without caps
	spans    *otel.Spans // nil for none
	identity gepa.Fields
	settings string     // as the journal keeps them
	start    *start     // nil if the run starts from the system's own texts
	stop     func()     // ends the system; nil if there is nothing to end
	resumed  bool       // by its own settings, see [Stored]
	fold     *view.Fold // of earlier sessions
	goesOn   bool       // there were some
	secrets  []string
	out      string
	command  string
	folder   *folder
}

// Open opens the folder that keeps the run, if there is to be one, and the
// cache of calls, and makes them if need be. It refuses, with an error that matches ErrUsage, a folder
// that cannot be written, that another process uses, or that holds another
// run. [Run.Do] calls it where the caller did not.
func (r *Run) Open(ctx context.Context) error {
	if r.out != "" && r.folder == nil {
		f, err := openFolder(ctx, r)
		if err != nil {
			return err
		}
		r.folder = f
		r.Options.Journal = f.journal
		if err := f.keepPrices(r.calls.prices); err != nil {
			return fmt.Errorf("keep the prices in %s: %w", r.out, err)
		}
		if err := r.readEarlier(ctx); err != nil {
			return fmt.Errorf("read the run in %s: %w", r.out, err)
		}
		if err := r.checkBudget(); err != nil {
			return err
		}
	}
	return r.calls.open(ctx)
}

// readEarlier reads what earlier sessions of the run did, once for all who
// want to know.
func (r *Run) readEarlier(ctx context.Context) error {
	err := report.Read(ctx, r.folder.journal, func(rec gepa.Record, e gepa.Event) error {
		r.goesOn = true
		if r.reserve != nil {
			r.reserve.observe(e)
		}
		return r.fold.Apply(rec, e)
	})
	if err == nil && r.reserve != nil {
		r.reserve.settle()
	}
	return err
}

// checkBudget refuses, for a run that is resumed, a budget below what it used.
func (r *Run) checkBudget() error {
	if !r.resumed {
		return nil
	}
	b, s := r.Options.Budget, r.fold.Story().State
	if made := len(s.Proposals()); b.Proposals > 0 && b.Proposals < made {
		return usagef("--iterations %d: the run has made %d already; give at least as many, or +N for N more", b.Proposals, made)
	}
	if used := s.Rollouts(); b.Rollouts > 0 && b.Rollouts < used {
		return usagef("--rollouts %d: the run has used %d already; give at least as many, or +N for N more", b.Rollouts, used)
	}
	return nil
}

// Fold returns what the run's earlier sessions come to, to be carried on with
// the events of this one, and reports whether there were any. Open the run
// first.
func (r *Run) Fold() (*view.Fold, bool) { return r.fold, r.goesOn }

// Do runs, or resumes, the optimization and keeps what it found. The summary
// is nil if the run did not begin; with an error it holds the best so far. If
// ctx ends, the error is its cause.
func (r *Run) Do(ctx context.Context) (_ *report.Summary, err error) {
	if r.spans != nil {
		var end func(error)
		ctx, end = r.spans.Run(ctx, r.ProgramName)
		defer func() { end(err) }()
	}
	if err := r.Open(ctx); err != nil {
		return nil, err
	}
	r.calls.began = true
	if r.Options.Journal == nil {
		r.Options.Journal = gepa.NewMemoryJournal()
	}
	options := r.Options
	if r.spans != nil {
		options.Journal = r.spans.Journal(options.Journal)
	}
	result, err := gepa.Optimize(ctx, r.System, r.Data, options)
	if result == nil {
		var other *gepa.ResumeError
		if r.folder != nil && errors.As(err, &other) {
			return nil, &OtherRunError{Folder: r.out, Differences: r.withLines(other.Differences), Resumed: r.resumed}
		}
		return nil, err
	}
	// An interrupted run's account is wanted, too.
	ledger, lerr := report.Ledger(r.Options.Journal.Records(context.WithoutCancel(ctx)), r.Models)
	if lerr != nil {
		err = errors.Join(err, fmt.Errorf("add up what the run spent: %w", lerr))
	}
	summary, serr := report.Summarize(report.Input{
		Result: result, Err: err, Interrupted: ctx.Err() != nil,
		Components: r.System.Components(), Data: r.Data, Options: r.Options,
		Program: r.ProgramName, Models: r.Models, Ledger: ledger,
		Output: r.output(result),
	})
	if serr != nil {
		return nil, errors.Join(err, serr)
	}
	if r.folder != nil {
		end := ending{Status: summary.Status}
		if end.Status == report.StatusFailed {
			end.Detail = lm.Redact(err.Error(), r.secrets...)
		}
		// After a failure to write the journal this fails, too.
		if eerr := r.folder.end(context.WithoutCancel(ctx), end); eerr != nil && err == nil {
			return &summary, eerr
		}
	}
	if r.folder != nil && result.Best != nil {
		if kerr := r.folder.keep(r.Program, result.Best.Texts, summary); kerr != nil {
			return &summary, errors.Join(err, fmt.Errorf("keep the result in %s: %w", r.out, kerr))
		}
	}
	return &summary, err
}

// CachePath returns the file that caches the run's calls; "" if none does.
func (r *Run) CachePath() string {
	if r.calls.disk == nil || len(r.calls.clients) == 0 {
		return ""
	}
	return r.calls.disk.path
}

// PriceDate returns the day on which the run's prices were as they stand.
func (r *Run) PriceDate() string { return r.calls.prices.Date }

func (r *Run) output(result *gepa.Result) *report.Output {
	if r.folder == nil {
		return nil
	}
	o := &report.Output{Folder: r.out, Journal: r.folder.path(JournalFile)}
	if result.Best != nil {
		o.Program, o.Result = r.folder.path(winnerFile(r.Program)), r.folder.path(ResultFile)
	}
	return o
}

// Close writes the recording, if one was asked for, and gives back what Build
// and Open took.
func (r *Run) Close() error {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
	err := r.calls.close()
	if r.folder != nil {
		err = errors.Join(err, r.folder.journal.Close())
		r.folder = nil
	}
	return err
}
