package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// stampedLine is a line of the list and what it was made of.
type stampedLine struct {
	stamp string
	line  view.RunLine
}

// list returns the runs, the one first that did something last.
func (s *Server) list(ctx context.Context) ([]view.RunLine, error) {
	places, err := s.Library.Places(ctx)
	if err != nil {
		return nil, err
	}
	lines := make([]view.RunLine, 0, len(places))
	known := map[string]stampedLine{}
	for _, p := range places {
		s.mu.Lock()
		old, there := s.lines[p.ID]
		s.mu.Unlock()
		if !there || old.stamp != p.Stamp || old.line.Status == report.StatusRunning {
			old = stampedLine{p.Stamp, s.line(ctx, p)}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		known[p.ID] = old
		lines = append(lines, old.line)
	}
	s.mu.Lock()
	s.lines = known
	s.mu.Unlock()
	changed := func(l view.RunLine) int64 {
		switch {
		case l.Updated != nil:
			return l.Updated.UnixNano()
		case l.Created != nil:
			return l.Created.UnixNano()
		}
		return 0
	}
	slices.SortStableFunc(lines, func(a, b view.RunLine) int { return cmp.Compare(changed(b), changed(a)) })
	return lines, nil
}

// line reads one run. One that cannot be read is a line, too.
func (s *Server) line(ctx context.Context, p Place) view.RunLine {
	var line view.RunLine
	err := s.look(ctx, p.ID, func(f *view.Fold) (err error) {
		line, err = f.Line()
		return err
	})
	if err != nil {
		return view.RunLine{
			ID: p.ID, Folder: p.Folder, Status: report.StatusUnreadable, Best: view.Unknown(), Base: view.Unknown(), Error: s.Redact(err.Error()),
		}
	}
	return line
}

func (s *Server) getRuns(w http.ResponseWriter, r *http.Request) error {
	lines, err := s.list(r.Context())
	if err != nil {
		return err
	}
	return reply(w, r, struct {
		Format int            `json:"format"`
		Runs   []view.RunLine `json:"runs"`
	}{view.Format, lines})
}

func (s *Server) getRun(w http.ResponseWriter, r *http.Request) error {
	var run view.Run
	err := s.look(r.Context(), r.PathValue("id"), func(f *view.Fold) (err error) {
		run, err = f.Run()
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, run)
}

func (s *Server) getSummary(w http.ResponseWriter, r *http.Request) error {
	f, err := s.acquire(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer s.release(f)
	summary, err := f.journal.Summary(r.Context())
	if err != nil {
		return err
	}
	body, err := summary.Encode()
	if err != nil {
		return err
	}
	return replyJSON(w, r, body)
}

// detail answers with something that is read from the journal.
func detail[T any](s *Server, w http.ResponseWriter, r *http.Request, find func(*view.Fold) (view.Detail[T], error)) error {
	f, err := s.acquire(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer s.release(f)
	var d view.Detail[T]
	err = f.look(r.Context(), func(fold *view.Fold) (err error) {
		d, err = find(fold)
		return err
	})
	if err != nil {
		return err
	}
	value, err := d.Read(r.Context(), f.journal)
	if err != nil {
		return err
	}
	return reply(w, r, value)
}

func (s *Server) getCandidate(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r.PathValue("candidate"))
	if err != nil {
		return err
	}
	var against *int
	switch text := r.URL.Query().Get("against"); text {
	case "", "parent":
	case "seed":
		against = new(int)
	default:
		n, err := number(text)
		if err != nil {
			return err
		}
		against = &n
	}
	return detail(s, w, r, func(f *view.Fold) (view.Detail[view.CandidateDetail], error) { return f.Candidate(id, against) })
}

func (s *Server) getProposal(w http.ResponseWriter, r *http.Request) error {
	n, err := number(r.PathValue("proposal"))
	if err != nil {
		return err
	}
	return detail(s, w, r, func(f *view.Fold) (view.Detail[view.ProposalDetail], error) { return f.Proposal(n) })
}

func (s *Server) getRollout(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if text := q.Get("key"); text != "" {
		var key gepa.RolloutKey
		if err := json.Unmarshal([]byte(text), &key); err != nil {
			return badRequest("key is no rollout's key")
		}
		return detail(s, w, r, func(f *view.Fold) (view.Detail[view.RolloutDetail], error) { return f.RolloutOf(key) })
	}
	candidate, err := number(q.Get("candidate"))
	if err != nil {
		return err
	}
	example, err := number(q.Get("example"))
	if err != nil {
		return err
	}
	set := view.Set(cmp.Or(q.Get("set"), string(view.SetValidation)))
	return detail(s, w, r, func(f *view.Fold) (view.Detail[view.RolloutDetail], error) { return f.Rollout(candidate, set, example) })
}

func (s *Server) getReview(w http.ResponseWriter, r *http.Request) error {
	var review view.Review
	err := s.look(r.Context(), r.PathValue("id"), func(f *view.Fold) (err error) {
		review, err = f.Review()
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, review)
}

func number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, badRequest(strconv.Quote(text) + " is no number from 0")
	}
	return n, nil
}

// side is one of two candidates that are compared.
type side struct {
	Run       string `json:"run"`
	Candidate int    `json:"candidate"`
	Folder    string `json:"folder"`
	Program   string `json:"program"`
	Simulated bool   `json:"simulated"`
	scored    []report.ScoredExample
	declared  []gepa.Objective
}

func (s *Server) getCompare(w http.ResponseWriter, r *http.Request) error {
	a, err := s.side(r.Context(), r.URL.Query().Get("a"))
	if err != nil {
		return err
	}
	b, err := s.side(r.Context(), r.URL.Query().Get("b"))
	if err != nil {
		return err
	}
	c, err := view.Compare(a.scored, b.scored, a.declared, "Compared with A, B", a.Simulated || b.Simulated)
	if err != nil {
		return err
	}
	return reply(w, r, struct {
		Format int  `json:"format"`
		A      side `json:"a"`
		B      side `json:"b"`
		view.Comparison
		Notes []string `json:"notes"`
	}{view.Format, a, b, c, compareNotes(a, b, c)})
}

// compareNotes says what lessens the figures.
func compareNotes(a, b side, c view.Comparison) []string {
	notes := []string{"Candidates were chosen by these examples: the figures flatter both."}
	if c.Pairing.Unpaired > 0 {
		notes = append(notes, strconv.Itoa(c.Pairing.Unpaired)+" examples are left out, since only one of the two ran on them.")
	}
	if a.Program != b.Program {
		notes = append(notes, "The two are of different programs.")
	}
	return notes
}

// side reads what RUN or RUN:CANDIDATE stands for.
func (s *Server) side(ctx context.Context, text string) (side, error) {
	id, which, chosen := strings.Cut(text, ":")
	out := side{Run: id}
	if id == "" {
		return out, badRequest("want a and b: RUN or RUN:CANDIDATE")
	}
	if chosen {
		n, err := number(which)
		if err != nil {
			return out, err
		}
		out.Candidate = n
	}
	err := s.look(ctx, id, func(f *view.Fold) error {
		state := f.Story().State
		best, some := state.Best()
		if !some {
			return &httpError{http.StatusUnprocessableEntity, "run " + id + " has no candidate yet"}
		}
		if !chosen {
			out.Candidate = best.ID
		}
		if out.Candidate >= len(state.Pool()) {
			return &view.NotFoundError{What: "candidate " + which}
		}
		run := state.Run()
		out.Folder, out.Program, out.declared = f.About().Folder, f.About().Program, run.Options.Objectives
		out.scored = report.Scored(state, run.Validation, state.Pool()[out.Candidate].Texts)
		models := f.About().Models
		out.Simulated = models.Task.Simulated || models.Reflection.Simulated
		return nil
	})
	if errors.Is(err, ErrNoRun) {
		return out, &httpError{http.StatusNotFound, "there is no run " + strconv.Quote(id)}
	}
	return out, err
}
