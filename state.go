package gepa

import (
	"fmt"
	"maps"
	"slices"
)

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

// Apply applies one event. It returns an error, and leaves the state as it
// was, if the event cannot follow those applied before: the journal is not
// that of one run.
func (s *State) Apply(e Event) error {
	if _, opens := e.(RunStarted); s.run == nil && !opens {
		kind, _ := e.record()
		return fmt.Errorf("journal: a %q record comes before the run is opened", kind)
	}
	switch e := e.(type) {
	case RunStarted:
		return s.applyRun(e)
	case ProposalPlanned:
		return s.applyPlan(e)
	case GateDecided:
		p, err := s.open(e.Proposal)
		if err != nil {
			return err
		}
		p.Gate = &e
	case ProposalCommitted:
		return s.applyCommit(e)
	case Stopped:
		s.stop = &e
	case Continued:
		s.stop = nil
	case TestOpened:
		s.tests = append(s.tests, e)
	case RolloutDone:
		s.applyRollout(e)
	case CallDone:
		s.applyCall(e)
	case AttemptFailed:
		s.failures++
		s.spend.Failed = s.spend.Failed.Add(e.Usage)
	case SessionStarted:
		s.sessions++
	default:
		return fmt.Errorf("journal: unknown event %T", e)
	}
	return nil
}

func (s *State) applyRun(e RunStarted) error {
	if s.run != nil {
		return fmt.Errorf("journal: the run is opened twice")
	}
	s.run = &e
	s.validationAt = refSet(e.Validation)
	s.testAt = refSet(e.Test)
	return nil
}

func refSet(refs []ExampleRef) map[string]bool {
	set := make(map[string]bool, len(refs))
	for _, r := range refs {
		set[r.Hash] = true
	}
	return set
}

func (s *State) applyPlan(e ProposalPlanned) error {
	if e.Proposal != len(s.proposals)+1 {
		return fmt.Errorf("journal: proposal %d is planned after proposal %d", e.Proposal, len(s.proposals))
	}
	for _, id := range e.Parents {
		if id < 0 || id >= len(s.pool) {
			return fmt.Errorf("journal: proposal %d has parent %d, the pool has %d candidates", e.Proposal, id, len(s.pool))
		}
	}
	switch e.Kind {
	case ProposalReflect:
		s.minibatches++
		s.pool[e.Parents[0]].next = s.after(e.Components)
	case ProposalMerge:
		s.merges++
	}
	s.proposals = append(s.proposals, Proposal{ProposalPlanned: e, Candidate: -1})
	return nil
}

// after returns the index of the component that follows the last of those
// named.
func (s *State) after(components []string) int {
	last := components[len(components)-1]
	i := slices.IndexFunc(s.run.Components, func(c Component) bool { return c.Name == last })
	return (i + 1) % len(s.run.Components)
}

// open returns a proposal that is planned and not committed.
func (s *State) open(number int) (*Proposal, error) {
	if number < 1 || number > len(s.proposals) || s.proposals[number-1].Committed {
		return nil, fmt.Errorf("journal: proposal %d is not under way", number)
	}
	return &s.proposals[number-1], nil
}

func (s *State) applyCommit(e ProposalCommitted) error {
	var m Member
	if e.Proposal == 0 {
		m = Member{Texts: s.seed()}
	} else {
		p, err := s.open(e.Proposal)
		if err != nil {
			return err
		}
		if e.Accepted {
			m = s.child(p)
		}
		defer func() { p.Committed = true }()
	}
	for _, name := range e.Seen {
		s.seen[name] = true
	}
	s.traced = s.traced || e.Traced
	if !e.Accepted {
		return nil
	}
	m.ID = len(s.pool)
	m.hash = m.Texts.Hash()
	if err := s.score(&m); err != nil {
		return err
	}
	s.pool = append(s.pool, m)
	if e.Proposal > 0 {
		s.proposals[e.Proposal-1].Candidate = m.ID
	}
	if m.Mean > s.pool[s.best].Mean {
		s.best, s.bestSince = m.ID, e.Proposal
	}
	return nil
}

// seed returns the candidate that the run started from.
func (s *State) seed() Candidate {
	if s.run.Options.Start != nil {
		return s.run.Options.Start
	}
	return Seed(s.run.Components)
}

// child makes the pool member that a proposal's gate let through.
func (s *State) child(p *Proposal) Member {
	parent := s.pool[p.Parents[0]]
	m := Member{
		Parents:  p.Parents,
		Proposal: p.Proposal,
		Texts:    parent.Texts.With(p.Gate.Texts),
		next:     parent.next,
	}
	for _, c := range s.run.Components {
		if m.Texts[c.Name] != parent.Texts[c.Name] {
			m.Changed = append(m.Changed, c.Name)
		}
	}
	if p.Kind == ProposalMerge {
		m.next = max(parent.next, s.pool[p.Parents[1]].next)
	} else {
		m.next = s.after(p.Components)
	}
	return m
}

// score fills in a member's validation scores from the rollouts.
func (s *State) score(m *Member) error {
	refs := s.run.Validation
	objectives := s.run.Options.Objectives
	m.Scores = make([]float64, len(refs))
	m.Objectives = make([]float64, len(objectives))
	for i, ref := range refs {
		o, ok := s.rollouts[RolloutKey{Candidate: m.hash, Example: ref.Hash}]
		if !ok {
			return fmt.Errorf("journal: candidate %d joins the pool without a rollout on validation example %q", m.ID, ref.ID)
		}
		m.Scores[i] = o.rollout.Score
		for k, obj := range objectives {
			m.Objectives[k] += o.rollout.Objectives[obj.Name] / float64(len(refs))
		}
	}
	m.Mean = mean(m.Scores)
	return nil
}

func (s *State) applyRollout(e RolloutDone) {
	if _, known := s.rollouts[e.Job]; known {
		return
	}
	o := &outcome{rollout: e.Rollout}
	if len(s.seen) < len(s.run.Components) {
		named := map[string]bool{}
		for _, step := range e.Rollout.Trace {
			named[step.Component] = true
		}
		o.components = slices.Sorted(maps.Keys(named))
	}
	if s.validationAt[e.Job.Example] || s.testAt[e.Job.Example] {
		o.rollout.Trace = nil
	} else {
		o.rollout.Trace = slices.Clone(o.rollout.Trace)
		for i := range o.rollout.Trace {
			o.rollout.Trace[i].Exchanges = nil
		}
	}
	s.rollouts[e.Job] = o
	if s.testAt[e.Job.Example] {
		s.spend.Test = s.spend.Test.Add(e.Rollout.Usage)
		return
	}
	s.searchRollouts++
	s.spend.Task = s.spend.Task.Add(e.Rollout.Usage)
}

func (s *State) applyCall(e CallDone) {
	key := callKey(e.Proposal, e.Call)
	if _, known := s.calls[key]; known {
		return
	}
	s.calls[key] = e.Result
	usage := e.Result.Exchange.Usage
	if n := e.Proposal; n >= 1 && n <= len(s.proposals) {
		s.proposals[n-1].Spend = s.proposals[n-1].Spend.Add(usage)
	}
	if e.Call.Role == RoleJudge {
		s.spend.Judge = s.spend.Judge.Add(usage)
	} else {
		s.spend.Reflection = s.spend.Reflection.Add(usage)
	}
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
