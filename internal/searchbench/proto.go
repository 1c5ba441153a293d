package searchbench

// PROTOTYPE, replaced by gepa.Search when it is there.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gepa-go/gepa"
)

type reflectRequest struct {
	parent    gepa.Candidate
	component []string
	examples  []gepa.Reflected
	rejected  []string
}

type task struct {
	proposal int
	child    int
	key      gepa.RolloutKey
	job      gepa.Job
	reflect  *reflectRequest
}

type searcher interface {
	ask() ([]task, error)
}

type protoOpts struct {
	K, PerMember, Mini, Children, Memory int
	Accept                               string // strict equal
	Parent                               string // pareto best epsilon topk
	Eps                                  float64
	TopK                                 int
	First                                int
	Growth, Z                            float64
	StageVs                              string // "best" "parent" "front"
	Failures                             bool
	Merges                               int
	All                                  bool
	Budget                               int
	Seed                                 uint64
	Cover                                bool
}

type member struct {
	c       gepa.Candidate
	hash    string
	scores  []float64 // NaN where not run
	mean    float64
	n       int
	next    int
	parent  int
	rejects []string
	born    int
}

type proto struct {
	l                                  *Landscape
	o                                  protoOpts
	pool                               []member
	best                               int
	props                              []*prop
	committed                          int
	scores                             map[gepa.RolloutKey]float64
	rolls                              map[gepa.RolloutKey]gepa.Rollout
	asked                              map[gepa.RolloutKey]bool
	rollouts                           int
	exHash                             map[string]string
	mini                               int
	stopped                            bool
	accepted, full, partial, reflected int
	acceptLog                          []bool
	fseen                              map[int]map[int]float64 // parent id -> feedback idx -> score
	onBest                             func(p *proto)
}

type prop struct {
	n          int
	parent     int
	comps      []string
	batch      []int
	stage      int // 0 parent rollouts, 1 reflecting, 2 gate, 3 validation, 4 ready to commit
	children   []gepa.Candidate
	got        int
	pick       int
	passed     bool
	order      []int
	upto       int
	reserved   int
	used       int
	sumP, sumC float64
	memberOK   bool
	m          member
	vparent    bool
}

func newProto(l *Landscape, o protoOpts) *proto {
	p := &proto{l: l, o: o, scores: map[gepa.RolloutKey]float64{}, rolls: map[gepa.RolloutKey]gepa.Rollout{}, asked: map[gepa.RolloutKey]bool{}, exHash: map[string]string{}, fseen: map[int]map[int]float64{}}
	for _, x := range l.data.Feedback {
		p.exHash[x.ID] = x.ID
	}
	for _, x := range l.data.Validation {
		p.exHash[x.ID] = x.ID
	}
	return p
}

func (p *proto) rng(purpose uint64, n int) *rand.Rand {
	return name(p.o.Seed, 100, purpose, uint64(n)).rand()
}

func (p *proto) minibatch() []int {
	n := len(p.l.data.Feedback)
	size := min(p.o.Mini, n)
	per := n / size
	e, w := p.mini/per, p.mini%per
	p.mini++
	return p.rng(1, e).Perm(n)[w*size : (w+1)*size]
}

func (p *proto) want(out *[]task, n int, c gepa.Candidate, hash string, ex gepa.Example) bool {
	k := gepa.RolloutKey{Candidate: hash, Example: ex.ID}
	if _, ok := p.scores[k]; ok {
		return true
	}
	if !p.asked[k] {
		p.asked[k] = true
		*out = append(*out, task{proposal: n, key: k, job: gepa.Job{Candidate: c, Example: ex}})
	}
	return false
}

func (p *proto) tell(t task, r gepa.Rollout) {
	p.scores[t.key] = r.Score
	p.rolls[t.key] = r
	p.rollouts++
}

func (p *proto) tellReflect(t task, c gepa.Candidate) {
	pr := p.props[t.proposal-1]
	pr.children[t.child] = c
	pr.got++
	p.reflected++
}

func (p *proto) ask() ([]task, error) {
	var out []task
	if len(p.pool) == 0 {
		done := true
		c := gepa.Seed(p.l.components)
		h := c.Hash()
		sc := make([]float64, len(p.l.data.Validation))
		for i, ex := range p.l.data.Validation {
			done = p.want(&out, 0, c, h, ex) && done
			sc[i] = p.scores[gepa.RolloutKey{Candidate: h, Example: ex.ID}]
		}
		if !done {
			return out, nil
		}
		p.pool = []member{{c: c, hash: h, scores: sc, n: len(sc), mean: avg(sc), parent: -1}}
		if p.onBest != nil {
			p.onBest(p)
		}
	}
	for {
		progress := false
		for _, pr := range p.props[p.committed:] {
			for p.step(pr, &out) {
				progress = true
			}
		}
		for p.committed < len(p.props) && p.props[p.committed].stage == 4 {
			p.commit(p.props[p.committed])
			p.committed++
			progress = true
		}
		for p.plan() {
			progress = true
		}
		if !progress {
			return out, nil
		}
	}
}

func (p *proto) reservedOut() int {
	r := 0
	for _, pr := range p.props[p.committed:] {
		r += pr.reserved
	}
	return r
}

func (p *proto) plan() bool {
	if p.stopped {
		return false
	}
	depth := p.o.K
	if p.o.PerMember > 0 {
		depth = min(depth, p.o.PerMember*len(p.pool))
	}
	if len(p.props)-p.committed >= max(1, depth) {
		return false
	}
	res := p.o.Mini*(1+max(1, p.o.Children)) + len(p.l.data.Validation)
	// settled rollouts: those of committed proposals + seed
	settled := len(p.l.data.Validation)
	for _, pr := range p.props[:p.committed] {
		settled += pr.used
	}
	if settled+p.reservedOut()+res > p.o.Budget {
		if len(p.props) == p.committed {
			p.stopped = true
		}
		return false
	}
	n := len(p.props) + 1
	pr := &prop{n: n, parent: p.parent(n), reserved: res}
	m := &p.pool[pr.parent]
	if p.o.All {
		for _, c := range p.l.components {
			pr.comps = append(pr.comps, c.Name)
		}
	} else {
		pr.comps = []string{p.l.components[m.next].Name}
		m.next = (m.next + 1) % len(p.l.components)
	}
	pr.batch = p.minibatch()
	pr.children = make([]gepa.Candidate, max(1, p.o.Children))
	p.props = append(p.props, pr)
	return true
}

func (p *proto) parent(n int) int {
	r := p.rng(2, n)
	switch p.o.Parent {
	case "best":
		return p.best
	case "epsilon":
		if r.Float64() < p.o.Eps {
			return r.IntN(len(p.pool))
		}
		return p.best
	case "topk":
		ids := make([]int, 0, len(p.pool))
		for i := range p.pool {
			if p.pool[i].n == len(p.l.data.Validation) {
				ids = append(ids, i)
			}
		}
		slices.SortStableFunc(ids, func(a, b int) int {
			if p.pool[a].mean > p.pool[b].mean {
				return -1
			}
			if p.pool[a].mean < p.pool[b].mean {
				return 1
			}
			return 0
		})
		return ids[r.IntN(min(len(ids), p.o.TopK))]
	}
	rows := make([][]float64, len(p.pool))
	for i := range p.pool {
		rows[i] = make([]float64, len(p.pool[i].scores))
		for j, v := range p.pool[i].scores {
			if math.IsNaN(v) {
				v = -1
			}
			rows[i][j] = v
		}
	}
	d := gepa.DominanceSubset
	if p.o.Cover {
		d = gepa.DominanceCover
	}
	return gepa.SelectByExample(rows, d).Draw(r)
}

// step moves a proposal on; true if it changed.
func (p *proto) step(pr *prop, out *[]task) bool {
	par := &p.pool[pr.parent]
	fb := p.l.data.Feedback
	switch pr.stage {
	case 0:
		done := true
		for _, i := range pr.batch {
			done = p.want(out, pr.n, par.c, par.hash, fb[i]) && done
		}
		if !done {
			return false
		}
		sum := 0.0
		req := &reflectRequest{parent: par.c, component: pr.comps}
		for _, i := range pr.batch {
			r := p.rolls[gepa.RolloutKey{Candidate: par.hash, Example: fb[i].ID}]
			sum += r.Score
			req.examples = append(req.examples, gepa.Reflected{Example: fb[i], Rollout: r})
		}
		pr.sumP = sum
		if sum >= float64(len(pr.batch))-1e-9 {
			pr.stage = 4
			return true
		}
		if p.o.Memory > 0 {
			k := par.rejects
			if len(k) > p.o.Memory {
				k = k[len(k)-p.o.Memory:]
			}
			req.rejected = k
		}
		for c := range pr.children {
			*out = append(*out, task{proposal: pr.n, child: c, reflect: req})
		}
		pr.stage = 1
		return true
	case 1:
		if pr.got < len(pr.children) {
			return false
		}
		pr.stage = 2
		return true
	case 2:
		done := true
		best, pick := -1.0, -1
		for ci, c := range pr.children {
			h := c.Hash()
			sum := 0.0
			for _, i := range pr.batch {
				done = p.want(out, pr.n, c, h, fb[i]) && done
				sum += p.scores[gepa.RolloutKey{Candidate: h, Example: fb[i].ID}]
			}
			if sum > best+1e-9 {
				best, pick = sum, ci
			}
		}
		if !done {
			return false
		}
		pr.sumC, pr.pick = best, pick
		pr.passed = best > pr.sumP+1e-9 || p.o.Accept == "equal" && best > pr.sumP-1e-9
		if !pr.passed {
			pr.stage = 4
			return true
		}
		pr.order = p.rng(3, 0).Perm(len(p.l.data.Validation))
		pr.upto = len(pr.order)
		if p.o.First > 0 {
			pr.upto = min(p.o.First, len(pr.order))
		}
		c := pr.children[pick]
		pr.m = member{c: c, hash: c.Hash(), scores: make([]float64, len(pr.order)), parent: pr.parent, next: par.next}
		for i := range pr.m.scores {
			pr.m.scores[i] = math.NaN()
		}
		pr.stage = 3
		return true
	case 3:
		done := true
		v := p.l.data.Validation
		for _, i := range pr.order[:pr.upto] {
			done = p.want(out, pr.n, pr.m.c, pr.m.hash, v[i]) && done
			pr.m.scores[i] = p.scores[gepa.RolloutKey{Candidate: pr.m.hash, Example: v[i].ID}]
		}
		if !done {
			return false
		}
		pr.m.n = pr.upto
		if pr.upto == len(pr.order) || p.drop(pr) {
			pr.stage = 4
			return true
		}
		pr.upto = min(len(pr.order), int(math.Ceil(float64(pr.upto)*p.o.Growth)))
		return true
	}
	return false
}

// drop decides whether validation goes on after a part.
func (p *proto) drop(pr *prop) bool {
	ref := p.pool[p.best]
	if p.o.StageVs == "parent" {
		ref = p.pool[pr.parent]
	}
	var d []float64
	for _, i := range pr.order[:pr.upto] {
		r := ref.scores[i]
		if math.IsNaN(r) {
			continue
		}
		d = append(d, pr.m.scores[i]-r)
	}
	m := avg(d)
	s := 0.0
	for _, x := range d {
		s += (x - m) * (x - m)
	}
	se := math.Sqrt((s/float64(len(d)-1) + 0.02) / float64(len(d)))
	return m+p.o.Z*se < 0
}

func (p *proto) commit(pr *prop) {
	pr.used = 0
	// settle: count distinct rollouts asked for this proposal is approximated by keys new to it
	used := map[gepa.RolloutKey]bool{}
	_ = used
	pr.used = pr.countUsed(p)
	if pr.sumP < float64(len(pr.batch))-1e-9 {
		p.acceptLog = append(p.acceptLog, pr.passed)
	}
	par := &p.pool[pr.parent]
	rejected := func() {
		if pr.got > 0 {
			for _, c := range pr.children {
				for _, comp := range pr.comps {
					par.rejects = append(par.rejects, c[comp])
				}
			}
		}
	}
	if !pr.passed {
		rejected()
		return
	}
	p.accepted++
	s, n := 0.0, 0
	for _, x := range pr.m.scores {
		if !math.IsNaN(x) {
			s += x
			n++
		}
	}
	pr.m.mean, pr.m.n = s/float64(n), n
	pr.m.born = p.rollouts
	for i, c := range p.l.components {
		if c.Name == pr.comps[len(pr.comps)-1] {
			pr.m.next = (i + 1) % len(p.l.components)
		}
	}
	p.pool = append(p.pool, pr.m)
	if n == len(pr.m.scores) {
		p.full++
		if pr.m.mean > p.pool[p.best].mean {
			p.best = len(p.pool) - 1
			if p.onBest != nil {
				p.onBest(p)
			}
		}
	} else {
		p.partial++
		rejected()
	}
}

func (pr *prop) countUsed(p *proto) int {
	n := 0
	if pr.vparent {
		return 0
	}
	n += len(pr.batch)
	if pr.got > 0 {
		n += len(pr.children) * len(pr.batch)
	}
	if pr.passed {
		n += pr.m.n
	}
	return n
}

func avg(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s / float64(max(1, len(v)))
}

var _ = fmt.Sprint
var lastProto **proto
