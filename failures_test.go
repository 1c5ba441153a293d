package gepa_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gepa-go/gepa"
)

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

func TestProgramFailuresAreScores(t *testing.T) {
	sys := newLandscape()
	sys.before = func(_ context.Context, job gepa.Job) error {
		if strings.HasSuffix(job.Example.ID, "3") {
			panic("index out of range")
		}
		return nil
	}
	res := optimize(t, sys, gepa.Options{
		Start:      gepa.Candidate{"a": "w0 w1 w2", "b": "w3 w4 w5"},
		Budget:     gepa.Budget{Proposals: 3},
		Objectives: []gepa.Objective{{Name: "met", Weight: 1}, {Name: "length", Direction: gepa.Minimize, Max: 100}},
	})
	r := res.Test.Seed[3]
	if r.Score != 0 || r.Problem == "" || r.Objectives["length"] != 100 || !strings.Contains(r.Feedback.Text, "index out of range") {
		t.Errorf("rollout %+v, want the worst score and feedback that tells of the panic", r)
	}
	seed := res.Pool[0]
	if got, want := seed.Mean, total(seed.Scores)/15; seed.Scores[3] != 0 || math.Abs(got-want) > 1e-9 || want == 0 {
		t.Errorf("validation example 3 scored %v, the mean is %v; want 0 and a part in the mean of %v", seed.Scores[3], got, want)
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

// TestFailingRolloutIsParked: a rollout that fails in all its attempts, again
// and again, holds its proposal and not the others, and the run becomes the one
// without failures.
func TestFailingRolloutIsParked(t *testing.T) {
	opts := gepa.Options{Seed: 3, InFlight: 4, Concurrency: 4, Attempts: 2, Failures: 6, Budget: gepa.Budget{Proposals: 12}}
	calm := gepa.NewMemoryJournal()
	opts.Journal = calm
	optimize(t, newLandscape(), opts)

	synctest.Test(t, func(t *testing.T) {
		stormy := gepa.NewMemoryJournal()
		sys := newLandscape()
		var mu sync.Mutex
		var victim string // the first rollout of a child
		failures, others := 0, 0
		sys.before = func(_ context.Context, job gepa.Job) error {
			pass(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			key := job.Key().String()
			if victim == "" && job.Candidate["a"] != "start" {
				victim = key
			}
			switch {
			case key != victim:
				if failures > 0 && failures < 10 {
					others++
				}
				return nil
			case failures < 10: // two attempts, five times over
				failures++
				return errDown
			default:
				return nil
			}
		}
		opts.Journal = stormy
		res := optimize(t, sys, opts)
		if failures != 10 || others == 0 {
			t.Errorf("it failed %d times, want 10, and %d other rollouts ran meanwhile", failures, others)
		}
		if res.Stop.Reason != gepa.StopProposals {
			t.Errorf("stopped for %q", res.Stop.Reason)
		}
		assertEqualRuns(t, calm, stormy)
	})
}

// TestFailuresInARowEndTheRun: so many rollouts in a row that fail in all their
// attempts end the run with what the last one said.
func TestFailuresInARowEndTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, failures := range []int{1, 4} {
			sys := newLandscape()
			var failed atomic.Int64
			sys.before = func(_ context.Context, job gepa.Job) error {
				if strings.HasPrefix(job.Example.ID, "f") {
					failed.Add(1)
					return errDown
				}
				return nil
			}
			res, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{
				Concurrency: 1, Attempts: 2, Failures: failures, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 3},
			})
			if !errors.Is(err, errDown) || res == nil || res.Best == nil || res.Stop.Reason != gepa.StopFailed {
				t.Fatalf("got %+v, %v; want the seed and the cause", res, err)
			}
			if want := int64(2 * failures); failed.Load() != want {
				t.Errorf("%d attempts failed before the end, want %d", failed.Load(), want)
			}
		}
	})
}

// proposerFunc is a proposer that is a function.
type proposerFunc func(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error)

func (f proposerFunc) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	return f(ctx, req)
}

// TestOutageCountsOnce: what fails side by side in one outage is one failure in
// a row, however many slots there are.
func TestOutageCountsOnce(t *testing.T) {
	opts := gepa.Options{Seed: 3, InFlight: 4, Concurrency: 16, Attempts: 1, Failures: 2, Budget: gepa.Budget{Proposals: 6}}
	calm := gepa.NewMemoryJournal()
	opts.Journal = calm
	optimize(t, newLandscape(), opts)

	synctest.Test(t, func(t *testing.T) {
		stormy := gepa.NewMemoryJournal()
		sys := newLandscape()
		var runs, failed atomic.Int64
		began := time.Now()
		sys.before = func(context.Context, gepa.Job) error {
			pass(10 * time.Millisecond)
			runs.Add(1)
			if at := time.Since(began); at > 15*time.Millisecond && at < 500*time.Millisecond {
				failed.Add(1)
				return errDown
			}
			return nil
		}
		opts.Journal = stormy
		optimize(t, sys, opts)
		if failed.Load() < 2 {
			t.Errorf("%d of %d rollouts failed, want several at once", failed.Load(), runs.Load())
		}
		assertEqualRuns(t, calm, stormy)
	})
}

func TestProposerThatPanics(t *testing.T) {
	calls := 0
	res, err := gepa.Optimize(t.Context(), newLandscape(), someData(), gepa.Options{
		Proposer: proposerFunc(func(context.Context, gepa.ReflectRequest) (gepa.Reflection, error) {
			calls++
			panic("nil map")
		}),
		Budget: gepa.Budget{Proposals: 3},
	})
	if err == nil || !strings.Contains(err.Error(), "the proposer panicked: nil map") || calls != 1 {
		t.Fatalf("got %v after %d calls, want the panic of the one call as the error", err, calls)
	}
	if res.Best == nil || res.Stop.Reason != gepa.StopFailed {
		t.Errorf("stopped for %q with best %v", res.Stop.Reason, res.Best)
	}
}

// TestSystemThatEndsItsGoroutine: as a test's FailNow does.
func TestSystemThatEndsItsGoroutine(t *testing.T) {
	sys := newLandscape()
	sys.before = func(context.Context, gepa.Job) error { runtime.Goexit(); return nil }
	_, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 1}})
	if err == nil || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("got %v, want an error that names the cause", err)
	}
}

// TestLateResults: rollouts that ignore the end of the time are left behind
// after two seconds; what they bring while the test set is read is kept, and
// disturbs nothing.
func TestLateResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 30 * time.Second
		release := make(chan struct{})
		defer close(release)
		j := gepa.NewMemoryJournal()
		sys := newLandscape()
		start := time.Now()
		var late, begunTest atomic.Int64
		var stopped time.Duration
		sys.before = func(ctx context.Context, job gepa.Job) error {
			switch took := time.Since(start); {
			case strings.HasPrefix(job.Example.ID, "t"):
				begunTest.Add(1)
				pass(10 * time.Second)
				return ctx.Err()
			case took > limit/2:
				n := late.Add(1)
				if n == 1 {
					<-release // deaf for ever
					return nil
				}
				pass(limit/2 + 2*time.Second + time.Duration(n)*time.Second) // deaf
				return nil
			default:
				pass(time.Second)
				return ctx.Err()
			}
		}
		opts := gepa.Options{
			Seed: 3, InFlight: 8, Concurrency: 16, Proposer: &wordProposer{}, Journal: j, Budget: gepa.Budget{Time: limit},
			Observers: []gepa.Observer{{Event: func(e gepa.Event) {
				if _, is := e.(gepa.Stopped); is {
					stopped = time.Since(start)
				}
			}}},
		}
		res, err := gepa.Optimize(t.Context(), sys, someData(), opts)
		if err != nil || res.Stop.Reason != gepa.StopTime {
			t.Fatalf("%v; stopped for %q", err, res.Stop.Reason)
		}
		if late.Load() == 0 {
			t.Fatal("nothing was late: the test tests nothing")
		}
		if stopped < limit || stopped > limit+2*time.Second {
			t.Errorf("the search stopped after %v, want within two seconds of %v", stopped, limit)
		}
		if res.Test == nil || len(res.Test.Seed) != 10 {
			t.Fatalf("test = %+v, want it read to its end", res.Test)
		}
		if n := begunTest.Load(); n != 10 && n != 20 {
			t.Errorf("%d rollouts on the test set", n)
		}
		// What was late is in the journal and not done again.
		known, kept := map[gepa.RolloutKey]bool{}, 0
		for e := range eventsOf(t, j) {
			if r, is := e.(gepa.RolloutDone); is {
				known[r.Job] = true
				kept++
			}
		}
		if want := res.Rollouts + int(begunTest.Load()); kept != want {
			t.Errorf("%d rollouts are in the journal, want %d", kept, want)
		}
		sys.before = func(_ context.Context, job gepa.Job) error {
			if known[job.Key()] {
				t.Errorf("%s is done again", job.Key())
			}
			return nil
		}
		opts.Budget, opts.Observers = gepa.Budget{Time: 2 * limit, Proposals: 9}, nil
		if again, err := gepa.Optimize(t.Context(), sys, someData(), opts); err != nil || again.Rollouts < res.Rollouts {
			t.Errorf("resumed: %v, with %d rollouts after %d", err, again.Rollouts, res.Rollouts)
		}
	})
}

// TestNothingOfTheSearchRunsWithTheTestSet: a rollout that fails for good while
// a spending cap ends the search is not tried again when the test set is read.
func TestNothingOfTheSearchRunsWithTheTestSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := newLandscape()
		var n, after atomic.Int64
		var stopped atomic.Bool
		sys.before = func(_ context.Context, job gepa.Job) error {
			if strings.HasPrefix(job.Example.ID, "t") {
				pass(10 * time.Second)
				return nil
			}
			if stopped.Load() {
				after.Add(1)
			}
			switch n.Add(1) {
			case 60:
				return gepa.Fatal(gepa.ErrBudget)
			case 61, 62, 63:
				pass(time.Minute)
				return errDown
			}
			pass(time.Second)
			return nil
		}
		res, err := gepa.Optimize(t.Context(), sys, someData(), gepa.Options{
			Seed: 3, InFlight: 8, Concurrency: 8, Attempts: 1, Failures: 10, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 100},
			Observers: []gepa.Observer{{Event: func(e gepa.Event) {
				if _, is := e.(gepa.Stopped); is {
					stopped.Store(true)
				}
			}}},
		})
		if err != nil || res.Stop.Reason != gepa.StopCost || res.Test == nil {
			t.Fatalf("%v; stopped for %q, test %v", err, res.Stop.Reason, res.Test)
		}
		if got := after.Load(); got > 0 {
			t.Errorf("%d rollouts of the search began after it had stopped", got)
		}
	})
}

// TestEqualCallsOfChildrenAreMadeOnce: children are made at the same time and
// from the same evidence, so that their judge's calls are the same.
func TestEqualCallsOfChildrenAreMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		inner := &wordProposer{}
		res := optimize(t, newLandscape(), gepa.Options{
			Seed: 3, Children: 3, Budget: gepa.Budget{Proposals: 4},
			Proposer: proposerFunc(func(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
				call, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleJudge}, func(context.Context) (gepa.Call, error) {
					pass(time.Second)
					n := calls.Add(1)
					return gepa.Call{Exchange: gepa.Exchange{Reply: fmt.Sprint(n), Usage: gepa.Usage{Calls: 1}}}, nil
				})
				if err != nil {
					return gepa.Reflection{}, err
				}
				if call.Text() != fmt.Sprint(req.Proposal) {
					t.Errorf("child %d of proposal %d got the reply of call %s", req.Child, req.Proposal, call.Text())
				}
				return inner.Propose(ctx, req)
			}),
		})
		if calls.Load() != 4 || res.Spend.Judge.Calls != 4 {
			t.Errorf("%d calls were made and %d accounted for, want one a proposal", calls.Load(), res.Spend.Judge.Calls)
		}
	})
}
