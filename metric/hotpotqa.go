package metric

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
)

// The names of the objectives that [HotpotQA] measures.
const (
	// ObjectiveEM is exact match: 0 or 1.
	ObjectiveEM = "em"
	// ObjectiveF1 is F1 over words with HotpotQA's rule: 0..1.
	ObjectiveF1 = "f1"
)

// HotpotQA returns the metric for programs that answer HotpotQA's questions.
// It compares the output field "answer" with the label "answer", a string or a
// list of strings of which any will do. Score is 0.7·F1 + 0.3·EM, F1 being
// [HotpotF1]; the objectives are [ObjectiveEM] and [ObjectiveF1].
//
// Feedback says what is wrong with the answer, which paragraphs of the context
// hold the gold answer and the one given, and, from the label
// "supporting_facts" where there is one, which paragraphs were needed. For
// each component in the trace it says what its own answer, the output field
// "candidate" or "answer", was worth, and whether the component mended or
// spoiled the answer it was given.
//
// An output without an answer scores 0. A gold answer of nothing but articles
// and punctuation has no words, so that its F1 is always 0, as in DSPy. A label that is absent or of another
// type is an error.
func HotpotQA() Metric { return Func(measureHotpotQA) }

func measureHotpotQA(_ context.Context, in Input) (Result, error) {
	const field = "answer"
	golds, err := goldAnswers(in.Example, field)
	if err != nil {
		return Result{}, err
	}
	needed, err := supportingTitles(in.Example)
	if err != nil {
		return Result{}, err
	}
	c := compare(in.Output.Text(field), golds, hotpotF1)
	q := hotpot{in: in, golds: golds, needed: needed, final: c}
	words := c.String()
	if !hasField(in, field) {
		c.em, c.f1 = false, 0
		q.final = c
		words = noField(in, field) + " The gold answer is " + quote(golds[0]) + "."
	}
	if !c.em && c.verdict != extraWords {
		words = strings.Join(append([]string{words}, q.places()...), " ")
	}
	return Result{
		Score:      hotpotScore(c),
		Objectives: map[string]float64{ObjectiveEM: exactly(c), ObjectiveF1: c.f1},
		Feedback:   gepa.Feedback{Text: words, ByComponent: q.byComponent()},
	}, nil
}

// hotpotScore weighs F1 and EM. The conversions keep compilers from fusing the
// operations, which would make the score depend on the processor.
func hotpotScore(c comparison) float64 {
	return float64(0.7*c.f1) + float64(0.3*exactly(c))
}

func exactly(c comparison) float64 {
	if c.em {
		return 1
	}
	return 0
}

// hotpot is what the feedback on one rollout is made of.
type hotpot struct {
	in     Input
	golds  []string
	needed []string // titles of the supporting paragraphs
	final  comparison
}

// places says where in the context the gold answer and the given one stand.
func (q hotpot) places() []string {
	var out []string
	context := paragraphs(q.in)
	if !isClosed(NormalizeText(q.final.gold)) && len(context) > 0 {
		if where := titles(context, q.final.gold); where == nil {
			out = append(out, "The gold answer stands word for word in no paragraph of the context.")
		} else {
			out = append(out, fmt.Sprintf("The gold answer stands in %s.", paragraphList(where)))
		}
	}
	if q.final.verdict == wrong {
		where := titles(context, q.final.pred)
		switch {
		case len(context) == 0:
		case where == nil:
			out = append(out, "The answer given stands word for word in no paragraph.")
		case len(q.needed) > 0 && !slices.ContainsFunc(where, func(t string) bool { return slices.Contains(q.needed, t) }):
			out = append(out, fmt.Sprintf("The answer given comes from %s, which the question is not about.", paragraphList(where)))
		default:
			out = append(out, fmt.Sprintf("The answer given stands in %s.", paragraphList(where)))
		}
	}
	if len(q.needed) > 0 {
		out = append(out, fmt.Sprintf("The facts needed are in %s.", paragraphList(q.needed)))
	}
	return out
}

// titles returns the titles of the paragraphs that hold the answer, nil if
// none does.
func titles(context []paragraph, answer string) []string {
	var out []string
	for _, p := range context {
		if p.holds(answer) {
			out = append(out, p.title)
		}
	}
	return out
}

func paragraphList(titles []string) string {
	if len(titles) == 1 && titles[0] == "" {
		return "a paragraph without title"
	}
	if len(titles) == 1 {
		return "the paragraph " + quote(titles[0])
	}
	return "the paragraphs " + quoteList(titles)
}

// mostCalls bounds how many calls of one component are spoken of.
const mostCalls = 3

// byComponent says of each component in the trace what its answer was worth.
func (q hotpot) byComponent() map[string]string {
	calls := map[string]int{}
	for _, step := range q.in.Trace {
		calls[step.Component]++
	}
	out := map[string]string{}
	number := map[string]int{}
	for i, step := range q.in.Trace {
		name := step.Component
		number[name]++
		words := q.step(i)
		switch n := number[name]; {
		case words == "":
		case calls[name] == 1:
			out[name] = words
		case n <= mostCalls:
			out[name] += fmt.Sprintf("Call %d: %s\n", n, words)
		}
		if number[name] == calls[name] && calls[name] > mostCalls {
			out[name] += fmt.Sprintf("It was called %d more times.", calls[name]-mostCalls)
		}
	}
	for name, words := range out {
		out[name] = strings.TrimSuffix(words, "\n")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// step says what one step's own answer was worth, compared with the answer it
// was given and the final one.
func (q hotpot) step(i int) string {
	step := q.in.Trace[i]
	if step.Problem != "" {
		return "Its reply could not be used: " + quote(step.Problem) + "."
	}
	field, own, ok := q.answerOf(step)
	if !ok {
		return q.mention(step, "")
	}
	given, wasGiven := q.givenTo(i)
	now, before := hotpotScore(own), hotpotScore(given)
	pred := quote(own.pred)
	var b strings.Builder
	switch {
	case wasGiven && given.em && !own.em:
		fmt.Fprintf(&b, "It was given the right candidate %s and spoiled it: its %s %s is %s.", quote(given.pred), field, pred, own.short())
	case wasGiven && now < before:
		fmt.Fprintf(&b, "It made the candidate %s worse: its %s %s is %s.", quote(given.pred), field, pred, own.short())
	case wasGiven && !given.em && own.em:
		fmt.Fprintf(&b, "It mended the candidate %s (%s) to %s, which is exactly right.", quote(given.pred), given.short(), pred)
	case wasGiven && now > before:
		fmt.Fprintf(&b, "It made the candidate %s better, but its %s %s is still %s.", quote(given.pred), field, pred, own.short())
	case wasGiven && own.em:
		fmt.Fprintf(&b, "It kept the right candidate %s.", pred)
	case wasGiven:
		fmt.Fprintf(&b, "It was given the candidate %s (%s) and did not mend it: its %s %s is %s.", quote(given.pred), given.short(), field, pred, own.short())
	default:
		fmt.Fprintf(&b, "Its %s %s is %s.", field, pred, own.short())
	}
	final := hotpotScore(q.final)
	if i < len(q.in.Trace)-1 {
		switch {
		case now > final:
			fmt.Fprintf(&b, " A later step spoiled it to %s.", quote(q.final.pred))
		case now < final:
			fmt.Fprintf(&b, " A later step mended it to %s.", quote(q.final.pred))
		}
	}
	if !own.em {
		if words := q.mention(step, field); words != "" {
			b.WriteString(" " + words)
		}
	}
	return b.String()
}

// answerOf returns the answer among a step's outputs: "candidate" or
// "answer".
func (q hotpot) answerOf(step gepa.Step) (field string, c comparison, ok bool) {
	for _, field := range []string{"candidate", "answer"} {
		if _, ok := step.Outputs.Get(field); ok {
			return field, compare(step.Outputs.Text(field), q.golds, hotpotF1), true
		}
	}
	return "", comparison{}, false
}

// givenTo returns the answer of an earlier step that step i was given, the
// latest if several.
func (q hotpot) givenTo(i int) (comparison, bool) {
	for j := i - 1; j >= 0; j-- {
		field, c, ok := q.answerOf(q.in.Trace[j])
		if !ok {
			continue
		}
		if _, ok := q.in.Trace[i].Inputs.Get(field); ok && q.in.Trace[i].Inputs.Text(field) == c.pred {
			return c, true
		}
	}
	return comparison{}, false
}

// mention says whether a step's outputs, the field except aside, name the gold
// answer; "" if there is nothing to say, as with a yes or no, which any text
// may hold.
func (q hotpot) mention(step gepa.Step, except string) string {
	if isClosed(NormalizeText(q.final.gold)) {
		return ""
	}
	var looked []string
	for _, f := range step.Outputs {
		if f.Name == except {
			continue
		}
		text := paragraph{text: " " + NormalizeText(step.Outputs.Text(f.Name)) + " "}
		if slices.ContainsFunc(q.golds, text.holds) {
			return fmt.Sprintf("Its %s names the gold answer.", f.Name)
		}
		looked = append(looked, f.Name)
	}
	switch len(looked) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("Its %s does not name the gold answer.", looked[0])
	default:
		return "None of its other outputs names the gold answer."
	}
}
