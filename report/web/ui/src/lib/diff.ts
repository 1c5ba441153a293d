import type { Words } from '../api/types'

const limit = 4_000_000

/** Compares two texts word by word, by the longest common subsequence. */
export function wordDiff(before: string, after: string): Words[] {
  const a = words(before)
  const b = words(after)
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let endA = a.length
  let endB = b.length
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  const out: Words[] = []
  push(out, 'kept', a.slice(0, start).join(''))
  middle(out, a.slice(start, endA), b.slice(start, endB))
  push(out, 'kept', a.slice(endA).join(''))
  return out
}

function words(s: string): string[] {
  return s.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []
}

function middle(out: Words[], a: string[], b: string[]): void {
  const n = a.length
  const m = b.length
  if (n === 0 || m === 0 || n * m > limit) {
    push(out, 'removed', a.join(''))
    push(out, 'added', b.join(''))
    return
  }
  const width = m + 1
  const len = new Uint32Array((n + 1) * width)
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      len[i * width + j] = a[i] === b[j] ? len[(i + 1) * width + j + 1]! + 1 : Math.max(len[(i + 1) * width + j]!, len[i * width + j + 1]!)
    }
  }
  let i = 0
  let j = 0
  while (i < n || j < m) {
    if (i < n && j < m && a[i] === b[j]) {
      push(out, 'kept', a[i]!)
      i++
      j++
    } else if (i < n && (j === m || len[(i + 1) * width + j]! >= len[i * width + j + 1]!)) {
      push(out, 'removed', a[i++]!)
    } else {
      push(out, 'added', b[j++]!)
    }
  }
}

function push(out: Words[], change: 'kept' | 'removed' | 'added', text: string): void {
  if (text === '') return
  const last = out[out.length - 1]
  if (last && last.change === change) last.text += text
  else out.push({ change, text })
}

export function changeOf(w: Words): 'kept' | 'removed' | 'added' {
  if (w.change) return w.change
  return w.op === 'insert' ? 'added' : w.op === 'delete' ? 'removed' : 'kept'
}
