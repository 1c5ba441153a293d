package sim

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

func TestReadEval(t *testing.T) {
	for _, path := range strings.Split(os.Getenv("SIM_EVAL"), ",") {
		if path == "" {
			continue
		}
		yn, ynN, ch, chN := 0, 0, 0.0, 0
		var other, all float64
		oN := 0
		xs := loadRaw(t, path)
		for _, x := range xs {
			r := read(x.Question, x.items())
			g := strings.ToLower(strings.Trim(x.Answer, ". "))
			ans := r.answer()
			f := f1Score(ans, x.Answer)
			all += f
			tag := ""
			switch {
			case g == "yes" || g == "no":
				ynN++
				if f == 1 {
					yn++
				}
				tag = "YN"
			case r.q.either:
				ch += f
				chN++
				tag = "OR"
			default:
				other += f
				oN++
				tag = fmt.Sprint("K", r.q.kind)
			}
			if os.Getenv("SIM_SHOW") != "" && f < 0.5 {
				top := ""
				for _, b := range r.best {
					top += r.d.paras[b].title + "; "
				}
				var sup []string
				for _, s := range x.Sup {
					sup = append(sup, fmt.Sprint(s[0]))
				}
				line := ""
				if c := r.bestCandidate(); c != nil && c.span.sent != nil {
					line = r.d.paras[c.para].title + ": " + span{c.span.sent, 0, len(c.span.sent.words)}.text()
				}
				fmt.Printf("%s | %s | gold %s | got %s | focus %v | best %s | sup %v\n      %s\n", tag, x.Question, x.Answer, ans, r.q.focus, top, sup, line)
			}
		}
		fmt.Printf("%s: F1 %.3f | yesno %d/%d | either %.2f/%d | other %.3f/%d\n", path, all/float64(len(xs)), yn, ynN, ch, chN, other/float64(oN), oN)
	}
	_ = math.Pi
}

func envOr(k, d string) string {
	if v := os.Getenv(k); v != "" {
		return v
	}
	return d
}

const blogInstruction = "From the provided context, identify the bridge fact(s) that directly support the answer to the question. Then, propose a concise answer.\n\n**Constraints:**\n*   **Bridge Fact:** The bridge fact must be a direct quote from the context. It should clearly link the question to the answer.\n*   **Answer:**\n    *   The answer must be extracted *exactly* from the context. Do not infer or use external knowledge.\n    *   If the answer is a person's name, provide the full name if available.\n    *   If the question asks for a nationality, provide the nationality.\n    *   If the question asks for a city, provide the city name.\n    *   If the question asks for a year, provide the year.\n    *   If the question asks for a yes/no, provide \"Yes\" or \"No\".\n    *   Emphasize exact string matching for the final answer.\n*   **Rationale:**\n    *   Provide a rationale that explains how the bridge fact answers the question.\n    *   The rationale should be 2-4 lines long.\n    *   If the answer is a yes/no, the rationale should be a short span.\n\n**Output Format:**\n```json\n{\n  \"answer\": \"...\",\n  \"bridge_fact\": \"...\",\n  \"rationale\": \"...\"\n}\n"

func TestGuidanceDump(t *testing.T) {
	l := newLexicon()
	fmt.Println("baseR", l.follows(baseReason))
	fmt.Println("baseV", l.follows(baseVerify))
	fmt.Println("blog ", l.follows(blogInstruction))
	for le := lesson(0); le < lessonCount; le++ {
		for _, ch := range []bool{false, true} {
			for _, a := range advice(le, ch) {
				fmt.Printf("%d %v %v %s\n", le, ch, l.follows(a), a)
			}
		}
	}
	for _, a := range intentions() {
		fmt.Println(l.follows(a), a)
	}
	texts := []string{blogInstruction, baseReason, baseVerify}
	for le := lesson(0); le < lessonCount; le++ {
		texts = append(texts, advice(le, true)...)
		texts = append(texts, advice(le, false)...)
	}
	for _, text := range texts {
		for _, s := range splitSentences(text) {
			g, c := wellFormed(s)
			if g != c {
				for _, w := range s {
					fmt.Print(w.text, " ")
				}
				fmt.Println(g, c)
			}
		}
	}
}

func TestCeilings(t *testing.T) {
	full := cand{}
	for le := lesson(0); le < lessonCount; le++ {
		full.reason += "- " + advice(le, false)[0] + "\n"
		full.verify += "- " + advice(le, true)[0] + "\n"
	}
	for _, path := range strings.Split(os.Getenv("SIM_EVAL"), ",") {
		if path == "" {
			continue
		}
		xs := loadRaw(t, path)
		m := New(Options{})
		show := func(name string, c cand) {
			f, e := evaluate(m, c, xs)
			fmt.Printf("%-12s F1 %.3f EM %.3f\n", name, f, e)
		}
		show("base", cand{baseReason, baseVerify})
		show("none", cand{"", ""})
		show("blog", cand{blogInstruction, baseVerify})
		show("fullR", cand{full.reason, baseVerify})
		show("fullV", cand{baseReason, full.verify})
		show("full", full)
	}
}
