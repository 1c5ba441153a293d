package gepa

import (
	"fmt"
	"math"
)

// Direction says which way an objective improves.
type Direction string

// The directions of an objective.
const (
	// Maximize: higher is better. It is the meaning of the zero value, too.
	Maximize Direction = "max"
	// Minimize: lower is better.
	Minimize Direction = "min"
)

// An Objective is a named measure of a rollout.
type Objective struct {
	// Name is the key in [Rollout.Objectives].
	Name string `json:"name"`
	// Direction is Maximize or Minimize; "" means Maximize.
	Direction Direction `json:"direction,omitempty"`
	// Min and Max are the measure's range, used to normalise it to 0..1 for
	// the weighted scalar. Both zero means 0..1.
	Min float64 `json:"min,omitempty"`
	Max float64 `json:"max,omitempty"`
	// Weight is the objective's share of the weighted scalar; weights need
	// not sum to one. Zero means that the objective shapes the frontier only.
	Weight float64 `json:"weight,omitempty"`
}

// Normalise maps a measured value to 0..1, 1 being best. Values outside the
// range are cut to it.
func (o Objective) Normalise(v float64) float64 {
	lo, hi := o.Min, o.Max
	if lo == 0 && hi == 0 {
		hi = 1
	}
	if hi <= lo || math.IsNaN(v) {
		return 0
	}
	x := min(max((v-lo)/(hi-lo), 0), 1)
	if o.Direction == Minimize {
		return 1 - x
	}
	return x
}

// WeightedScore returns the weighted mean of the normalised objectives, in
// 0..1, and 0 if no objective has a weight. It is the default meaning of a
// rollout's score when a system declares objectives.
func WeightedScore(objectives []Objective, values map[string]float64) float64 {
	var sum, weights float64
	for _, o := range objectives {
		sum += o.Weight * o.Normalise(values[o.Name])
		weights += o.Weight
	}
	if weights == 0 {
		return 0
	}
	return sum / weights
}

// worst returns the least desirable value of the objective's range.
func (o Objective) worst() float64 {
	lo, hi := o.Min, o.Max
	if lo == 0 && hi == 0 {
		hi = 1
	}
	if o.Direction == Minimize {
		return hi
	}
	return lo
}

func (o Objective) validate() error {
	switch {
	case o.Name == "":
		return fmt.Errorf("an objective has no name")
	case o.Direction != "" && o.Direction != Maximize && o.Direction != Minimize:
		return fmt.Errorf("objective %q: direction %q is neither %q nor %q", o.Name, o.Direction, Maximize, Minimize)
	case o.Max < o.Min || (o.Max == o.Min && o.Max != 0):
		return fmt.Errorf("objective %q: max %g is not above min %g", o.Name, o.Max, o.Min)
	case o.Weight < 0:
		return fmt.Errorf("objective %q: weight %g is negative", o.Name, o.Weight)
	}
	return nil
}
