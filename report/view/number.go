package view

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// A Number is a figure that may be unknown. Unknown is NaN; in JSON that, and
// what is infinite, is null. The zero value is the number 0.
type Number float64

// Unknown returns the number that is not known.
func Unknown() Number { return Number(math.NaN()) }

// Known reports whether the number is one: neither unknown nor infinite.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes the number, or null.
func (n Number) MarshalJSON() ([]byte, error) { return n.append(nil), nil }

func (n Number) append(to []byte) []byte {
	if !n.Known() {
		return append(to, "null"...)
	}
	v := float64(n)
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.AppendInt(to, int64(v), 10)
	}
	return strconv.AppendFloat(to, v, 'g', -1, 64)
}

// UnmarshalJSON reads a number, or null as unknown.
func (n *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = Unknown()
		return nil
	}
	var v float64
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("a number: %w", err)
	}
	*n = Number(v)
	return nil
}

// Numbers are figures in a row. They are written at once, since a heatmap has
// hundreds of thousands.
type Numbers []Number

// MarshalJSON writes an array.
func (ns Numbers) MarshalJSON() ([]byte, error) {
	out := append(make([]byte, 0, 2+5*len(ns)), '[')
	for i, n := range ns {
		if i > 0 {
			out = append(out, ',')
		}
		out = n.append(out)
	}
	return append(out, ']'), nil
}
