package view

import "time"

// rateWindow is what a rate is taken over, in seconds.
const rateWindow = 60

// rate counts calls by the second, for the last minute.
type rate struct {
	first int64 // the first second of all
	last  int64 // the last second with a bucket
	calls [rateWindow]int64
}

func (r *rate) add(at time.Time, calls int64) {
	second := at.Unix()
	if r.last == 0 {
		r.first, r.last = second, second
	}
	if second-r.last >= rateWindow {
		r.calls = [rateWindow]int64{}
		r.first, r.last = second, second // it was away: a new beginning
	}
	for r.last < second {
		r.last++
		r.calls[r.last%rateWindow] = 0
	}
	r.calls[max(second, r.last)%rateWindow] += calls
}

// perSecond returns the calls a second in the minute up to a time.
func (r *rate) perSecond(at time.Time) float64 {
	if r.last == 0 {
		return 0
	}
	var sum int64
	for s := max(at.Unix()-rateWindow+1, r.first, r.last-rateWindow+1); s <= r.last; s++ {
		sum += r.calls[s%rateWindow]
	}
	return float64(sum) / float64(min(max(at.Unix()-r.first+1, 1), rateWindow))
}
