package searchbench

import (
	"fmt"
	"math"
	"time"

	"github.com/gepa-go/gepa"
)

// An Outcome is what is measured of one simulated run.
type Outcome struct {
	// Seed and Final are the true scores of the candidate that the run started
	// from and of the one it returned; Validation is the latter's mean
	// validation score, which is what the run itself knows.
	Seed, Final, Validation float64
	// Rollouts is what the run used, Reflections how many texts it had
	// written, a component each.
	Rollouts, Reflections int
	// Wall is the virtual time of the search, InUse the share of slot time
	// that was used.
	Wall  time.Duration
	InUse float64
	// Proposals counts all of them. Of those whose parent left something to
	// improve, Accepted is the share that passed the gate.
	Proposals int
	Accepted  float64
	// Full and Partial count candidates by how they were validated, the seed
	// left out. Saved is the rollouts that staged validation spared. Missed
	// counts the partly validated whose mean, in full, would have been above
	// that of the best candidate their proposal knew.
	Full, Partial, Saved, Missed int
	// Curve is the true score of the best candidate so far, by rollouts.
	Curve []Point
}

// A Point says that after so many rollouts the best candidate had a score.
type Point struct {
	Rollouts int
	Score    float64
}

// At returns the true score of the best candidate after so many rollouts.
func (o *Outcome) At(rollouts int) float64 {
	score := o.Seed
	for _, p := range o.Curve {
		if p.Rollouts > rollouts {
			break
		}
		score = p.Score
	}
	return score
}

// simulation is one run in the making.
type simulation struct {
	*Landscape
	readings map[string]*reading // by the candidate's hash
	state    *gepa.State
	best     int
	out      Outcome
}

// Simulate makes one run of the search on the landscape, on virtual time, with
// a budget of rollouts.
func (l *Landscape) Simulate(o gepa.Options, rollouts int, clock Clock) (Outcome, error) {
	r := &simulation{Landscape: l, readings: map[string]*reading{}, state: gepa.NewState(), best: -1}
	o.Budget = gepa.Budget{Rollouts: rollouts}
	o.Proposer = l.Proposer()
	opening, err := gepa.Opening(l, l.data, o)
	if err != nil {
		return r.out, err
	}
	if err := r.state.Apply(opening); err != nil {
		return r.out, err
	}
	search, err := gepa.NewSearch(r.state, l.data, o.Budget)
	if err != nil {
		return r.out, err
	}
	timing, err := clock.drive(search, l.seed, r.decided, r.do)
	if err != nil {
		return r.out, fmt.Errorf("%v: %w", l, err)
	}
	r.finish(timing, clock)
	return r.out, nil
}

// do is the world: it runs candidates and writes texts.
func (r *simulation) do(t *gepa.Task) gepa.Event {
	if t.Reflect != nil {
		r.out.Reflections += len(t.Reflect.Components)
		return gepa.ReflectionDone{Proposal: t.Proposal, Child: t.Reflect.Child, Texts: r.reflector.reflect(t.Reflect, r.seed)}
	}
	c := r.reading(t.Key.Candidate, t.Job.Candidate)
	return gepa.RolloutDone{Job: t.Key, Rollout: r.rollout(c, text(t.Key.Candidate), r.items[t.Job.Example.ID], t.Key.Repeat)}
}

func (r *simulation) reading(hash string, c gepa.Candidate) *reading {
	known := r.readings[hash]
	if known == nil {
		known = r.read(c)
		r.readings[hash] = known
	}
	return known
}

// decided notes when the best candidate changes.
func (r *simulation) decided(decisions []gepa.Event) {
	if best, ok := r.state.Best(); ok && best.ID != r.best && len(decisions) > 0 {
		r.best = best.ID
		r.out.Curve = append(r.out.Curve, Point{r.state.Rollouts(), r.True(best.Texts)})
	}
}

func (r *simulation) finish(t timing, clock Clock) {
	best, _ := r.state.Best()
	o := &r.out
	o.Seed, o.Final = o.Curve[0].Score, o.Curve[len(o.Curve)-1].Score
	o.Validation, o.Rollouts = best.Mean, r.state.Rollouts()
	o.Wall, o.InUse = t.wall, t.busy.Seconds()/t.wall.Seconds()/float64(clock.Slots)
	compared, passed := 0, 0
	for _, p := range r.state.Proposals() {
		o.Proposals++
		if len(p.Gate.Texts) > 0 {
			compared++
		}
		if p.Gate.Passed {
			passed++
		}
	}
	o.Accepted = float64(passed) / float64(max(1, compared))
	for _, m := range r.state.Pool()[1:] {
		if m.Full {
			o.Full++
			continue
		}
		o.Partial++
		r.spared(&m)
	}
}

// spared notes what it saved, and cost, not to validate a candidate in full.
func (r *simulation) spared(m *gepa.Member) {
	hash, sum := m.Texts.Hash(), 0.0
	c := r.reading(hash, m.Texts)
	for i, score := range m.Scores {
		if math.IsNaN(score) { // not run
			r.out.Saved++
			score = r.rollout(c, text(hash), &r.validation[i], 0).Score
		}
		sum += score
	}
	after, best := r.state.Proposals()[m.Proposal-1].After, 0.0
	for _, other := range r.state.Pool() {
		if other.Full && other.Proposal <= after {
			best = max(best, other.Mean)
		}
	}
	if sum/float64(len(m.Scores)) > best {
		r.out.Missed++
	}
}
