package view

import (
	"fmt"
	"maps"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// reviewed is one thing that was done in a review.
type reviewed struct {
	at time.Time
	gepa.ReviewDone
}

func (f *Fold) review(e gepa.ReviewDone) {
	f.reviews = append(f.reviews, reviewed{f.now, e})
	f.note(LevelInfo, "review: %s: %s candidate %d", e.By, e.Action, e.Candidate)
}

// Reviews returns how many things were done in the run's review.
func (f *Fold) Reviews() int { return len(f.reviews) }

// Review returns what people decided about the run's candidates.
func (f *Fold) Review() (Review, error) {
	r := Review{State: ReviewNone, Log: []ReviewEntry{}}
	if best, some := f.story.State.Best(); some {
		r.Candidate = best.ID
	}
	var scored *reviewed
	for i, done := range f.reviews {
		if done.Candidate != r.Candidate && done.Action != gepa.ReviewRescore && done.Action != gepa.ReviewApply {
			r.Candidate, r.Texts, scored = done.Candidate, nil, nil
		}
		switch done.Action {
		case gepa.ReviewApprove:
			r.State, r.Applied = ReviewApproved, false
		case gepa.ReviewReject:
			r.State, r.Applied = ReviewRejected, false
		case gepa.ReviewEdit:
			r.State, r.Applied, scored = ReviewEdited, false, nil
		case gepa.ReviewRescore:
			scored = &f.reviews[i]
		case gepa.ReviewApply:
			r.Applied = true
		}
		if done.Texts != nil {
			r.Texts = maps.Clone(done.Texts)
		}
		r.Log = append(r.Log, ReviewEntry{At: done.at, By: done.By, Action: string(done.Action), Detail: done.Detail})
	}
	if scored == nil {
		return r, nil
	}
	var err error
	r.Rescored, err = f.rescore(scored.ReviewDone)
	return r, err
}

// rescore compares edited texts with the candidate that they were made from.
func (f *Fold) rescore(e gepa.ReviewDone) (*Rescore, error) {
	m, err := f.member(e.Candidate)
	if err != nil {
		return nil, err
	}
	run := f.story.State.Run()
	var edited []report.ScoredExample
	sum := 0.0
	for i, ref := range run.Validation {
		if i < len(e.Scores) {
			edited = append(edited, report.ScoredExample{ID: ref.ID, Hash: ref.Hash, Rollout: gepa.Rollout{Score: e.Scores[i]}})
			sum += e.Scores[i]
		}
	}
	own := report.Scored(f.story.State, run.Validation, m.Texts)
	for i := range own {
		own[i].Objectives = nil // the edited texts have a score only
	}
	pairing, err := report.Pair(own, edited, nil)
	if err != nil {
		return nil, fmt.Errorf("compare the edited texts with candidate %d: %w", e.Candidate, err)
	}
	out := &Rescore{N: len(edited), Score: Unknown(), Measures: measures(pairing.Measures)}
	if len(edited) > 0 {
		out.Score = Number(sum / float64(len(edited)))
	}
	out.Conclusion = pairing.Sentence(fmt.Sprintf("On the validation set, candidate %d as edited", e.Candidate), f.simulated())
	return out, nil
}
