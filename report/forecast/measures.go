package forecast

import (
	"slices"

	"github.com/gepa-go/gepa"
)

// measures are what the trial measured, in the form that worlds are drawn
// from. They do not change.
type measures struct {
	in      Input
	start   gepa.Candidate
	perfect float64
	lowest  float64
	seed    []Rollout      // of the starting candidate, not repeated
	byHash  map[string]int // the index in seed, by example
	perChar float64        // input tokens a character of a prompt
	asked   map[string]float64
	outputs float64 // of a rewritten candidate, in parts of the seed's
	// up and down are the shares of repeats that score higher than before,
	// where that is possible, and lower; repeats is the number of repeats.
	up, down float64
	repeats  int
	// complete is the share of lifted examples that were lifted all the way,
	// summed over edits, and partial how far the others were.
	complete share
	partial  []float64
	chains   [][]int                    // of the trial's proposals: the edits of the parent
	scores   map[int]map[string]float64 // of the trial's candidates, by their last edit and the example
	between  bool                       // there were scores between the best and the worst
	mended   float64                    // failing examples that some edit lifted
	edits    []edit
	growth   []float64
	regrowth []float64
	refused  int
}

// What is assumed where the trial measured nothing: four characters a token,
// a new instruction that is longer by its own length, or by so many characters
// if that is more, and calls of so many tokens.
const (
	defaultPerChar = 0.25
	leastGrowth    = 150
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
	for _, r := range in.Trial.Rollouts {
		m.between = m.between || r.Rollout.Score > m.lowest+scoreTie && r.Rollout.Score < m.perfect-scoreTie
	}
	m.measurePrompts()
	m.measureNoise(startHash)
	m.measureEdits()
	m.retrace()
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
	var up, down share
	for _, r := range m.in.Trial.Rollouts {
		i, known := m.byHash[r.Example]
		if !known || r.Repeat == 0 || r.Texts.Hash() != startHash {
			continue
		}
		m.repeats++
		before, after := m.seed[i].Rollout.Score, r.Rollout.Score
		if before < m.perfect-scoreTie {
			up.of++
			up.changed += indicator(after > before+scoreTie)
		}
		if before > m.lowest+scoreTie {
			down.of++
			down.changed += indicator(after < before-scoreTie)
		}
	}
	if up.changed+down.changed > 0 {
		m.up, m.down = (up.changed+0.5)/(up.of+2), (down.changed+0.5)/(down.of+2)
	}
}

// scoreTie is by how much scores may differ and still be the same.
const scoreTie = 1e-9

// An edit is what a new text did to the scores of examples: how many of those
// that failed it lifted, on its own minibatch and elsewhere, and how many of
// the others it broke.
type edit struct {
	own, elsewhere, broken, complete share
	gain                             float64 // on the minibatch
	proposal                         int     // its index in the trial
}

type share struct{ changed, of float64 }

// examples returns all that the trial ran on, in order.
func (m *measures) examples() []string {
	var out []string
	for _, r := range m.in.Trial.Rollouts {
		out = append(out, r.Example)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gap returns how far the seed was from the best score on an example; a tenth
// of the whole range at the least.
func (m *measures) gap(example string) float64 {
	least := (m.perfect - m.lowest) / 10
	if i, known := m.byHash[example]; known {
		return max(m.perfect-m.seed[i].Rollout.Score, least)
	}
	return max(m.perfect-m.lowest, least)
}

// measureEdits learns what the trial's proposals did to scores and to lengths.
func (m *measures) measureEdits() {
	scores := map[gepa.RolloutKey]float64{}
	for _, r := range m.in.Trial.Rollouts {
		if r.Repeat == 0 {
			scores[gepa.RolloutKey{Candidate: r.Texts.Hash(), Example: r.Example}] = r.Rollout.Score
		}
	}
	mended := map[string]bool{}
	for i, p := range m.in.Trial.Proposals {
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
		e := edit{proposal: i}
		for _, ex := range m.examples() {
			before, ok := scores[gepa.RolloutKey{Candidate: parent, Example: ex}]
			after, also := scores[gepa.RolloutKey{Candidate: child, Example: ex}]
			if !ok || !also {
				continue
			}
			part := &e.elsewhere
			if slices.Contains(p.Examples, ex) {
				part = &e.own
				e.gain += after - before
			}
			if before < m.perfect-scoreTie {
				part.of++
				if after > before+scoreTie {
					mended[ex] = true
					part.changed++
					e.complete.of++
					if after >= m.perfect-scoreTie {
						e.complete.changed++
					} else {
						m.partial = append(m.partial, min((after-before)/m.gap(ex), 1))
					}
				}
			}
			if before > m.lowest+scoreTie {
				e.broken.of++
				e.broken.changed += indicator(after < before-scoreTie)
			}
		}
		if e.complete.of > 0 {
			m.complete.changed += e.complete.changed / e.complete.of
			m.complete.of++
		}
		m.edits = append(m.edits, e)
	}
	m.mended = float64(len(mended))
	slices.Sort(m.growth) // the texts of one proposal are a map
	slices.Sort(m.regrowth)
}
