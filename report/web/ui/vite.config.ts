import { defineConfig } from 'vite'
import { leanChart } from './lean'
import { mock } from './fixtures/plugin'

// GEPA_SERVE=http://127.0.0.1:7878 npm run dev shows the pages of this folder
// over a real server; without it they show made-up runs.
const server = process.env['GEPA_SERVE']

export default defineConfig({
  base: '/',
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    minify: 'terser',
    terserOptions: { ecma: 2020, module: true, compress: { passes: 3, unsafe_arrows: true, pure_getters: true }, format: { comments: false, preamble: '/* with Preact (c) Jason Miller and uPlot (c) Leon Sorokin, both under the MIT licence: licenses.txt */' } },
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        codeSplitting: false,
        entryFileNames: 'assets/app-[hash].js',
        assetFileNames: 'assets/app-[hash][extname]',
      },
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: server ? { proxy: { '/api': { target: server, changeOrigin: true } } } : {},
  plugins: server ? [leanChart()] : [leanChart(), mock()],
})
