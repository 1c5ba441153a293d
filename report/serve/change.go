package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report/view"
)

// control returns what answers a request to pause, resume or stop a run that
// this process drives.
func (s *Server) control(action string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := read(r, &struct{}{}); err != nil {
			return err
		}
		id := r.PathValue("id")
		var c Controls
		if s.Controls != nil {
			c = s.Controls(id)
		}
		if c == nil {
			return &httpError{http.StatusConflict, "another process drives this run, or none"}
		}
		switch action {
		case "pause":
			c.Pause()
		case "resume":
			c.Resume()
		default:
			c.Stop()
		}
		var run view.Run
		err := s.look(r.Context(), id, func(f *view.Fold) (err error) {
			run, err = f.Run()
			return err
		})
		if err != nil {
			return err
		}
		return reply(w, r, run.Head)
	}
}

// reviewRequest is what a review asks for.
type reviewRequest struct {
	Action    gepa.ReviewAction `json:"action"`
	Candidate int               `json:"candidate"`
	Texts     map[string]string `json:"texts"`
	By        string            `json:"by"`
	Detail    string            `json:"detail"`
}

// longestName is the most characters of who did something.
const longestName = 100

// postReview carries out something that somebody does in a review, journals
// it, and answers with the review as it stands then.
func (s *Server) postReview(w http.ResponseWriter, r *http.Request) error {
	reviewer, ok := s.Library.(Reviewer)
	if !ok {
		return ErrUnable
	}
	var q reviewRequest
	if err := read(r, &q); err != nil {
		return err
	}
	id := r.PathValue("id")
	done := gepa.ReviewDone{Action: q.Action, Candidate: q.Candidate, By: strings.TrimSpace(q.By), Detail: q.Detail}
	if done.By == "" {
		done.By = "somebody"
	}
	if utf8.RuneCountInString(done.By) > longestName {
		return badRequest(fmt.Sprintf("by: a name has at most %d characters", longestName))
	}
	var texts map[string]string
	err := s.look(r.Context(), id, func(f *view.Fold) (err error) {
		texts, done.Texts, err = reviewTexts(f, q)
		return err
	})
	if err != nil {
		return err
	}
	switch q.Action {
	case gepa.ReviewRescore:
		done.Texts = texts
		if done.Scores, err = reviewer.Rescore(r.Context(), id, texts); err != nil {
			return err
		}
	case gepa.ReviewApply:
		if done.Detail, err = reviewer.Apply(r.Context(), id, q.Candidate, texts); err != nil {
			return err
		}
	case gepa.ReviewApprove, gepa.ReviewReject, gepa.ReviewEdit:
	}
	if err := s.journalReview(r.Context(), reviewer, id, done); err != nil {
		return err
	}
	return s.getReview(w, r)
}

// reviewTexts returns the texts that a review is about, and these again where
// they were edited by hand: in this request or before it.
func reviewTexts(f *view.Fold, q reviewRequest) (texts, edited map[string]string, err error) {
	state := f.Story().State
	pool := state.Pool()
	if q.Candidate < 0 || q.Candidate >= len(pool) {
		return nil, nil, &view.NotFoundError{What: fmt.Sprintf("candidate %d", q.Candidate)}
	}
	actions := []gepa.ReviewAction{gepa.ReviewApprove, gepa.ReviewReject, gepa.ReviewEdit, gepa.ReviewRescore, gepa.ReviewApply}
	if !slices.Contains(actions, q.Action) {
		return nil, nil, badRequest("action: want approve, reject, edit, rescore or apply")
	}
	texts = pool[q.Candidate].Texts.With(nil)
	review, err := f.Review()
	if err != nil {
		return nil, nil, err
	}
	given := q.Texts
	if given == nil && review.Candidate == q.Candidate {
		given = review.Texts
	}
	if given == nil && q.Action == gepa.ReviewEdit {
		return nil, nil, badRequest("texts: an edit needs them")
	}
	for name, text := range given {
		if _, there := texts[name]; !there {
			return nil, nil, badRequest(fmt.Sprintf("texts: the run has no component %q", name))
		}
		texts[name] = text
	}
	if q.Texts != nil {
		edited = texts
	}
	return texts, edited, nil
}

// journalReview journals a review. Where somebody else did so at the same
// moment, it is done again after theirs.
func (s *Server) journalReview(ctx context.Context, reviewer Reviewer, id string, done gepa.ReviewDone) (err error) {
	const tries = 5
	for range tries {
		var records view.Position
		err = s.look(ctx, id, func(f *view.Fold) error {
			done.Number, records = f.Reviews()+1, f.Position()
			return nil
		})
		if err != nil {
			return err
		}
		if err = reviewer.Review(ctx, id, int64(records), done); err == nil || !errors.Is(err, ErrMoved) {
			return err
		}
	}
	return err
}
