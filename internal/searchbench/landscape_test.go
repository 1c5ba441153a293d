package searchbench

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func TestPromptRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p prompt
		for _, r := range rapid.SliceOfNDistinct(rapid.IntRange(0, 40), 0, 8, rapid.ID).Draw(t, "rules") {
			p.rules = append(p.rules, clause{r, rapid.IntRange(1, maxStrength).Draw(t, "strength"), rapid.Bool().Draw(t, "scoped")})
		}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 99), 0, 3).Draw(t, "cases") {
			p.cases = append(p.cases, "f"+strconv.Itoa(n))
		}
		p.approach = rapid.IntRange(0, 5).Draw(t, "approach")
		p.style = rapid.IntRange(-maxStyle, maxStyle).Draw(t, "style")
		p.junk = rapid.IntRange(0, 9).Draw(t, "junk")
		p.draft = rapid.Uint64().Draw(t, "draft")
		if diff := cmp.Diff(p, parsePrompt(p.String()), cmp.AllowUnexported(prompt{}, clause{})); diff != "" {
			t.Fatalf("%s reads otherwise:\n%s", p, diff)
		}
	})
}

func TestTextsMayBeAnything(t *testing.T) {
	l := NewLandscape(Families()[0], 1)
	rapid.Check(t, func(t *rapid.T) {
		c := gepa.Candidate{"part0": rapid.String().Draw(t, "text"), "part1": "rules 999*3 -4*1 2*x 3 cases f1 approach 77 style 900 junk -3"}
		if score := l.True(c); math.IsNaN(score) || score < 0 || score > 1 {
			t.Fatalf("a score of %v", score)
		}
	})
}

// stating returns the candidate that states the rules in full, each where it
// belongs.
func (l *Landscape) stating(scoped bool, rules ...int) gepa.Candidate {
	c := gepa.Seed(l.components)
	for part, component := range l.components {
		var p prompt
		for _, r := range slices.Sorted(slices.Values(rules)) {
			if l.rules[r].component == part {
				p.rules = append(p.rules, clause{r, maxStrength, scoped})
			}
		}
		c[component.Name] = p.String()
	}
	return c
}

func TestRulesHelpWhoNeedsThemAndHurtOthers(t *testing.T) {
	for _, f := range Families() {
		l := NewLandscape(f, 3)
		seed := l.read(gepa.Seed(l.components))
		helped, hurt, spared := 0, 0, 0
		for r := range l.rules {
			plain, scoped := l.read(l.stating(false, r)), l.read(l.stating(true, r))
			for i := range l.fresh {
				x := &l.fresh[i]
				before, after := l.mean(seed, x), l.mean(plain, x)
				needs := slices.ContainsFunc(x.needs, func(n need) bool { return n.rule == r })
				switch {
				case after > before && !needs:
					t.Fatalf("%v: rule %d helps %s, which does not need it", l, r, x.id)
				case after < before && !x.harmed[r]:
					t.Fatalf("%v: rule %d hurts %s, which it does not apply to", l, r, x.id)
				case after > before:
					helped++
				case after < before:
					hurt++
					if l.mean(scoped, x) > after {
						spared++
					}
				}
			}
		}
		if helped == 0 || hurt == 0 || spared != hurt {
			t.Errorf("%v: rules help %d times, hurt %d times, and %d times less where the text says when they apply", l, helped, hurt, spared)
		}
	}
}

func TestRolloutsDependOnTheirKeyAlone(t *testing.T) {
	l, again := NewLandscape(Families()[3], 5), NewLandscape(Families()[3], 5)
	c := l.stating(false, 0, 1)
	differs := false
	for _, x := range l.data.Validation {
		job := gepa.Job{Candidate: c, Example: x}
		one, err := l.Run(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		two, err := again.Run(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatalf("the same rollout of %s differs:\n%s", x.ID, diff)
		}
		job.Repeat = 1
		three, err := l.Run(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		differs = differs || three.Score != one.Score
	}
	if !differs {
		t.Error("a second repeat is the first one again")
	}
	if _, err := l.Run(t.Context(), gepa.Job{Candidate: c, Example: gepa.Example{ID: "unknown"}}); !gepa.IsFatal(err) {
		t.Errorf("an unknown example gives %v", err)
	}
}

// Scores are unbiased where noise is not cut off at 0 and 1.
func TestNoiseIsAroundTheMean(t *testing.T) {
	for _, f := range []Family{Families()[0], Families()[3]} {
		l := NewLandscape(f, 1)
		sum, n := 0.0, 20000
		for i := range n {
			x := item{number: uint64(i)}
			sum += l.noisy(0.5, 1, &x, 0)
		}
		if got := sum / float64(n); math.Abs(got-0.5) > 0.01 {
			t.Errorf("%s: the mean score is %.3f where the mean is 0.5", f.Name, got)
		}
	}
}

func reflected(n int, feedback string) []gepa.Reflected {
	out := make([]gepa.Reflected, n)
	for i := range out {
		out[i].Example.ID = "f" + strconv.Itoa(i)
		out[i].Rollout.Feedback.ByComponent = map[string]string{"part0": feedback}
	}
	return out
}

// learnt returns how many rules a rewrite takes up, on average.
func learnt(t *testing.T, r Reflector, req gepa.ReflectRequest) float64 {
	t.Helper()
	const draws = 2000
	total := 0
	for k := range draws {
		req.Proposal = k
		texts := r.reflect(&req, 1)
		if len(texts) != 1 {
			t.Fatalf("%d texts for one component", len(texts))
		}
		total += len(parsePrompt(texts["part0"]).rules)
	}
	return float64(total) / draws
}

func TestReflectorLearnsFromWhatItSees(t *testing.T) {
	r := usualReflector()
	r.Blind = 0
	request := func(n int, feedback string) gepa.ReflectRequest {
		return gepa.ReflectRequest{
			Candidate: gepa.Candidate{"part0": prompt{}.String()}, Components: []string{"part0"}, Examples: reflected(n, feedback),
		}
	}
	const many = "kind 0 need 1 need 2 need 3 need 4 need 5 need 6 "
	nothing, one, five, twenty := learnt(t, r, request(3, "")), learnt(t, r, request(1, many)), learnt(t, r, request(5, many)), learnt(t, r, request(20, many))
	if nothing != 0 {
		t.Errorf("%.2f rules are made up", nothing)
	}
	if one >= five || five > twenty {
		t.Errorf("one, five and twenty failing examples teach %.2f, %.2f and %.2f rules, want more from more", one, five, twenty)
	}
	told := request(5, many)
	told.Rejected = []gepa.RejectedEdit{{Component: "part0", Text: prompt{rules: []clause{{1, 3, false}, {2, 3, false}, {3, 3, false}}}.String()}}
	if got := learnt(t, r, told); got >= five {
		t.Errorf("told of rejected rules it takes up %.2f, as many as untold, %.2f", got, five)
	}
	blind := r
	blind.Blind = 1
	if got := learnt(t, blind, request(5, many)); got != 0 {
		t.Errorf("a blind reflector learns %.2f rules", got)
	}
	merge := request(1, "")
	merge.Merge = &gepa.MergeSources{
		A: gepa.Candidate{"part0": prompt{rules: []clause{{1, 3, false}}}.String()},
		B: gepa.Candidate{"part0": prompt{rules: []clause{{1, 1, false}, {4, 2, false}}}.String()},
	}
	if got := learnt(t, r, merge); got <= 1 || got >= 2 {
		t.Errorf("a merge of {1} and {1, 4} has %.2f rules, want most of both", got)
	}
}

func TestReflectorMendsWhatHurts(t *testing.T) {
	r := usualReflector()
	r.Blind, r.Rubbish, r.Forget, r.Overfit = 0, 0, 0, 0
	old := prompt{rules: []clause{{3, 3, false}}}
	outcomes := map[string]int{}
	for k := range 500 {
		req := gepa.ReflectRequest{
			Proposal: k, Candidate: gepa.Candidate{"part0": old.String()}, Components: []string{"part0"}, Examples: reflected(4, "kind 1 hurt 3 "),
		}
		p := parsePrompt(r.reflect(&req, 1)["part0"])
		switch at, ok := p.find(3); {
		case !ok:
			outcomes["dropped"]++
		case p.rules[at].scoped:
			outcomes["scoped"]++
		case p.rules[at].strength < 3:
			outcomes["weakened"]++
		}
	}
	for _, what := range []string{"dropped", "scoped", "weakened"} {
		if outcomes[what] == 0 {
			t.Errorf("a rule that hurts is never %s: %v", what, outcomes)
		}
	}
}

func TestClockHasItsMedians(t *testing.T) {
	c := BarClock()
	var tasks, texts []float64
	for k := range 4000 {
		task := gepa.Task{Key: gepa.RolloutKey{Candidate: "c", Example: strconv.Itoa(k)}}
		tasks = append(tasks, c.takes(1, &task).Seconds())
		reflection := gepa.Task{Proposal: k, Reflect: &gepa.ReflectRequest{Components: []string{"part0"}}}
		texts = append(texts, c.takes(1, &reflection).Seconds())
	}
	slices.Sort(tasks)
	slices.Sort(texts)
	for _, x := range []struct {
		got  float64
		want time.Duration
	}{{tasks[2000], c.Task}, {texts[2000], c.Reflection}} {
		if math.Abs(x.got/x.want.Seconds()-1) > 0.06 {
			t.Errorf("the median is %.3f s, want %v", x.got, x.want)
		}
	}
	if sigma := math.Log(tasks[3364] / tasks[2000]); math.Abs(sigma-c.Sigma) > 0.06 { // the 84.1st percentile
		t.Errorf("sigma is %.3f, want %v", sigma, c.Sigma)
	}
}
