// A real run, by the program itself: watched live from start to end, and then
// compared, figure by figure, with what the program prints.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { artefacts, complaints, context, ready, startBrowser } from './browser'
import * as f from '../src/lib/format'

const root = new URL('../../../../', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'gepa-e2e-'))
const run = join(folder, 'run')
const program = process.env['GEPA_BIN'] ?? join(folder, 'gepa')

interface Shown {
  winner: { candidate: number; validation: number; base_validation: number }
  test: { measures: { name: string; base: number; other: number; difference: number; verdict: string; unit: f.Unit }[] }
  candidates: { id: number; validation: number }[]
  proposals: { made: number; accepted: number; by_fate: { fate: string; count: number }[] }
  rollouts: number
  spend: { total: { calls: number; input_tokens: number; output_tokens: number; cost: string }; ledger: unknown[] }
}

let browser: Browser
let ctx: BrowserContext
let page: Page
let said: string[]
const children: ChildProcess[] = []

/** Starts the program and returns the address of its dashboard. */
function dashboard(args: string[]): Promise<string> {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return new Promise((found, failed) => {
    let text = ''
    const look = (chunk: Buffer) => {
      text += chunk.toString()
      const m = /https?:\/\/127\.0\.0\.1:\d+\/\S*/.exec(text)
      if (m) found(m[0])
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('exit', (code) => failed(new Error(`it ended (${code}) without an address:\n${text}`)))
  })
}

beforeAll(async () => {
  if (!process.env['GEPA_BIN']) execFileSync('go', ['build', '-o', program, './cmd/gepa'], { cwd: root })
  browser = await startBrowser()
  ctx = await context(browser, 'dark')
  page = await ctx.newPage()
  said = complaints(page)
}, 300_000)

afterAll(async () => {
  await browser?.close()
  for (const c of children) c.kill('SIGINT')
  rmSync(folder, { recursive: true, force: true })
})

test('a run is watched live from start to end', async () => {
  // Notes, for each event that tells when its record was made, how old it was.
  await page.addInitScript(() => {
    const late: number[] = []
    ;(window as unknown as { late: number[] }).late = late
    const Real = window.EventSource
    window.EventSource = class extends Real {
      constructor(url: string | URL) {
        super(url)
        this.addEventListener('head', (e) => {
          const updated = (JSON.parse((e as MessageEvent<string>).data) as { updated?: string }).updated
          if (updated) late.push(Date.now() - Date.parse(updated))
        })
      }
    }
  })
  const url = await dashboard(['demo', '--out', run, '--ui=stay'])
  await page.goto(url)
  await ready(page)
  if (!page.url().includes('/runs/')) {
    await page.locator('.run-link').first().waitFor({ timeout: 30_000 })
    await page.locator('.run-link').first().click()
    await ready(page)
  }
  await page.screenshot({ path: join(artefacts, 'real-live-dark.png'), fullPage: true })
  await page.locator('.run-title .status-finished').waitFor({ timeout: 240_000 })
  const late = (await page.evaluate(() => (window as unknown as { late: number[] }).late)).sort((a, b) => a - b)
  console.log(`${late.length} events; from the record to the page, ms: median ${late[late.length >> 1]}, 95 % ${late[Math.floor(late.length * 0.95)]}, most ${late.at(-1)}`)
  expect(late.length).toBeGreaterThan(20)
  // The rest is what a busy machine adds.
  expect(late[late.length >> 1]!).toBeLessThan(300)
  expect(late[Math.floor(late.length * 0.95)]!).toBeLessThan(900)
  expect(said).toEqual([])
}, 300_000)

test('figures are those that the program prints', async () => {
  const shown = JSON.parse(execFileSync(program, ['show', run, '--json'], { maxBuffer: 1 << 28 }).toString()) as Shown
  await page.reload()
  await ready(page)
  await page.screenshot({ path: join(artefacts, 'real-run-dark.png'), fullPage: true })
  const tile = async (label: string) => (await page.locator('.tile', { has: page.getByText(label, { exact: true }) }).first().innerText()).replace(/\s+/g, ' ')
  const score = shown.test.measures.at(-1)!
  expect(await tile('Best validation score')).toContain(f.value(shown.winner.validation, 'share'))
  expect(await tile('Best validation score')).toContain(`base ${f.value(shown.winner.base_validation, 'share')}`)
  expect(await tile('Sealed test')).toContain(f.value(score.other, score.unit))
  expect(await tile('Sealed test')).toContain(score.verdict)
  expect(await tile('Proposals')).toContain(String(shown.proposals.made))
  expect(await tile('Proposals')).toContain(`${shown.proposals.accepted} accepted`)
  expect((await tile('Rollouts')).replace(/\u202f/g, '')).toContain(String(shown.rollouts))
  expect(await tile('Spend')).toContain(shown.spend.total.cost)
  for (const c of shown.candidates) {
    const row = page.locator('section', { has: page.locator('#candidates') }).locator('tr', { has: page.locator(`a.cand[href$="/candidates/${c.id}"]`) }).first()
    expect(await row.locator('data').first().getAttribute('value'), `candidate ${c.id}`).toBe(String(c.validation))
  }
  for (const m of shown.test.measures) {
    const row = page.locator('table.measures tr', { has: page.getByRole('rowheader', { name: m.name, exact: true }) })
    const text = (await row.innerText()).replace(/\s+/g, ' ')
    for (const want of [f.value(m.base, m.unit), f.value(m.other, m.unit), f.difference(m.difference, m.unit), m.verdict]) expect(text).toContain(want)
  }
  await page.getByRole('link', { name: 'Spend', exact: true }).click()
  await ready(page)
  const spend = (await page.locator('main').innerText()).replace(/\u202f/g, '')
  for (const n of [shown.spend.total.calls, shown.spend.total.input_tokens, shown.spend.total.output_tokens]) expect(spend).toContain(String(n))
}, 60_000)

test('every page of the run, and every link of a page, is there', async () => {
  const origin = new URL(page.url()).origin
  const kinds = new Map<string, number>()
  const seen = new Set<string>()
  const queue = ['/']
  let visited = 0
  while (queue.length > 0) {
    const path = queue.shift()!
    await page.goto(origin + path)
    await ready(page)
    visited++
    expect(await page.locator('.failure').allInnerTexts(), path).toEqual([])
    expect(await page.locator('h1').innerText(), path).not.toMatch(/no such page|failed/)
    const name = path.replace(/\/runs\/[^/]+/, '').replace(/[^a-z]+/gi, '-').replace(/^-|-$/g, '') || 'top'
    if ((kinds.get(`shot ${name}`) ?? 0) === 0) await page.screenshot({ path: join(artefacts, `real-${name}-dark.png`), fullPage: true })
    kinds.set(`shot ${name}`, 1)
    for (const href of await page.locator('a[href^="/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href') ?? ''))) {
      const kind = href.replace(/\d+/g, '0')
      const n = kinds.get(kind) ?? 0
      if (seen.has(href) || n >= 3) continue
      seen.add(href)
      kinds.set(kind, n + 1)
      queue.push(href)
    }
  }
  console.log(`${visited} pages of a real run`)
  expect(visited).toBeGreaterThan(15)
  expect(said).toEqual([])
}, 180_000)
