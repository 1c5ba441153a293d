package view

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// A Source reads single records of a journal, by their number from 1.
type Source interface {
	RecordAt(ctx context.Context, number int64) (gepa.Record, error)
}

// A NotFoundError says that a run has no such candidate, proposal, example or
// rollout.
type NotFoundError struct{ What string }

func (e *NotFoundError) Error() string { return "there is no " + e.What + " in this run" }

func notFound(format string, args ...any) error {
	return &NotFoundError{fmt.Sprintf(format, args...)}
}

// A Detail is what a fold knows of something, and what is to be read from the
// journal for the rest. Reading it does not touch the fold.
type Detail[T any] struct {
	want  []Position
	build func([]gepa.Event) (T, error)
}

// Read reads the rest.
func (d Detail[T]) Read(ctx context.Context, from Source) (T, error) {
	events := make([]gepa.Event, len(d.want))
	for i, at := range d.want {
		rec, err := from.RecordAt(ctx, int64(at))
		if err == nil {
			events[i], err = gepa.DecodeRecord(rec)
		}
		if err != nil {
			var none T
			return none, fmt.Errorf("read record %d: %w", at, err)
		}
	}
	return d.build(events)
}

// wordsLimit is the length of texts, in bytes, from which on they are not
// compared word by word.
const wordsLimit = 200_000

// diffTexts compares two candidates' texts.
func diffTexts(components []gepa.Component, before, after gepa.Candidate) []ComponentDiff {
	out := make([]ComponentDiff, 0, len(components))
	for _, c := range components {
		d := ComponentDiff{Name: c.Name, Before: before[c.Name], After: after[c.Name], Words: []Words{}}
		d.Changed = d.Before != d.After
		switch {
		case !d.Changed && d.After != "":
			d.Words = append(d.Words, Words{OpEqual, d.After})
		case len(d.Before)+len(d.After) > wordsLimit:
			d.Words = append(d.Words, Words{OpDelete, d.Before}, Words{OpInsert, d.After})
		case d.Changed:
			for _, w := range report.WordDiff(d.Before, d.After) {
				op := map[report.WordChange]Op{report.WordsKept: OpEqual, report.WordsAdded: OpInsert, report.WordsRemoved: OpDelete}[w.Change]
				d.Words = append(d.Words, Words{op, w.Text})
			}
		}
		out = append(out, d)
	}
	return out
}

// member returns a candidate of the pool.
func (f *Fold) member(id int) (gepa.Member, error) {
	if pool := f.story.State.Pool(); id >= 0 && id < len(pool) {
		return pool[id], nil
	}
	return gepa.Member{}, notFound("candidate %d", id)
}

// Candidate returns all there is to see of a candidate, beside another: its
// first parent, where against is nil.
func (f *Fold) Candidate(id int, against *int) (Detail[CandidateDetail], error) {
	m, err := f.member(id)
	if err != nil {
		return Detail[CandidateDetail]{}, err
	}
	d := CandidateDetail{
		ID: id, Parents: append([]int{}, m.Parents...), Against: against, Won: []ExampleDelta{}, Lost: []ExampleDelta{},
		Minibatch: []MinibatchExample{}, Judge: []JudgeNote{}, Reflection: []CallDetail{}, Spend: f.candidates.rows[id].Cost.Proposal,
	}
	if against == nil && len(m.Parents) > 0 {
		d.Against = &m.Parents[0]
	}
	run := f.story.State.Run()
	other := m
	if d.Against != nil {
		if other, err = f.member(*d.Against); err != nil {
			return Detail[CandidateDetail]{}, err
		}
		d.Won, d.Lost = deltas(run.Validation, other.Scores, m.Scores)
	}
	base := report.Scored(f.story.State, run.Validation, other.Texts)
	own := report.Scored(f.story.State, run.Validation, m.Texts)
	var evidence evidence
	if m.Proposal > 0 {
		evidence = f.evidence(m.Proposal)
	}
	return Detail[CandidateDetail]{want: evidence.want, build: func(events []gepa.Event) (CandidateDetail, error) {
		d.Components = diffTexts(run.Components, other.Texts, m.Texts)
		if d.Against != nil {
			pairing, err := report.Pair(base, own, run.Options.Objectives)
			if err != nil {
				return d, fmt.Errorf("compare candidates %d and %d: %w", *d.Against, id, err)
			}
			d.Validation = &Pairing{N: pairing.N, Unpaired: pairing.Unpaired, Measures: measures(pairing.Measures)}
		}
		if m.Proposal > 0 {
			d.Minibatch = evidence.minibatch
			d.Judge, d.Reflection = evidence.read(events)
		}
		return d, nil
	}}, nil
}

// deltas returns the examples on which the second scores higher, and lower.
func deltas(refs []gepa.ExampleRef, before, after []float64) (won, lost []ExampleDelta) {
	won, lost = []ExampleDelta{}, []ExampleDelta{}
	for i, ref := range refs {
		d := ExampleDelta{Index: i, ID: ref.ID, Before: Number(before[i]), After: Number(after[i])}
		switch {
		case after[i] > before[i]:
			won = append(won, d)
		case after[i] < before[i]:
			lost = append(lost, d)
		}
	}
	for _, list := range [][]ExampleDelta{won, lost} {
		slices.SortStableFunc(list, func(a, b ExampleDelta) int {
			return cmp.Compare(math.Abs(float64(b.After-b.Before)), math.Abs(float64(a.After-a.Before)))
		})
	}
	return won, lost
}

// Proposal returns all there is to see of a proposal.
func (f *Fold) Proposal(number int) (Detail[ProposalDetail], error) {
	s := f.story.State
	if number < 1 || number > len(s.Proposals()) {
		return Detail[ProposalDetail]{}, notFound("proposal %d", number)
	}
	if err := f.settle(); err != nil {
		return Detail[ProposalDetail]{}, err
	}
	p := s.Proposals()[number-1]
	d := ProposalDetail{Proposal: f.proposals.rows[number-1]}
	evidence := f.evidence(number)
	components, parent := s.Run().Components, s.Pool()[p.Parents[0]].Texts
	return Detail[ProposalDetail]{want: evidence.want, build: func(events []gepa.Event) (ProposalDetail, error) {
		child := parent
		if p.Gate != nil {
			child = parent.With(p.Gate.Texts)
		} else {
			for _, e := range events {
				if draft, ok := e.(gepa.ReflectionDone); ok && len(draft.Texts) > 0 {
					child = parent.With(draft.Texts)
					break
				}
			}
		}
		d.Components, d.Minibatch = diffTexts(components, parent, child), evidence.minibatch
		d.Judge, d.Reflection = evidence.read(events)
		return d, nil
	}}, nil
}

// evidence is what a proposal went by.
type evidence struct {
	want      []Position // calls, then texts
	examples  []string   // ids, in the order of the minibatch
	minibatch []MinibatchExample
	simulated [2]bool // judge, reflection
}

// evidence collects what a proposal went by.
func (f *Fold) evidence(number int) evidence {
	s := f.story.State
	p := s.Proposals()[number-1]
	e := evidence{
		want:      slices.Concat(f.calls[number], f.drafts[number]),
		minibatch: []MinibatchExample{},
		simulated: [2]bool{f.about.Models.Judge.Simulated, f.about.Models.Reflection.Simulated},
	}
	refs, child := s.Run().Feedback, ""
	if p.Kind == gepa.ProposalMerge {
		refs = s.Run().Validation
	}
	at := p.Examples
	if p.Gate != nil {
		at = slices.Concat(at, p.More[:p.Gate.More])
		if len(p.Gate.Texts) > 0 || p.Kind == gepa.ProposalMerge {
			child = s.Pool()[p.Parents[0]].Texts.With(p.Gate.Texts).Hash()
		}
	}
	for _, i := range at {
		row := MinibatchExample{Example: refs[i].ID, Hash: refs[i].Hash, Before: Unknown(), After: Unknown()}
		if r, done := s.Rollout(gepa.RolloutKey{Candidate: f.hashes[p.Parents[0]], Example: refs[i].Hash}); done {
			row.Before = Number(r.Score)
			row.Feedback = wholeFeedback(r.Feedback, p.Components)
		}
		if r, done := s.Rollout(gepa.RolloutKey{Candidate: child, Example: refs[i].Hash}); done {
			row.After = Number(r.Score)
		}
		e.minibatch = append(e.minibatch, row)
		e.examples = append(e.examples, refs[i].ID)
	}
	return e
}

// wholeFeedback is what was said of a rollout, with what concerns the
// components that were rewritten.
func wholeFeedback(fb gepa.Feedback, components []string) string {
	parts := []string{}
	if fb.Text != "" {
		parts = append(parts, fb.Text)
	}
	for _, c := range components {
		if own := fb.ByComponent[c]; own != "" {
			parts = append(parts, c+": "+own)
		}
	}
	return strings.Join(parts, "\n")
}

// read turns the journal's calls into what pages show.
func (e evidence) read(events []gepa.Event) ([]JudgeNote, []CallDetail) {
	notes, calls := []JudgeNote{}, []CallDetail{}
	for _, event := range events {
		done, ok := event.(gepa.CallDone)
		if !ok {
			continue
		}
		x := done.Result.Exchange
		if done.Call.Role == gepa.RoleJudge {
			note := JudgeNote{Component: done.Call.Component, Text: fieldOf(x.Reply, "feedback")}
			if i := done.Call.Item; i >= 0 && i < len(e.examples) {
				note.Example = e.examples[i]
			}
			notes = append(notes, note)
			continue
		}
		calls = append(calls, CallDetail{
			Role: done.Call.Role, Component: done.Call.Component, Child: done.Call.Item, Attempt: done.Call.Attempt,
			Messages: append([]gepa.Message{}, x.Messages...), Reply: x.Reply, Problem: x.Problem, Usage: report.UsageOf(x.Usage, e.simulated[1]),
		})
	}
	return notes, calls
}

// fieldOf returns a field of a reply in chat format; the whole reply where it
// has none of the name.
func fieldOf(reply, name string) string {
	_, rest, found := strings.Cut(reply, "[[ ## "+name+" ## ]]")
	if !found {
		return reply
	}
	text, _, _ := strings.Cut(rest, "[[ ## ")
	return strings.TrimSpace(text)
}
