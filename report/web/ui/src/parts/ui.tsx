// The small things that pages are made of.

import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useApp } from '../app'
import { changeOf } from '../lib/diff'
import * as f from '../lib/format'
import type { Measure, Note, Status, Usage, Words } from '../api/types'
import { flat, pieces } from '../lib/visible'

/** Text from a model, from data or from a file: only ever text, and kept apart from what stands around it. */
export function Text({ children, dir = 'auto' }: { children: string; dir?: 'auto' | 'ltr' }): JSX.Element {
  const cut = children.length > inLine
  return <bdi dir={dir}>{marked(cut ? children.slice(0, inLine) : children)}{cut && `… (${f.whole(children.length)} characters)`}</bdi>
}

/** What stands in a line has at most so many characters; a Block has all. */
const inLine = 4_000

function marked(text: string): ComponentChildren {
  const all = pieces(text)
  if (all.length === 1 && !all[0]!.mark) return all[0]!.text
  return all.map((p) => (p.mark ? <span class="ctl" title={p.mark}>{p.text}</span> : p.text))
}

const firstPart = 12_000
const nextPart = 200_000

/** A text as it is, line by line; a very long one in parts. */
export function Block({ text, label, plain }: { text: string; label: string; plain?: boolean }): JSX.Element {
  const [shown, show] = useState(firstPart)
  const [copied, setCopied] = useState(false)
  const app = useApp()
  if (text === '') return <p class="quiet">(empty)</p>
  const cut = text.length > shown
  const copy = () => {
    void navigator.clipboard?.writeText(text).then(() => {
      setCopied(true)
      app.say('Copied')
      setTimeout(() => setCopied(false), 1500)
    })
  }
  return (
    <div class="block">
      <pre class={plain ? 'plain' : ''} dir="auto" tabIndex={0} role="group" aria-label={label}>{marked(cut ? text.slice(0, shown) : text)}</pre>
      {'clipboard' in navigator && <button type="button" class="copy" onClick={copy} aria-label={`Copy ${label}`}>{copied ? 'Copied' : 'Copy'}</button>}
      {cut && (
        <button type="button" class="more" onClick={() => show(shown + nextPart)}>
          Show more: {f.whole(shown)} of {f.whole(text.length)} characters are here
        </button>
      )}
    </div>
  )
}

/** The difference between two texts, word by word. */
export function WordDiff({ words, label }: { words: Words[]; label: string }): JSX.Element {
  const [all, setAll] = useState(false)
  const limit = all ? Infinity : 20_000
  let room = limit
  const out: ComponentChildren[] = []
  let cut = false
  for (const w of words) {
    if (room <= 0) {
      cut = true
      break
    }
    const text = w.text.length > room ? w.text.slice(0, room) : w.text
    cut ||= text.length < w.text.length
    room -= text.length
    const change = changeOf(w)
    if (change === 'kept') out.push(<span>{marked(text)}</span>)
    else if (change === 'added') out.push(<ins>{marked(text)}</ins>)
    else out.push(<del>{marked(text)}</del>)
  }
  return (
    <div class="block">
      <pre class="diff" dir="auto" tabIndex={0} role="group" aria-label={label}>{out}</pre>
      {cut && <button type="button" class="more" onClick={() => setAll(true)}>Show the whole difference</button>}
    </div>
  )
}

const statusWords: Record<Status, string> = {
  running: 'Running', finished: 'Finished', interrupted: 'Interrupted', failed: 'Failed', crashed: 'Crashed', unreadable: 'Unreadable',
}

export function StatusPill({ status, paused }: { status: Status; paused?: boolean }): JSX.Element {
  const kind = paused && status === 'running' ? 'paused' : status
  return (
    <span class={`pill status-${kind}`}>
      <span class="dot" aria-hidden="true" />
      {kind === 'paused' ? 'Paused' : statusWords[status] ?? f.plain(status)}
    </span>
  )
}

export function Simulated(): JSX.Element {
  return <span class="pill sim" title="A simulated model stood in: these figures say nothing about a language model">Simulated model</span>
}

/** A figure with the exact number behind it. */
export function Value({ v, unit }: { v: number | null | undefined; unit: f.Unit }): JSX.Element {
  if (v === null || v === undefined) return <span class="quiet">–</span>
  return <data value={String(v)} title={String(v)}>{f.value(v, unit)}</data>
}

export function Whole({ v }: { v: number | null | undefined }): JSX.Element {
  if (v === null || v === undefined) return <span class="quiet">–</span>
  return <data value={String(v)}>{f.whole(v)}</data>
}

export function Tile({ label, children, note }: { label: string; children: ComponentChildren; note?: ComponentChildren }): JSX.Element {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>
        <div class="figure">{children}</div>
        {note !== undefined && note !== null && note !== '' && <div class="note">{note}</div>}
      </dd>
    </div>
  )
}

export function Section({ title, id, children, aside, note }: {
  title: string
  id: string
  children: ComponentChildren
  aside?: ComponentChildren
  note?: ComponentChildren
}): JSX.Element {
  return (
    <section aria-labelledby={id} class="section">
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {aside && <div class="aside">{aside}</div>}
      </div>
      {note && <p class="section-note">{note}</p>}
      {children}
    </section>
  )
}

export function Segmented<T extends string>({ label, value, options, onChange }: {
  label: string
  value: T
  options: [T, string][]
  onChange: (v: T) => void
}): JSX.Element {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map(([v, name]) => (
        <button type="button" key={v} aria-pressed={v === value} onClick={() => onChange(v)}>{name}</button>
      ))}
    </div>
  )
}

export function Select<T extends string>({ label, value, options, onChange }: {
  label: string
  value: T
  options: [T, string][]
  onChange: (v: T) => void
}): JSX.Element {
  return (
    <label class="select">
      <span>{label}</span>
      <select value={value} onChange={(e) => onChange(e.currentTarget.value as T)}>
        {options.map(([v, name]) => <option key={v} value={v} selected={v === value}>{name}</option>)}
      </select>
    </label>
  )
}

export function Loading({ what }: { what: string }): JSX.Element {
  return <p class="loading" role="status">Reading {what}…</p>
}

export function Failure({ error }: { error: Error }): JSX.Element {
  return <p class="failure" role="alert"><Text>{error.message}</Text></p>
}

export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>
}

export function CandidateLink({ id, href, best, frontier }: { id: number; href: string; best?: boolean; frontier?: boolean }): JSX.Element {
  return (
    <a class="cand" href={href}>
      {f.candidateName(id)}
      {best && <span class="badge best">best</span>}
      {frontier && !best && <span class="badge">frontier</span>}
    </a>
  )
}

export function Ids({ ids, href }: { ids: number[]; href: (path: string) => string }): JSX.Element {
  if (ids.length === 0) return <span class="quiet">–</span>
  return <>{ids.map((p, i) => <>{i > 0 && ', '}<a href={href(`/candidates/${p}`)}>#{p}</a></>)}</>
}

export function Names({ names }: { names: string[] }): JSX.Element {
  if (names.length === 0) return <span class="quiet">–</span>
  return <>{names.map((n, i) => <>{i > 0 && ', '}<code><Text>{n}</Text></code></>)}</>
}

export function UsageLine({ u }: { u: Usage }): JSX.Element {
  const parts = [f.count(u.calls, 'call')]
  if (u.cached_calls > 0) parts.push(`${f.whole(u.cached_calls)} from the cache`)
  parts.push(`${f.whole(u.input_tokens)} tokens in`, `${f.whole(u.output_tokens)} out`)
  if (u.unmeasured_calls > 0) parts.push(`${f.count(u.unmeasured_calls, 'call')} not measured`)
  parts.push(f.cost(u))
  return <span class="usage">{parts.join(' · ')}</span>
}

/** A measured difference: its sign and interval, in words and as a small picture. */
export function Verdict({ m }: { m: Measure }): JSX.Element {
  return <span class={`verdict ${f.favours(m)}`}>{m.verdict}</span>
}

/** The paired interval of a difference on a line through zero. */
export function Whisker({ m }: { m: Measure }): JSX.Element | null {
  const d = m.difference
  if (d === null) return null
  const ends = [m.interval.low ?? d, m.interval.high ?? d, d, 0]
  const reach = Math.max(...ends.map(Math.abs), 1e-9) * 1.15
  const x = (v: number) => 80 + (v / reach) * 76
  const low = m.interval.low === null ? 0 : x(m.interval.low)
  const high = m.interval.high === null ? 160 : x(m.interval.high)
  return (
    <svg class={`whisker ${f.favours(m)}`} viewBox="0 0 160 18" width="160" height="18" role="img"
      aria-label={`Difference ${f.difference(d, m.unit)}, 95 % interval ${f.interval(m.interval.low, m.interval.high, m.unit)}`}>
      <line class="zero" x1="80" x2="80" y1="1" y2="17" />
      <line class="range" x1={low} x2={high} y1="9" y2="9" />
      <line class="range" x1={low} x2={low} y1="5" y2="13" />
      <line class="range" x1={high} x2={high} y1="5" y2="13" />
      <circle cx={x(d)} cy="9" r="4" />
    </svg>
  )
}

/** One line of text cut to a width; the whole is in its title. */
export function Short({ text, limit = 160 }: { text: string; limit?: number }): JSX.Element {
  const one = text.slice(0, limit * 2).replace(/\s+/g, ' ').trim()
  const cut = one.length > limit || text.length > limit * 2
  return <span title={cut ? flat(text, 1000) : undefined}><Text>{cut ? one.slice(0, limit - 1) + '…' : one}</Text></span>
}

/** A share of a whole, as a bar. */
export function Bar({ share, of = '' }: { share: number; of?: string }): JSX.Element {
  return (
    <svg class={`share-bar ${of}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="6" />
      <rect class="fill" width={Math.min(100, Math.max(share > 0 ? 0.5 : 0, 100 * share))} height="6" />
    </svg>
  )
}

/** What happened on the way, the last first. */
export function Notes({ notes }: { notes: Note[] }): JSX.Element {
  return (
    <ol class="notes" tabIndex={0} aria-label="Notes, the last first">
      {[...notes].reverse().map((n) => (
        <li class={n.level}>
          <time dateTime={n.at} title={f.time(n.at)}>{f.clock(n.at)}</time>
          {n.level === 'warn' && <span class="badge bad">warning</span>}
          <Short text={n.text} limit={400} />
        </li>
      ))}
    </ol>
  )
}
