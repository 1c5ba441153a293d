package rollout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
)

// Scoring says how what a program returned becomes a score.
type Scoring struct {
	// Metric scores outputs that come without a score. Where it is set,
	// programs are not shown the examples' labels. Defaults to none: programs
	// must score themselves.
	Metric metric.Metric
	// FailureScore is the score of a rollout in which the program failed.
	// Defaults to 0.
	FailureScore float64
	// FailureObjectives are the objectives of such a rollout. Defaults to
	// none; the engine then takes the worst value of each.
	FailureObjectives map[string]float64
}

// visible returns what the program may see of an example.
func (s Scoring) visible(ex gepa.Example) gepa.Example {
	if s.Metric != nil {
		ex.Labels = nil
	}
	return ex
}

// failed returns the rollout of a program that failed.
func (s Scoring) failed(problem, feedback string) gepa.Rollout {
	if feedback == "" {
		feedback = problem
	}
	return gepa.Rollout{
		Score:      s.FailureScore,
		Objectives: maps.Clone(s.FailureObjectives),
		Feedback:   gepa.Feedback{Text: feedback},
		Problem:    oneLine(problem),
	}
}

// rollout turns a reply's JSON into a rollout. A reply that cannot be read is
// a failure of the program: what it holds may depend on the candidate.
func (s Scoring) rollout(ctx context.Context, job gepa.Job, data []byte) (gepa.Rollout, error) {
	var reply Reply
	if err := decode(bytes.ToValidUTF8(data, []byte("\uFFFD")), &reply); err != nil {
		return s.failed("the reply cannot be read: "+err.Error(), ""), nil //nolint:nilerr // a failure of the program is scored
	}
	if reply.Error != "" {
		err := errors.New(oneLine(reply.Error))
		usage, uerr := reply.Usage.usage()
		if uerr == nil {
			err = gepa.WithUsage(err, usage)
		}
		if reply.Fatal {
			err = gepa.Fatal(err)
		}
		return gepa.Rollout{}, err
	}
	r, err := reply.rollout()
	if err != nil {
		return s.failed("the reply cannot be read: "+err.Error(), ""), nil //nolint:nilerr // as above
	}
	switch {
	case reply.Problem != "":
		if reply.Score == nil {
			r.Score = s.FailureScore
		}
		if r.Objectives == nil {
			r.Objectives = maps.Clone(s.FailureObjectives)
		}
		if r.Feedback.Text == "" && len(r.Feedback.ByComponent) == 0 {
			r.Feedback.Text = reply.Problem
		}
		return r, nil
	case reply.Score != nil:
		return r, nil
	case len(reply.Output) == 0:
		failed := s.failed("the reply has no score, no output, no problem and no error: one of them is needed", "")
		failed.Trace, failed.Usage = r.Trace, r.Usage
		return failed, nil
	case s.Metric == nil:
		return gepa.Rollout{}, gepa.Fatal(errors.New("the reply has an output and no score: let the program score itself, or give a metric"))
	}
	return s.measured(ctx, job, r)
}

// measured scores a rollout's output with the metric. What the program said of
// itself stays, the metric's words come after it.
func (s Scoring) measured(ctx context.Context, job gepa.Job, r gepa.Rollout) (gepa.Rollout, error) {
	result, err := s.Metric.Measure(ctx, metric.Input{Example: job.Example, Output: r.Output, Trace: r.Trace})
	if err != nil {
		spent := r.Usage.Add(gepa.UsageOf(err))
		return gepa.Rollout{}, gepa.WithUsage(fmt.Errorf("measure the output: %w", err), spent)
	}
	r.Score = result.Score
	r.Objectives = mergeMaps(r.Objectives, result.Objectives)
	r.Feedback.Text = joinTexts(r.Feedback.Text, result.Feedback.Text)
	for name, text := range result.Feedback.ByComponent {
		if r.Feedback.ByComponent == nil {
			r.Feedback.ByComponent = map[string]string{}
		}
		r.Feedback.ByComponent[name] = joinTexts(r.Feedback.ByComponent[name], text)
	}
	return r, nil
}

func mergeMaps(a, b map[string]float64) map[string]float64 {
	if len(a) == 0 {
		return maps.Clone(b)
	}
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func joinTexts(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// rollout returns what the reply says, without a score that it leaves out.
func (r Reply) rollout() (gepa.Rollout, error) {
	out := gepa.Rollout{
		Feedback:   gepa.Feedback(r.Feedback),
		Objectives: r.Objectives,
		Problem:    oneLine(r.Problem),
	}
	if r.Score != nil {
		out.Score = *r.Score
	}
	var err error
	if out.Output, err = fieldsOf("output", r.Output); err != nil {
		return gepa.Rollout{}, fmt.Errorf("field %q: %w", "output", err)
	}
	for i, s := range r.Trace {
		step, err := s.step()
		if err != nil {
			return gepa.Rollout{}, fmt.Errorf("field %q: step %d: %w", "trace", i, err)
		}
		out.Trace = append(out.Trace, step)
	}
	if out.Usage, err = r.Usage.usage(); err != nil {
		return gepa.Rollout{}, fmt.Errorf("field %q: %w", "usage", err)
	}
	if r.Usage == (Usage{}) {
		for _, s := range out.Trace {
			for _, x := range s.Exchanges {
				out.Usage = out.Usage.Add(x.Usage)
			}
		}
	}
	return out, nil
}

func (s Step) step() (gepa.Step, error) {
	out := gepa.Step{Component: s.Component, Problem: s.Problem}
	if s.Component == "" {
		return out, errors.New("it names no component")
	}
	var err error
	if out.Inputs, err = fieldsOf("input", s.Inputs); err != nil {
		return out, fmt.Errorf("inputs: %w", err)
	}
	if out.Outputs, err = fieldsOf("output", s.Outputs); err != nil {
		return out, fmt.Errorf("outputs: %w", err)
	}
	for _, x := range s.Exchanges {
		usage, err := x.Usage.usage()
		if err != nil {
			return out, err
		}
		out.Exchanges = append(out.Exchanges, gepa.Exchange{
			Format: x.Format, Messages: x.Messages, Reply: x.Reply, Problem: x.Problem, Usage: usage,
		})
	}
	return out, nil
}

// fieldsOf reads an object's fields, and makes a field of anything else.
func fieldsOf(name string, raw json.RawMessage) (gepa.Fields, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	if raw[0] != '{' {
		return gepa.Fields{{Name: name, Value: compact.Bytes()}}, nil
	}
	var f gepa.Fields
	err := f.UnmarshalJSON(compact.Bytes())
	return f, err
}

// usage fills in what follows from what is there.
func (u Usage) usage() (gepa.Usage, error) {
	if u == (Usage{}) {
		return gepa.Usage{}, nil
	}
	out := gepa.Usage{
		Calls: u.Calls, Cached: u.Cached, Unmeasured: u.Unmeasured,
		CacheReadTokens: u.CacheReadTokens, CacheWriteTokens: u.CacheWriteTokens, ReasoningTokens: u.ReasoningTokens,
		Cost: gepa.Cost{Unknown: u.Unpriced},
	}
	if u.Calls == 0 && u.Cached == 0 {
		out.Calls = 1
	}
	if u.InputTokens != nil {
		out.InputTokens = *u.InputTokens
	}
	if u.OutputTokens != nil {
		out.OutputTokens = *u.OutputTokens
	}
	if u.InputTokens == nil && u.OutputTokens == nil {
		out.Unmeasured = out.Calls
	}
	switch {
	case u.CostUSD == nil:
		out.Cost.Unknown = out.Calls
	case *u.CostUSD < 0 || *u.CostUSD > maxCostUSD:
		return gepa.Usage{}, fmt.Errorf("cost_usd is %g, want 0 to %g", *u.CostUSD, float64(maxCostUSD))
	default:
		out.Cost.Nanos = int64(math.Round(*u.CostUSD * 1e9))
	}
	for _, n := range []int64{
		out.Calls, out.Cached, out.InputTokens, out.OutputTokens, out.CacheReadTokens,
		out.CacheWriteTokens, out.ReasoningTokens, out.Unmeasured, out.Cost.Unknown,
	} {
		if n < 0 {
			return gepa.Usage{}, fmt.Errorf("a count is %d, and cannot be negative", n)
		}
	}
	return out, nil
}

// maxCostUSD is more than a rollout can cost, and fits into billionths.
const maxCostUSD = 1e9

// replyTo is the other direction: how a rollout travels.
func replyTo(id string, r gepa.Rollout) (Reply, error) {
	out := Reply{
		Type: typeReply, ID: id, Score: &r.Score,
		Feedback: Feedback(r.Feedback), Objectives: r.Objectives,
		Usage: wireUsage(r.Usage), Problem: r.Problem,
	}
	var err error
	if out.Output, err = rawFields(r.Output); err != nil {
		return out, err
	}
	for _, s := range r.Trace {
		step := Step{Component: s.Component, Problem: s.Problem}
		if step.Inputs, err = rawFields(s.Inputs); err != nil {
			return out, err
		}
		if step.Outputs, err = rawFields(s.Outputs); err != nil {
			return out, err
		}
		for _, x := range s.Exchanges {
			step.Exchanges = append(step.Exchanges, Exchange{
				Format: x.Format, Messages: x.Messages, Reply: x.Reply, Problem: x.Problem, Usage: wireUsage(x.Usage),
			})
		}
		out.Trace = append(out.Trace, step)
	}
	return out, nil
}

func rawFields(f gepa.Fields) (json.RawMessage, error) {
	if f == nil {
		return nil, nil
	}
	return f.MarshalJSON()
}

func wireUsage(u gepa.Usage) Usage {
	if u == (gepa.Usage{}) {
		return Usage{}
	}
	usd := float64(u.Cost.Nanos) / 1e9
	return Usage{
		Calls: u.Calls, Cached: u.Cached, InputTokens: &u.InputTokens, OutputTokens: &u.OutputTokens,
		CacheReadTokens: u.CacheReadTokens, CacheWriteTokens: u.CacheWriteTokens, ReasoningTokens: u.ReasoningTokens,
		CostUSD: &usd, Unmeasured: u.Unmeasured, Unpriced: u.Cost.Unknown,
	}
}

// oneLine puts a text into one line of bounded length.
func oneLine(s string) string {
	const most = 500
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if len(s) > most {
		cut := most
		for cut > 0 && s[cut]&0xC0 == 0x80 {
			cut--
		}
		s = s[:cut] + " …"
	}
	return s
}
