// Package judge measures rollouts by a model that judges them: it is shown what
// the program was given and what it answered, and scores that by a rubric, once
// or several times.
package judge

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/metric"
)

// Options say who judges, by what, and how often. The zero value of every
// field but Model and Rubric means its default.
type Options struct {
	// Model judges. Required.
	Model lm.Model
	// Params are its generation parameters. Several votes differ only where
	// the temperature lets them.
	Params lm.Params
	// Rubric says what a good output is, and what each score stands for.
	// Required.
	Rubric string
	// Min and Max are the lowest and the highest score, whole numbers. Default
	// to 1 and 5.
	Min, Max int
	// Votes is how often the model is asked. Defaults to 1.
	Votes int
	// HideLabels keeps the example's labels from the judge, for rubrics that
	// need no gold answer.
	HideLabels bool
	// Trace shows it the program's calls, too: their components, outputs and
	// problems.
	Trace bool
	// Name is the objective's. Defaults to "judge".
	Name string
	// MaxChars bounds each text that the judge is shown; what is longer loses
	// its middle. Defaults to 8000.
	MaxChars int
}

// A Judge is a metric. Make one with [New]. It is safe for concurrent use.
//
// The objective is the mean of the votes, in the scale's own numbers; the score
// is that as a share of the scale, 0..1. Objective <name>_agreement is how far
// the votes agree: 1 less their mean distance from each other as a share of the
// scale; 1 where there is one vote. The feedback shows all of it, with the
// reasons of the lowest vote, and of the highest if they are apart.
//
// A reply without a score of the scale is asked for once more, then left out
// of the mean and spoken of. Where no vote is left, and where the model cannot
// be reached, Measure returns an error. What the votes cost is in the result's
// usage, or by [gepa.UsageOf] in the error.
//
// What the program answered is shown as data between marks that it cannot
// know, and the judge is told that nothing in it is addressed to it. That is a
// hurdle for an output that asks for a good score, not a wall: look at the
// outputs that win.
type Judge struct{ opts Options }

var _ metric.Metric = (*Judge)(nil)

// New returns the metric. The error says which option is wrong.
func New(opts Options) (*Judge, error) {
	if opts.Min == 0 && opts.Max == 0 {
		opts.Min, opts.Max = 1, 5
	}
	if opts.Votes == 0 {
		opts.Votes = 1
	}
	if opts.Name == "" {
		opts.Name = "judge"
	}
	if opts.MaxChars == 0 {
		opts.MaxChars = 8000
	}
	switch {
	case opts.Model == nil:
		return nil, errors.New("judge: no model is given")
	case strings.TrimSpace(opts.Rubric) == "":
		return nil, errors.New("judge: the rubric is empty: say what a good output is")
	case opts.Min >= opts.Max:
		return nil, fmt.Errorf("judge: the scale from %d to %d is none: give a highest score above the lowest", opts.Min, opts.Max)
	case opts.Votes < 1:
		return nil, fmt.Errorf("judge: %d votes: give 1 or more", opts.Votes)
	case opts.MaxChars < 100:
		return nil, fmt.Errorf("judge: texts of %d characters show too little: give 100 or more", opts.MaxChars)
	}
	return &Judge{opts}, nil
}

// Objectives returns the objective that counts. Agreement is measured, but no
// aim.
func (j *Judge) Objectives() []gepa.Objective {
	return []gepa.Objective{{Name: j.opts.Name, Min: float64(j.opts.Min), Max: float64(j.opts.Max), Weight: 1}}
}

// A vote is one answer of the judge.
type vote struct {
	score   float64
	reason  string
	problem string // why it does not count; "" if it does
	usage   gepa.Usage
	err     error
}

// Measure implements [metric.Metric].
func (j *Judge) Measure(ctx context.Context, in metric.Input) (metric.Result, error) {
	messages := j.messages(in)
	votes := make([]vote, j.opts.Votes)
	var group sync.WaitGroup
	for i := range votes {
		group.Go(func() { votes[i] = j.ask(ctx, messages, in.Repeat*j.opts.Votes+i) })
	}
	group.Wait()
	var spent gepa.Usage
	var failed error
	for _, v := range votes {
		spent = spent.Add(v.usage)
		failed = errors.Join(failed, v.err)
	}
	if failed != nil {
		return metric.Result{}, gepa.WithUsage(fmt.Errorf("judge: example %q: %w", in.Example.ID, failed), spent)
	}
	counted := slices.DeleteFunc(slices.Clone(votes), func(v vote) bool { return v.problem != "" })
	if len(counted) == 0 {
		return metric.Result{}, gepa.WithUsage(fmt.Errorf("judge: example %q: none of %d votes of %s could be read, asked twice each: %s",
			in.Example.ID, len(votes), j.opts.Model.Name(), votes[0].problem), spent)
	}
	mean, agreement := j.tally(counted)
	return metric.Result{
		Score:      (mean - float64(j.opts.Min)) / float64(j.opts.Max-j.opts.Min),
		Objectives: map[string]float64{j.opts.Name: mean, j.opts.Name + "_agreement": agreement},
		Feedback:   gepa.Feedback{Text: j.words(votes, counted, mean, agreement)},
		Usage:      spent,
	}, nil
}

// tally returns the mean of votes and how far they agree.
func (j *Judge) tally(votes []vote) (mean, agreement float64) {
	distance, pairs := 0.0, 0
	for i, v := range votes {
		mean += v.score / float64(len(votes))
		for _, other := range votes[:i] {
			distance += math.Abs(v.score - other.score)
			pairs++
		}
	}
	if pairs == 0 {
		return mean, 1
	}
	return mean, 1 - distance/float64(pairs)/float64(j.opts.Max-j.opts.Min)
}

// words says what the votes were, and why.
func (j *Judge) words(all, counted []vote, mean, agreement float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The judge gives %s of %d", number(mean), j.opts.Max)
	if len(all) > 1 {
		b.WriteString(" (votes")
		for i, v := range counted {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(" " + number(v.score))
		}
		fmt.Fprintf(&b, "; agreement %.0f %%)", agreement*100)
	}
	byScore := slices.Clone(counted)
	slices.SortStableFunc(byScore, func(a, b vote) int { return int(math.Copysign(1, a.score-b.score)) })
	low, high := byScore[0], byScore[len(byScore)-1]
	if low.reason != "" {
		b.WriteString(": " + low.reason)
	} else {
		b.WriteString(".")
	}
	if high.score > low.score && high.reason != "" {
		fmt.Fprintf(&b, "\nA vote of %s says: %s", number(high.score), high.reason)
	}
	if out := len(all) - len(counted); out > 0 {
		for _, v := range all {
			if v.problem != "" {
				fmt.Fprintf(&b, "\n%d of %d votes could not be read and do not count (%s).", out, len(all), v.problem)
				break
			}
		}
	}
	return b.String()
}

func number(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

// ask asks for one vote, and once more if the reply cannot be read.
func (j *Judge) ask(ctx context.Context, messages []gepa.Message, repeat int) vote {
	var v vote
	for range 2 {
		reply, err := j.opts.Model.Complete(ctx, lm.Request{Messages: messages, Params: j.opts.Params, Repeat: repeat})
		if err != nil {
			v.usage = v.usage.Add(gepa.UsageOf(err))
			v.err = err
			return v
		}
		v.usage = v.usage.Add(reply.Usage)
		v.score, v.reason, v.problem = j.read(reply)
		if v.problem == "" {
			return v
		}
		messages = withNote(messages, v.problem)
	}
	return v
}

// withNote returns the messages with a note on the refused reply.
func withNote(messages []gepa.Message, problem string) []gepa.Message {
	out := slices.Clone(messages)
	out[len(out)-1].Content += "\n\nYour last reply could not be used: " + problem + ". Reply in the form that is asked for, and with nothing else."
	return out
}
