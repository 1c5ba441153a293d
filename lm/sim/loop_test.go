package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/gepa-go/gepa/lm"
)

const (
	baseReason = "From HotpotQA context, identify the bridge fact(s) and propose an answer.\nKeep rationale to 2-4 lines. 'candidate' is a SHORT span."
	baseVerify = "Verify or correct the candidate using the context and rationale.\nOutput ONLY the final short answer span."
)

type sigField struct{ name, typ, desc, value string }

// chat renders a prompt in DSPy's chat format.
func chat(instruction string, in, out []sigField) []lm.Message {
	var sys, user strings.Builder
	list := func(head string, fs []sigField) {
		sys.WriteString(head + "\n")
		for i, f := range fs {
			fmt.Fprintf(&sys, "%d. `%s` (%s): %s\n", i+1, f.name, f.typ, f.desc)
		}
	}
	list("Your input fields are:", in)
	list("Your output fields are:", out)
	sys.WriteString("All interactions will be structured in the following way, with the appropriate values filled in.\n\n")
	for _, f := range append(append([]sigField(nil), in...), out...) {
		fmt.Fprintf(&sys, "[[ ## %s ## ]]\n{%s}\n\n", f.name, f.name)
	}
	sys.WriteString("[[ ## completed ## ]]\nIn adhering to this structure, your objective is: \n        " + strings.ReplaceAll(instruction, "\n", "\n        "))
	for _, f := range in {
		fmt.Fprintf(&user, "[[ ## %s ## ]]\n%s\n\n", f.name, f.value)
	}
	user.WriteString("Respond with the corresponding output fields, starting with the field `[[ ## " + out[0].name + " ## ]]`, and then ending with the marker for `[[ ## completed ## ]]`.")
	return []lm.Message{{Role: "system", Content: sys.String()}, {Role: "user", Content: user.String()}}
}

var sectionHead = regexp.MustCompile(`(?m)^\[\[ ## (\w+) ## \]\]\n`)

func parseChat(text string) map[string]string {
	out := map[string]string{}
	locs := sectionHead.FindAllStringSubmatchIndex(text+"\n", -1)
	for i, l := range locs {
		end := len(text)
		if i+1 < len(locs) {
			end = locs[i+1][0]
		}
		if l[1] <= end {
			out[text[l[2]:l[3]]] = strings.TrimSpace(text[l[1]:end])
		}
	}
	return out
}

func ask(m *Model, msgs []lm.Message) map[string]string {
	rep, err := m.Complete(context.Background(), lm.Request{Messages: msgs})
	if err != nil {
		panic(err)
	}
	return parseChat(rep.Text)
}

func listValue(items []string) string {
	var b strings.Builder
	for i, s := range items {
		fmt.Fprintf(&b, "[%d] «%s»\n", i+1, s)
	}
	return strings.TrimSpace(b.String())
}

type cand struct{ reason, verify string }

type result struct {
	candidate, rationale, answer string
	f1, em                       float64
}

func (r result) score() float64 { return 0.7*r.f1 + 0.3*r.em }

func runProgram(m *Model, c cand, x rawExample) result {
	ctxText := listValue(x.items())
	q := sigField{"question", "str", "", x.Question}
	cx := sigField{"context", "list[str]", "", ctxText}
	r := ask(m, chat(c.reason, []sigField{q, cx}, []sigField{{"reasoning", "str", "", ""}, {"rationale", "str", "2-4 concise lines showing hops", ""}, {"candidate", "str", "short answer span", ""}}))
	v := ask(m, chat(c.verify, []sigField{q, cx, {"rationale", "str", "", r["rationale"]}, {"candidate", "str", "", r["candidate"]}}, []sigField{{"answer", "str", "short answer span", ""}}))
	res := result{candidate: r["candidate"], rationale: r["rationale"], answer: v["answer"]}
	a, g := strings.Join(norm(res.answer), " "), strings.Join(norm(x.Answer), " ")
	if a == g {
		res.em = 1
	}
	res.f1 = f1Score(res.answer, x.Answer)
	closed := func(s string) bool { return s == "yes" || s == "no" || s == "noanswer" }
	if a != g && (closed(a) || closed(g)) {
		res.f1 = 0
	}
	return res
}

func evaluate(m *Model, c cand, xs []rawExample) (f1, em float64) {
	for _, x := range xs {
		r := runProgram(m, c, x)
		f1 += r.f1
		em += r.em
	}
	return f1 / float64(len(xs)), em / float64(len(xs))
}

// loop is a small GEPA: enough to calibrate by.
type loop struct {
	m         *Model
	feedback  []rawExample
	val       []rawExample
	rng       *rand.Rand
	judge     bool
	accepted  int
	proposals int
	botched   int
	log       func(string)
}

func (l *loop) run(iterations, mini int) cand {
	type node struct {
		c      cand
		scores []float64
		mean   float64
	}
	eval := func(c cand) node {
		n := node{c: c}
		for _, x := range l.val {
			s := runProgram(l.m, c, x).score()
			n.scores = append(n.scores, s)
			n.mean += s / float64(len(l.val))
		}
		return n
	}
	pool := []node{eval(cand{baseReason, baseVerify})}
	order := l.rng.Perm(len(l.feedback))
	next := 0
	for it := 0; it < iterations; it++ {
		// parent: proportional to wins per example
		var wins = make([]float64, len(pool))
		for i := range l.val {
			top := -1.0
			for _, n := range pool {
				top = max(top, n.scores[i])
			}
			for k, n := range pool {
				if n.scores[i] >= top {
					wins[k]++
				}
			}
		}
		var sum float64
		for _, w := range wins {
			sum += w
		}
		pick := l.rng.Float64() * sum
		p := 0
		for pick > wins[p] && p < len(pool)-1 {
			pick -= wins[p]
			p++
		}
		parent := pool[p]
		var batch []rawExample
		for len(batch) < mini {
			if next == len(order) {
				order, next = l.rng.Perm(len(l.feedback)), 0
			}
			batch = append(batch, l.feedback[order[next]])
			next++
		}
		module := it % 2
		var before float64
		var reports []string
		for _, x := range batch {
			r := runProgram(l.m, parent.c, x)
			before += r.score()
			reports = append(reports, l.report(module, parent.c, x, r))
		}
		l.proposals++
		cur := parent.c.reason
		if module == 1 {
			cur = parent.c.verify
		}
		out := ask(l.m, chat("Improve the instruction of a module from feedback on its outputs.",
			[]sigField{{"curr_instruction", "str", "", cur}, {"input_output_feedbacks", "str", "", strings.Join(reports, "\n\n")}},
			[]sigField{{"new_instruction", "str", "", ""}}))
		text := out["new_instruction"]
		if text == "" || strings.HasPrefix(text, "```") || strings.HasPrefix(text, "Here is") {
			l.botched++
			continue
		}
		child := parent.c
		if module == 0 {
			child.reason = text
		} else {
			child.verify = text
		}
		var after float64
		for _, x := range batch {
			after += runProgram(l.m, child, x).score()
		}
		if after <= before {
			if l.log != nil {
				l.log(fmt.Sprintf("%d rejected %d %.2f->%.2f\n%s", it, module, before, after, text))
			}
			continue
		}
		l.accepted++
		n := eval(child)
		if l.log != nil {
			l.log(fmt.Sprintf("%d ACCEPTED %d %.2f->%.2f val %.3f (parent %.3f)\n%s", it, module, before, after, n.mean, parent.mean, text))
		}
		pool = append(pool, n)
	}
	best := pool[0]
	for _, n := range pool {
		if n.mean > best.mean {
			best = n
		}
	}
	return best.c
}

func (l *loop) report(module int, c cand, x rawExample, r result) string {
	name, inst, output := "reason.predict", c.reason, "rationale: "+r.rationale+"\ncandidate: "+r.candidate
	if module == 1 {
		name, inst, output = "verify", c.verify, "answer: "+r.answer
	}
	in := []sigField{{"module_name", "str", "", name}, {"instruction", "str", "", inst}, {"question", "str", "", x.Question}, {"context", "list[str]", "", listValue(x.items())},
		{"module_output", "str", "", output}, {"final_answer", "str", "", r.answer}, {"gold_answer", "str", "", x.Answer}, {"em", "float", "", fmt.Sprint(r.em)}, {"f1", "float", "", fmt.Sprint(r.f1)}}
	fb := ask(l.m, chat("Give feedback.", in, []sigField{{"feedback", "str", "1-3 short bullets", ""}}))["feedback"]
	given := "question: " + x.Question
	if module == 1 {
		given += "\n## candidate ##\n" + r.candidate
	}
	return "Inputs\n" + given + "\nOutputs\n" + output + "\nFeedback:\n" + fb
}

func TestLoop(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	trainFile, devFile := envOr("SIM_TRAIN", ""), envOr("SIM_DEV", "")
	if trainFile == "" {
		t.Skip("calibration is run by hand")
	}
	train, dev := loadRaw(t, trainFile), loadRaw(t, devFile)
	seeds := 10
	fmt.Sscan(envOr("SIM_SEEDS", "10"), &seeds)
	for seed := 0; seed < seeds; seed++ {
		m := New(Options{Seed: uint64(seed)})
		nv := min(100, len(train)/3)
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		perm := rng.Perm(len(train))
		var fb, val []rawExample
		for i, k := range perm {
			if i < nv {
				val = append(val, train[k])
			} else {
				fb = append(fb, train[k])
			}
		}
		l := &loop{m: m, feedback: fb, val: val, rng: rng}
		if envOr("SIM_SHOW", "") != "" {
			l.log = func(s string) { fmt.Println(s) }
		}
		best := l.run(15, 7)
		fmt.Printf("  R %.1f\n  V %.1f\n", m.guidance(best.reason), m.guidance(best.verify))
		bf, be := evaluate(m, cand{baseReason, baseVerify}, dev)
		of, oe := evaluate(m, best, dev)
		fmt.Printf("seed %d base F1 %.3f EM %.3f | best F1 %.3f EM %.3f | +%.3f +%.3f accepted %d/%d botched %d\n", seed, bf, be, of, oe, of-bf, oe-be, l.accepted, l.proposals, l.botched)
	}
}
