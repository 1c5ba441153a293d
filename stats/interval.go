package stats

import (
	"encoding/json"
	"fmt"
	"math"
)

// Level is the confidence level of every interval that does not name its own.
const Level = 0.95

// An Interval is a range that is meant to hold the true value. An end that
// nothing is known about is infinite.
type Interval struct {
	Low, High float64
}

// unknown is the interval of somebody who has seen nothing.
func unknown() Interval { return Interval{math.Inf(-1), math.Inf(1)} }

// Contains reports whether x lies in the interval, ends included.
func (iv Interval) Contains(x float64) bool { return iv.Low <= x && x <= iv.High }

// MarshalJSON writes {"low": …, "high": …}, with null for an infinite end.
func (iv Interval) MarshalJSON() ([]byte, error) {
	end := func(x float64) *float64 {
		if math.IsInf(x, 0) {
			return nil
		}
		return &x
	}
	return json.Marshal(struct {
		Low  *float64 `json:"low"`
		High *float64 `json:"high"`
	}{end(iv.Low), end(iv.High)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (iv *Interval) UnmarshalJSON(data []byte) error {
	var ends struct{ Low, High *float64 }
	if err := json.Unmarshal(data, &ends); err != nil {
		return err
	}
	*iv = unknown()
	if ends.Low != nil {
		iv.Low = *ends.Low
	}
	if ends.High != nil {
		iv.High = *ends.High
	}
	return nil
}

// A Verdict says what an interval for a difference supports.
type Verdict int

// The verdicts. There is no verdict "equal": an interval never shows that.
const (
	// NotShown: the interval holds zero.
	NotShown Verdict = iota
	// Better: the whole interval is above zero.
	Better
	// Worse: the whole interval is below zero.
	Worse
)

// Judge returns the verdict that an interval for a difference, where more is
// better, supports.
func Judge(difference Interval) Verdict {
	switch {
	case difference.Low > 0:
		return Better
	case difference.High < 0:
		return Worse
	default:
		return NotShown
	}
}

// String returns the verdict in plain words: "better", "not shown to be
// better" or "worse".
func (v Verdict) String() string {
	switch v {
	case Better:
		return "better"
	case Worse:
		return "worse"
	default:
		return "not shown to be better"
	}
}

// MarshalText returns the verdict's words.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []Verdict{NotShown, Better, Worse} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("verdict %q is none of %q, %q and %q", text, NotShown, Better, Worse)
}

// normalQuantile is the inverse of the standard normal distribution function.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// normalCDF is the standard normal distribution function.
func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// twoSided returns the normal quantile that leaves (1-level)/2 above it.
func twoSided(level float64) float64 { return normalQuantile((1 + level) / 2) }
