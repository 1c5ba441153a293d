// What stands around every page: where one is, how the page stands to the
// server, and the theme.

import type { ComponentChildren, JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { useApp, useRun, useStore } from '../app'
import type { RunStore } from '../api/store'
import { flat } from '../lib/visible'
import { toggleTheme, useTheme } from '../lib/theme'
import { Simulated, StatusPill, Text } from './ui'

export function Shell({ children, crumb, store }: { children: ComponentChildren; crumb?: ComponentChildren; store?: RunStore | null }): JSX.Element {
  const { router, source } = useApp()
  const main = useRef<HTMLElement>(null)
  const t = useTheme()
  const skip = (e: Event) => {
    e.preventDefault()
    main.current?.focus()
    main.current?.scrollIntoView()
  }
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <header class="top">
        <nav class="crumbs" aria-label="Place">
          {source.live ? <a class="mark" href={router.href('/')}><Mark />gepa</a> : <span class="mark"><Mark />gepa</span>}
          {crumb}
        </nav>
        <div class="top-right">
          {store && <Connected store={store} />}
          <button type="button" class="icon" onClick={toggleTheme} aria-label={t === 'dark' ? 'Use the light theme' : 'Use the dark theme'}>
            {t === 'dark' ? <Sun /> : <Moon />}
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>{children}</main>
    </>
  )
}

const connections = {
  loading: 'Reading',
  live: 'Live',
  lost: 'Connection lost, trying again',
  resting: 'Resting while hidden',
  static: '',
} as const

function Connected({ store }: { store: RunStore }): JSX.Element | null {
  useStore(store)
  const words = connections[store.connection]
  // A run that is over does not change: its stream being open says nothing.
  const over = store.connection === 'live' && store.head !== null && store.head.status !== 'running'
  return (
    <span class={`connection ${store.connection} ${over ? 'over' : ''}`} role="status">
      {words !== '' && !over && <><span class="dot" aria-hidden="true" />{words}</>}
    </span>
  )
}

/** The head of a run's pages: its name, how it stands, and where one can go. */
export function RunHeader({ page }: { page: string }): JSX.Element {
  const { head, store, href } = useRun()
  const tabs: [string, string, string][] = [
    ['run', '', 'Overview'], ['lineage', '/lineage', 'Lineage'], ['heatmap', '/heatmap', 'Heatmap'], ['frontier', '/frontier', 'Frontier'],
    ['spend', '/spend', 'Spend'], ['review', '/review', 'Review'],
  ]
  return (
    <div class="run-head">
      <div class="run-title">
        <p class="run-name"><Text>{head.program || store.id}</Text></p>
        <StatusPill status={head.status} paused={head.paused} />
        {head.simulated && <Simulated />}
        <span class="run-detail"><Text>{flat(head.detail, 300)}</Text></span>
      </div>
      <nav class="tabs" aria-label="Pages of this run" ref={reveal}>
        {tabs.map(([key, path, name]) => (
          <a key={key} href={href(path)} aria-current={key === page ? 'page' : undefined}>{name}</a>
        ))}
      </nav>
    </div>
  )
}

// On a narrow screen the tab of this page may be out of sight.
function reveal(nav: HTMLElement | null): void {
  const here = nav?.querySelector<HTMLElement>('[aria-current]')
  if (nav && here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - 60
}

function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="mark-back" />
      <path d="M7 23 L13 15 L18 18 L25 8" class="mark-line" />
    </svg>
  )
}

function Sun(): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" class="stroke">
      <circle cx="12" cy="12" r="4" />
      <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4" />
    </svg>
  )
}

function Moon(): JSX.Element {
  return <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" class="stroke"><path d="M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5Z" /></svg>
}
