package gepa_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gepa-go/gepa"
)

// moment is one notice of an observer, at the bubble's time.
type moment struct {
	what     string
	proposal int
	purpose  gepa.Purpose
	at       time.Duration
}

// timeline is a run in virtual time as an observer saw it.
type timeline struct {
	moments []moment
	most    int // rollouts that ran at once
	took    time.Duration
	res     *gepa.Result
}

func (l *timeline) observer(start time.Time) gepa.Observer {
	note := func(what string, proposal int, purpose gepa.Purpose) {
		l.moments = append(l.moments, moment{what, proposal, purpose, time.Since(start)})
	}
	return gepa.Observer{
		ProposalBegin:   func(p gepa.ProposalInfo) { note("plan", p.Plan.Proposal, "") },
		ProposalEnd:     func(p gepa.ProposalInfo) { note("commit", p.Plan.Proposal, "") },
		RolloutBegin:    func(t gepa.TaskInfo) { note("begin", t.Task.Proposal, t.Task.Purpose) },
		RolloutEnd:      func(t gepa.TaskInfo) { note("end", t.Task.Proposal, t.Task.Purpose) },
		ReflectionBegin: func(t gepa.TaskInfo) { note("begin", t.Task.Proposal, t.Task.Purpose) },
		ReflectionEnd:   func(t gepa.TaskInfo) { note("end", t.Task.Proposal, t.Task.Purpose) },
		Gate:            func(g gepa.GateDecided) { note("gate", g.Proposal, "") },
	}
}

// find returns the moments of a proposal; an empty purpose is any.
func (l *timeline) find(what string, proposal int, purpose gepa.Purpose) []moment {
	var out []moment
	for _, m := range l.moments {
		if m.what == what && m.proposal == proposal && (purpose == "" || m.purpose == purpose) {
			out = append(out, m)
		}
	}
	return out
}

// reflectionTimes is a proposer that takes a time of its own for a proposal.
type reflectionTimes struct {
	inner *wordProposer
	of    func(proposal int) time.Duration
}

func (p reflectionTimes) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	select {
	case <-time.After(p.of(req.Proposal)):
		return p.inner.Propose(ctx, req)
	case <-ctx.Done():
		return gepa.Reflection{}, ctx.Err()
	}
}

// timed runs with rollouts of one second.
func timed(t *testing.T, opts gepa.Options, reflection func(int) time.Duration) *timeline {
	t.Helper()
	l := &timeline{}
	synctest.Test(t, func(t *testing.T) {
		sys := newLandscape()
		var mu sync.Mutex
		running := 0
		sys.before = func(ctx context.Context, _ gepa.Job) error {
			mu.Lock()
			running++
			l.most = max(l.most, running)
			mu.Unlock()
			defer func() { mu.Lock(); running--; mu.Unlock() }()
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		data := someData()
		data.Test = nil
		start := time.Now()
		opts.Proposer = reflectionTimes{&wordProposer{}, reflection}
		opts.Observers = []gepa.Observer{l.observer(start)}
		res, err := gepa.Optimize(t.Context(), sys, data, opts)
		if err != nil {
			t.Fatal(err)
		}
		l.res, l.took = res, time.Since(start)
	})
	return l
}

func always(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

func TestPipelineOverlaps(t *testing.T) {
	const slots = 4
	l := timed(t, gepa.Options{Seed: 3, InFlight: 8, Concurrency: slots, Budget: gepa.Budget{Proposals: 16}}, always(3*time.Second))
	if l.most != slots {
		t.Errorf("%d rollouts ran at once, want all %d slots in use and no more", l.most, slots)
	}
	overlaps := 0
	for n := 1; n <= 16; n++ {
		for _, begin := range l.find("begin", n, gepa.PurposeReflection) {
			end := l.find("end", n, gepa.PurposeReflection)[0]
			for _, m := range l.moments {
				if m.what == "begin" && m.proposal != n && m.purpose != gepa.PurposeReflection && m.at >= begin.at && m.at < end.at {
					overlaps++
				}
			}
		}
	}
	if overlaps == 0 {
		t.Error("no rollout of another proposal began during a reflection")
	}
}

// TestOlderProposalsComeFirst: with one slot, the work of the first proposal is
// not held up by that of the others that were planned with it.
func TestOlderProposalsComeFirst(t *testing.T) {
	l := timed(t, gepa.Options{Seed: 3, Minibatch: 4, InFlight: 8, Concurrency: 1, Budget: gepa.Budget{Proposals: 8}}, always(0))
	younger, done := 0, false
	last := l.find("commit", 1, "")[0]
	for _, m := range l.moments {
		if m == last {
			done = true
		}
		if m.what == "begin" && m.proposal > 1 && m.purpose != gepa.PurposeReflection && !done {
			younger++
		}
	}
	// One slips in while the parent's last rollout becomes a reflection, and
	// one while the reflection becomes the child's first rollout.
	if younger > 2 {
		t.Errorf("%d rollouts of younger proposals began before the first was over", younger)
	}
	if first := l.find("begin", 1, gepa.PurposeChild); len(first) == 0 {
		t.Error("the first proposal had no child: the test tests nothing")
	}
}

// TestValidationWaitsForNoOlderProposal: a child is validated as soon as its
// gate has decided, though an older proposal is open.
func TestValidationWaitsForNoOlderProposal(t *testing.T) {
	slowFirst := func(n int) time.Duration {
		if n == 1 {
			return time.Hour
		}
		return time.Second
	}
	l := timed(t, gepa.Options{Seed: 3, Minibatch: 5, InFlight: 4, Concurrency: 256, Budget: gepa.Budget{Proposals: 4}}, slowFirst)
	first := l.find("commit", 1, "")[0]
	validated := 0
	for n := 2; n <= 4; n++ {
		begins := l.find("begin", n, gepa.PurposeValidation)
		gate := l.find("gate", n, "")[0]
		if len(begins) == 0 {
			continue
		}
		validated++
		if begins[0].at != gate.at || gate.at >= first.at {
			t.Errorf("proposal %d: gate at %v, validation begins at %v, the first proposal ends at %v", n, gate.at, begins[0].at, first.at)
		}
		if commit := l.find("commit", n, "")[0]; commit.at < first.at {
			t.Errorf("proposal %d is committed at %v, before the first", n, commit.at)
		}
	}
	if validated == 0 {
		t.Error("no child was validated: the test tests nothing")
	}
}

func TestWallClockFallsWithProposalsInFlight(t *testing.T) {
	before := time.Duration(0)
	for _, k := range []int{1, 2, 8} {
		l := timed(t, gepa.Options{Seed: 3, InFlight: k, Concurrency: 64, Budget: gepa.Budget{Proposals: 24}}, always(4*time.Second))
		if before > 0 && l.took > before*2/3 {
			t.Errorf("%d in flight took %v, fewer took %v", k, l.took, before)
		}
		before = l.took
	}
}

// TestDepthGrowsWithThePool: with so many proposals allowed each candidate, no
// more are in flight at any time.
func TestDepthGrowsWithThePool(t *testing.T) {
	j := gepa.NewMemoryJournal()
	l := timed(t, gepa.Options{Seed: 3, Minibatch: 5, InFlight: 6, PerMember: 2, Concurrency: 8, Journal: j, Budget: gepa.Budget{Proposals: 30}}, always(2*time.Second))
	pool, inFlight, most := 0, 0, 0
	for e := range eventsOf(t, j) {
		switch e := e.(type) {
		case gepa.ProposalPlanned:
			inFlight++
			if most = max(most, inFlight); inFlight > min(6, 2*pool) {
				t.Errorf("proposal %d is planned as the %d. in flight with %d candidates", e.Proposal, inFlight, pool)
			}
			if e.After != e.Proposal-inFlight {
				t.Errorf("proposal %d follows %d commits with %d in flight", e.Proposal, e.After, inFlight)
			}
		case gepa.ProposalCommitted:
			if e.Proposal > 0 {
				inFlight--
			}
			if e.Accepted {
				pool++
			}
		}
	}
	if most != 6 || len(l.res.Pool) < 3 {
		t.Errorf("at most %d were in flight with a pool of %d in the end, want 6 and 3 or more", most, len(l.res.Pool))
	}
}
