import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { useApp, useFetch, useRun, type Shown } from '../app'
import type { Candidate, CandidateDetail, Control, Proposal, Range } from '../api/types'
import * as f from '../lib/format'
import { ScoreChart } from '../parts/chart'
import { Measures } from '../parts/figures'
import { Table, type Column } from '../parts/table'
import { Bar, CandidateLink, Empty, Failure, Ids, Loading, Names, Notes, Section, Segmented, Short, Text, Tile, Value, Verdict, Whole, WordDiff } from '../parts/ui'

export function RunPage(): JSX.Element {
  const { head } = useRun()
  return (
    <div class="page">
      <h1 tabIndex={-1} class="sr">Overview</h1>
      <Conclusion />
      <Tiles />
      <Section title="Score" id="score" note="Validation chose the candidates, so it flatters the best; the sealed test does not.">
        <ScoreChart />
      </Section>
      {head.test && (
        <Section title="Sealed test" id="test" note={readings(head.test.n, head.test.readings)}>
          <Measures measures={head.test.measures} base="Base" other="Best" label="Base and best on the sealed test set" />
        </Section>
      )}
      <div class="columns">
        <Section title="Plan against what happened" id="plan"><Plan /></Section>
        <Section title="What became of the proposals" id="fates"><Fates /></Section>
      </div>
      <Changes />
      <Candidates />
      <Proposals />
      <Noted />
      <Setup />
    </div>
  )
}

function readings(n: number, times: number): string {
  const more = times > 1 ? ` The set was opened ${times} times, which makes its figures worth less.` : ''
  return `${f.count(n, 'example')} that the search never saw, read for the base and for the best.${more}`
}

function Conclusion(): JSX.Element {
  const { head } = useRun()
  return (
    <div class="verdict-box">
      <p class="conclusion"><Text>{head.conclusion || 'Nothing can be said yet.'}</Text></p>
      {head.simulated && <p class="section-note">A simulated model played a role in this run: its figures say nothing about a language model.</p>}
      <ul class="summary">{head.summary.map((s) => <li><Text>{s}</Text></li>)}</ul>
      {head.stop && <p class="stop"><span class="quiet">Ended:</span> <Text>{head.stop.detail || f.plain(head.stop.reason)}</Text></p>}
      <Controls />
    </div>
  )
}

const controlNames: Partial<Record<Control, string>> = { pause: 'Pause', resume: 'Go on', stop: 'Stop after what is under way' }

function Controls(): JSX.Element | null {
  const { head, store } = useRun()
  const { source, say } = useApp()
  const [busy, setBusy] = useState<string>('')
  const [error, setError] = useState<Error | null>(null)
  const can = head.controls.filter((c) => controlNames[c])
  if (can.length === 0) return null
  const act = (c: Control) => {
    setBusy(c)
    setError(null)
    source.act(store.id, c).then(
      (h) => {
        if (h && typeof h === 'object' && 'status' in h) store.setHead(h)
        say(`${controlNames[c]}: done`)
      },
      setError,
    ).finally(() => setBusy(''))
  }
  return (
    <div class="actions left">
      {can.map((c) => <button type="button" class="button" disabled={busy !== ''} onClick={() => act(c)}>{controlNames[c]}</button>)}
      {error && <Failure error={error} />}
    </div>
  )
}

function Tiles(): JSX.Element {
  const { head, store, unit } = useRun()
  const base = store.candidates.get(0)
  const best = head.best === null ? undefined : store.candidates.get(head.best)
  const test = f.mainMeasure(head.test?.measures)
  const c = head.counts
  const running = head.status === 'running'
  return (
    <dl class="tiles">
      <Tile label="Best validation score" note={best && base && best.id !== 0 ? `base ${f.value(base.validation, unit)}, ${f.difference((best.validation ?? NaN) - (base.validation ?? NaN), unit)}` : best ? 'the base itself' : 'none yet'}>
        <Value v={best?.validation} unit={unit} />
      </Tile>
      <Tile label="Sealed test" note={test ? <>{f.difference(test.difference, test.unit)} <Verdict m={test} /></> : c.test_total > 0 && running ? `${f.whole(c.test_done)} of ${f.whole(c.test_total)} rollouts` : head.data.test > 0 || head.phase === 'starting' ? 'not read yet' : 'there is no test set'}>
        {test ? <Value v={test.other} unit={test.unit} /> : <span class="quiet">–</span>}
      </Tile>
      <Tile label="Proposals" note={`${f.whole(c.accepted)} accepted${c.in_flight > 0 ? `, ${f.whole(c.in_flight)} under way` : ''}`}>
        <Whole v={c.committed} />{head.budget.proposals > 0 && <span class="of"> of {f.whole(head.budget.proposals)}</span>}
      </Tile>
      <Tile label="Rollouts" note={`${f.whole(c.validation_rollouts)} to validate${c.failures > 0 ? `, ${f.count(c.failures, 'failure')}` : ''}`}>
        <Whole v={c.rollouts} />{head.budget.rollouts > 0 && <span class="of"> of {f.whole(head.budget.rollouts)}</span>}
      </Tile>
      <Tile label="Spend" note={`${f.compact(f.tokens(head.spend.total))} tokens${head.spend.cache_share ? `, ${f.value(head.spend.cache_share, 'share')} from the cache` : ''}`}>
        {f.cost(head.spend.total)}
      </Tile>
      <Tile label="Time" note={running && head.left_ms !== null ? `about ${f.duration(head.left_ms)} left` : head.sessions > 1 ? `in ${f.count(head.sessions, 'session')}` : phases[head.phase] ?? ''}>
        <Elapsed />
      </Tile>
    </dl>
  )
}

const phases: Record<string, string> = {
  starting: 'starting', base: 'validating the base', search: 'searching', stopping: 'stopping', test: 'reading the sealed test', over: '',
}

// While the run goes on the clock does, too, from the last word of the server.
function Elapsed(): JSX.Element {
  const { head } = useRun()
  const [came, setCame] = useState(() => Date.now())
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => setCame(Date.now()), [head.elapsed_ms])
  const runs = head.status === 'running' && !head.paused
  useEffect(() => {
    if (!runs) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [runs])
  return <>{f.duration(head.elapsed_ms + (runs ? Math.max(0, now - came) : 0))}</>
}

function Plan(): JSX.Element {
  const { head, store } = useRun()
  const c = head.counts
  const made = store.sortedProposals().filter(reflected).length
  const rows: { name: string; range: Range | undefined; now: number | null; limit: number; show: (v: number) => string }[] = [
    { name: 'Proposals', range: head.planned?.proposals, now: c.committed, limit: head.budget.proposals, show: f.whole },
    { name: 'Rollouts', range: head.planned?.rollouts, now: c.rollouts, limit: head.budget.rollouts, show: f.whole },
    { name: 'Reflections', range: head.planned?.reflections, now: made, limit: 0, show: f.whole },
    { name: 'Cost', range: undefined, now: head.spend.total.cost_nano_usd, limit: head.budget.cost_nano_usd, show: f.dollars },
    { name: 'Time', range: undefined, now: head.elapsed_ms, limit: head.budget.time_ms, show: f.duration },
  ]
  return (
    <div class="scroll" role="group" aria-label="Plan against what happened" tabIndex={0}>
      <table class="plan">
        <caption class="sr">Plan against what happened</caption>
        <thead><tr><th scope="col"><span class="sr">Figure</span></th><th scope="col" class="num">Expected</th><th scope="col" class="num">So far</th><th scope="col"><span class="sr">Picture</span></th><th scope="col" class="num">Limit</th></tr></thead>
        <tbody>
          {rows.map((r) => (
            <tr>
              <th scope="row">{r.name}</th>
              <td class="num">{known(r.range) ? r.range.low === r.range.high ? r.show(r.range.low) : `${r.show(r.range.low)} – ${r.show(r.range.high)}` : <span class="quiet">–</span>}</td>
              <td class="num">{r.now === null ? <span class="quiet">–</span> : <strong>{r.show(r.now)}</strong>}</td>
              <td class="bar-cell"><RangeBar range={known(r.range) ? r.range : undefined} now={r.now} limit={r.limit} /></td>
              <td class="num">{r.limit > 0 ? r.show(r.limit) : <span class="quiet">none</span>}</td>
            </tr>
          ))}
          {head.budget.target > 0 && <tr><th scope="row">Target score</th><td class="num"><span class="quiet">–</span></td><td class="num"><span class="quiet">–</span></td><td /><td class="num">{f.number(head.budget.target)}</td></tr>}
        </tbody>
      </table>
    </div>
  )
}

// A proposal for which a model was asked for a text, or is.
function reflected(p: Proposal): boolean {
  return p.kind !== 'merge' && p.fate !== 'nothing_to_learn' && !['planned', 'minibatch'].includes(p.stage)
}

function known(r: Range | undefined): r is Range {
  return r !== undefined && r.high > 0
}

function RangeBar({ range, now, limit }: { range: Range | undefined; now: number | null; limit: number }): JSX.Element | null {
  const most = Math.max(range?.high ?? 0, limit, now ?? 0)
  if (most <= 0 || (!range && limit <= 0)) return null
  const x = (v: number) => (v / most) * 100
  return (
    <svg class="range-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" x="0" y="3.5" width="100" height="3" />
      {range && <rect class="band" x={x(range.low)} y="1" width={Math.max(1, x(range.high) - x(range.low))} height="8" />}
      {now !== null && <rect class="now" x="0" y="3.5" width={x(now)} height="3" />}
    </svg>
  )
}

function Fates(): JSX.Element {
  const { head } = useRun()
  const total = head.by_fate.reduce((n, x) => n + x.count, 0)
  if (total === 0) return <Empty>No proposal has been made yet.</Empty>
  const over = head.status !== 'running'
  return (
    <ul class="bars">
      {head.by_fate.map((x) => (
        <li>
          <span class="bar-name">{f.fate(x.fate, over)}</span>
          <Bar share={x.count / total} of={`fate-${x.fate}`} />
          <span class="num">{f.whole(x.count)}</span>
        </li>
      ))}
    </ul>
  )
}

// What the best candidate's texts say that the base's do not.
function Changes(): JSX.Element | null {
  const { head, store, href } = useRun()
  const { source } = useApp()
  const best = head.best
  if (best === null || best === 0) return null
  return <ChangesOf key={best} best={best} id={store.id} get={(s) => source.candidate(store.id, best, 'seed', s)} href={href} />
}

function ChangesOf({ best, id, get, href }: {
  best: number
  id: string
  get: (s: AbortSignal) => Promise<CandidateDetail>
  href: Shown['href']
}): JSX.Element {
  const { data, error } = useFetch(`changes:${id} ${best}`, get)
  return (
    <Section title="What changed" id="changes" aside={<a href={href(`/candidates/${best}`, { against: 'seed' })}>Candidate #{best} in full</a>} note="The best candidate’s texts beside the base’s, word by word.">
      {error ? <Failure error={error} /> : !data ? <Loading what="the texts" /> : data.components.every((c) => !c.changed) ? <Empty>Nothing.</Empty> : (
        data.components.filter((c) => c.changed).map((c) => (
          <div class="component" key={c.name}>
            <h3><code><Text>{c.name}</Text></code></h3>
            <WordDiff words={c.words} label={`Changes of ${c.name}`} />
          </div>
        ))
      )}
    </Section>
  )
}

function Candidates(): JSX.Element {
  const { store, head, unit, href } = useRun()
  const rows = useMemo(() => store.sortedCandidates(), [store, store.version.candidates])
  const columns = useMemo<Column<Candidate>[]>(() => [
    { key: 'id', head: 'Candidate', sort: (c) => c.id, cell: (c) => <CandidateLink id={c.id} href={href(`/candidates/${c.id}`)} best={c.best} frontier={c.frontier} /> },
    { key: 'validation', head: 'Validation', num: true, sort: (c) => c.validation, cell: (c) => <><Value v={c.validation} unit={unit} />{!c.full && <span class="quiet" title="validated in part"> ({f.whole(c.validated)} of {f.whole(head.data.validation)})</span>}</> },
    { key: 'wins', head: 'Wins', num: true, sort: (c) => c.wins, cell: (c) => <Whole v={c.wins} /> },
    { key: 'test', head: 'Test', num: true, sort: (c) => c.test, cell: (c) => <Value v={c.test} unit={unit} /> },
    { key: 'parents', head: 'Parents', class: 'nowrap', cell: (c) => <Ids ids={c.parents} href={href} /> },
    { key: 'changed', head: 'Changed', cell: (c) => <Names names={c.changed} /> },
    { key: 'proposal', head: 'Proposal', num: true, sort: (c) => c.proposal, cell: (c) => (c.proposal > 0 ? <a href={href(`/proposals/${c.proposal}`)}>{c.proposal}</a> : <span class="quiet">–</span>) },
    { key: 'at', head: 'At rollout', num: true, sort: (c) => c.at?.rollouts ?? null, cell: (c) => <Whole v={c.at?.rollouts} /> },
    { key: 'length', head: 'Characters', num: true, sort: (c) => c.length, cell: (c) => <Whole v={c.length} /> },
  ], [unit, head.data.validation])
  return (
    <Section title="Candidates" id="candidates" aside={<span class="quiet">{f.count(rows.length, 'candidate')}</span>}>
      <Table label="Candidates" columns={columns} rows={rows} id={(c) => c.id} sort={['validation', 'down']} part={25} rowClass={(c) => (c.best ? 'best' : '')} empty="None has been validated yet." />
    </Section>
  )
}

type Which = 'all' | 'accepted' | 'rejected' | 'open'

function Proposals(): JSX.Element {
  const { store, head, unit, href } = useRun()
  const [which, setWhich] = useState<Which>('all')
  const all = useMemo(() => store.sortedProposals(), [store, store.version.proposals])
  const over = head.status !== 'running'
  const rows = useMemo(() => all.filter((p) => which === 'all' || which === group(p)), [all, which])
  const columns = useMemo<Column<Proposal>[]>(() => [
    { key: 'number', head: 'Proposal', sort: (p) => p.number, first: 'down', cell: (p) => <a href={href(`/proposals/${p.number}`)}>{p.number}</a> },
    { key: 'kind', head: 'Kind', sort: (p) => p.kind, cell: (p) => f.kind(p.kind) },
    { key: 'parents', head: 'Parents', class: 'nowrap', cell: (p) => <Ids ids={p.parents} href={href} /> },
    { key: 'components', head: 'Rewritten', cell: (p) => <Names names={p.components} /> },
    { key: 'gate', head: 'Before → after', num: true, sort: (p) => (p.before === null || p.after === null ? null : p.after - p.before), cell: (p) => <Gate p={p} unit={unit} /> },
    { key: 'fate', head: 'Became', sort: (p) => p.fate, class: 'wide', cell: (p) => <><Fate p={p} over={over} />{p.candidate >= 0 && <> <CandidateLink id={p.candidate} href={href(`/candidates/${p.candidate}`)} /></>}{p.reason !== '' && p.reason !== f.fate(p.fate, over) && <div class="sub"><Short text={p.reason} limit={110} /></div>}</> },
    { key: 'rollouts', head: 'Rollouts', num: true, sort: (p) => p.rollouts, cell: (p) => <Whole v={p.rollouts} /> },
    { key: 'spend', head: 'Spend', num: true, sort: (p) => p.spend.cost_nano_usd, cell: (p) => <span title={`${f.whole(f.tokens(p.spend))} tokens`}>{f.cost(p.spend)}</span> },
  ], [unit, over])
  return (
    <Section title="Proposals" id="proposals" aside={<Segmented label="Which proposals" value={which} onChange={setWhich} options={[['all', 'All'], ['accepted', 'Accepted'], ['rejected', 'Rejected'], ['open', over ? 'Unfinished' : 'Under way']]} />}>
      <Table key={which} label="Proposals" columns={columns} rows={rows} id={(p) => p.number} sort={['number', 'down']} part={25} empty={which === 'all' ? 'None has been made yet.' : 'None.'} />
    </Section>
  )
}

export function group(p: Proposal): 'accepted' | 'rejected' | 'open' {
  if (p.fate === 'unfinished') return 'open'
  return p.candidate >= 0 ? 'accepted' : 'rejected'
}

export function Fate({ p, over }: { p: Proposal; over: boolean }): JSX.Element {
  const g = group(p)
  const text = g === 'open' && !over ? stages[p.stage] ?? 'under way' : f.fate(p.fate, over)
  return <span class={`fate ${g}`}><span class="dot" aria-hidden="true" />{text}</span>
}

const stages: Record<string, string> = {
  planned: 'planned', minibatch: 'running the minibatch', reflection: 'reflecting', gate: 'at the gate', validation: 'being validated',
}

export function Gate({ p, unit }: { p: Proposal; unit: f.Unit }): JSX.Element {
  if (p.before === null) return <span class="quiet">–</span>
  const n = Math.max(1, p.n)
  const show = (v: number) => (unit === 'share' ? f.value(v / n, unit) : f.number(v))
  return (
    <span class="gate" title={`Sums over ${f.count(p.n, 'example')}: ${f.number(p.before)} → ${p.after === null ? '–' : f.number(p.after)}`}>
      {show(p.before)} → {p.after === null || p.fate === 'unusable_text' || p.fate === 'nothing_to_learn' ? '–' : show(p.after)}
    </span>
  )
}

function Noted(): JSX.Element | null {
  const { head } = useRun()
  return head.notes.length === 0 ? null : <Section title="Notes" id="notes"><Notes notes={head.notes} /></Section>
}

function Setup(): JSX.Element {
  const { head } = useRun()
  const models = [['Task', head.models.task], ['Reflection', head.models.reflection], ['Judge', head.models.judge]] as const
  return (
    <Section title="How it was set up" id="setup">
      <dl class="setup">
        {models.filter(([, m]) => m?.name).map(([role, m]) => <div><dt>{role} model</dt><dd><Text>{m.name}</Text>{m.simulated && <span class="badge sim">simulated</span>}</dd></div>)}
        <div><dt>Examples</dt><dd>{f.whole(head.data.feedback)} feedback, {f.whole(head.data.validation)} validation, {f.whole(head.data.test)} test</dd></div>
        <div><dt>Seed</dt><dd>{head.seed}</dd></div>
        <div><dt>Begun</dt><dd>{f.time(head.created)}</dd></div>
        <div><dt>Last change</dt><dd>{f.time(head.updated)}</dd></div>
        <div><dt>Folder</dt><dd><code><Text>{head.folder}</Text></code></dd></div>
        {head.command && <div class="whole"><dt>Command</dt><dd><code><Text>{head.command}</Text></code></dd></div>}
      </dl>
      {Object.keys(head.options).length > 0 && (
        <details class="call">
          <summary>Search options</summary>
          <dl class="setup options">
            {Object.entries(head.options).map(([k, v]) => <div><dt><Text>{f.plain(k)}</Text></dt><dd><Text>{typeof v === 'string' ? v : JSON.stringify(v)}</Text></dd></div>)}
          </dl>
        </details>
      )}
    </Section>
  )
}
