package plot

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report/view"
)

// frontier draws the candidates by two objectives or, where a run has fewer,
// what those on the frontier win.
func (d *drawing) frontier() error {
	if o := d.run.Head.Objectives; len(o) >= 2 {
		return d.scatter(o[0], o[1])
	}
	return d.wins()
}

// dot is a candidate in the plane of two objectives.
type dot struct {
	x, y      float64
	candidate view.Candidate
}

// scatter draws candidates by two objectives, the front of those that none
// beats in both, and the knee of the front.
func (d *drawing) scatter(ox, oy gepa.Objective) error {
	var dots []dot
	x, y := axis{low: math.Inf(1), high: math.Inf(-1)}, axis{low: math.Inf(1), high: math.Inf(-1)}
	for _, c := range d.run.Candidates {
		vx, okx := known(valueOf(c, ox))
		vy, oky := known(valueOf(c, oy))
		if !okx || !oky || !c.Full {
			continue
		}
		dots = append(dots, dot{vx, vy, c})
		x.low, x.high = min(x.low, vx), max(x.high, vx)
		y.low, y.high = min(y.low, vy), max(y.high, vy)
	}
	if len(dots) == 0 {
		return nothing{"no candidate has values of both objectives on the whole validation set"}
	}
	d.height = math.Round(d.width*0.42) + 160
	front := pareto(dots, ox.Direction, oy.Direction)
	nameX, nameY := clean(ox.Name, 40), clean(oy.Name, 40)
	about := fmt.Sprintf("%s, %d on the front of %s and %s", count(len(dots), "candidate"), len(front), nameX, nameY)
	if n := len(d.run.Head.Objectives); n > 2 {
		about += fmt.Sprintf(" (the first two of %d objectives)", n)
	}
	d.head("Candidates by objective", about)
	ax, ay := objectiveAxis(x, ox, 7), objectiveAxis(y, oy, 6)
	ax.from, ax.to = 76, d.width-margin-8
	ay.from, ay.to = d.height-56, heading
	for _, t := range ax.ticks {
		d.segment(ax.at(t.value), ay.to, ax.at(t.value), ay.from, paint{line: d.theme.grid, width: 1})
	}
	d.grid(ax, ay, towards(nameX, ox.Direction), towards(nameY, oy.Direction))
	d.front(dots, front, ax, ay, ox.Direction, oy.Direction)
	d.description = about + ". The front joins the candidates that no other beats in both objectives."
	return nil
}

func valueOf(c view.Candidate, o gepa.Objective) view.Number {
	if v, ok := c.Objectives[o.Name]; ok {
		return v
	}
	return view.Unknown()
}

func towards(name string, to gepa.Direction) string {
	if to == gepa.Minimize {
		return "mean " + name + " (lower is better)"
	}
	return "mean " + name
}

// objectiveAxis gives the values some air, within the objective's own range.
func objectiveAxis(of axis, o gepa.Objective, n int) axis {
	low, high := o.Min, o.Max
	if low == 0 && high == 0 {
		high = 1
	}
	if of.low < low || of.high > high { // the range is not what it was said to be
		low, high = math.Inf(-1), math.Inf(1)
	}
	pad := max((of.high-of.low)*0.06, 1e-6)
	return numbers(of.low-pad, of.high+pad, low, high, n)
}

// pareto returns the indices of the dots that no other dominates, by x. Of
// equal ones the first is in it.
func pareto(dots []dot, dx, dy gepa.Direction) []int {
	value := func(v float64, to gepa.Direction) float64 {
		if to == gepa.Minimize {
			return -v
		}
		return v
	}
	order := make([]int, len(dots))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(-cmp.Compare(value(dots[a].x, dx), value(dots[b].x, dx)), -cmp.Compare(value(dots[a].y, dy), value(dots[b].y, dy)))
	})
	var front []int
	high := math.Inf(-1)
	for _, i := range order {
		if v := value(dots[i].y, dy); v > high {
			high, front = v, append(front, i)
		}
	}
	slices.SortStableFunc(front, func(a, b int) int { return cmp.Compare(dots[a].x, dots[b].x) })
	return front
}

// knee returns the dot of a front that is farthest from the line between its
// ends, both objectives measured in the front's own range; −1 where no dot is
// off that line on the better side.
func knee(dots []dot, front []int, dy gepa.Direction) int {
	if len(front) < 3 {
		return -1
	}
	a, b := dots[front[0]], dots[front[len(front)-1]]
	found, far := -1, 1e-9
	for _, i := range front[1 : len(front)-1] {
		u, v := (dots[i].x-a.x)/(b.x-a.x), (dots[i].y-a.y)/(b.y-a.y)
		// On the line u = v. Better than the line is a greater v − u where y
		// rises with x along the front, and so on for the other directions.
		gain := (v - u) * math.Copysign(1, b.y-a.y)
		if dy == gepa.Minimize {
			gain = -gain
		}
		if gain > far {
			found, far = i, gain
		}
	}
	return found
}

// front draws the dots and the front.
func (d *drawing) front(dots []dot, front []int, x, y axis, dx, dy gepa.Direction) {
	var steps []stroke
	for k, i := range front {
		px, py := x.at(dots[i].x), y.at(dots[i].y)
		if k == 0 {
			steps = append(steps, move(px, py))
			continue
		}
		// The corner is on the worse side: it is what the front is sure of.
		last := dots[front[k-1]]
		if (dy == gepa.Minimize) == (dots[i].y < last.y) {
			steps = append(steps, line(px, y.at(last.y)), line(px, py))
		} else {
			steps = append(steps, line(x.at(last.x), py), line(px, py))
		}
	}
	if len(front) > 1 {
		d.add(steps, paint{line: d.theme.frontier, width: 2})
	}
	on := map[int]bool{}
	for _, i := range front {
		on[i] = true
	}
	bend := knee(dots, front, dy)
	for i, p := range dots {
		look := paint{fill: d.theme.other.fade(0.35), line: d.theme.other, width: 1}
		r := 4.2
		if on[i] {
			look, r = paint{fill: d.theme.frontier, line: d.theme.background, width: 1.5}, 6
		}
		if !p.candidate.Best {
			d.hinted(disc(x.at(p.x), y.at(p.y), r), look, d.hintOfDot(p))
		}
	}
	if bend >= 0 {
		d.add(disc(x.at(dots[bend].x), y.at(dots[bend].y), 10.5), paint{line: d.theme.ink, width: 1.4, dash: []float64{3, 2.5}})
	}
	for _, p := range dots {
		if p.candidate.Best {
			d.hinted(diamond(x.at(p.x), y.at(p.y), 7.5), paint{fill: d.theme.best, line: d.theme.background, width: 1.5}, d.hintOfDot(p))
		}
	}
	d.names(dots, on, bend, x, y, dx, dy)
	keys := []key{
		{func(x, y float64) {
			d.segment(x-12, y, x+12, y, paint{line: d.theme.frontier, width: 2})
			d.add(disc(x, y, 5), paint{fill: d.theme.frontier})
		}, 24, "Pareto front"},
		{func(x, y float64) {
			d.add(disc(x, y, 4.2), paint{fill: d.theme.other.fade(0.35), line: d.theme.other, width: 1})
		}, 9, "other candidate"},
		{func(x, y float64) { d.add(diamond(x, y, 6.5), paint{fill: d.theme.best}) }, 13, "in use: best by validation score"},
	}
	if bend >= 0 {
		keys = append(keys, key{func(x, y float64) {
			d.add(disc(x, y, 6.5), paint{line: d.theme.ink, width: 1.4, dash: []float64{3, 2.5}})
		}, 14, "knee"})
	}
	d.legend(keys...)
}

// names writes the ids of the candidates on the front, of the best and of the
// base beside them, on the better side, where there is room: the best, the knee
// and the base first.
func (d *drawing) names(dots []dot, on map[int]bool, bend int, x, y axis, dx, dy gepa.Direction) {
	rank := func(i int) int {
		switch c := dots[i].candidate; {
		case c.Best:
			return 0
		case i == bend:
			return 1
		case c.ID == 0:
			return 2
		case on[i]:
			return 3
		default:
			return 4
		}
	}
	order := make([]int, len(dots))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	var taken []point
	for _, i := range order {
		if rank(i) == 4 {
			return
		}
		far := 9.0
		if i == bend {
			far = 12
		}
		at, to := point{x.at(dots[i].x) + far, y.at(dots[i].y) - far + 2}, start
		if dx == gepa.Minimize {
			at.x, to = at.x-2*far, end
		}
		if dy == gepa.Minimize {
			at.y += 2*far + 4
		}
		if slices.ContainsFunc(taken, func(p point) bool { return math.Abs(p.x-at.x) < 24 && math.Abs(p.y-at.y) < 12 }) {
			continue
		}
		taken = append(taken, at)
		d.strong(at.x, at.y, fmt.Sprint(dots[i].candidate.ID), to, d.theme.ink)
	}
}

func (d *drawing) hintOfDot(p dot) string {
	o := d.run.Head.Objectives
	return fmt.Sprintf("candidate %d: %s %s, %s %s", p.candidate.ID, clean(o[0].Name, 40), score(p.x), clean(o[1].Name, 40), score(p.y))
}

// maxBars is the number of candidates whose wins are shown.
const maxBars = 30

// wins draws on how many examples each candidate on the frontier has the best
// score.
func (d *drawing) wins() error {
	var on []view.Candidate
	for _, c := range d.run.Candidates {
		if c.Frontier {
			on = append(on, c)
		}
	}
	if len(on) == 0 {
		return nothing{"no candidate is on the frontier yet"}
	}
	slices.SortStableFunc(on, func(a, b view.Candidate) int { return -cmp.Compare(a.Wins, b.Wins) })
	about := fmt.Sprintf("%s on the frontier, of %d; %s", count(len(on), "candidate"), len(d.run.Candidates), count(d.run.Head.Data.Validation, "validation example"))
	if len(on) > maxBars {
		about += fmt.Sprintf(" · the first %d are shown", maxBars)
		on = on[:maxBars]
	}
	const bar, pitch, top = 18.0, 26.0, heading + 8
	d.height = top + pitch*float64(len(on)) + 62
	d.head("What the candidates on the frontier win", about)
	scale := d.scoreScale()
	d.legend(d.rampKey(scale.low, scale.high, "validation score"), d.bestKey())
	x := numbers(0, float64(max(on[0].Wins, 1)), 0, math.Inf(1), 6)
	x.from, x.to = 108, d.width-margin-110
	bottom := top + pitch*float64(len(on))
	for _, t := range x.ticks {
		if t.value != math.Trunc(t.value) {
			continue
		}
		d.segment(x.at(t.value), top, x.at(t.value), bottom, paint{line: d.theme.grid, width: 1})
		d.label(x.at(t.value), bottom+18, grouped(t.value, 0), middle, d.theme.dim)
	}
	for i, c := range on {
		y := top + pitch*float64(i) + (pitch-bar)/2
		fill, value := d.theme.missing, "not known"
		if v, ok := known(c.Validation); ok {
			fill, value = d.theme.shade(scale.at(v)), score(v)
		}
		d.hinted(rectangle(x.from, y, x.at(float64(c.Wins))-x.from, bar), paint{fill: fill, line: d.theme.dim, width: 0.8},
			fmt.Sprintf("candidate %d: %s, score %s", c.ID, count(c.Wins, "win"), value))
		d.label(x.from-10, y+13, fmt.Sprint(c.ID), end, d.theme.ink)
		if c.Best {
			d.add(diamond(x.from-44, y+bar/2, 6), paint{fill: d.theme.best})
		}
		d.label(x.at(float64(c.Wins))+8, y+13, fmt.Sprintf("%d · score %s", c.Wins, value), start, d.theme.ink)
	}
	d.segment(x.from, top, x.from, bottom, paint{line: d.theme.dim, width: 1})
	d.write(text{at: point{(x.from + x.to) / 2, bottom + 42}, content: "wins: validation examples on which the candidate has the best score, alone or with others", size: textSize, ink: d.theme.ink, anchor: middle})
	d.strong(x.from-10, top-4, "candidate", end, d.theme.dim)
	d.description = about + "."
	return nil
}
