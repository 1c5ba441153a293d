package terminal

import (
	"math"
	"strings"
)

// sparkline draws numbers as a row of bars. Low and high are the bottom and the
// top of the scale; a number that is unknown is a space.
func sparkline(numbers []float64, low, high float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range numbers {
		if math.IsNaN(v) {
			b.WriteRune(' ')
			continue
		}
		at := len(bars) - 1
		if high > low {
			at = int(math.Round((v - low) / (high - low) * float64(len(bars)-1)))
		}
		b.WriteRune(bars[min(max(at, 0), len(bars)-1)])
	}
	return b.String()
}

// extent returns the least and the greatest of several series' numbers.
func extent(series ...[]float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, numbers := range series {
		for _, v := range numbers {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	return low, high
}

// bar draws a share of a whole.
func bar(share float64, columns int) (done, rest string) {
	if columns <= 0 {
		return "", ""
	}
	if math.IsNaN(share) {
		share = 0
	}
	n := int(math.Round(min(max(share, 0), 1) * float64(columns)))
	return strings.Repeat("━", n), strings.Repeat("─", columns-n)
}
