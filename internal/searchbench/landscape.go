package searchbench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/draw"
)

// A Family describes landscapes of one kind. A landscape is drawn from it by a
// seed.
type Family struct {
	// Name says what is special about it.
	Name string
	// HeldOut marks a family that was not used to choose anything.
	HeldOut bool
	// Components is the number of texts, Rules how many hidden rules they
	// share out between them.
	Components, Rules int
	// Zipf shapes how unequally often rules are needed: rule i is needed in
	// proportion to (i+1)^-Zipf.
	Zipf float64
	// MinNeeds and MaxNeeds bound how many rules an example needs, unless it
	// is easy.
	MinNeeds, MaxNeeds int
	// Easy is the share of examples that need no rule, Hopeless the share that
	// no rule helps, though their feedback asks for some.
	Easy, Hopeless float64
	// Base is the mean score of an example none of whose needs are met.
	Base float64
	// Sharp is the power of the share of needs met: above 1, the last rule
	// counts more than the first.
	Sharp float64
	// Clusters is the number of kinds of examples that have needs of their
	// own; 1 is no clusters. A cluster's rules hurt the others' examples.
	Clusters int
	// HarmShare is the share of the other rules that hurt examples they were
	// not meant for, HarmReach the share of examples they hurt.
	HarmShare, HarmReach float64
	// Harm is the share of its score that an example loses to such a rule.
	Harm float64
	// Approaches is in how many ways a text can frame its task. Under each, a
	// share of the rules does little: on average Blocked of them, for some
	// approaches hardly any and for others twice as many. A text that says
	// much does not change its approach, so a search that follows one line of
	// descent ends at what its approach allows.
	Approaches int
	Blocked    float64
	// Capacity is how many rules a text can hold before they dilute each
	// other; 0 is no limit.
	Capacity int
	// Binary says that a rollout scores 0 or 1, else it is graded with normal
	// noise of standard deviation Noise.
	Binary bool
	Noise  float64
	// Stable is the share of the noise that is the example's own, the same
	// under every text.
	Stable float64
	// Reveal is the chance that feedback names an unmet need, Mislead that it
	// names a wrong one, Misplace that it blames another component.
	Reveal, Mislead, Misplace float64
	// Feedback is the size of the feedback set.
	Feedback int
}

// A rule is one thing that a text can say.
type rule struct {
	component int
	cluster   int     // -1: for all
	weight    float64 // how often it is needed
	harm      float64 // the share of its score that a harmed example loses
	reach     float64 // the share of examples that it harms, where it is no cluster's
}

// An item is what the landscape knows of an example; the engine sees an id.
type item struct {
	id      string
	number  uint64 // its name in draws
	cluster int
	base    float64
	ceiling float64
	needs   []need
	decoys  []int // rules that its feedback asks for in vain
	harmed  []bool
}

type need struct {
	rule  int
	share float64 // of the example's needs; they sum to 1
}

// A Landscape is a system with a known structure. It is immutable once made
// and safe for concurrent use.
type Landscape struct {
	family     Family
	seed       uint64
	components []gepa.Component
	rules      []rule
	byPart     [][]int  // rules by component
	blocked    [][]bool // by approach, then by rule
	data       gepa.Data
	feedback   []item
	validation []item
	fresh      []item           // examples of the final, noise-free measurement
	items      map[string]*item // the feedback and validation examples, by id
	reflector  Reflector
}

// validationSize is the number of validation examples that the bars of the
// engine name; freshSize makes the standard error of a true score 0.007.
const (
	validationSize = 100
	freshSize      = 2000
)

// NewLandscape draws a landscape of a family.
func NewLandscape(f Family, seed uint64) *Landscape {
	l := &Landscape{family: f, seed: uint64(draw.Key(seed ^ text(f.Name)).Next()), items: map[string]*item{}, reflector: usualReflector()}
	r := name(l.seed, drawLandscape).Rand()
	l.byPart = make([][]int, f.Components)
	for c := range f.Components {
		l.components = append(l.components, gepa.Component{Name: "part" + strconv.Itoa(c), Text: prompt{}.String()})
	}
	for i := range f.Rules {
		x := rule{component: r.IntN(f.Components), cluster: -1, weight: math.Pow(float64(i+1), -f.Zipf)}
		switch {
		case f.Clusters > 1 && r.Float64() < 0.6:
			x.cluster, x.harm = r.IntN(f.Clusters), f.Harm*(0.5+r.Float64())
		case r.Float64() < f.HarmShare:
			x.harm, x.reach = f.Harm*(0.5+r.Float64()), f.HarmReach
		}
		l.rules = append(l.rules, x)
		l.byPart[x.component] = append(l.byPart[x.component], i)
	}
	l.blocked = make([][]bool, max(1, f.Approaches))
	for a := range l.blocked {
		l.blocked[a] = make([]bool, f.Rules)
		share := 2 * f.Blocked * r.Float64()
		for i := range l.blocked[a] {
			l.blocked[a][i] = r.Float64() < share
		}
	}
	l.feedback, l.data.Feedback = l.draw("f", f.Feedback)
	l.validation, l.data.Validation = l.draw("v", validationSize)
	l.fresh, _ = l.draw("t", freshSize)
	for _, set := range [][]item{l.feedback, l.validation} {
		for i := range set {
			l.items[set[i].id] = &set[i]
		}
	}
	return l
}

// items draws a set of examples.
func (l *Landscape) draw(set string, n int) ([]item, []gepa.Example) {
	items, examples := make([]item, n), make([]gepa.Example, n)
	for i := range items {
		id := set + strconv.Itoa(i)
		items[i] = l.item(id)
		examples[i] = gepa.Example{ID: id, Inputs: gepa.NewFields("question", id)}
	}
	return items, examples
}

func (l *Landscape) item(id string) item {
	f := l.family
	x := item{id: id, number: text(id), ceiling: 1}
	r := name(l.seed, drawExample, x.number).Rand()
	x.cluster = r.IntN(max(1, f.Clusters))
	x.base = f.Base * (0.4 + 1.2*r.Float64())
	x.harmed = make([]bool, len(l.rules))
	for i, rule := range l.rules {
		u := r.Float64()
		if rule.cluster >= 0 {
			x.harmed[i] = rule.cluster != x.cluster
		} else {
			x.harmed[i] = u < rule.reach
		}
	}
	switch u := r.Float64(); {
	case u < f.Easy:
		x.base = 0.85 + 0.15*r.Float64()
	case u < f.Easy+f.Hopeless:
		x.ceiling = x.base + 0.15
		x.decoys = l.needed(r, x.cluster, 2)
	default:
		x.ceiling = 0.9 + 0.1*r.Float64()
		wanted := l.needed(r, x.cluster, f.MinNeeds+r.IntN(f.MaxNeeds-f.MinNeeds+1))
		for _, rule := range wanted {
			x.needs = append(x.needs, need{rule: rule, share: 1 / float64(len(wanted))})
			x.harmed[rule] = false
		}
	}
	return x
}

// needed picks different rules that examples of a cluster may need, by weight.
func (l *Landscape) needed(r *rand.Rand, cluster, n int) []int {
	weights := make([]float64, len(l.rules))
	total := 0.0
	for i, x := range l.rules {
		if x.cluster < 0 || x.cluster == cluster {
			weights[i] = x.weight
			total += x.weight
		}
	}
	var out []int
	for len(out) < n && total > 1e-12 {
		at := r.Float64() * total
		for i, w := range weights {
			if at -= w; w > 0 && at < 0 {
				out = append(out, i)
				total -= w
				weights[i] = 0
				break
			}
		}
	}
	return out
}

// String names the landscape.
func (l *Landscape) String() string { return fmt.Sprintf("%s (seed %x)", l.family.Name, l.seed) }

// Components implements [gepa.System].
func (l *Landscape) Components() []gepa.Component { return l.components }

// Run implements [gepa.System], for runs in real time.
func (l *Landscape) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	x, ok := l.items[job.Example.ID]
	if !ok {
		return gepa.Rollout{}, gepa.Fatal(fmt.Errorf("%v has no example %q", l, job.Example.ID))
	}
	return l.rollout(l.read(job.Candidate), text(job.Candidate.Hash()), x, job.Repeat), nil
}

// Proposer returns the simulated reflector, for runs in real time.
func (l *Landscape) Proposer() gepa.Proposer { return proposer{l} }

type proposer struct{ l *Landscape }

func (p proposer) Propose(_ context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	return gepa.Reflection{Texts: p.l.reflector.reflect(&req, p.l.seed)}, nil
}

// Data returns the landscape's feedback and validation examples.
func (l *Landscape) Data() gepa.Data { return l.data }
