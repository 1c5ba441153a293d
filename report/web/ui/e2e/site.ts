// Serves the built pages, with the headers of the real server, over made-up
// runs. GEPA_E2E_URL names a real server to look at instead.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { extname, join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { Mock } from '../fixtures/server'

const dist = new URL('../../dist/', import.meta.url).pathname

export const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' }

export interface Site {
  url: string
  mock: Mock
  close(): Promise<void>
}

export async function startSite(): Promise<Site> {
  const mock = new Mock()
  const server: Server = createServer((req, res) => {
    const path = new URL(req.url ?? '/', 'http://x').pathname
    if (mock.handle(req, res)) return
    const file = path.startsWith('/assets/') ? path.slice(1) : 'index.html'
    try {
      const body = readFileSync(join(dist, file))
      res.writeHead(200, {
        'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer', 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin',
      })
      res.end(body)
    } catch {
      res.writeHead(404)
      res.end()
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mock,
    close: async () => {
      mock.close()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
