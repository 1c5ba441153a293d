import { useEffect, useState } from 'preact/hooks'
import type { Theme } from './color'

const key = 'gepa-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()
let chosen: Theme | null = read()

function read(): Theme | null {
  try {
    const v = localStorage.getItem(key)
    return v === 'dark' || v === 'light' ? v : null
  } catch {
    return null
  }
}

export function theme(): Theme {
  return chosen ?? (dark.matches ? 'dark' : 'light')
}

/** Puts the reader's choice, or else the system's, into the page. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme()
  for (const l of listeners) l()
}

export function toggleTheme(): void {
  chosen = theme() === 'dark' ? 'light' : 'dark'
  try {
    localStorage.setItem(key, chosen)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  applyTheme()
}

dark.addEventListener('change', applyTheme)

/** The theme; what uses it is drawn anew when it changes. */
export function useTheme(): Theme {
  const [t, set] = useState(theme())
  useEffect(() => {
    const l = () => set(theme())
    listeners.add(l)
    return () => void listeners.delete(l)
  }, [])
  return t
}
