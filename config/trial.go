package config

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/report/forecast"
)

// The defaults of a [Trial].
const (
	DefaultTrialExamples    = 16
	DefaultTrialReflections = 2
	DefaultTrialRepeats     = 6
	// DefaultTrialNanos and DefaultTrialCalls cap what a trial spends.
	DefaultTrialNanos = 1_000_000_000
	DefaultTrialCalls = 1000
)

// A Trial measures a little of a run to say what all of it will use. Nothing
// is kept but what the cache of calls keeps. The sealed test set is not read.
type Trial struct {
	// Optimize is the run. Its Out is where a price table may be; nothing is
	// written there.
	Optimize
	// Examples is the number of validation examples that the seed is run on,
	// drawn by the run's seed. Reflections is how many proposals are made in
	// earnest, as the run's first ones would be, so that a run with a cache
	// pays for none of them again; up to twice as many more where a minibatch
	// holds nothing to learn from. Repeats is the number of examples that are
	// run twice more.
	Examples, Reflections, Repeats int
	// Nanos and Calls cap what the models' calls consume: billionths of a
	// dollar, where every model's price and longest reply are known, and
	// calls. A lower cap of the run holds, too. 0 means the default.
	Nanos, Calls int64
	// Tell, if not nil, is told how it goes. It is called by one goroutine at
	// a time.
	Tell func(text string)
}

// Do makes the trial and the forecast. Spent is what the trial consumed, also
// where there is an error; that matches ErrUsage where the user can mend it,
// and is the context's cause if that ended.
func (t Trial) Do(ctx context.Context) (f forecast.Forecast, spent gepa.Usage, err error) {
	run, err := t.build(ctx)
	if err != nil {
		return f, spent, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	if err := run.Open(ctx); err != nil {
		return f, spent, err
	}
	run.calls.began = true
	m := &trial{Trial: t, run: run, runner: run.Options.Runner}
	if m.runner == nil {
		m.runner = run.System
	}
	if m.Tell == nil {
		m.Tell = func(string) {}
	}
	began := time.Now()
	measured, err := m.measure(ctx)
	measured.Spent, measured.Elapsed = m.spent, time.Since(began)
	if err != nil {
		return f, m.spent, err
	}
	m.Tell("simulating the run")
	f, err = forecast.New(forecast.Input{
		Program: run.ProgramName, Models: run.Models, Options: run.Options, Components: run.System.Components(),
		Feedback: hashes(run.Data.Feedback), Validation: hashes(run.Data.Validation), Test: hashes(run.Data.Test),
		Caps: t.Optimize.Caps, Trial: measured,
	})
	if errors.Is(err, forecast.ErrNothing) && measured.Ended != "" {
		err = usagef("the trial's cap left nothing to measure: %s; raise it with --trial-cost or --trial-calls", measured.Ended)
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return f, m.spent, err
}

// build returns the run under the trial's caps, kept nowhere.
func (t Trial) build(ctx context.Context) (*Run, error) {
	o := t.Optimize.withDefaults()
	if o.Out != "" && o.Prices == "" {
		o.Prices = existing(o.Out + "/" + PricesFile)
	}
	o.Out, o.Observer = "", nil
	lower := func(limit *int64, own, otherwise int64) {
		if own = orDefault(own, otherwise); *limit == 0 || *limit > own {
			*limit = own
		}
	}
	given := o.Caps
	lower(&o.Caps.Calls, t.Calls, DefaultTrialCalls)
	if t.Nanos > 0 || o.capsDollars() {
		lower(&o.Caps.Nanos, t.Nanos, DefaultTrialNanos)
	}
	run, err := o.Build(ctx)
	if err == nil {
		run.Caps = given
	}
	return run, err
}

// capsDollars reports whether a cap in dollars could be kept.
func (o Optimize) capsDollars() bool {
	o.Record, o.Caps = "", Caps{Nanos: DefaultTrialNanos}
	c, err := o.newCalls()
	if err != nil {
		return false // Build says it
	}
	var r roles
	played, err := o.played(&r)
	return err == nil && c.checkCaps(played) == nil
}

func hashes(examples []gepa.Example) []string {
	out := make([]string, len(examples))
	for i, ex := range examples {
		out[i] = ex.Hash()
	}
	return out
}

// trial is a [Trial] under way. It is the runner and the proposer of its
// proposals, and notes what they do.
type trial struct {
	Trial
	run    *Run
	runner gepa.Runner

	mu        sync.Mutex
	rollouts  []forecast.Rollout
	proposals []forecast.Proposal
	spent     gepa.Usage
}

// measure makes the trial's rollouts and proposals.
func (t *trial) measure(ctx context.Context) (forecast.Trial, error) {
	validation := t.drawn()
	t.Tell(fmt.Sprintf("running the seed on %d of %d validation examples", len(validation), len(t.run.Data.Validation)))
	err := t.try(ctx, validation, 0)
	if err == nil {
		err = t.repeat(ctx, validation)
	}
	if err == nil && t.Reflections > 0 {
		err = t.propose(ctx, validation)
	}
	out := forecast.Trial{}
	switch {
	case ctx.Err() != nil:
		return out, context.Cause(ctx)
	case errors.Is(err, gepa.ErrBudget):
		out.Ended = "its cap is reached"
	case err != nil:
		return out, err
	}
	out.Rollouts, out.Proposals = t.sorted()
	return out, nil
}

// drawn returns the validation examples that the seed is run on.
func (t *trial) drawn() []gepa.Example {
	all := t.run.Data.Validation
	order := rand.New(rand.NewPCG(t.run.Options.Seed, 0x706c616e)).Perm(len(all)) //nolint:gosec // no secret
	order = order[:min(max(t.Examples, 1), len(all))]
	slices.Sort(order)
	out := make([]gepa.Example, len(order))
	for i, at := range order {
		out[i] = all[at]
	}
	return out
}

// seed returns the candidate that the run starts from.
func (t *trial) seed() gepa.Candidate {
	if t.run.Options.Start != nil {
		return t.run.Options.Start
	}
	return gepa.Seed(t.run.System.Components())
}

// try runs the seed on examples.
func (t *trial) try(ctx context.Context, examples []gepa.Example, repeat int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(orDefault(t.run.Options.Concurrency, 8))
	for _, ex := range examples {
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil // what failed first is the error
			}
			if _, err := t.Run(ctx, gepa.Job{Candidate: t.seed(), Example: ex, Repeat: repeat}); err != nil {
				return fmt.Errorf("example %s: %w", ex.ID, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// repeat runs the seed again on some examples.
func (t *trial) repeat(ctx context.Context, validation []gepa.Example) error {
	again := validation[:min(t.Repeats, len(validation))]
	if len(again) == 0 {
		return nil
	}
	t.Tell(fmt.Sprintf("running it twice more on %d of them", len(again)))
	for repeat := 1; repeat <= 2; repeat++ {
		if err := t.try(ctx, again, repeat); err != nil {
			return err
		}
	}
	return nil
}

// propose makes proposals as the run's first ones would be.
func (t *trial) propose(ctx context.Context, validation []gepa.Example) error {
	o := t.run.Options
	o.Journal, o.Observers, o.Staged, o.MaxMerges, o.MergeByModel = gepa.NewMemoryJournal(), nil, gepa.Staged{}, -1, false
	o.Runner, o.Proposer = known{t}, noting{t, t.run.Options.Proposer}
	data := gepa.Data{Feedback: t.run.Data.Feedback, Validation: validation}
	for most := t.Reflections; most <= 3*t.Reflections; most++ {
		o.Budget = gepa.Budget{Proposals: most}
		t.Tell(fmt.Sprintf("making %s in earnest", ordinal(most)))
		result, err := gepa.Optimize(ctx, t.run.System, data, o)
		if err != nil {
			return err
		}
		if result.Stop.Reason == gepa.StopCost {
			return gepa.ErrBudget
		}
		if t.reflected() >= t.Reflections {
			return nil
		}
	}
	return nil
}

func ordinal(n int) string {
	if n == 1 {
		return "a proposal"
	}
	return fmt.Sprintf("%d proposals", n)
}

func (t *trial) reflected() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.proposals)
}

// Run makes a rollout and notes it. It is safe for concurrent use.
func (t *trial) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	var m meter
	began := time.Now()
	r, err := t.runner.Run(m.watch(ctx), job)
	elapsed := time.Since(began)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.spent = t.spent.Add(gepa.UsageOf(err))
		return r, err
	}
	t.spent = t.spent.Add(r.Usage)
	noted := r
	noted.Usage = m.uncached(r.Usage)
	t.rollouts = append(t.rollouts, forecast.Rollout{
		Texts: job.Candidate, Example: job.Example.Hash(), Repeat: job.Repeat, Rollout: noted, Elapsed: elapsed + m.latency,
	})
	return r, nil
}

// sorted returns what was noted in an order that no timing changes.
func (t *trial) sorted() ([]forecast.Rollout, []forecast.Proposal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := func(r forecast.Rollout) string {
		return gepa.RolloutKey{Candidate: r.Texts.Hash(), Example: r.Example}.String() + strconv.Itoa(r.Repeat)
	}
	keys := map[string]forecast.Rollout{}
	var order []string
	for _, r := range t.rollouts {
		k := key(r)
		if _, twice := keys[k]; !twice {
			order = append(order, k)
		}
		keys[k] = r
	}
	slices.Sort(order)
	rollouts := make([]forecast.Rollout, len(order))
	for i, k := range order {
		rollouts[i] = keys[k]
	}
	return rollouts, slices.Clone(t.proposals)
}

// known is the trial as a runner that makes no rollout twice.
type known struct{ *trial }

// Run returns the rollout that was made before, or makes it.
func (k known) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	hash, example := job.Candidate.Hash(), job.Example.Hash()
	k.mu.Lock()
	at := slices.IndexFunc(k.rollouts, func(r forecast.Rollout) bool {
		return r.Repeat == job.Repeat && r.Example == example && r.Texts.Hash() == hash
	})
	if at >= 0 {
		defer k.mu.Unlock()
		return k.rollouts[at].Rollout, nil
	}
	k.mu.Unlock()
	return k.trial.Run(ctx, job)
}

// noting is a proposer that notes what another does.
type noting struct {
	*trial
	proposer gepa.Proposer
}

// Propose asks the other.
func (n noting) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	memo := &meteredMemo{memo: req.Memo}
	req.Memo = memo
	began := time.Now()
	reflection, err := n.proposer.Propose(ctx, req)
	elapsed := time.Since(began)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spent = n.spent.Add(memo.spent)
	if err != nil {
		return reflection, err
	}
	p := forecast.Proposal{
		Parent: req.Candidate, Components: req.Components, Texts: reflection.Texts,
		Judge: memo.judge, Reflection: memo.reflection, Elapsed: elapsed + memo.latency,
	}
	if reflection.Refused != "" {
		p.Texts = nil
	}
	for _, ex := range req.Examples {
		p.Examples = append(p.Examples, ex.Example.Hash())
	}
	n.proposals = append(n.proposals, p)
	slices.SortStableFunc(n.proposals, func(a, b forecast.Proposal) int { return slices.Compare(a.Examples, b.Examples) })
	return reflection, nil
}

// meteredMemo notes what a proposer's calls consume.
type meteredMemo struct {
	memo gepa.Memo

	mu                       sync.Mutex
	judge, reflection, spent gepa.Usage
	latency                  time.Duration // of reflections that a cache answered
}

// Do runs a call.
func (m *meteredMemo) Do(ctx context.Context, key gepa.CallKey, fn func(context.Context) (gepa.Call, error)) (gepa.Call, error) {
	var used meter
	call, err := m.memo.Do(ctx, key, func(ctx context.Context) (gepa.Call, error) { return fn(used.watch(ctx)) })
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.spent = m.spent.Add(gepa.UsageOf(err))
		return call, err
	}
	m.spent = m.spent.Add(call.Exchange.Usage)
	into := &m.reflection
	if key.Role == gepa.RoleJudge {
		into = &m.judge
	} else {
		m.latency += used.latency
	}
	*into = into.Add(used.uncached(call.Exchange.Usage))
	return call, nil
}

// meter adds up what calls consumed when a cache's answers were paid for.
type meter struct {
	mu      sync.Mutex
	usage   gepa.Usage
	latency time.Duration
}

func (m *meter) watch(ctx context.Context) context.Context {
	return lm.WithRecall(ctx, func(r lm.Reply) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.usage, m.latency = m.usage.Add(r.Usage), m.latency+r.Latency
	})
}

// uncached returns what a usage would be without a cache.
func (m *meter) uncached(u gepa.Usage) gepa.Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	u.Cached = 0
	return u.Add(m.usage)
}
