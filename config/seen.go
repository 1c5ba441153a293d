package config

import (
	"context"

	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
	"github.com/gepa-go/gepa/store"
)

// A Seen run is a kept one with the tables that pictures of it are made from.
type Seen struct {
	*Kept
	// Fold holds the tables. Its story is that of Kept.
	Fold *view.Fold
	// Source is what details are read from, while See goes on.
	Source view.Source
}

// See reads the run kept in a folder, as [ReadKept] does, and calls use with
// it while its journal is open.
func See(ctx context.Context, dir string, use func(*Seen) error) error {
	seen := &Seen{}
	tell := func(k *Kept, j *store.Journal) error {
		about := view.About{ID: runName(dir), Folder: dir, Command: k.Command, Created: k.Created}
		about.Program, about.Models = k.names()
		seen.Kept, seen.Fold, seen.Source = k, view.NewFold(about), j
		k.Story = seen.Fold.Story()
		return report.Read(ctx, j, seen.Fold.Apply)
	}
	return openKept(ctx, dir, tell, func(k *Kept, _ *store.Journal) error {
		about := seen.Fold.About()
		about.Status, about.Detail = k.Status, k.Detail
		seen.Fold.SetAbout(about)
		return use(seen)
	})
}
