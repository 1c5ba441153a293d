// Where the reader is. Served pages use the path; the one-file report, which
// is opened from disk, keeps the same places behind '#'.

export interface Place {
  path: string
  query: URLSearchParams
}

export type Mode = 'history' | 'hash'

type Listener = (moved: boolean) => void

export class Router {
  place: Place
  private readonly listeners = new Set<Listener>()
  private readonly scrolls = new Map<string, number>()
  private key: string

  constructor(readonly mode: Mode) {
    this.place = this.read()
    this.key = this.keyOf(this.place.path)
    history.scrollRestoration = 'manual'
    addEventListener('popstate', () => this.arrive())
    if (mode === 'hash') addEventListener('hashchange', () => this.arrive())
    else document.addEventListener('click', (e) => this.click(e))
  }

  /** The address of a place, for a link. */
  href(path: string, query?: Record<string, string | number | null | undefined>): string {
    const q = new URLSearchParams()
    for (const [k, v] of Object.entries(query ?? {})) if (v !== null && v !== undefined && v !== '') q.set(k, String(v))
    const tail = q.size ? `?${q}` : ''
    return (this.mode === 'hash' ? '#' : '') + path + tail
  }

  go(href: string): void {
    history.pushState(newKey(), '', href)
    this.arrive(true)
  }

  /** Changes the query of this place without a new entry in the history. */
  setQuery(changes: Record<string, string | null>): void {
    const q = new URLSearchParams(this.place.query)
    for (const [k, v] of Object.entries(changes)) v === null ? q.delete(k) : q.set(k, v)
    const tail = q.size ? `?${q}` : ''
    history.replaceState(history.state, '', (this.mode === 'hash' ? '#' : '') + this.place.path + tail)
    this.place = this.read()
    for (const l of this.listeners) l(false)
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** The scroll position in which this place was left, 0 if it is new. */
  scroll(): number {
    return this.scrolls.get(this.key) ?? 0
  }

  private arrive(fresh = false): void {
    const next = this.read()
    const key = this.keyOf(next.path)
    if (key === this.key && String(next.query) === String(this.place.query) && next.path === this.place.path) return
    this.scrolls.set(this.key, scrollY)
    if (this.scrolls.size > 200) this.scrolls.delete(this.scrolls.keys().next().value as string)
    const moved = next.path !== this.place.path
    this.place = next
    this.key = key
    if (fresh) this.scrolls.delete(key)
    for (const l of this.listeners) l(moved)
  }

  private keyOf(path: string): string {
    const state = history.state as { key?: string } | null
    return `${state?.key ?? ''} ${path}`
  }

  private read(): Place {
    const raw = this.mode === 'hash' ? location.hash.replace(/^#/, '') || '/' : location.pathname + location.search
    const cut = raw.indexOf('?')
    const path = cut < 0 ? raw : raw.slice(0, cut)
    return { path: path.startsWith('/') ? path : '/' + path, query: new URLSearchParams(cut < 0 ? '' : raw.slice(cut)) }
  }

  private click(e: MouseEvent): void {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const a = (e.target as Element | null)?.closest?.('a')
    const href = a?.getAttribute('href')
    if (!a || !href || !href.startsWith('/') || href.startsWith('//') || a.hasAttribute('target') || a.hasAttribute('download')) return
    if (href.startsWith('/api/')) return
    e.preventDefault()
    this.go(href)
  }
}

let count = 0
function newKey(): { key: string } {
  return { key: `${Date.now().toString(36)}-${count++}` }
}

export type Page =
  | { page: 'runs' }
  | { page: 'compare' }
  | { page: 'run' | 'lineage' | 'heatmap' | 'spend' | 'frontier' | 'review'; run: string }
  | { page: 'candidate'; run: string; candidate: number }
  | { page: 'proposal'; run: string; proposal: number }
  | { page: 'rollout'; run: string; set: string; candidate: number; index: number }
  | { page: 'nowhere' }

/** Which page a path is. */
export function pageOf(path: string): Page {
  const parts = path.split('/').filter((p) => p !== '').map(decode)
  const [root, run, view, ...rest] = parts
  if (root === undefined) return { page: 'runs' }
  if (root === 'compare' && parts.length === 1) return { page: 'compare' }
  if (root !== 'runs' || run === undefined) return { page: 'nowhere' }
  if (view === undefined) return { page: 'run', run }
  if (rest.length === 0 && isView(view)) return { page: view, run }
  const n = rest.map((r) => (/^\d{1,9}$/.test(r) ? Number(r) : NaN))
  if (view === 'candidates' && rest.length === 1 && n[0]! >= 0) return { page: 'candidate', run, candidate: n[0]! }
  if (view === 'proposals' && rest.length === 1 && n[0]! >= 0) return { page: 'proposal', run, proposal: n[0]! }
  if (view === 'rollouts' && rest.length === 3 && n[1]! >= 0 && n[2]! >= 0) {
    return { page: 'rollout', run, set: rest[0]!, candidate: n[1]!, index: n[2]! }
  }
  return { page: 'nowhere' }
}

function isView(s: string): s is 'lineage' | 'heatmap' | 'spend' | 'frontier' | 'review' {
  return ['lineage', 'heatmap', 'spend', 'frontier', 'review'].includes(s)
}

function decode(s: string): string {
  try {
    return decodeURIComponent(s)
  } catch {
    return s
  }
}
