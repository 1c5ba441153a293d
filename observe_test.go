package gepa_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gepa-go/gepa"
)

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
