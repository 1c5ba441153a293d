// What comes from the server, made fit: lists that are null are empty, so that
// the pages need not ask.

import type {
  Candidate, CandidateDetail, Comparison, ComponentTexts, Head, Objective, Pairing, Proposal, ProposalDetail, Review, RolloutDetail, Run,
  RunLine, ScoreRow, Usage,
} from './types'

export const noUsage: Usage = {
  calls: 0, cached_calls: 0, input_tokens: 0, output_tokens: 0, unmeasured_calls: 0, cost_nano_usd: 0, unpriced_calls: 0, cost: '',
}

export function head(h: Head): Head {
  return {
    ...h,
    controls: h.controls ?? [], components: h.components ?? [], objectives: (h.objectives ?? []).map(objective), by_fate: h.by_fate ?? [],
    frontier: h.frontier ?? [], summary: h.summary ?? [], ledger: h.ledger ?? [], notes: h.notes ?? [], options: h.options ?? {},
    conclusion: h.conclusion ?? '',
    test: h.test ? { ...h.test, measures: h.test.measures ?? [] } : null,
  }
}

// Without a range an objective lies in 0..1; without a direction more is better.
function objective(o: Objective): Objective {
  const ranged = (o.min ?? 0) !== 0 || (o.max ?? 0) !== 0
  return { ...o, direction: o.direction || 'max', min: ranged ? o.min : 0, max: ranged ? o.max : 1, weight: o.weight ?? 0 }
}

export function candidate(c: Candidate): Candidate {
  return { ...c, parents: c.parents ?? [], changed: c.changed ?? [], objectives: c.objectives ?? {}, cost: c.cost ?? { proposal: noUsage } }
}

export function proposal(p: Proposal): Proposal {
  return { ...p, parents: p.parents ?? [], components: p.components ?? [], examples: p.examples ?? [], spend: p.spend ?? noUsage }
}

export function row(r: ScoreRow): ScoreRow {
  return { candidate: r.candidate, scores: r.scores ?? [], failed: r.failed ?? [] }
}

export function run(r: Run): Run {
  return {
    format: r.format,
    position: r.position,
    head: head(r.head),
    candidates: (r.candidates ?? []).map(candidate),
    proposals: (r.proposals ?? []).map(proposal),
    scores: { examples: r.scores?.examples ?? [], rows: (r.scores?.rows ?? []).map(row) },
    points: r.points ?? [],
  }
}

export function runLine(r: RunLine): RunLine {
  return { ...r, spend: r.spend ?? noUsage, detail: r.detail ?? '', command: r.command ?? '' }
}

function texts(list: ComponentTexts[] | null): ComponentTexts[] {
  return (list ?? []).map((c) => ({ ...c, words: c.words ?? [] }))
}

function pairing<T extends Pairing | null>(p: T): T {
  return p ? { ...p, measures: p.measures ?? [], won: p.won ?? [], lost: p.lost ?? [] } : p
}

export function candidateDetail(d: CandidateDetail): CandidateDetail {
  const validation = pairing(d.validation)
  return {
    ...d,
    parents: d.parents ?? [], components: texts(d.components), validation,
    won: d.won ?? validation?.won ?? [], lost: d.lost ?? validation?.lost ?? [],
    minibatch: d.minibatch ?? [], judge: d.judge ?? [],
    reflection: (d.reflection ?? []).map((c) => ({ ...c, messages: c.messages ?? [] })), spend: d.spend ?? noUsage,
  }
}

export function proposalDetail(d: ProposalDetail): ProposalDetail {
  return {
    ...d,
    proposal: proposal(d.proposal), components: texts(d.components), minibatch: d.minibatch ?? [], judge: d.judge ?? [],
    reflection: (d.reflection ?? []).map((c) => ({ ...c, messages: c.messages ?? [] })),
  }
}

export function rollout(d: RolloutDetail): RolloutDetail {
  return {
    ...d,
    objectives: d.objectives ?? {}, output: d.output ?? {}, others: d.others ?? [], usage: d.usage ?? noUsage,
    feedback: { text: d.feedback?.text ?? '', by_component: d.feedback?.by_component ?? {} },
    steps: (d.steps ?? []).map((s) => ({
      ...s,
      inputs: s.inputs ?? {}, outputs: s.outputs ?? {},
      exchanges: (s.exchanges ?? []).map((e) => ({ ...e, messages: e.messages ?? [], usage: e.usage ?? noUsage })),
    })),
  }
}

export function review(r: Review): Review {
  return { ...r, log: r.log ?? [] }
}

export function comparison(c: Comparison): Comparison {
  return { ...c, pairing: pairing(c.pairing), notes: c.notes ?? [] }
}
