package gepa

// A Member is a candidate of the pool: one that was validated in full.
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
	// Scores are the validation scores, in the order of the validation set.
	Scores []float64
	// Mean is the mean of Scores.
	Mean float64
	// Objectives are the means over the validation set, in the order of
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
	// Spend is what the proposer's calls consumed.
	Spend Usage
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
	calls          map[string]Call
	searchRollouts int
	minibatches    int
	merges         int
	validationAt   map[string]bool
	testAt         map[string]bool
}

// outcome is a rollout as the search needs it: without the exact messages, and
// without a trace where no reflection will read it.
type outcome struct {
	rollout    Rollout
	components []string // named by the trace
}

// NewState returns the state of a run that has not begun.
func NewState() *State {
	return &State{
		seen:     map[string]bool{},
		rollouts: map[RolloutKey]*outcome{},
		calls:    map[string]Call{},
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

// committed returns the number of proposals that are over.
func (s *State) committed() int {
	n := len(s.proposals)
	for n > 0 && !s.proposals[n-1].Committed {
		n--
	}
	return n
}

// scores returns the validation scores of the pool, indexed by candidate and
// example.
func (s *State) scores() [][]float64 {
	rows := make([][]float64, len(s.pool))
	for i := range s.pool {
		rows[i] = s.pool[i].Scores
	}
	return rows
}

// Frontier returns the candidates on the frontier, ascending: those that may
// become parents.
func (s *State) Frontier() []int {
	if len(s.pool) == 0 {
		return nil
	}
	if s.run.Options.Frontier == FrontierByObjective {
		points := make([][]float64, len(s.pool))
		for i := range s.pool {
			points[i] = s.pool[i].Objectives
		}
		return ParetoFront(points, s.run.Options.Objectives)
	}
	return SelectByExample(s.scores(), s.run.Options.Dominance).Survivors
}
