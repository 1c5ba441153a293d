package searchbench

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// A Reflector writes new texts as a language model would, from what a language
// model would see: the parent's text and the feedback on its rollouts. It does
// not know the landscape.
type Reflector struct {
	// Attention is how many of the things that feedback asks for a rewrite
	// takes up when it sees very many examples; half of that when it sees two.
	Attention float64
	// Reframe is the chance that a rewrite of a text without rules changes
	// its approach, to one of Approaches; with n rules it is Reframe/(1+n).
	Reframe    float64
	Approaches int
	// Blind is the share of rules that it does not come to think of while it
	// looks at a certain text, whatever feedback says: asked again about the
	// same text it goes the same ways again. Another text has other blind
	// spots.
	Blind float64
	// Overfit is the chance that what one example alone asks for becomes a
	// remark about that example and nothing else.
	Overfit float64
	// Forget is the chance that a rewrite loses a rule, for each rule.
	Forget float64
	// Rubbish is the chance that a rewrite loses half of the text, or pads it.
	Rubbish float64
	// Drift is the chance that a rewrite is worded better or worse by a step.
	Drift float64
}

// evidence is what the feedback of a minibatch says about one component.
type evidence struct {
	failing int
	wanted  []asked // by falling number of examples, then by rule
	hurting []asked
	kinds   map[string]bool
	unclear []string // examples that fail and nobody knows why
}

type asked struct {
	rule     int
	examples []string
}

// reflect answers a request for new texts. The seed is the landscape's and
// names the draws.
func (r Reflector) reflect(req *gepa.ReflectRequest, seed uint64) map[string]string {
	out := map[string]string{}
	for i, component := range req.Components {
		rng := name(seed, drawReflection, uint64(req.Proposal), uint64(req.Child), uint64(i)).Rand()
		old := req.Candidate[component]
		var p prompt
		if req.Merge != nil {
			p = r.unite(parsePrompt(req.Merge.A[component]), parsePrompt(req.Merge.B[component]), rng)
		} else {
			var rejected []string
			for _, edit := range req.Rejected {
				if edit.Component == component {
					rejected = append(rejected, edit.Text)
				}
			}
			p = r.rewrite(old, gather(component, req.Examples), refused(old, rejected), rng)
		}
		p.draft = rng.Uint64() & 0xffffff
		out[component] = p.String()
	}
	return out
}

// rewrite returns a new text of a component, given the evidence against the
// old one and the rules that were tried on it before in vain.
func (r Reflector) rewrite(old string, e evidence, before map[int]bool, rng *rand.Rand) prompt {
	p := parsePrompt(old)
	if rng.Float64() < r.Rubbish {
		return r.spoil(p, rng)
	}
	p.rules = slices.DeleteFunc(p.rules, func(clause) bool { return rng.Float64() < r.Forget })
	if rng.Float64() < r.Reframe/float64(1+len(p.rules)) {
		p.approach = rng.IntN(max(1, r.Approaches))
	}
	blind := func(a asked) bool {
		return name(text(old), drawBlind, uint64(a.rule)).Uniform() < r.Blind
	}
	e.wanted = slices.DeleteFunc(e.wanted, blind)
	e.hurting = slices.DeleteFunc(e.hurting, blind)
	r.learn(&p, &e, before, rng)
	p.cases = slices.DeleteFunc(p.cases, func(string) bool { return rng.Float64() < forgetCase })
	switch u := rng.Float64(); {
	case u < r.Drift/2:
		p.style = max(-maxStyle, p.style-1)
	case u > 1-r.Drift/2:
		p.style = min(maxStyle, p.style+1)
	}
	return p
}

// forgetCase is the chance that a remark about a single example does not
// survive a rewrite.
const forgetCase = 0.2

// unite brings two texts together: the first's, with the rules of the second,
// some of which get lost.
func (r Reflector) unite(a, b prompt, rng *rand.Rand) prompt {
	if rng.Float64() < r.Rubbish {
		return r.spoil(a, rng)
	}
	for _, c := range b.rules {
		if rng.Float64() < 0.15 {
			continue
		}
		if at, ok := a.find(c.rule); !ok {
			a.rules = slices.Insert(a.rules, at, c)
		} else if c.strength > a.rules[at].strength {
			a.rules[at] = c
		}
	}
	return a
}

// learn takes up a part of what the evidence asks for.
func (r Reflector) learn(p *prompt, e *evidence, before map[int]bool, rng *rand.Rand) {
	room := r.Attention * float64(e.failing) / float64(e.failing+2)
	things := float64(len(e.wanted) + len(e.hurting))
	for i, a := range slices.Concat(e.wanted, e.hurting) {
		n := float64(len(a.examples))
		chance := math.Min(1, room/things*math.Sqrt(n))
		if before[a.rule] {
			chance *= 0.3
		}
		if rng.Float64() >= chance {
			continue
		}
		if i >= len(e.wanted) {
			r.mend(p, a.rule, e, rng)
			continue
		}
		if rng.Float64() < r.Overfit/(n*n) {
			p.cases = append(p.cases, a.examples[0])
			continue
		}
		strengthen(p, a.rule, 2+rng.IntN(2)+min(1, len(a.examples)-1))
	}
	for _, id := range e.unclear {
		if rng.Float64() < r.Overfit/2 {
			p.cases = append(p.cases, id)
		}
	}
}

// mend deals with a rule that hurts: the text says when it does not apply, if
// the minibatch shows examples of several kinds or by luck; else the rule is
// weakened or goes.
func (r Reflector) mend(p *prompt, rule int, e *evidence, rng *rand.Rand) {
	at, ok := p.find(rule)
	if !ok {
		return
	}
	scope := 0.2
	if len(e.kinds) > 1 {
		scope = 0.4
	}
	switch u := rng.Float64(); {
	case u < scope:
		p.rules[at].scoped = true
	case u < 0.7 && p.rules[at].strength > 1:
		p.rules[at].strength--
	default:
		p.rules = slices.Delete(p.rules, at, at+1)
	}
}

// spoil is a rewrite gone wrong.
func (r Reflector) spoil(p prompt, rng *rand.Rand) prompt {
	if len(p.rules) == 0 || rng.IntN(2) == 0 {
		p.junk++
		return p
	}
	p.rules = slices.DeleteFunc(p.rules, func(clause) bool { return rng.IntN(2) == 0 })
	return p
}

func strengthen(p *prompt, rule, by int) {
	at, ok := p.find(rule)
	if !ok {
		p.rules = slices.Insert(p.rules, at, clause{rule: rule})
	}
	p.rules[at].strength = min(maxStrength, p.rules[at].strength+by)
}

// gather reads the feedback.
func gather(component string, examples []gepa.Reflected) evidence {
	e := evidence{kinds: map[string]bool{}}
	wanted, hurting := map[int][]string{}, map[int][]string{}
	for _, x := range examples {
		words := strings.Fields(x.Rollout.Feedback.For(component))
		if len(words) == 0 {
			continue
		}
		e.failing++
		said := false
		for i := 0; i+1 < len(words); i += 2 {
			rule, _ := strconv.Atoi(words[i+1])
			switch words[i] {
			case "kind":
				e.kinds[words[i+1]] = true
			case "need":
				wanted[rule] = append(wanted[rule], x.Example.ID)
				said = true
			case "hurt":
				hurting[rule] = append(hurting[rule], x.Example.ID)
				said = true
			}
		}
		if !said {
			e.unclear = append(e.unclear, x.Example.ID)
		}
	}
	e.wanted, e.hurting = list(wanted), list(hurting)
	return e
}

func list(by map[int][]string) []asked {
	out := make([]asked, 0, len(by))
	for rule, examples := range by {
		out = append(out, asked{rule, examples})
	}
	slices.SortFunc(out, func(a, b asked) int {
		return cmp.Or(cmp.Compare(len(b.examples), len(a.examples)), cmp.Compare(a.rule, b.rule))
	})
	return out
}

// refused returns the rules that rejected texts added to, or made stronger
// than in, the old one.
func refused(old string, rejected []string) map[int]bool {
	if len(rejected) == 0 {
		return nil
	}
	out := map[int]bool{}
	p := parsePrompt(old)
	for _, text := range rejected {
		for _, c := range parsePrompt(text).rules {
			if at, ok := p.find(c.rule); !ok || p.rules[at].strength < c.strength {
				out[c.rule] = true
			}
		}
	}
	return out
}
