// Package propose writes new texts for a candidate's components with a
// language model: it collects what a minibatch showed about a component, adds
// a judge model's feedback where wanted, asks the reflection model for a new
// text, and takes that text from the reply only if the reply has the form that
// was asked for.
//
// Whatever comes from data or from models is shown to models as data: cut to a
// budget and fenced. What they write is looked at by a [Linter].
package propose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

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
	// Fence says where recorded data stands between marked lines. "" means
	// FenceAuto.
	Fence Fence
	// Linter looks at every new text. What it refuses is told to the model
	// once, for a repair.
	Linter Linter
	// Parts says of components that are no module of their own what they
	// belong to, by name. Defaults to none.
	Parts map[string]Part
	// RecordTokens bounds the recorded data within one prompt, by
	// [EstimateTokens]. Longer values lose their middle; examples share
	// fairly. 0 means 24,000.
	RecordTokens int
	// RejectedTokens bounds in the same way the rejected edits within one
	// prompt. 0 means 2,000.
	RejectedTokens int
	// Concurrency bounds the model calls of one proposal that run at the same
	// time. 0 means 8.
	Concurrency int
	// Logger is told of texts that were used although the linter warned. Nil
	// is told nothing.
	Logger *slog.Logger
}

// A Part says what a component is that is no module of its own, such as the
// description of a field.
type Part struct {
	// Of is the component whose feedback is about the text, too.
	Of string
	// Is says in a sentence what the text is, for the writer.
	Is string
}

// addressee returns the component whose feedback is about a component's text.
func (o Options) addressee(component string) string {
	return cmp.Or(o.Parts[component].Of, component)
}

const (
	defaultRecordTokens   = 24_000
	defaultRejectedTokens = 2_000
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
	if o.RecordTokens < 0 || o.RejectedTokens < 0 || o.Concurrency < 0 {
		problems = append(problems, errors.New("a limit is negative"))
	}
	o.RecordTokens = cmp.Or(o.RecordTokens, defaultRecordTokens)
	o.RejectedTokens = cmp.Or(o.RejectedTokens, defaultRejectedTokens)
	o.Concurrency = cmp.Or(o.Concurrency, defaultConcurrency)
	o.Fence = cmp.Or(o.Fence, FenceAuto)
	if !slices.Contains([]Fence{FenceAuto, FenceAlways, FenceNever}, o.Fence) {
		problems = append(problems, fmt.Errorf("fence %q is none of %q, %q, %q", o.Fence, FenceAuto, FenceAlways, FenceNever))
	}
	if err := o.Linter.Validate(); err != nil {
		problems = append(problems, err)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
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
//
// For a merge it writes each component's text from the two sources'. One that
// only one of them has changed is taken over without a call.
func (p *Proposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	if err := checkRequest(req); err != nil {
		return gepa.Reflection{}, fmt.Errorf("proposal %d: %w", req.Proposal, err)
	}
	write, written, open := p.reflect, map[string]string{}, req.Components
	if req.Merge != nil {
		write = p.merge
		written, open = takeOver(req)
		if len(written)+len(open) == 0 {
			return gepa.Reflection{Refused: "the other candidate has no text of its own for " + strings.Join(req.Components, ", ")}, nil
		}
	}
	// One text by itself can be looked at while it can still be repaired;
	// several make an earlier candidate only together.
	known := req.Known
	if len(open) == 1 && len(written) == 0 {
		known = nil
	} else {
		req.Known = nil
	}
	req.Components = open
	feedback, err := p.feedback(ctx, req)
	if err != nil {
		return gepa.Reflection{}, err
	}
	answers := make([]answer, len(open))
	writing := newCalls(ctx, p.options.Concurrency)
	for i, name := range open {
		writing.run(func(ctx context.Context) (err error) {
			answers[i], err = write(ctx, req, name, feedback[i])
			return err
		})
	}
	if err := writing.wait(); err != nil {
		return gepa.Reflection{}, err
	}
	return p.collect(req, known, written, answers), nil
}

// checkRequest looks for what makes a request impossible.
func checkRequest(req gepa.ReflectRequest) error {
	if len(req.Components) == 0 || len(req.Examples) == 0 {
		return fmt.Errorf("nothing to reflect on: %d components, %d examples", len(req.Components), len(req.Examples))
	}
	candidates := []gepa.Candidate{req.Candidate}
	if m := req.Merge; m != nil {
		candidates = append(candidates, m.Ancestor, m.A, m.B)
	}
	for _, name := range req.Components {
		for _, c := range candidates {
			if _, ok := c[name]; !ok {
				return fmt.Errorf("the candidate has no component %q, only %s", name, strings.Join(c.Names(), ", "))
			}
		}
	}
	return nil
}

// collect puts together what was written for the components. If known is not
// nil, it looks at all texts together.
func (p *Proposer) collect(req gepa.ReflectRequest, known knownTexts, written map[string]string, answers []answer) gepa.Reflection {
	var refused []string
	for i, a := range answers {
		if a.refused != "" {
			refused = append(refused, req.Components[i]+": "+a.refused)
			continue
		}
		written[req.Components[i]] = a.text
	}
	if len(written) == 0 {
		return gepa.Reflection{Refused: strings.Join(refused, "; ")}
	}
	if why := duplicateText(written, known); why != "" {
		switch p.options.Linter.Level(RuleDuplicate) {
		case LevelRefuse:
			return gepa.Reflection{Refused: "the texts could not be used: " + why}
		case LevelWarn:
			p.warn(req, "", []Finding{{Rule: RuleDuplicate, Level: LevelWarn, Words: why}})
		case LevelOff:
		}
	}
	return gepa.Reflection{Texts: written}
}

// reflect asks for one component's new text.
func (p *Proposer) reflect(ctx context.Context, req gepa.ReflectRequest, component string, feedback []string) (answer, error) {
	current := req.Candidate[component]
	m := material{
		current:  current,
		records:  p.records(req, component, feedback),
		rejected: rejectedEdits(req.Rejected, component, current, p.options.RejectedTokens),
		rules:    p.rules(req, component),
	}
	data := bodies(m.records)
	for _, e := range m.rejected {
		data = append(data, e.shown)
	}
	m.memoryFence = newFence(p.fences(true), data, current)
	if p.fences(p.template.fences()) {
		m.fence = m.memoryFence
	}
	messages, err := p.template.messages(m)
	if err != nil {
		return answer{}, fmt.Errorf("proposal %d, component %q: %w", req.Proposal, component, err)
	}
	q := p.question(req, component, messages)
	q.format, q.form = p.template.format(), p.template.form()
	q.read = func(reply string) (string, error) {
		text, err := p.template.extract(reply)
		if err == nil && text == strings.TrimSpace(current) && p.options.Linter.Level(RuleUnchanged) == LevelRefuse {
			return "", refuse(RuleUnchanged)
		}
		return text, err
	}
	q.lint = p.lint(req, component, Proposed{Current: current, Fence: m.memoryFence.mark})
	return ask(ctx, req.Memo, q)
}

// rules are sentences that a writer is told beside the template.
func (p *Proposer) rules(req gepa.ReflectRequest, component string) []string {
	var out []string
	if is := p.options.Parts[component].Is; is != "" {
		out = append(out, is)
	}
	out = append(out, p.options.Linter.keep(component, req.Candidate[component])...)
	return append(out, p.variation(req)...)
}

// records are what the examples show about a component, cut to the budget.
func (p *Proposer) records(req gepa.ReflectRequest, component string, feedback []string) []record {
	records := make([]record, len(req.Examples))
	for i, x := range req.Examples {
		records[i] = newRecord(component, x, feedback[i])
	}
	return fit(records, p.options.RecordTokens)
}

// fences reports whether a prompt has fences, by the options or its default.
func (p *Proposer) fences(byDefault bool) bool {
	return p.options.Fence == FenceAlways || p.options.Fence == FenceAuto && byDefault
}

// childStride is the distance between the repeat numbers of the texts that are
// wanted from the same evidence: beyond any proposal's number.
const childStride = 1 << 24

// question is what a request asks the reflection model about a component. The
// texts that are wanted from the same evidence differ in their key and in what
// makes a sampled reply another one: the repeat number, by which caches tell
// requests apart, and the seed that a provider is given.
func (p *Proposer) question(req gepa.ReflectRequest, component string, messages []gepa.Message) question {
	q := question{
		key:      gepa.CallKey{Role: gepa.RoleReflection, Component: component, Item: req.Child},
		model:    p.options.Model,
		messages: messages,
		params:   p.options.Params,
		// The same records may be reflected on again later; that is to be a
		// new thought, not a cached one.
		repeat: req.Proposal,
	}
	if req.Child == 0 || p.greedy() {
		return q
	}
	q.repeat += req.Child * childStride
	if q.params.Seed != nil {
		seed := *q.params.Seed + int64(req.Child)
		q.params.Seed = &seed
	}
	return q
}

// greedy reports whether the reflection model is asked for the same reply to
// the same prompt every time.
func (p *Proposer) greedy() bool {
	t := p.options.Params.Temperature
	return t != nil && *t == 0
}

// variation is what tells the prompts of several texts from the same evidence
// apart where sampling does not tell their replies apart.
func (p *Proposer) variation(req gepa.ReflectRequest) []string {
	if req.Child == 0 || !p.greedy() {
		return nil
	}
	return []string{fmt.Sprintf("This is request %d for a text from the same records. The first thought was taken: set out from another lesson, or put it in another form.", req.Child+1)}
}

// lint returns what [question] asks about a text; with is what is not in the
// request.
func (p *Proposer) lint(req gepa.ReflectRequest, component string, with Proposed) func(text string) string {
	with.Examples, with.Component, with.Known = req.Examples, component, req.Known
	return func(text string) string {
		with := with
		with.Text = text
		findings := p.options.Linter.Lint(with)
		reasons := refusals(findings)
		if reasons == "" {
			p.warn(req, component, findings)
		}
		return reasons
	}
}

// warn logs findings about a text that is used.
func (p *Proposer) warn(req gepa.ReflectRequest, component string, findings []Finding) {
	for _, f := range findings {
		p.options.Logger.Warn("the linter warns about a new text", "proposal", req.Proposal, "component", component, "rule", string(f.Rule), "finding", f.Words)
	}
}

// feedback returns, by component and example, what the reflection model is
// told about an example.
func (p *Proposer) feedback(ctx context.Context, req gepa.ReflectRequest) ([][]string, error) {
	out := make([][]string, len(req.Components))
	judging := newCalls(ctx, p.options.Concurrency)
	for c, component := range req.Components {
		out[c] = make([]string, len(req.Examples))
		for i, x := range req.Examples {
			own := x.Rollout.Feedback.For(p.options.addressee(component))
			out[c][i] = own
			if p.options.Feedback == FeedbackMetric {
				continue
			}
			judging.run(func(ctx context.Context) error {
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
	return out, judging.wait()
}
