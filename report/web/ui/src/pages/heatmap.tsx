import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useApp, useQuery, useRun } from '../app'
import { css, ink, ramp, token } from '../lib/color'
import * as f from '../lib/format'
import { byValue, cluster, clusterColumns, columnMean, rowMean } from '../lib/order'
import { useTheme, theme as themeNow } from '../lib/theme'
import { flat } from '../lib/visible'
import { Empty, Select } from '../parts/ui'

type RowOrder = 'mean' | 'id' | 'cluster'
type ColumnOrder = 'given' | 'difficulty' | 'cluster'
type Size = 'fit' | 'large'

interface Cell {
  r: number
  c: number
}

const gutter = 118
const strip = 22

export function HeatmapPage(): JSX.Element {
  const { store } = useRun()
  return (
    <div class="page wide-page">
      <div class="page-head">
        <h1 tabIndex={-1}>Heatmap</h1>
        <p class="page-sub">Every candidate’s score on every validation example. A cell leads to its rollout.</p>
      </div>
      {store.rows.size === 0 || store.examples.length === 0 ? <Empty>No example has been evaluated yet.</Empty> : <Heatmap />}
    </div>
  )
}

function Heatmap(): JSX.Element {
  const { store, head, unit, href } = useRun()
  const { router } = useApp()
  const [query, setQuery] = useQuery()
  const rowOrder = pick<RowOrder>(query.get('rows'), ['mean', 'id', 'cluster'])
  const columnOrder = pick<ColumnOrder>(query.get('columns'), ['given', 'difficulty', 'cluster'])
  const size = pick<Size>(query.get('size'), ['fit', 'large'])
  const theme = useTheme()
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [cursor, setCursor] = useState<Cell | null>(null)
  const [room, setRoom] = useState(900)

  const table = useMemo(() => {
    const rows = [...store.rows.values()].sort((a, b) => a.candidate - b.candidate)
    return { rows, scores: rows.map((r) => r.scores), failed: rows.map((r) => new Set(r.failed)), means: rows.map((r) => rowMean(r.scores)) }
  }, [store, store.version.scores])
  const columns = store.examples.length
  const difficulty = useMemo(() => store.examples.map((_, c) => columnMean(table.scores, c)), [table])
  const rows = useMemo(() => {
    if (rowOrder === 'id') return table.rows.map((_, i) => i)
    return rowOrder === 'mean' ? byValue(table.means) : cluster(table.scores)
  }, [table, rowOrder])
  const cols = useMemo(() => {
    if (columnOrder === 'given') return store.examples.map((_, i) => i)
    return columnOrder === 'difficulty' ? byValue(difficulty.map((v) => (v === null ? null : -v))).slice() : clusterColumns(table.scores, columns)
  }, [table, columnOrder, difficulty])
  const [low, high] = useMemo(() => span(table.scores), [table])

  const cw = size === 'large' ? 18 : Math.max(1, Math.min(28, (room - gutter) / columns))
  const ch = size === 'large' ? 18 : Math.max(3, Math.min(22, table.rows.length <= 24 ? 22 : 620 / table.rows.length))
  const width = gutter + cw * columns
  const height = strip + ch * table.rows.length
  const shownHeight = Math.min(height, 680)

  // One pixel a cell, drawn once for the data and then only scaled.
  const image = useMemo(() => paint(table.scores, table.failed, rows, cols, low, high, theme), [table, rows, cols, low, high, theme])

  const redraw = useRef(() => {})
  redraw.current = () => {
    const el = canvas.current
    const out = box.current
    if (!el || !out) return
    const w = Math.min(out.clientWidth, Math.ceil(width))
    const h = Math.ceil(shownHeight)
    const ratio = devicePixelRatio || 1
    if (el.width !== Math.round(w * ratio) || el.height !== Math.round(h * ratio)) {
      el.width = Math.round(w * ratio)
      el.height = Math.round(h * ratio)
      el.style.width = `${w}px`
      el.style.height = `${h}px`
    }
    drawView(el, ratio, {
      w, h, left: out.scrollLeft, top: out.scrollTop, cw, ch, image, rows, cols, cursor,
      failed: (r, c) => table.failed[r]!.has(c), difficulty, range: [low, high], missing: (r, c) => table.scores[r]![c] == null && !table.failed[r]!.has(c),
      label: (r) => {
        const id = table.rows[r]!.candidate
        return { id: `#${id}`, mean: f.value(table.means[r], unit), best: id === head.best, front: head.frontier.includes(id) }
      },
    })
  }
  useEffect(() => {
    const frame = requestAnimationFrame(() => redraw.current())
    return () => cancelAnimationFrame(frame)
  })
  useEffect(() => {
    const out = box.current!
    let frame = 0
    const again = () => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(() => redraw.current())
    }
    out.addEventListener('scroll', again, { passive: true })
    const sized = new ResizeObserver(() => {
      setRoom(out.clientWidth)
      again()
    })
    sized.observe(out)
    return () => {
      out.removeEventListener('scroll', again)
      sized.disconnect()
      cancelAnimationFrame(frame)
    }
  }, [])

  const cellAt = (e: PointerEvent | MouseEvent): Cell | null => {
    const rect = canvas.current!.getBoundingClientRect()
    const x = e.clientX - rect.left - gutter
    const y = e.clientY - rect.top - strip
    if (x < 0 || y < 0) return null
    const c = Math.floor((x + box.current!.scrollLeft) / cw)
    const r = Math.floor((y + box.current!.scrollTop) / ch)
    return r < rows.length && c < columns ? { r, c } : null
  }
  const hover = (e: PointerEvent) => {
    const at = cellAt(e)
    if (at?.r !== cursor?.r || at?.c !== cursor?.c) setCursor(at)
  }
  const open = (at: Cell | null) => {
    if (!at) return
    const r = rows[at.r]!
    const c = cols[at.c]!
    if (table.scores[r]![c] == null && !table.failed[r]!.has(c)) return
    router.go(href(`/rollouts/validation/${table.rows[r]!.candidate}/${c}`))
  }
  const key = (e: KeyboardEvent) => {
    const at = cursor ?? { r: 0, c: 0 }
    const moves: Record<string, Cell> = {
      ArrowUp: { r: at.r - 1, c: at.c }, ArrowDown: { r: at.r + 1, c: at.c }, ArrowLeft: { r: at.r, c: at.c - 1 }, ArrowRight: { r: at.r, c: at.c + 1 },
      Home: { r: at.r, c: 0 }, End: { r: at.r, c: columns - 1 }, PageUp: { r: at.r - 10, c: at.c }, PageDown: { r: at.r + 10, c: at.c },
    }
    if (e.key === 'Enter') {
      e.preventDefault()
      return open(cursor)
    }
    const to = moves[e.key]
    if (!to || e.ctrlKey || e.metaKey || e.altKey) return
    e.preventDefault()
    const next = cursor === null ? at : { r: clamp(to.r, rows.length), c: clamp(to.c, columns) }
    setCursor(next)
    const out = box.current!
    const x = next.c * cw
    const y = next.r * ch
    if (x < out.scrollLeft) out.scrollLeft = x
    else if (x + cw > out.scrollLeft + out.clientWidth - gutter) out.scrollLeft = x + cw - out.clientWidth + gutter
    if (y < out.scrollTop) out.scrollTop = y
    else if (y + ch > out.scrollTop + shownHeight - strip) out.scrollTop = y + ch - shownHeight + strip
  }
  const info = cursor ? describe(cursor) : null
  function describe(at: Cell): { who: string; where: string; what: string } {
    const r = rows[at.r]!
    const c = cols[at.c]!
    const v = table.scores[r]![c]
    const failed = table.failed[r]!.has(c)
    return {
      who: `candidate #${table.rows[r]!.candidate}`,
      where: `example ${flat(store.examples[c]?.id ?? String(c), 80)}`,
      what: failed ? `failed, scored ${f.value(v, unit)}` : v == null ? 'not evaluated' : f.value(v, unit),
    }
  }

  return (
    <>
      <div class="toolbar">
        <Select<RowOrder> label="Candidates by" value={rowOrder} onChange={(v) => setQuery({ rows: v === 'mean' ? null : v })} options={[['mean', 'mean score'], ['id', 'id'], ['cluster', 'likeness']]} />
        <Select<ColumnOrder> label="Examples by" value={columnOrder} onChange={(v) => setQuery({ columns: v === 'given' ? null : v })} options={[['given', 'place in the set'], ['difficulty', 'difficulty'], ['cluster', 'likeness']]} />
        <Select<Size> label="Cells" value={size} onChange={(v) => setQuery({ size: v === 'fit' ? null : v })} options={[['fit', 'fit the page'], ['large', 'large']]} />
        <div class="legend">
          <span>{f.value(low, unit)} <i class="key scale" aria-hidden="true" /> {f.value(high, unit)}</span>
          <span><i class="key failed" aria-hidden="true" />failed</span>
          <span><i class="key missing" aria-hidden="true" />not evaluated</span>
        </div>
      </div>
      <p class="cell-info" aria-live="polite">
        {info ? <><strong>{info.who}</strong> on <bdi>{info.where}</bdi>: <strong>{info.what}</strong></> : <span class="quiet">{f.count(table.rows.length, 'candidate')} × {f.count(columns, 'example')}. Point at a cell, or use the arrow keys; Enter opens its rollout.</span>}
      </p>
      <div
        class="heatmap" ref={box} tabIndex={0} role="application" aria-roledescription="heatmap"
        aria-label={`Scores of ${table.rows.length} candidates on ${columns} validation examples. Arrow keys move, Enter opens the rollout.`}
        onKeyDown={key} onPointerMove={hover} onPointerLeave={() => setCursor(null)} onClick={(e) => open(cellAt(e))}
      >
        <div class="heatmap-room" ref={(el) => { if (el) { el.style.width = `${width}px`; el.style.height = `${height}px` } }}>
          <canvas ref={canvas} aria-hidden="true" />
        </div>
      </div>
    </>
  )
}

function clamp(v: number, n: number): number {
  return Math.min(n - 1, Math.max(0, v))
}

function pick<T extends string>(v: string | null, known: T[]): T {
  return known.includes(v as T) ? (v as T) : known[0]!
}

function span(rows: (number | null)[][]): [number, number] {
  let low = 0
  let high = -Infinity
  for (const row of rows) for (const v of row) {
    if (v === null || v === undefined || !Number.isFinite(v)) continue
    if (v < low) low = v
    if (v > high) high = v
  }
  return [low, Math.max(high, high <= 1 ? 1 : high)]
}

function paint(
  scores: (number | null)[][], failed: Set<number>[], rows: number[], cols: number[], low: number, high: number, theme: 'dark' | 'light',
): HTMLCanvasElement {
  const el = document.createElement('canvas')
  el.width = cols.length
  el.height = rows.length
  const c = el.getContext('2d')!
  const image = c.createImageData(cols.length, rows.length)
  const bad = rgb(token('--failed'))
  let at = 0
  for (const r of rows) {
    const row = scores[r]!
    const fails = failed[r]!
    for (const k of cols) {
      const v = row[k]
      const color = fails.has(k) ? bad : v === null || v === undefined ? null : ramp((v - low) / (high - low || 1), theme)
      if (color) {
        image.data[at] = color[0]
        image.data[at + 1] = color[1]
        image.data[at + 2] = color[2]
        image.data[at + 3] = 255
      }
      at += 4
    }
  }
  c.putImageData(image, 0, 0)
  return el
}

function rgb(hex: string): [number, number, number] {
  const n = parseInt(hex.replace('#', ''), 16)
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255]
}

interface Look {
  w: number
  h: number
  left: number
  top: number
  cw: number
  ch: number
  image: HTMLCanvasElement
  rows: number[]
  cols: number[]
  cursor: Cell | null
  difficulty: (number | null)[]
  range: [number, number]
  failed: (r: number, c: number) => boolean
  missing: (r: number, c: number) => boolean
  label: (r: number) => { id: string; mean: string; best: boolean; front: boolean }
}

function drawView(el: HTMLCanvasElement, ratio: number, o: Look): void {
  const g = el.getContext('2d')!
  g.setTransform(ratio, 0, 0, ratio, 0, 0)
  g.clearRect(0, 0, o.w, o.h)
  const c0 = Math.floor(o.left / o.cw)
  const c1 = Math.min(o.cols.length, Math.ceil((o.left + o.w - gutter) / o.cw))
  const r0 = Math.floor(o.top / o.ch)
  const r1 = Math.min(o.rows.length, Math.ceil((o.top + o.h - strip) / o.ch))
  const x = (c: number) => gutter + c * o.cw - o.left
  const y = (r: number) => strip + r * o.ch - o.top
  g.save()
  g.beginPath()
  g.rect(gutter, strip, o.w - gutter, o.h - strip)
  g.clip()
  hatch(g, x(c0), y(r0), (c1 - c0) * o.cw, (r1 - r0) * o.ch)
  g.imageSmoothingEnabled = false
  g.drawImage(o.image, c0, r0, c1 - c0, r1 - r0, x(c0), y(r0), (c1 - c0) * o.cw, (r1 - r0) * o.ch)
  if (o.cw >= 7 && o.ch >= 7) grid(g, o, c0, c1, r0, r1, x, y)
  if (o.cursor) {
    g.strokeStyle = token('--accent')
    g.lineWidth = 2
    g.strokeRect(x(o.cursor.c) - 1, y(o.cursor.r) - 1, Math.max(o.cw, 3) + 2, Math.max(o.ch, 3) + 2)
  }
  g.restore()
  difficultyStrip(g, o, c0, c1, x)
  labels(g, o, r0, r1, y)
}

// The lines between large cells, and a cross on those that failed.
function grid(
  g: CanvasRenderingContext2D, o: Look, c0: number, c1: number, r0: number, r1: number, x: (c: number) => number, y: (r: number) => number,
): void {
  g.strokeStyle = token('--surface')
  g.lineWidth = o.cw >= 12 ? 1.5 : 1
  g.beginPath()
  for (let c = c0; c <= c1; c++) {
    g.moveTo(x(c), y(r0))
    g.lineTo(x(c), y(r1))
  }
  for (let r = r0; r <= r1; r++) {
    g.moveTo(x(c0), y(r))
    g.lineTo(x(c1), y(r))
  }
  g.stroke()
  g.strokeStyle = ink(rgb(token('--failed')))
  g.beginPath()
  const d = Math.min(o.cw, o.ch) * 0.2
  for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++) {
    if (!o.failed(o.rows[r]!, o.cols[c]!)) continue
    const mx = x(c) + o.cw / 2
    const my = y(r) + o.ch / 2
    g.moveTo(mx - d, my - d)
    g.lineTo(mx + d, my + d)
    g.moveTo(mx + d, my - d)
    g.lineTo(mx - d, my + d)
  }
  g.stroke()
}

function hatch(g: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
  const tile = document.createElement('canvas')
  tile.width = tile.height = 6
  const t = tile.getContext('2d')!
  t.strokeStyle = token('--hatch')
  t.lineWidth = 1
  t.beginPath()
  t.moveTo(-1, 7)
  t.lineTo(7, -1)
  t.moveTo(-1, 1)
  t.lineTo(1, -1)
  t.moveTo(5, 7)
  t.lineTo(7, 5)
  t.stroke()
  const p = g.createPattern(tile, 'repeat')
  if (p) {
    g.fillStyle = p
    g.fillRect(x, y, w, h)
  }
}

// Above the columns: the mean over the candidates, so that hard examples show.
function difficultyStrip(g: CanvasRenderingContext2D, o: Look, c0: number, c1: number, x: (c: number) => number): void {
  g.save()
  g.beginPath()
  g.rect(gutter, 0, o.w - gutter, strip)
  g.clip()
  const t = themeNow()
  const [low, high] = o.range
  for (let c = c0; c < c1; c++) {
    const v = o.difficulty[o.cols[c]!]
    if (v === null || v === undefined) continue
    const share = (v - low) / (high - low || 1)
    const h = Math.max(1, share * 15)
    g.fillStyle = css(ramp(0.25 + 0.75 * share, t))
    g.fillRect(x(c), 17 - h, Math.max(o.cw - (o.cw >= 4 ? 1 : 0), 0.75), h)
  }
  g.restore()
  g.fillStyle = token('--ink-3')
  g.font = `11px ${token('--sans')}`
  g.textBaseline = 'middle'
  g.textAlign = 'right'
  g.fillText('mean', gutter - 10, 10)
}

function labels(g: CanvasRenderingContext2D, o: Look, r0: number, r1: number, y: (r: number) => number): void {
  g.save()
  g.beginPath()
  g.rect(0, strip, gutter, o.h - strip)
  g.clip()
  g.textBaseline = 'middle'
  const each = Math.max(1, Math.ceil(13 / o.ch))
  const sans = token('--sans')
  for (let r = r0; r < r1; r++) {
    const on = o.cursor?.r === r
    // Where there is no room for every name, every so many has one, and the
    // one that is pointed at.
    const near = o.cursor !== null && Math.abs(o.cursor.r - r) < each
    if (!on && (near || r % each !== 0)) continue
    const l = o.label(o.rows[r]!)
    const my = y(r) + o.ch / 2
    g.font = `${on || l.best ? '600 ' : ''}11px ${sans}`
    g.fillStyle = token(on ? '--ink' : '--ink-2')
    g.textAlign = 'left'
    g.fillText(l.id, 14, my)
    g.textAlign = 'right'
    g.fillText(l.mean, gutter - 10, my)
    if (l.best || l.front) {
      g.fillStyle = token(l.best ? '--best' : '--accent')
      g.beginPath()
      g.arc(6, my, l.best ? 4 : 2.5, 0, 7)
      g.fill()
    }
  }
  g.restore()
}
