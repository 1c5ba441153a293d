// Numbers, times and names as people read them.

import type { Candidate, Head, Measure, Usage } from '../api/types'

export type Unit = 'share' | 'number'

const none = '–'

/** A value of a measure: a share as percent, a number as it is. */
export function value(v: number | null | undefined, unit: Unit): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return none
  if (unit === 'share') return (v * 100).toFixed(1) + ' %'
  return number(v)
}

/** A difference of two values, with its sign; of shares in points. */
export function difference(v: number | null | undefined, unit: Unit): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return none
  const shown = unit === 'share' ? (Math.abs(v) * 100).toFixed(1) : number(Math.abs(v))
  const sign = Number(shown.replace(/\s/g, '')) === 0 ? '±' : v < 0 ? '−' : '+'
  return sign + shown + (unit === 'share' ? ' points' : '')
}

export function interval(low: number | null, high: number | null, unit: Unit): string {
  const one = (v: number | null, sign: string) => {
    if (v === null) return sign + '∞'
    const n = unit === 'share' ? (Math.abs(v) * 100).toFixed(1) : number(Math.abs(v))
    return (v < 0 ? '−' : '+') + n
  }
  return `${one(low, '−')} … ${one(high, '+')}`
}

/** Up to four significant digits, with thin spaces between thousands. */
export function number(v: number): string {
  if (!Number.isFinite(v)) return none
  const abs = Math.abs(v)
  if (Number.isInteger(v)) return whole(v)
  if (abs >= 1000) return whole(Math.round(v))
  return String(Number(v.toPrecision(abs >= 1 ? 4 : 3))).replace('-', '−')
}

export function whole(v: number | null | undefined): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return none
  const s = Math.abs(Math.round(v)).toString()
  const grouped = s.length > 4 ? s.replace(/\B(?=(\d{3})+$)/g, '\u202f') : s
  return (v < 0 ? '−' : '') + grouped
}

/** 1234567 as 1.23 M, for axes and tiles. */
export function compact(v: number): string {
  const abs = Math.abs(v)
  if (abs >= 1e9) return trim(v / 1e9) + ' G'
  if (abs >= 1e6) return trim(v / 1e6) + ' M'
  if (abs >= 1e4) return trim(v / 1e3) + ' k'
  return whole(v)
}

function trim(v: number): string {
  return String(Number(v.toPrecision(3)))
}

export function dollars(nano: number | null | undefined): string {
  if (nano === null || nano === undefined || !Number.isFinite(nano)) return none
  const usd = nano / 1e9
  if (usd === 0) return '$0'
  if (Math.abs(usd) >= 100) return '$' + usd.toFixed(0)
  if (Math.abs(usd) >= 0.01) return '$' + usd.toFixed(2)
  return '$' + Number(usd.toPrecision(2))
}

/** What calls cost, in the server's words: they say what is unknown or simulated. */
export function cost(u: Usage): string {
  return u.cost || dollars(u.cost_nano_usd)
}

export function tokens(u: Usage): number {
  return u.input_tokens + u.output_tokens
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none
  if (ms < 1000) return `${Math.round(ms)} ms`
  const s = ms / 1000
  if (s < 10) return `${s.toFixed(1)} s`
  if (s < 60) return `${Math.round(s)} s`
  const m = Math.floor(s / 60)
  if (m < 60) return `${m} min ${Math.round(s % 60)} s`
  const h = Math.floor(m / 60)
  if (h < 48) return `${h} h ${m % 60} min`
  return `${Math.floor(h / 24)} d ${h % 24} h`
}

export function time(iso: string | null | undefined): string {
  if (!iso) return none
  const d = new Date(iso)
  if (Number.isNaN(d.getTime())) return none
  const two = (n: number) => String(n).padStart(2, '0')
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`
}

export function clock(iso: string | null | undefined): string {
  if (!iso) return none
  const d = new Date(iso)
  if (Number.isNaN(d.getTime())) return none
  return [d.getHours(), d.getMinutes(), d.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':')
}

/** How long ago it was, in words. */
export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return none
  const s = (now - new Date(iso).getTime()) / 1000
  if (Number.isNaN(s)) return none
  if (s < 5) return 'just now'
  if (s < 90) return `${Math.round(s)} s ago`
  if (s < 5400) return `${Math.round(s / 60)} min ago`
  if (s < 172800) return `${Math.round(s / 3600)} h ago`
  return `${Math.round(s / 86400)} days ago`
}

export function p(v: number | null): string {
  if (v === null || !Number.isFinite(v)) return none
  return v < 0.001 ? 'p < 0.001' : `p = ${v.toFixed(3)}`
}

export function count(n: number, one: string, many = one + 's'): string {
  return `${whole(n)} ${n === 1 ? one : many}`
}

const fates: Record<string, string> = {
  accepted: 'accepted',
  accepted_in_part: 'accepted, validated in part',
  no_gain: 'no better on the minibatch',
  unusable_text: 'no usable new text',
  duplicate: 'same as an earlier candidate',
  nothing_to_learn: 'nothing to learn',
  unfinished: 'under way',
}

export function fate(f: string, over = false): string {
  if (f === 'unfinished' && over) return 'unfinished'
  return fates[f] ?? plain(f)
}

const kinds: Record<string, string> = { reflect: 'reflection', merge: 'merge', merge_by_model: 'merge by model' }

export function kind(k: string): string {
  return kinds[k] ?? plain(k)
}

export function plain(s: string): string {
  return s.replace(/_/g, ' ')
}

/** The unit of the run's score: percent where all that is known of it lies in 0..1. */
export function scoreUnit(head: Pick<Head, 'test' | 'objectives'>, candidates: Iterable<Candidate>): Unit {
  const measured = mainMeasure(head.test?.measures)
  if (measured) return measured.unit
  for (const o of head.objectives) if ((o.min ?? 0) < 0 || (o.max ?? 1) > 1) return 'number'
  for (const c of candidates) if (c.validation !== null && (c.validation < 0 || c.validation > 1)) return 'number'
  return 'share'
}

export function objectiveUnit(o: { min: number | null; max: number | null }): Unit {
  return o.min === 0 && o.max === 1 ? 'share' : 'number'
}

/** The measure of the score: the last, by the format. */
export function mainMeasure(measures: Measure[] | undefined | null): Measure | null {
  if (!measures || measures.length === 0) return null
  return measures.find((m) => m.name === 'score') ?? measures[measures.length - 1]!
}

/** Where a difference favours the other, once the direction is taken into account. */
export function favours(m: Measure): 'better' | 'worse' | 'open' {
  if (m.verdict === 'better') return 'better'
  return m.verdict === 'worse' ? 'worse' : 'open'
}

/** The last part of a path. */
export function lastPart(folder: string): string {
  return folder.replace(/[\\/]+$/, '').split(/[\\/]/).pop() ?? folder
}

export function candidateName(id: number): string {
  return id === 0 ? '#0 base' : `#${id}`
}
