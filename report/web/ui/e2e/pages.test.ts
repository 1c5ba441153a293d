import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { artefacts, complaints, context, ready, startBrowser, type Look } from './browser'
import { places } from './places'
import { startSite, type Site } from './site'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  impact: string | null
  help: string
  nodes: { html: string; failureSummary: string }[]
}

let site: Site
let browser: Browser

beforeAll(async () => {
  site = await startSite()
  site.mock.pace = 0
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})

const looks: Look[] = process.env['GEPA_E2E'] === 'short' ? ['dark'] : ['dark', 'light', 'phone']

describe.each<Look>(looks)('%s', (look) => {
  let ctx: BrowserContext
  let page: Page
  let said: string[]
  beforeAll(async () => {
    ctx = await context(browser, look)
    page = await ctx.newPage()
    said = complaints(page)
    await page.clock.setFixedTime('2026-11-23T12:00:00Z')
  })
  afterAll(() => ctx?.close())

  test.each(places)('%s', async (name, path) => {
    said.length = 0
    await page.goto(site.url + path)
    await ready(page)
    await page.screenshot({ path: join(artefacts, `${name}-${look}.png`), fullPage: true })
    expect(said, 'errors in the console').toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 'page is wider than the window').toBeLessThanOrEqual(0)
    expect(await page.locator('h1').count(), 'one heading of the first level').toBe(1)
    expect(await page.title()).toMatch(/· gepa$/)

    // The policy forbids scripts that are not the page's own; the debugger may.
    await page.evaluate(axe)
    if (look === 'dark') await expect(await page.locator('body').ariaSnapshot() + '\n').toMatchFileSnapshot(`aria/${name}.yaml`)
    const found = await page.evaluate(async () => {
      const run = (window as unknown as { axe: { run(d: Document): Promise<{ violations: Violation[] }> } }).axe.run
      return (await run(document)).violations
    })
    const told = found.map((v) => `${v.impact} ${v.id}: ${v.help}\n    ${v.nodes.slice(0, 3).map((n) => n.html + '\n      ' + n.failureSummary.replace(/\n/g, ' ')).join('\n    ')}`)
    expect(told, 'axe').toEqual([])
  })
})
