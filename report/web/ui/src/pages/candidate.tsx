import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useApp, useFetch, useQuery, useRun } from '../app'
import type { CandidateDetail, ComponentTexts, MinibatchRow, PairedScore } from '../api/types'
import * as f from '../lib/format'
import { Deltas, Measures } from '../parts/figures'
import { Call } from '../parts/messages'
import { Block, Empty, Failure, Ids, Loading, Names, Section, Segmented, Select, Text, Tile, UsageLine, Value, Whole, WordDiff } from '../parts/ui'

export function CandidatePage({ id }: { id: number }): JSX.Element {
  const { store, head, unit, href } = useRun()
  const { source } = useApp()
  const [query, setQuery] = useQuery()
  const c = store.candidates.get(id)
  const against = query.get('against') ?? 'parent'
  // What is told of a candidate grows until it is validated.
  const { data, error } = useFetch(`candidate:${id} ${against} ${c?.validated ?? 0} ${head.status}`, (s) => source.candidate(store.id, id, against, s))
  const others = store.sortedCandidates().filter((o) => o.id !== id)
  const options: [string, string][] = [
    ['parent', c && c.parents.length > 0 ? `its parent #${c.parents[0]}` : 'its parent'], ['seed', 'the base #0'],
    ...others.map((o): [string, string] => [String(o.id), `#${o.id}, ${f.value(o.validation, unit)}`]),
  ]
  const rollout = (r: PairedScore) => (r.index === undefined || r.index < 0 ? null : href(`/rollouts/validation/${id}/${r.index}`))
  return (
    <div class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Candidate {f.candidateName(id)}{c?.best && <span class="badge best">best</span>}{c?.frontier && <span class="badge">frontier</span>}</h1>
        <div class="actions"><Steps id={id} /></div>
      </div>
      {c && (
        <dl class="tiles">
          <Tile label="Validation score" note={c.full ? `on ${f.count(c.validated, 'example')}` : `on ${f.whole(c.validated)} of ${f.whole(head.data.validation)}: given up on the way`}><Value v={c.validation} unit={unit} /></Tile>
          <Tile label="Best on" note="examples, alone or with others"><Whole v={c.wins} /></Tile>
          <Tile label="Sealed test" note={c.test === null ? 'only the base and the best are read' : ''}><Value v={c.test} unit={unit} /></Tile>
          <Tile label="Parents" note={c.proposal > 0 ? <a href={href(`/proposals/${c.proposal}`)}>proposal {c.proposal}</a> : 'as it was found'}><Ids ids={c.parents} href={href} /></Tile>
          <Tile label="Changed" note={`${f.whole(c.length)} characters in all`}>{c.changed.length > 0 ? <span class="names"><Names names={c.changed} /></span> : <span class="quiet">nothing</span>}</Tile>
          <Tile label="What making it cost" note={f.count(c.cost.proposal.calls, 'call')}>{f.cost(c.cost.proposal)}</Tile>
        </dl>
      )}
      {error && <Failure error={error} />}
      {!data && !error && <Loading what="the candidate" />}
      {data && (
        <>
          <Texts components={data.components} simulatedBy={head.models.reflection?.simulated ?? head.simulated} base={id === 0}
            aside={id === 0 ? undefined : <Select label="Beside" value={against} options={options} onChange={(v) => setQuery({ against: v === 'parent' ? null : v })} />} />
          {data.validation && data.validation.measures.length > 0 && (
            <Section title="Validation" id="validation" note={`Beside #${data.against} on ${f.count(data.validation.n, 'example')}. Candidates were chosen by these figures, so they flatter the best.`}>
              <Measures measures={data.validation.measures} base={`#${data.against}`} other={`#${id}`} label="Validation figures" />
            </Section>
          )}
          {id !== 0 && data.validation && (
            <div class="columns">
              <Section title={`Examples won: ${f.whole(data.won.length)}`} id="won"><Deltas rows={data.won} unit={unit} link={rollout} empty="None." /></Section>
              <Section title={`Examples lost: ${f.whole(data.lost.length)}`} id="lost"><Deltas rows={data.lost} unit={unit} link={rollout} empty="None." /></Section>
            </div>
          )}
          {id !== 0 && <Origin detail={data} />}
        </>
      )}
    </div>
  )
}

function Steps({ id }: { id: number }): JSX.Element {
  const { store, href } = useRun()
  const ids = store.sortedCandidates().map((c) => c.id)
  const at = ids.indexOf(id)
  const before = at > 0 ? ids[at - 1] : undefined
  const after = at >= 0 ? ids[at + 1] : undefined
  return (
    <nav class="steps" aria-label="Neighbouring candidates">
      {before !== undefined && <a class="button" href={href(`/candidates/${before}`)}>← #{before}</a>}
      {after !== undefined && <a class="button" href={href(`/candidates/${after}`)}>#{after} →</a>}
    </nav>
  )
}

type Look = 'diff' | 'after' | 'before'

/** Texts of all components: the difference, or either side. */
export function Texts({ components, aside, base, simulatedBy, title = 'Texts' }: {
  components: ComponentTexts[]
  aside?: JSX.Element | undefined
  base?: boolean
  simulatedBy?: boolean
  title?: string
}): JSX.Element {
  const [look, setLook] = useState<Look>(base ? 'after' : 'diff')
  const note = simulatedBy && !base ? 'Written by a simulated model.' : undefined
  return (
    <Section title={title} id="texts" note={note} aside={!base && <>{aside}<Segmented<Look> label="Show" value={look} onChange={setLook} options={[['diff', 'Difference'], ['after', 'This text'], ['before', 'The other']]} /></>}>
      {components.map((c) => (
        <div class="component" key={c.name}>
          <h3><code><Text>{c.name}</Text></code>{!base && <span class="quiet">{c.changed ? 'changed' : 'unchanged'}</span>}</h3>
          {look === 'diff' && c.changed ? <WordDiff words={c.words} label={`Difference of ${c.name}`} />
            : <Block text={look === 'before' ? c.before : c.after} label={`Text of ${c.name}`} />}
        </div>
      ))}
      {components.length === 0 && <Empty>There are no texts.</Empty>}
    </Section>
  )
}

function Origin({ detail }: { detail: CandidateDetail }): JSX.Element {
  return (
    <>
      <Minibatch rows={detail.minibatch} />
      <Judge texts={detail.judge} />
      <Reflection detail={detail} />
    </>
  )
}

export function Minibatch({ rows }: { rows: MinibatchRow[] }): JSX.Element {
  const { unit } = useRun()
  return (
    <Section title="Minibatch" id="minibatch" note="The feedback examples on which the parent and the child were compared, and what was said of the parent’s rollouts.">
      {rows.length === 0 ? <Empty>None was run.</Empty> : (
        <ol class="minibatch">
          {rows.map((r) => (
            <li key={r.example_hash || r.example}>
              <div class="row-head">
                <strong><Text>{r.example}</Text></strong>
                <span class={`num ${turn(r)}`}><Value v={r.before} unit={unit} /> → <Value v={r.after} unit={unit} /></span>
              </div>
              {r.feedback !== '' && <Block plain text={r.feedback} label={`Feedback on ${r.example}`} />}
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}

function turn(r: MinibatchRow): string {
  if (r.before === null || r.after === null || r.after === r.before) return ''
  return r.after > r.before ? 'up' : 'down'
}

export function Judge({ texts }: { texts: CandidateDetail['judge'] }): JSX.Element | null {
  const { head } = useRun()
  if (texts.length === 0) return null
  return (
    <Section title="What the judge said" id="judge" note={head.models.judge?.simulated ? 'The judge was a simulated model.' : undefined}>
      <ol class="minibatch">
        {texts.map((j, i) => (
          <li key={i}>
            <div class="row-head"><strong><Text>{j.example}</Text></strong>{j.component && <code><Text>{j.component}</Text></code>}</div>
            <Block plain text={j.text} label={`The judge on ${j.example}`} />
          </li>
        ))}
      </ol>
    </Section>
  )
}

export function Reflection({ detail }: { detail: Pick<CandidateDetail, 'reflection'> & { spend?: CandidateDetail['spend'] } }): JSX.Element {
  const { head } = useRun()
  const simulated = head.models.reflection?.simulated ?? head.simulated
  return (
    <Section title="Reflection" id="reflection" note={simulated ? 'The replies are those of a simulated model.' : undefined} aside={detail.spend && <UsageLine u={detail.spend} />}>
      {detail.reflection.length === 0 ? <Empty>No model was asked for a text.</Empty>
        : detail.reflection.map((call, i) => <Call key={i} call={call} simulated={simulated} open={detail.reflection.length === 1} />)}
    </Section>
  )
}
