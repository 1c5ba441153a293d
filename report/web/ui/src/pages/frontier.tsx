import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { useQuery, useRun } from '../app'
import type { Candidate, Objective } from '../api/types'
import * as f from '../lib/format'
import { extent, front, knee, ranking, type Measured } from '../lib/pareto'
import { Table, type Column } from '../parts/table'
import { CandidateLink, Empty, Section, Select, Short, Text, Value, Whole } from '../parts/ui'

export function FrontierPage(): JSX.Element {
  const { head } = useRun()
  return (
    <div class="page">
      <h1 tabIndex={-1}>Frontier</h1>
      {head.simulated && <p class="section-note">A simulated model played a role in this run: its figures say nothing about a language model.</p>}
      {head.objectives.length > 1 ? <Objectives objectives={head.objectives} /> : <Wins />}
    </div>
  )
}

// With one objective the frontier is of examples: who is best on which.
function Wins(): JSX.Element {
  const { store, head, unit, href } = useRun()
  const rows = useMemo(() => store.sortedCandidates(), [store, store.version.candidates])
  const share = useMemo(() => holders([...store.rows.values()], store.examples.length), [store, store.version.scores])
  const most = Math.max(1, ...rows.map((c) => c.wins))
  const columns = useMemo<Column<Candidate>[]>(() => [
    { key: 'id', head: 'Candidate', sort: (c) => c.id, cell: (c) => <CandidateLink id={c.id} href={href(`/candidates/${c.id}`)} best={c.best} frontier={c.frontier} /> },
    {
      key: 'wins', head: 'Best on', sort: (c) => c.wins, first: 'down', class: 'wide',
      cell: (c) => (
        <span class="win-bar">
          <svg class="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" x="0" y="1" width="100" height="6" rx="2" /><rect class="fill" x="0" y="1" width={(100 * c.wins) / most} height="6" rx="2" /></svg>
          <Whole v={c.wins} />
        </span>
      ),
    },
    { key: 'alone', head: 'Alone', num: true, sort: (c) => share.alone.get(c.id) ?? 0, cell: (c) => <Whole v={share.alone.get(c.id) ?? 0} /> },
    { key: 'validation', head: 'Validation', num: true, sort: (c) => c.validation, cell: (c) => <Value v={c.validation} unit={unit} /> },
    { key: 'parents', head: 'From', cell: (c) => (c.parents.length === 0 ? <span class="quiet">–</span> : c.parents.map((p) => `#${p}`).join(', ')) },
  ], [unit, share, most])
  return (
    <>
      <p class="page-sub">There is one objective, so no trade between objectives to show. The frontier is of examples: each belongs to the candidates with its best score, and parents are drawn from those.</p>
      <dl class="tiles">
        <div class="tile"><dt>On the frontier</dt><dd><div class="figure"><Whole v={head.frontier.length} /><span class="of"> of {f.whole(rows.length)}</span></div></dd></div>
        <div class="tile"><dt>If each example went to its best</dt><dd><div class="figure"><Value v={share.ideal} unit={unit} /></div><div class="note">what the candidates reach together</div></dd></div>
        <div class="tile"><dt>Solved by nobody</dt><dd><div class="figure"><Whole v={share.unsolved} /></div><div class="note">examples whose best score is 0</div></dd></div>
      </dl>
      <Section title="Who is best on how many examples" id="wins">
        <Table label="Wins" columns={columns} rows={rows} id={(c) => c.id} sort={['wins', 'down']} rowClass={(c) => (c.best ? 'best' : '')} />
      </Section>
    </>
  )
}

export function holders(rows: { candidate: number; scores: (number | null)[] }[], n: number): { alone: Map<number, number>; ideal: number | null; unsolved: number } {
  const alone = new Map<number, number>()
  let sum = 0
  let seen = 0
  let unsolved = 0
  for (let i = 0; i < n; i++) {
    let best = -Infinity
    let who: number[] = []
    for (const r of rows) {
      const v = r.scores[i]
      if (v === null || v === undefined) continue
      if (v > best) {
        best = v
        who = [r.candidate]
      } else if (v === best) {
        who.push(r.candidate)
      }
    }
    if (who.length === 0) continue
    seen++
    sum += best
    if (best <= 0) unsolved++
    if (who.length === 1) alone.set(who[0]!, (alone.get(who[0]!) ?? 0) + 1)
  }
  return { alone, ideal: seen === 0 ? null : sum / seen, unsolved }
}

function Objectives({ objectives }: { objectives: Objective[] }): JSX.Element {
  const { store, head } = useRun()
  const [query, setQuery] = useQuery()
  const named = (v: string | null, other: string) => objectives.find((o) => o.name === v) ?? objectives.find((o) => o.name !== other)!
  const x = named(query.get('x'), '')
  const y = named(query.get('y') === x.name ? null : query.get('y'), x.name)
  const all = useMemo(() => store.sortedCandidates().filter((c) => c.full || c.validated > 0), [store, store.version.candidates])
  const measured = useMemo<Measured[]>(() => all.map((c) => ({ id: c.id, values: c.objectives })), [all])
  const on = useMemo(() => front(measured, [x, y]), [measured, x, y])
  const bend = useMemo(() => knee(measured, [x, y], on), [measured, x, y, on])
  const names = objectives.map((o): [string, string] => [o.name, o.name])
  return (
    <>
      <p class="page-sub">Means over the validation set. On the front, more of one objective costs some of the other{bend !== null ? <>; at the knee, #{bend}, the price turns steep</> : ''}.</p>
      <div class="toolbar">
        <Select label="Across" value={x.name} options={names} onChange={(v) => setQuery({ x: v, y: v === y.name ? x.name : y.name })} />
        <Select label="Up" value={y.name} options={names} onChange={(v) => setQuery({ y: v, x: v === x.name ? y.name : x.name })} />
        <div class="legend">
          <span><i class="key front-line" aria-hidden="true" />Pareto front</span>
          <span><i class="key best" aria-hidden="true" />in use: #{head.best ?? 0}</span>
          {bend !== null && <span><i class="key knee" aria-hidden="true" />knee</span>}
        </div>
      </div>
      <Scatter x={x} y={y} all={all} measured={measured} on={on} bend={bend} />
      <Weights objectives={objectives} all={all} measured={measured} />
    </>
  )
}

function Scatter({ x, y, all, measured, on, bend }: {
  x: Objective
  y: Objective
  all: Candidate[]
  measured: Measured[]
  on: Set<number>
  bend: number | null
}): JSX.Element {
  const { head, href } = useRun()
  const [w, h, left, bottom] = [760, 400, 64, 44]
  const [x0, x1] = padded(extent(measured, x.name))
  const [y0, y1] = padded(extent(measured, y.name))
  const px = (v: number) => left + ((v - x0) / (x1 - x0)) * (w - left - 20)
  const py = (v: number) => h - bottom - ((v - y0) / (y1 - y0)) * (h - bottom - 16)
  const dots = all.filter((c) => Number.isFinite(c.objectives[x.name] ?? NaN) && Number.isFinite(c.objectives[y.name] ?? NaN))
  const line = dots.filter((c) => on.has(c.id)).sort((a, b) => a.objectives[x.name]! - b.objectives[x.name]! || a.objectives[y.name]! - b.objectives[y.name]!)
  const path = line.map((c, i) => {
    const [cx, cy] = [px(c.objectives[x.name]!), py(c.objectives[y.name]!)]
    if (i === 0) return `M${cx} ${cy}`
    // The front is a staircase: between two points, neither is promised.
    return x.direction === 'min' ? `H${cx} V${cy}` : `V${cy} H${cx}`
  }).join(' ')
  const name = (o: Objective) => `${o.name}${o.direction === 'min' ? ' (less is better)' : ''}`
  return (
    <div class="scroll scatter" role="region" aria-label="Scatter of two objectives" tabIndex={0}>
      <svg viewBox={`0 0 ${w} ${h}`} role="group" aria-label={`${x.name} across, ${y.name} up; ${dots.length} candidates, ${on.size} on the front`}>
        {ticks(x0, x1).map((v) => <g class="tick"><line x1={px(v)} x2={px(v)} y1={16} y2={h - bottom} /><text x={px(v)} y={h - bottom + 16} text-anchor="middle">{f.value(v, f.objectiveUnit(x))}</text></g>)}
        {ticks(y0, y1).map((v) => <g class="tick"><line x1={left} x2={w - 20} y1={py(v)} y2={py(v)} /><text x={left - 8} y={py(v) + 4} text-anchor="end">{f.value(v, f.objectiveUnit(y))}</text></g>)}
        <text class="axis" x={(left + w - 20) / 2} y={h - 8} text-anchor="middle">{name(x)}</text>
        <text class="axis" text-anchor="middle" transform={`translate(14 ${(h - bottom) / 2}) rotate(-90)`}>{name(y)}</text>
        <path class="front" d={path} />
        {dots.map((c) => (
          <g key={c.id} transform={`translate(${px(c.objectives[x.name]!)} ${py(c.objectives[y.name]!)})`}>
          <a class={`dot-link ${on.has(c.id) ? 'on' : ''} ${c.id === head.best ? 'best' : ''}`} href={href(`/candidates/${c.id}`)}
            aria-label={`Candidate #${c.id}: ${x.name} ${f.value(c.objectives[x.name], f.objectiveUnit(x))}, ${y.name} ${f.value(c.objectives[y.name], f.objectiveUnit(y))}${on.has(c.id) ? ', on the front' : ''}${c.id === bend ? ', knee' : ''}${c.id === head.best ? ', in use' : ''}`}>
            <title>{`#${c.id}`}</title>
            {c.id === bend && <rect class="knee" x="-9" y="-9" width="18" height="18" transform="rotate(45)" />}
            {c.id === head.best && <circle class="halo best" r="10" />}
            <circle class="body" r={on.has(c.id) ? 5.5 : 4} />
            {(on.has(c.id) && line.length <= 24) || c.id === head.best ? <text y="-13" text-anchor="middle">{c.id}</text> : null}
          </a>
          </g>
        ))}
      </svg>
    </div>
  )
}

function padded([low, high]: [number, number]): [number, number] {
  const pad = (high - low) * 0.08 || Math.abs(high) * 0.1 || 0.5
  return [low - pad, high + pad]
}

export function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 5
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw
  const out: number[] = []
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) out.push(Number(v.toPrecision(12)))
  return out
}

// Weights to play with: who would be the best of these candidates.
function Weights({ objectives, all, measured }: { objectives: Objective[]; all: Candidate[]; measured: Measured[] }): JSX.Element {
  const { head, href } = useRun()
  const given = objectives.map((o) => o.weight)
  const start = given.some((w) => w > 0) ? given : given.map(() => 1)
  const [weights, set] = useState<number[]>(start)
  const ranked = useMemo(() => ranking(measured, objectives, weights), [measured, objectives, weights])
  const byId = new Map(all.map((c) => [c.id, c]))
  const most = Math.max(1, ...start)
  const first = ranked[0]
  const tied = ranked.filter((r) => first && Math.abs(r.total - first.total) < 1e-12).length
  return (
    <Section title="Under other weights" id="weights" note="Who of these candidates would win if the objectives mattered differently. The search itself went by the weights of the run."
      aside={<button type="button" class="button" onClick={() => set(start)}>As in the run</button>}>
      <div class="columns">
        <div class="sliders">
          {objectives.map((o, i) => (
            <label class="slider" key={o.name}>
              <span><Text>{o.name}</Text> <span class="quiet">{o.direction === 'min' ? 'less is better' : ''}</span></span>
              <input type="range" min="0" max={most} step={most / 100} value={weights[i]} onInput={(e) => set(weights.map((w, k) => (k === i ? Number(e.currentTarget.value) : w)))} />
              <output>{f.number(Number(weights[i]!.toFixed(2)))}</output>
            </label>
          ))}
          <p class="winner" aria-live="polite">
            {first ? <>{tied > 1 ? `${tied} candidates tie; the first is ` : 'The winner would be '}<CandidateLink id={first.id} href={href(`/candidates/${first.id}`)} />{first.id === head.best ? ', as in the run' : <>, not <a href={href(`/candidates/${head.best ?? 0}`)}>#{head.best}</a></>}.</> : 'With no weight at all nobody wins.'}
          </p>
        </div>
        <ol class="ranking">
          {ranked.slice(0, 8).map((r) => (
            <li key={r.id}>
              <CandidateLink id={r.id} href={href(`/candidates/${r.id}`)} best={r.id === head.best} />
              <svg class="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" x="0" y="1" width="100" height="6" rx="2" /><rect class="fill" x="0" y="1" width={Math.max(0, 100 * r.total)} height="6" rx="2" /></svg>
              <span class="num">{r.total.toFixed(3)}</span>
              <span class="sub"><Short text={objectives.map((o) => `${o.name} ${f.value(byId.get(r.id)?.objectives[o.name], f.objectiveUnit(o))}`).join(', ')} limit={80} /></span>
            </li>
          ))}
          {ranked.length === 0 && <Empty>–</Empty>}
        </ol>
      </div>
    </Section>
  )
}
