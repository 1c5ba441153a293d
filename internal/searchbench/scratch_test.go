package searchbench

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
)

func paper() gepa.Options { return gepa.Options{MaxMerges: -1} }

func many(f Family, from, n int, o gepa.Options, b int) []Outcome {
	out := make([]Outcome, n)
	var wg sync.WaitGroup
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range 2 {
		wg.Go(func() {
			for i := range next {
				l := NewLandscape(f, uint64(from+i))
				o := o
				o.Seed = uint64(from + i)
				var err error
				out[i], err = l.Simulate(o, b, BarClock())
				if err != nil {
					panic(err)
				}
			}
		})
	}
	wg.Wait()
	return out
}

func row(nm string, b int, os []Outcome, took time.Duration) {
	var s, fi, va, ro, pr, ac, fu, pa, w, u float64
	for _, o := range os {
		s += o.Seed
		fi += o.Final
		va += o.Validation
		ro += float64(o.Rollouts)
		pr += float64(o.Proposals)
		ac += o.Accepted
		fu += float64(o.Full)
		pa += float64(o.Partial)
		w += o.Wall.Seconds()
		u += o.InUse
	}
	n := float64(len(os))
	fmt.Printf("%-22s %5d seed %.3f final %.3f val %.3f rollouts %5.0f props %5.1f accept %.2f full %.1f partial %.1f wall %.2f use %.2f  (%.1f ms/run)\n",
		nm, b, s/n, fi/n, va/n, ro/n, pr/n, ac/n, fu/n, pa/n, w/n, u/n, float64(took.Milliseconds())/n)
}

func TestCal(t *testing.T) {
	for _, f := range Families() {
		start := time.Now()
		os := many(f, 100, 16, paper(), 3000)
		row(f.Name, 3000, os, time.Since(start))
	}
}

type cfg struct {
	name string
	o    gepa.Options
}

func with(o gepa.Options, f func(*gepa.Options)) gepa.Options { f(&o); return o }

func fams(heldOut bool) []Family {
	var out []Family
	for _, f := range Families() {
		if f.HeldOut == heldOut {
			out = append(out, f)
		}
	}
	return out
}

// crossing: first checkpoint where the mean curve reaches x.
func crossing(os []Outcome, x float64, b int) float64 {
	for r := 100; r <= b; r += 10 {
		s := 0.0
		for i := range os {
			s += os[i].At(r)
		}
		if s/float64(len(os)) >= x {
			return float64(r)
		}
	}
	return math.Inf(1)
}

func sweep(cs []cfg, fs []Family, budgets []int, n int) {
	for _, b := range budgets {
		base := map[string][]Outcome{}
		for _, c := range cs {
			var line strings.Builder
			var dsum, dsq, walls, cnt, use, props, acc, pw, fulls, gain, refl, d1 float64
			for _, f := range fs {
				os := many(f, 0, n, c.o, b)
				if base[f.Name] == nil {
					base[f.Name] = os
				}
				m, pf := 0.0, 0.0
				for i := range os {
					o, p := &os[i], &base[f.Name][i]
					d := o.Final - p.Final
					m += d
					pf += p.Final / float64(n)
					dsum += d
					dsq += d * d
					cnt++
					d1 += o.At(1000) - p.At(1000)
					walls += o.Wall.Seconds()
					pw += p.Wall.Seconds()
					use += o.InUse
					props += float64(o.Proposals)
					refl += float64(o.Reflections)
					acc += o.Accepted
					fulls += float64(o.Full)
				}
				x := crossing(os, pf, b) / crossing(base[f.Name], pf, b)
				gain += math.Min(x, 1.5)
				fmt.Fprintf(&line, " %+.3f/%.2f", m/float64(n), x)
			}
			mean := dsum / cnt
			fmt.Printf("%5d %-42s %+.4f ±%.4f (1000 %+.4f) wall %3.0f%% use %.2f props %4.0f refl %4.0f acc %.2f full %.1f reach %.2f |%s\n", b, c.name, mean, 2*math.Sqrt(dsq/cnt-mean*mean)/math.Sqrt(cnt), d1/cnt, 100*walls/pw, use/cnt, props/cnt, refl/cnt, acc/cnt, fulls/cnt, gain/float64(len(fs)), line.String())
		}
	}
}

func TestSweep1(t *testing.T) {
	if os.Getenv("SWEEP") == "" {
		t.Skip()
	}
	p := paper()
	st := with(p, func(o *gepa.Options) { o.Staged = gepa.Staged{First: 15, Growth: 1.7, Z: 0.5} })
	k := with(st, func(o *gepa.Options) { o.InFlight, o.PerMember, o.Minibatch = 12, 2, 6 })
	cs := []cfg{
		{"paper", p},
		{"K12", with(p, func(o *gepa.Options) { o.InFlight = 12 })},
		{"staged", st},
		{"staged K12 per 2 mini 6", k},
		{"staged K12 per 2 mini 6 all", with(k, func(o *gepa.Options) { o.Components = gepa.ComponentAll })},
		{"staged K24 per 4 mini 6 all", with(k, func(o *gepa.Options) { o.Components = gepa.ComponentAll; o.InFlight, o.PerMember = 24, 4 })},
		{"paper merges", with(p, func(o *gepa.Options) { o.MaxMerges = 5 })},
		{"paper all", with(p, func(o *gepa.Options) { o.Components = gepa.ComponentAll })},
	}
	sweep(cs, fams(false), []int{1000, 3000}, 16)
}

func TestBar3(t *testing.T) {
	if os.Getenv("BAR3") == "" {
		t.Skip()
	}
	k := with(paper(), func(o *gepa.Options) {
		o.Staged = gepa.Staged{First: 10, Growth: 2, Z: 0.3}
		o.Minibatch = 6
		o.Components = gepa.ComponentAll
	})
	w := func(name string, f func(*gepa.Options)) cfg { return cfg{name, with(k, f)} }
	cs := []cfg{
		{"paper", paper()},
		{"K1 mb 6 all first 10 g2 z.3 (base)", k},
		w("mini 4", func(o *gepa.Options) { o.Minibatch = 4 }),
		w("mini 10", func(o *gepa.Options) { o.Minibatch = 10 }),
		w("mini 16", func(o *gepa.Options) { o.Minibatch = 16 }),
		w("first 6", func(o *gepa.Options) { o.Staged.First = 6 }),
		w("first 10 g1.5", func(o *gepa.Options) { o.Staged.Growth = 1.5 }),
		w("z 0", func(o *gepa.Options) { o.Staged.Z = 1e-9 }),
		w("z .6", func(o *gepa.Options) { o.Staged.Z = 0.6 }),
		w("top 5", func(o *gepa.Options) { o.Parent, o.TopK = gepa.ParentTopK, 5 }),
		w("top 3", func(o *gepa.Options) { o.Parent, o.TopK = gepa.ParentTopK, 3 }),
		w("eps .3", func(o *gepa.Options) { o.Parent, o.Epsilon = gepa.ParentEpsilonGreedy, 0.3 }),
		w("failures", func(o *gepa.Options) { o.Sampling = gepa.SampleFailures }),
		w("failures mini 10", func(o *gepa.Options) { o.Sampling = gepa.SampleFailures; o.Minibatch = 10 }),
		w("failures top 3", func(o *gepa.Options) { o.Sampling = gepa.SampleFailures; o.Parent, o.TopK = gepa.ParentTopK, 3 }),
		w("failures eps .3", func(o *gepa.Options) {
			o.Sampling = gepa.SampleFailures
			o.Parent, o.Epsilon = gepa.ParentEpsilonGreedy, 0.3
		}),
		w("paired", func(o *gepa.Options) { o.Acceptance = gepa.AcceptPaired }),
		w("children 2", func(o *gepa.Options) { o.Children = 2 }),
		w("children 3 mini 4", func(o *gepa.Options) { o.Children = 3; o.Minibatch = 4 }),
		w("memory 5", func(o *gepa.Options) { o.Memory = 5 }),
		w("merges 5 by model", func(o *gepa.Options) { o.MaxMerges = 5; o.MergeByModel = true }),
		w("merges 20 by model", func(o *gepa.Options) { o.MaxMerges = 20; o.MergeByModel = true }),
		w("cover", func(o *gepa.Options) { o.Dominance = gepa.DominanceCover }),
		w("round robin", func(o *gepa.Options) { o.Components = gepa.ComponentRoundRobin }),
	}
	sweep(cs, fams(false), []int{3000}, 16)
}

func TestBar2(t *testing.T) {
	if os.Getenv("BAR2") == "" {
		t.Skip()
	}
	k := with(paper(), func(o *gepa.Options) {
		o.Staged = gepa.Staged{First: 20, Growth: 2.5, Z: 0.5}
		o.InFlight, o.PerMember, o.Minibatch = 16, 3, 6
		o.Components = gepa.ComponentAll
	})
	w := func(name string, f func(*gepa.Options)) cfg { return cfg{name, with(k, f)} }
	cs := []cfg{
		{"paper", paper()},
		{"K16 per 3 mb 6 all first 20 g2.5 z.5 (base)", k},
		w("K8", func(o *gepa.Options) { o.InFlight, o.PerMember = 8, 0 }),
		w("K8 per 4", func(o *gepa.Options) { o.InFlight, o.PerMember = 8, 4 }),
		w("K8 per 2", func(o *gepa.Options) { o.InFlight, o.PerMember = 8, 2 }),
		w("K12 per 2", func(o *gepa.Options) { o.InFlight, o.PerMember = 12, 2 }),
		w("K12 per 3", func(o *gepa.Options) { o.InFlight, o.PerMember = 12, 3 }),
		w("K24 per 2", func(o *gepa.Options) { o.InFlight, o.PerMember = 24, 2 }),
		w("K12 per 2 mini 10", func(o *gepa.Options) { o.InFlight, o.PerMember, o.Minibatch = 12, 2, 10 }),
		w("K12 per 2 first 10 g2.5", func(o *gepa.Options) { o.InFlight, o.PerMember, o.Staged.First = 12, 2, 10 }),
		w("K12 per 2 first 25 g4", func(o *gepa.Options) { o.InFlight, o.PerMember, o.Staged.First, o.Staged.Growth = 12, 2, 25, 4 }),
		w("K12 per 2 round robin", func(o *gepa.Options) { o.InFlight, o.PerMember = 12, 2; o.Components = gepa.ComponentRoundRobin }),
		w("K12 per 2 merges", func(o *gepa.Options) { o.InFlight, o.PerMember = 12, 2; o.MaxMerges = 5; o.MergeByModel = true }),
	}
	sweep(cs, fams(false), []int{1000, 3000}, 16)
}
