package gepa_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gepa-go/gepa"
)

// capped refuses rollouts after a number of them, as a spending cap does.
type capped struct {
	*landscape
	left   atomic.Int64
	ended  atomic.Int64 // rollouts that were told to end
	closed atomic.Int64 // rollouts that ran to their end
}

func newCapped(rollouts int64) *capped {
	c := &capped{landscape: newLandscape()}
	c.left.Store(rollouts)
	c.before = func(ctx context.Context, _ gepa.Job) error {
		if c.left.Add(-1) < 0 {
			return fmt.Errorf("call the model: %w", gepa.Fatal(gepa.ErrBudget))
		}
		select {
		case <-time.After(time.Second):
			c.closed.Add(1)
			return nil
		case <-ctx.Done():
			c.ended.Add(1)
			return ctx.Err()
		}
	}
	return c
}

func TestSpendingCap(t *testing.T) {
	const validation, test = 15, 10
	tests := map[string]struct {
		rollouts int64
		hold     int64 // rollouts that become free when the search has stopped
		fails    bool
		measured bool
	}{
		"not enough for the seed":       {rollouts: validation - 1, fails: true},
		"nothing left for the test set": {rollouts: 60},
		"part of the test set":          {rollouts: 60, hold: test + 1},
		"all of the test set":           {rollouts: 60, hold: 2 * test, measured: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sys := newCapped(tt.rollouts)
				journal := gepa.NewMemoryJournal()
				options := gepa.Options{
					Seed: 3, Proposer: &wordProposer{}, Journal: journal, Budget: gepa.Budget{Proposals: 40},
					Observers: []gepa.Observer{{Event: func(e gepa.Event) {
						if _, stopped := e.(gepa.Stopped); stopped {
							sys.left.Store(tt.hold)
						}
					}}},
				}
				res, err := gepa.Optimize(t.Context(), sys, someData(), options)
				if tt.fails {
					if !errors.Is(err, gepa.ErrBudget) || res.Stop.Reason != gepa.StopFailed {
						t.Fatalf("got %v, stopped for %q; want the cap as the error", err, res.Stop.Reason)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if res.Stop.Reason != gepa.StopCost || res.Best == nil || len(res.History) == 0 {
					t.Errorf("stopped for %q (%s) with best %v", res.Stop.Reason, res.Stop.Detail, res.Best)
				}
				if (res.Test != nil) != tt.measured {
					t.Errorf("test = %+v, want it measured: %v", res.Test, tt.measured)
				}
				if n := sys.ended.Load(); n > 0 {
					t.Errorf("%d rollouts under way, paid for, were told to end", n)
				}

				// With the cap raised the run goes on, and pays for nothing twice.
				sys.left.Store(1 << 30)
				options.Observers = nil
				res, err = gepa.Optimize(t.Context(), sys, someData(), options)
				if err != nil || res.Stop.Reason != gepa.StopProposals || res.Test == nil {
					t.Fatalf("resumed: %v, stopped for %q, test %v", err, res.Stop.Reason, res.Test)
				}
				if got, want := sys.closed.Load(), int64(res.Rollouts)+2*test; tt.hold == 0 && got != want {
					t.Errorf("the system ran %d rollouts for %d", got, want)
				}
			})
		})
	}
}
