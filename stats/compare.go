package stats

import (
	"errors"
	"fmt"
	"math"
)

// Power is the power that [Detectable] and [DetectableProportion] plan for.
const Power = 0.80

// ErrUnpaired says that two lists do not belong to the same examples.
var ErrUnpaired = errors.New("scores are not paired")

// A Comparison is what can be said about two systems that ran on the same
// examples. Differences are the other's minus the base's.
type Comparison struct {
	// N is the number of examples.
	N int `json:"n"`
	// Base and Other are the mean scores; 0 without examples.
	Base  float64 `json:"base"`
	Other float64 `json:"other"`
	// Difference is Other - Base.
	Difference float64 `json:"difference"`
	// Interval is the 95 % interval of the difference.
	Interval Interval `json:"interval"`
	// P is the two-sided p-value against no difference.
	P float64 `json:"p"`
	// Wins, Losses and Ties count the examples on which the other scored
	// higher, lower and the same.
	Wins   int `json:"wins"`
	Losses int `json:"losses"`
	Ties   int `json:"ties"`
	// Detectable is the smallest true difference that so many examples, as
	// different from each other as these, show with 80 % power; 0 where that
	// cannot be estimated because no example, or every one, differs alike.
	Detectable float64 `json:"detectable"`
	// Method names the interval and the test.
	Method string `json:"method"`
}

// Verdict returns what the comparison supports: better or worse only where the
// interval and the test (P < 0.05) both say so.
func (c Comparison) Verdict() Verdict {
	if c.P >= 1-Level {
		return NotShown
	}
	return Judge(c.Interval)
}

// The methods of a [Comparison].
const (
	// MethodBinary is used where every score is 0 or 1.
	MethodBinary = "Tango score interval, exact McNemar test"
	// MethodScores is used for all other scores.
	MethodScores = "BCa bootstrap interval, sign-flip permutation test"
)

// Compare compares scores on the same examples, where more is better: base[i]
// and other[i] belong to one example. The seed fixes what is drawn at random.
//
// Without examples the interval says that nothing is known and P is 1; with a
// single one likewise, unless scores are 0 or 1, which have an interval even
// then. Lists of different lengths are [ErrUnpaired]; a score that is not a
// finite number is an error, too.
func Compare(base, other []float64, seed uint64) (Comparison, error) {
	if len(base) != len(other) {
		return Comparison{}, fmt.Errorf("%w: %d and %d of them", ErrUnpaired, len(base), len(other))
	}
	binary := len(base) > 0
	differences := make([]float64, len(base))
	c := Comparison{N: len(base), Base: Mean(base), Other: Mean(other)}
	c.Difference = c.Other - c.Base
	var pairs Pairs
	for i, b := range base {
		o := other[i]
		if bad := b - b + o - o; bad != 0 { // true of NaN and infinities only
			return Comparison{}, fmt.Errorf("scores %v and %v of example %d: not finite numbers", b, o, i)
		}
		binary = binary && (b == 0 || b == 1) && (o == 0 || o == 1)
		differences[i] = o - b
		switch {
		case o > b:
			c.Wins++
			pairs.OtherOnly++
		case o < b:
			c.Losses++
			pairs.BaseOnly++
		default:
			c.Ties++
			pairs.Both++ // both or neither: no difference to any result
		}
	}
	if binary {
		c.Method, c.Interval, c.P = MethodBinary, Tango(pairs, Level), McNemar(pairs)
		c.Detectable = DetectableProportion(float64(c.Wins+c.Losses)/float64(c.N), c.N)
	} else {
		c.Method, c.Interval, c.P = MethodScores, BCa(differences, Level, seed), SignFlip(differences, seed)
		c.Detectable = Detectable(deviation(differences), c.N)
	}
	return c, nil
}

// Detectable returns the smallest true mean of n paired differences whose
// standard deviation is sd that a two-sided test at 5 % finds with 80 % power,
// by the normal approximation: 2.80·sd/√n. It is 0 where there is nothing to
// estimate from: n < 2 or sd = 0.
func Detectable(sd float64, n int) float64 {
	if n < 2 || sd == 0 {
		return 0
	}
	return (twoSided(Level) + normalQuantile(Power)) * sd / math.Sqrt(float64(n))
}

// DetectableProportion returns the smallest true difference of two paired
// proportions that n examples show with 80 % power when the two disagree on
// the given share of examples (Connor 1987). The difference cannot exceed the
// share; where even that would not be found, the result is the difference that
// would be needed, which then is larger than the share. It is 0 where there is
// nothing to estimate from: n < 2 or no disagreement.
func DetectableProportion(disagree float64, n int) float64 {
	if n < 2 || disagree == 0 {
		return 0
	}
	za, zb := twoSided(Level), normalQuantile(Power)
	needed := func(d float64) float64 {
		return (za*math.Sqrt(disagree) + zb*math.Sqrt(max(0, disagree-d*d))) / math.Sqrt(float64(n))
	}
	return bisect(0, needed(0), func(d float64) bool { return needed(d) > d })
}

// deviation returns the sample standard deviation; 0 of fewer than two values.
func deviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	mean, squares := Mean(values), 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(values)-1))
}
