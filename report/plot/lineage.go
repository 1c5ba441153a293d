package plot

import (
	"fmt"
	"math"
	"slices"

	"github.com/gepa-go/gepa/report/view"
)

// lineage draws which candidate was made from which.
func (d *drawing) lineage() error {
	all := d.run.Candidates
	index := map[int]int{}
	parents := make([][]int, len(all))
	merges := 0
	for i, c := range all {
		for _, p := range c.Parents {
			if at, ok := index[p]; ok { // parents come first
				parents[i] = append(parents[i], at)
			}
		}
		if len(parents[i]) > 1 {
			merges++
		}
		index[c.ID] = i
	}
	pitch, least, most := 46.0, 10.0, 20.0
	if len(all) > 60 {
		pitch, least, most = 26, 5, 12
	}
	l := newLayout(parents, pitch)
	low, high := l.span()
	side := margin + most + 4
	step := 0.0
	if n := len(l.layers) - 1; n > 0 {
		step = min(max((d.width-2*side)/float64(n), 2*most+12), 170)
		d.width = max(d.width, 2*side+step*float64(n))
		side = (d.width - step*float64(n)) / 2
	} else {
		side = d.width / 2
	}
	top := heading + most + 16
	d.height = top + max(high-low, 40) + most + 28
	shift := top - low + max(40-(high-low), 0)/2
	at := func(n *node) point { return point{side + step*float64(n.layer), n.place + shift} }

	about := fmt.Sprintf("%s in %s", count(len(all), "candidate"), count(len(l.layers), "generation"))
	if merges > 0 {
		about += ", " + count(merges, "merge")
	}
	d.head("Lineage of the candidates", about)
	scale := d.scoreScale()
	d.lineageLegend(scale, merges > 0)
	d.edges(l, at, d.ancestry(index, parents))
	wins := 0
	for _, c := range all {
		wins = max(wins, c.Wins)
	}
	for _, n := range l.nodes {
		if n.candidate < 0 {
			continue
		}
		c := all[n.candidate]
		r := least
		if wins > 0 {
			r += (most - least) * math.Sqrt(float64(c.Wins)/float64(wins))
		}
		d.node(c, at(n), r, scale)
	}
	d.caption("Each generation is made from those at its left. Area by wins: the examples on which a candidate has the best score.")
	d.description = about + ". The nodes are candidates, the edges lead from parents to children."
	return nil
}

// scoreScale is the range of the candidates' scores.
func (d *drawing) scoreScale() axis {
	a := axis{low: math.Inf(1), high: math.Inf(-1), from: 0, to: 1}
	for _, c := range d.run.Candidates {
		if v, ok := known(c.Validation); ok {
			a.low, a.high = min(a.low, v), max(a.high, v)
		}
	}
	if a.low > a.high {
		a.low, a.high = 0, 1
	}
	return a
}

// ancestry marks the best candidate and all that it comes from, by index.
func (d *drawing) ancestry(index map[int]int, parents [][]int) []bool {
	in := make([]bool, len(parents))
	if best := d.run.Head.Best; best != nil {
		if at, ok := index[*best]; ok {
			in[at] = true
		}
	}
	for i, from := range slices.Backward(parents) {
		if in[i] {
			for _, p := range from {
				in[p] = true
			}
		}
	}
	return in
}

// edges draws the lines from parents to children, those that lead to the best
// candidate on top.
func (d *drawing) edges(l *layout, at func(*node) point, ancestry []bool) {
	var plain, leading []stroke
	for _, from := range l.nodes {
		if from.candidate < 0 {
			continue
		}
		for _, next := range from.out {
			path := []stroke{move(at(from).x, at(from).y)}
			last := from
			for n := next; ; n = n.out[0] {
				a, b := at(last), at(n)
				half := (a.x + b.x) / 2
				path = append(path, stroke{curveTo, [3]point{{half, a.y}, {half, b.y}, b}})
				if last = n; n.candidate >= 0 {
					break
				}
			}
			if ancestry[from.candidate] && ancestry[last.candidate] {
				leading = append(leading, path...)
			} else {
				plain = append(plain, path...)
			}
		}
	}
	if plain != nil {
		d.add(plain, paint{line: d.theme.dim.fade(0.55), width: 1.2})
	}
	if leading != nil {
		d.add(leading, paint{line: d.theme.best, width: 2.4})
	}
}

// node draws a candidate.
func (d *drawing) node(c view.Candidate, at point, r float64, scale axis) {
	fill, value := d.theme.missing, "not known"
	if v, ok := known(c.Validation); ok {
		fill, value = d.theme.shade(scale.at(v)), score(v)
	}
	hint := fmt.Sprintf("candidate %d: %s, %s", c.ID, value, count(c.Wins, "win"))
	switch {
	case c.Best:
		d.add(disc(at.x, at.y, r+4.5), paint{fill: d.theme.background, line: d.theme.best, width: 2.6})
	case c.Frontier:
		d.add(disc(at.x, at.y, r+3), paint{fill: d.theme.background, line: d.theme.frontier, width: 2})
	}
	look := paint{fill: fill, line: d.theme.dim, width: 1}
	if !c.Full {
		look.dash = []float64{2.5, 2}
	}
	d.hinted(disc(at.x, at.y, r), look, hint)
	if c.Best && c.Frontier {
		d.add(disc(at.x+r*0.9, at.y-r*0.9, 4.5), paint{fill: d.theme.frontier, line: d.theme.background, width: 1.2})
	}
	if name := fmt.Sprint(c.ID); d.measure(name, 10.5, true) < 2*r-2 && r >= 8 {
		d.write(text{at: point{at.x, at.y + 3.8}, content: name, size: 10.5, bold: true, ink: d.theme.on(fill), anchor: middle})
	}
}

func (d *drawing) lineageLegend(scale axis, merges bool) {
	keys := []key{
		d.rampKey(scale.low, scale.high, "validation score"),
		{func(x, y float64) { d.add(disc(x, y, 6), paint{line: d.theme.best, width: 2.6}) }, 14, "best"},
		{func(x, y float64) { d.add(disc(x, y, 6), paint{line: d.theme.frontier, width: 2}) }, 14, "on the frontier"},
		{func(x, y float64) { d.segment(x-11, y, x+11, y, paint{line: d.theme.best, width: 2.4}) }, 22, "leads to the best"},
	}
	for _, c := range d.run.Candidates {
		if !c.Full {
			keys = append(keys, key{func(x, y float64) {
				d.add(disc(x, y, 6), paint{line: d.theme.dim, width: 1, dash: []float64{2.5, 2}})
			}, 14, "validated in part"})
			break
		}
	}
	if merges {
		keys = append(keys, key{func(x, y float64) {
			look := paint{line: d.theme.dim, width: 1.2}
			d.segment(x-8, y-5, x+5, y, look)
			d.segment(x-8, y+5, x+5, y, look)
			d.add(disc(x+6, y, 3.5), paint{fill: d.theme.dim})
		}, 20, "merge of two"})
	}
	d.legend(keys...)
}
