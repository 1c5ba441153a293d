package gepa_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

// touched is a system that does something at the end of its 60th rollout.
type touched struct {
	*landscape
	ended atomic.Int64
	touch func()
}

func (s *touched) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	r, err := s.landscape.Run(ctx, job)
	if s.ended.Add(1) == 60 {
		s.touch()
	}
	return r, err
}

// A paused run begins nothing, and comes to the same end as one that was not.
func TestPause(t *testing.T) {
	options := gepa.Options{Seed: 3, Minibatch: 5, InFlight: 3, Concurrency: 4, Budget: gepa.Budget{Proposals: 12}}
	want := optimize(t, newLandscape(), options)
	synctest.Test(t, func(t *testing.T) {
		control := gepa.NewControl()
		sys := &touched{landscape: newLandscape(), touch: control.Pause}
		options := options
		options.Control, options.Proposer = control, &wordProposer{}
		ended := make(chan *gepa.Result, 1)
		go func() {
			res, err := gepa.Optimize(t.Context(), sys, someData(), options)
			if err != nil {
				t.Error(err)
			}
			ended <- res
		}()
		synctest.Wait() // everything that was under way is over
		held := sys.runs.Load()
		if !control.Paused() || held < 60 || held > 60+4 || len(ended) > 0 {
			t.Fatalf("paused %v, ended %v, after %d rollouts; want it held within 4 rollouts of the 60th", control.Paused(), len(ended) > 0, held)
		}
		control.Pause() // changes nothing
		synctest.Wait()
		if sys.runs.Load() != held {
			t.Errorf("%d rollouts ran while the run was held", sys.runs.Load()-held)
		}
		control.Resume()
		got := <-ended
		if diff := cmp.Diff(want.History, got.History, cmp.AllowUnexported(gepa.Proposal{})); diff != "" {
			t.Errorf("the paused run differs (-want +got):\n%s", diff)
		}
	})
}

// A search that is asked to stop finishes what is in flight and reads the test
// set; resumed, it goes on.
func TestStopOnRequest(t *testing.T) {
	journal, control := gepa.NewMemoryJournal(), gepa.NewControl()
	sys := &touched{landscape: newLandscape(), touch: func() {
		control.Pause()
		control.Stop()
	}}
	options := gepa.Options{Seed: 3, Minibatch: 5, InFlight: 3, Journal: journal, Control: control, Budget: gepa.Budget{Proposals: 500}}
	res := optimize(t, sys, options)
	if res.Stop.Reason != gepa.StopRequested || len(res.History) == 0 || len(res.History) >= 500 || res.Test == nil || control.Paused() {
		t.Fatalf("stopped for %q after %d proposals, test %v; want %q, before the 500th, with the test set read",
			res.Stop.Reason, len(res.History), res.Test, gepa.StopRequested)
	}
	for _, p := range res.History {
		if !p.Committed {
			t.Errorf("proposal %d was left unfinished", p.Proposal)
		}
	}
	made := len(res.History)
	options.Control, options.Budget.Proposals = gepa.NewControl(), made+5
	if res = optimize(t, sys, options); res.Stop.Reason != gepa.StopProposals || len(res.History) != made+5 {
		t.Errorf("resumed, it stopped for %q after %d proposals, want all %d", res.Stop.Reason, len(res.History), made+5)
	}
}
