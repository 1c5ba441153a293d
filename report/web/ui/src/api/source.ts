// Where the rows come from: a server, or the report file itself.

import { wordDiff } from '../lib/diff'
import * as clean from './clean'
import type {
  CandidateDetail, Comparison, Control, Head, Inlined, ProposalDetail, Review, ReviewAction, RolloutDetail, Run, RunLine,
} from './types'

export interface Source {
  /** Rows may still change, and actions may be possible. */
  readonly live: boolean
  runs(signal?: AbortSignal): Promise<RunLine[]>
  run(id: string, signal?: AbortSignal): Promise<Run>
  candidate(run: string, id: number, against: string, signal?: AbortSignal): Promise<CandidateDetail>
  proposal(run: string, n: number, signal?: AbortSignal): Promise<ProposalDetail>
  rollout(run: string, set: string, candidate: number, index: number, signal?: AbortSignal): Promise<RolloutDetail>
  compare(a: string, b: string, signal?: AbortSignal): Promise<Comparison>
  review(run: string, signal?: AbortSignal): Promise<Review>
  act(run: string, control: Control): Promise<Head | null>
  decide(run: string, action: ReviewAction): Promise<Review>
  eventsURL(run: string, after: number): string
  runEventsURL(): string
}

/** A refusal of the server, in its words. */
export class ServerError extends Error {
  constructor(message: string, readonly status: number) {
    super(message)
  }
}

export class ServedSource implements Source {
  readonly live = true

  async runs(signal?: AbortSignal): Promise<RunLine[]> {
    const got = await this.get<{ runs: RunLine[] | null }>('/api/runs', signal)
    return (got.runs ?? []).map(clean.runLine)
  }

  async run(id: string, signal?: AbortSignal): Promise<Run> {
    return clean.run(await this.get<Run>(base(id), signal))
  }

  async candidate(run: string, id: number, against: string, signal?: AbortSignal): Promise<CandidateDetail> {
    const q = new URLSearchParams({ against })
    return clean.candidateDetail(await this.get<CandidateDetail>(`${base(run)}/candidates/${id}?${q}`, signal))
  }

  async proposal(run: string, n: number, signal?: AbortSignal): Promise<ProposalDetail> {
    return clean.proposalDetail(await this.get<ProposalDetail>(`${base(run)}/proposals/${n}`, signal))
  }

  async rollout(run: string, set: string, candidate: number, index: number, signal?: AbortSignal): Promise<RolloutDetail> {
    const q = new URLSearchParams({ set, candidate: String(candidate), example: String(index) })
    return clean.rollout(await this.get<RolloutDetail>(`${base(run)}/rollouts?${q}`, signal))
  }

  async compare(a: string, b: string, signal?: AbortSignal): Promise<Comparison> {
    const q = new URLSearchParams({ a, b })
    return clean.comparison(await this.get<Comparison>(`/api/compare?${q}`, signal))
  }

  async review(run: string, signal?: AbortSignal): Promise<Review> {
    return clean.review(await this.get<Review>(`${base(run)}/review`, signal))
  }

  async act(run: string, control: Control): Promise<Head | null> {
    return this.post<Head | null>(`${base(run)}/${control}`, {})
  }

  async decide(run: string, action: ReviewAction): Promise<Review> {
    return clean.review(await this.post<Review>(`${base(run)}/review`, action))
  }

  eventsURL(run: string, after: number): string {
    return `${base(run)}/events?after=${after}`
  }

  runEventsURL(): string {
    return '/api/events'
  }

  private get<T>(url: string, signal?: AbortSignal): Promise<T> {
    return ask<T>(url, { headers: { Accept: 'application/json' }, ...(signal ? { signal } : {}) })
  }

  private post<T>(url: string, body: unknown): Promise<T> {
    return ask<T>(url, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Gepa': '1' }, body: JSON.stringify(body) })
  }
}

function base(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}`
}

async function ask<T>(url: string, init: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, { credentials: 'same-origin', ...init })
  } catch (err) {
    if (err instanceof DOMException && err.name === 'AbortError') throw err
    throw new ServerError('The server does not answer. Is gepa serve still running?', 0)
  }
  const text = await response.text()
  if (response.ok) return (text === '' ? null : JSON.parse(text)) as T
  let message = ''
  try {
    message = String((JSON.parse(text) as { error?: unknown }).error ?? '')
  } catch {
    message = text.slice(0, 300)
  }
  if (response.status === 401 || response.status === 403) {
    message ||= 'The server wants its token: open the address that gepa serve printed.'
  }
  throw new ServerError(message || `The server answered ${response.status}.`, response.status)
}

const leftOut = 'This is not in the report file, to keep it small. gepa serve shows it.'

/** The rows that a report file holds in itself. */
export class InlinedSource implements Source {
  readonly live = false

  constructor(readonly data: Inlined) {}

  async runs(): Promise<RunLine[]> {
    return []
  }

  async run(id: string): Promise<Run> {
    if (id !== this.data.run.head.id) throw new ServerError('This file holds another run.', 404)
    return clean.run(this.data.run)
  }

  async candidate(_run: string, id: number, against: string): Promise<CandidateDetail> {
    const all = (this.data.candidates ?? []).filter((c) => c.id === id)
    const found = against === 'parent' ? all[0] : all.find((c) => String(c.against) === against || (against === 'seed' && c.against === 0))
    if (found) return clean.candidateDetail(found)
    if (all[0]) return this.againstOther(all[0], against)
    throw new ServerError(leftOut, 404)
  }

  async proposal(_run: string, n: number): Promise<ProposalDetail> {
    return clean.proposalDetail(given((this.data.proposals ?? []).find((p) => p.proposal.number === n)))
  }

  async rollout(_run: string, set: string, candidate: number, index: number): Promise<RolloutDetail> {
    return clean.rollout(given(this.data.rollouts?.[`${set}/${candidate}/${index}`]))
  }

  compare(): Promise<Comparison> {
    return Promise.reject(new ServerError('A report file holds one run; gepa serve compares runs.', 404))
  }

  async review(): Promise<Review> {
    return clean.review(given(this.data.review))
  }

  act(): Promise<Head | null> {
    return Promise.reject(new ServerError('A report file cannot act on the run.', 405))
  }

  decide(): Promise<Review> {
    return Promise.reject(new ServerError('A report file cannot act on the run.', 405))
  }

  eventsURL(): string {
    return ''
  }

  runEventsURL(): string {
    return ''
  }

  // The file holds each candidate beside its parent. Beside another, the texts
  // are compared here, without the figures that need the rollouts.
  private async againstOther(detail: CandidateDetail, against: string): Promise<CandidateDetail> {
    const other = against === 'seed' ? 0 : Number(against)
    const texts = new Map(this.data.run.head.components.map((c) => [c.name, c.text]))
    if (other !== 0) {
      const found = given((this.data.candidates ?? []).find((c) => c.id === other))
      for (const c of found.components) texts.set(c.name, c.after)
    }
    const components = (detail.components ?? []).map((c) => {
      const before = texts.get(c.name) ?? ''
      return { name: c.name, before, after: c.after, changed: before !== c.after, words: wordDiff(before, c.after) }
    })
    return clean.candidateDetail({ ...detail, against: other, components, validation: null, won: [], lost: [] })
  }
}

function given<T>(v: T | undefined): T {
  if (v === undefined) throw new ServerError(leftOut, 404)
  return v
}
