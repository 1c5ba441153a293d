package gepa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func optimize(t *testing.T, sys gepa.System, opts gepa.Options) *gepa.Result {
	t.Helper()
	if opts.Proposer == nil {
		opts.Proposer = &wordProposer{}
	}
	res, err := gepa.Optimize(t.Context(), sys, someData(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestOptimizeImproves(t *testing.T) {
	sys := newLandscape()
	res := optimize(t, sys, gepa.Options{Seed: 3, Minibatch: 5, Budget: gepa.Budget{Proposals: 40}})
	if res.Best.Mean < res.Pool[0].Mean+0.4 {
		t.Errorf("best mean %.3f, seed %.3f: want an improvement of 0.4", res.Best.Mean, res.Pool[0].Mean)
	}
	if res.Stop.Reason != gepa.StopProposals || len(res.History) != 40 {
		t.Errorf("stopped for %q after %d proposals, want 40 proposals", res.Stop.Reason, len(res.History))
	}
	if res.Test == nil || res.Test.Readings != 1 || len(res.Test.Seed) != 10 || len(res.Test.Best) != 10 {
		t.Errorf("test readings %+v, want one of 10 examples each", res.Test)
	}
	merged := slices.ContainsFunc(res.Pool, func(m gepa.Member) bool { return len(m.Parents) == 2 })
	if !merged {
		t.Error("no merge was accepted on a landscape of two components that are learnt in turn")
	}
	if got, want := int64(res.Rollouts+20), sys.runs.Load(); got != want {
		t.Errorf("%d rollouts counted (20 of them on the test set), the system ran %d", got, want)
	}
	for _, m := range res.Pool {
		if len(m.Scores) != 15 {
			t.Errorf("candidate %d has %d validation scores, want 15", m.ID, len(m.Scores))
		}
	}
}

// transcript lists a journal's decisions in order and its results as a set.
func transcript(t *testing.T, j gepa.Journal) (decisions, results []string) {
	t.Helper()
	for rec, err := range j.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case rec.Kind == gepa.KindSession || rec.Kind == gepa.KindFailure:
		case rec.Key == "":
			decisions = append(decisions, rec.Kind+string(rec.Data))
		default:
			results = append(results, rec.Kind+rec.Key+string(rec.Data))
		}
	}
	slices.Sort(results)
	return decisions, results
}

func assertEqualRuns(t *testing.T, want, got gepa.Journal) {
	t.Helper()
	wantDecisions, wantResults := transcript(t, want)
	gotDecisions, gotResults := transcript(t, got)
	if diff := cmp.Diff(wantDecisions, gotDecisions); diff != "" {
		t.Fatalf("decisions differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantResults, gotResults); diff != "" {
		t.Fatalf("results differ (-want +got):\n%s", diff)
	}
}

func TestRunsAreEqualAtAnyConcurrency(t *testing.T) {
	var first gepa.Journal
	for _, workers := range []int{1, 3, 64} {
		j := gepa.NewMemoryJournal()
		optimize(t, newLandscape(), gepa.Options{Seed: 3, Journal: j, Concurrency: workers, Budget: gepa.Budget{Proposals: 12}})
		if first == nil {
			first = j
			continue
		}
		assertEqualRuns(t, first, j)
	}
}

// dyingJournal refuses everything after a number of appends, as a killed
// process would.
type dyingJournal struct {
	gepa.Journal
	left atomic.Int64
	lost atomic.Int64 // rollouts and calls that it refused
}

var errKilled = errors.New("killed")

func (j *dyingJournal) Append(ctx context.Context, records ...gepa.Record) error {
	if j.left.Add(-1) < 0 {
		for _, r := range records {
			if r.Kind == gepa.KindRollout || r.Kind == gepa.KindCall {
				j.lost.Add(1)
			}
		}
		return errKilled
	}
	return j.Journal.Append(ctx, records...)
}

// TestResume kills runs at random appends, again and again, resumes them, and
// wants the run that was never killed, with no rollout and no call made twice
// beyond those whose result was not journaled.
func TestResume(t *testing.T) {
	opts := gepa.Options{Seed: 5, Minibatch: 4, Budget: gepa.Budget{Proposals: 10}}
	whole := gepa.NewMemoryJournal()
	sys, proposer := newLandscape(), &wordProposer{}
	o := opts
	o.Journal, o.Proposer = whole, proposer
	optimize(t, sys, o)
	rollouts, calls := sys.runs.Load(), proposer.calls.Load()

	rapid.Check(t, func(r *rapid.T) {
		j := gepa.NewMemoryJournal()
		sys, proposer := newLandscape(), &wordProposer{}
		lost := int64(0)
		o := opts
		o.Proposer = proposer
		o.Concurrency = rapid.SampledFrom([]int{1, 4, 16}).Draw(r, "concurrency")
		for {
			dying := &dyingJournal{Journal: j}
			dying.left.Store(rapid.Int64Range(2, 150).Draw(r, "appends"))
			o.Journal = dying
			_, err := gepa.Optimize(t.Context(), sys, someData(), o)
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) {
				r.Fatal(err)
			}
			lost += dying.lost.Load()
		}
		assertEqualRuns(t, whole, j)
		if extra := sys.runs.Load() + proposer.calls.Load() - rollouts - calls; extra > lost {
			r.Fatalf("%d rollouts and calls were made twice, only %d results were lost", extra, lost)
		}
	})
}

func TestResumeOfAFinishedRunDoesNothing(t *testing.T) {
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{Journal: j, Budget: gepa.Budget{Proposals: 6}}
	first := optimize(t, newLandscape(), opts)
	sys := newLandscape()
	again := optimize(t, sys, opts)
	if n := sys.runs.Load(); n != 0 {
		t.Errorf("the finished run ran %d rollouts again", n)
	}
	if diff := cmp.Diff(first.Best.Texts, again.Best.Texts); diff != "" {
		t.Errorf("another winner (-first +again):\n%s", diff)
	}
	if again.Test == nil || again.Test.Readings != 1 {
		t.Errorf("test %+v, want the one reading", again.Test)
	}
}

func TestResumeWithALargerBudgetGoesOn(t *testing.T) {
	j := gepa.NewMemoryJournal()
	optimize(t, newLandscape(), gepa.Options{Seed: 2, Journal: j, Budget: gepa.Budget{Proposals: 4}})
	sys := newLandscape()
	res := optimize(t, sys, gepa.Options{Seed: 2, Journal: j, Budget: gepa.Budget{Proposals: 30}})
	if len(res.History) != 30 {
		t.Errorf("%d proposals, want 30", len(res.History))
	}
	if res.Test.Readings != 2 {
		t.Errorf("%d readings of the test set, want 2: it was read after each search", res.Test.Readings)
	}
	straight := optimize(t, newLandscape(), gepa.Options{Seed: 2, Budget: gepa.Budget{Proposals: 30}})
	if diff := cmp.Diff(straight.Best.Texts, res.Best.Texts); diff != "" {
		t.Errorf("the continued run found another winner (-straight +continued):\n%s", diff)
	}
}

func TestResumeRefusesAnotherRun(t *testing.T) {
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{Journal: j, Budget: gepa.Budget{Proposals: 2}}
	optimize(t, newLandscape(), opts)
	changed := newLandscape()
	changed.seeds = []gepa.Component{{Name: "a", Text: "start"}, {Name: "b", Text: "another"}}
	fewer := someData()
	fewer.Validation = fewer.Validation[1:]
	tests := []struct {
		name string
		sys  gepa.System
		data gepa.Data
		seed uint64
		want string
	}{
		{"another seed", newLandscape(), someData(), 9, "option seed was 0 and is now 9"},
		{"another text", changed, someData(), 0, `component "b" starts from another text`},
		{"other data", newLandscape(), fewer, 0, "the validation set: 15 examples then, 14 now"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := opts
			o.Proposer, o.Seed = &wordProposer{}, tt.seed
			res, err := gepa.Optimize(t.Context(), tt.sys, tt.data, o)
			var resume *gepa.ResumeError
			if res != nil || !errors.As(err, &resume) || !errors.Is(err, gepa.ErrInvalid) {
				t.Fatalf("got %v, %v; want a ResumeError", res, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestBudgets(t *testing.T) {
	t.Run("rollouts are never exceeded", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			budget := rapid.IntRange(40, 300).Draw(r, "rollouts")
			sys := newLandscape()
			data := someData()
			data.Test = nil
			res, err := gepa.Optimize(t.Context(), sys, data, gepa.Options{
				Seed: rapid.Uint64().Draw(r, "seed"), Minibatch: 5, Proposer: &wordProposer{},
				Budget: gepa.Budget{Rollouts: budget},
			})
			if err != nil {
				r.Fatal(err)
			}
			if n := int(sys.runs.Load()); n > budget || n != res.Rollouts {
				r.Fatalf("%d rollouts ran and %d were counted, the budget was %d", n, res.Rollouts, budget)
			}
			if res.Stop.Reason != gepa.StopRollouts {
				r.Fatalf("stopped for %q, want the rollouts", res.Stop.Reason)
			}
		})
	})
	t.Run("one too small is refused with the arithmetic", func(t *testing.T) {
		sys := newLandscape()
		res, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{
			Minibatch: 5, Proposer: &wordProposer{}, Budget: gepa.Budget{Rollouts: 39},
		})
		var b *gepa.BudgetError
		if res != nil || !errors.As(err, &b) || b.Need() != 40 || sys.runs.Load() != 0 {
			t.Fatalf("got %v, %v after %d rollouts; want a BudgetError that needs 40", res, err, sys.runs.Load())
		}
		if want := "15 to validate the seed + 2 × 5"; !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not show %q", err, want)
		}
	})
	t.Run("target score", func(t *testing.T) {
		res := optimize(t, newLandscape(), gepa.Options{Seed: 1, Minibatch: 5, Budget: gepa.Budget{TargetScore: 0.5, Proposals: 100}})
		if res.Stop.Reason != gepa.StopTarget || res.Best.Mean < 0.5 {
			t.Errorf("stopped for %q at %.3f, want the target of 0.5", res.Stop.Reason, res.Best.Mean)
		}
	})
	t.Run("no improvement", func(t *testing.T) {
		sys := newLandscape()
		hopeless := gepa.Seed([]gepa.Component{{Name: "a", Text: "x"}, {Name: "b", Text: "y"}})
		res := optimize(t, sys, gepa.Options{Start: hopeless, Proposer: refuser{}, Budget: gepa.Budget{NoImprovement: 7}})
		if res.Stop.Reason != gepa.StopNoImprovement || len(res.History) != 7 {
			t.Errorf("stopped for %q after %d proposals, want 7 without improvement", res.Stop.Reason, len(res.History))
		}
		if !res.Best.Texts.Equal(hopeless) {
			t.Errorf("best is %v, want the start", res.Best.Texts)
		}
	})
	t.Run("time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sys := newLandscape()
			sys.before = func(ctx context.Context, _ gepa.Job) error {
				select {
				case <-time.After(time.Second):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			start := time.Now()
			data := someData()
			data.Test = nil
			res, err := gepa.Optimize(t.Context(), sys, data, gepa.Options{
				Concurrency: 4, Proposer: &wordProposer{}, Budget: gepa.Budget{Time: 30 * time.Second},
			})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 30*time.Second || res.Stop.Reason != gepa.StopTime {
				t.Errorf("stopped for %q after %v, want the time of 30s", res.Stop.Reason, took)
			}
		})
	})
}

// TestTimeOfAllSessions: a resumed run has the time that its earlier sessions
// left, and the time between them does not count.
func TestTimeOfAllSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := gepa.NewMemoryJournal()
		sys := newLandscape()
		sys.before = func(ctx context.Context, _ gepa.Job) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		data := someData()
		data.Test = nil
		session := func(limit time.Duration, interrupt time.Duration) (*gepa.Result, time.Duration) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			defer time.AfterFunc(interrupt, cancel).Stop()
			start := time.Now()
			res, err := gepa.Optimize(ctx, sys, data, gepa.Options{
				Journal: j, Concurrency: 4, Proposer: &wordProposer{}, Budget: gepa.Budget{Time: limit},
			})
			if err != nil && ctx.Err() == nil {
				t.Fatal(err)
			}
			return res, time.Since(start)
		}
		if _, took := session(30*time.Second, 10*time.Second); took > 11*time.Second {
			t.Errorf("the first session took %v, it was interrupted after 10s", took)
		}
		<-time.After(time.Hour) // of the bubble's time: nobody waits
		res, took := session(30*time.Second, time.Hour)
		if res.Stop.Reason != gepa.StopTime || took < 19*time.Second || took > 21*time.Second {
			t.Errorf("the second session stopped for %q after %v, want the 20s that were left", res.Stop.Reason, took)
		}
		if res, took = session(10*time.Second, time.Hour); took > time.Second {
			t.Errorf("a third session with less time than was used went on for %v, to %q", took, res.Stop.Reason)
		}
	})
}

type refuser struct{}

func (refuser) Propose(context.Context, gepa.ReflectRequest) (gepa.Reflection, error) {
	return gepa.Reflection{Refused: "nothing usable"}, nil
}

func TestWorldFailures(t *testing.T) {
	t.Run("a passing fault changes nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			opts := gepa.Options{Seed: 4, Concurrency: 4, Budget: gepa.Budget{Proposals: 8}}
			calm := gepa.NewMemoryJournal()
			opts.Journal = calm
			optimize(t, newLandscape(), opts)
			stormy := gepa.NewMemoryJournal()
			sys := newLandscape()
			var n atomic.Int64
			sys.before = func(context.Context, gepa.Job) error {
				if n.Add(1)%7 == 0 {
					return gepa.WithUsage(errDown, gepa.Usage{Calls: 1, InputTokens: 10})
				}
				return nil
			}
			opts.Journal, opts.Attempts = stormy, 5
			res := optimize(t, sys, opts)
			assertEqualRuns(t, calm, stormy)
			if got, want := res.Spend.Failed.Calls, n.Load()/7; got != want {
				t.Errorf("%d failed calls accounted for, want %d", got, want)
			}
		})
	})
	t.Run("a dead model ends the run with its cause", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sys := newLandscape()
			proposer := &wordProposer{fail: func(req gepa.ReflectRequest) error {
				if req.Proposal >= 3 {
					return errDown
				}
				return nil
			}}
			res, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{Seed: 1, Proposer: proposer, Budget: gepa.Budget{Proposals: 100}})
			if !errors.Is(err, errDown) || res == nil || res.Best == nil {
				t.Fatalf("got %v, %v; want the best so far and the cause", res, err)
			}
			if res.Stop.Reason != gepa.StopFailed || res.Test != nil {
				t.Errorf("stop %+v, test %v; want a failure and an unread test set", res.Stop, res.Test)
			}
		})
	})
	t.Run("a fatal error is not tried again", func(t *testing.T) {
		sys := newLandscape()
		sys.before = func(context.Context, gepa.Job) error { return gepa.Fatal(errDown) }
		_, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{Concurrency: 1, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}})
		if !errors.Is(err, errDown) || sys.runs.Load() != 1 {
			t.Errorf("got %v after %d rollouts, want one", err, sys.runs.Load())
		}
	})
}

func TestInterruptKeepsTheBest(t *testing.T) {
	j := gepa.NewMemoryJournal()
	opts := gepa.Options{Seed: 1, Minibatch: 5, Journal: j, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 20}}
	ctx, cancel := context.WithCancel(t.Context())
	opts.Observers = []gepa.Observer{{Event: func(e gepa.Event) {
		if plan, ok := e.(gepa.ProposalPlanned); ok && plan.Proposal == 9 {
			cancel()
		}
	}}}
	res, err := gepa.Optimize(ctx, newLandscape(), someData(), opts)
	if !errors.Is(err, context.Canceled) || res == nil || res.Best == nil || res.Stop.Reason != gepa.StopInterrupted {
		t.Fatalf("got %+v, %v; want the best so far and the interrupt", res, err)
	}
	opts.Observers = nil
	if _, err := gepa.Optimize(t.Context(), newLandscape(), someData(), opts); err != nil {
		t.Fatal(err)
	}
	whole := gepa.NewMemoryJournal()
	opts.Journal = whole
	optimize(t, newLandscape(), opts)
	assertEqualRuns(t, whole, j)
}

func TestProgramFailuresAreScores(t *testing.T) {
	sys := newLandscape()
	sys.before = func(_ context.Context, job gepa.Job) error {
		if strings.HasSuffix(job.Example.ID, "3") {
			panic("index out of range")
		}
		return nil
	}
	res := optimize(t, sys, gepa.Options{
		Budget:     gepa.Budget{Proposals: 3},
		Objectives: []gepa.Objective{{Name: "met", Weight: 1}, {Name: "length", Direction: gepa.Minimize, Max: 100}},
	})
	r := res.Test.Seed[3]
	if r.Score != 0 || r.Problem == "" || r.Objectives["length"] != 100 || !strings.Contains(r.Feedback.Text, "index out of range") {
		t.Errorf("rollout %+v, want the worst score and feedback that tells of the panic", r)
	}
	if got := res.Pool[0].Scores[3]; got != 0 {
		t.Errorf("validation example 3 scored %v, want 0 and a part in the mean", got)
	}
}

func TestObjectives(t *testing.T) {
	opts := gepa.Options{
		Seed: 1, Minibatch: 5, Frontier: gepa.FrontierByObjective, Budget: gepa.Budget{Proposals: 15},
		Objectives: []gepa.Objective{{Name: "met", Weight: 0.9}, {Name: "length", Direction: gepa.Minimize, Max: 200, Weight: 0.1}},
	}
	res := optimize(t, newLandscape(), opts)
	if !slices.Contains(res.Frontier, 0) {
		t.Errorf("frontier %v lacks the seed, whose texts are the shortest", res.Frontier)
	}
	for _, m := range res.Pool {
		want := 0.9*m.Objectives[0] + 0.1*(1-m.Objectives[1]/200)
		if diff := m.Mean - want; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("candidate %d: mean %v, want the weighted objectives' %v", m.ID, m.Mean, want)
		}
	}
	opts.Objectives = append(opts.Objectives, gepa.Objective{Name: "unmeasured"})
	opts.Proposer = &wordProposer{}
	if _, err := gepa.Optimize(t.Context(), newLandscape(), someData(), opts); err == nil || !strings.Contains(err.Error(), `"unmeasured"`) {
		t.Errorf("got %v, want an error that names the missing objective", err)
	}
}

func TestUntracedComponents(t *testing.T) {
	t.Run("traces that name no component are an error", func(t *testing.T) {
		sys := newLandscape()
		_, err := gepa.Optimize(t.Context(), renamed{sys}, someData(), gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}})
		var untraced *gepa.UntracedError
		if !errors.As(err, &untraced) || !errors.Is(err, gepa.ErrInvalid) {
			t.Fatalf("got %v, want an UntracedError", err)
		}
	})
	t.Run("a component that no trace shows is left alone", func(t *testing.T) {
		sys := newLandscape()
		res := optimize(t, extra{sys}, gepa.Options{Budget: gepa.Budget{Proposals: 10}})
		for _, p := range res.History {
			if slices.Contains(p.Components, "unused") {
				t.Errorf("proposal %d rewrites the component that nothing reads", p.Proposal)
			}
		}
	})
	t.Run("a system without traces is exempt", func(t *testing.T) {
		sys := newLandscape()
		sys.noTrace = true
		if res := optimize(t, sys, gepa.Options{Seed: 1, Minibatch: 5, Budget: gepa.Budget{Proposals: 20}}); res.Best.ID == 0 {
			t.Error("nothing was improved")
		}
	})
}

// renamed traces other names than it lists.
type renamed struct{ *landscape }

func (r renamed) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	out, err := r.landscape.Run(ctx, job)
	for i := range out.Trace {
		out.Trace[i].Component = fmt.Sprintf("other%d", i)
	}
	return out, err
}

// extra lists a component that it never uses.
type extra struct{ *landscape }

func (e extra) Components() []gepa.Component {
	return append([]gepa.Component{{Name: "unused", Text: "x"}}, e.seeds...)
}

func TestPerfectMinibatchIsNotReflectedOn(t *testing.T) {
	sys := newLandscape()
	data := gepa.Data{Feedback: needs("f", 8), Validation: needs("v", 8)}
	var all []string
	for w := range 6 {
		all = append(all, fmt.Sprintf("w%d", w))
	}
	text := strings.Join(all, " ")
	proposer := &wordProposer{}
	res, err := gepa.Optimize(t.Context(), sys, data, gepa.Options{
		Start: gepa.Candidate{"a": text, "b": text}, Proposer: proposer, Budget: gepa.Budget{Proposals: 4},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := proposer.calls.Load(); n != 0 || res.Best.ID != 0 || res.History[0].Gate.Passed {
		t.Errorf("%d reflections on a perfect candidate, best %d", n, res.Best.ID)
	}
}

func TestInvalidInput(t *testing.T) {
	good := someData()
	twice := someData()
	twice.Test = append(slices.Clone(twice.Test), good.Feedback[0])
	sameContent := someData()
	copied := good.Feedback[1]
	copied.ID = "copy"
	sameContent.Validation = append(slices.Clone(sameContent.Validation), copied)
	valid := gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}}
	with := func(change func(*gepa.Options)) gepa.Options {
		o := valid
		change(&o)
		return o
	}
	tests := []struct {
		name string
		data gepa.Data
		opts gepa.Options
		want []string
	}{
		{"everything at once", gepa.Data{}, gepa.Options{Minibatch: -1}, []string{"Proposer is missing", "Minibatch is -1", "no bound is set", "feedback set is empty", "validation set is empty"}},
		{"an id in two sets", twice, valid, []string{`example "f0" is in the feedback set and again in the test set`}},
		{"a content in two sets", sameContent, valid, []string{`example "copy" of the validation set has the same content as "f1" of the feedback set`}},
		{"a frontier of objectives without any", good, with(func(o *gepa.Options) { o.Frontier = gepa.FrontierByObjective }), []string{"no Objectives are declared"}},
		{"unknown names", good, with(func(o *gepa.Options) { o.Dominance, o.Components, o.Frontier = "x", "y", "z" }), []string{`Dominance is "x"`, `Components is "y"`, `Frontier is "z"`}},
		{"a start without a component", good, with(func(o *gepa.Options) { o.Start = gepa.Candidate{"a": "x"} }), []string{`no text for component "b"`}},
		{"a start with a stranger", good, with(func(o *gepa.Options) { o.Start = gepa.Candidate{"a": "", "b": "", "c": ""} }), []string{`"c", which is no component`}},
		{"objectives", good, with(func(o *gepa.Options) {
			o.Objectives = []gepa.Objective{{Name: "x", Min: 2, Max: 1}, {Name: "x"}}
		}), []string{"max 1 is not above min 2", `"x" is declared twice`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := gepa.Optimize(t.Context(), newLandscape(), tt.data, tt.opts)
			if res != nil || !errors.Is(err, gepa.ErrInvalid) {
				t.Fatalf("got %v, %v; want ErrInvalid", res, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestObserverCannotHurt(t *testing.T) {
	var events atomic.Int64
	res := optimize(t, newLandscape(), gepa.Options{
		Budget:    gepa.Budget{Proposals: 2},
		Observers: []gepa.Observer{{Event: func(gepa.Event) { events.Add(1); panic("observer") }}},
	})
	if events.Load() != 1 || len(res.History) != 2 {
		t.Errorf("the observer was called %d times, %d proposals were made", events.Load(), len(res.History))
	}
}

// TestStateFollowsTheObserver: folding the observed events gives what the
// engine reports.
func TestStateFollowsTheObserver(t *testing.T) {
	s := gepa.NewState()
	res := optimize(t, newLandscape(), gepa.Options{
		Seed: 8, Budget: gepa.Budget{Proposals: 9},
		Observers: []gepa.Observer{{Event: func(e gepa.Event) {
			if err := s.Apply(e); err != nil {
				t.Error(err)
			}
		}}},
	})
	best, _ := s.Best()
	if best.ID != res.Best.ID || s.Rollouts() != res.Rollouts || s.Spend() != res.Spend || !slices.Equal(s.Frontier(), res.Frontier) {
		t.Errorf("the fold says best %d, %d rollouts; the result %d, %d", best.ID, s.Rollouts(), res.Best.ID, res.Rollouts)
	}
}

func TestStopsThoughTheSystemIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		sys := newLandscape()
		ctx, cancel := context.WithCancel(t.Context())
		sys.before = func(context.Context, gepa.Job) error {
			cancel()
			<-release
			return nil
		}
		start := time.Now()
		_, err := gepa.Optimize(ctx, sys, someData(), gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}})
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 3*time.Second {
			t.Errorf("got %v after %v, want the interrupt within 3 s", err, took)
		}
	})
}
