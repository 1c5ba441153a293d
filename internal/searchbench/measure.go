package searchbench

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// A Setting is a set of search options under a name.
type Setting struct {
	Name    string
	Options gepa.Options
}

// with returns the setting with a change.
func (s Setting) with(name string, change func(*gepa.Options)) Setting {
	s.Name = name
	change(&s.Options)
	return s
}

// Paper is the paper's way, [gepa.PresetPaper]: one proposal at a time,
// minibatches of 3, one component a proposal, every child that passes the gate
// validated in full, at most five merges.
func Paper() Setting { return Setting{Name: "paper mode"} }

// Fast is what the bench recommends, [gepa.PresetRecommended].
func Fast() Setting {
	return Setting{"recommended", gepa.Options{}.WithPreset(gepa.PresetRecommended)}
}

// Frugal is what the bench found best where only rollouts count: it makes one
// proposal at a time, so that each knows all that came before.
func Frugal() Setting {
	return Fast().with("fewest rollouts", func(o *gepa.Options) {
		o.InFlight, o.PerMember = 1, 0
		o.Minibatch, o.Staged.First, o.Staged.Growth = 10, 10, 2
	})
}

// A Bench makes simulated runs and remembers them.
type Bench struct {
	// Seeds is the number of runs of each setting on each family. Run k of
	// every setting is made on the same landscape.
	Seeds int
	Clock Clock
	known map[string][]Outcome
}

// Runs returns the outcomes of a setting on a family with a budget of
// rollouts, by seed.
func (b *Bench) Runs(f Family, s Setting, rollouts int) ([]Outcome, error) {
	name, err := json.Marshal([]any{f, s.Options, rollouts, b.Seeds})
	if err != nil {
		return nil, err
	}
	if known, ok := b.known[string(name)]; ok {
		return known, nil
	}
	out, errs := make([]Outcome, b.Seeds), make([]error, b.Seeds)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for k := range next {
				o := s.Options
				o.Seed = uint64(k)
				out[k], errs[k] = NewLandscape(f, uint64(k)).Simulate(o, rollouts, b.Clock)
			}
		})
	}
	for k := range out {
		next <- k
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if b.known == nil {
		b.known = map[string][]Outcome{}
	}
	b.known[string(name)] = out
	return out, nil
}

// A Difference compares a setting with a base on some families.
type Difference struct {
	// Score is the difference of true final scores. Each seed is one
	// observation: the mean over the families.
	Score stats.Comparison
	// Reach is the number of rollouts after which the setting's mean curve
	// reaches the base's final mean score, in parts of what the base's own
	// curve takes; the mean over the families. A setting that does not get
	// there counts with its whole budget and half as much again.
	Reach float64
	// ReachInterval is its 95 % percentile bootstrap interval over seeds.
	ReachInterval stats.Interval
	// Wall is the virtual wall-clock in parts of the base's, InUse the share
	// of slot time that is used.
	Wall, InUse float64
	// Means over all runs.
	Rollouts, Proposals, Reflections, Accepted, Full, Partial, Saved, Missed float64
}

// Compare measures a setting against a base.
func (b *Bench) Compare(families []Family, base, other Setting, rollouts int) (Difference, error) {
	var d Difference
	bases, others := make([]float64, b.Seeds), make([]float64, b.Seeds)
	var curves []curves
	var wall, baseWall time.Duration
	n := float64(b.Seeds * len(families))
	for _, f := range families {
		before, err := b.Runs(f, base, rollouts)
		if err != nil {
			return d, err
		}
		after, err := b.Runs(f, other, rollouts)
		if err != nil {
			return d, err
		}
		curves = append(curves, newCurves(before, after, rollouts))
		for k := range before {
			x, o := &before[k], &after[k]
			bases[k] += x.Final / float64(len(families))
			others[k] += o.Final / float64(len(families))
			baseWall += x.Wall
			wall += o.Wall
			d.InUse += o.InUse / n
			d.Rollouts += float64(o.Rollouts) / n
			d.Proposals += float64(o.Proposals) / n
			d.Reflections += float64(o.Reflections) / n
			d.Accepted += o.Accepted / n
			d.Full += float64(o.Full) / n
			d.Partial += float64(o.Partial) / n
			d.Saved += float64(o.Saved) / n
			d.Missed += float64(o.Missed) / n
		}
	}
	d.Wall = wall.Seconds() / baseWall.Seconds()
	d.Reach, d.ReachInterval = reach(curves, b.Seeds)
	var err error
	d.Score, err = stats.Compare(bases, others, 1)
	return d, err
}

// curves are the best scores of two settings on one family, by seed and then
// by steps of [curveStep] rollouts, and the base's final scores.
type curves struct {
	base, other [][]float64
	final       []float64
}

const curveStep = 25

func newCurves(before, after []Outcome, rollouts int) curves {
	grid := func(os []Outcome) [][]float64 {
		out := make([][]float64, len(os))
		for k := range os {
			for at := 0; at <= rollouts; at += curveStep {
				out[k] = append(out[k], os[k].At(at))
			}
		}
		return out
	}
	c := curves{base: grid(before), other: grid(after)}
	for k := range before {
		c.final = append(c.final, before[k].Final)
	}
	return c
}

// crossing returns the first step at which the mean of some seeds' curves
// reaches a score, or half as many again as there are.
func crossing(rows [][]float64, seeds []int, score float64) float64 {
	steps := len(rows[0])
	for at := range steps {
		sum := 0.0
		for _, k := range seeds {
			sum += rows[k][at]
		}
		if sum/float64(len(seeds)) >= score-1e-12 {
			return float64(max(at, 1))
		}
	}
	return 1.5 * float64(steps-1)
}

// reach returns the mean over families of the ratio of crossings, and its
// percentile bootstrap interval over seeds.
func reach(families []curves, n int) (float64, stats.Interval) {
	ratio := func(seeds []int) float64 {
		sum := 0.0
		for _, c := range families {
			final := 0.0
			for _, k := range seeds {
				final += c.final[k] / float64(len(seeds))
			}
			sum += crossing(c.other, seeds, final) / crossing(c.base, seeds, final)
		}
		return sum / float64(len(families))
	}
	seeds := make([]int, n)
	for k := range seeds {
		seeds[k] = k
	}
	estimate := ratio(seeds)
	const resamples = 500
	r := rand.New(rand.NewPCG(1, 2))
	draws := make([]float64, resamples)
	for i := range draws {
		for k := range seeds {
			seeds[k] = r.IntN(n)
		}
		draws[i] = ratio(seeds)
	}
	slices.Sort(draws)
	at := func(p float64) float64 { return draws[int(math.Round(p*(resamples-1)))] }
	return estimate, stats.Interval{Low: at(0.025), High: at(0.975)}
}
