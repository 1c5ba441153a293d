// Several objectives: who is dominated by nobody, where the front bends, and
// who would win under other weights.

export interface Axis {
  name: string
  direction: 'max' | 'min'
  min: number | null
  max: number | null
}

export interface Measured {
  id: number
  values: Record<string, number | null>
}

/** A value between the worst (0) and the best (1) of the range. */
export function goodness(v: number, axis: Axis, low: number, high: number): number {
  const lo = axis.min ?? low
  const hi = axis.max ?? high
  if (hi <= lo) return 0
  const t = Math.min(1, Math.max(0, (v - lo) / (hi - lo)))
  return axis.direction === 'min' ? 1 - t : t
}

/** The lowest and highest value that occurs. */
export function extent(all: Measured[], name: string): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const m of all) {
    const v = m.values[name]
    if (v === null || v === undefined || !Number.isFinite(v)) continue
    low = Math.min(low, v)
    high = Math.max(high, v)
  }
  return low <= high ? [low, high] : [0, 1]
}

function complete(m: Measured, axes: Axis[]): boolean {
  return axes.every((a) => Number.isFinite(m.values[a.name] ?? NaN))
}

/** Ids that no other dominates: none is at least as good in all and better in one. */
export function front(all: Measured[], axes: Axis[]): Set<number> {
  const usable = all.filter((m) => complete(m, axes))
  const sign = axes.map((a) => (a.direction === 'min' ? -1 : 1))
  const dominated = (m: Measured) =>
    usable.some((o) => {
      let better = false
      for (let k = 0; k < axes.length; k++) {
        const d = sign[k]! * (o.values[axes[k]!.name]! - m.values[axes[k]!.name]!)
        if (d < 0) return false
        if (d > 0) better = true
      }
      return better
    })
  return new Set(usable.filter((m) => !dominated(m)).map((m) => m.id))
}

/**
 * The knee of a front in two objectives: the point furthest above the straight
 * line between its ends, where giving up a little of one no longer buys much of
 * the other. Null where the front has fewer than three points or no bend.
 */
export function knee(all: Measured[], axes: [Axis, Axis], on: Set<number>): number | null {
  const spans = axes.map((a) => extent(all.filter((m) => on.has(m.id)), a.name))
  const pts = all
    .filter((m) => on.has(m.id) && complete(m, axes))
    .map((m) => ({
      id: m.id,
      x: scaled(m.values[axes[0].name]!, axes[0], spans[0]!),
      y: scaled(m.values[axes[1].name]!, axes[1], spans[1]!),
    }))
    .sort((a, b) => a.x - b.x)
  if (pts.length < 3) return null
  const a = pts[0]!
  const b = pts[pts.length - 1]!
  const length = Math.hypot(b.x - a.x, b.y - a.y)
  let best: { id: number; d: number } | null = null
  for (const q of pts) {
    const d = ((q.x - a.x) * (a.y - b.y) + (q.y - a.y) * (b.x - a.x)) / length
    if (d > 1e-9 && (best === null || d > best.d)) best = { id: q.id, d }
  }
  return best?.id ?? null
}

function scaled(v: number, axis: Axis, [low, high]: [number, number]): number {
  if (high <= low) return 0
  const t = (v - low) / (high - low)
  return axis.direction === 'min' ? 1 - t : t
}

export interface Ranked {
  id: number
  total: number
}

/** Candidates by the weighted mean of their goodness, the best first; ties by id. */
export function ranking(all: Measured[], axes: Axis[], weights: number[]): Ranked[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum <= 0) return []
  const spans = axes.map((a) => extent(all, a.name))
  return all
    .filter((m) => axes.every((a, k) => weights[k] === 0 || Number.isFinite(m.values[a.name] ?? NaN)))
    .map((m) => ({
      id: m.id,
      total: axes.reduce((t, a, k) => (weights[k] === 0 ? t : t + weights[k]! * goodness(m.values[a.name]!, a, ...spans[k]!)), 0) / sum,
    }))
    .sort((a, b) => b.total - a.total || a.id - b.id)
}
