package searchbench

import (
	"math"
	"slices"
	"strconv"

	"github.com/gepa-go/gepa"
)

// A reading is what a candidate's texts amount to, ready to be scored.
type reading struct {
	strength []float64 // by rule: how far the right component states it, 0 to 1
	harm     []harm
	cases    []string
	lift     float64 // of good style, or of bad
	waste    float64 // the share of a score that junk costs
}

type harm struct {
	rule int
	size float64
}

// scopedHarm is what is left of a rule's harm once the text says when it does
// not apply.
const scopedHarm = 0.15

// blockedEffect is what is left of a rule that does not go with the approach.
const blockedEffect = 0.2

// read makes sense of a candidate.
func (l *Landscape) read(c gepa.Candidate) *reading {
	out := &reading{strength: make([]float64, len(l.rules))}
	for part, component := range l.components {
		p := parsePrompt(c[component.Name])
		adherence := 1.0
		if f := l.family; f.Capacity > 0 {
			adherence = math.Min(1, float64(f.Capacity)/float64(len(p.rules)+2*p.junk+len(p.cases)))
		}
		for _, s := range p.rules {
			if s.rule < 0 || s.rule >= len(l.rules) || l.rules[s.rule].component != part {
				continue // said in the wrong place: nobody asks for it there
			}
			strength := float64(s.strength) / maxStrength * adherence
			if p.approach >= 0 && p.approach < len(l.blocked) && l.blocked[p.approach][s.rule] {
				strength *= blockedEffect
			}
			out.strength[s.rule] = strength
			if h := l.rules[s.rule].harm * strength; h > 0 {
				if s.scoped {
					h *= scopedHarm
				}
				out.harm = append(out.harm, harm{s.rule, h})
			}
		}
		out.cases = append(out.cases, p.cases...)
		out.lift += 0.03 * float64(p.style) / float64(len(l.components))
		out.waste += 0.06 * float64(p.junk) / float64(len(l.components))
	}
	out.waste = math.Min(out.waste, 0.5)
	return out
}

// mean returns the noise-free score of a candidate on an example, and which of
// its rules harm it.
func (l *Landscape) mean(c *reading, x *item) float64 {
	p := x.base
	if len(x.needs) > 0 {
		met := 0.0
		for _, n := range x.needs {
			met += n.share * c.strength[n.rule]
		}
		p += (x.ceiling - x.base) * math.Pow(met, l.family.Sharp)
	}
	kept := 1.0
	for _, h := range c.harm {
		if x.harmed[h.rule] {
			kept *= 1 - h.size
		}
	}
	p *= kept * (1 - c.waste)
	p += c.lift * 4 * p * (1 - p)
	if slices.Contains(c.cases, x.id) {
		p = math.Max(p, 0.8)
	}
	return math.Max(0, math.Min(1, p))
}

// True returns a candidate's noise-free mean score on examples that no run has
// seen.
func (l *Landscape) True(c gepa.Candidate) float64 {
	r := l.read(c)
	sum := 0.0
	for i := range l.fresh {
		sum += l.mean(r, &l.fresh[i])
	}
	return sum / float64(len(l.fresh))
}

// enough is the score from which on a rollout's feedback finds nothing to say.
const enough = 0.9

// rollout runs a candidate, named by its hash, on an example.
func (l *Landscape) rollout(c *reading, candidate uint64, x *item, repeat int) gepa.Rollout {
	p := l.mean(c, x)
	score := l.noisy(p, candidate, x, uint64(repeat))
	out := gepa.Rollout{Score: score}
	if score < enough {
		out.Feedback.ByComponent = l.words(c, candidate, x, uint64(repeat))
	}
	return out
}

// noisy returns the score of one rollout whose mean is p.
func (l *Landscape) noisy(p float64, candidate uint64, x *item, repeat uint64) float64 {
	own := name(l.seed, drawNoise, candidate, x.number, repeat)
	source := own
	if name(l.seed, drawStable, candidate, x.number, repeat).Uniform() < l.family.Stable {
		source = name(l.seed, drawNoise, x.number, repeat)
	}
	u := source.Uniform()
	if l.family.Binary {
		if u < p {
			return 1
		}
		return 0
	}
	// A normal quantile of u keeps the order of u, as the binary score does.
	score := p + l.family.Noise*normalQuantile(1-u)
	return math.Round(4*math.Max(0, math.Min(1, score))) / 4
}

// words returns the feedback on a rollout that fell short, by component: the
// kind of example, what it needs and what hurt it, as far as a judge can tell.
func (l *Landscape) words(c *reading, candidate uint64, x *item, repeat uint64) map[string]string {
	r := name(l.seed, drawFeedback, candidate, x.number, repeat).Rand()
	said := make([]string, len(l.components))
	say := func(what string, rule int) {
		part := l.rules[rule].component
		if r.Float64() < l.family.Mislead {
			rule = l.byPart[part][r.IntN(len(l.byPart[part]))]
		}
		if r.Float64() < l.family.Misplace {
			part = r.IntN(len(l.components))
		}
		said[part] += what + strconv.Itoa(rule) + " "
	}
	for _, n := range x.needs {
		if c.strength[n.rule] < 0.99 && r.Float64() < l.family.Reveal {
			say("need ", n.rule)
		}
	}
	for _, rule := range x.decoys {
		if c.strength[rule] < 0.99 && r.Float64() < l.family.Reveal {
			say("need ", rule)
		}
	}
	for _, h := range c.harm {
		if x.harmed[h.rule] && r.Float64() < l.family.Reveal {
			say("hurt ", h.rule)
		}
	}
	out := make(map[string]string, len(said))
	for i := range said {
		out[l.components[i].Name] = "kind " + strconv.Itoa(x.cluster) + " " + said[i]
	}
	return out
}

// normalQuantile returns the standard normal quantile.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
