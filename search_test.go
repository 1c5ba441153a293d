package gepa_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

// controller drives a search by hand, as a service with a queue would: it
// holds the tasks that it was handed, has some of them done in any order, and
// gives some back.
type controller struct {
	*rapid.T

	sys      *landscape
	proposer gepa.Proposer
	opts     gepa.Options
	search   *gepa.Search
	journal  gepa.Journal
	draw     *rand.Rand
	held     []gepa.Task
	holds    map[string]bool
}

// newController opens a run, or takes it up from its journal.
func newController(r *rapid.T, sys *landscape, data gepa.Data, opts gepa.Options, journal gepa.Journal, draw *rand.Rand) *controller {
	c := &controller{T: r, sys: sys, proposer: opts.Proposer, opts: opts, journal: journal, draw: draw, holds: map[string]bool{}}
	state := gepa.NewState()
	for rec, err := range journal.Records(context.Background()) {
		c.must(err)
		event, err := gepa.DecodeRecord(rec)
		c.must(err)
		c.must(state.Apply(event))
	}
	if state.Run() == nil {
		opening, err := gepa.Opening(sys, data, opts)
		c.must(err)
		c.must(state.Apply(opening))
		c.record(opening)
	}
	var err error
	c.search, err = gepa.NewSearch(state, data, opts.Budget)
	c.must(err)
	return c
}

func (c *controller) must(err error) {
	if err != nil {
		c.Fatal(err)
	}
}

func (c *controller) record(events ...gepa.Event) {
	for _, e := range events {
		rec, err := gepa.NewRecord(e, time.Time{})
		c.must(err)
		c.must(c.journal.Append(context.Background(), rec))
	}
}

func (c *controller) tell(e gepa.Event) {
	c.record(e)
	c.must(c.search.Tell(e))
}

func nameOf(t gepa.Task) string {
	if t.Reflect != nil {
		return t.Name() + string(rune('a'+t.Reflect.Child))
	}
	return t.Name()
}

// play goes on until the search stops, or so many rounds.
func (c *controller) play(rounds int) (done bool) {
	for range rounds {
		asked, err := c.search.Ask()
		c.must(err)
		c.record(asked.Decisions...)
		for _, task := range asked.Tasks {
			if name := nameOf(task); c.holds[name] {
				c.Fatalf("%s is handed out while it is being done", name)
			} else {
				c.holds[name] = true
			}
		}
		c.held = append(c.held, asked.Tasks...)
		if asked.Done {
			if len(c.held) > 0 {
				c.Fatalf("the search is done with %d tasks under way", len(c.held))
			}
			return true
		}
		if len(c.held) == 0 {
			c.Fatal("the search waits for nothing")
		}
		c.draw.Shuffle(len(c.held), func(i, j int) { c.held[i], c.held[j] = c.held[j], c.held[i] })
		some := 1 + c.draw.IntN(len(c.held))
		for _, task := range c.held[:some] {
			delete(c.holds, nameOf(task))
			if c.draw.IntN(8) == 0 {
				c.search.Return(task)
				continue
			}
			c.do(task)
		}
		c.held = c.held[some:]
	}
	return false
}

func (c *controller) do(task gepa.Task) {
	if task.Reflect == nil {
		rollout, err := c.sys.Run(context.Background(), task.Job)
		c.must(err)
		rollout.Score = gepa.WeightedScore(c.opts.Objectives, rollout.Objectives)
		c.tell(gepa.RolloutDone{Job: task.Key, Rollout: rollout})
		return
	}
	req := *task.Reflect
	req.Memo = teller{c, task.Proposal}
	reflection, err := c.proposer.Propose(context.Background(), req)
	c.must(err)
	c.tell(gepa.ReflectionDone{Proposal: task.Proposal, Child: req.Child, Texts: reflection.Texts, Refused: reflection.Refused})
}

// teller is a memo without a memory.
type teller struct {
	c        *controller
	proposal int
}

func (m teller) Do(ctx context.Context, key gepa.CallKey, fn func(context.Context) (gepa.Call, error)) (gepa.Call, error) {
	call, err := fn(ctx)
	if err == nil {
		m.c.tell(gepa.CallDone{Proposal: m.proposal, Call: key, Result: call})
	}
	return call, err
}

// TestAskAndTell: a search that is driven from outside, with results in any
// order, tasks given back and the controller begun again from the journal at
// any place, makes the run that Optimize makes.
func TestAskAndTell(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		opts := anyOptions(r)
		opts.Budget = anyBudget(r)
		opts.Proposer = &wordProposer{}
		data := someData()
		data.Test = nil
		want := gepa.NewMemoryJournal()
		o := opts
		o.Journal = want
		if _, err := gepa.Optimize(t.Context(), newLandscape(), data, o); err != nil {
			r.Fatal(err)
		}

		got := gepa.NewMemoryJournal()
		draw := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "order"), 1))
		sessions := rapid.SliceOfN(rapid.IntRange(1, 40), 0, 3).Draw(r, "rounds of each session")
		done := false
		for _, rounds := range sessions {
			done = done || newController(r, newLandscape(), data, opts, got, draw).play(rounds)
		}
		if !done && !newController(r, newLandscape(), data, opts, got, draw).play(100_000) {
			r.Fatal("the search does not end")
		}
		wantDecisions, wantResults := transcript(t, want)
		gotDecisions, gotResults := transcript(t, got)
		if diff := cmp.Diff(wantDecisions, gotDecisions); diff != "" {
			r.Fatalf("decisions differ (-Optimize +by hand):\n%s", diff)
		}
		if diff := cmp.Diff(wantResults, gotResults); diff != "" {
			r.Fatalf("results differ (-Optimize +by hand):\n%s", diff)
		}
	})
}

func TestNewSearchRefuses(t *testing.T) {
	if _, err := gepa.NewSearch(gepa.NewState(), someData(), gepa.Budget{Proposals: 1}); err == nil {
		t.Error("a search of a run that is not opened began")
	}
	opts := gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}}
	opening, err := gepa.Opening(newLandscape(), someData(), opts)
	if err != nil {
		t.Fatal(err)
	}
	state := gepa.NewState()
	if err := state.Apply(opening); err != nil {
		t.Fatal(err)
	}
	fewer := someData()
	fewer.Validation = fewer.Validation[1:]
	if _, err := gepa.NewSearch(state, fewer, opts.Budget); err == nil {
		t.Error("a search over other data began")
	}
}
