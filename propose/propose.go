// Package propose writes new texts for a candidate's components with a
// language model: it collects what a minibatch showed about a component, adds
// a judge model's feedback where wanted, asks the reflection model for a new
// text, and takes that text from the reply only if the reply has the form that
// was asked for.
//
// Whatever comes from data or from models is shown to the reflection model as
// data: cut to a budget and, in the default template, fenced.
package propose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// FeedbackSource says whose words the reflection model reads.
type FeedbackSource string

// The sources of feedback.
const (
	// FeedbackMetric: the metric's own words.
	FeedbackMetric FeedbackSource = "metric"
	// FeedbackJudge: a judge model's words about each example.
	FeedbackJudge FeedbackSource = "judge"
	// FeedbackBoth: the metric's words, then the judge's.
	FeedbackBoth FeedbackSource = "both"
)

// The templates with a name.
const (
	// TemplateInstruction asks in DSPy's chat format, by a signature
	// curr_instruction, input_output_feedbacks -> new_instruction.
	TemplateInstruction = "instruction"
	// TemplateGEPA asks as gepa in Python does, for a text in a fenced block;
	// see [RenderFenced] and [ExtractFenced].
	TemplateGEPA = "gepa"
)

// Options configure a [Proposer].
type Options struct {
	// Model is the reflection model. Required.
	Model lm.Model
	// Params are the reflection model's generation parameters.
	Params lm.Params
	// Judge is the model that judges examples. Nil means Model.
	Judge lm.Model
	// JudgeParams are the judge model's generation parameters.
	JudgeParams lm.Params
	// Feedback is the source of feedback. "" means FeedbackJudge if there is
	// a Judge, FeedbackMetric if not.
	Feedback FeedbackSource
	// Template is TemplateInstruction, TemplateGEPA, or a text of the user's
	// own that holds <curr_param> and <side_info>; the reply to such a text is
	// read as one to TemplateGEPA. "" means TemplateInstruction.
	Template string
	// MaxRecordChars bounds, in characters, the recorded data within one
	// prompt. Longer values lose their middle; examples share fairly.
	// 0 means 60,000.
	MaxRecordChars int
	// Concurrency bounds the model calls of one proposal that run at the same
	// time. 0 means 8.
	Concurrency int
}

const (
	defaultMaxRecordChars = 60_000
	defaultConcurrency    = 8
)

// A Proposer is a [gepa.Proposer] that asks a model. It is safe for concurrent
// use.
type Proposer struct {
	options  Options
	template template
}

var _ gepa.Proposer = (*Proposer)(nil)

// New returns a proposer. The error lists every option that is wrong.
func New(o Options) (*Proposer, error) {
	var problems []error
	if o.Model == nil {
		problems = append(problems, errors.New("no reflection model"))
	}
	if o.Feedback == "" {
		o.Feedback = FeedbackMetric
		if o.Judge != nil {
			o.Feedback = FeedbackJudge
		}
	}
	if !slices.Contains([]FeedbackSource{FeedbackMetric, FeedbackJudge, FeedbackBoth}, o.Feedback) {
		problems = append(problems, fmt.Errorf("feedback %q is none of %q, %q, %q", o.Feedback, FeedbackMetric, FeedbackJudge, FeedbackBoth))
	}
	if o.Judge == nil {
		o.Judge = o.Model
	}
	if o.MaxRecordChars < 0 || o.Concurrency < 0 {
		problems = append(problems, errors.New("a limit is negative"))
	}
	if o.MaxRecordChars == 0 {
		o.MaxRecordChars = defaultMaxRecordChars
	}
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	t, err := findTemplate(o.Template)
	if err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("proposer: %w", err)
	}
	return &Proposer{options: o, template: t}, nil
}

// Propose writes a new text for each of the request's components, one
// reflection each. A component whose reply could not be used is left out; if
// that leaves none, the reflection is refused.
func (p *Proposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	if len(req.Components) == 0 || len(req.Examples) == 0 {
		return gepa.Reflection{}, fmt.Errorf("proposal %d: nothing to reflect on: %d components, %d examples",
			req.Proposal, len(req.Components), len(req.Examples))
	}
	for _, name := range req.Components {
		if _, ok := req.Candidate[name]; !ok {
			return gepa.Reflection{}, fmt.Errorf("proposal %d: the candidate has no component %q, only %s",
				req.Proposal, name, strings.Join(req.Candidate.Names(), ", "))
		}
	}
	feedback, err := p.feedback(ctx, req)
	if err != nil {
		return gepa.Reflection{}, err
	}
	answers := make([]answer, len(req.Components))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.options.Concurrency)
	for i, name := range req.Components {
		group.Go(func() (err error) {
			answers[i], err = p.reflect(ctx, req, name, feedback[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return gepa.Reflection{}, err
	}
	out := gepa.Reflection{Texts: map[string]string{}}
	var refused []string
	for i, a := range answers {
		if a.refused != "" {
			refused = append(refused, req.Components[i]+": "+a.refused)
			continue
		}
		out.Texts[req.Components[i]] = a.text
	}
	if len(out.Texts) == 0 {
		return gepa.Reflection{Refused: strings.Join(refused, "; ")}, nil
	}
	return out, nil
}

// reflect asks for one component's new text.
func (p *Proposer) reflect(ctx context.Context, req gepa.ReflectRequest, component string, feedback []string) (answer, error) {
	current := req.Candidate[component]
	records := make([]record, len(req.Examples))
	for i, x := range req.Examples {
		records[i] = newRecord(component, x, feedback[i])
	}
	messages, err := p.template.messages(current, fit(records, p.options.MaxRecordChars))
	if err != nil {
		return answer{}, fmt.Errorf("proposal %d, component %q: %w", req.Proposal, component, err)
	}
	return ask(ctx, req.Memo, question{
		key:      gepa.CallKey{Role: gepa.RoleReflection, Component: component},
		model:    p.options.Model,
		format:   p.template.format(),
		messages: messages,
		params:   p.options.Params,
		// The same records may be reflected on again later; that is to be a
		// new thought, not a cached one.
		repeat: req.Proposal,
		read: func(reply string) (string, error) {
			text, err := p.template.extract(reply)
			if err == nil && text == strings.TrimSpace(current) {
				return "", refuse(RuleUnchanged)
			}
			return text, err
		},
		form: p.template.form(),
	})
}

// feedback returns, by component and example, what the reflection model is
// told about an example.
func (p *Proposer) feedback(ctx context.Context, req gepa.ReflectRequest) ([][]string, error) {
	out := make([][]string, len(req.Components))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.options.Concurrency)
	for c, component := range req.Components {
		out[c] = make([]string, len(req.Examples))
		for i, x := range req.Examples {
			own := x.Rollout.Feedback.For(component)
			out[c][i] = own
			if p.options.Feedback == FeedbackMetric {
				continue
			}
			group.Go(func() error {
				judged, err := p.judge(ctx, req, component, i)
				if err != nil {
					return err
				}
				switch {
				case judged.refused != "" && own == "":
					out[c][i] = "(The judge gave no usable feedback: " + judged.refused + ")"
				case judged.refused != "":
					// The metric's words are better than none.
				case p.options.Feedback == FeedbackBoth && own != "":
					out[c][i] = own + "\n" + judged.text
				default:
					out[c][i] = judged.text
				}
				return nil
			})
		}
	}
	return out, group.Wait()
}
