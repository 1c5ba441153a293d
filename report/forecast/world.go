package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/draw"
)

// A world is one guess at what a run will meet: a simulated system and model.
// The guesses agree with the trial and with each other no better than it says.
type world struct {
	*measures
	seedNumber uint64
	pool       []int // measured rollouts, drawn with repetition
	made       []int // measured proposals, likewise
	// useful is the share of new texts that do anything; own and lifts are the
	// shares of failing examples that such a text makes better, on the
	// minibatch that it was written from and elsewhere; breaks is the share of
	// others that any text makes worse; hopeless the share of failing examples
	// that no text helps.
	useful, own, lifts, breaks, hopeless float64
	whole                                float64 // share of lifts that go all the way
	// alike is how much edits differ: the shares that they lift are draws of a
	// beta distribution of so much weight. A small one means that an edit lifts
	// nearly all or hardly anything.
	alike     float64
	refusal   float64 // share of reflections without a text
	grows     float64 // a later rewriting's growth, in parts of a first one's
	longer    float64 // growth, in parts of what was measured
	outputs   float64
	parsed    map[string]texts        // by the candidate's hash
	strengths map[int]strength        // by edit
	batches   map[int]map[uint64]bool // the examples that an edit was written from, by number
}

// texts are what a simulated candidate's texts say.
type texts struct {
	edits   []int
	lengths map[string]int
}

// guess draws what is not known, before the trial is looked at. Some systems
// are simple: every failure can be mended, nothing breaks, and what helps one
// example helps all; each of these has a chance of its own. Who names a target
// score thinks that it can be reached.
func (w *world) guess(r *rand.Rand) {
	sometimes := func(chance, otherwise, value float64) float64 {
		if r.Float64() < chance {
			return value
		}
		return otherwise
	}
	w.useful, w.own = beta(r, 3, 1.2), beta(r, 1.5, 1.5)
	w.breaks, w.hopeless = sometimes(0.3, beta(r, 1, 12), 0), sometimes(choose(w.in.Options.Budget.TargetScore > 0, 0.7, 0.3), beta(r, 1, 3), 0)
	w.lifts = w.own * sometimes(0.3, beta(r, 1.5, 1), 1)
	w.alike = math.Exp(math.Log(0.25) + r.Float64()*math.Log(16/0.25))
}

// fits says how likely the trial's edits are in this world, to the power of a
// half: the edits that come first have more in common than is assumed here.
func (w *world) fits() float64 {
	logged := w.mended * math.Log(max(1-w.hopeless, 0.002))
	for _, e := range w.edits {
		can := 1 - w.hopeless
		does := betaBinomial(w.alike, w.own*can+w.up, e.own) + betaBinomial(w.alike, w.lifts*can+w.up, e.elsewhere)
		idle := betaBinomial(w.alike, w.up, e.own) + betaBinomial(w.alike, w.up, e.elsewhere)
		logged += math.Log(w.useful*math.Exp(does)+(1-w.useful)*math.Exp(idle)+1e-300) + betaBinomial(w.alike, w.breaks+w.down, e.broken)
	}
	return math.Exp(logged / 2)
}

// betaBinomial returns the logarithm of the chance of such a share, up to a
// constant, where its mean is p.
func betaBinomial(alike, p float64, s share) float64 {
	p = min(max(p, 0.002), 0.998)
	a, b := alike*p, alike*(1-p)
	g := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	return g(a+s.changed) + g(b+s.of-s.changed) - g(a+b+s.of) - g(a) - g(b) + g(a+b)
}

// guesses is how many guesses there are for worlds to be chosen from.
const guesses = 4000

// A belief is guesses with how well they fit the trial.
type belief struct {
	guesses []world
	up      []float64 // the sum of the weights up to each
}

func (m *measures) believe() belief {
	r := named(m.in.Options.Seed, drawWorld).Rand()
	b := belief{make([]world, guesses), make([]float64, guesses)}
	total := 0.0
	for i := range b.guesses {
		b.guesses[i].measures = m
		b.guesses[i].guess(r)
		total += b.guesses[i].fits()
		b.up[i] = total
	}
	return b
}

// newWorld draws a world: one of the guesses, in proportion to how well they
// fit the trial.
func newWorld(m *measures, b belief, number uint64) *world {
	seed := uint64(named(m.in.Options.Seed, drawWorld, number))
	r := draw.Key(seed).Rand()
	at, _ := slices.BinarySearch(b.up, r.Float64()*b.up[len(b.up)-1])
	g := b.guesses[min(at, len(b.guesses)-1)]
	w := &g
	w.seedNumber, w.parsed, w.strengths, w.batches = seed, map[string]texts{}, map[int]strength{}, map[int]map[uint64]bool{}
	w.refusal = beta(r, 0.4+float64(m.refused), 6+float64(len(m.in.Trial.Proposals)-m.refused))
	w.whole = beta(r, 1+w.complete.changed, 1+w.complete.of-w.complete.changed)
	w.grows, w.longer = 0.1+0.8*r.Float64(), math.Exp(0.4*r.NormFloat64())
	w.outputs = m.outputs * math.Exp(0.1*r.NormFloat64())
	for range m.seed {
		w.pool = append(w.pool, r.IntN(len(m.seed)))
	}
	for range m.in.Trial.Proposals {
		w.made = append(w.made, r.IntN(len(m.in.Trial.Proposals)))
	}
	return w
}

// A simulated text is its length and the numbers of the edits that made it.

func writeText(length int, edits []int) string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(length))
	for _, e := range edits {
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(e))
	}
	return b.String()
}

func readText(text string) (length int, edits []int) {
	for i, word := range strings.Fields(text) {
		n, err := strconv.Atoi(word)
		if err != nil {
			panic(fmt.Sprintf("forecast: %q is no simulated text", text))
		}
		if i == 0 {
			length = n
		} else {
			edits = append(edits, n)
		}
	}
	return length, edits
}

// read returns what a simulated candidate's texts say.
func (w *world) read(hash string, c gepa.Candidate) texts {
	if known, ok := w.parsed[hash]; ok {
		return known
	}
	t := texts{lengths: make(map[string]int, len(c))}
	for name, text := range c {
		length, edits := readText(text)
		t.lengths[name] = length
		t.edits = append(t.edits, edits...)
	}
	slices.Sort(t.edits)
	t.edits = slices.Compact(t.edits)
	w.parsed[hash] = t
	return t
}

// sampled returns the measured rollout that stands for an example's: its own
// where there is one.
func (w *world) sampled(example string, number uint64) *Rollout {
	if i, known := w.byHash[example]; known {
		return &w.seed[i]
	}
	return &w.seed[w.pool[named(w.seedNumber, drawRollout, number).Of(len(w.pool))]]
}

// base returns the starting candidate's score on an example.
func (w *world) base(example string, number uint64) float64 {
	if i, known := w.byHash[example]; known {
		return w.seed[i].Rollout.Score
	}
	k := named(w.seedNumber, drawScore, number)
	// One example more of each kind than was seen: nothing is certain.
	if u := k.Uniform() * float64(len(w.seed)+2); u < 1 {
		return choose(k&1 == 0, w.lowest, w.perfect)
	}
	return w.sampled(example, number).Rollout.Score
}

// score returns a candidate's score on an example, by the edits it is made of.
func (w *world) score(hash uint64, t texts, example string, number uint64) float64 {
	if measured, ok := w.measured(t, example); ok {
		return measured
	}
	base := w.base(example, number)
	s := base
	hopeless := named(w.seedNumber, drawHopeless, number).Uniform() < w.hopeless
	for _, e := range t.edits {
		up, down := named(w.seedNumber, drawLift, uint64(e), number), named(w.seedNumber, drawBreak, uint64(e), number)
		st := w.strength(e)
		lifts := choose(w.batches[e][number], st.own, st.lifts)
		switch {
		case s < w.perfect-scoreTie && !hopeless && up.Uniform() < lifts:
			s = min(s+max(w.perfect-base, (w.perfect-w.lowest)/10)*w.far(st, up.Next()), w.perfect)
		case s > w.lowest+scoreTie && down.Uniform() < w.breaks:
			s = w.lowest
		}
	}
	if len(t.edits) == 0 {
		return s
	}
	switch u := named(w.seedNumber, drawNoise, hash, number).Uniform(); {
	case s < w.perfect-scoreTie && u < w.up:
		return w.perfect
	case s > w.lowest+scoreTie && u < w.down:
		return w.lowest
	}
	return s
}

// strength is what an edit does.
type strength struct{ own, lifts, whole, part float64 }

func (w *world) strength(edit int) strength {
	s, known := w.strengths[edit]
	if !known {
		r := named(w.seedNumber, drawEdit, uint64(edit)).Rand()
		e, tried := w.tried(edit)
		if tried || r.Float64() < w.useful {
			s.own, s.lifts = e.own.given(r, w.own, w.alike), e.elsewhere.given(r, w.lifts, w.alike)
		}
		s.whole = e.complete.given(r, w.whole, 1) // mostly all of its lifts go all the way, or none does
		s.part = r.Float64() * 1.5
		if len(w.partial) > 0 && (tried || r.Float64() < 0.5) {
			s.part = w.partial[r.IntN(len(w.partial))]
		}
		w.strengths[edit] = s
	}
	return s
}

// given draws a chance whose mean is p in general, by what was seen of it.
func (s share) given(r *rand.Rand, p, weight float64) float64 {
	return beta(r, weight*p+s.changed, weight*(1-p)+s.of-s.changed)
}

// far returns how far an edit lifts an example, in parts of the seed's distance
// to the best score.
func (w *world) far(s strength, k draw.Key) float64 {
	if !w.between || k.Uniform() < s.whole {
		return 10 // all the way
	}
	return s.part
}
