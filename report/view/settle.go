package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// settled is what was computed of the whole run, and from what: it is made
// again only when that changed.
type settled struct {
	pool      int // candidates
	frontier  []int
	baseOwned bool // nobody but the fold has the base's row of scores

	testAt   [3]int // readings, rollouts and best candidate that test is of
	test     *Test
	testRead bool

	conclusion   string
	conclusionOf int // the best candidate
}

// settle brings up to date what depends on the run as a whole.
func (f *Fold) settle() error {
	s := f.story.State
	f.settled.baseOwned = false // the rows are about to be handed out
	for _, fl := range f.flights {
		if fl.number == 0 {
			continue
		}
		row := &f.proposals.rows[fl.number-1]
		row.Spend = f.usage(s.Proposals()[fl.number-1].Spend.Add(fl.usage), f.about.Models.Task.Simulated && f.proposerSimulated())
	}
	if f.settled.pool != len(s.Pool()) {
		f.settlePool()
	}
	return f.settleTest()
}

// settlePool compares the candidates with each other.
func (f *Fold) settlePool() {
	s := f.story.State
	f.settled.pool, f.settled.frontier = len(s.Pool()), append([]int{}, s.Frontier()...)
	best, some := s.Best()
	at := 0
	for id := range f.candidates.rows {
		for at < len(f.settled.frontier) && f.settled.frontier[at] < id {
			at++
		}
		row := f.candidates.rows[id]
		row.Frontier = at < len(f.settled.frontier) && f.settled.frontier[at] == id
		row.Best, row.Wins = some && best.ID == id, f.holding.wins[id]
		old := f.candidates.rows[id]
		if old.Frontier != row.Frontier || old.Best != row.Best || old.Wins != row.Wins {
			*f.candidates.touch(id, f.Position()) = row
		}
	}
}

// settleTest reads the test set's figures once they are there.
func (f *Fold) settleTest() error {
	s := f.story.State
	best, some := s.Best()
	if !some || s.TestReadings() == 0 {
		return nil
	}
	at := [3]int{s.TestReadings(), f.pace.TestDone, best.ID}
	if f.settled.testAt == at {
		return nil
	}
	f.settled.testAt = at
	test, err := f.story.Test()
	if err != nil {
		return fmt.Errorf("the test set: %w", err)
	}
	f.settled.test, f.settled.testRead = nil, test != nil
	for id := range f.candidates.rows {
		mean := Unknown()
		if test != nil && (id == 0 || id == best.ID) {
			score := test.Measures[len(test.Measures)-1]
			if mean = Number(score.Other); id == 0 {
				mean = Number(score.Base)
			}
		}
		if old := f.candidates.rows[id].Test; old != mean && (old.Known() || mean.Known()) {
			f.candidates.touch(id, f.Position()).Test = mean
		}
	}
	if test != nil {
		f.settled.test = &Test{N: test.N, Readings: test.Readings, Measures: measures(test.Measures), Conclusion: test.Conclusion}
	}
	return nil
}

func measures(in []report.Measure) []Measure {
	out := make([]Measure, len(in))
	for i, m := range in {
		out[i] = Measure{
			Name: m.Name, Direction: m.Direction, Unit: m.Unit, Verdict: m.Verdict.String(), N: m.N,
			Base: Number(m.Base), Other: Number(m.Other), Difference: Number(m.Difference),
			Interval: Interval{Number(m.Interval.Low), Number(m.Interval.High)}, P: Number(m.P),
			Wins: m.Wins, Losses: m.Losses, Ties: m.Ties, Detectable: Number(m.Detectable), Method: m.Method,
		}
	}
	return out
}

// Run returns the whole run as it stands.
func (f *Fold) Run() (Run, error) {
	if err := f.settle(); err != nil {
		return Run{}, err
	}
	head := Head{Ledger: f.Ledger()}
	var err error
	if head.Setting, err = f.setting(); err != nil {
		return Run{}, err
	}
	if head.Standing, err = f.standing(); err != nil {
		return Run{}, err
	}
	r := Run{
		Format: Format, Position: f.Position(), Head: head,
		Candidates: f.candidates.all(), Proposals: f.proposals.all(), Points: f.points.all(),
		Scores: Scores{Examples: []ExampleID{}, Rows: f.scores.all()},
	}
	if run := f.story.State.Run(); run != nil {
		for _, ref := range run.Validation {
			r.Scores.Examples = append(r.Scores.Examples, ExampleID{ref.ID})
		}
	}
	return r, nil
}

// Changes returns what changed after a position. A position that is ahead of
// the fold's is of another journal: ask for the whole [Fold.Run] then.
func (f *Fold) Changes(after Position) (Changes, error) {
	if err := f.settle(); err != nil {
		return Changes{}, err
	}
	c := Changes{
		Position: f.Position(), Candidates: f.candidates.after(after), Proposals: f.proposals.after(after),
		Scores: f.scores.after(after), Points: f.points.after(after),
	}
	if f.settingAt > after {
		setting, err := f.setting()
		if err != nil {
			return Changes{}, err
		}
		c.Setting = &setting
	}
	standing, err := f.standing()
	c.Standing = &standing
	return c, err
}

// Ledger says what was spent on what. It looks at every rollout of the run.
func (f *Fold) Ledger() []report.Entry {
	return append([]report.Entry{}, f.story.Account(f.about.Models).Entries...)
}

func (f *Fold) simulated() bool {
	m := f.about.Models
	return m.Task.Simulated || m.Reflection.Simulated || m.Judge.Simulated
}

func (f *Fold) setting() (Setting, error) {
	s := Setting{
		ID: f.about.ID, Folder: f.about.Folder, Program: f.about.Program, Command: f.about.Command,
		Simulated: f.simulated(), Models: f.about.Models, Components: []Text{}, Objectives: []gepa.Objective{}, Options: []byte("{}"),
	}
	if !f.about.Created.IsZero() {
		created := f.about.Created.UTC()
		s.Created = &created
	}
	run := f.story.State.Run()
	if run == nil {
		return s, nil
	}
	base := gepa.Seed(run.Components)
	if run.Options.Start != nil {
		base = run.Options.Start
	}
	for _, c := range run.Components {
		s.Components = append(s.Components, Text{c.Name, base[c.Name]})
	}
	s.Data = report.Sizes{Feedback: len(run.Feedback), Validation: len(run.Validation), Test: len(run.Test)}
	for _, o := range run.Options.Objectives {
		if o.Direction == "" {
			o.Direction = gepa.Maximize
		}
		if o.Min == 0 && o.Max == 0 {
			o.Max = 1
		}
		s.Objectives = append(s.Objectives, o)
	}
	s.Seed = run.Options.Seed
	var err error
	if s.Options, err = gepa.EncodeValue(run.Options); err != nil {
		return s, fmt.Errorf("the run's options: %w", err)
	}
	options := run.Options
	if len(f.story.Sessions) > 0 {
		options.Budget = f.story.Sessions[0].Budget
		forecast := gepa.NewForecast(options, len(run.Feedback), len(run.Validation), len(run.Test))
		s.Planned = &Planned{Range(forecast.Proposals), Range(forecast.Rollouts), Range(forecast.Reflections)}
	}
	return s, nil
}

func (f *Fold) standing() (Standing, error) {
	s := f.story.State
	out := Standing{
		Status: f.status(), Detail: f.about.Detail, Phase: f.phase(), Paused: f.about.Paused, Controls: append([]Control{}, f.about.Controls...),
		Sessions: len(f.story.Sessions), ByFate: []report.FateCount{}, Frontier: append([]int{}, f.settled.frontier...),
		Test: f.settled.test, Notes: f.notes[:len(f.notes):len(f.notes)], Counts: f.counted(), Spend: f.spend(),
		Budget: Budget{
			Proposals: f.budget.Proposals, Rollouts: f.budget.Rollouts, TimeMillis: f.budget.Time.Milliseconds(),
			Target: f.budget.TargetScore, NoImprovement: f.budget.NoImprovement, CostNanos: f.about.CostCap,
		},
	}
	if out.Notes == nil {
		out.Notes = []Note{}
	}
	out.Resumable = out.Status != report.StatusRunning && s.Run() != nil && out.Phase != PhaseOver
	var worked time.Duration
	for _, session := range f.story.Sessions {
		worked += session.Ended.Sub(session.Began)
	}
	out.ElapsedMillis = worked.Milliseconds()
	if n := len(f.story.Sessions); n > 0 {
		session := f.story.Sessions[n-1]
		began, updated := session.Began.UTC(), session.Ended.UTC()
		out.Began, out.Updated = &began, &updated
		if left, known := f.pace.Left(s, f.budget, session.Ended.Sub(session.Began)); known && out.Status == report.StatusRunning {
			ms := left.Milliseconds()
			out.LeftMillis = &ms
		}
	}
	if best, some := s.Best(); some {
		out.Best = &best.ID
	}
	if stop := s.Stop(); stop != nil {
		out.Stop = &report.Stop{Reason: stop.Reason, Detail: stop.Detail}
	}
	unfinished := len(s.Proposals()) - f.counts.Committed
	for _, fate := range report.Fates() {
		n := f.fates[fate]
		if fate == report.FateUnfinished {
			n += unfinished
		}
		if n > 0 {
			out.ByFate = append(out.ByFate, report.FateCount{Fate: fate, Count: n})
		}
	}
	var err error
	if out.Conclusion, err = f.conclusion(); err != nil {
		return out, err
	}
	out.Summary = f.summary()
	return out, nil
}

func (f *Fold) counted() Counts {
	c := f.counts
	c.InFlight = f.story.State.InFlight()
	c.Rollouts = f.story.State.Rollouts()
	c.TestDone, c.TestTotal = f.pace.TestDone, f.pace.TestTotal
	return c
}

func (f *Fold) status() report.Status {
	switch {
	case f.about.Status != "":
		return f.about.Status
	case f.story.State.Run() != nil && f.story.State.Stop() != nil && f.testDone():
		return report.StatusFinished
	}
	return report.StatusRunning
}

// testDone reports whether there is nothing to read of the test set.
func (f *Fold) testDone() bool {
	return len(f.story.State.Run().Test) == 0 || len(f.story.State.Pool()) == 0 || f.settled.testRead
}

func (f *Fold) phase() Phase {
	s := f.story.State
	switch {
	case s.Run() == nil:
		return PhaseStarting
	case s.Stop() == nil && len(s.Pool()) == 0:
		return PhaseBase
	case s.Stop() == nil:
		return PhaseSearch
	case f.testDone() || f.about.Status == report.StatusFinished:
		return PhaseOver
	case s.TestReadings() > 0:
		return PhaseTest
	}
	return PhaseStopping
}

func (f *Fold) spend() Spend {
	m, s := f.about.Models, f.story.State.Spend()
	all := m.Task.Simulated && f.proposerSimulated()
	out := Spend{
		Total: f.usage(s.Total(), all), Rate: f.rate.perSecond(f.now), CacheShare: Unknown(),
		ByRole: map[string]report.Usage{
			"task": f.usage(s.Task, m.Task.Simulated), "test": f.usage(s.Test, m.Task.Simulated), "judge": f.usage(s.Judge, m.Judge.Simulated),
			"reflection": f.usage(s.Reflection, m.Reflection.Simulated), "failed": f.usage(s.Failed, all),
		},
	}
	if asked := out.Total.Calls + out.Total.Cached; asked > 0 {
		out.CacheShare = Number(float64(out.Total.Cached) / float64(asked))
	}
	return out
}

// conclusion says what changed and whether it is shown to help.
func (f *Fold) conclusion() (string, error) {
	s := f.story.State
	best, some := s.Best()
	switch {
	case f.settled.test != nil:
		return f.settled.test.Conclusion, nil
	case !some:
		return "Nothing can be said yet: the base is not validated.", nil
	case best.ID == 0:
		return "No candidate is better than the base on the validation set so far.", nil
	}
	if f.settled.conclusionOf != best.ID {
		run := s.Run()
		pairing, err := report.Pair(report.Scored(s, run.Validation, s.Pool()[0].Texts), report.Scored(s, run.Validation, best.Texts), run.Options.Objectives)
		if err != nil {
			return "", fmt.Errorf("compare the best candidate with the base: %w", err)
		}
		f.settled.conclusion = pairing.Sentence(fmt.Sprintf("On the examples by which candidates are chosen, which flatter the winner, candidate %d", best.ID), f.simulated())
		f.settled.conclusionOf = best.ID
	}
	return f.settled.conclusion, nil
}

// summary says in a few sentences what the run did.
func (f *Fold) summary() []string {
	s := f.story.State
	best, some := s.Best()
	if !some {
		return []string{}
	}
	out := []string{fmt.Sprintf("%s made in %s: %d accepted.", count(f.counts.Planned, "proposal"), count(s.Rollouts(), "rollout"), f.counts.Accepted)}
	if best.ID == 0 {
		out = append(out, fmt.Sprintf("The base is still the best, with a mean validation score of %.4f.", best.Mean))
	} else {
		var changed []string
		for _, c := range s.Run().Components {
			if s.Pool()[0].Texts[c.Name] != best.Texts[c.Name] {
				changed = append(changed, c.Name)
			}
		}
		slices.Sort(changed)
		out = append(out, fmt.Sprintf("Candidate %d is the best: its mean validation score is %.4f, and the base's %.4f. It changes %s.",
			best.ID, best.Mean, s.Pool()[0].Mean, strings.Join(changed, ", ")))
	}
	if stop := s.Stop(); stop != nil {
		out = append(out, "The search is over: "+stop.Detail+".")
	}
	return out
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Line returns the run as a line in a list.
func (f *Fold) Line() (RunLine, error) {
	if err := f.settle(); err != nil {
		return RunLine{}, err
	}
	s := f.story.State
	l := RunLine{
		ID: f.about.ID, Folder: f.about.Folder, Status: f.status(), Detail: f.about.Detail, Program: f.about.Program, Simulated: f.simulated(),
		Best: Unknown(), Base: Unknown(), Proposals: len(s.Proposals()), Rollouts: s.Rollouts(), Sessions: len(f.story.Sessions),
		Spend: f.spend().Total, Command: f.about.Command,
	}
	l.Resumable = l.Status != report.StatusRunning && s.Run() != nil && f.phase() != PhaseOver
	if !f.about.Created.IsZero() {
		created := f.about.Created.UTC()
		l.Created = &created
	}
	if n := len(f.story.Sessions); n > 0 {
		updated := f.story.Sessions[n-1].Ended.UTC()
		l.Updated = &updated
	}
	if best, some := s.Best(); some {
		l.Best, l.Base = Number(best.Mean), Number(s.Pool()[0].Mean)
	}
	if f.settled.test != nil {
		score := f.settled.test.Score()
		l.Test = &score
	}
	return l, nil
}
