// The run's scores: the best so far as a step line, each candidate as a point,
// and the sealed test, which is measured on other examples, apart at the right.

import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useApp, useRun } from '../app'
import type { Point } from '../api/types'
import { token } from '../lib/color'
import * as f from '../lib/format'
import { useTheme } from '../lib/theme'
import { Segmented } from './ui'

type Along = 'rollouts' | 'cost' | 'tokens' | 'time'

const testRoom = (width: number) => (width < 520 ? 92 : 132)

interface Tip {
  left: number
  top: number
  point: Point
}

export function ScoreChart(): JSX.Element {
  const { store, head, unit, href } = useRun()
  const { router } = useApp()
  const [along, setAlong] = useState<Along>('rollouts')
  const [tip, setTip] = useState<Tip | null>(null)
  const theme = useTheme()
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const points = useMemo(() => store.sortedPoints(), [store, store.version.points])
  const main = f.mainMeasure(head.test?.measures)
  const priced = points.some((p) => (p.cost_nano_usd ?? 0) > 0)
  const began = points.length > 0 ? new Date(points[0]!.at).getTime() : 0
  const xOf = (p: { rollouts: number; cost_nano_usd: number | null; tokens: number; at: string }): number | null => {
    if (along === 'cost') return p.cost_nano_usd === null ? null : p.cost_nano_usd / 1e9
    if (along === 'tokens') return p.tokens
    return along === 'time' ? (new Date(p.at).getTime() - began) / 1000 : p.rollouts
  }
  const data = useMemo(() => {
    const xs: number[] = []
    const best: (number | null)[] = []
    const score: (number | null)[] = []
    const shown: Point[] = []
    for (const p of points) {
      const x = xOf(p)
      if (x === null || !Number.isFinite(x)) continue
      xs.push(x)
      best.push(p.best)
      score.push(p.score)
      shown.push(p)
    }
    // The line goes on to where the run stands.
    const last = along === 'rollouts' ? head.counts.rollouts : along === 'cost' ? head.spend.total.cost_nano_usd / 1e9 : NaN
    if (xs.length > 0 && last > xs[xs.length - 1]!) {
      xs.push(last)
      best.push(best[best.length - 1]!)
      score.push(null)
    }
    return { aligned: [xs, best, score] as uPlot.AlignedData, shown }
  }, [points, along, head.counts.rollouts, head.spend.total.cost_nano_usd])
  const latest = useRef(data)
  latest.current = data
  const measured = useRef(main)
  measured.current = main
  const wants = `${theme} ${along} ${unit} ${main ? 'test' : ''}`

  useEffect(() => {
    const el = box.current
    if (!el || data.shown.length === 0) return
    const make = () =>
      new uPlot(options({
        width: el.clientWidth, height: el.clientWidth < 520 ? 240 : 300, along, unit,
        test: () => measured.current,
        range: () => reach(latest.current.aligned, measured.current, unit),
        hover: (u, i) => {
          const p = i === null ? undefined : latest.current.shown[i]
          const x = i === null ? undefined : u.data[0][i]
          if (!p || x === undefined) return setTip(null)
          setTip({ left: u.valToPos(x, 'x') + u.over.offsetLeft, top: u.valToPos(p.score ?? p.best ?? 0, 'y') + u.over.offsetTop, point: p })
        },
        click: (i) => {
          const p = latest.current.shown[i]
          if (p) router.go(href(`/candidates/${p.candidate}`))
        },
      }), latest.current.aligned, el)
    plot.current = make()
    const size = new ResizeObserver(() => {
      if (el.clientWidth > 0 && Math.abs(el.clientWidth - (plot.current?.width ?? 0)) > 1) {
        plot.current?.setSize({ width: el.clientWidth, height: el.clientWidth < 520 ? 240 : 300 })
      }
    })
    size.observe(el)
    return () => {
      size.disconnect()
      plot.current?.destroy()
      plot.current = null
      setTip(null)
    }
  }, [wants, data.shown.length === 0])

  useEffect(() => plot.current?.setData(data.aligned), [data])

  const options_: [Along, string][] = [['rollouts', 'Rollouts'], ['cost', 'Dollars'], ['tokens', 'Tokens'], ['time', 'Time']]
  const say = points.length === 0 ? 'No candidate has been validated yet.' : summary(points, unit, main !== null)
  return (
    <figure class="chart">
      <div class="chart-head">
        <div class="legend" aria-hidden="true">
          <span><i class="key line" />best so far</span>
          <span><i class="key point" />candidate, validation</span>
          {main && <span><i class="key test" />sealed test, 95 % interval</span>}
        </div>
        <Segmented label="Horizontal axis" value={along} options={options_} onChange={setAlong} />
      </div>
      {data.shown.length === 0 ? (
        <p class="empty">{points.length === 0 ? 'No candidate has been validated yet.' : 'What the candidates cost is not known.'}</p>
      ) : (
        <>
          {along === 'cost' && !priced && (
            <p class="section-note">{head.simulated ? 'A simulated model costs nothing, so all points stand at $0.' : 'The calls cost nothing, so all points stand at $0.'}</p>
          )}
          <div class="plot" ref={box} role="img" aria-label={say}>
            {tip && (
              <div class="tip" ref={(el) => place(el, tip)} aria-hidden="true">
                <b>{f.candidateName(tip.point.candidate)}</b> {f.value(tip.point.score, unit)}
                <br />after {f.whole(tip.point.rollouts)} rollouts
                {tip.point.cost_nano_usd !== null && tip.point.cost_nano_usd > 0 && `, ${f.dollars(tip.point.cost_nano_usd)}`}
              </div>
            )}
          </div>
        </>
      )}
      <figcaption class="sr">{say} The table of candidates holds the same figures.</figcaption>
    </figure>
  )
}

function place(el: HTMLElement | null, tip: Tip): void {
  if (!el) return
  const room = el.parentElement!.clientWidth
  el.style.left = `${Math.min(Math.max(tip.left - el.offsetWidth / 2, 0), room - el.offsetWidth)}px`
  el.style.top = `${tip.top < 70 ? tip.top + 14 : tip.top - el.offsetHeight - 12}px`
}

function summary(points: Point[], unit: f.Unit, test: boolean): string {
  const first = points[0]!
  const last = points[points.length - 1]!
  return `Validation score: the base had ${f.value(first.score, unit)}, the best so far has ${f.value(last.best, unit)} after ${f.whole(last.rollouts)} rollouts; ${f.count(points.length, 'candidate')} validated.${test ? ' The sealed test is drawn at the right.' : ''}`
}

type Tested = { base: number | null; other: number | null; interval: { low: number | null; high: number | null }; verdict: string } | null

function reach(data: uPlot.AlignedData, test: Tested, unit: f.Unit): [number, number] {
  let low = Infinity
  let high = -Infinity
  const add = (v: number | null | undefined) => {
    if (v === null || v === undefined || !Number.isFinite(v)) return
    low = Math.min(low, v)
    high = Math.max(high, v)
  }
  for (const v of data[1] as (number | null)[]) add(v)
  for (const v of data[2] as (number | null)[]) add(v)
  if (test && test.base !== null) for (const v of [test.base, test.other, test.base + (test.interval.low ?? 0), test.base + (test.interval.high ?? 0)]) add(v)
  if (low > high) return [0, 1]
  const pad = Math.max((high - low) * 0.1, unit === 'share' ? 0.02 : Math.abs(high) * 0.05 || 0.5)
  return unit === 'share' ? [Math.max(0, low - pad), Math.min(1.0001, high + pad)] : [low - pad, high + pad]
}

function options(o: {
  width: number
  height: number
  along: Along
  unit: f.Unit
  test: () => Tested
  range: () => [number, number]
  hover: (u: uPlot, i: number | null) => void
  click: (i: number) => void
}): uPlot.Options {
  const ink = token('--ink-2')
  const grid = token('--line-soft')
  const font = `11px ${token('--sans')}`
  const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } }
  const x = (v: number) => (o.along === 'cost' ? '$' + f.number(v) : o.along === 'time' ? (v === 0 ? '0' : f.duration(v * 1000)) : f.compact(v))
  return {
    width: o.width,
    height: o.height,
    padding: [12, o.test() ? testRoom(o.width) : 14, 0, 4],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 9, fill: token('--surface'), stroke: token('--accent'), width: 2 },
      bind: { click: (u) => () => { if (u.cursor.idx !== null && u.cursor.idx !== undefined) o.click(u.cursor.idx); return null } },
    },
    scales: { x: { time: false, range: (_u, low, high) => (high > low ? [low, high + (high - low) * 0.02] : [low - 0.5, low + 0.5]) }, y: { range: o.range } },
    axes: [
      { ...axis, values: (_u, vs) => vs.map(x), size: 30, space: o.width < 520 ? 44 : 70 },
      { ...axis, values: (_u, vs) => vs.map((v) => (o.unit === 'share' ? `${Number((v * 100).toFixed(1))} %` : f.number(v))), size: 52, space: 36 },
    ],
    series: [
      {},
      { stroke: token('--accent'), width: 2, paths: uPlot.paths.stepped!({ align: 1 }), points: { show: false } },
      { paths: () => null, points: { show: true, size: 6, width: 1.5, stroke: token('--point'), fill: token('--surface') } },
    ],
    hooks: {
      setCursor: [(u) => o.hover(u, u.cursor.idx ?? null)],
      draw: [(u) => { const t = o.test(); if (t) drawTest(u, t, font) }],
    },
  }
}

// The base and the winner on the sealed test set. The paired interval is that
// of their difference, so it stands around the winner, from the base.
function drawTest(u: uPlot, t: NonNullable<Tested>, font: string): void {
  if (t.base === null || t.other === null) return
  const base = t.base
  const c = u.ctx
  const r = devicePixelRatio
  const room = testRoom(u.width)
  const left = u.bbox.left + u.bbox.width
  const top = u.bbox.top
  const bottom = top + u.bbox.height
  const y = (v: number) => Math.min(bottom, Math.max(top, u.valToPos(v, 'y', true)))
  const ink = token('--ink-2')
  const good = token(t.verdict === 'better' ? '--good' : t.verdict === 'worse' ? '--bad' : '--ink-2')
  const x0 = left + (room * 0.3) * r
  const x1 = left + (room * 0.72) * r
  c.save()
  c.font = font.replace('11px', `${11 * r}px`)
  c.textAlign = 'center'
  c.fillStyle = token('--surface-2')
  c.fillRect(left + 10 * r, top, (room - 10) * r, bottom - top)
  c.fillStyle = ink
  c.fillText('sealed test', left + (10 + (room - 10) / 2) * r, bottom + 16 * r)
  c.strokeStyle = ink
  c.lineWidth = r
  c.setLineDash([3 * r, 3 * r])
  line(c, x0, y(base), x1 + 14 * r, y(base))
  c.setLineDash([])
  c.strokeStyle = good
  c.lineWidth = 2 * r
  const high = t.interval.high === null ? top : y(base + t.interval.high)
  const low = t.interval.low === null ? bottom : y(base + t.interval.low)
  line(c, x1, low, x1, high)
  line(c, x1 - 5 * r, low, x1 + 5 * r, low)
  line(c, x1 - 5 * r, high, x1 + 5 * r, high)
  mark(c, x0, y(base), 4.5 * r, ink, true)
  mark(c, x1, y(t.other), 5 * r, good, false)
  c.fillStyle = ink
  const close = Math.abs(y(base) - top) < 24 * r ? 18 * r : -10 * r
  c.fillText('base', x0, y(base) + close)
  c.fillText('best', x1, Math.max(top + 10 * r, high - 7 * r))
  c.restore()
}

function line(c: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  c.beginPath()
  c.moveTo(x0, y0)
  c.lineTo(x1, y1)
  c.stroke()
}

// A diamond, unlike the candidates' rings.
function mark(c: CanvasRenderingContext2D, x: number, y: number, size: number, color: string, hollow: boolean): void {
  c.beginPath()
  c.moveTo(x, y - size)
  c.lineTo(x + size, y)
  c.lineTo(x, y + size)
  c.lineTo(x - size, y)
  c.closePath()
  c.fillStyle = hollow ? token('--surface') : color
  c.fill()
  c.strokeStyle = color
  c.stroke()
}
