package otel

import (
	"context"
	"iter"
	"maps"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/gepa-go/gepa"
)

// Journal returns a journal from whose records the spans of proposals are made:
// they begin with the plan and end with the commitment. What a rollout is for
// is told from them, too.
func (s *Spans) Journal(j gepa.Journal) gepa.Journal { return &journal{j, s} }

type journal struct {
	gepa.Journal
	spans *Spans
}

// Append follows the records that were appended.
func (j *journal) Append(ctx context.Context, records ...gepa.Record) error {
	// Before, since what is planned may begin as soon as it is appended.
	for _, r := range records {
		j.spans.follow(ctx, r, true)
	}
	return j.Journal.Append(ctx, records...)
}

// Records lets through what earlier sessions appended. The first reading, from
// which a run is resumed, is followed.
func (j *journal) Records(ctx context.Context) iter.Seq2[gepa.Record, error] {
	return func(yield func(gepa.Record, error) bool) {
		first := j.spans.firstReading()
		for r, err := range j.Journal.Records(ctx) {
			if first && err == nil {
				j.spans.follow(ctx, r, false)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// A plan is as much of a run's state as it takes to tell which proposal a
// rollout is for.
type plan struct {
	read     bool // earlier sessions' records, or the first of this one
	feedback []gepa.ExampleRef
	pool     []gepa.Candidate
	open     map[int]*proposal
}

func newPlan() plan { return plan{open: map[int]*proposal{}} }

// A proposal is one that is under way.
type proposal struct {
	planned  gepa.ProposalPlanned
	span     trace.Span      // nil until something is done for it
	parent   string          // by hash; "" for a merge, whose parents are not run
	children map[string]bool // by hash
	child    gepa.Candidate  // that of the gate
	examples map[string]bool // on which the parent may be run, by hash
}

func (s *Spans) firstReading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.plan.read
	s.plan.read = true
	return first
}

// follow applies a record. Of another session's no span is made.
func (s *Spans) follow(ctx context.Context, r gepa.Record, own bool) {
	switch r.Kind {
	case gepa.KindRun, gepa.KindPlan, gepa.KindReflect, gepa.KindGate, gepa.KindCommit:
	default:
		return // results are many, and say nothing here
	}
	event, err := gepa.DecodeRecord(r)
	if err != nil {
		return // the engine says so
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan.read = true
	switch e := event.(type) {
	case gepa.RunStarted:
		s.plan.begin(e)
	case gepa.ProposalPlanned:
		if p := s.plan.add(e); own && p != nil {
			s.start(ctx, p)
		}
	case gepa.ReflectionDone:
		s.plan.reflected(e)
	case gepa.GateDecided:
		if p := s.plan.gate(e); p != nil && p.span != nil {
			p.span.SetAttributes(attribute.Float64("gepa.gate.parent", e.Parent), attribute.Float64("gepa.gate.child", e.Child), attribute.Bool("gepa.gate.passed", e.Passed))
		}
	case gepa.ProposalCommitted:
		if p := s.plan.commit(e); p != nil && p.span != nil {
			outcome := "rejected"
			if e.Accepted {
				outcome = "accepted"
			}
			p.span.SetAttributes(attribute.String("gepa.outcome", outcome))
			p.span.End()
		}
	}
}

func (l *plan) begin(e gepa.RunStarted) {
	base := gepa.Seed(e.Components)
	if e.Options.Start != nil {
		base = e.Options.Start
	}
	l.feedback = e.Feedback
	l.pool = []gepa.Candidate{base}
}

// add opens a proposal; nil if it cannot be, which the engine says.
func (l *plan) add(e gepa.ProposalPlanned) *proposal {
	p := &proposal{planned: e, children: map[string]bool{}, examples: map[string]bool{}}
	for _, id := range e.Parents {
		if id < 0 || id >= len(l.pool) {
			return nil
		}
	}
	switch {
	case len(e.Parents) == 0:
		return nil
	case e.Kind == gepa.ProposalMerge:
		p.merged(l.pool)
	default:
		p.parent = l.pool[e.Parents[0]].Hash()
	}
	for _, i := range slices.Concat(e.Examples, e.More) {
		if i >= 0 && i < len(l.feedback) {
			p.examples[l.feedback[i].Hash] = true
		}
	}
	l.open[e.Proposal] = p
	return p
}

// merged notes a merge's child: the first parent with the components of the
// second that were chosen.
func (p *proposal) merged(pool []gepa.Candidate) {
	if len(p.planned.Parents) != 2 {
		return
	}
	texts, other := map[string]string{}, pool[p.planned.Parents[1]]
	for _, name := range p.planned.Components {
		texts[name] = other[name]
	}
	p.children[pool[p.planned.Parents[0]].With(texts).Hash()] = true
}

// reflected notes a child that earlier sessions' reflections made, or that the
// engine made of this one's.
func (l *plan) reflected(e gepa.ReflectionDone) {
	if p := l.open[e.Proposal]; p != nil && len(e.Texts) > 0 {
		p.children[l.pool[p.planned.Parents[0]].With(e.Texts).Hash()] = true
	}
}

func (l *plan) gate(e gepa.GateDecided) *proposal {
	p := l.open[e.Proposal]
	if p == nil || len(p.planned.Parents) == 0 {
		return nil
	}
	if len(e.Texts) > 0 {
		p.child = l.pool[p.planned.Parents[0]].With(e.Texts)
		p.children[p.child.Hash()] = true
	}
	return p
}

func (l *plan) commit(e gepa.ProposalCommitted) *proposal {
	p := l.open[e.Proposal]
	delete(l.open, e.Proposal)
	if p != nil && e.Accepted {
		l.pool = append(l.pool, p.child)
	}
	return p
}

// start begins a proposal's span.
func (s *Spans) start(ctx context.Context, p *proposal) {
	if s.run != nil {
		ctx = trace.ContextWithSpan(ctx, s.run)
	}
	attrs := []attribute.KeyValue{attribute.Int("gepa.proposal", p.planned.Proposal)}
	if p.planned.Kind != "" {
		attrs = append(attrs, attribute.String("gepa.kind", string(p.planned.Kind)),
			attribute.IntSlice("gepa.parents", p.planned.Parents), attribute.StringSlice("gepa.components", p.planned.Components))
	}
	_, p.span = s.tracer.Start(ctx, "proposal", trace.WithAttributes(attrs...))
}

// within returns the context of a proposal's span, which it begins if need be.
func (s *Spans) within(ctx context.Context, p *proposal) context.Context {
	if p.span == nil {
		s.start(ctx, p)
	}
	return trace.ContextWithSpan(ctx, p.span)
}

// forProposal returns the context for what is done for a proposal.
func (s *Spans) forProposal(ctx context.Context, number int) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plan.open[number]
	if p == nil {
		if s.run == nil {
			return ctx // there would be no end of it
		}
		// The run keeps its journal elsewhere.
		p = &proposal{planned: gepa.ProposalPlanned{Proposal: number}}
		s.plan.open[number] = p
	}
	return s.within(ctx, p)
}

// forRollout returns the context for a rollout: that of the first proposal
// that wants it, if one does.
func (s *Spans) forRollout(ctx context.Context, key gepa.RolloutKey) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, number := range slices.Sorted(maps.Keys(s.plan.open)) {
		p := s.plan.open[number]
		if p.children[key.Candidate] || p.parent == key.Candidate && p.examples[key.Example] {
			return s.within(ctx, p)
		}
	}
	return ctx
}
