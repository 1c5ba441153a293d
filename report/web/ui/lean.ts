import type { Plugin } from 'vite'

// What the pages never draw, taken out of the chart library at build time:
// dates on axes, its own legend, bars, splines and joins. Each is one constant
// or one line of its source; the minifier drops what then is unreachable. A
// version of the library in which a line has changed fails the build.
const cuts: [line: string, instead: string][] = [
  ['uPlot.join = join;', ''],
  ['uPlot.fmtDate = fmtDate;', ''],
  ['uPlot.tzDate  = tzDate;', ''],
  ['uPlot.sync = _sync;', ''],
  ['(paths.bars    = bars);', ''],
  ['(paths.spline  = monotoneCubic);', ''],
  ['const [ timeIncrsMs, _timeAxisStampsMs, timeAxisSplitsMs ] = genTimeStuffs(1);', ''],
  ['const [ timeIncrsS,  _timeAxisStampsS,  timeAxisSplitsS  ] = genTimeStuffs(1e-3);', ''],
  ['const _fmtDate = (opts.fmtDate || fmtDate);', 'const _fmtDate = null;'],
  ['const _timeAxisSplits = (ms == 1 ? timeAxisSplitsMs(_tzDate) : timeAxisSplitsS(_tzDate));', 'const _timeAxisSplits = null;'],
  [
    'const _timeAxisVals   = timeAxisVals(_tzDate, timeAxisStamps((ms == 1 ? _timeAxisStampsMs : _timeAxisStampsS), _fmtDate));',
    'const _timeAxisVals = null;',
  ],
  ['const _timeSeriesVal  = timeSeriesVal(_tzDate, timeSeriesStamp(_timeSeriesStamp, _fmtDate));', 'const _timeSeriesVal = null;'],
  ['let isTime = sc.time;', 'const isTime = false;'],
  ['let isTime = mode == 1 && scales[s.scale].time;', 'const isTime = false;'],
  ['const showLegend = legend.show;', 'const showLegend = false;'],
]

export function leanChart(): Plugin {
  return {
    name: 'lean-chart',
    apply: 'build',
    transform(code, id) {
      if (!id.endsWith('/uplot/dist/uPlot.esm.js')) return null
      let out = code
      for (const [line, instead] of cuts) {
        if (!out.includes(line)) this.error(`uPlot no longer has this line: ${line}`)
        out = out.replaceAll(line, instead)
      }
      return { code: out, map: null }
    },
  }
}
