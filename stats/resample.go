package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// resamples is how many times [BCa] draws.
	resamples = 10_000
	// flips is how many times [SignFlip] draws where it cannot try all.
	flips = 20_000
	// exactFlips is up to how many differences [SignFlip] tries all signs.
	exactFlips = 18
)

// The streams keep the draws of different purposes apart under one seed.
const (
	bootstrapStream = 0x626f6f74
	flipStream      = 0x666c6970
)

// BCa returns the bias-corrected and accelerated bootstrap interval for the
// mean of values (Efron 1987), from 10,000 resamples drawn by the seed.
//
// Fewer than two values say nothing about their spread: the interval is
// infinite. Values that are all equal give an interval of one point, which is
// what resampling can say and more than so few may show; a test beside it
// ([SignFlip]) keeps that honest. It panics if level is not between 0 and 1.
// The interval is a little too narrow below some 50 values.
func BCa(values []float64, level float64, seed uint64) Interval {
	checkLevel(level)
	n := len(values)
	if n < 2 {
		return unknown()
	}
	mean := Mean(values)
	var squares, cubes float64
	for _, v := range values {
		d := v - mean
		squares += d * d
		cubes += d * d * d
	}
	if squares == 0 || slices.Min(values) == slices.Max(values) {
		return Interval{values[0], values[0]}
	}
	means := bootstrapMeans(values, seed)
	slices.Sort(means)

	// Ties with the estimate count half: with coarse scores they are many.
	tolerance := 1e-12 * (math.Abs(mean) + math.Sqrt(squares))
	below, _ := slices.BinarySearch(means, mean-tolerance)
	upTo, _ := slices.BinarySearch(means, mean+tolerance)
	share := (float64(below) + float64(upTo)) / 2 / resamples
	share = min(max(share, 0.5/resamples), 1-0.5/resamples)
	bias := normalQuantile(share)
	acceleration := cubes / (6 * math.Pow(squares, 1.5))

	end := func(z float64) float64 {
		shifted := bias + z
		if scale := 1 - acceleration*shifted; scale > 0 {
			return quantile(means, normalCDF(bias+shifted/scale))
		}
		return quantile(means, math.Round(normalCDF(z))) // beyond all resamples
	}
	z := twoSided(level)
	return Interval{end(-z), end(z)}
}

// bootstrapMeans returns the means of resamples of the values.
func bootstrapMeans(values []float64, seed uint64) []float64 {
	source := rand.NewPCG(seed, bootstrapStream)
	n := uint64(len(values))
	means := make([]float64, resamples)
	for i := range means {
		sum := 0.0
		for j := 0; j < len(values); j += 2 {
			two := source.Uint64() // each half picks one of the n values
			sum += values[((two>>32)*n)>>32]
			if j+1 < len(values) {
				sum += values[((two&math.MaxUint32)*n)>>32]
			}
		}
		means[i] = sum / float64(n)
	}
	return means
}

// quantile interpolates between the values of an ascending sample.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// SignFlip returns the two-sided p-value of the paired permutation test: if it
// made no difference which of a pair is which, how often would the mean of the
// differences be as far from zero as it is? All signs are tried for up to 18
// differences that are not zero; else 20,000 are drawn by the seed, and the
// p-value is (hits+1)/(draws+1). Without a difference that is not zero it is 1.
func SignFlip(differences []float64, seed uint64) float64 {
	var sizes []float64
	observed, scale := 0.0, 0.0
	for _, d := range differences {
		if d != 0 {
			sizes = append(sizes, d)
			observed += d
			scale += math.Abs(d)
		}
	}
	if len(sizes) == 0 {
		return 1
	}
	// Sums that are equal but for rounding count as equal.
	threshold := math.Abs(observed) - 1e-12*scale
	if len(sizes) <= exactFlips {
		// The first sign can stay: turning all signs changes no distance.
		hits, all := countFar(sizes[1:], sizes[0], threshold), 1<<(len(sizes)-1)
		return float64(hits) / float64(all)
	}
	source := rand.NewPCG(seed, flipStream)
	hits := 0
	for range flips {
		sum, signs := 0.0, uint64(0)
		for i, d := range sizes {
			if i%64 == 0 {
				signs = source.Uint64()
			}
			sum += math.Float64frombits(math.Float64bits(d) ^ signs<<63)
			signs >>= 1
		}
		if math.Abs(sum) >= threshold {
			hits++
		}
	}
	return float64(hits+1) / float64(flips+1)
}

// countFar returns for how many choices of signs the sum is at least as far
// from zero as the threshold.
func countFar(rest []float64, sum, threshold float64) int {
	if len(rest) == 0 {
		if math.Abs(sum) >= threshold {
			return 1
		}
		return 0
	}
	return countFar(rest[1:], sum+rest[0], threshold) + countFar(rest[1:], sum-rest[0], threshold)
}

// Mean returns the arithmetic mean; 0 of nothing.
func Mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
