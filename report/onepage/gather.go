package onepage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/report/view"
)

// Data is what a report file holds of a run. Its JSON form is specified in
// docs/formats/dashboard-api.md.
type Data struct {
	// Run is what the lists, graphs and tables are made of. It is always whole.
	Run json.RawMessage `json:"run"`
	// Candidates are the [view.CandidateDetail] of each candidate beside its
	// first parent, Proposals the [view.ProposalDetail], Rollouts the
	// [view.RolloutDetail] by set, candidate and index: "test/3/0".
	Candidates []json.RawMessage          `json:"candidates"`
	Proposals  []json.RawMessage          `json:"proposals"`
	Rollouts   map[string]json.RawMessage `json:"rollouts"`
	Review     json.RawMessage            `json:"review"`
	// LeftOut says what the limit left no room for; "" if that is nothing.
	LeftOut string `json:"left_out,omitempty"`

	title, conclusion string
	about             []string
}

// detailShare is the share of the room that candidates and proposals may take;
// rollouts have the rest, and what those leave.
const detailShare = 0.6

// gatherer collects details until there is no more room.
type gatherer struct {
	fold *view.Fold
	from view.Source
	run  view.Run
	data *Data
	room int
	lack struct{ candidates, proposals, rollouts int }
}

// Gather collects what a report file holds, in at most so many bytes. What
// matters most is taken first: the winner and those that it comes from, the
// sealed test, the frontier. A limit that the run itself does not fit in is an
// error.
func Gather(ctx context.Context, fold *view.Fold, from view.Source, limit int) (*Data, error) {
	run, err := fold.Run()
	if err != nil {
		return nil, err
	}
	h := run.Head
	d := &Data{
		Candidates: []json.RawMessage{}, Proposals: []json.RawMessage{}, Rollouts: map[string]json.RawMessage{},
		title: cmp.Or(h.Program, h.ID), conclusion: h.Conclusion, about: h.Summary,
	}
	if d.Run, err = json.Marshal(run); err != nil {
		return nil, fmt.Errorf("encode the run: %w", err)
	}
	review, err := fold.Review()
	if err != nil {
		return nil, err
	}
	if d.Review, err = json.Marshal(review); err != nil {
		return nil, fmt.Errorf("encode the review: %w", err)
	}
	g := &gatherer{fold: fold, from: from, run: run, data: d}
	if g.room = limit - len(d.Run) - len(d.Review); g.room < 0 {
		return nil, fmt.Errorf("%w: the tables of the run alone take %.1f MB", ErrLimit, float64(len(d.Run))/1e6)
	}
	kept := int(float64(g.room) * (1 - detailShare))
	g.room -= kept
	ranked := g.ranked()
	if err := errors.Join(g.candidates(ctx, ranked), g.proposals(ctx)); err != nil {
		return nil, err
	}
	g.room += kept
	if err := g.rollouts(ctx, ranked); err != nil {
		return nil, err
	}
	d.LeftOut = g.words()
	return d, nil
}

// ErrLimit is matched by the error for a limit that is too small.
var ErrLimit = errors.New("the limit is too small")

// ranked returns the candidates' ids, what matters most first.
func (g *gatherer) ranked() []int {
	rank := map[int]int{}
	for _, c := range g.run.Candidates {
		switch {
		case c.Best:
			rank[c.ID] = 0
		case c.ID == 0:
			rank[c.ID] = 1
		case c.Frontier:
			rank[c.ID] = 3
		default:
			rank[c.ID] = 4
		}
	}
	line := []int{}
	if best := g.run.Head.Best; best != nil {
		line = append(line, *best)
	}
	for i := 0; i < len(line); i++ { // the winner's ancestors
		for _, p := range g.run.Candidates[line[i]].Parents {
			if rank[p] > 2 {
				rank[p] = 2
				line = append(line, p)
			}
		}
	}
	var ids []int
	for _, c := range g.run.Candidates {
		ids = append(ids, c.ID)
	}
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
	return ids
}

// read reads and encodes a detail, and reports whether there is room for it.
func read[T any](ctx context.Context, g *gatherer, ask view.Detail[T]) (json.RawMessage, bool, error) {
	detail, err := ask.Read(ctx, g.from)
	if err != nil {
		return nil, false, err
	}
	raw, err := json.Marshal(detail)
	if err != nil {
		return nil, false, fmt.Errorf("encode %T: %w", detail, err)
	}
	const around = 32 // the key and what stands between
	if len(raw)+around > g.room {
		return nil, false, nil
	}
	g.room -= len(raw) + around
	return raw, true, nil
}

func (g *gatherer) candidates(ctx context.Context, ids []int) error {
	for _, id := range ids {
		ask, err := g.fold.Candidate(id, nil)
		if err != nil {
			return err
		}
		raw, fits, err := read(ctx, g, ask)
		if err != nil {
			return err
		}
		if !fits {
			g.lack.candidates++
			continue
		}
		g.data.Candidates = append(g.data.Candidates, raw)
	}
	return nil
}

// proposals takes those that came to something first.
func (g *gatherer) proposals(ctx context.Context) error {
	order := slices.Clone(g.run.Proposals)
	slices.SortStableFunc(order, func(a, b view.Proposal) int {
		none := func(p view.Proposal) int { return min(max(-p.Candidate, 0), 1) }
		return cmp.Compare(none(a), none(b))
	})
	for _, p := range order {
		ask, err := g.fold.Proposal(p.Number)
		if err != nil {
			return err
		}
		raw, fits, err := read(ctx, g, ask)
		if err != nil {
			return err
		}
		if !fits {
			g.lack.proposals++
			continue
		}
		g.data.Proposals = append(g.data.Proposals, raw)
	}
	return nil
}

// rollouts takes those on the test set first, then those on the validation set
// and what was learned from.
func (g *gatherer) rollouts(ctx context.Context, ids []int) error {
	sizes := g.run.Head.Data
	for _, set := range []struct {
		name view.Set
		n    int
	}{{view.SetTest, sizes.Test}, {view.SetValidation, sizes.Validation}, {view.SetFeedback, sizes.Feedback}} {
		for _, id := range ids {
			for i := range set.n {
				if err := g.rollout(ctx, set.name, id, i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (g *gatherer) rollout(ctx context.Context, set view.Set, candidate, index int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ask, err := g.fold.Rollout(candidate, set, index)
	if missing := (*view.NotFoundError)(nil); errors.As(err, &missing) {
		return nil // it was not run
	}
	if err != nil {
		return err
	}
	const least = 200 // bytes that any rollout takes
	if g.room < least {
		g.lack.rollouts++
		return nil
	}
	raw, fits, err := read(ctx, g, ask)
	if err != nil {
		return err
	}
	if !fits {
		g.lack.rollouts++
		return nil
	}
	g.data.Rollouts[fmt.Sprintf("%s/%d/%d", set, candidate, index)] = raw
	return nil
}

// words says what was left out.
func (g *gatherer) words() string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{g.lack.candidates, "candidate", "candidates"},
		{g.lack.proposals, "proposal", "proposals"},
		{g.lack.rollouts, "rollout", "rollouts"},
	} {
		switch p.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.many))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "The details of " + strings.Join(parts, " and ") + " are not in this file, to keep it small."
}
