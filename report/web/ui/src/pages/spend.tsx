import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { useRun } from '../app'
import type { LedgerEntry, Usage } from '../api/types'
import * as f from '../lib/format'
import { Table, type Column } from '../parts/table'
import { Bar, Empty, Notes, Section, Text, Tile, Whole } from '../parts/ui'

interface Group {
  name: string
  u: Usage
}

export function SpendPage(): JSX.Element {
  const { head } = useRun()
  const total = head.spend.total
  const priced = total.cost_nano_usd > 0
  const by = (of: (e: LedgerEntry) => string) => groups(head.ledger, of)
  const warnings = head.notes.filter((n) => n.level === 'warn')
  const wasted = head.ledger.filter((e) => e.failed || e.purpose === 'rejected').reduce((n, e) => n + measure(e, priced), 0)
  const all = head.ledger.reduce((n, e) => n + measure(e, priced), 0)
  return (
    <div class="page">
      <h1 tabIndex={-1}>Spend</h1>
      {head.simulated && <p class="section-note">A simulated model stood in: its calls and tokens are counted, and cost nothing.</p>}
      <dl class="tiles">
        <Tile label="Cost" note={total.unpriced_calls > 0 ? `without ${f.count(total.unpriced_calls, 'call')} of unknown price` : ''}>{f.cost(total)}</Tile>
        <Tile label="Calls" note={total.cached_calls > 0 ? `and ${f.whole(total.cached_calls)} from the cache, for nothing` : 'none from the cache'}><Whole v={total.calls} /></Tile>
        <Tile label="Tokens in" note={total.unmeasured_calls > 0 ? `without ${f.count(total.unmeasured_calls, 'call')} not measured` : ''}><Whole v={total.input_tokens} /></Tile>
        <Tile label="Tokens out"><Whole v={total.output_tokens} /></Tile>
        <Tile label="Rejected or failed" note="spent on what the search did not keep">{all > 0 ? f.value(wasted / all, 'share') : <span class="quiet">–</span>}</Tile>
        {head.status === 'running' && <Tile label="Rate">{f.number(head.spend.rate_calls_per_s)} <span class="of">calls a second</span></Tile>}
      </dl>
      {head.ledger.length === 0 ? <Empty>Nothing has been spent yet.</Empty> : (
        <>
          <div class="columns three">
            <Share title="By role" id="by-role" groups={by((e) => (e.purpose === 'test' ? `${e.role}, on the sealed test` : e.role))} priced={priced} />
            <Share title="By purpose" id="by-purpose" groups={by((e) => (e.failed ? 'failed attempts' : purposes[e.purpose] ?? f.plain(e.purpose)))} priced={priced} />
            <Share title="By component" id="by-component" groups={by((e) => e.component || 'not told by the journal')} priced={priced} />
          </div>
          <Ledger />
        </>
      )}
      <Section title="Failed attempts and retries" id="failures" note="A failed attempt is made again and may have been paid. How long calls waited for a limit is in the log and not in the journal.">
        {warnings.length === 0 ? <Empty>{head.counts.failures > 0 ? `${f.count(head.counts.failures, 'attempt')} failed.` : 'No attempt failed.'}</Empty> : (
          <Notes notes={warnings} />
        )}
      </Section>
    </div>
  )
}

const purposes: Record<string, string> = {
  base: 'validating the base', accepted: 'accepted proposals', rejected: 'rejected proposals', unfinished: 'unfinished proposals',
  test: 'sealed test', unknown: 'not told by the journal',
}

// What shares are of: the cost where there is one, otherwise tokens or calls.
function measure(u: Usage, priced: boolean): number {
  return priced ? u.cost_nano_usd : f.tokens(u) || u.calls
}

export function groups(ledger: LedgerEntry[], of: (e: LedgerEntry) => string): Group[] {
  const sums = new Map<string, Usage>()
  for (const e of ledger) {
    const name = of(e)
    const u = sums.get(name) ?? {
      calls: 0, cached_calls: 0, input_tokens: 0, output_tokens: 0, unmeasured_calls: 0, cost_nano_usd: 0, unpriced_calls: 0, cost: '',
    }
    u.calls += e.calls
    u.cached_calls += e.cached_calls
    u.input_tokens += e.input_tokens
    u.output_tokens += e.output_tokens
    u.unmeasured_calls += e.unmeasured_calls
    u.cost_nano_usd += e.cost_nano_usd
    u.unpriced_calls += e.unpriced_calls
    sums.set(name, u)
  }
  return [...sums].map(([name, u]) => ({ name, u }))
}

function Share({ title, id, groups, priced }: { title: string; id: string; groups: Group[]; priced: boolean }): JSX.Element {
  const sorted = [...groups].sort((a, b) => measure(b.u, priced) - measure(a.u, priced))
  const all = sorted.reduce((n, g) => n + measure(g.u, priced), 0)
  return (
    <Section title={title} id={id}>
      <ul class="bars stacked">
        {sorted.map((g) => (
          <li>
            <span class="bar-name"><Text>{g.name}</Text></span>
            <Bar share={all > 0 ? measure(g.u, priced) / all : 0} />
            <span class="num" title={`${f.count(g.u.calls, 'call')}, ${f.whole(f.tokens(g.u))} tokens`}>
              {priced ? f.dollars(g.u.cost_nano_usd) : `${f.compact(f.tokens(g.u))} tokens`}
              <span class="quiet"> {all > 0 ? f.value(measure(g.u, priced) / all, 'share') : ''}</span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Ledger(): JSX.Element {
  const { head, href } = useRun()
  const columns = useMemo<Column<LedgerEntry>[]>(() => [
    { key: 'role', head: 'Role', sort: (e) => e.role, cell: (e) => <>{e.role}{e.failed && <span class="badge bad">failed</span>}</> },
    { key: 'component', head: 'Component', sort: (e) => e.component, cell: (e) => (e.component ? <code><Text>{e.component}</Text></code> : <span class="quiet">–</span>) },
    { key: 'candidate', head: 'Candidate', num: true, sort: (e) => e.candidate, cell: (e) => (e.candidate < 0 ? <span class="quiet">–</span> : <a href={href(`/candidates/${e.candidate}`)}>#{e.candidate}</a>) },
    { key: 'purpose', head: 'For', sort: (e) => e.purpose, cell: (e) => purposes[e.purpose] ?? f.plain(e.purpose) },
    { key: 'calls', head: 'Calls', num: true, sort: (e) => e.calls, cell: (e) => <Whole v={e.calls} /> },
    { key: 'cached', head: 'From cache', num: true, sort: (e) => e.cached_calls, cell: (e) => <Whole v={e.cached_calls} /> },
    { key: 'in', head: 'Tokens in', num: true, sort: (e) => e.input_tokens, cell: (e) => <Whole v={e.input_tokens} /> },
    { key: 'out', head: 'Tokens out', num: true, sort: (e) => e.output_tokens, cell: (e) => <Whole v={e.output_tokens} /> },
    { key: 'cost', head: 'Cost', num: true, sort: (e) => e.cost_nano_usd, cell: (e) => f.cost(e) },
  ], [])
  return (
    <Section title="Ledger" id="ledger" note="Disjoint entries that add up to the total.">
      <Table label="Ledger" columns={columns} rows={head.ledger} id={(e) => `${e.role} ${e.component} ${e.candidate} ${e.purpose} ${e.failed}`} sort={['in', 'down']} />
    </Section>
  )
}
