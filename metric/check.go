package metric

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// A Trial runs a system on an example, or measures what was recorded of it,
// for the so manieth time, from 0. It must be safe for concurrent use.
type Trial func(ctx context.Context, ex gepa.Example, repeat int) (gepa.Rollout, error)

// Runs returns the trial that runs a candidate of a system.
func Runs(system gepa.Runner, candidate gepa.Candidate) Trial {
	return func(ctx context.Context, ex gepa.Example, repeat int) (gepa.Rollout, error) {
		return system.Run(ctx, gepa.Job{Candidate: candidate, Example: ex, Repeat: repeat})
	}
}

// Recorded returns the trial that measures outputs that are there already, by
// the id of the example: what varies then is the metric alone. An example
// without an output is an error.
func Recorded(m Metric, outputs map[string]gepa.Fields) Trial {
	return func(ctx context.Context, ex gepa.Example, repeat int) (gepa.Rollout, error) {
		output, ok := outputs[ex.ID]
		if !ok {
			return gepa.Rollout{}, gepa.Fatal(fmt.Errorf("metric: example %q has no recorded output", ex.ID))
		}
		r, err := m.Measure(ctx, Input{Example: ex, Output: output, Repeat: repeat})
		return gepa.Rollout{Score: r.Score, Objectives: r.Objectives, Feedback: r.Feedback, Output: output, Usage: r.Usage}, err
	}
}

// CheckOptions say how a metric is checked. The zero value is useful.
type CheckOptions struct {
	// Repeats is how often each example is measured. Defaults to 3.
	Repeats int
	// Concurrency is how many measurements run at a time. Defaults to 4.
	Concurrency int
	// Worst and Best are the ends of the score's range. Default to 0 and 1.
	Worst, Best float64
	// Seed is that of the resampling behind intervals.
	Seed uint64
}

// A Share is how many of n have something, with the 95 % Wilson interval of the
// proportion.
type Share struct {
	Count    int            `json:"count"`
	N        int            `json:"n"`
	Share    float64        `json:"share"`
	Interval stats.Interval `json:"interval"`
}

func shareOf(count, n int) Share {
	s := Share{Count: count, N: n, Interval: stats.Wilson(count, n, stats.Level)}
	if n > 0 {
		s.Share = float64(count) / float64(n)
	}
	return s
}

// CheckReport is what [Check] found. It is printed by String, and as JSON
// (docs/formats/cli-json.md).
type CheckReport struct {
	// Examples is the number of examples, Repeats how often each was measured.
	Examples int `json:"examples"`
	Repeats  int `json:"repeats"`
	// Mean is the mean score, and Interval its 95 % interval over examples: BCa,
	// or Wilson's where every example's score is 0 or 1.
	Mean     float64        `json:"mean"`
	Interval stats.Interval `json:"interval"`
	// Ceiling and Floor are the examples that had the best, and the worst,
	// score each time: reflection learns nothing from the first, and validation
	// sees no progress in the second until it is large.
	Ceiling Share `json:"ceiling"`
	Floor   Share `json:"floor"`
	// Changed are the examples whose score was not the same each time.
	Changed Share `json:"changed"`
	// WithoutFeedback are the measurements with no words at all; Silent are
	// those among them that were not at the best score, where words are needed.
	WithoutFeedback Share `json:"without_feedback"`
	Silent          Share `json:"silent"`
	// Failed are the measurements in which the program failed.
	Failed Share `json:"failed"`
	// Between is the standard deviation of the examples' mean scores, Within
	// that of one example's scores around their mean.
	Between float64 `json:"between"`
	Within  float64 `json:"within"`
	// Repeatability is the share of the variance of single scores that is
	// between examples and not noise, 0..1 (intraclass correlation, ICC(1)); 1
	// where no score varies.
	Repeatability float64 `json:"repeatability"`
	// Noise is how far a mean over all the examples, each measured once, moves
	// by noise alone: half the width of its 95 % interval. A gain below about
	// 1.4 times it is no gain that one pass can show.
	Noise float64 `json:"noise"`
	// Usage is what the measurements consumed.
	Usage gepa.Usage `json:"usage"`
	// Scores are the examples with their scores, in the order given.
	Scores []ExampleScores `json:"scores"`
}

// ExampleScores are the scores of one example.
type ExampleScores struct {
	ID     string    `json:"id"`
	Scores []float64 `json:"scores"`
}

// Check measures every example several times and says what the metric can and
// cannot tell: how scores are spread, how far they repeat, whether there is
// room above and below, and whether there are words to learn from. The error is
// that of a measurement that failed for good, with the usage of all
// ([gepa.UsageOf]).
func Check(ctx context.Context, examples []gepa.Example, trial Trial, opts CheckOptions) (CheckReport, error) {
	if opts.Repeats == 0 {
		opts.Repeats = 3
	}
	if opts.Concurrency == 0 {
		opts.Concurrency = 4
	}
	if opts.Worst == 0 && opts.Best == 0 {
		opts.Best = 1
	}
	switch {
	case len(examples) == 0:
		return CheckReport{}, errors.New("metric: there is no example to check on: give at least one")
	case opts.Repeats < 1 || opts.Concurrency < 1:
		return CheckReport{}, fmt.Errorf("metric: %d repeats, %d at a time: give 1 or more", opts.Repeats, opts.Concurrency)
	case !(opts.Worst < opts.Best):
		return CheckReport{}, fmt.Errorf("metric: the worst score %v is not below the best, %v", opts.Worst, opts.Best)
	}
	rollouts, err := runTrials(ctx, examples, trial, opts)
	if err != nil {
		return CheckReport{}, err
	}
	return summarize(examples, rollouts, opts), nil
}

// runTrials returns the rollouts by example and repeat.
func runTrials(ctx context.Context, examples []gepa.Example, trial Trial, opts CheckOptions) ([][]gepa.Rollout, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := make([][]gepa.Rollout, len(examples))
	for i := range out {
		out[i] = make([]gepa.Rollout, opts.Repeats)
	}
	var mu sync.Mutex
	var failed error
	var spent gepa.Usage
	next := 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, failed == nil && next <= len(examples)*opts.Repeats
	}
	var group sync.WaitGroup
	for range opts.Concurrency {
		group.Go(func() {
			for n, ok := take(); ok; n, ok = take() {
				i, repeat := n/opts.Repeats, n%opts.Repeats
				r, err := trial(ctx, examples[i], repeat)
				if err == nil && (math.IsNaN(r.Score) || math.IsInf(r.Score, 0)) {
					err = fmt.Errorf("metric: example %q scores %v, which is no number", examples[i].ID, r.Score)
				}
				mu.Lock()
				out[i][repeat] = r
				spent = spent.Add(r.Usage).Add(gepa.UsageOf(err))
				if err != nil && failed == nil {
					failed = err
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return out, gepa.WithUsage(failed, spent)
}

func summarize(examples []gepa.Example, rollouts [][]gepa.Rollout, opts CheckOptions) CheckReport {
	n, k := len(examples), opts.Repeats
	r := CheckReport{Examples: n, Repeats: k}
	means := make([]float64, n)
	var ceiling, floor, changed, wordless, silent, below, failed int
	squares := 0.0
	binary := true
	for i, ex := range examples {
		s := ExampleScores{ID: ex.ID}
		best, worst, same := true, true, true
		for _, x := range rollouts[i] {
			s.Scores = append(s.Scores, x.Score)
			best = best && x.Score >= opts.Best
			worst = worst && x.Score <= opts.Worst
			same = same && x.Score == rollouts[i][0].Score
			if x.Score < opts.Best {
				below++
			}
			if strings.TrimSpace(x.Feedback.Text) == "" && len(x.Feedback.ByComponent) == 0 {
				wordless++
				if x.Score < opts.Best {
					silent++
				}
			}
			if x.Problem != "" {
				failed++
			}
			r.Usage = r.Usage.Add(x.Usage)
		}
		means[i] = stats.Mean(s.Scores)
		if same {
			means[i] = s.Scores[0] // to the last bit
		}
		for _, score := range s.Scores {
			squares += (score - means[i]) * (score - means[i])
		}
		binary = binary && (means[i] == 0 || means[i] == 1)
		ceiling, floor, changed = ceiling+count(best), floor+count(worst), changed+count(!same)
		r.Scores = append(r.Scores, s)
	}
	r.Mean = stats.Mean(means)
	if binary {
		r.Interval = stats.Wilson(int(math.Round(r.Mean*float64(n))), n, stats.Level)
	} else {
		r.Interval = stats.BCa(means, stats.Level, opts.Seed)
	}
	r.Ceiling, r.Floor, r.Changed = shareOf(ceiling, n), shareOf(floor, n), shareOf(changed, n)
	r.WithoutFeedback, r.Silent, r.Failed = shareOf(wordless, n*k), shareOf(silent, below), shareOf(failed, n*k)
	r.spread(means, squares)
	return r
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// spread works out the variances from the examples' means and the sum of
// squares within examples.
func (r *CheckReport) spread(means []float64, squares float64) {
	n, k := float64(r.Examples), float64(r.Repeats)
	between := 0.0
	for _, m := range means {
		between += (m - r.Mean) * (m - r.Mean)
	}
	if n > 1 {
		between /= n - 1
	}
	within := 0.0
	if k > 1 {
		within = squares / (n * (k - 1))
	}
	r.Between, r.Within = math.Sqrt(between), math.Sqrt(within)
	r.Noise = 1.959964 * r.Within / math.Sqrt(n)
	r.Repeatability = 1
	if total := k*between + (k-1)*within; within > 0 && total > 0 {
		r.Repeatability = min(max((k*between-within)/total, 0), 1)
	}
}
