package gepa

import (
	"math"
	"slices"
)

// A Member is a candidate of the pool: one that was validated, in full or, with
// staged validation, as far as it mattered.
type Member struct {
	// ID is the candidate's place in the pool; the seed is 0.
	ID int
	// Parents are the ids of those it was made from: none for the seed, one
	// for a reflection, two for a merge.
	Parents []int
	// Proposal is the number of the proposal that made it; 0 for the seed.
	Proposal int
	// Texts is the candidate itself.
	Texts Candidate
	// Changed names the components whose texts differ from the first
	// parent's.
	Changed []string
	// Scores are the validation scores, in the order of the validation set;
	// NaN where the candidate was not run.
	Scores []float64
	// Full says that the candidate was run on the whole validation set. Only
	// such a candidate can be the best.
	Full bool
	// Validated is the number of validation examples it was run on.
	Validated int
	// Mean is the mean of the scores that are there.
	Mean float64
	// Objectives are the means over the same examples, in the order of
	// [Options.Objectives].
	Objectives []float64

	hash string
	next int // the component that the round robin takes next
}

// A Proposal is what is known of one attempt.
type Proposal struct {
	ProposalPlanned
	// Gate is nil until the gate decided.
	Gate *GateDecided
	// Committed says that the proposal is over.
	Committed bool
	// Candidate is the id of the accepted child; -1 if there is none.
	Candidate int
	// Joined is the decision that ended it; nil until then.
	Joined *ProposalCommitted
	// Spend is what the proposer's calls consumed.
	Spend Usage

	children map[int]ReflectionDone // until it is committed
}

// Spend is what a run consumed, by purpose.
type Spend struct {
	// Task is the rollouts' own model calls during the search, Test those on
	// the sealed test set.
	Task Usage `json:"task"`
	Test Usage `json:"test"`
	// Judge and Reflection are the proposer's calls.
	Judge      Usage `json:"judge"`
	Reflection Usage `json:"reflection"`
	// Failed is what attempts consumed that failed for reasons of the world.
	Failed Usage `json:"failed"`
}

// Total returns the sum over all purposes.
func (s Spend) Total() Usage {
	return s.Task.Add(s.Test).Add(s.Judge).Add(s.Reflection).Add(s.Failed)
}

// A State is what a run's events amount to. It changes only by [State.Apply];
// the engine, a progress view and a report that apply the same events agree.
// A State is not safe for concurrent use. The slices and maps that its methods
// return are not to be changed.
type State struct {
	run       *RunStarted
	pool      []Member
	proposals []Proposal
	best      int
	bestSince int // proposals committed when the best candidate was found
	seen      map[string]bool
	traced    bool
	stop      *Stopped
	tests     []TestOpened
	sessions  int
	failures  int
	spend     Spend

	rollouts       map[RolloutKey]*outcome
	calls          map[int]map[CallKey]Call // by proposal, until it is committed
	done           int                      // proposals committed
	searchRollouts int
	charged        int // rollouts that committed proposals were charged for
	idle           int // proposals in a row that were charged for nothing
	reserved       int // rollouts that proposals under way may use
	minibatches    int
	merges         int
	mergeDue       bool
	validationAt   map[string]bool
	testAt         map[string]bool
	front          front
	objectiveFront []int          // ids on the frontier by objective, ascending
	selected       *Selection     // of the front; nil when it must be made anew
	members        map[string]int // pool ids by hash
	merged         map[string]bool
	order          []int // of validation examples, for staged validation
}

// outcome is a rollout as the search needs it: without the exact messages, and
// without a trace where no reflection will read it.
type outcome struct {
	rollout    Rollout
	components []string // named by the trace, while some were never seen
	traced     bool
	charged    bool
	trimmed    bool // its trace was there and is dropped
}

// NewState returns the state of a run that has not begun.
func NewState() *State {
	return &State{
		seen:     map[string]bool{},
		rollouts: map[RolloutKey]*outcome{},
		calls:    map[int]map[CallKey]Call{},
		members:  map[string]int{},
		merged:   map[string]bool{},
	}
}

// Run returns the run's opening event, or nil before it.
func (s *State) Run() *RunStarted { return s.run }

// Pool returns the validated candidates, by id.
func (s *State) Pool() []Member { return s.pool }

// Proposals returns the proposals planned so far; number n has index n−1.
func (s *State) Proposals() []Proposal { return s.proposals }

// Best returns the candidate with the highest mean validation score, the
// earliest of equals. It reports false while there is none.
func (s *State) Best() (Member, bool) {
	if len(s.pool) == 0 {
		return Member{}, false
	}
	return s.pool[s.best], true
}

// Stop returns why the search ended, or nil while it has not.
func (s *State) Stop() *Stopped { return s.stop }

// Spend returns what the run consumed so far.
func (s *State) Spend() Spend { return s.spend }

// Rollouts returns the number of distinct rollouts that count towards the
// budget: all but those on the test set.
func (s *State) Rollouts() int { return s.searchRollouts }

// TestReadings returns how often the sealed test set was opened.
func (s *State) TestReadings() int { return len(s.tests) }

// Sessions returns how many processes have worked on the run.
func (s *State) Sessions() int { return s.sessions }

// Rollout returns the rollout of a candidate on an example of the run's data.
// Exact messages are left out, and so are the traces of validation and test
// rollouts; the journal has them.
func (s *State) Rollout(key RolloutKey) (Rollout, bool) {
	o, ok := s.rollouts[key]
	if !ok {
		return Rollout{}, false
	}
	return o.rollout, true
}

// Committed returns the number of proposals that are over.
func (s *State) Committed() int { return s.done }

// InFlight returns the number of proposals that are planned and not over.
func (s *State) InFlight() int { return len(s.proposals) - s.done }

// Frontier returns the candidates on the frontier, ascending: those that may
// become parents under [ParentPareto].
func (s *State) Frontier() []int {
	if len(s.pool) == 0 {
		return nil
	}
	if s.run.Options.Frontier == FrontierByObjective {
		return slices.Clone(s.objectiveFront)
	}
	return s.selection().Survivors
}

// extendObjectiveFront puts a new member on the frontier by objective, the
// fully validated candidates whose mean objectives no other's dominate, unless
// one of them does, and takes those off that it dominates. Dominance being
// transitive, those that are off stay off.
func (s *State) extendObjectiveFront(m *Member) {
	objectives := s.run.Options.Objectives
	if !m.Full || len(objectives) == 0 {
		return
	}
	for _, id := range s.objectiveFront {
		if dominates(s.pool[id].Objectives, m.Objectives, objectives) {
			return
		}
	}
	s.objectiveFront = slices.DeleteFunc(s.objectiveFront, func(id int) bool {
		return dominates(m.Objectives, s.pool[id].Objectives, objectives)
	})
	s.objectiveFront = append(s.objectiveFront, m.ID)
}

// selection returns the frontier by example, pruned.
func (s *State) selection() Selection {
	if s.selected == nil {
		parents := s.front.parents(s.run.Options.Dominance)
		s.selected = &parents
	}
	return *s.selected
}

// columns returns what the frontier compares of a member: its scores and, for
// the frontier of both kinds, its mean objectives.
func (s *State) columns(m *Member) []float64 {
	if s.run.Options.Frontier != FrontierByBoth {
		return m.Scores
	}
	out := append([]float64{}, m.Scores...)
	for k, o := range s.run.Options.Objectives {
		v := m.Objectives[k]
		switch {
		case !m.Full:
			v = math.NaN()
		case o.Direction == Minimize:
			v = -v
		}
		out = append(out, v)
	}
	return out
}
