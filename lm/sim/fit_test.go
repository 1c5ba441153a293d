package sim

import (
	"flag"
	"fmt"
	"math"
	"math/rand" //nolint:depguard // the published weights were fitted with its shuffles
	"os"
	"strings"
	"testing"
)

var fitOut = flag.String("sim.fit", "", "file to write fitted weights")
var fitData = flag.String("sim.data", "", "comma separated data")

type feat struct {
	f int
	v float64
}
type item struct {
	feats [][]feat
	gain  []float64
}

// TestFitWeights fits the reader's weights anew; see the flags.
func TestFitWeights(t *testing.T) {
	if *fitOut == "" {
		t.Skip("fitting is done by hand")
	}
	var items []item
	oracle := 0.0
	n := 0
	for path := range strings.SplitSeq(*fitData, ",") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range readRaw(t, data) {
			g := strings.ToLower(strings.Trim(x.Answer, ". "))
			if g == "yes" || g == "no" {
				continue
			}
			r := read(x.Question, x.items())
			var it item
			best := 0.0
			for i := range r.cands {
				c := &r.cands[i]
				var fs []feat
				r.describe(c, func(f int, v float64) { fs = append(fs, feat{f, v}) })
				g := f1Score(c.text, x.Answer)
				best = max(best, g)
				it.feats = append(it.feats, fs)
				it.gain = append(it.gain, g)
			}
			oracle += best
			n++
			if best > 0.5 {
				items = append(items, it)
			}
		}
	}
	t.Logf("items %d of %d oracle %.3f", len(items), n, oracle/float64(n))
	// 5-fold cross validation, then full fit
	cv := 0.0
	for fold := range 5 {
		var tr, te []item
		for i, it := range items {
			if i%5 == fold {
				te = append(te, it)
			} else {
				tr = append(tr, it)
			}
		}
		w := fit(tr)
		cv += eval(te, w) * float64(len(te))
	}
	t.Logf("cv F1 over all (non yes/no): %.3f", cv/float64(n))
	w := fit(items)
	t.Logf("train F1: %.3f", eval(items, w)*float64(len(items))/float64(n))
	var b strings.Builder
	b.WriteString("package sim\n\n// weights are the reader's, by feature. TestFitWeights fitted them on the train\n// halves of HotpotQA's sample and of the embedded set.\nvar weights = [features]float64{\n")
	for i, v := range w {
		if math.Abs(v) >= 0.005 {
			fmt.Fprintf(&b, "\t%d: %.2f,\n", i, v)
		}
	}
	b.WriteString("}\n")
	if err := os.WriteFile(*fitOut, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func eval(items []item, w []float64) float64 {
	var s float64
	for _, it := range items {
		bi, bv := 0, math.Inf(-1)
		for i, fs := range it.feats {
			var v float64
			for _, f := range fs {
				v += w[f.f] * f.v
			}
			if v > bv {
				bi, bv = i, v
			}
		}
		s += it.gain[bi]
	}
	return s / float64(len(items))
}

func fit(items []item) []float64 {
	w := make([]float64, features)
	g2 := make([]float64, features)
	rng := rand.New(rand.NewSource(1))
	const l2 = 0.004
	for range 25 {
		for _, k := range rng.Perm(len(items)) {
			it := items[k]
			n := len(it.feats)
			sc := make([]float64, n)
			mx := math.Inf(-1)
			for i, fs := range it.feats {
				for _, f := range fs {
					sc[i] += w[f.f] * f.v
				}
				mx = max(mx, sc[i])
			}
			var z, zg float64
			for i := range sc {
				sc[i] = math.Exp(sc[i] - mx)
				z += sc[i]
				g := it.gain[i]
				zg += sc[i] * g * g
			}
			grad := map[int]float64{}
			for i, fs := range it.feats {
				p := sc[i] / z
				q := sc[i] * it.gain[i] * it.gain[i] / zg
				if d := q - p; math.Abs(d) > 1e-6 {
					for _, f := range fs {
						grad[f.f] += d * f.v
					}
				}
			}
			for f, d := range grad {
				d -= l2 * w[f]
				g2[f] += d * d
				w[f] += 0.1 * d / (math.Sqrt(g2[f]) + 1e-6)
			}
		}
	}
	return w
}
