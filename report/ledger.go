package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// An Account says what a run spent on what. Its entries are disjoint, and their
// sum is the run's total: what cannot be attributed is an entry of its own.
type Account struct {
	// Total is what the run spent.
	Total Usage `json:"total"`
	// Entries are by role, component, candidate and purpose, in that order;
	// those that are nothing are left out.
	Entries []Entry `json:"entries"`
}

// An Entry is what a run spent on one thing.
type Entry struct {
	Charge
	Usage
}

// A Charge says what something was spent on.
type Charge struct {
	// Role is who was asked.
	Role Role `json:"role"`
	// Component is the component that was run, judged or rewritten; "" where
	// the journal does not tell, for instance for systems without traces.
	Component string `json:"component"`
	// Candidate is the id of the candidate that ran or, for judge and
	// reflection, that came of it; -1 where it did not join the pool.
	Candidate int `json:"candidate"`
	// Purpose is what it was for.
	Purpose Purpose `json:"purpose"`
	// Failed says that an attempt failed for a reason of the world and was, or
	// would have been, made again.
	Failed bool `json:"failed"`
}

// Role is who was asked by a model call.
type Role string

// The roles.
const (
	RoleTask       Role = "task"
	RoleJudge      Role = gepa.RoleJudge
	RoleReflection Role = gepa.RoleReflection
	// RoleProposer is judge or reflection: a failed attempt of a proposal does
	// not tell which.
	RoleProposer Role = "proposer"
)

// Purpose is what a model call was for.
type Purpose string

// The purposes, in the order in which they are shown. A rollout that several
// want is charged to the first of them.
const (
	// PurposeBase: the validation of the base.
	PurposeBase Purpose = "base"
	// PurposeAccepted, PurposeRejected and PurposeUnfinished: a proposal, by
	// what became of it, its rollouts included.
	PurposeAccepted   Purpose = "accepted"
	PurposeRejected   Purpose = "rejected"
	PurposeUnfinished Purpose = "unfinished"
	// PurposeTest: the reading of the sealed test set.
	PurposeTest Purpose = "test"
	// PurposeUnknown: the journal does not tell.
	PurposeUnknown Purpose = "unknown"
)

// Ledger folds a run's journal into an account of what it spent. The models say
// whose cost is simulated.
func Ledger(records iter.Seq2[gepa.Record, error], models Models) (Account, error) {
	l := newLedger(gepa.NewState())
	for r, err := range records {
		if err != nil {
			return Account{}, fmt.Errorf("read the journal: %w", err)
		}
		event, err := gepa.DecodeRecord(r)
		if err == nil {
			err = l.state.Apply(event)
		}
		if err != nil {
			return Account{}, err
		}
		l.note(event)
	}
	return l.account(models), nil
}

// ledger collects a run's usage. What it was spent on is known only at the end:
// results are a set, and come in any order. There are many rollouts, so it
// knows candidates and examples by numbers.
type ledger struct {
	state      *gepa.State // whoever keeps it applies the events
	candidates numbering
	examples   numbering
	rollouts   []ran
	run        map[rolloutID]bool
	calls      []call
	called     map[call]bool
	children   map[int][]map[string]string // changed texts, by proposal
	failures   []gepa.AttemptFailed
}

// numbering numbers hashes from 0.
type numbering map[string]int

func (n numbering) of(hash string) int {
	i, known := n[hash]
	if !known {
		i = len(n)
		n[hash] = i
	}
	return i
}

// all numbers the examples of a set.
func (n numbering) all(refs []gepa.ExampleRef) []int {
	out := make([]int, len(refs))
	for i, ref := range refs {
		out[i] = n.of(ref.Hash)
	}
	return out
}

type rolloutID struct{ candidate, example, repeat int }

// ran is what a rollout consumed, by component.
type ran struct {
	candidate, example int
	parts              map[string]gepa.Usage
}

type call struct {
	proposal int
	key      gepa.CallKey
	usage    gepa.Usage
}

func newLedger(state *gepa.State) *ledger {
	return &ledger{
		state: state, candidates: numbering{}, examples: numbering{},
		run: map[rolloutID]bool{}, called: map[call]bool{}, children: map[int][]map[string]string{},
	}
}

// note collects from an event that was applied to the state.
func (l *ledger) note(e gepa.Event) {
	switch e := e.(type) {
	case gepa.RolloutDone:
		id := rolloutID{l.candidates.of(e.Job.Candidate), l.examples.of(e.Job.Example), e.Job.Repeat}
		if !l.run[id] {
			l.run[id] = true
			l.rollouts = append(l.rollouts, ran{id.candidate, id.example, byComponent(e.Rollout)})
		}
	case gepa.CallDone:
		if id := (call{proposal: e.Proposal, key: e.Call}); !l.called[id] {
			l.called[id] = true
			l.calls = append(l.calls, call{e.Proposal, e.Call, e.Result.Exchange.Usage})
		}
	case gepa.ReflectionDone:
		l.children[e.Proposal] = append(l.children[e.Proposal], e.Texts)
	case gepa.AttemptFailed:
		l.failures = append(l.failures, e)
	}
}

// byComponent splits a rollout's usage among the components that its trace
// names. What the trace lacks, such as the calls of a metric, is under "".
func byComponent(r gepa.Rollout) map[string]gepa.Usage {
	parts, traced := map[string]gepa.Usage{}, gepa.Usage{}
	for _, step := range r.Trace {
		for _, x := range step.Exchanges {
			parts[step.Component] = parts[step.Component].Add(x.Usage)
			traced = traced.Add(x.Usage)
		}
	}
	rest, ok := minus(r.Usage, traced)
	if !ok {
		return map[string]gepa.Usage{"": r.Usage} // the trace says more than there was
	}
	parts[""] = parts[""].Add(rest)
	return parts
}

// minus returns a usage without a part of it. It reports false if that is no
// part of it.
func minus(whole, part gepa.Usage) (gepa.Usage, bool) {
	rest := gepa.Usage{
		Calls:            whole.Calls - part.Calls,
		Cached:           whole.Cached - part.Cached,
		InputTokens:      whole.InputTokens - part.InputTokens,
		OutputTokens:     whole.OutputTokens - part.OutputTokens,
		CacheReadTokens:  whole.CacheReadTokens - part.CacheReadTokens,
		CacheWriteTokens: whole.CacheWriteTokens - part.CacheWriteTokens,
		ReasoningTokens:  whole.ReasoningTokens - part.ReasoningTokens,
		Unmeasured:       whole.Unmeasured - part.Unmeasured,
		Cost:             gepa.Cost{Nanos: whole.Cost.Nanos - part.Cost.Nanos, Unknown: whole.Cost.Unknown - part.Cost.Unknown},
	}
	return rest, min(rest.Calls, rest.Cached, rest.InputTokens, rest.OutputTokens, rest.CacheReadTokens, rest.CacheWriteTokens,
		rest.ReasoningTokens, rest.Unmeasured, rest.Cost.Nanos, rest.Cost.Unknown) >= 0
}

// account attributes what was collected.
func (l *ledger) account(models Models) Account {
	wanted, ids := l.wanted(), map[int]int{}
	for _, m := range slices.Backward(l.state.Pool()) {
		ids[l.candidates.of(m.Texts.Hash())] = m.ID // the first of equals
	}
	sums := map[Charge]gepa.Usage{}
	add := func(c Charge, u gepa.Usage) {
		if u != (gepa.Usage{}) {
			sums[c] = sums[c].Add(u)
		}
	}
	rollout := func(candidate, example int) Charge {
		c := Charge{Role: RoleTask, Candidate: -1, Purpose: wanted.of(candidate, example)}
		if id, ok := ids[candidate]; ok {
			c.Candidate = id
		}
		return c
	}
	proposer := func(number int) Charge {
		c := Charge{Role: RoleProposer, Candidate: -1, Purpose: PurposeUnknown}
		if all := l.state.Proposals(); number >= 1 && number <= len(all) {
			c.Candidate, c.Purpose = all[number-1].Candidate, purposeOf(all[number-1])
		}
		return c
	}
	for _, r := range l.rollouts {
		c := rollout(r.candidate, r.example)
		for component, usage := range r.parts {
			c.Component = component
			add(c, usage)
		}
	}
	for _, done := range l.calls {
		c := proposer(done.proposal)
		c.Role, c.Component = RoleReflection, done.key.Component
		if done.key.Role == gepa.RoleJudge {
			c.Role = RoleJudge
		}
		add(c, done.usage)
	}
	for _, failure := range l.failures {
		var c Charge
		if key, ok := rolloutOf(failure.Of); ok {
			c = rollout(l.candidates.of(key.Candidate), l.examples.of(key.Example))
		} else {
			c = proposer(proposalOf(failure.Of))
			switch {
			case failure.Role != "":
				c.Role = Role(failure.Role)
			case models.Judge.Name == "":
				c.Role = RoleReflection
			}
		}
		c.Failed = true
		add(c, failure.Usage)
	}
	return newAccount(sums, models)
}

func purposeOf(p gepa.Proposal) Purpose {
	switch {
	case p.Candidate >= 0:
		return PurposeAccepted
	case p.Committed:
		return PurposeRejected
	default:
		return PurposeUnfinished
	}
}

// purposesOf says what rollouts were for, by candidate and example.
type purposesOf map[int][]uint8 // 1 + the place in purposes; 0 for none

func (p purposesOf) of(candidate, example int) Purpose {
	if of := p[candidate]; example < len(of) && of[example] > 0 {
		return purposes()[of[example]-1]
	}
	return PurposeUnknown
}

// claim gives rollouts to a purpose that have none yet.
func (p purposesOf) claim(candidate int, examples []int, known int, purpose Purpose) {
	of := p[candidate]
	if of == nil {
		of = make([]uint8, known)
		p[candidate] = of
	}
	code := uint8(1 + place(purpose)) //nolint:gosec // there are six
	for _, ex := range examples {
		if of[ex] == 0 {
			of[ex] = code
		}
	}
}

// wanted returns what each rollout was for: the base's validation, else the
// first proposal that wants it, else the test set.
func (l *ledger) wanted() purposesOf {
	out := purposesOf{}
	run, pool := l.state.Run(), l.state.Pool()
	if run == nil {
		return out
	}
	feedback, validation, test := l.examples.all(run.Feedback), l.examples.all(run.Validation), l.examples.all(run.Test)
	known := len(l.examples)
	claim := func(texts gepa.Candidate, examples []int, p Purpose) {
		out.claim(l.candidates.of(texts.Hash()), examples, known, p)
	}
	base := gepa.Seed(run.Components)
	if run.Options.Start != nil {
		base = run.Options.Start
	}
	claim(base, validation, PurposeBase)
	for _, p := range l.state.Proposals() {
		purpose, set := purposeOf(p), feedback
		if p.Kind == gepa.ProposalMerge {
			set = validation
		}
		var examples []int
		for _, at := range slices.Concat(p.Examples, p.More) {
			examples = append(examples, set[at])
		}
		parent := pool[p.Parents[0]].Texts
		if p.Kind != gepa.ProposalMerge { // whose parents are not run again
			claim(parent, examples, purpose)
		}
		for _, texts := range l.children[p.Proposal] {
			claim(parent.With(texts), examples, purpose)
		}
		if p.Gate != nil && len(p.Gate.Texts) > 0 {
			child := parent.With(p.Gate.Texts)
			claim(child, examples, purpose)
			if p.Gate.Passed {
				claim(child, validation, purpose)
			}
		}
	}
	for _, m := range pool {
		claim(m.Texts, test, PurposeTest)
	}
	return out
}

// rolloutOf reads the key of a rollout that failed.
func rolloutOf(of string) (key gepa.RolloutKey, ok bool) {
	if !strings.HasPrefix(of, "{") {
		return key, false
	}
	if err := json.Unmarshal([]byte(of), &key); err != nil {
		return key, false
	}
	return key, true
}

// proposalOf reads the number of a proposal that failed; 0 if it is none.
func proposalOf(of string) int {
	number, _, _ := strings.Cut(strings.TrimPrefix(of, "proposal "), "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return n
}

func newAccount(sums map[Charge]gepa.Usage, models Models) Account {
	a := Account{Entries: []Entry{}}
	for c, u := range sums {
		a.Entries = append(a.Entries, Entry{c, UsageOf(u, models.simulated(c.Role))})
	}
	slices.SortFunc(a.Entries, func(x, y Entry) int { return compareCharges(x.Charge, y.Charge) })
	a.Total = a.Sum(nil)
	return a
}

// Sum returns the sum of the entries that are asked for; of all, if of is nil.
func (a Account) Sum(of func(Charge) bool) Usage {
	var sum gepa.Usage
	simulated, some := true, false
	for _, e := range a.Entries {
		if of != nil && !of(e.Charge) {
			continue
		}
		some = true
		simulated = simulated && e.Cost == simulatedCost
		sum = sum.Add(gepa.Usage{
			Calls: e.Calls, Cached: e.Cached, InputTokens: e.InputTokens, OutputTokens: e.OutputTokens, Unmeasured: e.Unmeasured,
			Cost: gepa.Cost{Nanos: e.CostNanos, Unknown: e.Unpriced},
		})
	}
	return UsageOf(sum, simulated && some)
}

func compareCharges(x, y Charge) int {
	roles := []Role{RoleTask, RoleJudge, RoleReflection, RoleProposer}
	failed := func(c Charge) int { return choose(c.Failed, 1, 0) }
	return cmp.Or(
		cmp.Compare(slices.Index(roles, x.Role), slices.Index(roles, y.Role)),
		cmp.Compare(x.Component, y.Component),
		cmp.Compare(x.Candidate, y.Candidate),
		cmp.Compare(place(x.Purpose), place(y.Purpose)),
		cmp.Compare(failed(x), failed(y)),
	)
}

func purposes() [6]Purpose {
	return [6]Purpose{PurposeBase, PurposeAccepted, PurposeRejected, PurposeUnfinished, PurposeTest, PurposeUnknown}
}

// place returns a purpose's place among them.
func place(p Purpose) int {
	all := purposes()
	return slices.Index(all[:], p)
}

// simulated reports whether all that play a role are simulated.
func (m Models) simulated(r Role) bool {
	judge := m.Judge.Simulated || m.Judge.Name == ""
	switch r {
	case RoleTask:
		return m.Task.Simulated
	case RoleJudge:
		return m.Judge.Simulated
	case RoleReflection:
		return m.Reflection.Simulated
	default:
		return m.Reflection.Simulated && judge
	}
}
