package sim

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strings"
	"testing"
)

var fitOut = flag.String("sim.fit", "", "file to write fitted weights")
var fitData = flag.String("sim.data", "", "comma separated data")

type rawExample struct {
	Question, Answer, Type string
	Context                [][2]json.RawMessage
	Sup                    [][2]any `json:"supporting_facts"`
	texts                  []string
}

func (x rawExample) items() []string {
	if x.texts != nil {
		return x.texts
	}
	var out []string
	for _, c := range x.Context {
		var t string
		var s []string
		json.Unmarshal(c[0], &t)
		json.Unmarshal(c[1], &s)
		out = append(out, t+" | "+strings.Join(s, ""))
	}
	return out
}

func loadRaw(t testing.TB, path string) []rawExample {
	f, err := os.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	var out []rawExample
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var x rawExample
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

type feat struct {
	f int
	v float64
}
type item struct {
	feats [][]feat
	gain  []float64
}

func TestFit(t *testing.T) {
	if *fitOut == "" {
		t.Skip("fitting is done by hand")
	}
	var items []item
	oracle := 0.0
	n := 0
	for _, path := range strings.Split(*fitData, ",") {
		for _, x := range loadRaw(t, path) {
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
	fmt.Printf("items %d of %d oracle %.3f\n", len(items), n, oracle/float64(n))
	// 5-fold cross validation, then full fit
	cv := 0.0
	for fold := 0; fold < 5 && os.Getenv("SIM_CV") != ""; fold++ {
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
	fmt.Printf("cv F1 over all (non yes/no): %.3f\n", cv/float64(n))
	w := fit(items)
	fmt.Printf("train F1: %.3f\n", eval(items, w)*float64(len(items))/float64(n))
	var b strings.Builder
	b.WriteString("package sim\n\nvar weights = [features]float64{\n")
	for i, v := range w {
		if math.Abs(v) >= 0.005 {
			fmt.Fprintf(&b, "\t%d: %.2f,\n", i, v)
		}
	}
	b.WriteString("}\n")
	os.WriteFile(*fitOut, []byte(b.String()), 0o644)
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
	for epoch := 0; epoch < 25; epoch++ {
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

func f1Score(a, b string) float64 {
	x, y := norm(a), norm(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	m := map[string]int{}
	for _, t := range x {
		m[t]++
	}
	same := 0
	for _, t := range y {
		if m[t] > 0 {
			m[t]--
			same++
		}
	}
	if same == 0 {
		return 0
	}
	p, r := float64(same)/float64(len(x)), float64(same)/float64(len(y))
	return 2 * p * r / (p + r)
}

func norm(s string) []string {
	s = strings.ToLower(s)
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}, s)
	var out []string
	for _, w := range strings.Fields(s) {
		if w != "a" && w != "an" && w != "the" {
			out = append(out, w)
		}
	}
	return out
}
