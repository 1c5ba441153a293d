package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/gepa-go/gepa/dataset/demodata"
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

// blogInstruction is the instruction for Reason that the blog post "Teaching
// LLM to improve its own prompts" publishes as its result.
const blogInstruction = "From the provided context, identify the bridge fact(s) that directly support the answer to the question. Then, propose a concise answer.\n\n**Constraints:**\n*   **Bridge Fact:** The bridge fact must be a direct quote from the context. It should clearly link the question to the answer.\n*   **Answer:**\n    *   The answer must be extracted *exactly* from the context. Do not infer or use external knowledge.\n    *   If the answer is a person's name, provide the full name if available.\n    *   If the question asks for a nationality, provide the nationality.\n    *   If the question asks for a city, provide the city name.\n    *   If the question asks for a year, provide the year.\n    *   If the question asks for a yes/no, provide \"Yes\" or \"No\".\n    *   Emphasize exact string matching for the final answer.\n*   **Rationale:**\n    *   Provide a rationale that explains how the bridge fact answers the question.\n    *   The rationale should be 2-4 lines long.\n    *   If the answer is a yes/no, the rationale should be a short span.\n\n**Output Format:**\n```json\n{\n  \"answer\": \"...\",\n  \"bridge_fact\": \"...\",\n  \"rationale\": \"...\"\n}\n"

type cand struct{ reason, verify string }

type result struct {
	candidate, rationale, answer string
	f1, em                       float64
}

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

type rawExample struct {
	Question, Answer, Type string
	Context                [][2]json.RawMessage
	Sup                    [][2]any `json:"supporting_facts"`
	texts                  []string
}

func (x rawExample) items() []string {
	if x.texts != nil {
		return x.texts
	}
	var out []string
	for _, c := range x.Context {
		var t string
		var s []string
		if json.Unmarshal(c[0], &t) != nil || json.Unmarshal(c[1], &s) != nil {
			panic("a paragraph is not a title and sentences")
		}
		out = append(out, t+" | "+strings.Join(s, ""))
	}
	return out
}

// readRaw decodes examples in the form of HotpotQA's files, one a line.
func readRaw(t testing.TB, data []byte) []rawExample {
	t.Helper()
	var out []rawExample
	for line := range bytes.Lines(data) {
		var x rawExample
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// devExamples are the first examples of the embedded set's second half.
func devExamples(t testing.TB, n int) []rawExample {
	t.Helper()
	return readRaw(t, demodata.Dev())[:n]
}

func f1Score(a, b string) float64 {
	x, y := norm(a), norm(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	m := map[string]int{}
	for _, t := range x {
		m[t]++
	}
	same := 0
	for _, t := range y {
		if m[t] > 0 {
			m[t]--
			same++
		}
	}
	if same == 0 {
		return 0
	}
	p, r := float64(same)/float64(len(x)), float64(same)/float64(len(y))
	return 2 * p * r / (p + r)
}

func norm(s string) []string {
	s = strings.ToLower(s)
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}, s)
	var out []string
	for w := range strings.FieldsSeq(s) {
		if w != "a" && w != "an" && w != "the" {
			out = append(out, w)
		}
	}
	return out
}
