package stats_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/gepa-go/gepa/stats"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The examples of Newcombe, "Two-sided confidence intervals for the single
// proportion", Statistics in Medicine 17 (1998), table I.
func TestWilsonPublished(t *testing.T) {
	for _, c := range []struct {
		successes, n int
		low, high    float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		iv := stats.Wilson(c.successes, c.n, 0.95)
		near(t, "lower end", iv.Low, c.low, 5e-5)
		near(t, "upper end", iv.High, c.high, 5e-5)
		other := stats.Wilson(c.n-c.successes, c.n, 0.95)
		near(t, "mirrored lower end", other.Low, 1-iv.High, 1e-12)
		near(t, "mirrored upper end", other.High, 1-iv.Low, 1e-12)
	}
}

// The wider the level, the normal quantile behind it must be gonum's.
func TestWilsonUsesNormalQuantile(t *testing.T) {
	for _, level := range []float64{0.5, 0.8, 0.9, 0.95, 0.99, 0.999} {
		// With no success the upper end is z²/(n+z²).
		z := distuv.Normal{Sigma: 1}.Quantile((1 + level) / 2)
		near(t, "upper end", stats.Wilson(0, 10, level).High, z*z/(10+z*z), 1e-12)
	}
}

// The airway hyper-responsiveness of 21 children, as worked out by Fagerland,
// Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013) and
// Statistics in Medicine 33 (2014).
func TestTangoPublished(t *testing.T) {
	p := stats.Pairs{Both: 1, OtherOnly: 1, BaseOnly: 7, Neither: 12}
	near(t, "difference", p.Difference(), -0.286, 5e-4)
	iv := stats.Tango(p, 0.95)
	near(t, "lower end", iv.Low, -0.517, 5e-4)
	near(t, "upper end", iv.High, -0.026, 5e-4)
	near(t, "exact McNemar test", stats.McNemar(p), 0.0703, 5e-5)
}

// At zero the score test behind Tango's interval is McNemar's: its end is zero
// where (b-c)²/(b+c) is the normal quantile squared.
func TestTangoAgreesWithScoreTest(t *testing.T) {
	for b := range 12 {
		for c := range 12 {
			p := stats.Pairs{OtherOnly: b, BaseOnly: c, Both: 5, Neither: 9}
			z := 0.0
			if b != c {
				z = float64(b-c) / math.Sqrt(float64(b+c))
			}
			want := stats.NotShown
			if z > 1.959964 {
				want = stats.Better
			} else if z < -1.959964 {
				want = stats.Worse
			}
			if got := stats.Judge(stats.Tango(p, 0.95)); got != want {
				t.Errorf("%+v: %v, want %v (z = %v)", p, got, want, z)
			}
		}
	}
}

func TestMcNemarAgainstBinomial(t *testing.T) {
	for b := range 40 {
		for c := range 40 {
			want := 1.0
			if b+c > 0 {
				want = min(1, 2*distuv.Binomial{N: float64(b + c), P: 0.5}.CDF(float64(min(b, c))))
			}
			near(t, "p-value", stats.McNemar(stats.Pairs{OtherOnly: b, BaseOnly: c, Both: 3}), want, 1e-10)
		}
	}
	near(t, "1 of 10", stats.McNemar(stats.Pairs{OtherOnly: 9, BaseOnly: 1}), 22.0/1024, 1e-15)
}

// darwin is the height of cross-fertilised over self-fertilised maize in
// eighths of an inch.
var darwin = []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}

// Fisher, The Design of Experiments (1935), section 21: of the 32,768 ways to
// choose signs, 1,726 give a sum at least as far from zero as 314.
func TestSignFlipPublished(t *testing.T) {
	near(t, "p-value", stats.SignFlip(darwin, 1), 1726.0/32768, 1e-12)
}

// Drawn p-values agree with exact ones: for differences of one size the
// permutation test is McNemar's.
func TestSignFlipDrawn(t *testing.T) {
	for _, c := range []stats.Pairs{{OtherOnly: 30, BaseOnly: 15}, {OtherOnly: 50, BaseOnly: 48}, {OtherOnly: 90, BaseOnly: 70}} {
		var d []float64
		for range c.OtherOnly {
			d = append(d, 0.25)
		}
		for range c.BaseOnly {
			d = append(d, -0.25)
		}
		d = append(d, make([]float64, 40)...)
		near(t, "p-value", stats.SignFlip(d, 7), stats.McNemar(c), 0.006)
	}
}

// Hall, "Theoretical comparison of bootstrap confidence intervals", Annals of
// Statistics 16 (1988): for a mean, the ends of the BCa interval are
// mean + s/√n·(±z + (2z²+1)·skewness/(6√n)) but for terms of order n^-3/2.
func TestBCaAgainstExpansion(t *testing.T) {
	const n = 200
	values := make([]float64, n)
	for i := range values { // the quantiles of an exponential distribution
		values[i] = -math.Log(1 - (float64(i)+0.5)/n)
	}
	mean, m2, m3 := stats.Mean(values), 0.0, 0.0
	for _, v := range values {
		m2 += (v - mean) * (v - mean) / n
		m3 += (v - mean) * (v - mean) * (v - mean) / n
	}
	s, skew, z := math.Sqrt(m2), m3/math.Pow(m2, 1.5), 1.959964
	end := func(z float64) float64 { return mean + s/math.Sqrt(n)*(z+(2*z*z+1)*skew/(6*math.Sqrt(n))) }
	const seeds = 10 // resampling is noisy; its mean is not
	var iv stats.Interval
	for seed := range uint64(seeds) {
		one := stats.BCa(values, 0.95, seed)
		iv.Low += one.Low / seeds
		iv.High += one.High / seeds
	}
	unit := s / math.Sqrt(n)
	near(t, "lower end", iv.Low, end(-z), 0.04*unit)
	near(t, "upper end", iv.High, end(z), 0.04*unit)
	// It is this and not a symmetric interval: the shift is far larger.
	if shift := (iv.High+iv.Low)/2 - mean; shift < 0.1*unit {
		t.Errorf("the interval's middle is shifted by %v, want %v", shift, (2*z*z+1)*skew/(6*math.Sqrt(n))*unit)
	}
}

func TestDetectablePublished(t *testing.T) {
	// Cohen's medium effect, half a standard deviation, needs 32 pairs.
	near(t, "difference", stats.Detectable(1, 32), 0.495, 5e-4)
	// Connor, Biometrics 43 (1987), formula (3), solved for n.
	for _, c := range []struct{ disagree, difference float64 }{{0.2, 0.1}, {0.4, 0.1}, {0.5, 0.3}} {
		n := math.Pow(1.959964*math.Sqrt(c.disagree)+0.841621*math.Sqrt(c.disagree-c.difference*c.difference), 2) / (c.difference * c.difference)
		near(t, "difference", stats.DetectableProportion(c.disagree, int(math.Round(n))), c.difference, 0.002)
	}
}
