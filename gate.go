package gepa

import (
	"context"
	"fmt"
)

// reflectGate makes a child by reflection and compares it with its parent on
// the minibatch: the child goes on only if its summed score is higher.
func (e *engine) reflectGate(ctx context.Context, plan ProposalPlanned) (GateDecided, error) {
	decided := GateDecided{Proposal: plan.Proposal}
	parent := e.state.pool[plan.Parents[0]]
	examples := e.planExamples(plan)
	before, err := e.rollouts(ctx, parent.Texts, examples)
	if err != nil {
		return decided, fmt.Errorf("run the parent on the minibatch: %w", err)
	}
	decided.Parent = sumScores(before)
	if e.perfect(before) {
		decided.Reason = "the parent already has the best possible score on the whole minibatch"
		return decided, nil
	}
	texts, refused, err := e.reflect(ctx, plan, parent, examples, before)
	if err != nil {
		return decided, fmt.Errorf("reflect: %w", err)
	}
	if refused != "" {
		decided.Reason = refused
		return decided, nil
	}
	decided.Texts = texts
	child := parent.Texts.With(texts)
	if id, known := e.inPool(child); known {
		decided.Reason = fmt.Sprintf("the child is the same as candidate %d", id)
		return decided, nil
	}
	after, err := e.rollouts(ctx, child, examples)
	if err != nil {
		return decided, fmt.Errorf("run the child on the minibatch: %w", err)
	}
	decided.Child = sumScores(after)
	decided.Passed = decided.Child > decided.Parent+scoreTie
	if !decided.Passed {
		decided.Reason = fmt.Sprintf("the child's summed score on the minibatch, %.3f, is not above its parent's, %.3f", decided.Child, decided.Parent)
	}
	return decided, nil
}

// mergeGate compares a merged child with its parents on the screen: it goes on
// if its summed score is at least that of the better parent.
func (e *engine) mergeGate(ctx context.Context, plan ProposalPlanned) (GateDecided, error) {
	a, b := e.state.pool[plan.Parents[0]], e.state.pool[plan.Parents[1]]
	child := crossover(e.state.pool[plan.Ancestor], a, b)
	decided := GateDecided{Proposal: plan.Proposal, Texts: map[string]string{}}
	for _, name := range plan.Components {
		decided.Texts[name] = child[name]
	}
	var sumA, sumB float64
	for _, i := range plan.Examples {
		sumA += a.Scores[i]
		sumB += b.Scores[i]
	}
	decided.Parent = max(sumA, sumB)
	after, err := e.rollouts(ctx, child, e.planExamples(plan))
	if err != nil {
		return decided, fmt.Errorf("screen the merged child: %w", err)
	}
	decided.Child = sumScores(after)
	decided.Passed = decided.Child >= decided.Parent-scoreTie
	if !decided.Passed {
		decided.Reason = fmt.Sprintf("the merged child's summed score on the screen, %.3f, is below the better parent's, %.3f", decided.Child, decided.Parent)
	}
	return decided, nil
}

// reflect asks the proposer for new texts. It returns why there are none, if
// there are none.
func (e *engine) reflect(ctx context.Context, plan ProposalPlanned, parent Member, examples []Example, rollouts []Rollout) (texts map[string]string, refused string, err error) {
	req := ReflectRequest{
		Proposal:   plan.Proposal,
		Candidate:  parent.Texts,
		Components: plan.Components,
		Examples:   make([]Reflected, len(examples)),
		Memo:       memo{e: e, proposal: plan.Proposal},
	}
	for i := range examples {
		req.Examples[i] = Reflected{Example: examples[i], Rollout: rollouts[i]}
	}
	var r Reflection
	err = e.attempt(ctx, fmt.Sprintf("proposal %d", plan.Proposal), func(ctx context.Context) (err error) {
		r, err = e.opts.Proposer.Propose(ctx, req)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if r.Refused != "" {
		return nil, r.Refused, nil
	}
	texts = map[string]string{}
	for _, name := range plan.Components {
		if text, ok := r.Texts[name]; ok && text != parent.Texts[name] {
			texts[name] = text
		}
	}
	if len(texts) == 0 {
		return nil, "the reflection left the texts as they were", nil
	}
	return texts, "", nil
}

func (e *engine) perfect(rollouts []Rollout) bool {
	for _, r := range rollouts {
		if r.Score < e.opts.PerfectScore-scoreTie {
			return false
		}
	}
	return true
}

func (e *engine) inPool(c Candidate) (int, bool) {
	hash := c.Hash()
	for _, m := range e.state.pool {
		if m.hash == hash {
			return m.ID, true
		}
	}
	return 0, false
}

func sumScores(rollouts []Rollout) float64 {
	var sum float64
	for _, r := range rollouts {
		sum += r.Score
	}
	return sum
}
