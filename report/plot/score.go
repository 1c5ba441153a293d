package plot

import (
	"fmt"
	"math"

	"github.com/gepa-go/gepa/report/view"
)

// spot is a candidate in the plot of scores.
type spot struct {
	x, score  float64
	candidate view.Candidate
	record    bool // better than all before
}

// score draws validation scores over the run, and the sealed test beside them.
func (d *drawing) score() error {
	spots, err := d.spots()
	if err != nil {
		return err
	}
	d.height = math.Round(d.width*0.3) + 240
	d.head("Validation score over "+string(d.over),
		fmt.Sprintf("%s, %s", count(len(d.run.Candidates), "candidate"), count(d.run.Head.Counts.Rollouts, "rollout")))
	x, y, test := d.scoreAxes(spots)
	d.grid(x, y, map[Course]string{Rollouts: "rollouts", Cost: "cost, US dollars", Time: "time since the run was begun"}[d.over],
		fmt.Sprintf("mean score on %s", count(d.run.Head.Data.Validation, "validation example")))
	d.course(x, y, spots)
	high := spots[0].score
	for _, s := range spots {
		if s.record {
			high = s.score
		}
	}
	d.description = fmt.Sprintf("The best validation score goes from %s to %s.", score(spots[0].score), score(high))
	if test != nil {
		d.testPanel(y, *test)
		d.description += fmt.Sprintf(" On %s of the sealed test set the base has %s and the optimized program %s.",
			count(test.N, "example"), score(float64(test.Base)), score(float64(test.Other)))
	}
	return nil
}

// spots places the candidates along the course.
func (d *drawing) spots() ([]spot, error) {
	byID := map[int]view.Candidate{}
	for _, c := range d.run.Candidates {
		byID[c.ID] = c
	}
	var spots []spot
	high := math.Inf(-1)
	for _, p := range d.run.Points {
		v, ok := known(p.Score)
		c, there := byID[p.Candidate]
		if !ok || !there {
			continue
		}
		s := spot{score: v, candidate: c, record: c.Full && v > high}
		if s.record {
			high = v
		}
		switch d.over {
		case Cost:
			if p.CostNanos == nil {
				return nil, nothing{"the cost of this run is not known, because the price of some calls is not: draw it over rollouts"}
			}
			s.x = float64(*p.CostNanos) / 1e9
		case Time:
			began := d.run.Points[0].At.At
			if c := d.run.Head.Created; c != nil && c.Before(began) {
				began = *c
			}
			s.x = p.At.At.Sub(began).Seconds()
		case Rollouts:
			s.x = float64(p.Rollouts)
		}
		spots = append(spots, s)
	}
	if len(spots) == 0 {
		return nil, nothing{"no candidate of this run has a known validation score"}
	}
	if d.over == Cost && spots[len(spots)-1].x == 0 {
		return nil, nothing{"this run cost nothing, so its score cannot be drawn over its cost: draw it over rollouts"}
	}
	return spots, nil
}

// testWidth is the width of the sealed test's panel.
const testWidth = 170.0

// scoreAxes makes the axes. The test is nil where there is none to draw.
func (d *drawing) scoreAxes(spots []spot) (x, y axis, test *view.Measure) {
	low, high, far := math.Inf(1), math.Inf(-1), 0.0
	see := func(v float64) { low, high = min(low, v), max(high, v) }
	for _, s := range spots {
		see(s.score)
		far = max(far, s.x)
	}
	if t := d.run.Head.Test; t != nil && len(t.Measures) > 0 {
		if m := t.Score(); m.Base.Known() && m.Other.Known() {
			test = &m
			see(float64(m.Base))
			see(float64(m.Other))
			for _, end := range []view.Number{m.Interval.Low, m.Interval.High} {
				if end.Known() {
					see(float64(m.Base + end))
				}
			}
		}
	}
	floor, ceiling := math.Inf(-1), math.Inf(1)
	if low >= 0 && high <= 1 {
		floor, ceiling = 0, 1
	}
	y = numbers(low, high, floor, ceiling, 6)
	y.from, y.to = d.height-56, heading
	switch d.over {
	case Cost:
		x = money(far)
	case Time:
		x = clock(max(far, 1))
	case Rollouts:
		far = max(far, float64(d.run.Head.Counts.Rollouts), 1)
		x = numbers(0, far, 0, math.Inf(1), 7)
	}
	x.from, x.to = 76, d.width-margin-8
	if test != nil {
		x.to -= testWidth + 24
	}
	x.high = max(far, x.ticks[max(0, len(x.ticks)-2)].value) * 1.015 // no empty step at the end
	return x, y, test
}

// grid draws the axes with their names.
func (d *drawing) grid(x, y axis, nameX, nameY string) {
	for _, t := range y.ticks {
		at := y.at(t.value)
		d.segment(x.from, at, x.to, at, paint{line: d.theme.grid, width: 1})
		d.label(x.from-8, at+4, t.label, end, d.theme.dim)
	}
	d.segment(x.from, y.from, x.to, y.from, paint{line: d.theme.dim, width: 1})
	for _, t := range x.ticks {
		if t.value > x.high || t.value < x.low {
			continue
		}
		at := x.at(t.value)
		d.segment(at, y.from, at, y.from+4, paint{line: d.theme.dim, width: 1})
		d.label(at, y.from+18, t.label, middle, d.theme.dim)
	}
	d.write(text{at: point{(x.from + x.to) / 2, y.from + 40}, content: nameX, size: textSize, ink: d.theme.ink, anchor: middle})
	d.write(text{at: point{margin + 6, (y.from + y.to) / 2}, content: nameY, size: textSize, ink: d.theme.ink, anchor: middle, upright: true})
}

// course draws the candidates and the best so far.
func (d *drawing) course(x, y axis, spots []spot) {
	base := spots[0]
	at := y.at(base.score)
	d.segment(x.from, at, x.to, at, paint{line: d.theme.base, width: 1.2, dash: []float64{5, 4}})
	var steps []stroke
	last := 0.0
	for _, s := range spots {
		if !s.record {
			continue
		}
		px, py := x.at(s.x), y.at(s.score)
		if steps == nil {
			steps = []stroke{move(px, py)}
		} else {
			steps = append(steps, line(px, last), line(px, py))
		}
		last = py
	}
	if steps != nil {
		end := x.at(x.high)
		d.add(append(steps, line(end, last)), paint{line: d.theme.other, width: 2.2})
	}
	partly, winner := false, spots[0]
	for _, s := range spots {
		px, py := x.at(s.x), y.at(s.score)
		look := paint{fill: d.theme.other.fade(0.35), line: d.theme.other, width: 1}
		if !s.candidate.Full {
			partly = true
			look.fill = ink{}
			look.line = d.theme.dim
		}
		if s.record {
			look = paint{fill: d.theme.other, line: d.theme.background, width: 1.5}
		}
		if s.candidate.Best {
			winner = s
			continue
		}
		d.hinted(disc(px, py, 4.2), look, hintOf(s))
	}
	px, py := x.at(winner.x), y.at(winner.score)
	d.hinted(diamond(px, py, 7.5), paint{fill: d.theme.best, line: d.theme.background, width: 1.5}, hintOf(winner))
	d.scoreLegend(partly, winner)
	d.strong(x.to, at+15, "base "+score(base.score), end, d.theme.base)
	if name := "best " + score(winner.score); winner.candidate.ID != base.candidate.ID {
		above := 8.0
		if px > x.to-d.measure(name, smallSize, true)-12 {
			above = 13
		}
		d.strong(x.to, py-above, name, end, d.theme.best)
	}
}

func hintOf(s spot) string {
	made := "the base"
	switch c := s.candidate; len(c.Parents) {
	case 0:
	case 1:
		made = fmt.Sprintf("from %d", c.Parents[0])
	default:
		made = fmt.Sprintf("from %d and %d", c.Parents[0], c.Parents[1])
	}
	return fmt.Sprintf("candidate %d, %s: %s after %s", s.candidate.ID, made, score(s.score), count(s.candidate.At.Rollouts, "rollout"))
}

func (d *drawing) scoreLegend(partly bool, winner spot) {
	keys := []key{
		{func(x, y float64) { d.segment(x-12, y, x+12, y, paint{line: d.theme.other, width: 2.2}) }, 24, "best so far"},
		{func(x, y float64) {
			d.add(disc(x, y, 4.2), paint{fill: d.theme.other.fade(0.35), line: d.theme.other, width: 1})
		}, 9, "candidate"},
	}
	if partly {
		keys = append(keys, key{func(x, y float64) { d.add(disc(x, y, 4.2), paint{line: d.theme.dim, width: 1}) }, 9, "validated in part"})
	}
	keys = append(keys,
		key{
			func(x, y float64) { d.add(diamond(x, y, 6.5), paint{fill: d.theme.best}) },
			13, fmt.Sprintf("best by validation: candidate %d", winner.candidate.ID),
		},
		key{
			func(x, y float64) {
				d.segment(x-12, y, x+12, y, paint{line: d.theme.base, width: 1.2, dash: []float64{5, 4}})
			}, 24, "base",
		})
	d.legend(keys...)
}

// testPanel draws base and winner on the sealed test set, on the same scale.
func (d *drawing) testPanel(y axis, m view.Measure) {
	left := d.width - margin - testWidth
	d.add(rectangle(left, y.to, testWidth, y.from-y.to), paint{fill: d.theme.dim.fade(0.06)})
	for _, t := range y.ticks {
		at := y.at(t.value)
		d.segment(left, at, left+testWidth, at, paint{line: d.theme.grid, width: 1})
	}
	d.segment(left, y.from, left+testWidth, y.from, paint{line: d.theme.dim, width: 1})
	d.strong(left+testWidth/2, y.to-8, fmt.Sprintf("Sealed test, %s", count(m.N, "example")), middle, d.theme.ink)
	bx, ox := left+testWidth*0.27, left+testWidth*0.67
	base, other := float64(m.Base), float64(m.Other)
	alone := d.run.Head.Best != nil && *d.run.Head.Best == 0
	if alone {
		bx = left + testWidth/2
	} else {
		d.segment(bx, y.at(base), ox, y.at(base), paint{line: d.theme.base, width: 1.2, dash: []float64{5, 4}})
	}
	d.hinted(disc(bx, y.at(base), 5), paint{fill: d.theme.base, line: d.theme.background, width: 1.5}, "base: "+score(base))
	d.strong(bx, y.at(base)-11, score(base), middle, d.theme.ink)
	d.label(bx, y.from+18, "base", middle, d.theme.dim)
	if alone {
		d.label(left+testWidth/2, y.from+40, "no candidate was better", middle, d.theme.dim)
		return
	}
	note := "interval: not known"
	if m.Interval.Low.Known() && m.Interval.High.Known() {
		top, bottom := y.at(base+float64(m.Interval.High)), y.at(base+float64(m.Interval.Low))
		look := paint{line: d.theme.best, width: 1.8}
		d.segment(ox, bottom, ox, top, look)
		d.segment(ox-6, top, ox+6, top, look)
		d.segment(ox-6, bottom, ox+6, bottom, look)
		note = "bar: 95 % interval of the difference"
	}
	d.hinted(diamond(ox, y.at(other), 7.5), paint{fill: d.theme.best, line: d.theme.background, width: 1.5}, "optimized: "+score(other))
	d.strong(ox+12, y.at(other)+4, score(other), start, d.theme.ink)
	d.label(ox, y.from+18, "optimized", middle, d.theme.dim)
	d.label(left+testWidth/2, y.from+38, note, middle, d.theme.dim)
}
