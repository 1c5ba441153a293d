// A table that can be sorted by its heads and shows long lists in parts.

import type { ComponentChildren, JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { whole } from '../lib/format'

export interface Column<T> {
  key: string
  head: ComponentChildren
  cell: (row: T) => ComponentChildren
  /** What the column sorts by; without it there is no sorting. */
  sort?: (row: T) => number | string | null
  num?: boolean
  /** The first click sorts this way. */
  first?: 'up' | 'down'
  class?: string
}

const part = 100

export function Table<T>({ label, columns, rows, id, sort, rowClass, empty = 'Nothing yet.' }: {
  label: string
  columns: Column<T>[]
  rows: T[]
  id: (row: T) => string | number
  sort?: [string, 'up' | 'down']
  rowClass?: (row: T) => string
  empty?: string
}): JSX.Element {
  const [by, setBy] = useState<[string, 'up' | 'down'] | null>(sort ?? null)
  const [shown, show] = useState(part)
  const sorted = useMemo(() => {
    const column = by && columns.find((c) => c.key === by[0])
    if (!column?.sort) return rows
    const sign = by![1] === 'up' ? 1 : -1
    const keyed = rows.map((row, i) => ({ row, i, k: column.sort!(row) }))
    keyed.sort((a, b) => {
      // What is not known stands last either way.
      if (a.k === null || b.k === null) return a.k === b.k ? a.i - b.i : a.k === null ? 1 : -1
      return (a.k < b.k ? -1 : a.k > b.k ? 1 : 0) * sign || a.i - b.i
    })
    return keyed.map((k) => k.row)
  }, [rows, by, columns])
  const turn = (c: Column<T>) => {
    const first = c.first ?? (c.num ? 'down' : 'up')
    setBy(by?.[0] === c.key ? [c.key, by[1] === 'up' ? 'down' : 'up'] : [c.key, first])
  }
  return (
    <>
      <div class="scroll" role="region" aria-label={label} tabIndex={0}>
        <table>
          <caption class="sr">{label}</caption>
          <thead>
            <tr>
              {columns.map((c) => {
                const on = by?.[0] === c.key
                return (
                  <th key={c.key} scope="col" class={cls(c)} aria-sort={!c.sort ? undefined : !on ? 'none' : by![1] === 'up' ? 'ascending' : 'descending'}>
                    {c.sort ? (
                      <button type="button" onClick={() => turn(c)}>
                        {c.head}
                        <span class="arrow" aria-hidden="true">{on ? (by![1] === 'up' ? '↑' : '↓') : ''}</span>
                      </button>
                    ) : c.head}
                  </th>
                )
              })}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, shown).map((row) => (
              <tr key={id(row)} class={rowClass?.(row)}>
                {columns.map((c) => <td key={c.key} class={cls(c)}>{c.cell(row)}</td>)}
              </tr>
            ))}
            {rows.length === 0 && <tr><td colSpan={columns.length} class="empty">{empty}</td></tr>}
          </tbody>
        </table>
      </div>
      {sorted.length > shown && (
        <button type="button" class="more" onClick={() => show(shown + 5 * part)}>
          Show more: {whole(shown)} of {whole(sorted.length)} are here
        </button>
      )}
    </>
  )
}

function cls<T>(c: Column<T>): string {
  return `${c.num ? 'num' : ''} ${c.class ?? ''}`.trim()
}
