package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm/price"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/store"
)

// A Kept run is one as its folder tells it.
type Kept struct {
	// Folder is where it is kept.
	Folder string
	// Status is how it stands, and Detail says more in words: who is at work,
	// who died, what failed, why the search ended.
	Status report.Status
	Detail string
	// Created is when the run was begun.
	Created time.Time
	// Command is the command line that began it; "" if that is not known.
	Command string
	// Settings are its resolved configuration as JSON; "" if it has none.
	Settings string
	// Story is what its journal says. A run that was stopped before it began
	// has a story without a run.
	Story *report.Story

	meta map[string]string
}

// ReadKept reads the run kept in a folder. It changes nothing, and the run may
// be at work. A folder without a run is an error that matches ErrUsage.
func ReadKept(ctx context.Context, dir string) (*Kept, error) {
	var kept *Kept
	tell := func(k *Kept, j *store.Journal) (err error) {
		k.Story, err = report.Tell(ctx, j)
		return err
	}
	err := openKept(ctx, dir, tell, func(k *Kept, _ *store.Journal) error { kept = k; return nil })
	return kept, err
}

// openKept opens the run kept in a folder, has its journal told, and uses both
// while the journal is open.
func openKept(ctx context.Context, dir string, tell, use func(*Kept, *store.Journal) error) (err error) {
	path := filepath.Join(dir, JournalFile)
	// Asked first: a run that ends while it is read is one that was at work.
	writer, owner, err := store.WriterOf(path)
	if err != nil {
		return unreadable(dir, err)
	}
	j, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		return unreadable(dir, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	k := &Kept{Folder: dir}
	if k.meta, err = j.Meta(ctx); err != nil {
		return unreadable(dir, err)
	}
	k.Command, k.Settings = k.meta[store.MetaCommand], k.meta[metaSettings]
	if k.Created, err = time.Parse(time.RFC3339, k.meta[store.MetaCreated]); err != nil {
		k.Created = time.Time{} // it is for people only
	}
	if err := tell(k, j); err != nil {
		return unreadable(dir, err)
	}
	k.Status, k.Detail = k.standing(writer, owner)
	return use(k, j)
}

// standing says how the run stands.
func (k *Kept) standing(writer store.WriterState, owner store.Owner) (report.Status, string) {
	stop := func() string {
		if s := k.Story.State.Stop(); s != nil {
			return s.Detail
		}
		return ""
	}
	if writer == store.WriterActive {
		return report.StatusRunning, owner.String()
	}
	if k.Story.State.Run() != nil && k.Story.Complete() {
		return report.StatusFinished, stop()
	}
	if writer == store.WriterDied {
		return report.StatusCrashed, diedWords(owner)
	}
	var end ending
	if err := json.Unmarshal([]byte(k.meta[metaEnd]), &end); err != nil {
		// An earlier version, or a session that ended before it began to work.
		return report.StatusInterrupted, ""
	}
	if end.Status == report.StatusFinished {
		return end.Status, stop() // without the test set: a cap left no room
	}
	return end.Status, end.Detail
}

// Account returns what the run spent, in detail.
func (k *Kept) Account() report.Account {
	_, models := k.names()
	return k.Story.Account(models)
}

// Summary returns the summary of the run, the one that "gepa optimize" printed
// where the run came to its end.
func (k *Kept) Summary() (report.Summary, error) {
	run := k.Story.State.Run()
	if run == nil {
		return report.Summary{}, usagef("the run in %s was stopped before it began: there is nothing to show", k.Folder)
	}
	in := report.Input{
		Result:     k.Story.Result(),
		Components: run.Components,
		Data:       dataOf(run),
		Options:    run.Options,
		Output:     k.output(),
	}
	in.Program, in.Models = k.names()
	in.Ledger = k.Story.Account(in.Models)
	s, err := report.Summarize(in)
	if err != nil {
		return s, fmt.Errorf("run %s: %w", k.Folder, err)
	}
	s.Status = k.Status
	switch k.Status {
	case report.StatusInterrupted, report.StatusCrashed:
		if s.Stop.Reason == "" {
			s.Stop = report.Stop{Reason: gepa.StopInterrupted, Detail: string(k.Status)}
		}
	case report.StatusFailed:
		if s.Stop.Reason == "" {
			s.Stop = report.Stop{Reason: gepa.StopFailed, Detail: k.Detail}
		}
	case report.StatusFinished, report.StatusRunning:
	}
	return s, nil
}

// dataOf returns as much of the data as a journal knows: the examples' ids.
func dataOf(run *gepa.RunStarted) gepa.Data {
	ids := func(refs []gepa.ExampleRef) []gepa.Example {
		out := make([]gepa.Example, len(refs))
		for i, r := range refs {
			out[i].ID = r.ID
		}
		return out
	}
	return gepa.Data{Feedback: ids(run.Feedback), Validation: ids(run.Validation), Test: ids(run.Test)}
}

// names returns what the run's program and models are called, as far as the
// journal says.
func (k *Kept) names() (string, report.Models) {
	var names struct {
		Program    string `json:"program"`
		Task       string `json:"model"`
		Reflection string `json:"reflection-model"`
		Judge      string `json:"judge-model"`
	}
	// A run of a Go program keeps neither this nor prices: its names are "".
	_ = json.Unmarshal([]byte(k.meta[metaConfig]), &names)
	prices, err := price.Load(filepath.Join(k.Folder, PricesFile))
	model := func(name string) report.Model {
		m := report.Model{Name: name, Simulated: name == SimModel}
		if p, ok := prices.Lookup(name); ok && err == nil && name != "" {
			m.Price = &p
		}
		return m
	}
	return names.Program, report.Models{Task: model(names.Task), Reflection: model(names.Reflection), Judge: model(names.Judge)}
}

func (k *Kept) output() *report.Output {
	there := func(name string) string {
		path := filepath.Join(k.Folder, name)
		if _, err := os.Stat(path); err != nil {
			return ""
		}
		return path
	}
	return &report.Output{
		Folder: k.Folder, Journal: there(JournalFile), Program: orDefault(there(ProgramFile), there(CandidateFile)), Result: there(ResultFile),
	}
}

// Simulated reports whether a simulated model played every role, so that
// nothing cost anything.
func (k *Kept) Simulated() bool {
	_, m := k.names()
	return (m.Task.Name == "" || m.Task.Simulated) && m.Reflection.Simulated && (m.Judge.Name == "" || m.Judge.Simulated)
}
