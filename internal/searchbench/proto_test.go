package searchbench

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
)

func paperOpts(b int) protoOpts { return protoOpts{K: 1, Mini: 3, Budget: b} }

func TestCalibrate(t *testing.T) {
	if os.Getenv("CAL") == "" {
		t.Skip()
	}
	for _, f := range Families() {
		for _, b := range []int{1000, 3000} {
			start := time.Now()
			os := runMany(f, 0, 30, paperOpts(b), usual())
			row(f.Name, b, os, time.Since(start))
		}
	}
}

func row(nm string, b int, os []outcome, took time.Duration) {
	var s, fi, va, ro, pr, ac, ea, la, fu, pa, w, u float64
	for _, o := range os {
		s += o.seedTrue
		fi += o.final
		va += o.val
		ro += float64(o.rollouts)
		pr += float64(o.proposals)
		ac += o.accept
		ea += o.early
		la += o.late
		fu += float64(o.full)
		pa += float64(o.partial)
		w += o.t.wall.Seconds()
		u += o.t.busy.Seconds() / o.t.wall.Seconds() / 32
	}
	n := float64(len(os))
	fmt.Printf("%-22s %5d seed %.3f final %.3f val %.3f rollouts %5.0f props %5.1f accept %.2f early %.2f late %.2f full %.1f partial %.1f wall %.2f use %.2f  (%.1f ms/run)\n",
		nm, b, s/n, fi/n, va/n, ro/n, pr/n, ac/n, ea/n, la/n, fu/n, pa/n, w/n, u/n, float64(took.Milliseconds())/n)
}

func TestGains(t *testing.T) {
	if os.Getenv("GAINS") == "" {
		t.Skip()
	}
	for _, f := range Families()[:4] {
		l := NewLandscape(f, 1)
		o := paperOpts(3000)
		o.Seed = 1
		var pp *proto
		lastProto = &pp
		_ = runProto(f, 1, o, usual())
		for _, pr := range pp.props {
			if pr.got == 0 {
				continue
			}
			par := pp.pool[pr.parent]
			fmt.Printf("%s #%d parent %d(%.3f true %.3f) mb %.1f->%.1f passed %v child true %.3f  depth %d\n  %v\n  %v\n", f.Name, pr.n, pr.parent, par.mean, l.True(par.c), pr.sumP, pr.sumC, pr.passed, l.True(pr.children[0]), depth(pp, pr.parent), par.c, pr.children[0])
		}
	}
}
func depth(p *proto, i int) int {
	d := 0
	for i > 0 {
		i = p.pool[i].parent
		d++
	}
	return d
}

func TestIdeal(t *testing.T) {
	for _, f := range Families() {
		s := 0.0
		for seed := range 10 {
			l := NewLandscape(f, uint64(seed))
			c := gepa.Candidate{}
			for i, comp := range l.components {
				var p prompt
				for r, x := range l.rules {
					if x.component == i {
						p.rules = append(p.rules, clause{r, 3, x.harm > 0})
					}
				}
				c[comp.Name] = p.String()
			}
			s += l.True(c) / 10
		}
		fmt.Printf("%s ideal %.3f\n", f.Name, s)
	}
}

type cfg struct {
	name string
	o    protoOpts
}

func with(o protoOpts, f func(*protoOpts)) protoOpts { f(&o); return o }

func dev() []Family {
	var out []Family
	for _, f := range Families() {
		if !f.HeldOut {
			out = append(out, f)
		}
	}
	return out
}

func sweep(cs []cfg, fams []Family, budgets []int, n int) {
	for _, b := range budgets {
		base := map[string][]outcome{}
		for _, c := range cs {
			c.o.Budget = b
			var line string
			var dsum, dsq, walls, cnt, use, props, acc, pw, fulls, gain float64
			for _, f := range fams {
				os := runMany(f, 0, n, c.o, usual())
				if base[f.Name] == nil {
					base[f.Name] = os
				}
				m := 0.0
				for i, o := range os {
					d := o.final - base[f.Name][i].final
					m += d
					dsum += d
					dsq += d * d
					cnt++
					walls += o.t.wall.Seconds()
					pw += base[f.Name][i].t.wall.Seconds()
					use += o.t.busy.Seconds() / o.t.wall.Seconds() / 32
					props += float64(o.proposals)
					acc += o.accept
					fulls += float64(o.full)
					gain += o.rolloutsTo(avgFinal(base[f.Name])) / float64(b)
				}
				line += fmt.Sprintf(" %+.3f", m/float64(n))
			}
			mean := dsum / cnt
			fmt.Printf("%5d %-42s %+.4f ±%.4f wall %3.0f%% use %.2f props %4.0f acc %.2f full %.1f reach %.2f |%s\n", b, c.name, mean, 2*sqrt(dsq/cnt-mean*mean)/sqrt(cnt), 100*walls/pw, use/cnt, props/cnt, acc/cnt, fulls/cnt, gain/cnt, line)
		}
	}
}

func sqrt(x float64) float64 { return math.Sqrt(x) }

func avgFinal(os []outcome) float64 {
	s := 0.0
	for _, o := range os {
		s += o.final
	}
	return s / float64(len(os))
}

// rolloutsTo is when the run first had a best candidate of that true score.
func (o outcome) rolloutsTo(x float64) float64 {
	for _, p := range o.curve {
		if p.score >= x {
			return float64(p.rollouts)
		}
	}
	return float64(o.rollouts)
}

func TestSweep1(t *testing.T) {
	if os.Getenv("SWEEP") == "" {
		t.Skip()
	}
	p := protoOpts{K: 1, Mini: 3}
	st := with(p, func(o *protoOpts) { o.First, o.Growth, o.Z, o.StageVs = 10, 1.7, 1, "best" })
	cs := []cfg{
		{"paper", p},
		{"mini 5", with(p, func(o *protoOpts) { o.Mini = 5 })},
		{"mini 8", with(p, func(o *protoOpts) { o.Mini = 8 })},
		{"mini 12", with(p, func(o *protoOpts) { o.Mini = 12 })},
		{"mini 20", with(p, func(o *protoOpts) { o.Mini = 20 })},
		{"K8", with(p, func(o *protoOpts) { o.K = 8 })},
		{"best", with(p, func(o *protoOpts) { o.Parent = "best" })},
		{"topk3", with(p, func(o *protoOpts) { o.Parent, o.TopK = "topk", 3 })},
		{"eps.2", with(p, func(o *protoOpts) { o.Parent, o.Eps = "epsilon", 0.2 })},
		{"cover", with(p, func(o *protoOpts) { o.Cover = true })},
		{"equal", with(p, func(o *protoOpts) { o.Accept = "equal" })},
		{"children2", with(p, func(o *protoOpts) { o.Children = 2 })},
		{"memory3", with(p, func(o *protoOpts) { o.Memory = 3 })},
		{"all", with(p, func(o *protoOpts) { o.All = true })},
		{"staged10 z1", st},
		{"staged10 z0", with(st, func(o *protoOpts) { o.Z = 0 })},
		{"staged10 z2", with(st, func(o *protoOpts) { o.Z = 2 })},
		{"staged20 z0.5", with(st, func(o *protoOpts) { o.First, o.Z = 20, 0.5 })},
		{"staged10 z0.5 mini 8", with(st, func(o *protoOpts) { o.Z = 0.5; o.Mini = 8 })},
		{"staged10 z0.5 mini 8 best", with(st, func(o *protoOpts) { o.Z = 0.5; o.Mini = 8; o.Parent = "best" })},
	}
	sweep(cs, dev(), []int{1000, 3000}, 24)
}

func TestCal2(t *testing.T) {
	if os.Getenv("CAL2") == "" {
		t.Skip()
	}
	p := protoOpts{K: 1, Mini: 3}
	cs := []cfg{{"paper", p}, {"best", with(p, func(o *protoOpts) { o.Parent = "best" })}, {"topk3", with(p, func(o *protoOpts) { o.Parent, o.TopK = "topk", 3 })},
		{"mini 8", with(p, func(o *protoOpts) { o.Mini = 8 })},
		{"mini 20", with(p, func(o *protoOpts) { o.Mini = 20 })},
	}
	fams := Families()
	for _, blind := range []float64{0.6} {
		for _, bl := range []float64{0.3} {
			usual = func() Reflector { r := usual0(); r.Blind = blind; return r }
			for i := range fams {
				fams[i].Blocked = bl
			}
			fmt.Println("BLIND", blind, "BLOCKED", bl)
			for _, f := range fams {
				row(f.Name, 3000, runMany(f, 100, 16, with(p, func(o *protoOpts) { o.Budget = 3000 }), usual()), 0)
			}
			sweep(cs, fams, []int{3000}, 16)
		}
	}
}

func usual0() Reflector { return defaultReflector() }
