package forecast

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// outcome is what a simulated run took.
type outcome struct {
	proposals, accepted, rollouts, reflections float64
	task, test, judge, reflection              consumption
	tested                                     float64 // rollouts on the test set
	search, reading                            time.Duration
	best                                       float64 // mean validation score
	stop                                       gepa.StopReason
}

// simulation is one run in one world, on virtual time.
type simulation struct {
	*world
	opening *opening
	state   *gepa.State
	out     outcome
	free    int
	number  int
	now     time.Duration
	waiting queue // rollouts, by proposal
	running queue // all tasks, by when they end
}

// opening is what all simulated runs have in common.
type opening struct {
	event   gepa.RunStarted
	data    gepa.Data
	budget  gepa.Budget
	slots   int
	caps    lm.Caps
	example map[string]int    // number of an example, by its simulated hash
	byID    map[string]int    // the same, by its id
	real    map[string]string // its real hash
}

// mostProposals bounds a simulated run that nothing else does.
const mostProposals = 300

// newOpening makes the run that is simulated: the real one's options and sizes,
// with texts and examples that stand for the real ones.
func newOpening(m *measures) (*opening, error) {
	in := m.in
	o := in.Options.WithDefaults()
	// What a simulated rollout lacks, and what would watch or keep it.
	o.Objectives, o.Frontier, o.Observers, o.Journal, o.Runner, o.Logger = nil, gepa.FrontierByExample, nil, nil, nil, nil
	o.Proposer, o.Start = noProposer{}, nil
	if o.Budget.Proposals == 0 && o.Budget.Rollouts == 0 {
		o.Budget.Proposals = mostProposals
	}
	op := &opening{budget: o.Budget, slots: max(o.Concurrency, 1), caps: in.Caps, example: map[string]int{}, byID: map[string]int{}, real: map[string]string{}}
	if in.Options.Concurrency == 0 {
		op.slots = 8
	}
	standIns := func(set string, hashes []string) []gepa.Example {
		out := make([]gepa.Example, len(hashes))
		for i, hash := range hashes {
			out[i] = gepa.Example{ID: fmt.Sprintf("%s%d", set, i), Inputs: gepa.NewFields("example", hash)}
			simulated := out[i].Hash()
			if _, known := op.example[simulated]; !known {
				op.example[simulated], op.real[simulated] = len(op.example), hash
			}
			op.byID[out[i].ID] = op.example[simulated]
		}
		return out
	}
	op.data = gepa.Data{
		Feedback: standIns("f", in.Feedback), Validation: standIns("v", in.Validation), Test: standIns("t", in.Test),
	}
	s := standIn{}
	for _, c := range in.Components {
		s.components = append(s.components, gepa.Component{Name: c.Name, Text: writeText(len(m.start[c.Name]), nil)})
	}
	var err error
	op.event, err = gepa.Opening(s, op.data, o)
	return op, err
}

// standIn is a system that is never run: the simulation answers for it.
type standIn struct{ components []gepa.Component }

func (s standIn) Components() []gepa.Component { return s.components }
func (s standIn) Run(context.Context, gepa.Job) (gepa.Rollout, error) {
	return gepa.Rollout{}, errors.New("forecast: a simulated system is not run")
}

type noProposer struct{}

func (noProposer) Propose(context.Context, gepa.ReflectRequest) (gepa.Reflection, error) {
	return gepa.Reflection{}, errors.New("forecast: a simulated run proposes nothing itself")
}

// queued is a task that waits for a slot, or that is under way.
type queued struct {
	task   gepa.Task
	order  time.Duration // when it ends or, while it waits, its proposal
	number int
}

type queue []queued

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].order < q[j].order || q[i].order == q[j].order && q[i].number < q[j].number
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(queued)) } //nolint:forcetypeassert // container/heap's form
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// simulate makes one run.
func simulate(w *world, op *opening) (outcome, error) {
	s := &simulation{world: w, opening: op, state: gepa.NewState(), free: op.slots}
	if err := s.state.Apply(op.event); err != nil {
		return s.out, err
	}
	search, err := gepa.NewSearch(s.state, op.data, op.budget)
	if err != nil {
		return s.out, err
	}
	if err := s.drive(search); err != nil {
		return s.out, err
	}
	s.out.search = s.now
	s.readTest()
	s.finish()
	return s.out, nil
}

// drive takes the search to its end.
func (s *simulation) drive(search *gepa.Search) error {
	for {
		asked, err := search.Ask()
		if err != nil {
			return err
		}
		for _, t := range asked.Tasks {
			if t.Reflect != nil {
				s.begin(t)
				continue
			}
			s.number++
			heap.Push(&s.waiting, queued{t, time.Duration(t.Proposal), s.number})
		}
		for s.free > 0 && s.waiting.Len() > 0 {
			s.begin(heap.Pop(&s.waiting).(queued).task) //nolint:forcetypeassert // it holds nothing else
		}
		if s.running.Len() == 0 {
			if !asked.Done {
				return errors.New("forecast: the simulated search came to a standstill")
			}
			return nil
		}
		next := heap.Pop(&s.running).(queued) //nolint:forcetypeassert // it holds nothing else
		if limit := s.opening.budget.Time; limit > 0 && next.order > limit && len(s.state.Pool()) > 0 {
			s.now = limit
			return search.Tell(gepa.Stopped{Reason: gepa.StopTime})
		}
		s.now = next.order
		if next.task.Reflect == nil {
			s.free++
		}
		if err := search.Tell(s.do(&next.task)); err != nil {
			return err
		}
		if s.capped() && len(s.state.Pool()) > 0 && s.state.Stop() == nil {
			return search.Tell(gepa.Stopped{Reason: gepa.StopCost})
		}
	}
}

// begin starts a task and counts what it takes.
func (s *simulation) begin(t gepa.Task) {
	var took time.Duration
	if t.Reflect != nil {
		took = s.reflecting(&t)
	} else {
		s.free--
		c := s.run(&t)
		took = c.took
		s.out.task.add(c)
	}
	s.number++
	heap.Push(&s.running, queued{t, s.now + took, s.number})
}

// run returns what a rollout takes.
func (s *simulation) run(t *gepa.Task) consumption {
	return s.rollout(s.read(t.Key.Candidate, t.Job.Candidate), s.opening.real[t.Key.Example], uint64(s.opening.example[t.Key.Example]))
}

// do is the world's answer to a task.
func (s *simulation) do(t *gepa.Task) gepa.Event {
	if t.Reflect == nil {
		c := s.read(t.Key.Candidate, t.Job.Candidate)
		score := s.score(number(t.Key.Candidate), c, s.opening.real[t.Key.Example], uint64(s.opening.example[t.Key.Example]))
		return gepa.RolloutDone{Job: t.Key, Rollout: gepa.Rollout{Score: score}}
	}
	req := t.Reflect
	done := gepa.ReflectionDone{Proposal: req.Proposal, Child: req.Child}
	edit := s.edit(req)
	if at, same := s.trialOf(req); same {
		return s.again(done, at)
	}
	if named(s.seedNumber, drawLuck, uint64(edit)).Uniform() < s.refusal {
		done.Refused = "a simulated reply without a text"
		return done
	}
	s.batches[edit] = map[uint64]bool{}
	for _, ex := range req.Examples {
		s.batches[edit][uint64(s.opening.byID[ex.Example.ID])] = true
	}
	done.Texts = map[string]string{}
	for _, name := range req.Components {
		length, edits := readText(req.Candidate[name])
		done.Texts[name] = writeText(s.rewritten(name, length, edits, edit), append(edits, edit))
	}
	return done
}

// again is what the trial's proposal made.
func (s *simulation) again(done gepa.ReflectionDone, at int) gepa.Event {
	p := &s.in.Trial.Proposals[at]
	if len(p.Texts) == 0 {
		done.Refused = "a reply without a text"
		return done
	}
	number := trialEdits + at
	if s.batches[number] == nil {
		s.batches[number] = map[uint64]bool{}
		for simulated, hash := range s.opening.real {
			if slices.Contains(p.Examples, hash) {
				s.batches[number][uint64(s.opening.example[simulated])] = true
			}
		}
	}
	done.Texts = map[string]string{}
	for name, text := range p.Texts {
		var edits []int
		for _, c := range s.chains[at] {
			if _, rewrote := s.in.Trial.Proposals[c-trialEdits].Texts[name]; rewrote {
				edits = append(edits, c)
			}
		}
		done.Texts[name] = writeText(len(text), append(edits, number))
	}
	return done
}

// trialOf returns the proposal of the trial that this one repeats: of the same
// parent, on the same minibatch.
func (s *simulation) trialOf(req *gepa.ReflectRequest) (int, bool) {
	if req.Child > 0 || req.Merge != nil {
		return 0, false
	}
	t := s.read(req.Candidate.Hash(), req.Candidate)
	for i := range s.in.Trial.Proposals {
		p := &s.in.Trial.Proposals[i]
		if !slices.Equal(t.edits, s.chains[i]) || len(p.Examples) != len(req.Examples) || !slices.Equal(p.Components, req.Components) {
			continue
		}
		if !slices.ContainsFunc(req.Examples, func(ex gepa.Reflected) bool {
			return !slices.Contains(p.Examples, s.opening.real[ex.Example.Hash()])
		}) {
			return i, true
		}
	}
	return 0, false
}

// edit numbers a proposal's child.
func (s *simulation) edit(req *gepa.ReflectRequest) int {
	return req.Proposal*max(s.opening.event.Options.Children, 1) + req.Child
}

// rewritten returns a text's length after an edit.
func (s *simulation) rewritten(component string, length int, edits []int, edit int) int {
	k := named(s.seedNumber, drawLuck, uint64(edit), uint64(len(component)))
	longer := max(float64(len(s.start[component])), leastGrowth) * (0.5 + k.Uniform())
	if len(s.growth) > 0 {
		longer = s.growth[k.Of(len(s.growth))]
	}
	if len(edits) > 0 {
		longer *= s.grows
		if len(s.regrowth) > 0 {
			longer = s.regrowth[k.Of(len(s.regrowth))]
		}
	}
	return max(length+int(s.longer*longer), 20)
}

// reflecting counts what a reflection takes and returns how long.
func (s *simulation) reflecting(t *gepa.Task) time.Duration {
	req := t.Reflect
	s.out.reflections++
	shares := float64(len(req.Components))
	if len(s.made) == 0 {
		s.out.reflection.add(s.supposed(req))
		return 10 * time.Second
	}
	p := &s.in.Trial.Proposals[s.made[named(s.seedNumber, drawLuck, uint64(s.edit(req)), 1).Of(len(s.made))]]
	shares /= float64(max(len(p.Components), 1))
	more, longer := 0.0, 0.0
	for _, name := range req.Components {
		length, edits := readText(req.Candidate[name])
		more += s.perChar * (float64(length) - p.before())
		longer += s.perChar * (float64(s.rewritten(name, length, edits, s.edit(req))) - p.after())
	}
	if req.Child == 0 && req.Merge == nil {
		examples := float64(len(req.Examples)) / float64(max(len(p.Examples), 1))
		judge := s.of(p.Judge, 0, 1, weightsOf(s.in.Models.Judge))
		judge.scale(shares * examples)
		judge.input += more / max(shares, 1) * float64(len(req.Examples)*len(req.Components)) * indicator(p.Judge.InputTokens > 0)
		s.out.judge.add(judge)
	}
	u := p.Reflection
	times := 1.0
	if u.OutputTokens > 0 {
		times = max(1+longer/float64(u.OutputTokens)/max(shares, 1), 0.2)
	}
	c := s.of(u, more/max(shares, 1), times, weightsOf(s.in.Models.Reflection))
	c.scale(shares)
	s.out.reflection.add(c)
	return p.Elapsed
}

// supposed is what a reflection takes where none was measured: a prompt with
// what a minibatch's rollouts read and wrote, and a reply of usual length.
func (s *simulation) supposed(req *gepa.ReflectRequest) consumption {
	var read float64
	for _, r := range s.seed {
		read += float64(r.Rollout.Usage.Tokens())
	}
	u := gepa.Usage{Calls: 1, InputTokens: int64(read/float64(len(s.seed))*float64(len(req.Examples))) + defaultReply, OutputTokens: defaultReply}
	c := s.of(u, 0, 1, [2]float64{})
	if price := s.in.Models.Reflection.Price; price != nil {
		c.nanos = float64(price.Cost(u))
	} else {
		c.unknown = 1
	}
	c.scale(float64(len(req.Components)))
	return c
}

// before and after return the mean length of a measured proposal's texts.
func (p *Proposal) before() float64 {
	sum := 0.0
	for _, name := range p.Components {
		sum += float64(len(p.Parent[name]))
	}
	return sum / float64(max(len(p.Components), 1))
}

func (p *Proposal) after() float64 {
	if len(p.Texts) == 0 {
		return p.before() + leastGrowth
	}
	sum := 0.0
	for _, text := range p.Texts {
		sum += float64(len(text))
	}
	return sum / float64(len(p.Texts))
}

// capped reports whether a cap, less what is kept back for the test set, is
// spent.
func (s *simulation) capped() bool {
	if s.opening.caps == (lm.Caps{}) {
		return false
	}
	var spent consumption
	for _, part := range []consumption{s.out.task, s.out.judge, s.out.reflection} {
		spent.add(part)
	}
	over := func(limit int64, used, each float64) bool {
		if limit == 0 {
			return false
		}
		held := 2 * float64(len(s.in.Test)) * 1.25 * each
		if held > float64(limit)/2 {
			held = 0
		}
		return used > float64(limit)-held
	}
	var each consumption
	for _, r := range s.seed {
		each.add(s.of(r.Rollout.Usage, 0, 1, weightsOf(s.in.Models.Task)))
	}
	each.scale(1 / float64(max(len(s.seed), 1)))
	caps := s.opening.caps
	return over(caps.Nanos, spent.nanos, each.nanos) || over(caps.Tokens, spent.input+spent.output, each.input+each.output) || over(caps.Calls, spent.calls, each.calls)
}

// readTest measures the seed and the winner on the test set.
func (s *simulation) readTest() {
	best, ok := s.state.Best()
	if !ok || len(s.in.Test) == 0 {
		return
	}
	members := s.state.Pool()[:1]
	if best.ID != 0 {
		members = append(members[:1:1], best)
	}
	ends := make([]time.Duration, s.opening.slots)
	at := 0
	for _, m := range members {
		t := s.read(m.Texts.Hash(), m.Texts)
		for _, ex := range s.opening.event.Test {
			c := s.rollout(t, s.opening.real[ex.Hash], uint64(s.opening.example[ex.Hash]))
			s.out.test.add(c)
			s.out.tested++
			for i, end := range ends {
				if end < ends[at] {
					at = i
				}
			}
			ends[at] += c.took
		}
	}
	for _, end := range ends {
		s.out.reading = max(s.out.reading, end)
	}
}

// finish notes how the run ended.
func (s *simulation) finish() {
	s.out.proposals = float64(len(s.state.Proposals()))
	s.out.rollouts = float64(s.state.Rollouts())
	for _, p := range s.state.Proposals() {
		if p.Joined != nil && p.Joined.Accepted {
			s.out.accepted++
		}
	}
	if best, ok := s.state.Best(); ok {
		s.out.best = best.Mean
	}
	if stop := s.state.Stop(); stop != nil {
		s.out.stop = stop.Reason
	}
}

// number mixes a hash into 64 bits.
func number(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

func indicator(b bool) float64 { return choose(b, 1.0, 0.0) }

func choose[T any](cond bool, yes, no T) T {
	if cond {
		return yes
	}
	return no
}
