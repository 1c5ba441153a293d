import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { useApp, useTitle } from '../app'
import * as clean from '../api/clean'
import type { RunLine } from '../api/types'
import * as f from '../lib/format'
import { Table, type Column } from '../parts/table'
import { Empty, Failure, Loading, Short, StatusPill, Text, Value, Whole } from '../parts/ui'

/** The list of runs, kept current. */
function useRuns(): { runs: RunLine[] | null; error: Error | null; lost: boolean } {
  const { source } = useApp()
  const [runs, set] = useState<RunLine[] | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [lost, setLost] = useState(false)
  useEffect(() => {
    if (!source.live) return
    const abort = new AbortController()
    let stream: EventSource | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    let frame = 0
    const table = new Map<string, RunLine>()
    const show = () => {
      if (frame === 0) frame = requestAnimationFrame(() => {
        frame = 0
        set([...table.values()])
      })
    }
    const open = () => {
      stream = new EventSource(source.runEventsURL())
      stream.addEventListener('run', (e) => {
        const rows = JSON.parse((e as MessageEvent<string>).data) as RunLine | RunLine[]
        for (const r of Array.isArray(rows) ? rows : [rows]) table.set(r.id, clean.runLine(r))
        show()
      })
      stream.onopen = () => setLost(false)
      stream.onerror = () => {
        setLost(true)
        if (stream?.readyState === EventSource.CLOSED) timer = setTimeout(open, 5000)
      }
    }
    source.runs(abort.signal).then(
      (list) => {
        for (const r of list) table.set(r.id, r)
        set(list)
        open()
      },
      (err: Error) => !abort.signal.aborted && setError(err),
    )
    return () => {
      abort.abort()
      stream?.close()
      clearTimeout(timer)
      cancelAnimationFrame(frame)
    }
  }, [source])
  return { runs, error, lost }
}

export function RunsPage(): JSX.Element {
  useTitle('Runs')
  const { router } = useApp()
  const { runs, error, lost } = useRuns()
  const [chosen, choose] = useState<string[]>([])
  const pick = (id: string) => choose((c) => (c.includes(id) ? c.filter((x) => x !== id) : [...c, id].slice(-2)))
  const href = (r: RunLine) => router.href(`/runs/${encodeURIComponent(r.id)}`)
  const columns = useMemo<Column<RunLine>[]>(() => [
    {
      key: 'pick', head: <span class="sr">Compare</span>, class: 'pick',
      cell: (r) => <input type="checkbox" checked={chosen.includes(r.id)} disabled={r.best === null} onChange={() => pick(r.id)} aria-label={`Choose ${r.folder} to compare`} />,
    },
    {
      key: 'run', head: 'Run', sort: (r) => r.folder,
      cell: (r) => (
        <>
          <a class="run-link" href={href(r)}><Text>{f.lastPart(r.folder) || r.id}</Text></a>
          <div class="sub"><Short text={r.program || r.folder} limit={60} /></div>
        </>
      ),
    },
    {
      key: 'status', head: 'Status', sort: (r) => r.status, class: 'wide',
      cell: (r) => (
        <>
          <StatusPill status={r.status} />
          {r.resumable && r.status !== 'running' && <span class="badge">resumable</span>}
          {r.simulated && <span class="badge sim">simulated</span>}
          <div class="sub"><Short text={r.error || r.detail} limit={90} /></div>
        </>
      ),
    },
    { key: 'base', head: 'Base', num: true, sort: (r) => r.base, cell: (r) => <Value v={r.base} unit={unit(r)} /> },
    { key: 'best', head: 'Best', num: true, sort: (r) => r.best, cell: (r) => <strong><Value v={r.best} unit={unit(r)} /></strong> },
    {
      key: 'test', head: 'Sealed test', num: true, sort: (r) => r.test?.difference ?? null,
      cell: (r) => (r.test ? (
        <>
          <Value v={r.test.other} unit={r.test.unit} />
          <div class={`sub verdict-text ${f.favours(r.test)}`}>{f.difference(r.test.difference, r.test.unit)}, {r.test.verdict}</div>
        </>
      ) : <span class="quiet">not read</span>),
    },
    { key: 'proposals', head: 'Proposals', num: true, sort: (r) => r.proposals, cell: (r) => <Whole v={r.proposals} /> },
    { key: 'rollouts', head: 'Rollouts', num: true, sort: (r) => r.rollouts, cell: (r) => <Whole v={r.rollouts} /> },
    { key: 'spend', head: 'Spend', num: true, sort: (r) => r.spend.cost_nano_usd, cell: (r) => <span title={`${f.whole(f.tokens(r.spend))} tokens`}>{f.cost(r.spend)}</span> },
    { key: 'updated', head: 'Last change', num: true, sort: (r) => r.updated, cell: (r) => <time dateTime={r.updated ?? undefined} title={f.time(r.updated)}>{f.ago(r.updated)}</time> },
  ], [chosen])
  const running = runs?.filter((r) => r.status === 'running').length ?? 0
  return (
    <div class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Runs</h1>
        <p class="page-sub" aria-live="polite">
          {runs && `${f.count(runs.length, 'run')}${running > 0 ? `, ${running} running now` : ''}`}
          {lost && <span class="connection lost"><span class="dot" aria-hidden="true" />Connection lost, trying again</span>}
        </p>
        <div class="actions">
          {chosen.length < 2
            ? <span class="hint">Choose two runs to compare them</span>
            : <a class="button primary" href={router.href('/compare', { a: chosen[0]!, b: chosen[1]! })}>Compare the two</a>}
        </div>
      </div>
      {error && <Failure error={error} />}
      {!runs && !error && <Loading what="the runs" />}
      {runs && runs.length === 0 && <Empty>There are no runs here yet. <code>gepa demo --out runs/demo</code> makes one without a network.</Empty>}
      {runs && runs.length > 0 && <Table label="Runs" columns={columns} rows={runs} id={(r) => r.id} sort={['updated', 'down']} />}
    </div>
  )
}

function unit(r: RunLine): f.Unit {
  if (r.test) return r.test.unit
  return [r.best, r.base].some((v) => v !== null && (v < 0 || v > 1)) ? 'number' : 'share'
}
