package terminal

import (
	"math"

	"github.com/gepa-go/gepa/report/view"
)

// frontierSeries keeps the mean of the best scores that any candidate has on
// each validation example, as candidates join the pool: what a perfect choice
// of candidate for each example would give.
type frontierSeries struct {
	best   []float64 // by validation example; NaN where none was evaluated
	series []float64
}

// grow adds what a run has more than before and returns the series, one number
// for each point of the run.
func (f *frontierSeries) grow(run *view.Run) []float64 {
	rows := run.Scores.Rows
	for n := len(f.series); n < len(run.Points); n++ {
		id := run.Points[n].Candidate
		if id < 0 || id >= len(rows) {
			break
		}
		for i, score := range rows[id].Scores {
			if i >= len(f.best) {
				f.best = append(f.best, math.NaN())
			}
			if v := float64(score); score.Known() && !(f.best[i] >= v) {
				f.best[i] = v
			}
		}
		sum, known := 0.0, 0
		for _, v := range f.best {
			if !math.IsNaN(v) {
				sum, known = sum+v, known+1
			}
		}
		f.series = append(f.series, sum/float64(known))
	}
	return f.series
}
