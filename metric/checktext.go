package metric

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// String returns the report for people to read: the figures, what they mean,
// and the examples whose scores vary most.
func (r CheckReport) String() string {
	var b strings.Builder
	times := "once"
	if r.Repeats > 1 {
		times = strconv.Itoa(r.Repeats) + " times"
	}
	fmt.Fprintf(&b, "%d examples, each measured %s\n", r.Examples, times)
	fmt.Fprintf(&b, "  mean score        %.3f   [%.3f, %.3f]\n", r.Mean, r.Interval.Low, r.Interval.High)
	r.Ceiling.write(&b, "always the best", "examples: nothing to learn there")
	r.Floor.write(&b, "always the worst", "examples: progress there is not seen")
	r.Silent.write(&b, "no feedback", "measurements below the best: reflection has only the score to go by")
	if r.Failed.Count > 0 {
		r.Failed.write(&b, "failed", "measurements: the program gave no usable output")
	}
	if r.Repeats == 1 {
		b.WriteString("  repeatability     not known: measure each example more than once\n")
		return b.String()
	}
	r.Changed.write(&b, "not repeatable", "examples: their score changed from one time to the next")
	fmt.Fprintf(&b, "  spread            %.3f between examples, %.3f within one\n", r.Between, r.Within)
	fmt.Fprintf(&b, "  repeatability     %.2f   of the variance is the examples', the rest is noise\n", r.Repeatability)
	fmt.Fprintf(&b, "  noise             ±%.3f  of a mean over these %d examples, measured once\n", r.Noise, r.Examples)
	if r.Noise > 0 {
		fmt.Fprintf(&b, "Two candidates whose means over these examples differ by less than %.3f may be equal.\n", 1.4142*r.Noise)
	}
	r.writeWorst(&b)
	return b.String()
}

func (s Share) write(b *strings.Builder, name, what string) {
	fmt.Fprintf(b, "  %-16s  %3.0f %%   [%.0f, %.0f]  %d of %d %s\n", name, s.Share*100, s.Interval.Low*100, s.Interval.High*100, s.Count, s.N, what)
}

// writeWorst lists the examples whose scores are furthest apart.
func (r CheckReport) writeWorst(b *strings.Builder) {
	apart := func(s ExampleScores) float64 { return slices.Max(s.Scores) - slices.Min(s.Scores) }
	varied := slices.DeleteFunc(slices.Clone(r.Scores), func(s ExampleScores) bool { return apart(s) == 0 })
	if len(varied) == 0 {
		return
	}
	slices.SortStableFunc(varied, func(a, b ExampleScores) int { return cmp.Compare(apart(b), apart(a)) })
	b.WriteString("Furthest apart:\n")
	for _, s := range varied[:min(len(varied), 5)] {
		fmt.Fprintf(b, "  %s:", s.ID)
		for _, score := range s.Scores {
			fmt.Fprintf(b, " %.3g", score)
		}
		b.WriteByte('\n')
	}
}
