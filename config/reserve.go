package config

import (
	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// reserve keeps back, from the search, what reading the test set will take: by
// the mean of the seed's rollouts, and a quarter more. When the search is over
// it gives it free. If that is more than half of the cap nothing is kept back:
// the search would have too little, and the run says so if the rest does not
// suffice.
type reserve struct {
	purse *lm.Purse
	state *gepa.State
	tests int
}

// margin is what is kept back for a rollout, in quarters of the mean.
const margin = 5

func newReserve(purse *lm.Purse, tests int) *reserve {
	return &reserve{purse: purse, state: gepa.NewState(), tests: tests}
}

// observe follows the run. It is an observer, called in the order of events.
func (r *reserve) observe(e gepa.Event) {
	if r.state.Apply(e) != nil {
		return // the engine refuses such a journal itself
	}
	switch e := e.(type) {
	case gepa.ProposalCommitted:
		if e.Proposal == 0 {
			r.hold()
		}
	case gepa.Continued:
		r.hold()
	case gepa.Stopped:
		r.purse.Hold(lm.Caps{})
	}
}

func (r *reserve) hold() {
	done := int64(r.state.Rollouts())
	if done == 0 || r.tests == 0 {
		return
	}
	spent := r.state.Spend().Task
	reading := int64(2*r.tests) * margin
	share := func(n int64) int64 { return n * reading / (4 * done) }
	part := lm.Caps{Nanos: share(spent.Cost.Nanos), Tokens: share(spent.Tokens()), Calls: share(spent.Calls)}
	caps := r.purse.Caps()
	if over(part.Nanos, caps.Nanos) || over(part.Tokens, caps.Tokens) || over(part.Calls, caps.Calls) {
		part = lm.Caps{}
	}
	r.purse.Hold(part)
}

// over reports whether a part is more than half of a cap.
func over(part, limit int64) bool { return limit > 0 && part > limit/2 }

// settle tells the purse what earlier sessions of the run spent, as observed.
func (r *reserve) settle() { r.purse.Spend(r.state.Spend().Total()) }
