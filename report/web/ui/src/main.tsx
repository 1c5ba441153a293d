import { Component, render, type ComponentChildren, type JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { AppContext, RunContext, shownRun, useApp, useStore, useTitle, type App } from './app'
import { InlinedSource, ServedSource, type Source } from './api/source'
import { RunStore } from './api/store'
import type { Inlined } from './api/types'
import { lastPart } from './lib/format'
import { pageOf, Router, type Page } from './lib/router'
import { applyTheme } from './lib/theme'
import { flat } from './lib/visible'
import { CandidatePage } from './pages/candidate'
import { ComparePage } from './pages/compare'
import { FrontierPage } from './pages/frontier'
import { HeatmapPage } from './pages/heatmap'
import { LineagePage } from './pages/lineage'
import { ProposalPage } from './pages/proposal'
import { ReviewPage } from './pages/review'
import { RolloutPage } from './pages/rollout'
import { RunPage } from './pages/run'
import { RunsPage } from './pages/runs'
import { SpendPage } from './pages/spend'
import { RunHeader, Shell } from './parts/shell'
import { Empty, Failure, Loading, Text } from './parts/ui'
import './style/base.css'
import './style/parts.css'
import './style/pages.css'

type RunPages = Extract<Page, { run: string }>

const titles: Record<RunPages['page'], string> = {
  run: '', lineage: 'Lineage', heatmap: 'Heatmap', candidate: 'Candidate', proposal: 'Proposal', rollout: 'Rollout', spend: 'Spend',
  frontier: 'Frontier', review: 'Review',
}

function Root({ source, router }: { source: Source; router: Router }): JSX.Element {
  const [path, setPath] = useState(router.place.path)
  const [said, say] = useState('')
  const first = useRef(true)
  const app = useMemo<App>(() => ({ router, source, say }), [router, source])
  useEffect(() => router.subscribe(() => setPath(router.place.path)), [router])
  useEffect(() => {
    // A new page is read from its heading on; the first one as it is loaded.
    if (first.current) {
      first.current = false
      return
    }
    scrollTo(0, router.scroll())
    const focus = () => document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
    requestAnimationFrame(focus)
  }, [path])
  const page = pageOf(path)
  return (
    <AppContext.Provider value={app}>
      <Fence key={path}>
        {page.page === 'runs' ? <Shell><RunsPage /></Shell>
          : page.page === 'compare' ? <Shell crumb={<span class="crumb">Compare</span>}><ComparePage /></Shell>
          : page.page === 'nowhere' ? <Shell><Nowhere /></Shell>
          : null}
      </Fence>
      {'run' in page && <RunPages key={page.run} id={page.run} page={page} />}
      <div class="sr" aria-live="polite">{said}</div>
    </AppContext.Provider>
  )
}

function RunPages({ id, page }: { id: string; page: RunPages }): JSX.Element {
  return <AppContext.Consumer>{(app: App) => <OneRun app={app} id={id} page={page} />}</AppContext.Consumer>
}

function OneRun({ app, id, page }: { app: App; id: string; page: RunPages }): JSX.Element {
  const store = useMemo(() => new RunStore(app.source, id), [id])
  useStore(store)
  useEffect(() => {
    // For tests, and for whoever looks from the console.
    ;(window as unknown as { gepa?: unknown }).gepa = { store }
    void store.open()
    return () => store.close()
  }, [store])
  const head = store.head
  const name = flat(head?.program || id, 60)
  const number = 'candidate' in page ? ` ${page.page === 'rollout' ? `${page.candidate} on ${page.index}` : page.candidate}` : 'proposal' in page ? ` ${page.proposal}` : ''
  useTitle(titles[page.page] === '' ? name : `${titles[page.page]}${number} · ${name}`)
  useSpokenStatus(app, store)
  const crumb = <a class="crumb" href={app.router.href(`/runs/${encodeURIComponent(id)}`)} title={flat(head?.folder || id)}><Text>{flat(lastPart(head?.folder ?? '') || id, 60)}</Text></a>
  if (!head) {
    return (
      <Shell crumb={crumb}>
        <h1 tabIndex={-1} class="sr">Run</h1>
        {store.error ? <Failure error={store.error} /> : <Loading what="the run" />}
      </Shell>
    )
  }
  return (
    <RunContext.Provider value={shownRun(app, store, head)}>
      <Shell crumb={crumb} store={store}>
        <RunHeader page={page.page} />
        <Fence key={app.router.place.path}>{view(page)}</Fence>
      </Shell>
    </RunContext.Provider>
  )
}

function view(page: RunPages): JSX.Element {
  switch (page.page) {
    case 'run': return <RunPage />
    case 'lineage': return <LineagePage />
    case 'heatmap': return <HeatmapPage />
    case 'candidate': return <CandidatePage id={page.candidate} />
    case 'proposal': return <ProposalPage number={page.proposal} />
    case 'rollout': return <RolloutPage set={page.set} candidate={page.candidate} index={page.index} />
    case 'spend': return <SpendPage />
    case 'frontier': return <FrontierPage />
    case 'review': return <ReviewPage />
  }
}

function useSpokenStatus(app: App, store: RunStore): void {
  const last = useRef('')
  useEffect(() => {
    const h = store.head
    if (!h) return
    const now = `${h.status}${h.paused ? ', paused' : ''}`
    if (last.current !== '' && last.current !== now) app.say(`The run is ${now}. ${flat(h.detail)}`)
    last.current = now
  }, [store.head?.status, store.head?.paused])
}

function Nowhere(): JSX.Element {
  useTitle('Not found')
  return (
    <div class="page">
      <h1 tabIndex={-1}>There is no such page</h1>
      <Empty>The address leads nowhere. <a href={useApp().router.href('/')}>All runs</a></Empty>
    </div>
  )
}

/** Keeps a defect of one page from taking the others with it. */
class Fence extends Component<{ children?: ComponentChildren }, { error: Error | null }> {
  override state = { error: null as Error | null }

  static override getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override componentDidCatch(error: Error): void {
    console.error(error)
  }

  override render(): ComponentChildren {
    if (this.state.error) return <div class="page"><h1 tabIndex={-1}>This page failed</h1><Failure error={this.state.error} /></div>
    return this.props.children
  }
}

function start(): void {
  applyTheme()
  const inlined = document.getElementById('gepa-data')
  if (inlined) {
    const data = JSON.parse(inlined.textContent || 'null') as Inlined
    const home = `#/runs/${encodeURIComponent(data.run.head.id)}`
    if (!location.hash.startsWith('#/runs/')) history.replaceState(null, '', home)
    render(<Root source={new InlinedSource(data)} router={new Router('hash')} />, document.getElementById('app')!)
    return
  }
  render(<Root source={new ServedSource()} router={new Router('history')} />, document.getElementById('app')!)
}

start()
