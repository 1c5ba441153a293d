import { describe, expect, test } from 'vitest'
import { random } from '../../fixtures/generate'
import { changeOf, wordDiff } from './diff'
import * as f from './format'
import { layers, type Node } from './layers'
import { byValue, cluster, clusterColumns, columnMean, rowMean } from './order'
import { front, goodness, knee, ranking, type Axis } from './pareto'
import { pageOf } from './router'
import { flat, pieces } from './visible'

describe('format', () => {
  test.each([
    [0.8333, 'share', '83.3 %'], [0, 'share', '0.0 %'], [null, 'share', '–'], [NaN, 'share', '–'], [3.14159, 'number', '3.142'],
    [-0.00012345, 'number', '−0.000123'], [12345678, 'number', '12\u202f345\u202f678'],
  ] as const)('value %s as %s is %s', (v, unit, want) => expect(f.value(v, unit)).toBe(want))

  test.each([
    [0.19, 'share', '+19.0 points'], [-0.004, 'share', '−0.4 points'], [0.0001, 'share', '±0.0 points'], [2, 'number', '+2'], [null, 'share', '–'],
  ] as const)('difference %s as %s is %s', (v, unit, want) => expect(f.difference(v, unit)).toBe(want))

  test('an interval may be open', () => {
    expect(f.interval(-0.05, 0.21, 'share')).toBe('−5.0 … +21.0')
    expect(f.interval(null, 0.5, 'number')).toBe('−∞ … +0.5')
  })

  test.each([[0, '$0'], [4_100_000, '$0.0041'], [340_000_000, '$0.34'], [30_447_100_000, '$30.45'], [123e9, '$123'], [null, '–']])('%s billionths are %s', (v, want) =>
    expect(f.dollars(v)).toBe(want))

  test.each([[250, '250 ms'], [4200, '4.2 s'], [61_000, '1 min 1 s'], [7_260_000, '2 h 1 min'], [2e8, '2 d 7 h'], [null, '–']])('%s ms are %s', (v, want) =>
    expect(f.duration(v)).toBe(want))

  test('a fate that the pages do not know is shown by its name', () => expect(f.fate('given_away')).toBe('given away'))
})

describe('visible', () => {
  test('plain text stays whole', () => expect(pieces('two\nlines\tand a tab, 👩‍👩‍👧 and עברית')).toEqual([{ text: 'two\nlines\tand a tab, 👩‍👩‍👧 and עברית' }]))

  test.each([
    ['\u001b[31m', 'ESC'], ['\u202e', 'RLO'], ['\u200b', 'ZWSP'], ['\u0000', 'U+0000'], ['\ud800', 'U+D800'], ['\u2067', 'RLI'], ['\u{e0041}', 'U+E0041'],
  ])('%j is shown as %s', (text, name) => expect(pieces(`a${text}b`).find((p) => p.mark)?.text).toBe(name))

  test('nothing is lost', () => {
    const text = 'a\u202eb\u001bc\r\nd'
    expect(pieces(text).map((p) => p.mark ? String.fromCodePoint(parseInt(p.mark.slice(2), 16)) : p.text).join('')).toBe(text.replace('\r\n', '\n'))
  })

  test('a title is cut', () => expect(flat('x'.repeat(50), 10)).toBe('x'.repeat(9) + '…'))
})

describe('word difference', () => {
  const sides = (a: string, b: string) => {
    const d = wordDiff(a, b)
    return [
      d.filter((w) => changeOf(w) !== 'added').map((w) => w.text).join(''),
      d.filter((w) => changeOf(w) !== 'removed').map((w) => w.text).join(''),
    ]
  }

  test('both texts can be put together again', () => {
    const rng = random(1)
    const words = ['Answer', ' ', '\n', 'short', 'ü', '-', 'span', '.', '  ']
    for (let i = 0; i < 200; i++) {
      const make = () => Array.from({ length: Math.floor(rng() * 20) }, () => words[Math.floor(rng() * words.length)]).join('')
      const a = make()
      const b = make()
      expect(sides(a, b)).toEqual([a, b])
    }
  })

  test('one word is one change', () =>
    expect(wordDiff('Answer in one word.', 'Answer in one line.')).toEqual([
      { change: 'kept', text: 'Answer in one ' }, { change: 'removed', text: 'word' }, { change: 'added', text: 'line' }, { change: 'kept', text: '.' },
    ]))

  test('texts too long to compare are whole changes', () => {
    const a = 'a '.repeat(3000)
    const b = 'b '.repeat(3000)
    expect(sides(a, b)).toEqual([a, b])
  })
})

describe('objectives', () => {
  const axes: [Axis, Axis] = [{ name: 'accuracy', direction: 'max', min: 0, max: 1 }, { name: 'cost', direction: 'min', min: 0, max: 10 }]
  const at = (id: number, accuracy: number | null, cost: number | null) => ({ id, values: { accuracy, cost } })
  const all = [at(0, 0.5, 1), at(1, 0.8, 2), at(2, 0.9, 8), at(3, 0.7, 5), at(4, null, 0)]

  test('the front holds whom nobody dominates', () => expect([...front(all, axes)]).toEqual([0, 1, 2]))
  test('equals are on the front together', () => expect(front([at(0, 0.5, 1), at(1, 0.5, 1)], axes).size).toBe(2))
  test('the knee stands out of the line between the ends', () => expect(knee(all, axes, front(all, axes))).toBe(1))
  test('two points have no knee', () => expect(knee(all, axes, new Set([0, 2]))).toBeNull())
  test('less is better where it is said', () => {
    expect(goodness(2, axes[1], 0, 1)).toBeCloseTo(0.8)
    expect(goodness(99, axes[1], 0, 1)).toBe(0)
  })
  test('weights choose', () => {
    expect(ranking(all, axes, [1, 0])[0]?.id).toBe(2)
    expect(ranking(all, axes, [0, 1])[0]?.id).toBe(4)
    expect(ranking(all, axes, [1, 1])[0]?.id).toBe(1)
    expect(ranking(all, axes, [0, 0])).toEqual([])
  })
})

describe('order', () => {
  const rows = [[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, null], [0, null, 1, 1]]
  const permutation = (order: number[], n: number) => expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))

  test('rows that are alike stand together', () => {
    const order = cluster(rows)
    permutation(order, 4)
    expect(Math.abs(order.indexOf(0) - order.indexOf(2))).toBe(1)
    expect(Math.abs(order.indexOf(1) - order.indexOf(3))).toBe(1)
  })
  test('columns that are alike stand together', () => {
    const order = clusterColumns([[1, 0, 1, 0], [0, 1, 0, 1]], 4)
    permutation(order, 4)
    expect(Math.abs(order.indexOf(0) - order.indexOf(2))).toBe(1)
  })
  test('any table keeps all its rows and columns', () => {
    const rng = random(4)
    for (let i = 0; i < 40; i++) {
      const n = Math.floor(rng() * 9)
      const m = Math.floor(rng() * 9)
      const table = Array.from({ length: n }, () => Array.from({ length: m }, () => (rng() < 0.3 ? null : Math.round(rng()))))
      permutation(cluster(table), n)
      permutation(clusterColumns(table, m), m)
    }
  })
  test('unknown values are no zeros', () => {
    expect(rowMean([1, null, 0.5])).toBe(0.75)
    expect(columnMean([[null], [1]], 0)).toBe(1)
    expect(rowMean([null])).toBeNull()
    expect(byValue([0.2, null, 0.9])).toEqual([2, 0, 1])
  })
})

describe('lineage', () => {
  test('parents stand above, and nobody in another’s room', () => {
    const rng = random(8)
    const nodes: Node[] = [{ key: '0', parents: [] }]
    for (let i = 1; i < 300; i++) {
      const parents = [String(Math.floor(rng() * i))]
      if (rng() < 0.2) parents.push(String(Math.floor(rng() * i)))
      nodes.push({ key: String(i), parents })
    }
    const placed = layers(nodes)
    for (const n of nodes) for (const p of n.parents) expect(placed.get(p)!.layer).toBeLessThan(placed.get(n.key)!.layer)
    const rows = new Map<number, number[]>()
    for (const p of placed.values()) rows.set(p.layer, [...(rows.get(p.layer) ?? []), p.x])
    for (const row of rows.values()) {
      const xs = row.sort((a, b) => a - b)
      for (let i = 1; i < xs.length; i++) expect(xs[i]! - xs[i - 1]!).toBeGreaterThan(0.999)
    }
  })
  test('a chain is a straight line', () => {
    const placed = layers([{ key: 'a', parents: [] }, { key: 'b', parents: ['a'] }, { key: 'c', parents: ['b'] }])
    expect(new Set([...placed.values()].map((p) => p.x)).size).toBe(1)
  })
})

describe('addresses', () => {
  test.each([
    ['/', { page: 'runs' }], ['/compare', { page: 'compare' }], ['/runs/a%2Fb', { page: 'run', run: 'a/b' }], ['/runs/x/heatmap', { page: 'heatmap', run: 'x' }],
    ['/runs/x/candidates/12', { page: 'candidate', run: 'x', candidate: 12 }], ['/runs/x/proposals/3', { page: 'proposal', run: 'x', proposal: 3 }],
    ['/runs/x/rollouts/test/1/0', { page: 'rollout', run: 'x', set: 'test', candidate: 1, index: 0 }],
    ['/runs/x/candidates/abc', { page: 'nowhere' }], ['/runs/x/candidates/-1', { page: 'nowhere' }], ['/runs', { page: 'nowhere' }], ['/else', { page: 'nowhere' }],
    ['/runs/%E0%A4%A/lineage', { page: 'lineage', run: '%E0%A4%A' }],
  ])('%s', (path, want) => expect(pageOf(path)).toEqual(want))
})
