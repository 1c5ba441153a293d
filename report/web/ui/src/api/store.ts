// The tables of one run, kept current by the event stream. Rows replace rows
// of the same id, so that memory depends on the run's size and not on how long
// it is watched.

import * as clean from './clean'
import type { Source } from './source'
import type { Candidate, Head, Point, Proposal, Run, ScoreCell, ScoreRow } from './types'

/** How the page stands to the server. */
export type Connection = 'loading' | 'live' | 'lost' | 'resting' | 'static'

export class RunStore {
  head: Head | null = null
  position = 0
  candidates = new Map<number, Candidate>()
  proposals = new Map<number, Proposal>()
  examples: { id: string }[] = []
  rows = new Map<number, ScoreRow>()
  points = new Map<number, Point>()
  connection: Connection = 'loading'
  error: Error | null = null
  /** Rises with every change; the parts with the changes of their table. */
  version = { all: 0, scores: 0, candidates: 0, proposals: 0, points: 0 }
  /** How many events came: for tests and the curious. */
  events = 0

  private readonly listeners = new Set<() => void>()
  private scheduled = false
  private stream: EventSource | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private rest: ReturnType<typeof setTimeout> | undefined
  private wait = 500
  private closed = false
  private request: AbortController | null = null

  constructor(readonly source: Source, readonly id: string) {}

  async open(): Promise<void> {
    await this.load()
    if (this.closed || this.error || !this.source.live) return
    this.listen()
    document.addEventListener('visibilitychange', this.visibility)
  }

  close(): void {
    this.closed = true
    this.request?.abort()
    this.stop()
    clearTimeout(this.rest)
    document.removeEventListener('visibilitychange', this.visibility)
    this.listeners.clear()
  }

  subscribe(l: () => void): () => void {
    this.listeners.add(l)
    return () => void this.listeners.delete(l)
  }

  sortedCandidates(): Candidate[] {
    return [...this.candidates.values()].sort((a, b) => a.id - b.id)
  }

  sortedProposals(): Proposal[] {
    return [...this.proposals.values()].sort((a, b) => a.number - b.number)
  }

  sortedPoints(): Point[] {
    return [...this.points.values()].sort((a, b) => a.rollouts - b.rollouts || a.candidate - b.candidate)
  }

  setHead(h: Head): void {
    this.head = clean.head(h)
    this.touch()
  }

  private async load(): Promise<void> {
    this.request?.abort()
    const request = (this.request = new AbortController())
    try {
      const run = await this.source.run(this.id, request.signal)
      if (request.signal.aborted) return
      this.take(run)
      this.error = null
      if (!this.source.live) this.connection = 'static'
    } catch (err) {
      if (request.signal.aborted) return
      if (this.head === null) this.error = err as Error
      this.connection = 'lost'
      if (this.head !== null) this.again(() => void this.reset())
    }
    this.touch()
  }

  private take(r: Run): void {
    this.position = r.position
    this.head = r.head
    this.candidates = new Map(r.candidates.map((c) => [c.id, c]))
    this.proposals = new Map(r.proposals.map((p) => [p.number, p]))
    this.examples = r.scores.examples
    this.rows = new Map(r.scores.rows.map((row) => [row.candidate, row]))
    this.points = new Map(r.points.map((p) => [p.candidate, p]))
    const v = this.version
    v.scores++
    v.candidates++
    v.proposals++
    v.points++
  }

  private listen(): void {
    this.stop()
    const stream = (this.stream = new EventSource(this.source.eventsURL(this.id, this.position)))
    const on = (name: string, f: (data: unknown) => void) =>
      stream.addEventListener(name, (e) => {
        const m = e as MessageEvent<string>
        this.events++
        const id = Number(m.lastEventId)
        if (m.lastEventId !== '' && Number.isFinite(id)) this.position = Math.max(this.position, id)
        f(JSON.parse(m.data))
        this.touch()
      })
    stream.onopen = () => {
      this.connection = 'live'
      this.wait = 500
      this.touch()
    }
    stream.onerror = () => {
      this.connection = 'lost'
      this.touch()
      // A stream that the browser gave up is opened anew, ever more slowly.
      if (stream.readyState === EventSource.CLOSED) this.again(() => this.listen())
    }
    on('head', (d) => (this.head = clean.head(d as Head)))
    on('candidate', (d) => this.each(d, (c: Candidate) => this.candidates.set(c.id, clean.candidate(c)), 'candidates'))
    on('proposal', (d) => this.each(d, (p: Proposal) => this.proposals.set(p.number, clean.proposal(p)), 'proposals'))
    on('point', (d) => this.each(d, (p: Point) => this.points.set(p.candidate, p), 'points'))
    on('scores', (d) => this.each(d, (c: ScoreCell) => this.cell(c), 'scores'))
    on('reset', () => void this.reset())
  }

  private each<T>(data: unknown, f: (row: T) => void, table: 'candidates' | 'proposals' | 'points' | 'scores'): void {
    for (const row of Array.isArray(data) ? data : [data]) f(row as T)
    this.version[table]++
  }

  private cell(c: ScoreCell): void {
    let row = this.rows.get(c.candidate)
    if (!row) {
      row = { candidate: c.candidate, scores: new Array<number | null>(this.examples.length).fill(null), failed: [] }
      this.rows.set(c.candidate, row)
    }
    row.scores[c.index] = c.score
    const at = row.failed.indexOf(c.index)
    if (c.failed && at < 0) row.failed.push(c.index)
    if (!c.failed && at >= 0) row.failed.splice(at, 1)
  }

  // The journal is another one than before: everything is read anew.
  private async reset(): Promise<void> {
    this.stop()
    await this.load()
    if (!this.closed && this.connection !== 'lost') this.listen()
    else if (!this.closed && this.error === null && this.timer === undefined) this.again(() => void this.reset())
  }

  private again(f: () => void): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.timer = undefined
      if (!this.closed) f()
    }, this.wait)
    this.wait = Math.min(this.wait * 2, 10_000)
  }

  // A page that nobody sees gives its connection back after a minute: browsers
  // allow few of them to one server.
  private readonly visibility = (): void => {
    clearTimeout(this.rest)
    if (document.hidden) {
      this.rest = setTimeout(() => {
        this.stop()
        this.connection = 'resting'
      }, 60_000)
    } else if (this.stream === null && this.timer === undefined) {
      this.listen()
    }
  }

  private stop(): void {
    this.stream?.close()
    this.stream = null
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private touch(): void {
    this.version.all++
    if (this.scheduled) return
    this.scheduled = true
    const tell = () => {
      this.scheduled = false
      for (const l of this.listeners) l()
    }
    // Hidden pages get no frames; they are told when they are seen again.
    requestAnimationFrame(tell)
  }
}
