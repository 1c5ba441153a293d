import type { JSX } from 'preact'
import { useApp, useFetch, useRun } from '../app'
import * as f from '../lib/format'
import { CandidateLink, Empty, Failure, Ids, Loading, Names, Section, Text, Tile, UsageLine, Value, Whole } from '../parts/ui'
import { Judge, Minibatch, Reflection, Texts } from './candidate'
import { Fate, Gate } from './run'

export function ProposalPage({ number }: { number: number }): JSX.Element {
  const { store, head, unit, href } = useRun()
  const { source } = useApp()
  const row = store.proposals.get(number)
  const { data, error } = useFetch(`proposal:${number} ${row?.stage ?? ''} ${row?.fate ?? ''}`, (s) => source.proposal(store.id, number, s))
  const p = row ?? data?.proposal
  const over = head.status !== 'running'
  const took = p?.ended ? new Date(p.ended).getTime() - new Date(p.began).getTime() : null
  return (
    <div class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Proposal {number}</h1>
        <p class="page-sub">{p && <><Fate p={p} over={over} />{p.candidate >= 0 && <> <CandidateLink id={p.candidate} href={href(`/candidates/${p.candidate}`)} /></>}</>}</p>
        <div class="actions">
          <nav class="steps" aria-label="Neighbouring proposals">
            {store.proposals.has(number - 1) && <a class="button" href={href(`/proposals/${number - 1}`)}>← {number - 1}</a>}
            {store.proposals.has(number + 1) && <a class="button" href={href(`/proposals/${number + 1}`)}>{number + 1} →</a>}
          </nav>
        </div>
      </div>
      {p && (
        <>
          {p.reason !== '' && <p class="conclusion small"><Text>{p.reason}</Text></p>}
          <Stages stage={p.stage} fate={p.fate} accepted={p.candidate >= 0} over={over} />
          <dl class="tiles">
            <Tile label="Kind" note={p.ancestor !== null && p.ancestor >= 0 ? <>common ancestor <Ids ids={[p.ancestor]} href={href} /></> : ''}>{f.kind(p.kind)}</Tile>
            <Tile label="Parents"><Ids ids={p.parents} href={href} /></Tile>
            <Tile label="Rewritten"><span class="names"><Names names={p.components} /></span></Tile>
            <Tile label="Before → after" note={`mean of ${f.count(p.n, 'example')}${p.passed === null ? '' : p.passed ? ', passed the gate' : ', stopped at the gate'}`}><Gate p={p} unit={unit} /></Tile>
            <Tile label="Rollouts" note={p.validated === null ? '' : <>validated at <Value v={p.validated} unit={unit} /></>}><Whole v={p.rollouts} /></Tile>
            <Tile label="Spend" note={took === null ? '' : `in ${f.duration(took)}`}>{f.cost(p.spend)}</Tile>
          </dl>
        </>
      )}
      {error && <Failure error={error} />}
      {!data && !error && <Loading what="the proposal" />}
      {data && (
        <>
          <Texts title="Texts tried" components={data.components.filter((c) => c.changed || p?.components.includes(c.name))} simulatedBy={head.models.reflection?.simulated ?? head.simulated} />
          <Minibatch rows={data.minibatch} />
          <Judge texts={data.judge} />
          <Reflection detail={data} />
          {p && <Section title="Spend" id="spend"><p><UsageLine u={p.spend} /></p></Section>}
        </>
      )}
      {!p && data === null && error && <Empty>There is no such proposal, or not yet.</Empty>}
    </div>
  )
}

const order = ['planned', 'minibatch', 'reflection', 'gate', 'validation', 'committed']
const names: Record<string, string> = {
  planned: 'Planned', minibatch: 'Minibatch', reflection: 'Reflection', gate: 'Gate', validation: 'Validation', committed: 'Committed',
}

// How far it came. One that was not accepted skipped what follows the gate.
function Stages({ stage, fate, accepted, over }: { stage: string; fate: string; accepted: boolean; over: boolean }): JSX.Element {
  const at = Math.max(0, order.indexOf(stage))
  const skipped = (s: string) =>
    stage === 'committed' && !accepted && (s === 'validation' || (s === 'gate' && fate !== 'no_gain') || (s === 'reflection' && fate === 'nothing_to_learn'))
  return (
    <ol class="stages" aria-label="Stages">
      {order.map((s, i) => {
        const state = skipped(s) ? 'skipped' : i < at || stage === 'committed' ? 'done' : i === at && !over ? 'now' : 'open'
        return <li key={s} class={state} aria-current={state === 'now' ? 'step' : undefined}>{names[s]}<span class="sr"> {state === 'now' ? 'under way' : state}</span></li>
      })}
    </ol>
  )
}
