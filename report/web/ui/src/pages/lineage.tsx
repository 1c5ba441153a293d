import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useApp, useQuery, useRun } from '../app'
import type { Candidate, Proposal } from '../api/types'
import { css, ramp } from '../lib/color'
import * as f from '../lib/format'
import { layers, type Node } from '../lib/layers'
import { useTheme } from '../lib/theme'
import { Fate, Gate, group } from './run'
import { CandidateLink, Empty, Ids, Names, Short, Value, Whole } from '../parts/ui'

interface Drawn {
  key: string
  x: number
  y: number
  layer: number
  r: number
  parents: string[]
  candidate?: Candidate
  proposal?: Proposal
}

const roomX = 54
const roomY = 92

export function LineagePage(): JSX.Element {
  const { store, head, unit } = useRun()
  const [query, setQuery] = useQuery()
  const rejected = query.get('rejected') === '1'
  const [focus, setFocus] = useState<string>(() => `c${head.best ?? 0}`)
  const nodes = useMemo(() => draw(store.sortedCandidates(), rejected ? store.sortedProposals() : []), [store, store.version.candidates, rejected ? store.version.proposals : 0, rejected])
  const chosen = nodes.find((n) => n.key === focus) ?? nodes[0]
  const all = store.sortedCandidates()
  const [low, high] = scoreRange(all)
  return (
    <div class="page wide-page">
      <div class="page-head">
        <h1 tabIndex={-1}>Lineage</h1>
        <p class="page-sub">{f.count(all.length, 'candidate')}, oldest above. A merge has two parents.</p>
        <div class="actions">
          <label class="check"><input type="checkbox" checked={rejected} onChange={(e) => setQuery({ rejected: e.currentTarget.checked ? '1' : null })} />Rejected proposals</label>
        </div>
      </div>
      {nodes.length === 0 || !chosen ? <Empty>No candidate has been validated yet.</Empty> : (
        <>
          <div class="legend lineage-legend">
            <span><i class="key best" />best</span>
            <span><i class="key frontier" />on the frontier</span>
            <span><i class="key size" />larger: best on more examples</span>
            <span>score {f.value(low, unit)} <i class="key scale" aria-hidden="true" /> {f.value(high, unit)}</span>
            {rejected && <span><i class="key rejected" />rejected</span>}
          </div>
          <div class="lineage">
            <Graph nodes={nodes} focus={chosen.key} onFocus={setFocus} range={[low, high]} />
            <Detail node={chosen} />
          </div>
        </>
      )}
    </div>
  )
}

function scoreRange(all: Candidate[]): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const c of all) {
    if (c.validation === null) continue
    low = Math.min(low, c.validation)
    high = Math.max(high, c.validation)
  }
  return low <= high ? [low, high] : [0, 1]
}

function draw(candidates: Candidate[], proposals: Proposal[]): Drawn[] {
  const most = Math.max(1, ...candidates.map((c) => c.wins))
  const known = new Set(candidates.map((c) => c.id))
  const nodes: Node[] = candidates.map((c) => ({ key: `c${c.id}`, parents: c.parents.filter((p) => known.has(p) && p < c.id).map((p) => `c${p}`) }))
  const lost = proposals.filter((p) => group(p) === 'rejected' && p.parents.every((id) => known.has(id)))
  for (const p of lost) nodes.push({ key: `p${p.number}`, parents: p.parents.map((id) => `c${id}`) })
  const placed = layers(nodes)
  const byId = new Map(candidates.map((c) => [`c${c.id}`, c]))
  const byNumber = new Map(lost.map((p) => [`p${p.number}`, p]))
  return nodes.map((n) => {
    const at = placed.get(n.key)!
    const candidate = byId.get(n.key)
    const proposal = byNumber.get(n.key)
    return {
      key: n.key, parents: n.parents, layer: at.layer, x: at.x * roomX, y: at.layer * roomY,
      r: candidate ? 7 + 13 * Math.sqrt(candidate.wins / most) : 4,
      ...(candidate ? { candidate } : {}), ...(proposal ? { proposal } : {}),
    }
  })
}

interface View {
  x: number
  y: number
  k: number
}

function Graph({ nodes, focus, onFocus, range }: {
  nodes: Drawn[]
  focus: string
  onFocus: (key: string) => void
  range: [number, number]
}): JSX.Element {
  const { head, unit, href } = useRun()
  const { router } = useApp()
  const svg = useRef<SVGSVGElement>(null)
  const layer = useRef<SVGGElement>(null)
  const view = useRef<View>({ x: 0, y: 0, k: 1 })
  const touched = useRef(false)
  const theme = useTheme()
  const byKey = useMemo(() => new Map(nodes.map((n) => [n.key, n])), [nodes])

  const show = () => {
    const v = view.current
    layer.current?.setAttribute('transform', `translate(${v.x} ${v.y}) scale(${v.k})`)
  }
  const fit = () => {
    const box = svg.current?.getBoundingClientRect()
    if (!box || nodes.length === 0) return
    const xs = nodes.map((n) => n.x)
    const ys = nodes.map((n) => n.y)
    const [x0, x1, y0, y1] = [Math.min(...xs) - 40, Math.max(...xs) + 40, Math.min(...ys) - 36, Math.max(...ys) + 44]
    const k = Math.min(1.25, box.width / (x1 - x0), box.height / (y1 - y0))
    view.current = { k, x: box.width / 2 - ((x0 + x1) / 2) * k, y: box.height / 2 - ((y0 + y1) / 2) * k }
    show()
  }
  const zoom = (by: number, at?: { x: number; y: number }) => {
    const box = svg.current!.getBoundingClientRect()
    const p = at ?? { x: box.width / 2, y: box.height / 2 }
    const v = view.current
    const k = Math.min(4, Math.max(0.1, v.k * by))
    view.current = { k, x: p.x - ((p.x - v.x) / v.k) * k, y: p.y - ((p.y - v.y) / v.k) * k }
    touched.current = true
    show()
  }
  useEffect(() => {
    if (!touched.current) fit()
  }, [nodes])
  useEffect(() => {
    const el = svg.current!
    const size = new ResizeObserver(() => !touched.current && fit())
    size.observe(el)
    const wheel = (e: WheelEvent) => {
      // Plain turning scrolls the page; with a modifier, or by pinching, it zooms.
      if (!e.ctrlKey && !e.metaKey) return
      e.preventDefault()
      const box = el.getBoundingClientRect()
      zoom(Math.exp(-e.deltaY * 0.004), { x: e.clientX - box.left, y: e.clientY - box.top })
    }
    el.addEventListener('wheel', wheel, { passive: false })
    return () => {
      size.disconnect()
      el.removeEventListener('wheel', wheel)
    }
  }, [nodes])

  // Dragging moves the picture; a drag is no click.
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null)
  const down = (e: PointerEvent) => {
    if (e.button !== 0) return
    drag.current = { x: e.clientX, y: e.clientY, moved: false }
  }
  const move = (e: PointerEvent) => {
    const d = drag.current
    if (!d) return
    const dx = e.clientX - d.x
    const dy = e.clientY - d.y
    if (!d.moved && Math.hypot(dx, dy) < 4) return
    if (!d.moved) svg.current?.setPointerCapture(e.pointerId)
    d.moved = true
    touched.current = true
    d.x = e.clientX
    d.y = e.clientY
    view.current.x += dx
    view.current.y += dy
    show()
  }
  const up = () => setTimeout(() => (drag.current = null))
  const click = (e: Event) => {
    if (!drag.current?.moved) return
    e.preventDefault()
    e.stopPropagation()
  }

  const go = (key: string | undefined) => {
    if (key === undefined) return
    onFocus(key)
    const el = svg.current?.querySelector<SVGAElement>(`[data-key="${key}"]`)
    el?.focus()
    reveal(key)
  }
  const reveal = (key: string) => {
    const n = byKey.get(key)
    const box = svg.current?.getBoundingClientRect()
    if (!n || !box) return
    const v = view.current
    const [x, y] = [n.x * v.k + v.x, n.y * v.k + v.y]
    v.x += x < 30 ? 30 - x : x > box.width - 30 ? box.width - 30 - x : 0
    v.y += y < 30 ? 30 - y : y > box.height - 30 ? box.height - 30 - y : 0
    show()
  }
  const key = (e: KeyboardEvent) => {
    const n = byKey.get(focus)
    if (!n) return
    const row = nodes.filter((m) => m.layer === n.layer).sort((a, b) => a.x - b.x)
    const i = row.indexOf(n)
    const steps: Record<string, () => void> = {
      ArrowUp: () => go(n.parents[0]),
      ArrowDown: () => go(nodes.filter((m) => m.parents.includes(n.key)).sort((a, b) => a.x - b.x)[0]?.key),
      ArrowLeft: () => go(row[i - 1]?.key),
      ArrowRight: () => go(row[i + 1]?.key),
      Home: () => go(nodes[0]?.key),
      End: () => go(`c${head.best ?? 0}`),
      '+': () => zoom(1.25),
      '=': () => zoom(1.25),
      '-': () => zoom(0.8),
      '0': () => { touched.current = false; fit() },
    }
    const step = steps[e.key]
    if (!step || e.ctrlKey || e.metaKey || e.altKey) return
    e.preventDefault()
    step()
  }

  const shapes = useMemo(() => {
    const share = (c: Candidate) => (range[1] > range[0] ? ((c.validation ?? range[0]) - range[0]) / (range[1] - range[0]) : 1)
    return {
      edges: nodes.flatMap((n) => n.parents.map((p, i) => {
        const a = byKey.get(p)!
        const mid = (a.y + n.y) / 2
        return <path key={`${p}-${n.key}`} class={`edge ${n.proposal ? 'rejected' : ''} ${i > 0 ? 'second' : ''}`} d={`M${a.x} ${a.y} C${a.x} ${mid} ${n.x} ${mid} ${n.x} ${n.y}`} />
      })),
      marks: (on: string) => nodes.map((n) => (
        <g key={n.key} transform={`translate(${n.x} ${n.y})`}>
        <a
          data-key={n.key} class={`node ${n.key === on ? 'on' : ''}`} tabIndex={n.key === on ? 0 : -1}
          href={href(n.candidate ? `/candidates/${n.candidate.id}` : `/proposals/${n.proposal!.number}`)}
          aria-label={name(n, unit)} onFocus={() => onFocus(n.key)} onPointerEnter={() => onFocus(n.key)}
        >
          {n.candidate ? (
            <>
              {n.candidate.best ? <circle class="halo best" r={n.r + 5} /> : n.candidate.frontier ? <circle class="halo" r={n.r + 3.5} /> : null}
              <circle class="body" r={n.r} fill={css(ramp(0.12 + 0.88 * share(n.candidate), theme))} />
              <text y={n.r + 16}>{n.candidate.id}</text>
            </>
          ) : <><circle class="hit" r="9" /><path class="cross" d="M-3.5 -3.5 L3.5 3.5 M3.5 -3.5 L-3.5 3.5" /></>}
        </a>
        </g>
      )),
    }
  }, [nodes, theme, range[0], range[1], unit])

  return (
    <div class="graph">
      <svg
        ref={svg} role="group" aria-label="Lineage of the candidates. Arrow keys go to parents, children and neighbours; Enter opens."
        onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onClickCapture={click} onKeyDown={key}
        onDblClick={() => { const n = byKey.get(focus); if (n) router.go(href(n.candidate ? `/candidates/${n.candidate.id}` : `/proposals/${n.proposal!.number}`)) }}
      >
        <g ref={layer}>{shapes.edges}{shapes.marks(focus)}</g>
      </svg>
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" onClick={() => zoom(1.25)} aria-label="Zoom in">+</button>
        <button type="button" onClick={() => zoom(0.8)} aria-label="Zoom out">−</button>
        <button type="button" onClick={() => { touched.current = false; fit() }}>Fit</button>
      </div>
    </div>
  )
}

function name(n: Drawn, unit: f.Unit): string {
  if (n.proposal) return `Proposal ${n.proposal.number}, rejected: ${f.fate(n.proposal.fate)}`
  const c = n.candidate!
  const from = c.parents.length > 0 ? `, from ${c.parents.map((p) => `#${p}`).join(' and ')}` : ''
  return `Candidate ${f.candidateName(c.id)}, ${f.value(c.validation, unit)}${c.best ? ', best' : ''}${c.frontier ? ', on the frontier' : ''}${from}`
}

function Detail({ node }: { node: Drawn }): JSX.Element {
  const { unit, href, head } = useRun()
  if (node.proposal) {
    const p = node.proposal
    return (
      <aside class="detail" aria-label="The chosen proposal">
        <h2><a href={href(`/proposals/${p.number}`)}>Proposal {p.number}</a></h2>
        <p><Fate p={p} over={head.status !== 'running'} /></p>
        <dl class="pairs">
          <div><dt>From</dt><dd><Ids ids={p.parents} href={href} /></dd></div>
          <div><dt>Rewritten</dt><dd><Names names={p.components} /></dd></div>
          <div><dt>Before → after</dt><dd><Gate p={p} unit={unit} /></dd></div>
        </dl>
        {p.reason !== '' && <p class="quiet"><Short text={p.reason} limit={240} /></p>}
      </aside>
    )
  }
  const c = node.candidate!
  return (
    <aside class="detail" aria-label="The chosen candidate">
      <h2><CandidateLink id={c.id} href={href(`/candidates/${c.id}`)} best={c.best} frontier={c.frontier} /></h2>
      <dl class="pairs">
        <div><dt>Validation</dt><dd><strong><Value v={c.validation} unit={unit} /></strong>{!c.full && ` on ${f.whole(c.validated)}`}</dd></div>
        {c.test !== null && <div><dt>Sealed test</dt><dd><Value v={c.test} unit={unit} /></dd></div>}
        <div><dt>Best on</dt><dd>{f.count(c.wins, 'example')}</dd></div>
        <div><dt>Parents</dt><dd><Ids ids={c.parents} href={href} /></dd></div>
        <div><dt>Changed</dt><dd><Names names={c.changed} /></dd></div>
        {c.proposal > 0 && <div><dt>Proposal</dt><dd><a href={href(`/proposals/${c.proposal}`)}>{c.proposal}</a></dd></div>}
        <div><dt>After</dt><dd><Whole v={c.at?.rollouts} /> rollouts</dd></div>
        <div><dt>Length</dt><dd><Whole v={c.length} /> characters</dd></div>
      </dl>
    </aside>
  )
}
