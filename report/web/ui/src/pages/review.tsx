import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useApp, useFetch, useRun } from '../app'
import type { Control, Review, ReviewAction } from '../api/types'
import { wordDiff } from '../lib/diff'
import * as f from '../lib/format'
import { Measures } from '../parts/figures'
import { CandidateLink, Empty, Failure, Loading, Section, Text, Value, WordDiff } from '../parts/ui'

const states: Record<Review['state'], string> = {
  none: 'Not reviewed yet', approved: 'Approved', rejected: 'Rejected', edited: 'Edited by hand',
}

export function ReviewPage(): JSX.Element {
  const { store, head } = useRun()
  const { source } = useApp()
  const fetched = useFetch(`review:${store.id} ${head.best} ${head.status}`, (s) => source.review(store.id, s))
  const winner = head.best
  return (
    <div class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Review</h1>
        <p class="page-sub">Nothing is put to use unread: look at the winner’s texts, mend them if need be, and say yes or no. Who did what is kept in the journal.</p>
      </div>
      {fetched.error && <Failure error={fetched.error} />}
      {fetched.loading && !fetched.data && <Loading what="the review" />}
      {winner === null ? <Empty>There is no winner yet.</Empty> : fetched.data && <Reviewed review={fetched.data} onReview={fetched.set} winner={winner} />}
    </div>
  )
}

function Reviewed({ review, onReview, winner }: { review: Review; onReview: (r: Review) => void; winner: number }): JSX.Element {
  const { store, head, unit, href } = useRun()
  const { source } = useApp()
  const id = review.candidate >= 0 && review.state !== 'none' ? review.candidate : winner
  const { data, error } = useFetch(`review-texts:${store.id} ${id}`, (s) => source.candidate(store.id, id, 'seed', s))
  return (
    <>
      <div class={`review-state ${review.state}`}>
        <span class="pill"><span class="dot" aria-hidden="true" />{states[review.state] ?? review.state}</span>
        {review.applied && <span class="badge best">applied</span>}
        <span>candidate <CandidateLink id={id} href={href(`/candidates/${id}`)} best={id === head.best} /></span>
        {head.status === 'running' && <span class="quiet">The run is not over: the winner may change.</span>}
      </div>
      {error && <Failure error={error} />}
      {data && <Editor key={id} id={id} review={review} onReview={onReview} parts={data.components.map((c) => ({ name: c.name, base: c.before, text: c.after }))} />}
      {review.rescored && (
        <Section title="The edited texts, scored anew" id="rescored" note={`On ${f.count(review.rescored.n, 'example')}.${head.simulated ? ' A simulated model gave the replies.' : ''}`}>
          <p>{review.rescored.conclusion ? <Text>{review.rescored.conclusion}</Text> : <>Mean score <Value v={review.rescored.score} unit={unit} />.</>}</p>
          {review.rescored.measures.length > 0 && <Measures measures={review.rescored.measures} base="Before the edit" other="Edited" label="The edited texts beside those before" />}
        </Section>
      )}
      <Section title="Who did what" id="log">
        {review.log.length === 0 ? <Empty>Nobody has done anything yet.</Empty> : (
          <ol class="notes">
            {[...review.log].reverse().map((l) => <li><time dateTime={l.at}>{f.time(l.at)}</time><strong><Text>{l.by || 'somebody'}</Text></strong><span>{f.plain(l.action)}</span><span class="quiet"><Text>{l.detail}</Text></span></li>)}
          </ol>
        )}
      </Section>
    </>
  )
}

interface Part {
  name: string
  base: string
  text: string
}

function Editor({ id, review, onReview, parts }: { id: number; review: Review; onReview: (r: Review) => void; parts: Part[] }): JSX.Element {
  const { store, head } = useRun()
  const { source, say } = useApp()
  const saved = (p: Part) => review.texts?.[p.name] ?? p.text
  const [texts, setTexts] = useState<Record<string, string>>(() => Object.fromEntries(parts.map((p) => [p.name, saved(p)])))
  const [by, setBy] = useState(() => remembered())
  const [busy, setBusy] = useState('')
  const [error, setError] = useState<Error | null>(null)
  useEffect(() => setTexts(Object.fromEntries(parts.map((p) => [p.name, saved(p)]))), [review.texts])
  const can = (c: Control) => source.live && head.controls.includes(c)
  const edited = parts.some((p) => texts[p.name] !== saved(p))
  const differs = parts.some((p) => saved(p) !== p.text)
  const act = (action: ReviewAction['action']) => {
    setBusy(action)
    setError(null)
    remember(by)
    source.decide(store.id, { action, candidate: id, by: by.trim(), ...(action === 'edit' ? { texts } : {}) })
      .then((r) => {
        onReview(r)
        say(`Review: ${action} done`)
      }, setError)
      .finally(() => setBusy(''))
  }
  const why = !source.live ? 'A report file cannot act; gepa serve can.' : !can('review') ? 'This server does not take reviews of this run.' : ''
  const blocked = busy !== '' || why !== '' || by.trim() === ''
  return (
    <>
      {parts.map((p, i) => (
        <div class="component editor" key={p.name}>
          <h2><code><Text>{p.name}</Text></code>{texts[p.name] !== p.text && <span class="badge">edited</span>}</h2>
          <div class="columns tight">
            <div>
              <label for={`text-${i}`}>Text to use</label>
              <textarea id={`text-${i}`} dir="auto" rows={Math.min(18, Math.max(5, (texts[p.name] ?? '').split('\n').length + 3))} value={texts[p.name]} readOnly={why !== ''} spellcheck={false}
                onInput={(e) => setTexts({ ...texts, [p.name]: e.currentTarget.value })} />
            </div>
            <div>
              <p class="label">Beside the base</p>
              <WordDiff words={wordDiff(p.base, texts[p.name] ?? '')} label={`Difference of ${p.name} and the base`} />
            </div>
          </div>
        </div>
      ))}
      <div class="decide">
        {why !== '' && <p class="section-note">{why}</p>}
        <label class="by"><span>Your name</span><input type="text" value={by} maxLength={80} autocomplete="name" onInput={(e) => setBy(e.currentTarget.value)} disabled={why !== ''} /></label>
        <div class="actions left">
          <button type="button" class="button" disabled={blocked || !edited} onClick={() => act('edit')}>Keep the edit</button>
          {can('rescore') && <button type="button" class="button" disabled={blocked || edited || !differs} onClick={() => act('rescore')}>Score the edit anew</button>}
          <button type="button" class="button primary" disabled={blocked || edited || review.state === 'approved'} onClick={() => act('approve')}>Approve</button>
          <button type="button" class="button" disabled={blocked || review.state === 'rejected'} onClick={() => act('reject')}>Reject</button>
          {can('apply') && <button type="button" class="button" disabled={blocked || edited || review.state !== 'approved' || review.applied} onClick={() => act('apply')}>Apply</button>}
        </div>
        {busy === 'rescore' && <p class="quiet" role="status">Scoring; this runs the program on every validation example.</p>}
        {error && <Failure error={error} />}
      </div>
    </>
  )
}

const key = 'gepa-by'

function remembered(): string {
  try {
    return localStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

function remember(by: string): void {
  try {
    localStorage.setItem(key, by)
  } catch {
    // It is asked again next time.
  }
}
