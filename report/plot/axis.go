package plot

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// An axis maps values to lengths.
type axis struct {
	low, high float64 // values
	from, to  float64 // lengths
	ticks     []tick
}

type tick struct {
	value float64
	label string
}

func (a axis) at(v float64) float64 {
	if a.high == a.low {
		return (a.from + a.to) / 2
	}
	return a.from + (v-a.low)/(a.high-a.low)*(a.to-a.from)
}

// steps returns round values that cover low to high in about n steps, and the
// number of decimals that they need.
func steps(low, high float64, n int) (values []float64, decimals int) {
	if !(high > low) {
		high = low + 1
	}
	raw := (high - low) / float64(n)
	magnitude := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * magnitude
	for _, m := range []float64{1, 2, 2.5, 5} {
		if raw <= m*magnitude*(1+1e-9) {
			step = m * magnitude
			break
		}
	}
	for d := range 12 {
		if scaled := step * math.Pow(10, float64(d)); math.Abs(scaled-math.Round(scaled)) < 1e-6*scaled {
			decimals = d
			break
		}
	}
	first := math.Floor(low/step + 1e-9)
	for i := first; ; i++ {
		values = append(values, i*step)
		if i*step >= high-step*1e-9 || len(values) > 4*n+4 {
			return values, decimals
		}
	}
}

// numbers makes an axis of plain numbers whose ends are round. The values are
// kept within the bounds, for shares: no tick says 110 %.
func numbers(low, high, floor, ceiling float64, n int) axis {
	if high-low < 1e-9 {
		pad := max(math.Abs(low)*0.1, 0.05)
		low, high = low-pad, high+pad
	}
	low, high = max(low, floor), min(high, ceiling)
	values, decimals := steps(low, high, n)
	a := axis{}
	for _, v := range values {
		if v < floor-1e-9 || v > ceiling+1e-9 {
			continue
		}
		a.ticks = append(a.ticks, tick{v, grouped(v, decimals)})
	}
	if len(a.ticks) == 0 {
		a.ticks = []tick{{low, grouped(low, 3)}}
	}
	a.low, a.high = min(low, a.ticks[0].value), max(high, a.ticks[len(a.ticks)-1].value)
	return a
}

// grouped writes a number with so many decimals, its thousands apart.
func grouped(v float64, decimals int) string {
	if math.Abs(v) >= 1e12 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
		if strings.Trim(s, "0.") == "" {
			sign = ""
		}
	}
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		rest = "." + rest
	}
	return sign + whole + rest
}

// dollars writes an amount to so many decimals.
func dollars(v float64, decimals int) string { return "$" + grouped(v, decimals) }

// money makes an axis of dollars from zero.
func money(high float64) axis {
	values, decimals := steps(0, high, 6)
	if decimals == 1 {
		decimals = 2
	}
	a := axis{}
	for _, v := range values {
		a.ticks = append(a.ticks, tick{v, dollars(v, decimals)})
	}
	a.high = values[len(values)-1]
	return a
}

// clock makes an axis of durations from zero, in seconds.
func clock(high float64) axis {
	unit, per := "s", 1.0
	switch d := time.Duration(high * float64(time.Second)); {
	case d > 5*time.Hour:
		unit, per = "h", 3600
	case d > 5*time.Minute:
		unit, per = "min", 60
	}
	values, decimals := steps(0, high/per, 6)
	a := axis{}
	for _, v := range values {
		a.ticks = append(a.ticks, tick{v * per, fmt.Sprintf("%s %s", grouped(v, decimals), unit)})
	}
	a.high = values[len(values)-1] * per
	return a
}

// score writes a score for people.
func score(v float64) string {
	if math.Abs(v) >= 1000 {
		return grouped(v, 0)
	}
	return grouped(v, 3)
}
