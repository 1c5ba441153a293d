// The orders in which the heatmap's rows and columns can stand.

/** Order of rows by similarity: each next to the one most like it. */
export function cluster(rows: (number | null)[][], limit = 400): number[] {
  const n = rows.length
  const all = rows.map((_, i) => i)
  if (n < 3 || n > limit) return all
  const used = new Uint8Array(n)
  const order: number[] = []
  let at = all.reduce((best, i) => (filled(rows[i]!) > filled(rows[best]!) ? i : best), 0)
  for (;;) {
    used[at] = 1
    order.push(at)
    if (order.length === n) return order
    let next = -1
    let nearest = Infinity
    for (let j = 0; j < n; j++) {
      if (used[j]) continue
      const d = distance(rows[at]!, rows[j]!)
      if (d < nearest) {
        nearest = d
        next = j
      }
    }
    at = next
  }
}

function filled(row: (number | null)[]): number {
  let c = 0
  for (const v of row) if (v !== null) c++
  return c
}

// Mean absolute difference where both are known; nothing in common is far.
function distance(a: (number | null)[], b: (number | null)[]): number {
  let sum = 0
  let n = 0
  for (let k = 0; k < a.length; k++) {
    const x = a[k]
    const y = b[k]
    if (x === null || x === undefined || y === null || y === undefined) continue
    sum += Math.abs(x - y)
    n++
  }
  return n === 0 ? 1e6 : sum / n - n * 1e-9
}

/**
 * Order of columns by their pattern: those whom the same candidates solve stand
 * together. Columns are compared by their place along the two directions in
 * which they differ most, which takes time linear in the cells.
 */
export function clusterColumns(rows: (number | null)[][], columns: number): number[] {
  const all = Array.from({ length: columns }, (_, i) => i)
  if (rows.length < 2 || columns < 3) return all
  const mean = all.map((c) => columnMean(rows, c))
  const centred = (r: number, c: number) => {
    const v = rows[r]![c]
    return v === null || v === undefined ? 0 : v - (mean[c] ?? 0)
  }
  // Power iteration for the first direction in the space of candidates.
  let dir = rows.map((_, r) => Math.cos(r + 1))
  for (let step = 0; step < 12; step++) {
    const next = new Array<number>(rows.length).fill(0)
    for (let c = 0; c < columns; c++) {
      let dot = 0
      for (let r = 0; r < rows.length; r++) dot += centred(r, c) * dir[r]!
      for (let r = 0; r < rows.length; r++) next[r]! += dot * centred(r, c)
    }
    const norm = Math.hypot(...next)
    if (norm < 1e-12) break
    dir = next.map((v) => v / norm)
  }
  const along = all.map((c) => rows.reduce((t, _, r) => t + centred(r, c) * dir[r]!, 0))
  return all.sort((a, b) => along[a]! - along[b]! || (mean[b] ?? 0) - (mean[a] ?? 0) || a - b)
}

export function columnMean(rows: (number | null)[][], c: number): number | null {
  let sum = 0
  let n = 0
  for (const row of rows) {
    const v = row[c]
    if (v === null || v === undefined) continue
    sum += v
    n++
  }
  return n === 0 ? null : sum / n
}

export function rowMean(row: (number | null)[]): number | null {
  let sum = 0
  let n = 0
  for (const v of row) {
    if (v === null || v === undefined) continue
    sum += v
    n++
  }
  return n === 0 ? null : sum / n
}

/** Indices by value, the highest first; unknown ones last. */
export function byValue(values: (number | null)[]): number[] {
  return values.map((_, i) => i).sort((a, b) => (values[b] ?? -Infinity) - (values[a] ?? -Infinity) || a - b)
}
