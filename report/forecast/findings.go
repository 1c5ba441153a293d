package forecast

import (
	"fmt"
	"math"
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// Seen is what the trial showed of the seed.
type Seen struct {
	// Mean is its mean score, with a 95 % interval; SD how far the scores of
	// examples are spread.
	Mean     float64        `json:"mean"`
	Interval stats.Interval `json:"interval"`
	SD       float64        `json:"sd"`
	// Solved is the share of examples with the best possible score, with its
	// 95 % interval; Failed the share on which the program failed.
	Solved         float64        `json:"solved"`
	SolvedInterval stats.Interval `json:"solved_interval"`
	Failed         float64        `json:"failed"`
	// Idle is the chance that a minibatch holds nothing to learn from: the
	// seed solves all of it.
	Idle float64 `json:"idle"`
	// Minibatch is the smallest size with which at most one in ten is idle;
	// 0 where none of the feedback set's size is.
	Minibatch int `json:"minibatch"`
	// Repeated is the number of examples that were run more than once, NoiseSD
	// the standard deviation among one example's scores, and Noise its share
	// of the variance of scores. All are 0 where nothing was repeated.
	Repeated int     `json:"repeated"`
	NoiseSD  float64 `json:"noise_sd"`
	Noise    float64 `json:"noise"`
	// Lucky is the chance that new texts that change nothing score higher on
	// their minibatch, by noise alone: what passes the gate, unless that asks
	// for more examples.
	Lucky float64 `json:"lucky"`
	// Detectable is the smallest difference that the test set shows with 80 %
	// power, if scores before and after are as far apart as those of the
	// trial; ForTenth is the size of a test set that shows 0.1. Both are 0
	// where that cannot be estimated.
	Detectable float64 `json:"detectable"`
	ForTenth   int     `json:"for_tenth"`
	// ValidationSE is the standard error of a mean validation score.
	ValidationSE float64 `json:"validation_se"`
}

// A Finding is something to know before the run.
type Finding struct {
	// Kind is "warning" or "advice".
	Kind string `json:"kind"`
	// Code names the finding: saturated, floor, failing, few_proposals,
	// noise, test_small, minibatch, …
	Code string `json:"code"`
	// Text says it in words, with what to do.
	Text string `json:"text"`
}

// The kinds of findings.
const (
	Warning = "warning"
	Advice  = "advice"
)

// idleShare is how many minibatches with nothing to learn from are too many.
const idleShare = 0.1

// see returns what the trial showed of the seed.
func (m *measures) see() Seen {
	scores := make([]float64, len(m.seed))
	solved, failed := 0, 0
	for i, r := range m.seed {
		scores[i] = r.Rollout.Score
		if r.Rollout.Score >= m.perfect-scoreTie {
			solved++
		}
		if r.Rollout.Problem != "" {
			failed++
		}
	}
	n := len(scores)
	s := Seen{
		Mean: mean(scores), Interval: stats.BCa(scores, stats.Level, m.in.Options.Seed), SD: deviation(scores),
		Solved: float64(solved) / float64(n), SolvedInterval: stats.Wilson(solved, n, stats.Level), Failed: float64(failed) / float64(n),
	}
	if solved == 0 || solved == n || s.SD == 0 {
		s.Interval = stats.Interval{Low: s.Mean, High: s.Mean}
	}
	b, feedback := min(m.in.Options.WithDefaults().Minibatch, len(m.in.Feedback)), len(m.in.Feedback)
	good := int(math.Round(s.Solved * float64(feedback)))
	s.Idle = allSolved(feedback, good, b)
	for size := 1; size <= feedback; size++ {
		if allSolved(feedback, good, size) <= idleShare {
			s.Minibatch = size
			break
		}
	}
	m.seeNoise(&s, b)
	spread := m.differences(s.SD)
	s.Detectable = stats.Detectable(spread, len(m.in.Test))
	const many = 10_000
	if tenths := stats.Detectable(spread, many) * 10; tenths > 0 { // it falls with the root of the size
		s.ForTenth = int(math.Ceil(tenths * tenths * many))
	}
	s.ValidationSE = s.SD / math.Sqrt(float64(max(len(m.in.Validation), 1)))
	return s
}

// allSolved is the chance that so many examples, drawn from n of which good are
// solved, are all solved.
func allSolved(n, good, size int) float64 {
	chance := 1.0
	for i := range min(size, n) {
		chance *= float64(max(good-i, 0)) / float64(n-i)
	}
	return chance
}

// leastPairs is how many pairs of scores, before and after, a spread is
// estimated from.
const leastPairs = 12

// differences returns the standard deviation of the differences between an
// example's scores before and after: from the trial's own where it has enough,
// and otherwise as if the two scores had a correlation of a half.
func (m *measures) differences(sd float64) float64 {
	var diffs []float64
	startHash := m.start.Hash()
	for _, r := range m.in.Trial.Rollouts {
		if i, known := m.byHash[r.Example]; known && r.Repeat == 0 && r.Texts.Hash() != startHash {
			diffs = append(diffs, r.Rollout.Score-m.seed[i].Rollout.Score)
		}
	}
	if own := deviation(diffs); len(diffs) >= leastPairs && own > 0 {
		return own
	}
	return sd
}

// seeNoise fills in what repeated rollouts show.
func (m *measures) seeNoise(s *Seen, b int) {
	groups := make([][]float64, len(m.seed))
	startHash := m.start.Hash()
	for i, r := range m.seed {
		groups[i] = []float64{r.Rollout.Score}
	}
	for _, r := range m.in.Trial.Rollouts {
		if i, known := m.byHash[r.Example]; known && r.Repeat > 0 && r.Texts.Hash() == startHash {
			groups[i] = append(groups[i], r.Rollout.Score)
		}
	}
	groups = slices.DeleteFunc(groups, func(g []float64) bool { return len(g) < 2 })
	s.Repeated = len(groups)
	if len(groups) == 0 {
		return
	}
	var within, freedom float64
	for _, g := range groups {
		sd := deviation(g)
		within += sd * sd * float64(len(g)-1)
		freedom += float64(len(g) - 1)
	}
	s.NoiseSD = math.Sqrt(within / freedom)
	if s.SD > 0 {
		s.Noise = min(s.NoiseSD*s.NoiseSD/(s.SD*s.SD), 1)
	}
	s.Lucky = m.lucky(groups, b)
}

// lucky estimates the chance that the same texts, run again on a minibatch,
// score higher than before.
func (m *measures) lucky(groups [][]float64, b int) float64 {
	const trials = 4000
	r := named(m.in.Options.Seed, drawLuck, uint64(b)).Rand()
	passed := 0
	for range trials {
		gain := 0.0
		for range b {
			g := groups[r.IntN(len(groups))]
			i := r.IntN(len(g))
			j := r.IntN(len(g) - 1)
			if j >= i {
				j++
			}
			gain += g[j] - g[i]
		}
		if gain > scoreTie || m.in.Options.Acceptance == gepa.AcceptEqual && gain >= -scoreTie {
			passed++
		}
	}
	return float64(passed) / trials
}

func deviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	center, squares := mean(values), 0.0
	for _, v := range values {
		squares += (v - center) * (v - center)
	}
	return math.Sqrt(squares / float64(len(values)-1))
}

// fewProposals is how many proposals are too few for a search, and noisy how
// often a text that changes nothing may pass the gate.
const (
	fewProposals = 3
	noisy        = 0.2
	coarse       = 0.15 // a test set that shows no smaller difference
)

// findings returns what to know, warnings first.
func (m *measures) findings(f *Forecast) []Finding {
	out := []Finding{}
	add := func(on bool, kind, code, format string, args ...any) {
		if on {
			out = append(out, Finding{kind, code, fmt.Sprintf(format, args...)})
		}
	}
	s, b := f.Seen, f.Minibatch
	top := m.top()
	add(f.Trial.Ended != "", Warning, "trial_ended", "the trial ended early (%s): the ranges rest on %d rollouts of the seed", f.Trial.Ended, f.Trial.Examples)
	add(s.Failed >= 0.5, Warning, "failing", "the program failed on %s of the examples, at first with: %s", percent(s.Failed), m.problem())
	floor := top <= m.lowest+scoreTie && top < m.perfect-scoreTie
	add(floor, Warning, "floor", "no example scored above %g: a minibatch can hardly show that new texts are better; check the metric (gepa metric check), "+
		"begin with easier examples or a better seed, or use a metric that gives partial credit", top)
	add(s.Solved == 1, Warning, "saturated", "the seed solved all %d examples: there is next to nothing to learn; find harder examples, or a stricter metric", f.Trial.Examples)
	add(s.Solved < 1 && s.Idle > 0.3, Warning, "saturated",
		"the seed solves %s of the examples, so that %s of minibatches of %d hold nothing to learn from: they cost %d rollouts each and teach nothing",
		percent(s.Solved), percent(s.Idle), b, b)
	few := f.Proposals.Expected < fewProposals
	add(few, Warning, "few_proposals", "the budget pays for %s proposals, and a search needs more than a few: raise it, or make the validation set smaller (--val)", spread(f.Proposals))
	if f.Proposals.High < 1 {
		f.Refused = "the budget pays for no proposal: raise it, or make the validation set or the minibatch smaller"
	}
	add(s.Lucky > noisy, Warning, "noise", "a new text that changes nothing scores higher on its minibatch in %s of cases, by noise alone, and is then validated for nothing: "+
		"--staged gives such texts up early, --acceptance paired asks for more examples; a temperature of 0, or a metric that varies less, lowers the noise", percent(s.Lucky))
	add(s.Detectable > coarse, Warning, "test_small", "%d test examples can show a difference of %.2f or more (80 %% power); one of 0.10 takes about %d", f.Data.Test, s.Detectable, s.ForTenth)
	add(m.silent(), Warning, "no_usage", "the system reported no tokens and no calls of its own: what they consume is not in the figures; see docs/systems.md on usage")
	add(f.Trial.Reflections == 0, Warning, "no_reflection", "no reflection was measured, so that its tokens are supposed, from what the rollouts read and wrote")
	add(m.in.Options.Budget.Proposals == 0 && m.in.Options.Budget.Rollouts == 0 && m.in.Options.Budget.Time == 0 && m.in.Caps.Calls+m.in.Caps.Nanos+m.in.Caps.Tokens == 0,
		Warning, "unbounded", "no budget bounds the run: the figures are for at most %d proposals; set --iterations, --rollouts or --time", mostProposals)

	add(s.Solved < 1 && s.Idle > idleShare && s.Minibatch > b, Advice, "minibatch", "--minibatch %d, with which at most one minibatch in ten holds nothing to learn from, or --sampling failures", s.Minibatch)
	add(s.Solved < 1 && s.Idle > idleShare && s.Minibatch == 0, Advice, "minibatch", "no minibatch of %d feedback examples is sure to hold one that fails: find harder examples", f.Data.Feedback)
	add(b >= 6 && s.Minibatch > 0 && 2*s.Minibatch < b && s.Lucky <= noisy/2 && s.Idle < 0.01, Advice, "minibatch_smaller",
		"--minibatch %d would do: failures are frequent, and each proposal would cost %d rollouts less", max(3, s.Minibatch), 2*(b-max(3, s.Minibatch)))
	if most := f.Rollouts.Expected; most > 0 && f.Accepted.Expected*float64(f.Data.Validation) > 0.75*most && f.Data.Validation >= 40 && m.in.Options.Staged.First == 0 {
		add(true, Advice, "validation_large", "validation takes most of the rollouts: --staged %d gives hopeless children up early, or make the set smaller (its standard error is %.3f with %d examples, %.3f with %d)",
			max(10, f.Data.Validation/4), s.ValidationSE, f.Data.Validation, s.ValidationSE*math.Sqrt2, f.Data.Validation/2)
	}
	add(s.ValidationSE > 0.08, Advice, "validation_small", "%d validation examples give a mean a standard error of %.2f, by which candidates are chosen: %d would halve it", f.Data.Validation, s.ValidationSE, 4*f.Data.Validation)
	if few && f.Proposals.High >= 1 && m.in.Options.Budget.Rollouts > 0 && m.in.Options.Budget.Proposals == 0 {
		each := (f.Rollouts.Expected - float64(f.Data.Validation)) / max(f.Proposals.Expected, 1)
		add(true, Advice, "budget", "--rollouts %d would pay for about ten proposals", int(math.Ceil((float64(f.Data.Validation)+10*each)/10)*10))
	}
	return out
}

// top returns the best score that the seed had.
func (m *measures) top() float64 {
	top := math.Inf(-1)
	for _, r := range m.seed {
		top = max(top, r.Rollout.Score)
	}
	return top
}

// problem returns the first that the program had.
func (m *measures) problem() string {
	for _, r := range m.seed {
		if p := r.Rollout.Problem; p != "" {
			return p
		}
	}
	return ""
}

// silent reports whether the system told of no calls.
func (m *measures) silent() bool {
	return !slices.ContainsFunc(m.seed, func(r Rollout) bool { return r.Rollout.Usage.Calls > 0 || r.Rollout.Usage.Tokens() > 0 })
}

// spread writes a range of counts: "12", or "9 (5 to 14)".
func spread(r Range) string {
	low, expected, high := math.Round(r.Low), math.Round(r.Expected), math.Round(r.High)
	if low == high {
		return thousands(expected)
	}
	return fmt.Sprintf("%s (%s to %s)", thousands(expected), thousands(low), thousands(high))
}

func percent(share float64) string {
	switch p := 100 * share; {
	case p > 0 && p < 1:
		return "less than 1 %"
	case p > 99 && p < 100:
		return "more than 99 %"
	default:
		return fmt.Sprintf("%.0f %%", p)
	}
}
