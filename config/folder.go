package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/atomicfile"
	"github.com/gepa-go/gepa/lm/price"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/store"
)

// folder keeps a run on disk: its journal and, once there is a result, the
// optimized program and the summary. Other files in it are left alone.
type folder struct {
	dir     string
	journal *store.Journal
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// openFolder opens a run's folder, made if it is not there.
func openFolder(ctx context.Context, r *Run) (_ *folder, err error) {
	dir := r.out
	f := &folder{dir: dir}
	_, err = os.Stat(f.path(JournalFile))
	isNew := errors.Is(err, fs.ErrNotExist)
	if isNew {
		for _, name := range []string{ProgramFile, CandidateFile, ResultFile} {
			if _, err := os.Stat(f.path(name)); err == nil {
				return nil, usagef("%s is there already and belongs to no run kept in %s; give the run a folder of its own with --out", f.path(name), dir)
			}
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, usagef("--out %s: cannot make the folder: %w; give another one with --out", dir, plain(err))
	}
	if err := tryWriting(dir); err != nil {
		return nil, usagef("--out %s: cannot write into the folder: %w; give another one with --out", dir, plain(err))
	}
	f.journal, err = store.OpenOrCreate(ctx, f.path(JournalFile))
	if err != nil {
		return nil, unreadable(dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.journal.Close())
		}
	}()
	meta, err := f.journal.Meta(ctx)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	now := map[string]string{metaSettings: r.settings, metaEnd: ""}
	if kept, ok := meta[metaConfig]; ok {
		diffs, err := differences(kept, r.identity)
		if err != nil {
			return nil, usagef("--out %s: %w", dir, err)
		}
		if len(diffs) > 0 {
			return nil, &OtherRunError{Folder: dir, Differences: diffs, Resumed: r.resumed}
		}
	} else {
		raw, err := r.identity.MarshalJSON()
		if err != nil {
			return nil, err
		}
		now[metaConfig], now[store.MetaCommand], now[store.MetaRunID] = string(raw), r.command, runName(dir)
		if r.start != nil {
			if err := r.start.save(f.path(StartFile)); err != nil {
				return nil, fmt.Errorf("keep a copy of the program that the run starts from: %w", err)
			}
		}
	}
	// Settings change from session to session, as far as the identity allows.
	// All is written at once: a run is either described or not there yet.
	return f, f.journal.SetMeta(ctx, now)
}

// runName returns what a run in a folder is called.
func runName(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	return filepath.Base(dir)
}

// metaEnd is the name under which a journal keeps how its last session ended:
// "" while one is at work, and after one that was killed.
const metaEnd = "end"

// An ending says how a session ended.
type ending struct {
	Status report.Status `json:"status"`
	// Detail is the error, if there was one.
	Detail string `json:"detail,omitempty"`
}

// end notes how the session ended.
func (f *folder) end(ctx context.Context, e ending) error { return noteEnd(ctx, f.journal, e) }

func noteEnd(ctx context.Context, j *store.Journal, e ending) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return j.SetMeta(ctx, map[string]string{metaEnd: string(raw)})
}

// diedWords says of a writer that it died.
func diedWords(owner store.Owner) string { return owner.String() + " ended without closing it" }

// tryWriting makes a file in a folder and takes it away again, so that a
// folder that cannot be written is found before anything is spent.
func tryWriting(dir string) error {
	probe, err := os.CreateTemp(dir, ".gepa-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// plain drops the name of a system call and of a temporary file from an error.
func plain(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// keepPrices writes the prices that the run was planned with, once: a run that
// goes on later counts by the same.
func (f *folder) keepPrices(t price.Table) error {
	path := f.path(PricesFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(raw, '\n'))
}

// winnerFile returns the name of the file that keeps the winner.
func winnerFile(p *program.Program) string {
	if p == nil {
		return CandidateFile
	}
	return ProgramFile
}

// keep writes the winner and the summary, each in one step.
func (f *folder) keep(p *program.Program, winner gepa.Candidate, s report.Summary) error {
	path := f.path(winnerFile(p))
	if p == nil {
		if err := writeCandidate(path, winner); err != nil {
			return err
		}
	} else if err := p.State(winner).Save(path); err != nil {
		return err
	}
	data, err := s.Encode()
	if err != nil {
		return err
	}
	return atomicfile.Write(f.path(ResultFile), data)
}
