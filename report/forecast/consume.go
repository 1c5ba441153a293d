package forecast

import (
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// consumption is what a simulated task takes.
type consumption struct {
	calls, input, output, nanos, unknown float64
	took                                 time.Duration
}

func (c *consumption) add(o consumption) {
	c.calls, c.input, c.output, c.nanos, c.unknown = c.calls+o.calls, c.input+o.input, c.output+o.output, c.nanos+o.nanos, c.unknown+o.unknown
	c.took += o.took
}

// of returns what a usage is, with so many tokens more in and so many times
// those out.
func (m *measures) of(u gepa.Usage, more, times float64, weights [2]float64) consumption {
	c := consumption{
		calls: float64(u.Calls), input: max(float64(u.InputTokens)+more, 0), output: float64(u.OutputTokens) * times, unknown: float64(u.Cost.Unknown),
	}
	if u.InputTokens == 0 { // it does not say
		c.input = 0
	}
	worth := func(in, out float64) float64 { return in*weights[0] + out*weights[1] }
	c.nanos = float64(u.Cost.Nanos)
	if before := worth(float64(u.InputTokens), float64(u.OutputTokens)); before > 0 {
		c.nanos *= worth(c.input, c.output) / before
	}
	return c
}

// rollout returns what a candidate's rollout on an example takes.
func (w *world) rollout(t texts, example string, number uint64) consumption {
	r := w.sampled(example, number)
	more, times := 0.0, 1.0
	for name, length := range t.lengths {
		more += w.perChar * w.asked[name] * float64(length-len(w.start[name]))
	}
	if len(t.edits) > 0 {
		times = w.outputs
	}
	c := w.of(r.Rollout.Usage, more, times, weightsOf(w.in.Models.Task))
	c.took = r.Elapsed
	return c
}

func (c *consumption) scale(by float64) {
	c.calls, c.input, c.output, c.nanos, c.unknown = c.calls*by, c.input*by, c.output*by, c.nanos*by, c.unknown*by
}

// weightsOf are the prices of tokens in and out; equal where they are unknown.
func weightsOf(m report.Model) [2]float64 {
	if m.Price == nil || m.Price.Input+m.Price.Output == 0 {
		return [2]float64{1, 1}
	}
	return [2]float64{float64(m.Price.Input), float64(m.Price.Output)}
}
