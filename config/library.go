package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config/source"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/serve"
	"github.com/gepa-go/gepa/report/view"
	"github.com/gepa-go/gepa/store"
)

// A Library serves the runs in folders: see package serve. It holds no state
// and is safe for concurrent use.
type Library struct {
	// Tops are the folders: each may be a run's, or hold runs' folders.
	Tops []string
	// ApplyTo are the places that texts are applied to, as [Apply.To] has them;
	// none means that nothing can be applied.
	ApplyTo []string
}

var (
	_ serve.Library  = Library{}
	_ serve.Reviewer = Library{}
)

// Places implements [serve.Library].
func (l Library) Places(context.Context) ([]serve.Place, error) {
	var dirs []string
	for _, top := range l.Tops {
		for _, dir := range Folders(top) {
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	names := map[string]int{}
	for _, dir := range dirs {
		names[runID(dir)]++
	}
	places := make([]serve.Place, 0, len(dirs))
	for _, dir := range dirs {
		id := runID(dir)
		if names[id] > 1 {
			id += "-" + pathHash(dir)
		}
		places = append(places, serve.Place{ID: id, Folder: dir, Stamp: stamp(dir)})
	}
	return places, nil
}

// runID makes a name for addresses of a run's folder.
func runID(dir string) string {
	id := strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, runName(dir))
	if strings.Trim(id, ".-") == "" { // what browsers would take for a way up
		return "run-" + pathHash(dir)
	}
	return id
}

func pathHash(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:4])
}

// stamp says in which state a run's files are.
func stamp(dir string) string {
	var b strings.Builder
	for _, name := range []string{JournalFile, JournalFile + "-wal"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			fmt.Fprintf(&b, "%d/%d ", info.Size(), info.ModTime().UnixNano())
		}
	}
	writer, _, err := store.WriterOf(filepath.Join(dir, JournalFile))
	fmt.Fprintf(&b, "%d %t", writer, err != nil)
	return b.String()
}

// dir returns a run's folder.
func (l Library) dir(ctx context.Context, id string) (string, error) {
	places, err := l.Places(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range places {
		if p.ID == id {
			return p.Folder, nil
		}
	}
	return "", serve.ErrNoRun
}

// Open implements [serve.Library].
func (l Library) Open(ctx context.Context, id string) (serve.Journal, error) {
	dir, err := l.dir(ctx, id)
	if err != nil {
		return nil, err
	}
	j, err := store.OpenReadOnly(ctx, filepath.Join(dir, JournalFile))
	if err != nil {
		return nil, unreadable(dir, err)
	}
	return &servedRun{Journal: j, dir: dir}, nil
}

// servedRun is a run's journal, open for reading.
type servedRun struct {
	*store.Journal
	dir string
}

// About implements [serve.Journal].
func (r *servedRun) About(ctx context.Context, story *report.Story) (view.About, error) {
	writer, owner, err := store.WriterOf(filepath.Join(r.dir, JournalFile))
	if err != nil {
		return view.About{}, unreadable(r.dir, err)
	}
	k := &Kept{Folder: r.dir, Story: story}
	if k.meta, err = r.Meta(ctx); err != nil {
		return view.About{}, unreadable(r.dir, err)
	}
	about := view.About{Folder: r.dir, Command: k.meta[store.MetaCommand]}
	about.Status, about.Detail = k.standing(writer, owner)
	about.Program, about.Models = k.names()
	if created, err := time.Parse(time.RFC3339, k.meta[store.MetaCreated]); err == nil {
		about.Created = created
	}
	if s, err := decodeSettings(k.meta[metaSettings]); err == nil {
		about.CostCap = s.Budget.Nanos
	}
	return about, nil
}

// Summary implements [serve.Journal].
func (r *servedRun) Summary(ctx context.Context) (report.Summary, error) {
	k, err := ReadKept(ctx, r.dir)
	if err != nil {
		return report.Summary{}, err
	}
	return k.Summary()
}

// Can implements [serve.Reviewer].
func (l Library) Can(ctx context.Context, id string) []view.Control {
	dir, err := l.dir(ctx, id)
	if err != nil {
		return nil
	}
	can := []view.Control{view.ControlReview}
	if _, err := Stored(ctx, dir); err == nil {
		can = append(can, view.ControlRescore)
	}
	if len(l.ApplyTo) > 0 {
		can = append(can, view.ControlApply)
	}
	return can
}

// Review implements [serve.Reviewer].
func (l Library) Review(ctx context.Context, id string, records int64, done gepa.ReviewDone) (err error) {
	dir, err := l.dir(ctx, id)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, JournalFile)
	// Whoever opens a journal for writing takes away what a dead writer left.
	writer, owner, err := store.WriterOf(path)
	if err != nil {
		return unreadable(dir, err)
	}
	j, err := store.Open(ctx, path)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w: wait until it ends, or stop it", serve.ErrBusy)
	}
	if err != nil {
		return unreadable(dir, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	last, err := j.Last(ctx)
	if err != nil {
		return err
	}
	if last != records {
		return serve.ErrMoved
	}
	record, err := gepa.NewRecord(done, time.Now())
	if err != nil {
		return err
	}
	if writer == store.WriterDied {
		if err := noteEnd(ctx, j, ending{report.StatusCrashed, diedWords(owner)}); err != nil {
			return err
		}
	}
	return j.Append(ctx, record)
}

// Rescore implements [serve.Reviewer].
func (l Library) Rescore(ctx context.Context, id string, texts map[string]string) ([]float64, error) {
	dir, err := l.dir(ctx, id)
	if err != nil {
		return nil, err
	}
	s, err := Subject{Name: dir}.find(ctx)
	if err != nil {
		return nil, err
	}
	s.texts = maps.Clone(texts)
	on, err := On{Split: SplitValidation}.of(ctx, s)
	if err != nil {
		return nil, err
	}
	m, err := s.measure(ctx, on, false)
	switch {
	case errors.Is(err, ErrUsage):
		return nil, fmt.Errorf("%w scored again: %w", serve.ErrUnable, err)
	case err != nil:
		return nil, err
	}
	scores := make([]float64, len(m.examples))
	for i, e := range m.examples {
		scores[i] = e.Score
	}
	return scores, nil
}

// Apply implements [serve.Reviewer].
func (l Library) Apply(ctx context.Context, id string, candidate int, texts map[string]string) (string, error) {
	if len(l.ApplyTo) == 0 {
		return "", fmt.Errorf("%w applied from here: start gepa serve with --apply-to", serve.ErrUnable)
	}
	dir, err := l.dir(ctx, id)
	if err != nil {
		return "", err
	}
	k, err := ReadKept(ctx, dir)
	if err != nil {
		return "", err
	}
	changes, err := k.PlanApply(Apply{Candidate: fmt.Sprint(candidate), Texts: texts, To: l.ApplyTo})
	if errors.Is(err, ErrUsage) {
		return "", fmt.Errorf("%w applied: %w", serve.ErrUnable, err)
	}
	if err != nil {
		return "", err
	}
	if err := source.Write(changes); err != nil {
		return "", err
	}
	if len(changes) == 0 {
		return "the files hold these texts already", nil
	}
	var paths []string
	for _, c := range changes {
		paths = append(paths, c.Path)
	}
	return strings.Join(paths, ", "), nil
}

// Library returns what serves the run while this process performs it: from its
// folder, or from memory where it is kept in none. Open the run first.
func (r *Run) Library() serve.Library {
	if r.folder != nil {
		return Library{Tops: []string{r.out}}
	}
	journal, ok := r.Options.Journal.(followed)
	if !ok {
		r.Options.Journal = gepa.NewMemoryJournal()
		journal = r.Options.Journal.(followed) //nolint:forcetypeassert // that of the root has these methods
	}
	return memoryLibrary{journal, view.About{Program: r.ProgramName, Models: r.Models, Command: r.command}}
}

// followed is a journal that can be read while it is written.
type followed interface {
	gepa.Journal
	view.Source
	Last(ctx context.Context) (int64, error)
	RecordsAfter(ctx context.Context, number int64) iter.Seq2[gepa.Record, error]
}

// memoryLibrary holds one run that is kept nowhere.
type memoryLibrary struct {
	followed
	about view.About
}

// memoryRun is the id of that run.
const memoryRun = "run"

func (l memoryLibrary) Places(context.Context) ([]serve.Place, error) {
	return []serve.Place{{ID: memoryRun, Stamp: "memory"}}, nil
}

func (l memoryLibrary) Open(_ context.Context, id string) (serve.Journal, error) {
	if id != memoryRun {
		return nil, serve.ErrNoRun
	}
	return l, nil
}

func (l memoryLibrary) About(context.Context, *report.Story) (view.About, error) { return l.about, nil }

// Summary implements [serve.Journal].
func (l memoryLibrary) Summary(ctx context.Context) (report.Summary, error) {
	story, err := report.Tell(ctx, l)
	if err != nil {
		return report.Summary{}, err
	}
	run := story.State.Run()
	if run == nil {
		return report.Summary{}, usagef("the run has not begun")
	}
	s, err := report.Summarize(report.Input{
		Result: story.Result(), Components: run.Components, Data: dataOf(run), Options: run.Options, Program: l.about.Program,
		Models: l.about.Models, Ledger: story.Account(l.about.Models),
	})
	if !story.Complete() {
		s.Status = report.StatusRunning
	}
	return s, err
}

func (l memoryLibrary) Close() error { return nil }
