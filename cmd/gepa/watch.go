package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/serve"
	"github.com/gepa-go/gepa/report/terminal"
	"github.com/gepa-go/gepa/report/view"
)

func newWatch() *cobra.Command {
	var s show
	cmd := &cobra.Command{
		Use:   "watch [RUN]",
		Short: "Show a run on this terminal while another process performs it",
		Long: "Shows the run in the folder RUN (" + config.DefaultOut + ") as gepa optimize does on its own terminal (docs/terminal.md), " +
			"from its beginning and as it goes on. It only reads: the run can be neither changed nor ended from here. It ends " +
			"when the run does; a run that is not at work is shown until it is left with q. On what is no terminal it prints " +
			"lines.",
		Example: "  gepa watch\n  gepa watch experiments/one\n  gepa watch --plain >> one.txt",
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := config.Locate(argument(args, 0))
			if err != nil {
				return err
			}
			return watchRun(cmd, dir, s)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&s.noColor, "no-color", false, "use no colours; NO_COLOR in the environment does the same")
	f.BoolVar(&s.plain, "plain", false, "print lines only, on a terminal, too")
	return cmd
}

// watchRun follows the run in a folder.
func watchRun(cmd *cobra.Command, dir string, s show) (err error) {
	ctx, leave := context.WithCancel(cmd.Context())
	defer leave()
	library := config.Library{Tops: []string{dir}}
	places, err := library.Places(ctx)
	if err != nil {
		return err
	}
	f := follower{watch: newWatcher(cmd.ErrOrStderr(), s)}
	for _, p := range places {
		if p.Folder == dir {
			f.journal, err = library.Open(ctx, p.ID)
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.journal.Close()) }()
	f.watch.begin(view.NewFold(view.About{Folder: dir}), terminal.Options{Interrupt: leave, Leaves: true}, nil)
	defer f.watch.end()
	return f.follow(ctx)
}

// A follower reads a journal that another process may be writing.
type follower struct {
	journal serve.Journal
	watch   *watcher
	last    int64 // the number of the last record that was read
}

// followTime is how often a journal is asked whether it grew.
const followTime = 200 * time.Millisecond

// follow shows the run until it ends, or the user leaves. A run that is not at
// work stays on a terminal until the user leaves.
func (f *follower) follow(ctx context.Context) error {
	tick := time.NewTicker(followTime)
	defer tick.Stop()
	began := false // it was seen at work
	for {
		about, err := f.read(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		atWork := about.Status == report.StatusRunning
		began = began || atWork
		if !atWork && (began || !f.watch.drawing()) {
			if about.Status != report.StatusFinished {
				f.watch.say("%s: %s", about.Status, about.Detail)
			}
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// read reads on, and returns how the run stood before.
func (f *follower) read(ctx context.Context) (view.About, error) {
	// Asked first: a run that is not at work is then read to its end.
	f.watch.mu.Lock()
	about, err := f.journal.About(ctx, f.watch.fold.Story())
	f.watch.mu.Unlock()
	if err != nil {
		return about, err
	}
	last, err := f.journal.Last(ctx)
	if err != nil {
		return about, err
	}
	if last > f.last {
		for rec, err := range f.journal.RecordsAfter(ctx, f.last) {
			if err != nil {
				return about, err
			}
			e, err := gepa.DecodeRecord(rec)
			if err != nil {
				return about, err
			}
			if err := f.watch.add(rec, e); err != nil {
				return about, err
			}
			f.last++
		}
	}
	f.watch.about(about)
	return about, nil
}

// add folds a record of another process.
func (v *watcher) add(rec gepa.Record, e gepa.Event) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.apply(rec, e)
}

// about says what is known of the run beside its journal.
func (v *watcher) about(a view.About) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fold.About().Status != a.Status {
		v.shown = nil
	}
	v.fold.SetAbout(a)
}

// drawing reports whether there is a live region.
func (v *watcher) drawing() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.region != nil && !v.region.Failed()
}
