package searchbench

import (
	"sync"
	"time"

	"github.com/gepa-go/gepa"
)

type outcome struct {
	seedTrue, final, val float64
	rollouts             int
	t                    timing
	proposals            int
	accept               float64
	early, late          float64
	full, partial        int
	reflections          int
	curve                []point
}
type point struct {
	rollouts int
	score    float64
}

func runProto(f Family, seed uint64, o protoOpts, refl Reflector) outcome {
	l := NewLandscape(f, seed)
	o.Seed = seed
	p := newProto(l, o)
	var out outcome
	if lastProto != nil {
		*lastProto = p
	}
	p.onBest = func(p *proto) {
		out.curve = append(out.curve, point{p.rollouts, l.True(p.pool[p.best].c)})
	}
	readings := map[string]*reading{}
	items := map[string]*item{}
	for i := range l.feedback {
		items[l.feedback[i].id] = &l.feedback[i]
	}
	for i := range l.validation {
		items[l.validation[i].id] = &l.validation[i]
	}
	t, err := simulate(p, BarClock(), l.seed, func(t task, now time.Duration) error {
		if t.reflect != nil {
			texts := map[string]string{}
			for ci, c := range t.reflect.component {
				texts[c] = refl.rewrite(t.reflect.parent[c], c, t.reflect.examples, t.reflect.rejected, name(l.seed, drawReflection, uint64(t.proposal), uint64(t.child), uint64(ci)))
			}
			p.tellReflect(t, t.reflect.parent.With(texts))
			return nil
		}
		r := readings[t.key.Candidate]
		if r == nil {
			r = l.read(t.job.Candidate)
			readings[t.key.Candidate] = r
		}
		p.tell(t, l.rollout(r, text(t.key.Candidate), items[t.job.Example.ID], 0))
		return nil
	})
	if err != nil {
		panic(err)
	}
	out.t = t
	out.seedTrue = l.True(gepa.Seed(l.components))
	out.final = l.True(p.pool[p.best].c)
	out.val = p.pool[p.best].mean
	out.rollouts = p.rollouts
	out.proposals = len(p.props)
	b := func(v []bool) float64 {
		n := 0.0
		for _, x := range v {
			if x {
				n++
			}
		}
		return n / float64(max(1, len(v)))
	}
	out.accept = b(p.acceptLog)
	out.early = b(p.acceptLog[:min(10, len(p.acceptLog))])
	out.late = b(p.acceptLog[max(0, len(p.acceptLog)-10):])
	out.full, out.partial = p.full, p.partial
	out.reflections = p.reflected
	return out
}

func runMany(f Family, from, n int, o protoOpts, refl Reflector) []outcome {
	out := make([]outcome, n)
	var wg sync.WaitGroup
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range 2 {
		wg.Go(func() {
			for i := range next {
				out[i] = runProto(f, uint64(from+i), o, refl)
			}
		})
	}
	wg.Wait()
	return out
}
