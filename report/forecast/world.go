package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
)

// measures are what the trial measured, in the form that worlds are drawn
// from. They do not change.
type measures struct {
	in       Input
	start    gepa.Candidate
	perfect  float64
	lowest   float64
	seed     []Rollout      // of the starting candidate, not repeated
	byHash   map[string]int // the index in seed, by example
	perChar  float64        // input tokens a character of a prompt
	asked    map[string]float64
	outputs  float64 // of a rewritten candidate, in parts of the seed's
	noise    float64 // the share of repeats that score differently
	repeats  int
	edits    [][4]int // lifted of failing, broken of solved, by proposal
	growth   []float64
	regrowth []float64
	refused  int
}

// What is assumed where the trial measured nothing: four characters a token,
// a new instruction of so many characters more, and calls of so many tokens.
const (
	defaultPerChar = 0.25
	defaultGrowth  = 800
	defaultReply   = 400
)

func measure(in Input) *measures {
	m := &measures{in: in, start: in.start(), perfect: in.Options.WithDefaults().PerfectScore, byHash: map[string]int{}, asked: map[string]float64{}}
	startHash := m.start.Hash()
	for _, r := range in.Trial.Rollouts {
		if _, known := m.byHash[r.Example]; !known && r.Repeat == 0 && r.Texts.Hash() == startHash {
			m.byHash[r.Example] = len(m.seed)
			m.seed = append(m.seed, r)
			m.lowest = min(m.lowest, r.Rollout.Score)
		}
	}
	m.measurePrompts()
	m.measureNoise(startHash)
	m.measureEdits()
	return m
}

// measurePrompts learns how many tokens a prompt's characters are, how often a
// component is asked, and how a rewritten candidate's replies compare.
func (m *measures) measurePrompts() {
	var tokens, chars, asked float64
	var traced int
	for _, r := range m.in.Trial.Rollouts {
		var own float64
		for _, step := range r.Rollout.Trace {
			for _, x := range step.Exchanges {
				m.asked[step.Component]++
				asked++
				for _, msg := range x.Messages {
					own += float64(len(msg.Content))
				}
			}
		}
		if own > 0 && r.Rollout.Usage.InputTokens > 0 {
			tokens, chars = tokens+float64(r.Rollout.Usage.InputTokens), chars+own
		}
		traced++
	}
	for name := range m.asked {
		m.asked[name] /= float64(max(traced, 1))
	}
	m.perChar = defaultPerChar
	if chars > 0 {
		m.perChar = min(max(tokens/chars, 0.05), 2)
	}
	if asked == 0 { // not traced: each component once, where anything is asked at all
		for _, c := range m.in.Components {
			m.asked[c.Name] = 1
		}
	}
	var before, after float64
	startHash := m.start.Hash()
	for _, r := range m.in.Trial.Rollouts {
		i, known := m.byHash[r.Example]
		if known && r.Repeat == 0 && r.Texts.Hash() != startHash {
			before += float64(m.seed[i].Rollout.Usage.OutputTokens)
			after += float64(r.Rollout.Usage.OutputTokens)
		}
	}
	m.outputs = 1
	if before > 0 {
		m.outputs = min(max(after/before, 0.25), 4)
	}
}

func (m *measures) measureNoise(startHash string) {
	var differ, all float64
	for _, r := range m.in.Trial.Rollouts {
		i, known := m.byHash[r.Example]
		if known && r.Repeat > 0 && r.Texts.Hash() == startHash {
			all++
			if math.Abs(r.Rollout.Score-m.seed[i].Rollout.Score) > scoreTie {
				differ++
			}
		}
	}
	m.repeats = int(all)
	if all > 0 {
		m.noise = differ / all
	}
}

// scoreTie is by how much scores may differ and still be the same.
const scoreTie = 1e-9

// measureEdits learns what the trial's proposals did to scores and to lengths.
func (m *measures) measureEdits() {
	scores := map[gepa.RolloutKey]float64{}
	for _, r := range m.in.Trial.Rollouts {
		if r.Repeat == 0 {
			scores[gepa.RolloutKey{Candidate: r.Texts.Hash(), Example: r.Example}] = r.Rollout.Score
		}
	}
	for _, p := range m.in.Trial.Proposals {
		if len(p.Texts) == 0 {
			m.refused++
			continue
		}
		for name, text := range p.Texts {
			longer := float64(len(text) - len(p.Parent[name]))
			if p.Parent[name] == m.start[name] {
				m.growth = append(m.growth, longer)
			} else {
				m.regrowth = append(m.regrowth, longer)
			}
		}
		parent, child := p.Parent.Hash(), p.Parent.With(p.Texts).Hash()
		var e [4]int
		for _, ex := range p.Examples {
			before, ok := scores[gepa.RolloutKey{Candidate: parent, Example: ex}]
			after, also := scores[gepa.RolloutKey{Candidate: child, Example: ex}]
			if !ok || !also {
				continue
			}
			if before < m.perfect-scoreTie {
				e[1]++
				if after > before+scoreTie {
					e[0]++
				}
			}
			if before > m.lowest+scoreTie {
				e[3]++
				if after < before-scoreTie {
					e[2]++
				}
			}
		}
		m.edits = append(m.edits, e)
	}
	slices.Sort(m.growth) // the texts of one proposal are a map
	slices.Sort(m.regrowth)
}

// A world is one guess at what a run will meet: a simulated system and model.
// The guesses agree with the trial and with each other no better than it says.
type world struct {
	*measures
	seedNumber uint64
	pool       []int // measured rollouts, drawn with repetition
	made       []int // measured proposals, likewise
	// useful is the share of new texts that do anything; lifts is the share of
	// failing examples that such a text makes better, breaks the share of
	// others that any text makes worse; hopeless the share of failing ones
	// that no text helps.
	useful, lifts, breaks, hopeless float64
	refusal                         float64 // share of reflections without a text
	grows                           float64 // a later rewriting's growth, in parts of a first one's
	outputs                         float64
	parsed                          map[string]texts // by the candidate's hash
	strengths                       map[int]float64  // by edit
}

// texts are what a simulated candidate's texts say.
type texts struct {
	edits   []int
	lengths map[string]int
}

// guess draws what is not known, before the trial is looked at.
func (w *world) guess(r *rand.Rand) {
	w.useful, w.lifts, w.breaks, w.hopeless = beta(r, 2, 1.2), beta(r, 1, 1.8), beta(r, 1, 12), beta(r, 1, 2)
}

// fits says how likely the trial's edits are in this world, to the power of a
// half: examples of one edit have more in common than it assumes.
func (w *world) fits() float64 {
	logged := 0.0
	for _, e := range w.edits {
		lifted, failing, broken, solved := float64(e[0]), float64(e[1]), float64(e[2]), float64(e[3])
		noise := w.noise / 2
		lift := min(max(w.lifts*(1-w.hopeless)+noise, 1e-6), 1-1e-6)
		idle := min(max(noise, 1e-3), 1-1e-6)
		harm := min(max(w.breaks+noise, 1e-6), 1-1e-6)
		chance := func(p, k, n float64) float64 { return k*math.Log(p) + (n-k)*math.Log(1-p) }
		logged += math.Log(w.useful*math.Exp(chance(lift, lifted, failing)) + (1-w.useful)*math.Exp(chance(idle, lifted, failing)) + 1e-300)
		logged += chance(harm, broken, solved)
	}
	return math.Exp(logged / 2)
}

// guesses is how many guesses there are for each world to choose from.
const guesses = 40

// newWorld draws a world: of several guesses the one that fits the trial, in
// proportion to how well it does.
func newWorld(m *measures, number uint64) *world {
	seed := uint64(named(m.in.Options.Seed, drawWorld, number))
	r := key(seed).rand()
	w := &world{measures: m, seedNumber: seed, parsed: map[string]texts{}, strengths: map[int]float64{}}
	best := make([]world, guesses)
	weights, total := make([]float64, guesses), 0.0
	for i := range best {
		best[i].measures = m
		best[i].guess(r)
		weights[i] = best[i].fits()
		total += weights[i]
	}
	chosen, at := r.Float64()*total, 0
	for at < guesses-1 && chosen >= weights[at] {
		chosen -= weights[at]
		at++
	}
	g := best[at]
	w.useful, w.lifts, w.breaks, w.hopeless = g.useful, g.lifts, g.breaks, g.hopeless
	w.refusal = beta(r, 0.4+float64(m.refused), 6+float64(len(m.in.Trial.Proposals)-m.refused))
	w.grows = 0.1 + 0.8*r.Float64()
	w.outputs = m.outputs * math.Exp(0.08*r.NormFloat64())
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
	return &w.seed[w.pool[named(w.seedNumber, drawRollout, number).of(len(w.pool))]]
}

// base returns the starting candidate's score on an example.
func (w *world) base(example string, number uint64) float64 {
	if i, known := w.byHash[example]; known {
		return w.seed[i].Rollout.Score
	}
	k := named(w.seedNumber, drawScore, number)
	// One example more of each kind than was seen: nothing is certain.
	if u := k.uniform() * float64(len(w.seed)+2); u < 1 {
		return choose(k&1 == 0, w.lowest, w.perfect)
	}
	return w.sampled(example, number).Rollout.Score
}

// score returns a candidate's score on an example, by the edits it is made of.
func (w *world) score(hash uint64, t texts, example string, number uint64) float64 {
	s := w.base(example, number)
	hopeless := named(w.seedNumber, drawHopeless, number).uniform() < w.hopeless
	for _, e := range t.edits {
		lifts := w.strength(e)
		up, down := named(w.seedNumber, drawLift, uint64(e), number), named(w.seedNumber, drawBreak, uint64(e), number)
		switch {
		case s < w.perfect-scoreTie && !hopeless && up.uniform() < lifts:
			s = w.toward(s, w.perfect, key(mix(uint64(up))))
		case s > w.lowest+scoreTie && down.uniform() < w.breaks:
			s = w.toward(s, w.lowest, key(mix(uint64(down))))
		}
	}
	if w.noise > 0 && len(t.edits) > 0 {
		if k := named(w.seedNumber, drawNoise, hash, number); k.uniform() < w.noise {
			s = w.seed[w.pool[key(mix(uint64(k))).of(len(w.pool))]].Rollout.Score
		}
	}
	return s
}

// strength returns the share of failing examples that an edit lifts.
func (w *world) strength(edit int) float64 {
	s, known := w.strengths[edit]
	if !known {
		r := named(w.seedNumber, drawEdit, uint64(edit)).rand()
		if r.Float64() < w.useful {
			s = beta(r, 4*w.lifts, 4*(1-w.lifts))
		}
		w.strengths[edit] = s
	}
	return s
}

// toward moves a score to an end or, where scores are graded, part of the way.
func (w *world) toward(from, to float64, k key) float64 {
	if w.graded() && k.uniform() < 0.5 {
		return from + (to-from)*key(mix(uint64(k))).uniform()
	}
	return to
}

// graded reports whether scores between the best and the worst were seen.
func (w *measures) graded() bool {
	return slices.ContainsFunc(w.seed, func(r Rollout) bool {
		return r.Rollout.Score > w.lowest+scoreTie && r.Rollout.Score < w.perfect-scoreTie
	})
}

// consumption is what a simulated task takes.
type consumption struct {
	calls, input, output, nanos, unknown float64
	took                                 time.Duration
}

func (c *consumption) add(o consumption) {
	c.calls, c.input, c.output, c.nanos, c.unknown = c.calls+o.calls, c.input+o.input, c.output+o.output, c.nanos+o.nanos, c.unknown+o.unknown
	c.took += o.took
}

// of returns what a usage is, with so many tokens more in and so many times
// those out.
func (w *measures) of(u gepa.Usage, more, times float64, weights [2]float64) consumption {
	c := consumption{
		calls: float64(u.Calls), input: max(float64(u.InputTokens)+more, 0), output: float64(u.OutputTokens) * times, unknown: float64(u.Cost.Unknown),
	}
	if u.InputTokens == 0 { // it does not say
		c.input = 0
	}
	worth := func(in, out float64) float64 { return in*weights[0] + out*weights[1] }
	c.nanos = float64(u.Cost.Nanos)
	if before := worth(float64(u.InputTokens), float64(u.OutputTokens)); before > 0 {
		c.nanos *= worth(c.input, c.output) / before
	}
	return c
}

// rollout returns what a candidate's rollout on an example takes.
func (w *world) rollout(t texts, example string, number uint64) consumption {
	r := w.sampled(example, number)
	more, times := 0.0, 1.0
	for name, length := range t.lengths {
		more += w.perChar * w.asked[name] * float64(length-len(w.start[name]))
	}
	if len(t.edits) > 0 {
		times = w.outputs
	}
	c := w.of(r.Rollout.Usage, more, times, weightsOf(w.in.Models.Task))
	c.took = r.Elapsed
	return c
}
