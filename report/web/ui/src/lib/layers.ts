// Where the candidates stand in the lineage: one layer a generation, children
// near their parents, few crossings.

export interface Node {
  key: string
  parents: string[]
}

export interface Placed {
  key: string
  layer: number
  /** Place across, in units of one node's room, centred on 0. */
  x: number
}

/** Places nodes whose parents come before them. */
export function layers(nodes: Node[]): Map<string, Placed> {
  const layerOf = new Map<string, number>()
  const children = new Map<string, string[]>()
  for (const n of nodes) {
    let layer = 0
    for (const p of n.parents) {
      layer = Math.max(layer, (layerOf.get(p) ?? -1) + 1)
      children.set(p, [...(children.get(p) ?? []), n.key])
    }
    layerOf.set(n.key, layer)
  }
  const rows: Node[][] = []
  for (const n of nodes) (rows[layerOf.get(n.key)!] ??= []).push(n)
  const x = new Map<string, number>()
  rows.forEach((row) => spread(row.map((n) => n.key), x))
  // Sweeps down and up by the mean place of parents and children; the last is
  // down, so that a single parent stands above its children.
  for (let sweep = 0; sweep < 9; sweep++) {
    const down = sweep % 2 === 0
    const order = down ? rows : [...rows].reverse()
    for (const row of order) {
      const wish = new Map(row.map((n) => [n.key, mean(down ? n.parents : children.get(n.key) ?? [], x) ?? x.get(n.key)!]))
      const keys = row.map((n) => n.key)
      keys.sort((a, b) => wish.get(a)! - wish.get(b)! || x.get(a)! - x.get(b)!)
      place(keys, wish, x)
    }
  }
  const out = new Map<string, Placed>()
  for (const n of nodes) out.set(n.key, { key: n.key, layer: layerOf.get(n.key)!, x: x.get(n.key)! })
  return out
}

function spread(keys: string[], x: Map<string, number>): void {
  keys.forEach((k, i) => x.set(k, i - (keys.length - 1) / 2))
}

function mean(keys: string[], x: Map<string, number>): number | null {
  const known = keys.map((k) => x.get(k)).filter((v): v is number => v !== undefined)
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length
}

// Puts the keys, in their order, as near to their wishes as room of one each
// allows: neighbours that would overlap become a block around the mean of what
// its members wish.
function place(keys: string[], wish: Map<string, number>, x: Map<string, number>): void {
  const blocks: { first: number; size: number; sum: number }[] = []
  keys.forEach((k, i) => {
    blocks.push({ first: i, size: 1, sum: wish.get(k)! })
    for (;;) {
      const b = blocks[blocks.length - 1]!
      const a = blocks[blocks.length - 2]
      if (!a || end(a) <= begin(b)) break
      // In the coordinates of a's first member, b's members stand a.size later.
      a.sum += b.sum - b.size * a.size
      a.size += b.size
      blocks.pop()
    }
  })
  for (const b of blocks) for (let i = 0; i < b.size; i++) x.set(keys[b.first + i]!, begin(b) + i)

  function begin(b: { size: number; sum: number }): number {
    return b.sum / b.size
  }
  function end(b: { size: number; sum: number }): number {
    return b.sum / b.size + b.size
  }
}
