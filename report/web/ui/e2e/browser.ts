// Debian's Chromium, and what is looked at on every page.

import { existsSync, mkdirSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

export const artefacts = new URL('../artefacts/', import.meta.url).pathname

export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
  if (!executablePath) throw new Error('there is no Chromium: install it, or say where it is by CHROMIUM')
  mkdirSync(artefacts, { recursive: true })
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--js-flags=--expose-gc', '--enable-precise-memory-info'] })
}

export type Look = 'light' | 'dark' | 'phone'

export function context(browser: Browser, look: Look): Promise<BrowserContext> {
  return browser.newContext({
    viewport: look === 'phone' ? { width: 390, height: 844 } : { width: 1360, height: 900 },
    deviceScaleFactor: look === 'phone' ? 2 : 1,
    colorScheme: look === 'light' ? 'light' : 'dark',
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    locale: 'en-GB',
  })
}

/** Collects what a page complains of: errors, and whatever its policy forbade. */
export function complaints(page: Page): string[] {
  const out: string[] = []
  page.on('console', (m) => {
    if (m.type() === 'error' && !/status of 404|status of 503|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION/.test(m.text())) out.push(m.text())
  })
  page.on('pageerror', (e) => out.push(String(e)))
  return out
}

/** Waits until a page has its rows. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.querySelector('.loading') && document.querySelector('h1') !== null)
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}
