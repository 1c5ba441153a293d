import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useApp, useFetch, useQuery, useTitle } from '../app'
import type { ComparedRun, RunLine } from '../api/types'
import * as f from '../lib/format'
import { Deltas, Measures } from '../parts/figures'
import { Empty, Failure, Loading, Section, Select, Simulated, Text } from '../parts/ui'

export function ComparePage(): JSX.Element {
  useTitle('Compare')
  const { source } = useApp()
  const [query, setQuery] = useQuery()
  const [runs, setRuns] = useState<RunLine[]>([])
  useEffect(() => void source.runs().then(setRuns, () => undefined), [source])
  const a = query.get('a') ?? ''
  const b = query.get('b') ?? ''
  const known = runs.filter((r) => r.best !== null)
  const options = (now: string): [string, string][] => {
    const list = known.map((r): [string, string] => [r.id, r.folder])
    if (now !== '' && !list.some(([id]) => id === now)) list.unshift([now, now])
    return now === '' ? [['', 'Choose a run'], ...list] : list
  }
  return (
    <div class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Compare two runs</h1>
        <p class="page-sub">Their winners, on the validation examples that both ran. Differences are B’s minus A’s.</p>
      </div>
      <div class="toolbar">
        <Select label="A" value={a} options={options(a)} onChange={(v) => setQuery({ a: v })} />
        <Select label="B" value={b} options={options(b)} onChange={(v) => setQuery({ b: v })} />
        <button type="button" class="button" disabled={a === '' || b === ''} onClick={() => setQuery({ a: b, b: a })}>Swap</button>
      </div>
      {a === '' || b === '' ? <Empty>Choose two runs.</Empty> : <Compared a={a} b={b} />}
    </div>
  )
}

function Compared({ a, b }: { a: string; b: string }): JSX.Element {
  const { source, router } = useApp()
  const { data, error } = useFetch(`compare:${a} ${b}`, (s) => source.compare(a, b, s))
  if (error) return <Failure error={error} />
  if (!data) return <Loading what="both runs" />
  const main = f.mainMeasure(data.pairing.measures)
  const unit = main?.unit ?? 'share'
  const link = (side: ComparedRun, index?: number) =>
    index === undefined || index < 0 ? null : router.href(`/runs/${encodeURIComponent(side.run)}/rollouts/validation/${side.candidate}/${index}`)
  const who = (name: string, r: ComparedRun) => (
    <div class="side">
      <span class="side-name">{name}</span>
      <a href={router.href(`/runs/${encodeURIComponent(r.run)}`)}><Text>{r.program || r.run}</Text></a>
      <a href={router.href(`/runs/${encodeURIComponent(r.run)}/candidates/${r.candidate}`)}>candidate #{r.candidate}</a>
      {r.simulated && <Simulated />}
    </div>
  )
  return (
    <>
      <div class="sides">{who('A', data.a)}{who('B', data.b)}</div>
      <p class="conclusion"><Text>{data.conclusion}</Text></p>
      {data.notes.map((n) => <p class="section-note"><Text>{n}</Text></p>)}
      <Section title="Measures" id="measures" note={`${f.count(data.pairing.n, 'example')} in common; ${f.whole(data.pairing.unpaired)} left out that only one ran.`}>
        <Measures measures={data.pairing.measures} base="A" other="B" label="Measures of both runs" />
      </Section>
      <div class="columns">
        <Section title={`Won by B: ${f.whole(data.pairing.won?.length ?? 0)}`} id="won">
          <Deltas rows={data.pairing.won ?? []} unit={unit} link={(r) => link(data.b, r.index)} empty="B is better on no example." />
        </Section>
        <Section title={`Won by A: ${f.whole(data.pairing.lost?.length ?? 0)}`} id="lost">
          <Deltas rows={data.pairing.lost ?? []} unit={unit} link={(r) => link(data.b, r.index)} empty="A is better on no example." />
        </Section>
      </div>
    </>
  )
}
