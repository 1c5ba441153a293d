// The one-file report, opened from disk: the same pages, no request at all.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fixture, hostileText } from '../fixtures/generate'
import { artefacts, complaints, context, ready, startBrowser } from './browser'

let browser: Browser

beforeAll(async () => void (browser = await startBrowser()))
afterAll(() => browser?.close())

test('a report file shows every page from disk', async () => {
  const f = new Fixture({ id: 'a run/with space', seed: 21, candidates: 6, examples: 12, simulated: true, hostile: hostileText })
  const ids = f.run.candidates.map((c) => c.id)
  const data = {
    run: f.run, candidates: ids.map((id) => f.candidate(id, 'parent')), proposals: f.run.proposals.map((p) => f.proposal(p.number)),
    rollouts: { 'validation/1/2': f.rollout('validation', 1, 2) }, review: f.review,
  }
  const file = join(artefacts, 'report.html')
  writeFileSync(file, execFileSync('go', ['run', 'onefile/main.go'], { cwd: new URL('.', import.meta.url).pathname, input: JSON.stringify(data), maxBuffer: 1 << 28 }))

  const ctx = await context(browser, 'dark')
  const page = await ctx.newPage()
  const said = complaints(page)
  const asked: string[] = []
  page.on('request', (r) => asked.push(r.url()))
  const url = String(pathToFileURL(file))
  await page.goto(url)
  await ready(page)
  expect(page.url()).toContain('#/runs/a%20run%2Fwith%20space')
  for (const tab of ['Lineage', 'Heatmap', 'Frontier', 'Spend', 'Review', 'Overview']) {
    await page.getByRole('link', { name: tab, exact: true }).click()
    await ready(page)
    expect(await page.locator('.failure').count(), tab).toBe(0)
  }
  await page.screenshot({ path: join(artefacts, 'report-dark.png') })
  const run = `${url}#/runs/a%20run%2Fwith%20space`
  for (const [path, heading] of [['/candidates/3?against=seed', 'Candidate #3'], ['/proposals/2', 'Proposal 2'], ['/rollouts/validation/1/2', 'Rollout']] as const) {
    await page.goto(run + path)
    await ready(page)
    expect(await page.locator('h1').innerText()).toContain(heading)
    expect(await page.locator('.failure').count(), path).toBe(0)
  }
  await page.goBack()
  await ready(page)
  expect(await page.locator('h1').innerText()).toContain('Proposal 2')
  await page.goto(run + '/rollouts/validation/2/2')
  await page.getByText('not in the report file').waitFor()
  expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined()
  expect(said).toEqual([])
  expect(asked.filter((u) => !u.startsWith('file:') && !u.startsWith('data:'))).toEqual([])
  await ctx.close()
}, 120_000)
