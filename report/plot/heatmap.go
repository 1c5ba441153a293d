package plot

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gepa-go/gepa/report/view"
)

// The bounds of what a heatmap shows one by one.
const (
	maxRows    = 400  // the best of more candidates are shown
	maxColumns = 1600 // a column is the mean of several of more examples
)

// A cell is one of a heatmap's.
type cell struct {
	score  float64 // of what was evaluated
	known  bool
	failed bool // the program failed, on some example of the cell
}

// table is a heatmap in the order in which it is drawn.
type table struct {
	candidates []view.Candidate
	rows       [][]cell
	per        int // examples in a column
	columns    int
	failed     bool // some cell is
	missing    bool
	low, high  float64
}

// heatmap draws every candidate's score on every validation example.
func (d *drawing) heatmap() error {
	t := d.table()
	if t.columns == 0 {
		return nothing{"no rollout on the validation set is done: there is no score to draw"}
	}
	left, right := 84.0, 76.0
	// The cells take the width that there is, and more where they must.
	cw := math.Floor((d.width-left-right)/float64(t.columns)*4) / 4
	cw = min(max(cw, 1), 40)
	ch := min(max(math.Floor(420/float64(len(t.rows))), 2), 22, max(cw*1.6, 4))
	d.width = max(d.width, left+right+cw*float64(t.columns))
	d.height = heading + 14 + ch*float64(len(t.rows)) + 62
	what := fmt.Sprintf("%s × %s", count(len(d.run.Candidates), "candidate"), count(len(d.run.Scores.Examples), "validation example"))
	if len(t.rows) < len(d.run.Candidates) {
		what += fmt.Sprintf(" · the best %d candidates", len(t.rows))
	}
	if t.per > 1 {
		what += fmt.Sprintf(" · a column is the mean of %d", t.per)
	}
	d.head("Scores by candidate and example", what)
	d.rampLegend(t)
	top := heading + 14
	d.cells(t, left, top, cw, ch)
	d.rowLabels(t, left, top, cw, ch)
	bottom := top + ch*float64(len(t.rows))
	d.add(rectangle(left, top, cw*float64(t.columns), ch*float64(len(t.rows))), paint{line: d.theme.dim.fade(0.6), width: 1})
	d.write(text{
		at: point{left + cw*float64(t.columns)/2, bottom + 24}, content: "validation examples, the easiest first; candidates, the best first",
		size: textSize, ink: d.theme.ink, anchor: middle,
	})
	d.description = "Rows are candidates by falling mean score, columns validation examples by falling mean score. " +
		"Examples that a candidate was not run on, and failures of the program, have marks of their own."
	return nil
}

// table sorts the scores: candidates by falling mean, examples, too.
func (d *drawing) table() table {
	byID := map[int]view.ScoreRow{}
	for _, r := range d.run.Scores.Rows {
		byID[r.Candidate] = r
	}
	t := table{low: 0, high: 1, candidates: slices.Clone(d.run.Candidates)}
	slices.SortStableFunc(t.candidates, func(a, b view.Candidate) int {
		return cmp.Or(-compareBool(a.Full, b.Full), -cmp.Compare(orLow(a.Validation), orLow(b.Validation)), cmp.Compare(a.ID, b.ID))
	})
	t.candidates = t.candidates[:min(len(t.candidates), maxRows)]
	n := len(d.run.Scores.Examples)
	sum, runs := make([]float64, n), make([]int, n)
	for _, c := range t.candidates {
		for i, v := range byID[c.ID].Scores {
			if v, ok := known(v); ok && i < n {
				sum[i], runs[i] = sum[i]+v, runs[i]+1
				t.low, t.high = min(t.low, v), max(t.high, v)
			}
		}
	}
	order := make([]int, n)
	mean := make([]float64, n)
	for i := range order {
		order[i], mean[i] = i, math.Inf(-1)
		if runs[i] > 0 {
			mean[i] = sum[i] / float64(runs[i])
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(mean[a], mean[b]) })
	t.per = max(1, (n+maxColumns-1)/maxColumns)
	t.columns = (n + t.per - 1) / t.per
	for _, c := range t.candidates {
		row := byID[c.ID]
		failed := map[int]bool{}
		for _, i := range row.Failed {
			failed[i] = true
		}
		cells := make([]cell, t.columns)
		for k := range cells {
			cells[k] = merged(row.Scores, failed, order[k*t.per:min((k+1)*t.per, n)])
			t.failed = t.failed || cells[k].failed
			t.missing = t.missing || !cells[k].known
		}
		t.rows = append(t.rows, cells)
	}
	return t
}

// merged is the cell of some examples.
func merged(scores view.Numbers, failed map[int]bool, examples []int) cell {
	var c cell
	n := 0
	for _, i := range examples {
		if i >= len(scores) || !scores[i].Known() {
			continue
		}
		c.score += float64(scores[i])
		c.failed = c.failed || failed[i]
		n++
	}
	if n > 0 {
		c.score, c.known = c.score/float64(n), true
	}
	return c
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// orLow is a number for sorting: what is not known comes last.
func orLow(n view.Number) float64 {
	if v, ok := known(n); ok {
		return v
	}
	return math.Inf(-1)
}

// cells draws the cells, those of one colour as one outline: there may be
// hundreds of thousands.
func (d *drawing) cells(t table, left, top, cw, ch float64) {
	const shades = 64
	outlines := make([][]stroke, shades+2) // then failed, then missing
	for y, row := range t.rows {
		for x := 0; x < len(row); {
			kind := kindOf(row[x], t, shades)
			to := x + 1
			for to < len(row) && kindOf(row[to], t, shades) == kind {
				to++
			}
			outlines[kind] = append(outlines[kind], rectangle(left+float64(x)*cw, top+float64(y)*ch, float64(to-x)*cw, ch)...)
			x = to
		}
	}
	for kind, outline := range outlines {
		look := d.theme.shade(float64(kind) / (shades - 1))
		switch kind {
		case shades:
			look = d.theme.failed
		case shades + 1:
			look = d.theme.missing
		}
		if outline != nil {
			d.add(outline, paint{fill: look, crisp: true})
		}
	}
	if cw < 6 || ch < 6 {
		return
	}
	for i := 1; i < len(t.rows); i++ {
		y := top + float64(i)*ch
		d.segment(left, y, left+cw*float64(t.columns), y, paint{line: d.theme.background, width: 1})
	}
	for i := 1; i < t.columns; i++ {
		x := left + float64(i)*cw
		d.segment(x, top, x, top+ch*float64(len(t.rows)), paint{line: d.theme.background, width: 1})
	}
	for y, row := range t.rows {
		for x, c := range row {
			cx, cy := left+(float64(x)+0.5)*cw, top+(float64(y)+0.5)*ch
			d.mark(c, cx, cy, min(cw, ch))
		}
	}
}

// mark tells failed and missing cells apart without colour.
func (d *drawing) mark(c cell, x, y, size float64) {
	r := min(size*0.22, 4)
	switch {
	case !c.known:
		d.segment(x-r, y+r, x+r, y-r, paint{line: d.theme.background, width: 1.2})
	case c.failed:
		look := paint{line: d.theme.background, width: 1.4}
		d.segment(x-r, y-r, x+r, y+r, look)
		d.segment(x-r, y+r, x+r, y-r, look)
	}
}

func kindOf(c cell, t table, shades int) int {
	switch {
	case !c.known:
		return shades + 1
	case c.failed:
		return shades
	}
	return int(math.Round((c.score - t.low) / (t.high - t.low) * float64(shades-1)))
}

// rowLabels names the candidates at the left and their scores at the right, as
// many as there is room for.
func (d *drawing) rowLabels(t table, left, top, cw, ch float64) {
	every := int(math.Ceil(12 / ch))
	right := left + cw*float64(t.columns)
	d.strong(left-8, top-6, "candidate", end, d.theme.dim)
	d.strong(right+8, top-6, "mean", start, d.theme.dim)
	for i, c := range t.candidates {
		y := top + (float64(i)+0.5)*ch
		if c.Best {
			d.add(diamond(left-40, y, min(5.5, max(ch/2, 3))), paint{fill: d.theme.best})
		} else if c.Frontier {
			d.add(disc(left-40, y, min(4, max(ch/2-0.5, 1))), paint{fill: d.theme.frontier})
		}
		if i%every != 0 && !c.Best {
			continue
		}
		if every > 1 && !c.Best && d.near(t, i, every) {
			continue
		}
		d.label(left-8, y+4, fmt.Sprint(c.ID), end, d.theme.ink)
		if v, ok := known(c.Validation); ok {
			note := score(v)
			if !c.Full {
				note += "*"
			}
			d.label(right+8, y+4, note, start, d.theme.ink)
		}
	}
}

// near reports whether the best candidate's label would be in the way.
func (d *drawing) near(t table, row, every int) bool {
	for i := max(0, row-every+1); i < min(len(t.candidates), row+every); i++ {
		if t.candidates[i].Best {
			return true
		}
	}
	return false
}

// rampLegend explains the colours.
func (d *drawing) rampLegend(t table) {
	keys := []key{d.rampKey(t.low, t.high, "score")}
	if t.missing {
		keys = append(keys, key{func(x, y float64) {
			d.add(rectangle(x-6, y-6, 12, 12), paint{fill: d.theme.missing})
			d.mark(cell{}, x, y, 12)
		}, 12, "not evaluated"})
	}
	if t.failed {
		keys = append(keys, key{func(x, y float64) {
			d.add(rectangle(x-6, y-6, 12, 12), paint{fill: d.theme.failed})
			d.mark(cell{known: true, failed: true}, x, y, 12)
		}, 12, "the program failed"})
	}
	keys = append(keys, d.bestKey(), d.frontierKey())
	if slices.ContainsFunc(t.candidates, func(c view.Candidate) bool { return !c.Full }) {
		keys = append(keys, key{func(float64, float64) {}, 0, "* validated in part"})
	}
	d.legend(keys...)
}

// rampKey shows the scale of scores with its ends.
func (d *drawing) rampKey(low, high float64, of string) key {
	const pieces, wide = 32, 96.0
	from := score(low)
	if low == 0 {
		from = "0"
	}
	to := score(high)
	if high == 1 {
		to = "1"
	}
	lead := d.measure(from, smallSize, false) + 6
	return key{func(x, y float64) {
		d.label(x-(lead+wide)/2, y+4, from, start, d.theme.dim)
		x += lead/2 - wide/2
		for i := range pieces {
			d.add(rectangle(x+float64(i)*wide/pieces, y-5, wide/pieces, 10), paint{fill: d.theme.shade(float64(i) / (pieces - 1)), crisp: true})
		}
		d.add(rectangle(x, y-5, wide, 10), paint{line: d.theme.dim.fade(0.6), width: 0.8})
	}, lead + wide, to + " " + of}
}

func (d *drawing) bestKey() key {
	return key{func(x, y float64) { d.add(diamond(x, y, 6), paint{fill: d.theme.best}) }, 12, "best"}
}

func (d *drawing) frontierKey() key {
	return key{func(x, y float64) { d.add(disc(x, y, 4), paint{fill: d.theme.frontier}) }, 8, "on the frontier"}
}
