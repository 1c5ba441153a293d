package view

import (
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// About is what is known of a run beside its journal.
type About struct {
	ID      string
	Folder  string
	Program string
	Command string
	Models  report.Models
	Created time.Time // zero if not known
	// Status and Detail say how the run stands. An empty status is one that
	// nobody watches from outside: running until the run is complete.
	Status report.Status
	Detail string
	// CostCap is the session's cap in billionths of a US dollar; 0 is none.
	CostCap int64
	// Paused and Controls are those of the process that drives the run.
	Paused   bool
	Controls []Control
}

// place is where in a run's data an example is.
type place struct {
	set     Set
	indices []int // more than one where a set has an example twice
}

// A Fold makes the tables of a run from its journal, one record at a time. The
// cost of a record does not depend on the length of the run; what does is made
// once for each [Fold.Run] or [Fold.Changes].
//
// A Fold is not safe for concurrent use. What its methods return is not
// changed later and may be read by anyone.
type Fold struct {
	about   About
	story   *report.Story
	pace    report.Pace
	budget  gepa.Budget // of the present session
	perfect float64

	candidates table[Candidate]
	proposals  table[Proposal]
	scores     table[ScoreRow]
	points     table[Point]
	settingAt  Position
	notes      []Note
	reviews    []reviewed

	places    map[string]place // of examples, by hash
	hashes    []string         // of candidates, by id
	ids       map[string]int   // the first candidate of a hash
	base      string           // hash of the base
	flights   []*flight
	unclaimed map[gepa.RolloutKey]gepa.Usage
	holding   holding
	where     map[gepa.RolloutKey]Position // of rollouts
	calls     map[int][]Position           // of the proposer's, by proposal
	drafts    map[int][]Position           // of reflections, by proposal
	counts    Counts
	fates     map[report.Fate]int
	rate      rate
	now       time.Time // of the last record

	settled settled
}

// NewFold returns the fold of a run of which nothing was read yet.
func NewFold(about About) *Fold {
	return &Fold{
		about: about, story: report.NewStory(),
		candidates: newTable[Candidate](), proposals: newTable[Proposal](), scores: newTable[ScoreRow](), points: newTable[Point](),
		places: map[string]place{}, ids: map[string]int{}, unclaimed: map[gepa.RolloutKey]gepa.Usage{},
		where: map[gepa.RolloutKey]Position{}, calls: map[int][]Position{}, drafts: map[int][]Position{}, fates: map[report.Fate]int{},
		settled: settled{pool: -1, conclusionOf: -1},
	}
}

// Position returns how many records were applied.
func (f *Fold) Position() Position { return Position(f.story.Records) }

// Story returns the story that the tables are made of. It must not be changed.
func (f *Fold) Story() *report.Story { return f.story }

// About returns what was last said with [Fold.SetAbout].
func (f *Fold) About() About { return f.about }

// SetAbout says what is known of the run beside its journal.
func (f *Fold) SetAbout(a About) {
	old := f.about
	f.about = a
	if old.ID != a.ID || old.Folder != a.Folder || old.Program != a.Program || old.Command != a.Command ||
		!reflect.DeepEqual(old.Models, a.Models) || !old.Created.Equal(a.Created) {
		f.settingAt = f.Position()
	}
}

// Apply folds the next record with its event. After an error, which says that
// the journal is not that of one run, the fold is as it was.
func (f *Fold) Apply(rec gepa.Record, e gepa.Event) error {
	if err := f.story.Apply(rec, e); err != nil {
		return err
	}
	f.now = rec.At.UTC()
	f.pace.Note(f.story.State, e)
	switch e := e.(type) {
	case gepa.RunStarted:
		f.opened(e)
	case gepa.SessionStarted:
		f.session(e)
	case gepa.ProposalPlanned:
		f.planned(e)
	case gepa.RolloutDone:
		f.rollout(e)
	case gepa.CallDone:
		f.call(e)
	case gepa.ReflectionDone:
		f.reflection(e)
	case gepa.GateDecided:
		f.gate(e)
	case gepa.ProposalCommitted:
		f.committed(e)
	case gepa.Stopped:
		f.note(LevelInfo, "search over: %s", e.Detail)
	case gepa.Continued:
		f.note(LevelInfo, "the search goes on after %d proposals", e.Proposals)
	case gepa.TestOpened:
		f.note(LevelInfo, "the sealed test set is read")
	case gepa.AttemptFailed:
		f.counts.Failures++
		f.rate.add(f.now, e.Usage.Calls)
		f.note(LevelWarn, "an attempt failed: %s", e.Error)
	case gepa.ReviewDone:
		f.review(e)
	}
	return nil
}

func (f *Fold) opened(e gepa.RunStarted) {
	f.settingAt = f.Position()
	f.perfect = e.Options.WithDefaults().PerfectScore
	for _, set := range []struct {
		name Set
		refs []gepa.ExampleRef
	}{{SetFeedback, e.Feedback}, {SetValidation, e.Validation}, {SetTest, e.Test}} {
		for i, ref := range set.refs {
			p := f.places[ref.Hash]
			p.set, p.indices = set.name, append(p.indices, i)
			f.places[ref.Hash] = p
		}
	}
	base := gepa.Seed(e.Components)
	if e.Options.Start != nil {
		base = e.Options.Start
	}
	f.base = base.Hash()
	f.flights = append(f.flights, &flight{child: f.base})
	f.scores.add(newScoreRow(0, len(e.Validation)), f.Position())
}

func newScoreRow(candidate, examples int) ScoreRow {
	row := ScoreRow{Candidate: candidate, Scores: make(Numbers, examples), Failed: []int{}}
	for i := range row.Scores {
		row.Scores[i] = Unknown()
	}
	return row
}

func (f *Fold) session(e gepa.SessionStarted) {
	was := f.budget
	f.budget = e.Budget
	switch {
	case e.Number == 1:
		f.settingAt = f.Position() // there is a forecast now
		f.note(LevelInfo, "the run began")
	case was != e.Budget:
		f.note(LevelInfo, "session %d began, with another budget", e.Number)
	default:
		f.note(LevelInfo, "session %d began", e.Number)
	}
}

func (f *Fold) planned(e gepa.ProposalPlanned) {
	run := f.story.State.Run()
	row := Proposal{
		Number: e.Proposal, Kind: e.Kind, Parents: e.Parents, Components: append([]string{}, e.Components...), Examples: []string{},
		Stage: StagePlanned, Fate: report.FateUnfinished, Before: Unknown(), After: Unknown(), N: len(e.Examples), Candidate: -1, Began: f.now,
	}
	refs := run.Feedback
	if e.Kind == gepa.ProposalMerge {
		refs = run.Validation
	}
	if e.Kind != gepa.ProposalReflect {
		row.Ancestor = &e.Ancestor
	}
	for _, i := range e.Examples {
		row.Examples = append(row.Examples, refs[i].ID)
	}
	fl := f.plan(e)
	f.proposals.add(row, f.Position())
	if len(fl.waiting) == 0 && e.Kind != gepa.ProposalMerge {
		f.compared(fl, e)
	}
	f.counts.Planned++
}

// compared notes that the parent ran on the whole minibatch.
func (f *Fold) compared(fl *flight, p gepa.ProposalPlanned) {
	row := f.proposals.touch(fl.number-1, f.Position())
	if row.Stage == StagePlanned || row.Stage == StageMinibatch {
		row.Stage = StageReflection
	}
	if before, done := f.sum(fl.parent, f.story.State.Run().Feedback, p.Examples); done {
		row.Before = Number(before)
	}
}

func (f *Fold) rollout(e gepa.RolloutDone) {
	if _, known := f.where[e.Job]; known {
		return
	}
	f.where[e.Job] = f.Position()
	f.rate.add(f.now, e.Rollout.Usage.Calls)
	at := f.places[e.Job.Example]
	if at.set == SetTest {
		return
	}
	validation := at.set == SetValidation
	if validation {
		f.counts.ValidationRollouts++
	}
	if e.Job.Candidate == f.base && validation {
		f.scoreBase(e.Rollout, at.indices)
	}
	for _, fl := range f.flights {
		if fl.wants(e.Job, validation) {
			f.flew(fl, e)
			return
		}
	}
	if len(f.flights) > 0 {
		f.unclaimed[e.Job] = e.Rollout.Usage
	}
}

// scoreBase fills the base's row of the heatmap.
func (f *Fold) scoreBase(r gepa.Rollout, indices []int) {
	row := f.scores.touch(0, f.Position())
	if !f.settled.baseOwned { // others may be reading it
		row.Scores, row.Failed = append(Numbers{}, row.Scores...), append([]int{}, row.Failed...)
		f.settled.baseOwned = true
	}
	for _, i := range indices {
		row.Scores[i] = Number(r.Score)
		if r.Problem != "" {
			row.Failed = append(row.Failed, i)
		}
	}
}

// flew gives a rollout to the flight that wanted it first; others that wait
// for it go on, too.
func (f *Fold) flew(first *flight, e gepa.RolloutDone) {
	first.usage = first.usage.Add(e.Rollout.Usage)
	for _, fl := range f.flights {
		if fl.number == 0 {
			continue
		}
		row := &f.proposals.rows[fl.number-1]
		changed := fl == first
		if changed {
			row.Rollouts++
		}
		if fl.parent == e.Job.Candidate && fl.waiting[e.Job.Example] {
			changed = true
			row.Stage = StageMinibatch
			if delete(fl.waiting, e.Job.Example); len(fl.waiting) == 0 {
				f.compared(fl, f.story.State.Proposals()[fl.number-1].ProposalPlanned)
			}
		}
		if fl.child == e.Job.Candidate && fl.child != "" && f.places[e.Job.Example].set == SetValidation {
			changed = true
			n := 1
			if row.Validated != nil {
				n += *row.Validated
			}
			row.Validated = &n
		}
		if changed {
			f.proposals.touch(fl.number-1, f.Position())
		}
	}
}

func (f *Fold) call(e gepa.CallDone) {
	f.calls[e.Proposal] = append(f.calls[e.Proposal], f.Position())
	f.rate.add(f.now, e.Result.Exchange.Usage.Calls)
	if f.flightOf(e.Proposal) != nil && e.Proposal > 0 {
		f.proposals.touch(e.Proposal-1, f.Position())
	}
}

func (f *Fold) reflection(e gepa.ReflectionDone) {
	f.drafts[e.Proposal] = append(f.drafts[e.Proposal], f.Position())
	fl := f.flightOf(e.Proposal)
	if fl == nil || e.Proposal == 0 {
		return
	}
	if len(e.Texts) > 0 {
		plan := f.story.State.Proposals()[e.Proposal-1]
		child := f.story.State.Pool()[plan.Parents[0]].Texts.With(e.Texts)
		fl.children[child.Hash()] = true
		f.claim(fl)
	}
	if fl.answered++; fl.answered >= fl.asked {
		f.proposals.touch(e.Proposal-1, f.Position()).Stage = StageGate
	}
}

func (f *Fold) gate(e gepa.GateDecided) {
	row := f.proposals.touch(e.Proposal-1, f.Position())
	p := f.story.State.Proposals()[e.Proposal-1]
	row.Stage, row.Before, row.N, row.Passed = StageGate, Number(e.Parent), len(p.Examples)+e.More, &e.Passed
	fl := f.flightOf(e.Proposal)
	if len(e.Texts) > 0 || p.Kind == gepa.ProposalMerge {
		row.After = Number(e.Child)
		child := f.story.State.Pool()[p.Parents[0]].Texts.With(e.Texts).Hash()
		fl.children[child] = true
		f.claim(fl)
		if e.Passed {
			fl.child = child
		}
	}
	if e.Passed {
		row.Stage = StageValidation
		done := 0
		for _, ref := range f.story.State.Run().Validation {
			if _, there := f.where[gepa.RolloutKey{Candidate: fl.child, Example: ref.Hash}]; there {
				done++
			}
		}
		row.Validated = &done
	}
}

// committed ends a proposal, and a candidate may join the pool.
func (f *Fold) committed(e gepa.ProposalCommitted) {
	s := f.story.State
	fl := f.land(e.Proposal)
	if e.Proposal > 0 {
		row := f.proposals.touch(e.Proposal-1, f.Position())
		p := s.Proposals()[e.Proposal-1]
		row.Stage, row.Fate, row.Candidate = StageCommitted, report.FateOf(p, s.Pool(), f.perfect), p.Candidate
		row.Reason = row.Fate.Reason(p)
		ended, at := f.now, f.at()
		row.Ended, row.At = &ended, &at
		row.Spend = f.usage(p.Spend.Add(fl.usage), f.about.Models.Task.Simulated && f.proposerSimulated())
		if e.Validated > 0 {
			row.Validated = &e.Validated
		}
		f.fates[row.Fate]++
		f.counts.Committed++
	}
	if e.Accepted {
		f.joined(s.Pool()[len(s.Pool())-1], fl)
	}
	if len(f.flights) == 0 {
		clear(f.unclaimed)
	}
}

// joined adds a candidate's rows.
func (f *Fold) joined(m gepa.Member, fl *flight) {
	s, at := f.story.State, f.Position()
	hash := m.Texts.Hash()
	f.hashes = append(f.hashes, hash)
	if _, known := f.ids[hash]; !known {
		f.ids[hash] = m.ID
	}
	f.holding.add(m.Scores)
	row := Candidate{
		ID: m.ID, Parents: append([]int{}, m.Parents...), Proposal: m.Proposal, Changed: append([]string{}, m.Changed...),
		Validation: Number(m.Mean), Validated: m.Validated, Full: m.Full, Objectives: map[string]Number{}, Test: Unknown(), At: f.at(),
	}
	for i, o := range s.Run().Options.Objectives {
		row.Objectives[o.Name] = Number(m.Objectives[i])
	}
	for _, text := range m.Texts {
		row.Length += utf8.RuneCountInString(text)
	}
	if m.Proposal > 0 {
		row.Cost.Proposal = f.proposals.rows[m.Proposal-1].Spend
		f.counts.Accepted++
	} else {
		row.Cost.Proposal = f.usage(fl.usage, f.about.Models.Task.Simulated)
	}
	f.candidates.add(row, at)
	scores := f.scoreRow(m, hash)
	if m.ID == 0 {
		*f.scores.touch(0, at) = scores
	} else {
		f.scores.add(scores, at)
	}
	best, _ := s.Best()
	f.points.add(Point{At: f.at(), Best: Number(best.Mean), Candidate: m.ID, Score: Number(m.Mean)}, at)
	switch {
	case m.ID == 0:
		f.note(LevelInfo, "the base scores %.4f on validation", m.Mean)
	case best.ID == m.ID:
		f.note(LevelInfo, "candidate %d scores %.4f on validation, the best so far", m.ID, m.Mean)
	}
}

// scoreRow returns a member's row of the heatmap.
func (f *Fold) scoreRow(m gepa.Member, hash string) ScoreRow {
	row := newScoreRow(m.ID, len(m.Scores))
	refs := f.story.State.Run().Validation
	for i, score := range m.Scores {
		row.Scores[i] = Number(score)
		if !row.Scores[i].Known() {
			continue
		}
		if r, _ := f.story.State.Rollout(gepa.RolloutKey{Candidate: hash, Example: refs[i].Hash}); r.Problem != "" {
			row.Failed = append(row.Failed, i)
		}
	}
	return row
}

// at returns the run's totals.
func (f *Fold) at() At {
	total := f.story.State.Spend().Total()
	at := At{Rollouts: f.story.State.Rollouts(), Tokens: total.Tokens(), At: f.now}
	if total.Cost.Known() {
		at.CostNanos = &total.Cost.Nanos
	}
	return at
}

func (f *Fold) usage(u gepa.Usage, simulated bool) report.Usage { return report.UsageOf(u, simulated) }

// proposerSimulated reports whether nothing that a proposer asks costs money.
func (f *Fold) proposerSimulated() bool {
	m := f.about.Models
	return m.Reflection.Simulated && (m.Judge.Name == "" || m.Judge.Simulated)
}

const (
	mostNotes = 100
	// noteLength is the most characters that a note keeps of a text that came
	// from outside.
	noteLength = 1000
)

func (f *Fold) note(level Level, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if utf8.RuneCountInString(text) > noteLength {
		text = string([]rune(text)[:noteLength-1]) + "…"
	}
	if len(f.notes) == mostNotes { // a new slice: the old one may be in somebody's hands
		f.notes = append(make([]Note, 0, 2*mostNotes), f.notes[1:]...)
	}
	f.notes = append(f.notes, Note{At: f.now, Level: level, Text: text})
}
