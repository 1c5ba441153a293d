// What every page needs: where we are, where rows come from, and the run shown.

import { createContext } from 'preact'
import { useContext, useEffect, useReducer, useState } from 'preact/hooks'
import type { Source } from './api/source'
import type { RunStore } from './api/store'
import type { Head } from './api/types'
import { scoreUnit, type Unit } from './lib/format'
import type { Router } from './lib/router'

export interface App {
  router: Router
  source: Source
  /** Reads a change of state aloud, politely. */
  say(text: string): void
}

export const AppContext = createContext<App>(null as unknown as App)

export function useApp(): App {
  return useContext(AppContext)
}

export interface Shown {
  store: RunStore
  head: Head
  unit: Unit
  /** The address of a page of this run. */
  href(path?: string, query?: Record<string, string | number | null | undefined>): string
}

export const RunContext = createContext<Shown>(null as unknown as Shown)

export function useRun(): Shown {
  return useContext(RunContext)
}

export function shownRun(app: App, store: RunStore, head: Head): Shown {
  const base = `/runs/${encodeURIComponent(store.id)}`
  return {
    store,
    head,
    unit: scoreUnit(head, store.candidates.values()),
    href: (path = '', query) => app.router.href(base + path, query),
  }
}

/** Draws again whenever the store changes. */
export function useStore(store: { subscribe(l: () => void): () => void }): void {
  const [, again] = useReducer((n: number) => n + 1, 0)
  useEffect(() => store.subscribe(() => again(undefined)), [store])
}

/** The query of this place, and a way to change it that the address keeps. */
export function useQuery(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const { router } = useApp()
  const [, again] = useReducer((n: number) => n + 1, 0)
  useEffect(() => router.subscribe((moved) => !moved && again(undefined)), [router])
  return [router.place.query, (c) => router.setQuery(c)]
}

export interface Fetched<T> {
  data: T | null
  error: Error | null
  loading: boolean
}

/** Fetches for a key; what was there stays until the new is. */
export function useFetch<T>(key: string, get: (signal: AbortSignal) => Promise<T>): Fetched<T> & { set(data: T): void } {
  const [state, set] = useState<Fetched<T> & { key: string }>({ key: '', data: null, error: null, loading: true })
  useEffect(() => {
    const abort = new AbortController()
    set((s) => ({ ...s, loading: true, error: null, data: s.key.split(' ')[0] === key.split(' ')[0] ? s.data : null }))
    get(abort.signal).then(
      (data) => !abort.signal.aborted && set({ key, data, error: null, loading: false }),
      (error: Error) => !abort.signal.aborted && set({ key, data: null, error, loading: false }),
    )
    return () => abort.abort()
  }, [key])
  return { ...state, set: (data: T) => set({ key, data, error: null, loading: false }) }
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'gepa' : `${title} · gepa`
  }, [title])
}
