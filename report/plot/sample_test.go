package plot_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// sample makes a run of so many candidates and examples that looks like a real
// one: scores that rise, merges, candidates validated in part, failures.
func sample(candidates, examples int) *view.Run {
	draw := rand.New(rand.NewPCG(1, uint64(candidates)))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	run := &view.Run{Format: view.Format}
	h := &run.Head
	h.ID, h.Program, h.Folder = "my-run", "hotpotqa", "my-run"
	h.Data = report.Sizes{Feedback: 40, Validation: examples, Test: 60}
	h.Created = &at
	h.Objectives = []gepa.Objective{{Name: "em", Weight: 1}, {Name: "f1", Weight: 1}}
	ease := make([]float64, examples)
	for i := range ease {
		ease[i] = draw.Float64()
		run.Scores.Examples = append(run.Scores.Examples, view.ExampleID{ID: string(rune('a' + i%26))})
	}
	rollouts, high, bestID := 0, -1.0, 0
	skill := []float64{}
	for id := range candidates {
		c := view.Candidate{ID: id, Parents: []int{}, Full: true, Validated: examples, Test: view.Unknown()}
		mine := 0.35
		if id > 0 {
			p := int(math.Sqrt(draw.Float64()) * float64(id))
			c.Parents = []int{p}
			mine = skill[p] + draw.NormFloat64()*0.07 + 0.035
			if q := draw.IntN(id); id > 4 && id%5 == 0 && q != p {
				c.Parents = append(c.Parents, q)
				mine = max(skill[p], skill[q]) + 0.03
			}
			c.Full = id%7 != 6
		}
		mine = min(max(mine, 0.05), 0.93)
		skill = append(skill, mine)
		row := view.ScoreRow{Candidate: id}
		var em, f1 float64
		n := examples
		if !c.Full {
			n = examples / 3
		}
		for i := range examples {
			if i >= n {
				row.Scores = append(row.Scores, view.Unknown())
				continue
			}
			v := 0.0
			switch d := draw.Float64(); {
			case d < mine*(0.4+1.2*ease[i]):
				v = 1
				em++
			case d < 0.8:
				v = math.Round(draw.Float64()*60) / 100
			case d > 0.985:
				row.Failed = append(row.Failed, i)
			}
			f1 += v
			row.Scores = append(row.Scores, view.Number(v))
		}
		c.Validated = n
		c.Validation = view.Number(f1 / float64(max(n, 1)))
		c.Objectives = map[string]view.Number{"em": view.Number(em / float64(max(n, 1))), "f1": c.Validation}
		c.Wins = int(float64(c.Validation) * float64(examples) * draw.Float64())
		c.Frontier = id > 0 && id%3 == 0
		rollouts += n + 6 + draw.IntN(30)
		nanos := int64(rollouts) * 91_000
		c.At = view.At{Rollouts: rollouts, CostNanos: &nanos, At: at.Add(time.Duration(rollouts) * 700 * time.Millisecond)}
		if v := float64(c.Validation); c.Full && v > high {
			high, bestID = v, id
		}
		run.Scores.Rows = append(run.Scores.Rows, row)
		run.Points = append(run.Points, view.Point{At: c.At, Best: view.Number(high), Candidate: id, Score: c.Validation})
		run.Candidates = append(run.Candidates, c)
	}
	if candidates == 0 {
		return run
	}
	run.Candidates[bestID].Best, run.Candidates[bestID].Frontier = true, true
	h.Best = &bestID
	h.Counts.Rollouts = rollouts + 14
	h.Test = &view.Test{N: 60, Readings: 1, Measures: []view.Measure{{
		Name: "score", Unit: report.UnitShare, N: 60, Base: 0.33, Other: 0.52, Difference: 0.19,
		Interval: view.Interval{Low: 0.08, High: 0.3}, P: 0.002,
	}}}
	return run
}
