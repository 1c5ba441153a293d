// Comparisons by measure, as a table: the same for the sealed test, for two
// candidates and for two runs.

import type { JSX } from 'preact'
import type { Measure, PairedScore } from '../api/types'
import * as f from '../lib/format'
import { Empty, Text, Value, Verdict, Whisker } from './ui'

export function Measures({ measures, base, other, label }: { measures: Measure[]; base: string; other: string; label: string }): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      <table class="measures">
        <caption class="sr">{label}</caption>
        <thead>
          <tr>
            <th scope="col">Measure</th><th scope="col" class="num">{base}</th><th scope="col" class="num">{other}</th>
            <th scope="col" class="num">Difference</th><th scope="col">95 % interval</th><th scope="col">Shown to be</th>
            <th scope="col" class="num">Won / lost / tied</th>
          </tr>
        </thead>
        <tbody>
          {measures.map((m) => (
            <tr key={m.name} title={m.method}>
              <th scope="row"><Text>{m.name}</Text>{m.direction === 'min' && <span class="quiet"> (less is better)</span>}</th>
              <td class="num"><Value v={m.base} unit={m.unit} /></td>
              <td class="num"><Value v={m.other} unit={m.unit} /></td>
              <td class="num">{f.difference(m.difference, m.unit)}</td>
              <td class="nowrap"><Whisker m={m} /> <span class="quiet">{f.interval(m.interval.low, m.interval.high, m.unit)}</span></td>
              <td class="nowrap"><Verdict m={m} /> <span class="quiet">{f.p(m.p)}</span></td>
              <td class="num">{f.whole(m.wins)} / {f.whole(m.losses)} / {f.whole(m.ties)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Examples with another score than before; each leads to the rollout. */
export function Deltas({ rows, unit, link, empty }: {
  rows: PairedScore[]
  unit: f.Unit
  link: (r: PairedScore) => string | null
  empty: string
}): JSX.Element {
  if (rows.length === 0) return <Empty>{empty}</Empty>
  return (
    <ul class="deltas">
      {rows.slice(0, 200).map((r) => {
        const href = link(r)
        const name = <Text>{r.id}</Text>
        return (
          <li key={r.id}>
            {href ? <a href={href}>{name}</a> : name}
            <span class="num">{f.value(r.before, unit)} → {f.value(r.after, unit)}</span>
          </li>
        )
      })}
      {rows.length > 200 && <li class="quiet">and {f.whole(rows.length - 200)} more</li>}
    </ul>
  )
}
