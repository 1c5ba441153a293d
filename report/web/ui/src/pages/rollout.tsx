import type { JSX } from 'preact'
import { useApp, useFetch, useRun } from '../app'
import type { Exchange, RolloutDetail, Step } from '../api/types'
import * as f from '../lib/format'
import { objectiveUnit } from '../lib/format'
import { Fields, Messages, Problem, Reply } from '../parts/messages'
import { Block, CandidateLink, Empty, Failure, Loading, Section, Text, Tile, UsageLine, Value } from '../parts/ui'

export function RolloutPage({ set, candidate, index }: { set: string; candidate: number; index: number }): JSX.Element {
  const { store, head, unit, href } = useRun()
  const { source } = useApp()
  const { data, error } = useFetch(`rollout:${set}/${candidate}/${index} ${head.status}`, (s) => source.rollout(store.id, set, candidate, index, s))
  const id = data?.example.id ?? (set === 'validation' ? store.examples[index]?.id : undefined) ?? String(index)
  const size = set === 'validation' ? store.examples.length : set === 'test' ? head.data.test : head.data.feedback
  return (
    <div class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Rollout</h1>
        <p class="page-sub">candidate <CandidateLink id={candidate} href={href(`/candidates/${candidate}`)} /> on {set === 'test' ? 'the sealed test’s' : `the ${f.plain(set)} set’s`} example <strong><Text>{id}</Text></strong></p>
        <div class="actions">
          <nav class="steps" aria-label="Neighbouring examples">
            {index > 0 && <a class="button" href={href(`/rollouts/${set}/${candidate}/${index - 1}`)}>← previous example</a>}
            {index + 1 < size && <a class="button" href={href(`/rollouts/${set}/${candidate}/${index + 1}`)}>next example →</a>}
          </nav>
        </div>
      </div>
      {error && <Failure error={error} />}
      {!data && !error && <Loading what="the rollout" />}
      {data && <Body d={data} unit={unit} />}
    </div>
  )
}

function Body({ d, unit }: { d: RolloutDetail; unit: f.Unit }): JSX.Element {
  const { head, href } = useRun()
  const simulated = head.models.task?.simulated ?? head.simulated
  const objective = new Map(head.objectives.map((o) => [o.name, o]))
  const parts = Object.entries(d.feedback.by_component)
  return (
    <>
      {simulated && <p class="section-note">A simulated model gave these replies.</p>}
      <dl class="tiles">
        <Tile label="Score" note={d.problem !== '' ? 'the program failed' : ''}><Value v={d.score} unit={unit} /></Tile>
        {Object.entries(d.objectives).map(([name, v]) => <Tile label={name}><Value v={v} unit={objective.has(name) ? objectiveUnit(objective.get(name)!) : v >= 0 && v <= 1 ? 'share' : 'number'} /></Tile>)}
        <Tile label="Steps">{f.whole(d.steps.length)}</Tile>
        <Tile label="Tokens" note={`${f.whole(d.usage.input_tokens)} in, ${f.whole(d.usage.output_tokens)} out`}>{f.whole(f.tokens(d.usage))}</Tile>
        <Tile label="Cost" note={`${f.count(d.usage.calls, 'call')}${d.usage.cached_calls > 0 ? `, ${f.whole(d.usage.cached_calls)} from the cache` : ''}`}>{f.cost(d.usage)}</Tile>
      </dl>
      <Problem>{d.problem}</Problem>
      <div class="columns">
        <Section title="Output" id="output">{Object.keys(d.output ?? {}).length > 0 ? <Fields fields={d.output ?? {}} label="Output" /> : <Empty>The program returned nothing.</Empty>}</Section>
        <Section title="Feedback" id="feedback">
          {d.feedback.text === '' && parts.length === 0 && <Empty>The metric said nothing.</Empty>}
          {d.feedback.text !== '' && <Block plain text={d.feedback.text} label="Feedback" />}
          {parts.map(([name, text]) => <div class="component"><h3><code><Text>{name}</Text></code></h3><Block plain text={text} label={`Feedback for ${name}`} /></div>)}
        </Section>
      </div>
      <Section title="Trace" id="trace">
        {d.steps.length === 0 ? <Empty>The system keeps no trace.</Empty> : (
          <ol class="trace">{d.steps.map((s, i) => <StepView key={i} step={s} number={i + 1} simulated={simulated} />)}</ol>
        )}
      </Section>
      <Section title="The same example, other candidates" id="others">
        {d.others.length === 0 ? <Empty>No other candidate ran it.</Empty> : (
          <ul class="others">
            {[...d.others].sort((a, b) => (b.score ?? -1) - (a.score ?? -1) || a.candidate - b.candidate).slice(0, 300).map((o) => (
              <li key={o.candidate}>
                {o.score === null ? <span class="quiet">#{o.candidate} not evaluated</span>
                  : <a href={href(`/rollouts/${d.set}/${o.candidate}/${d.example.index}`)}>#{o.candidate} <Value v={o.score} unit={unit} /></a>}
              </li>
            ))}
          </ul>
        )}
      </Section>
    </>
  )
}

function StepView({ step, number, simulated }: { step: Step; number: number; simulated: boolean }): JSX.Element {
  return (
    <li class="step">
      <h3><span class="step-number">{number}</span><code><Text>{step.component}</Text></code>{step.problem !== '' && <span class="badge bad">problem</span>}</h3>
      <Problem>{step.problem}</Problem>
      <div class="columns tight">
        <div><h4>In</h4><Fields fields={step.inputs} label={`Inputs of ${step.component}`} /></div>
        <div><h4>Out</h4><Fields fields={step.outputs} label={`Outputs of ${step.component}`} /></div>
      </div>
      {step.exchanges.map((e, i) => <ExchangeView key={i} e={e} number={i + 1} of={step.exchanges.length} simulated={simulated} />)}
    </li>
  )
}

function ExchangeView({ e, number, of, simulated }: { e: Exchange; number: number; of: number; simulated: boolean }): JSX.Element {
  return (
    <details class="call" open={of === 1 || e.problem !== ''}>
      <summary>
        <span class="call-name">{of > 1 ? `Call ${number} of ${of}` : 'Call'}</span>
        {e.format !== '' && <span class="badge"><Text>{e.format}</Text></span>}
        {e.cached && <span class="badge">from the cache</span>}
        {e.problem !== '' && <span class="badge bad">problem</span>}
        {e.latency_ms ? <span class="quiet">{f.duration(e.latency_ms)}</span> : null}
        {e.retries ? <span class="badge">{f.count(e.retries, 'retry', 'retries')}</span> : null}
        <UsageLine u={e.usage} />
      </summary>
      <Messages messages={e.messages} label="Messages sent" />
      <Reply reply={e.reply} problem={e.problem} simulated={simulated} />
    </details>
  )
}
