import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Fixture } from '../../fixtures/generate'
import type { Source } from './source'
import { RunStore } from './store'

type Listener = (e: { data: string; lastEventId: string }) => void

class FakeStream {
  static last: FakeStream
  static readonly CLOSED = 2
  readyState = 1
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  closed = false
  private readonly on = new Map<string, Listener>()
  constructor(readonly url: string) {
    FakeStream.last = this
  }
  addEventListener(name: string, l: Listener): void {
    this.on.set(name, l)
  }
  close(): void {
    this.closed = true
  }
  send(event: string, data: unknown, id = ''): void {
    this.on.get(event)?.({ data: JSON.stringify(data), lastEventId: id })
  }
}

const fixture = () => new Fixture({ id: 'x', seed: 2, candidates: 4, examples: 6, status: 'running' })

function source(run: () => unknown): Source {
  return {
    live: true, run: async () => structuredClone(run()),
    eventsURL: (id: string, after: number) => `${id}?after=${after}`,
  } as unknown as Source
}

let frames: (() => void)[]

beforeEach(() => {
  frames = []
  vi.stubGlobal('EventSource', FakeStream)
  vi.stubGlobal('requestAnimationFrame', (f: () => void) => frames.push(f))
  vi.stubGlobal('document', { addEventListener: () => undefined, removeEventListener: () => undefined, hidden: false })
})

describe('the tables of a run', () => {
  test('rows replace rows of the same id, and the stream begins where the tables end', async () => {
    const f = fixture()
    const store = new RunStore(source(() => f.run), 'x')
    await store.open()
    expect(FakeStream.last.url).toBe(`x?after=${f.run.position}`)
    const c = f.run.candidates[1]!
    FakeStream.last.send('candidate', [{ ...c, wins: 99 }, { ...c, id: 4, parents: null }])
    expect(store.candidates.size).toBe(5)
    expect(store.candidates.get(1)?.wins).toBe(99)
    expect(store.candidates.get(4)?.parents).toEqual([])
    FakeStream.last.send('scores', [{ candidate: 4, scores: [1, null], failed: null }])
    expect(store.rows.get(4)).toEqual({ candidate: 4, scores: [1, null], failed: [] })
    FakeStream.last.send('head', { paused: true }, '5000')
    expect(store.head?.paused).toBe(true)
    expect(store.head?.program).toBe('hotpotqa')
    expect(store.position).toBe(5000)
    store.close()
  })

  test('many events are one drawing', async () => {
    const f = fixture()
    const store = new RunStore(source(() => f.run), 'x')
    let told = 0
    store.subscribe(() => told++)
    await store.open()
    frames.splice(0).forEach((g) => g())
    told = 0
    for (let i = 0; i < 1000; i++) FakeStream.last.send('proposal', [{ ...f.run.proposals[0]!, rollouts: i }])
    expect(frames.length).toBe(1)
    frames.splice(0).forEach((g) => g())
    expect(told).toBe(1)
    expect(store.proposals.size).toBe(f.run.proposals.length)
    store.close()
  })

  test('another journal is read anew', async () => {
    const f = fixture()
    const other = new Fixture({ id: 'x', seed: 9, candidates: 2, examples: 3 })
    let run = f.run
    const store = new RunStore(source(() => run), 'x')
    await store.open()
    const first = FakeStream.last
    run = other.run
    first.send('reset', {})
    await vi.waitFor(() => expect(store.candidates.size).toBe(2))
    expect(first.closed).toBe(true)
    expect(FakeStream.last).not.toBe(first)
    store.close()
  })

  test('a lost connection is told, and ended where the page goes', async () => {
    const f = fixture()
    const store = new RunStore(source(() => f.run), 'x')
    await store.open()
    FakeStream.last.onopen?.()
    expect(store.connection).toBe('live')
    FakeStream.last.onerror?.()
    expect(store.connection).toBe('lost')
    store.close()
    expect(FakeStream.last.closed).toBe(true)
  })
})
